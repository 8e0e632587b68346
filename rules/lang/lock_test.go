package lang_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/lang"
)

const lockedRule = `id: one
version: VERSION
status: live
title: TITLE
owner: o
severity: high
on: bank.transfer
params: {floor: 5}
when: WHEN
`

func writeRule(t *testing.T, dir, version, title, when string) {
	t.Helper()
	text := strings.NewReplacer("VERSION", version, "TITLE", title, "WHEN", when).Replace(lockedRule)
	if err := os.WriteFile(filepath.Join(dir, "one.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func loadLocked(t *testing.T, dir string) (*lang.Set, lang.Diagnostics) {
	t.Helper()
	set, findings, err := lang.LoadLocked(dir, lang.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set, findings
}

// TestLock: a changed meaning needs a new version, a changed layout does not.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	writeRule(t, dir, "2", "t", "base_amount > params.floor and status == nil")
	set, findings := loadLocked(t, dir)
	if len(findings) > 0 {
		t.Fatalf("findings without a lock: %v", findings)
	}
	if err := set.WriteLock(dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ version, title, when, want string }{
		{"2", "another", "not (status != nil)  and  5.00 < base_amount or params.floor < 0", ""},
		{"2", "t", "base_amount >= params.floor and status == nil", "means something else than version 2 did"},
		{"3", "t", "base_amount >= params.floor and status == nil", ""},
		{"1", "t", "base_amount > params.floor and status == nil", "older than the 2"},
	} {
		writeRule(t, dir, c.version, c.title, c.when)
		_, findings := loadLocked(t, dir)
		switch {
		case c.want == "" && findings.Errors() > 0:
			t.Errorf("version %s, %s: %v", c.version, c.when, findings)
		case c.want != "" && (findings.Errors() != 1 || !strings.Contains(findings[0].Message, c.want)):
			t.Errorf("version %s, %s: %v", c.version, c.when, findings)
		}
	}
}

// TestLockKeepsWhatIsGone: a removed rule's line stays, so that its id cannot come
// back with another meaning under an old version.
func TestLockKeepsWhatIsGone(t *testing.T) {
	dir := t.TempDir()
	old := "gone 7 abc\n"
	if err := os.WriteFile(filepath.Join(dir, lang.LockName), []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	writeRule(t, dir, "1", "t", "base_amount > params.floor")
	set, _ := loadLocked(t, dir)
	if err := set.WriteLock(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, lang.LockName))
	if err != nil || !strings.Contains(string(data), old) || !strings.Contains(string(data), "\none 1 ") {
		t.Errorf("%s %v", data, err)
	}
	if err := os.WriteFile(filepath.Join(dir, lang.LockName), []byte("nonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := lang.LoadLocked(dir, lang.Options{}); err == nil {
		t.Error("a broken lock is accepted")
	}
}
