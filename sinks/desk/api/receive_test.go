package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// letter is what a document tells of a request.
const letter = `{"legal":{"requester_basis":{"code":"MLPA","text":"section 7"},"predicate_offence":{"code":"fraud"},"ml_suspicion":false,"facts":"A SIM was changed.",
"reason":"fraud","nexus":"the money went there","intended_use":"to follow it"},"asks":[{"kind":"trace"}],
"subject":{"account":{"scheme":"iban","id":"GB52HWBA00000000000101"},"servicer":{"bic":"HWBAGB2L","country":"GB"}}}`

func body(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

// TestARealDeskTakesALetterIn holds the answers about a request on paper against
// openapi.json.
func TestARealDeskTakesALetterIn(t *testing.T) {
	r, doc := newReal(t), openDocument(t)
	p := desk.Paper{As: "O1", Party: "GB-FIU", How: "post", Document: strings.Repeat("a", 64), From: "a courier", Unsigned: true, Message: letter}
	post := func(p desk.Paper, status int, want string) {
		t.Helper()
		resp, text := ask(t, r.server, "POST", "/api/v1/alerts", body(t, p), "Content-Type", "application/json")
		doc.check(t, "receiveRequest", resp.StatusCode, resp.Header.Get("Content-Type"), text)
		if resp.StatusCode != status || !strings.Contains(text, want) {
			t.Errorf("%d %s, want %d %s", resp.StatusCode, text, status, want)
		}
	}
	post(p, 200, `"direction":"in"`)
	post(p, 409, "taken in already")
	signed, stranger, amended := p, p, p
	signed.Unsigned, stranger.As = false, "X1"
	amended.Message = strings.Replace(letter, "{", `{"type":"amendment","alert_id":"AAAAAAAAAAAAAAAAAAAAAAAAAA",`, 1)
	post(signed, 409, "unsigned: GB-FIU signs")
	post(stranger, 403, "not_an_officer")
	post(amended, 404, "no_alert")
	v, err := r.client.Receive(t.Context(), desk.Paper{As: "O2", Party: "GB-FIU", How: "esw", Document: strings.Repeat("b", 64), Unsigned: true, Message: letter})
	must(t, err)
	resp, text := ask(t, r.server, "GET", "/api/v1/alerts/"+v.ID, "")
	doc.check(t, "showAlert", resp.StatusCode, resp.Header.Get("Content-Type"), text)
	if !strings.Contains(text, `"how":"esw"`) || !strings.Contains(text, `"document":"`+strings.Repeat("b", 64)) {
		t.Errorf("shown as %s", text)
	}
}

func TestPapersAreBounded(t *testing.T) {
	d, s, _ := serve(t, nil)
	good := desk.Paper{As: "O1", Party: "GB-FIU", How: "post", Document: strings.Repeat("a", 64), Message: letter}
	long := good
	long.Message = strings.Repeat(`"`, freeze.MaxSize+1)
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"none":           {``, 400, "body"},
		"no way":         {`{"as":"O1","document":"` + good.Document + `","message":"{}"}`, 400, "body"},
		"no document":    {`{"as":"O1","how":"post","message":"{}"}`, 400, "body"},
		"no message":     {`{"as":"O1","how":"post","document":"` + good.Document + `"}`, 400, "body"},
		"unknown member": {strings.Replace(body(t, good), "{", `{"role":"head",`, 1), 400, "body"},
		"moment":         {strings.Replace(body(t, good), "{", `{"at":"soon",`, 1), 400, "body"},
		"party":          {strings.Replace(body(t, good), "GB-FIU", "../x", 1), 400, "body"},
		"long":           {body(t, long), 413, "too_large"},
		"refused":        {strings.Replace(body(t, good), "GB-FIU", "XX-FIU", 1), 409, "refused"},
	} {
		resp, text := ask(t, s, "POST", "/api/v1/alerts", c.body, "Content-Type", "application/json")
		if resp.StatusCode != c.status || !strings.Contains(text, c.code) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, text)
		}
	}
	at := strings.Replace(body(t, good), "{", `{"at":"2026-03-02T10:30:00+05:30",`, 1)
	if resp, text := ask(t, s, "POST", "/api/v1/alerts", at, "Content-Type", "application/json"); resp.StatusCode != 200 || d.paper.At.String() != "2026-03-02T05:00:00.000Z" || d.paper.Message != letter {
		t.Errorf("a good one: %d %s, handed over %+v", resp.StatusCode, text, d.paper)
	}
}
