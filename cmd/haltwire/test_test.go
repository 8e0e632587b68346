package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const tests = `tests:
  - name: large
    given: {pay: {base_amount: "6.00"}}
    expect: EXPECT
`

// run executes one command line and returns its exit code and what it printed.
func run(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	c := rootCmd()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&bytes.Buffer{})
	err := c.Execute()
	var e *exitError
	switch {
	case err == nil:
		return 0, out.String()
	case errors.As(err, &e):
		return e.code, out.String()
	}
	return 2, out.String()
}

func TestTestExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		when, expect string
		code         int
	}{
		"passes":      {"base_amount > 5", "{pay: {}}", 0},
		"fails":       {"base_amount > 5", "{}", 1},
		"rule wrong":  {"base_amont > 5", "{}", 1},
		"test wrong":  {"base_amount > 5", "{other: {}}", 1},
		"nothing ran": {"base_amount > 5", "", 2},
	} {
		dir := ruleDir(t, c.when)
		if c.expect != "" {
			text := strings.Replace(checkedRule, "WHEN", c.when, 1) + strings.Replace(tests, "EXPECT", c.expect, 1)
			if err := os.WriteFile(filepath.Join(dir, "one.yaml"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		junit := filepath.Join(t.TempDir(), "junit.xml")
		code, out := run(t, "test", dir, "--junit", junit)
		if code != c.code {
			t.Errorf("%s: exit %d, want %d\n%s", name, code, c.code, out)
		}
		if _, err := os.Stat(junit); (err == nil) != (name == "passes" || name == "fails") {
			t.Errorf("%s: JUnit file: %v", name, err)
		}
		if code, _ := check(t, dir); (name == "test wrong") != (code == 1) && name != "rule wrong" {
			t.Errorf("%s: check: exit %d", name, code)
		}
	}
	if code, _ := run(t, "test", filepath.Join(t.TempDir(), "none")); code != 2 {
		t.Errorf("no such folder: exit %d", code)
	}
	if code, _ := run(t, "test", t.TempDir(), "-o", "xml"); code != 2 {
		t.Errorf("no such output: exit %d", code)
	}
}

func TestFunctions(t *testing.T) {
	var all []struct{ Name, Signature, Example string }
	_, out := run(t, "functions", "-o", "json")
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) < 20 || all[0].Signature == "" {
		t.Errorf("%v\n%s", err, out)
	}
	if code, out := run(t, "functions"); code != 0 || !strings.Contains(out, "stddev(number) number") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, _ := run(t, "functions", "-o", "xml"); code != 2 {
		t.Errorf("no such output: exit %d", code)
	}
}

const windowed = `id: one
version: 1
status: live
title: t
owner: o
severity: high
on: bank.transfer
windows:
  past: {from: bank.transfer, key: creditor.uid, within: 90d, values: {known: seen(debtor.uid)}}
when: not past.known
settle: 5s
`

// TestCheckOfWindows shows the note about late evidence, and the budget of the
// configuration.
func TestCheckOfWindows(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("one.yaml", windowed)
	if code, out := check(t, dir); code != 0 || out != "note: late evidence can overturn one, by: not past.known; it settles for 5s before it acts\n" {
		t.Errorf("exit %d\n%s", code, out)
	}
	file := filepath.Join(t.TempDir(), "haltwire.yaml")
	for config, want := range map[string]string{
		"rules: {windows: {bytes: 1MiB}}":                                "note:",
		"rules: {windows: {bytes: 1MiB, rates: {bank.transfer: 0.001}}}": "note:",
		"rules: {windows: {bytes: 1MiB, rates: {bank.transfer: 100}}}":   "the budget is 1.0 MiB",
	} {
		if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, out := run(t, "check", dir, "-c", file); !strings.Contains(out, want) {
			t.Errorf("%s:\n%s", config, out)
		}
	}
	if err := os.WriteFile(file, []byte("rules: {windows: {rates: {bank.transfr: 1}}}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _ := run(t, "check", dir, "-c", file); code != 2 {
		t.Errorf("a rate of no kind: exit %d", code)
	}
}

// TestTestWatches changes a rule under --watch and waits for the second run.
func TestTestWatches(t *testing.T) {
	dir := ruleDir(t, "base_amount > 5")
	file := filepath.Join(dir, "one.yaml")
	write := func(expect string) {
		text := strings.Replace(checkedRule, "WHEN", "base_amount > 5", 1) + strings.Replace(tests, "EXPECT", expect, 1)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
	write("{}")
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	counts := writerFunc(func(p []byte) (int, error) {
		switch string(p) {
		case "tests=1 failed=1\n":
			write("{pay: {}} # now it is right")
		case "tests=1 failed=0\n":
			stop()
		}
		return len(p), nil
	})
	c := rootCmd()
	c.SetArgs([]string{"test", dir, "--watch"})
	c.SetOut(&bytes.Buffer{})
	c.SetErr(counts)
	if err := c.ExecuteContext(ctx); err != nil || !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("%v, %v", err, ctx.Err())
	}
}

// writerFunc is a function as a writer.
type writerFunc func(p []byte) (int, error)

// Write implements io.Writer.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
