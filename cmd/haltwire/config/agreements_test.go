package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestAgreements reads guard lists and calendars, good ones and others.
func TestAgreements(t *testing.T) {
	const guard, calendars = "guard: []", "calendars: {dir: \"\"}"
	for _, c := range []struct{ name, from, to, days, want string }{
		{"good", guard, "guard: [{kind: payroll, account: \"GB65HWBB*\"}]", "2026-03-10,a day off\n", ""},
		{"line", guard, guard, "10 March,a day off\n", "GB.csv:1: \"10 March\" is no date"},
		{"kind", guard, "guard: [{kind: vip, account: \"1\"}]", "", "guard[0].kind"},
		{"everything", guard, "guard: [{kind: pooled, account: \"*\"}]", "", "guard[0]: needs account"},
		{"folder", "calendars: {dir: days}", "calendars: {dir: nowhere}", "", "is no folder"},
		{"deny", "deny: []", "deny: [payments.debitor]", "", "no message has a member \"payments.debitor\""},
		{"looser", "looser: {allow: [], note: \"\", approved_by: []}", "looser: {allow: [payments.debtor.name], note: MoU 7, approved_by: [O1]}", "", "two different people"},
		{"hours", "policy:\n      profile: bilateral", "contact: {hours: nine to five}\n    policy:\n      profile: bilateral", "", "want 24x7"},
		{"term", "profile: bilateral  ", "accept: {critical: soon, other: 1h}\n      profile: bilateral  ", "", "term \"soon\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "days"), 0o700); err != nil {
				t.Fatal(err)
			}
			text := strings.Replace(example(t), calendars, "calendars: {dir: days}", 1)
			if !strings.Contains(text, c.from) {
				t.Fatalf("the example lacks %q", c.from)
			}
			path := filepath.Join(dir, "haltwire.yaml")
			for name, text := range map[string]string{path: strings.Replace(text, c.from, c.to, 1), filepath.Join(dir, "days", "GB.csv"): c.days} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			conf, err := config.Load(path)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("error = %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			inForce(t, conf)
		})
	}
}

func inForce(t *testing.T, conf *config.Config) {
	t.Helper()
	book, err := conf.Book(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, guarded := book.Guarded(freeze.Subject{Account: freeze.Account{ID: "GB65HWBB00000000000202"}}); !guarded {
		t.Error("the guard list is not in the book")
	}
	if book.Calendar("GB").Working(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)) {
		t.Error("the day off is not in the book")
	}
}
