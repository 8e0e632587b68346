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
