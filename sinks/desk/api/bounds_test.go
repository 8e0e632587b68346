package api_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/api"
)

func TestParametersAreChecked(t *testing.T) {
	_, s, _ := serve(t, nil)
	long := strings.Repeat("A", 500)
	for query, code := range map[string]string{
		"limit=0": "limit", "limit=501": "limit", "limit=x": "limit", "limit=1.0": "limit", "limit=": "limit", "limit=%2B5": "limit", "limit=05": "limit", "limit=1&limit=2": "limit",
		"direction=up": "direction", "direction=": "direction", "state=A%00": "state", "state=" + long: "state", "party=a/b": "party", "party=%0d%0aSet-Cookie:x": "party",
		"after=bad": "after", "after=!": "after", "since=-1": "since", "severity=HIGH": "severity", "task=%FF": "task", "who=me": "query", "%zz": "query", "a=1;b=2": "query",
	} {
		resp, text := ask(t, s, "GET", "/api/v1/alerts?"+query, "")
		problem(t, resp, text, 400, code)
	}
	resp, text := ask(t, s, "GET", "/api/v1/me?x=1", "")
	problem(t, resp, text, 400, "query")
	resp, text = ask(t, s, "GET", "/api/v1/stream", "", "Last-Event-ID", "../../x")
	problem(t, resp, text, 400, "header")
	if resp, _ := ask(t, s, "GET", "/api/v1/alerts?direction=in&state=received&party=GB-FIU&limit=500&since=0&severity=high&task=any", ""); resp.StatusCode != 200 {
		t.Errorf("good parameters: %d", resp.StatusCode)
	}
}

