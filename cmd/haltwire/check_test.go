package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const checkedRule = "id: one\nversion: 1\nstatus: live\ntitle: t\nowner: o\nseverity: high\non: bank.transfer\nwhen: WHEN\n"

// check runs the command and returns its exit code and what it printed.
func check(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	c := checkCmd()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&bytes.Buffer{})
	c.SilenceUsage, c.SilenceErrors = true, true
	err := c.Execute()
	var e *exitError
	switch {
	case err == nil:
		return 0, out.String()
	case errors.As(err, &e):
		return e.code, out.String()
	}
	t.Fatal(err)
	return -1, ""
}

func ruleDir(t *testing.T, when string) string {
	t.Helper()
	dir := t.TempDir()
	if when != "" {
		text := strings.Replace(checkedRule, "WHEN", when, 1)
		if err := os.WriteFile(filepath.Join(dir, "one.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCheckExitCodes(t *testing.T) {
	for _, c := range []struct {
		name, when, flag string
		code             int
	}{
		{"right", "base_amount > 5", "", 0},
		{"right, strict", "base_amount > 5", "--strict", 0},
		{"warning", "amount > 5", "", 0},
		{"warning, strict", "amount > 5", "--strict", 1},
		{"error", "amont > 5", "", 1},
		{"no rule", "", "", 2},
		{"no such output", "base_amount > 5", "--output=xml", 2},
	} {
		args := []string{ruleDir(t, c.when)}
		if c.flag != "" {
			args = append(args, c.flag)
		}
		if code, out := check(t, args...); code != c.code {
			t.Errorf("%s: exit %d, want %d\n%s", c.name, code, c.code, out)
		}
	}
	if code, _ := check(t, filepath.Join(t.TempDir(), "none")); code != 2 {
		t.Errorf("a folder that is not there: exit %d", code)
	}
}

func TestCheckJSON(t *testing.T) {
	_, out := check(t, ruleDir(t, "amont > 5"), "-o", "json")
	var r struct {
		Errors   int
		Findings []struct {
			File, Level, Message, Fix string
			Start, End                struct{ Line, Column int }
		}
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	if r.Errors != 1 || len(r.Findings) != 1 {
		t.Fatal(out)
	}
	f := r.Findings[0]
	if filepath.Base(f.File) != "one.yaml" || f.Level != "error" || f.Start.Line != 8 || f.Start.Column != 7 || f.End.Column != 12 || f.Fix != "did you mean amount?" {
		t.Errorf("%+v", f)
	}
}

func TestCheckBump(t *testing.T) {
	dir := ruleDir(t, "base_amount > 5")
	if code, out := check(t, dir, "--bump"); code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	}
	text := strings.Replace(checkedRule, "WHEN", "base_amount > 6", 1)
	if err := os.WriteFile(filepath.Join(dir, "one.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out := check(t, dir); code != 1 || !strings.Contains(out, "version: 2") {
		t.Errorf("a changed meaning under the same version: exit %d\n%s", code, out)
	}
	if code, _ := check(t, dir, "--bump"); code != 1 {
		t.Errorf("bump over an error: exit %d", code)
	}
}

const windowedRule = `id: many
version: 1
status: live
title: t
owner: o
severity: high
on: bank.transfer
windows:
  day:
    from: [bank.transfer, bank.login]
    key: debtor.uid
    within: 24h
    values: {n: count(), total: sum(base_amount)}
when: day.n > 3 && day.total > 100
`

// TestCheckWindows lists what windows keep at the rates of the configuration, and
// refuses what is more than its budget.
func TestCheckWindows(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "rules"), 0o700); err != nil {
		t.Fatal(err)
	}
	put("rules/many.yaml", windowedRule)
	type report struct {
		Errors  int
		Windows []struct {
			Window  string
			Rules   []string
			Rate    float64 `json:"reports_per_second"`
			Seconds float64 `json:"kept_seconds"`
			Entries float64
			Bytes   float64
		}
		Budget int64 `json:"windows_bytes"`
	}
	for _, c := range []struct {
		name, config string
		code         int
		windows      int
	}{
		{"no configuration", "", 0, 0},
		{"no rates", "rules: {lateness: 1d}", 0, 0},
		{"within the budget", "rules: {lateness: 1d, windows: {rates: {bank.transfer: 2, bank.login: 1, telecom.call: 5}, bytes: 100MiB}}", 0, 1},
		{"over it", "rules: {lateness: 1d, windows: {rates: {bank.transfer: 2, bank.login: 1}, bytes: 10MiB}}", 1, 1},
		{"no kind", "rules: {windows: {rates: {bank.tranfer: 2}}}", 2, 0},
		{"less than nothing", "rules: {windows: {rates: {bank.transfer: -2}}}", 2, 0},
	} {
		if c.config != "" {
			put("haltwire.yaml", c.config)
		}
		code, out := check(t, filepath.Join(dir, "rules"), "-o", "json")
		if code != c.code {
			t.Errorf("%s: exit %d, want %d\n%s", c.name, code, c.code, out)
		}
		if code == 2 {
			continue
		}
		var r report
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.Windows) != c.windows {
			t.Errorf("%s: windows %+v", c.name, r.Windows)
		}
		if c.windows == 1 {
			if w := r.Windows[0]; w.Window != "many.day" || w.Rate != 3 || w.Seconds != 2*86400 || w.Entries != 6*86400 || w.Bytes < 6*86400*40 || len(w.Rules) != 1 || r.Budget == 0 {
				t.Errorf("%s: %+v", c.name, w)
			}
		}
	}
	put("haltwire.yaml", "rules: {lateness: 1d, windows: {rates: {bank.transfer: 2, bank.login: 1}, bytes: 100MiB}}")
	if _, out := check(t, filepath.Join(dir, "rules")); !strings.Contains(out, "many.day") || !strings.Contains(out, "together") || !strings.Contains(out, "rules.windows.bytes") {
		t.Errorf("table:\n%s", out)
	}
	if code, _ := check(t, filepath.Join(dir, "rules"), "--measure", "0"); code != 0 {
		t.Errorf("--measure 0: exit %d", code)
	}
	if code, _ := check(t, filepath.Join(dir, "rules"), "--measure=-1"); code != 2 {
		t.Errorf("--measure -1: exit %d", code)
	}
	if code, _ := check(t, ruleDir(t, "base_amount > 5"), "--measure=1"); code != 2 {
		t.Errorf("--measure without a configuration: exit %d", code)
	}
}

// TestCheckFacts notes the rules whose alerts nobody has written facts for, and no
// others.
func TestCheckFacts(t *testing.T) {
	const alert = "base_amount > 5\nalert: {subject: creditor, approval: two_person"
	for name, c := range map[string]struct {
		when  string
		noted bool
	}{
		"without":   {alert + "}", true},
		"with":      {alert + ", facts: \"Paid {amount}.\"}", false},
		"no alert":  {"base_amount > 5", false},
		"in a case": {"base_amount > 5\ncases: [{name: a, when: base_amount > 7}]\nalert: {subject: creditor, approval: two_person}", true},
	} {
		_, out := check(t, ruleDir(t, c.when))
		if noted := strings.Contains(out, "note: alerts of one have no facts"); noted != c.noted {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}
