package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// alertsOf runs `haltwire alerts` against a stub of the API.
func alertsOf(t *testing.T, args ...string) (stdout string, code int, asked []string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		asked = append(asked, r.Method+" "+r.URL.String()+" "+body.String())
		v := desk.View{ID: "U3A5VHP66CSQRGMDHUPYCP5QKM", Direction: "out", Party: "GB-FIU", State: "received", Provisional: true, ConfirmBy: 1772424600000, Asks: []string{"hold_amount"}}
		switch {
		case r.Header.Get("Authorization") != "Bearer token":
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasSuffix(r.URL.Path, "/events"):
			_ = json.NewEncoder(w).Encode(api.Events{Events: history()})
		case r.URL.Path == "/api/v1/tasks":
			_ = json.NewEncoder(w).Encode(api.Tasks{Tasks: []desk.TaskView{{AlertID: v.ID, Party: "GB-FIU", State: "received", Task: apply.Task{ID: "T2", Kind: "orphan_measure", About: v.ID + "-M01", At: 1772424600000, Why: []string{"measure " + v.ID + "-M01: ask_id K9 is none that we asked", "another\nreason"}}}}})
		case r.URL.Path == "/api/v1/parties":
			_ = json.NewEncoder(w).Encode(api.Parties{Parties: []desk.PartyView{{ID: "GB-FIU", Kind: "fiu", Country: "GB", Profile: "egmont", Channels: []string{"webhook"}, Waiting: 3}}})
		case strings.HasSuffix(r.URL.Path, "/preview"):
			_ = json.NewEncoder(w).Encode(desk.Preview{AlertID: v.ID, Party: "GB-FIU", Type: "request", Content: "d1", Message: json.RawMessage(`{"type":"request"}`)})
		case r.URL.Path == "/api/v1/stream":
			sendStream(w, v.ID)
		case strings.HasPrefix(r.URL.Path, "/api/v1/alerts/IN"):
			_ = json.NewEncoder(w).Encode(desk.Detail{View: desk.View{ID: "IN22", Direction: "in"}})
		case strings.HasSuffix(r.URL.Path, "/release"):
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"status":409,"code":"refused","detail":"refused: alert is received"}`))
		case r.URL.Path == "/api/v1/alerts" && r.Method == http.MethodPost:
			_ = json.NewEncoder(w).Encode(desk.View{ID: "IN22", Direction: "in", Party: "JP-FIU", State: "received"})
		case r.URL.Path == "/api/v1/alerts":
			_ = json.NewEncoder(w).Encode(map[string]any{"alerts": []desk.View{v}})
		case strings.HasPrefix(r.URL.Path, "/api/v1/alerts/RECALL") && r.Method == http.MethodGet:
			why := "payments.settled: no report tells the amount"
			d := desk.Detail{View: desk.View{ID: "RECALL", Direction: "out", State: "sent", Blocked: "legal.facts", Unrecalled: []desk.Unrecalled{{Item: "RECALL-P01", Why: why}}}}
			d.Recalls = []*apply.Leg{{Item: "RECALL-P01", Why: why}}
			_ = json.NewEncoder(w).Encode(d)
		case strings.HasPrefix(r.URL.Path, "/api/v1/alerts/RECALL"):
			_ = json.NewEncoder(w).Encode(desk.View{ID: "RECALL", Direction: "out", State: "sent"})
		case r.Method == http.MethodGet:
			_ = json.NewEncoder(w).Encode(detailOf(v, r.URL.Path))
		default:
			_ = json.NewEncoder(w).Encode(v)
		}
	}))
	defer s.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := "listen: {desk: {address: \"" + strings.TrimPrefix(s.URL, "http://") + "\", token_file: token}}\n"
	file := filepath.Join(dir, "haltwire.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	root := rootCmd()
	if c, _, err := root.Find([]string{"alerts"}); err != nil || c == root {
		root.AddCommand(alertsCmd())
	}
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(append([]string{"alerts", "-c", file}, args...))
	err := root.ExecuteContext(t.Context())
	if e, ok := err.(*exitError); ok { //nolint:errorlint // it is never wrapped
		code = e.code
	} else if err != nil {
		code = 2
	}
	return out.String(), code, asked
}

func TestAlertsVerbs(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		ask  string
		says string
	}{
		{[]string{"list"}, 0, "GET /api/v1/alerts?limit=50 ", "U3A5VHP66C  out  GB-FIU  received"},
		{[]string{"list", "--state", "received", "-n", "0"}, 0, "GET /api/v1/alerts?limit=500&state=received ", "confirm by 2026-03-02"},
		{[]string{"list", "--severity", "high", "--task", "any", "--since", "2026-03-02T04:10:00Z"}, 0, "GET /api/v1/alerts?limit=50&severity=high&since=1772424600000&task=any ", "GB-FIU"},
		{[]string{"list", "--since", "yesterday"}, 2, "", ""},
		{[]string{"list", "-o", "json"}, 0, "GET", `"alert_id": "U3A5VHP66CSQRGMDHUPYCP5QKM"`},
		{[]string{"show", "U3A5"}, 0, "GET /api/v1/alerts/U3A5 ", "-Q001"},
		{[]string{"show", "U3A5", "-o", "json"}, 0, "GET /api/v1/alerts/U3A5 ", `"messages": [`},
		{[]string{"tasks"}, 0, "GET /api/v1/tasks?limit=200 ", "T2    orphan_measure  M01    officer  GB-FIU  received  -         measure M01: ask_id K9 is none that we asked; another reason"},
		{[]string{"parties"}, 0, "GET /api/v1/parties ", "GB-FIU  fiu   GB       egmont   webhook   3"},
		{[]string{"preview", "U3A5"}, 0, "GET /api/v1/alerts/U3A5/preview ", `"type": "request"`},
		{[]string{"confirm", "U3A5", "--as", "O1"}, 0, `POST /api/v1/alerts/U3A5/confirm {"as":"O1"}`, "GB-FIU"},
		{[]string{"confirm", "U3A5"}, 0, `POST /api/v1/alerts/U3A5/confirm {}`, "GB-FIU"},
		{[]string{"withdraw", "U3A5", "--as", "O2", "--reason", "found"}, 0, `POST /api/v1/alerts/U3A5/withdraw {"as":"O2","reason":"found"}`, ""},
		{[]string{"refuse", "IN22", "--code", "no_power"}, 0, `POST /api/v1/alerts/IN22/refuse {"code":"no_power"}`, ""},
		{[]string{"refuse", "U3A5"}, 0, `POST /api/v1/alerts/U3A5/reject {}`, ""},
		{[]string{"approve", "U3A5", "--digest", "d1"}, 0, `POST /api/v1/alerts/U3A5/approve {"digest":"d1"}`, ""},
		{[]string{"consent", "U3A5", "--about", "N1", "--text", "purpose=a=b", "--text", "to=AE"}, 0, `{"about":"N1","texts":{"purpose":"a=b","to":"AE"}}`, ""},
		{[]string{"consent", "U3A5", "--until", "2026-03-11T23:30:00+05:30"}, 0, `{"until":"2026-03-11T18:00:00.000Z"}`, ""},
		{[]string{"amend", "U3A5", "--ask=-trace", "--item", "U3A5-P01=9000.00 GBP", "--ml-suspicion", "yes", "--text", "legal.facts=x"}, 0,
			`POST /api/v1/alerts/U3A5/edit {"texts":{"legal.facts":"x"},"asks":["-trace"],"amounts":{"U3A5-P01":{"amount":"9000.00","currency":"GBP"}},"ml_suspicion":true}`, ""},
		{[]string{"amend", "U3A5", "--item", "U3A5-P01"}, 2, "", ""},
		{[]string{"amend", "U3A5", "--ml-suspicion", "perhaps"}, 2, "", ""},
		{[]string{"lift", "U3A5", "--amount", "9GBP"}, 2, "", ""},
		{[]string{"consent", "U3A5", "--until", "soon"}, 2, "", ""},
		{[]string{"consent", "U3A5", "--text", "purpose"}, 2, "", ""},
		{[]string{"consent", "U3A5", "--text", "a=1", "--text", "a=2"}, 2, "", ""},
		{[]string{"consent", "U3A5", "--text-file", "a=/nothing/there"}, 2, "", ""},
		{[]string{"transmitted", "U3A5", "--about", "M", "--how", "portal", "--at", "2026-03-02T04:30:00Z", "--document", "/dev/null"}, 0,
			`{"about":"M","how":"portal","at":"2026-03-02T04:30:00.000Z","document":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}`, ""},
		{[]string{"record", "U3A5", "--code", "accepted", "--text", "ref=UK-77", "--document", strings.Repeat("a", 64)}, 0, `"document":"` + strings.Repeat("a", 64) + `"`, ""},
		{[]string{"record", "U3A5", "--code", "accepted", "--document", "/nothing/there"}, 2, "", ""},
		{[]string{"record", "U3A5", "--at", "soon"}, 2, "", ""},
		{[]string{"receive", "alerts_test.go", "--as", "O1", "--party", "JP-FIU", "--how", "post", "--at", "2026-03-02T04:30:00Z", "--document", "/dev/null", "--from", "a courier", "--unsigned"}, 0,
			`POST /api/v1/alerts {"as":"O1","party":"JP-FIU","how":"post","at":"2026-03-02T04:30:00.000Z","document":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","from":"a courier","unsigned":true,"message":"package main\n`, "IN22   in   JP-FIU  received"},
		{[]string{"receive", "/nothing/there"}, 2, "", ""},
		{[]string{"receive", "alerts_test.go", "--at", "soon"}, 2, "", ""},
		{[]string{"recall", "RECALL"}, 0, "GET /api/v1/alerts/RECALL", "sent, blocked: legal.facts  -         0         0     -         -       recall of P01 blocked: payments.settled: no report tells the amount"},
		{[]string{"show", "RECALL"}, 0, "GET", "recall of P01 blocked: payments.settled"},
		{[]string{"receive"}, 2, "", ""},
		{[]string{"strike", "U3A5", "--about", "M"}, 0, "POST /api/v1/alerts/U3A5/strike", ""},
		{[]string{"release", "U3A5", "--as", "O1"}, 1, "POST", ""},
		{[]string{"list", "--token-file", "/nothing/there"}, 2, "", ""},
		{[]string{"list", "-o", "xml"}, 2, "", ""},
	} {
		out, code, asked := alertsOf(t, c.args...)
		all := strings.Join(asked, "\n")
		if code != c.code || !strings.Contains(all, c.ask) || !strings.Contains(out, c.says) {
			t.Errorf("%v: exit %d\nasked %s\n%s", c.args, code, all, out)
		}
	}
}

// TestEveryActHasAVerb keeps the command line as rich as the desk.
func TestEveryActHasAVerb(t *testing.T) {
	var of []string
	names := map[string]bool{}
	for _, v := range verbs() {
		of = append(of, v.do, v.doIn)
		if names[v.command()] {
			t.Errorf("two verbs are called %s", v.command())
		}
		names[v.command()] = true
	}
	for _, act := range desk.Acts() {
		if !slices.Contains(of, act) {
			t.Errorf("%s has no verb", act)
		}
	}
}

func history() []desk.EventView {
	at := freeze.At(time.UnixMilli(1772424600000))
	return []desk.EventView{
		{Type: "hit", Appended: at, Data: map[string]any{"rule": "sim-swap"}},
		{Type: "approval.given", Appended: at, By: "O1", Data: map[string]any{"act": "request", "reason": "a\nb\x1b[2J"}},
		{Type: "outcome", Appended: at, Data: map[string]any{"message_id": "U3A5VHP66CSQRGMDHUPYCP5QKM-A001", "decision": "partly"}},
	}
}

// detailOf is the first alert of a trail, or the one that follows it.
func detailOf(v desk.View, path string) desk.Detail {
	gbp := func(n string) freeze.Money { return freeze.Money{Amount: freeze.Dec(n), Currency: "GBP"} }
	d := desk.Detail{View: v, Messages: []desk.MessageView{{ID: v.ID + "-Q001", Type: "request", Attempts: 2}}}
	if strings.HasSuffix(path, "CHILD") {
		d.ID, d.Party, d.Subject = "CHILD", "AE-FIU", &freeze.Subject{Account: freeze.Account{ID: "AE819990000000000000303"}, AccountCountry: "AE"}
		d.Trail = []desk.HopView{{Child: v.ID, HopMark: caselog.HopMark{ItemID: "N2", ParentItems: []string{"CHILD-P01"}, Money: gbp("1"), Country: "GB"}}}
		d.Items = []freeze.Payment{{ItemID: "CHILD-P01", Disputed: gbp("11000.00")}}
		return d
	}
	d.Subject = &freeze.Subject{Account: freeze.Account{ID: "GB52HWBA00000000000101"}, AccountCountry: "GB"}
	d.Inbox = []desk.MessageView{{ID: v.ID + "-A001", Type: "outcome", At: 1772424600000, Older: v.ID + "-A002"}}
	d.Tasks = []apply.Task{
		{ID: "T1", Kind: "rejected", About: v.ID + "-Q001", Done: "O1"}, {ID: "T2", Kind: "feedback", At: 1772424600000, For: "supervisor"},
		{ID: "T3", Kind: "contradiction", About: v.ID + "-A002", At: 1772424600000, Why: []string{"measure " + v.ID + "-M01: ask_id K9 is none that we asked", "item " + v.ID + "-P01: returns 1.00 GBP are not the 2.00 GBP that funds say is returned"}},
	}
	d.Items = []freeze.Payment{{ItemID: v.ID + "-P01", Disputed: gbp("27500.00")}}
	d.Outcome = &caselog.OutcomeMark{Funds: []freeze.Fund{
		{ItemID: v.ID + "-P01", Disposition: "held", Money: gbp("15500.00")}, {ItemID: v.ID + "-P01", Disposition: "moved_on", Money: gbp("11000.00")},
		{ItemID: v.ID + "-P01", Disposition: "withdrawn_cash", Money: gbp("1000.00")},
	}}
	d.Trail = []desk.HopView{
		{To: "AE-FIU", Child: "CHILD", HopMark: caselog.HopMark{ItemID: "N1", ParentItems: []string{v.ID + "-P01"}, Money: gbp("11000.00"), Country: "AE"}, Account: &freeze.Account{ID: "AE819990000000000000303"}},
		{Gone: true, HopMark: caselog.HopMark{ItemID: "N9", ParentItems: []string{v.ID + "-P01"}, Money: gbp("9"), Country: "US"}},
	}
	return d
}

func sendStream(w http.ResponseWriter, id string) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprintf(w, "id: x-0\nevent: reset\ndata: {}\n\n: still here\n\nid: x-1\nevent: alert\ndata: {\"alert_id\":%q,\"direction\":\"out\",\"party\":\"GB-FIU\",\"state\":\"sent\",\"version\":1}\n\n", id)
}

// TestShowSaysWhyAWordDoesNotFit reads the open tasks with their reasons, a line each, and
// which outcome changed nothing, in the list of messages and in the history.
func TestShowSaysWhyAWordDoesNotFit(t *testing.T) {
	out, code, _ := alertsOf(t, "show", "U3A5")
	for _, want := range []string{`
TASK  KIND           ABOUT  SINCE                 FOR         WHY
T2    feedback       -      2026-03-02 04:10:00Z  supervisor  -
T3    contradiction  A002   2026-03-02 04:10:00Z  officer     measure M01: ask_id K9 is none that we asked
                                                              item P01: returns 1.00 GBP are not the 2.00 GBP that funds say is returned
`, "older than A002, changed nothing\n", "outcome         -   U3A5VHP66CSQRGMDHUPYCP5QKM-A001, partly, older than A002, changed nothing\n"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d\n%s\nwant\n%s", code, out, want)
		}
	}
	if strings.Contains(out, "\nT1") {
		t.Errorf("what is done is not to do:\n%s", out)
	}
}

func TestShowDrawsTheTrail(t *testing.T) {
	out, code, _ := alertsOf(t, "show", "U3A5")
	want := `WHO HOLDS WHAT WHERE
└─ GB-FIU GB GB52HWBA00000000000101: U3A5VHP66C, received
   └─ P01 27500.00 GBP at 0001-01-01T00:00:00.000Z
      ├─ held 15500.00 GBP
      ├─ withdrawn cash 1000.00 GBP
      └─ moved on 11000.00 GBP to AE AE819990000000000000303: asked of AE-FIU, CHILD
         └─ AE-FIU AE AE819990000000000000303: CHILD, received
            └─ P01 11000.00 GBP at 0001-01-01T00:00:00.000Z
               └─ moved on 1 GBP to GB: asked of -, U3A5VHP66C
`
	if code != 0 || !strings.Contains(out, want) {
		t.Errorf("exit %d\n%s\nwant\n%s", code, out, want)
	}
	for _, line := range []string{"2026-03-02 04:10:00Z  hit             -   sim-swap", "2026-03-02 04:10:00Z  approval.given  O1  request, a b\ufffd[2J"} {
		if !strings.Contains(out, line) {
			t.Errorf("no line %q in\n%s", line, out)
		}
	}
}

func TestWatchGoesOnWhereItWas(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if asked = append(asked, r.Header.Get("Last-Event-ID")); len(asked) == 3 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"detail":"log in first"}`))
			return
		}
		sendStream(w, "U3A5VHP66CSQRGMDHUPYCP5QKM")
	}))
	defer s.Close()
	client := api.NewClient(strings.TrimPrefix(s.URL, "http://"), "token")
	defer client.Close()
	var out bytes.Buffer
	err := watch(t.Context(), client, &out, "table")
	if err == nil || !strings.Contains(err.Error(), "log in first") || !slices.Equal(asked, []string{"", "x-1", "x-1"}) {
		t.Errorf("%v after %q", err, asked)
	}
	if n := strings.Count(out.String(), "U3A5VHP66C  out  GB-FIU        sent"); n != 2 || strings.Count(out.String(), "missed") != 1 {
		t.Errorf("%d changes in\n%s", n, out.String())
	}
}

