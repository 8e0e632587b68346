package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
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
		case strings.HasSuffix(r.URL.Path, "/release"):
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"status":409,"code":"refused","detail":"refused: alert is received"}`))
		case r.URL.Path == "/api/v1/alerts":
			_ = json.NewEncoder(w).Encode(map[string]any{"alerts": []desk.View{v}})
		case r.Method == http.MethodGet:
			_ = json.NewEncoder(w).Encode(desk.Detail{View: v, Messages: []desk.MessageView{{ID: v.ID + "-Q001", Type: "request", Attempts: 2}}})
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
		{[]string{"list", "-o", "json"}, 0, "GET", `"alert_id": "U3A5VHP66CSQRGMDHUPYCP5QKM"`},
		{[]string{"show", "U3A5"}, 0, "GET /api/v1/alerts/U3A5 ", "-Q001"},
		{[]string{"confirm", "U3A5", "--as", "O1"}, 0, `POST /api/v1/alerts/U3A5/confirm {"as":"O1"}`, "GB-FIU"},
		{[]string{"withdraw", "U3A5", "--as", "O2", "--reason", "found"}, 0, `POST /api/v1/alerts/U3A5/withdraw {"as":"O2","reason":"found"}`, ""},
		{[]string{"release", "U3A5", "--as", "O1"}, 1, "POST", ""},
		{[]string{"confirm", "U3A5"}, 2, "", ""},
		{[]string{"list", "-o", "xml"}, 2, "", ""},
	} {
		out, code, asked := alertsOf(t, c.args...)
		all := strings.Join(asked, "\n")
		if code != c.code || !strings.Contains(all, c.ask) || !strings.Contains(out, c.says) {
			t.Errorf("%v: exit %d\nasked %s\n%s", c.args, code, all, out)
		}
	}
}

func TestToDo(t *testing.T) {
	o1 := func(act, digest string) []apply.Approval {
		return []apply.Approval{{By: "O1", Act: act, Digest: digest}}
	}
	for name, c := range map[string]struct {
		v    desk.View
		want string
	}{
		"nobody yet":         {desk.View{Direction: "out", State: "proposed", Content: "d"}, "approve"},
		"one of two":         {desk.View{Direction: "out", State: "proposed", Content: "d", Approvals: o1("request", "d")}, "approve (O1 has, another is needed)"},
		"of other content":   {desk.View{Direction: "out", State: "proposed", Content: "e", Approvals: o1("request", "d")}, "approve"},
		"blocked":            {desk.View{Direction: "out", State: "proposed", Blocked: "route"}, "-"},
		"half withdrawn":     {desk.View{Direction: "out", State: "received", Approvals: o1("withdraw", "")}, "withdraw (O1 has, another is needed)"},
		"withdrawn":          {desk.View{Direction: "out", State: "withdrawing", Approvals: o1("withdraw", "")}, "-"},
		"inbound":            {desk.View{Direction: "in", State: "received"}, "accept"},
		"half authorised":    {desk.View{Direction: "in", State: "accepted", Approvals: o1("authorise", "")}, "authorise (O1 has, another is needed)"},
		"answer of the bank": {desk.View{Direction: "in", State: "bank_answered"}, "release"},
		"answered":           {desk.View{Direction: "in", State: "answered"}, "-"},
	} {
		if got := todo(c.v); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
