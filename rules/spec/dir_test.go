package spec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/spec"
)

const rule = `id: ID
version: 1
status: live
title: t
owner: o
severity: high
on: bank.transfer
when: amount > 0
`

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

// TestRead reads a folder laid out as a mounted volume may be: links to files,
// loops of folders, hidden ones, other files.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "..2026", "one.yaml"), strings.ReplaceAll(rule, "ID", "one"))
	link(t, "..2026", filepath.Join(dir, "..data"))
	link(t, "..data/one.yaml", filepath.Join(dir, "one.yaml"))
	write(t, filepath.Join(dir, "sub", "two.yaml"), strings.ReplaceAll(rule, "ID", "two"))
	link(t, "..", filepath.Join(dir, "sub", "loop"))
	link(t, "two.yaml", filepath.Join(dir, "sub", "again.yaml"))
	link(t, "self", filepath.Join(dir, "sub", "self"))
	write(t, filepath.Join(dir, "notes.md"), "not a rule")
	write(t, filepath.Join(dir, ".hidden", "three.yaml"), "nonsense: [")
	write(t, filepath.Join(dir, "empty.yaml"), "")
	write(t, filepath.Join(dir, "blank.yaml"), "# nothing yet\n---\n")

	tree, findings, err := spec.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range tree.Rules {
		ids = append(ids, r.ID.Text)
	}
	if strings.Join(ids, " ") != "one two" && strings.Join(ids, " ") != "two one" {
		t.Errorf("rules %v", ids)
	}
	for _, f := range findings {
		if !strings.Contains(f.Message, "stands in a file called again.yaml") {
			t.Error(f.String())
		}
	}
}

func TestReadWhatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := spec.Read(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that does not exist is read")
	}
	link(t, "nowhere.yaml", filepath.Join(dir, "broken.yaml"))
	if err := os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "large.yaml"), strings.Repeat("# a comment that fills the file\n", 600_000))
	tree, findings, err := spec.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Rules) != 0 || findings.Errors() != 2 {
		t.Errorf("%d rules, findings %v", len(tree.Rules), findings)
	}
}

func TestReadOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "one.yaml")
	write(t, path, strings.ReplaceAll(rule, "ID", "one"))
	tree, findings, err := spec.Read(path)
	if err != nil || len(findings) > 0 || len(tree.Rules) != 1 || tree.Rules[0].ID.Span.File.Path != "one.yaml" {
		t.Errorf("%v %v %v", tree, findings, err)
	}
}