func TestToDo(t *testing.T) {
	m01 := "U3A5VHP66CSQRGMDHUPYCP5QKM-M01"
	half := func(act, about, code string, has, needs int) []apply.Countersign {
		return []apply.Countersign{{Act: act, About: about, Code: code, Has: has, Needs: needs, For: caselog.RoleOfficer}}
	}
	end := freeze.At(time.Date(2026, 4, 11, 18, 0, 0, 0, time.UTC))
	extend := half("extend", m01, "", 1, 2)
	extend[0].Until = &end
	lift := half("lift", m01, "returned", 1, 2)
	lift[0].Amount = &freeze.Money{Amount: "500.00", Currency: "GBP"}
	erase := half("erase", "", "", 1, 2)
	erase[0].For = caselog.RoleSupervisor
	for name, c := range map[string]struct {
		v    desk.View
		want string
	}{
		"nobody yet":         {desk.View{Direction: "out", State: "proposed", Content: "d"}, "approve"},
		"one of two":         {desk.View{Direction: "out", State: "proposed", Countersign: half("request", "", "", 1, 2)}, "approve: 1 of 2"},
		"one of three":       {desk.View{Direction: "out", State: "proposed", Needs: 3, Countersign: half("request", "", "", 1, 3)}, "approve: 1 of 3"},
		"amendment":          {desk.View{Direction: "out", State: "received", Content: "d", Needs: 2}, "approve"},
		"recall blocked":     {desk.View{ID: "A", Direction: "out", State: "sent", Unrecalled: []desk.Unrecalled{{Item: "A-P01", Why: "asks: no recall"}}}, "recall of P01 blocked: asks: no recall"},
		"blocked":            {desk.View{Direction: "out", State: "proposed", Blocked: "route"}, "-"},
		"half withdrawn":     {desk.View{Direction: "out", State: "received", Countersign: half("withdraw", "", "", 1, 2)}, "withdraw: 1 of 2"},
		"half extended":      {desk.View{ID: m01[:26], Direction: "out", State: "decided", Countersign: extend}, "extend M01 until 2026-04-11 18:00Z: 1 of 2"},
		"half lifted":        {desk.View{ID: m01[:26], Direction: "out", State: "decided", Countersign: lift}, "lift M01 (returned) 500.00 GBP: 1 of 2"},
		"half erased":        {desk.View{Direction: "out", State: "closed", Countersign: erase}, "erase: 1 of 2 supervisors"},
		"half refused":       {desk.View{Direction: "in", State: "accepted", Countersign: half("refuse", "", "no_power", 1, 2)}, "authorise, refuse (no_power): 1 of 2"},
		"half consented":     {desk.View{ID: m01[:26], Direction: "in", State: "answered", Countersign: half("consent", m01[:26]+"-Q003", "all", 1, 2)}, "consent Q003 (all): 1 of 2"},
		"inbound":            {desk.View{Direction: "in", State: "received"}, "accept"},
		"half authorised":    {desk.View{Direction: "in", State: "accepted", Countersign: half("authorise", "", "", 1, 2)}, "authorise: 1 of 2"},
		"half released":      {desk.View{Direction: "in", State: "bank_answered", Countersign: half("release", "", "", 1, 2)}, "release: 1 of 2"},
		"answer of the bank": {desk.View{Direction: "in", State: "bank_answered"}, "release"},
		"movements wait":     {desk.View{Direction: "out", State: "decided", Waiting: 480, Overflow: &apply.Exceeded{Limit: 100}, Tasks: []apply.Task{{ID: "T2", Kind: "trail"}}}, "T2 trail (480 movements wait: follow them? The budget of 100 in 24 h is used up.)"},
		"answered":           {desk.View{Direction: "in", State: "answered"}, "-"},
		"many tasks":         {desk.View{Direction: "out", State: "decided", Tasks: slices.Repeat([]apply.Task{{ID: "T1", Kind: "blocked"}}, 500)}, strings.Repeat("T1 blocked, ", 8) + "and 492 more"},
	} {
		if got := todo(c.v); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestShowPrintsRemarks prints what people wrote, one line each, and no head without any.
func TestShowPrintsRemarks(t *testing.T) {
	d := &desk.Detail{}
	var out bytes.Buffer
	if detailTable(&out, d); strings.Contains(out.String(), "NOTE BY") {
		t.Errorf("without remarks:\n%s", out.String())
	}
	d.Notes = []desk.NoteView{{By: "O1", At: 1772424600000, Text: "called back,\nsame desk"}}
	if detailTable(&out, d); !strings.Contains(out.String(), "O1\t2026-03-02 04:10:00Z\tcalled back, same desk\n") {
		t.Errorf("with a remark:\n%s", out.String())
	}
}