func TestPathsLeadNowhereElse(t *testing.T) {
	_, s, _ := serve(t, nil)
	for _, id := range []string{"..", "../../etc/passwd", "A", "a1", strings.Repeat("A", 27), "A\r\nB", "A\x00B", "%2e%2e", "AB/../CD", "ÄÄ", "AB CD", "<script>"} {
		for _, end := range []string{"", "/events", "/preview"} {
			resp, text := ask(t, s, "GET", "/api/v1/alerts/"+url.PathEscape(id)+end, "")
			if resp.StatusCode != 404 || strings.Contains(text, "passwd") || resp.Header.Get("Location") != "" {
				t.Errorf("%q%s: %d %s", id, end, resp.StatusCode, text)
			}
		}
	}
	for _, path := range []string{"/", "/api", "/api/v1/", "/api/v1/alerts/", "//api/v1/alerts", "/api/v1/alerts/../alerts", "/api/v1/./alerts", "/api/v2/alerts"} {
		resp, text := ask(t, s, "GET", path, "")
		problem(t, resp, text, 404, "no_route")
	}
	resp, text := ask(t, s, "POST", "/api/v1/alerts/AB/preview", "{}", "Content-Type", "application/json")
	problem(t, resp, text, 405, "method")
	for path, allow := range map[string]string{"/api/v1/alerts": "GET, HEAD, POST", "/api/v1/tasks": "GET, HEAD", "/-/reload": "POST", "/api/v1/alerts/AB/confirm": "POST", "/api/v1/alerts/AB/events": "GET, HEAD"} {
		for _, method := range []string{"PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"} {
			resp, text := ask(t, s, method, path, "")
			problem(t, resp, text, 405, "method")
			if resp.Header.Get("Allow") != allow {
				t.Errorf("%s %s: Allow %q", method, path, resp.Header.Get("Allow"))
			}
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	d, s, _ := serve(t, nil)
	const json = "application/json"
	for name, c := range map[string]struct {
		media, body string
		status      int
		code        string
	}{
		"none":            {json, ``, 400, "body"},
		"no JSON":         {json, `as=O1`, 400, "body"},
		"two":             {json, `{"as":"O1"} {"as":"O2"}`, 400, "body"},
		"list":            {json, `[]`, 400, "body"},
		"null":            {json, `null`, 400, "body"},
		"unknown member":  {json, `{"as":"O1","role":"head"}`, 400, "body"},
		"the act":         {json, `{"as":"O1","do":"lift"}`, 400, "body"},
		"control":         {json, `{"as":"O1","reason":"a\u0000b"}`, 400, "body"},
		"escape sequence": {json, `{"as":"O1","reason":"a\u001b[2Jb"}`, 400, "body"},
		"officer":         {json, `{"as":"O1\nX"}`, 400, "body"},
		"digest":          {json, `{"as":"O1","digest":"x"}`, 400, "body"},
		"amount":          {json, `{"as":"O1","amount":{"amount":"1e9","currency":"GBP"}}`, 400, "body"},
		"currency":        {json, `{"as":"O1","amount":{"amount":"1","currency":"gbp"}}`, 400, "body"},
		"day":             {json, `{"as":"O1","until":"2026-02-30T00:00:00Z"}`, 400, "body"},
		"name of a text":  {json, `{"as":"O1","texts":{"../x":"y"}}`, 400, "body"},
		"UTF-8":           {json, "{\"as\":\"O1\",\"reason\":\"\xff\"}", 400, "body"},
		"deep":            {json, strings.Repeat("[", 20000), 400, "body"},
		"form":            {"application/x-www-form-urlencoded", `as=O1`, 415, "content_type"},
		"text":            {"text/plain", `{"as":"O1"}`, 415, "content_type"},
		"no type":         {"", `{"as":"O1"}`, 415, "content_type"},
		"large":           {json, `{"as":"O1","reason":"` + strings.Repeat("x", 64<<10) + `"}`, 413, "too_large"},
		"long":            {json, `{"as":"O1","reason":"` + strings.Repeat("x", 2001) + `"}`, 400, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, text := ask(t, s, "POST", "/api/v1/alerts/"+alert+"/confirm", c.body, "Content-Type", c.media)
			problem(t, resp, text, c.status, c.code)
		})
	}
	resp, text := ask(t, s, "POST", "/api/v1/alerts/"+alert+"/confirm", `{"as":"O1","task":"x"}`, "Content-Type", json)
	if want := "body: task: 'x' does not match pattern"; resp.StatusCode != 400 || !strings.Contains(text, want) {
		t.Errorf("%s, want %s", text, want)
	}
	resp, text = ask(t, s, "POST", "/api/v1/alerts/"+alert+"/confirm", `{}`, "Content-Type", json, "Content-Encoding", "gzip")
	problem(t, resp, text, 415, "content_encoding")
	if d.last.Do != "" {
		t.Errorf("a bad body was acted on: %+v", d.last)
	}
	good := `{"as":"O1","reason":"two\nlines","until":"2026-03-11T10:00:00+05:30","amount":{"amount":"10.50","currency":"GBP"},"texts":{"payments[0].disputed":"9","legal.facts":"ü"}}`
	if resp, text := ask(t, s, "POST", "/api/v1/alerts/"+alert+"/confirm", good, "Content-Type", json+"; charset=utf-8"); resp.StatusCode != 200 {
		t.Errorf("a good body: %d %s", resp.StatusCode, text)
	}
	if d.last.Until.String() != "2026-03-11T04:30:00.000Z" || d.last.Amount.Amount != "10.50" || d.last.Texts["legal.facts"] != "ü" {
		t.Errorf("acted on %+v", d.last)
	}
}

func TestSlowBodyIsCutOff(t *testing.T) {
	_, s, _ := serve(t, func(o *api.Options) { o.Body = 50 * time.Millisecond })
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = io.WriteString(c, "POST /api/v1/alerts/AB/confirm HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("a body that does not come: %d", resp.StatusCode)
	}
}

func TestHeadersOfAnswers(t *testing.T) {
	_, s, _ := serve(t, nil)
	for _, path := range []string{"/api/v1/alerts", "/api/v1/nothing", "/healthz", "/api/v1/openapi.json"} {
		resp, _ := ask(t, s, "GET", path, "", "Origin", "https://elsewhere.example")
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "", "Server": "",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s %s: %q", path, name, got)
			}
		}
	}
	first, _ := ask(t, s, "GET", "/api/v1/alerts", "")
	tag := first.Header.Get("ETag")
	for have, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		resp, text := ask(t, s, "GET", "/api/v1/alerts", "", "If-None-Match", have)
		if resp.StatusCode != want || (want == 304) != (text == "") || resp.Header.Get("ETag") != tag {
			t.Errorf("%q: %d %q", have, resp.StatusCode, text)
		}
	}
}
