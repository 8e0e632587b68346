package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFmt(t *testing.T) {
	dir := ruleDir(t, "base_amount > 5")
	file := filepath.Join(dir, "one.yaml")
	read := func() string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	text := read()
	if code, out := run(t, "fmt", dir, "--check"); code != 0 || out != "" {
		t.Errorf("a tidy file: exit %d, %q", code, out)
	}
	untidy := "when: base_amount > 5\n\n" + strings.Replace(text, "when: base_amount > 5\n", "", 1)
	if err := os.WriteFile(file, []byte(untidy), 0o640); err != nil {
		t.Fatal(err)
	}
	if code, out := run(t, "fmt", dir, "--check"); code != 1 || out != "one.yaml\n" || read() != untidy {
		t.Errorf("--check: exit %d, %q", code, out)
	}
	if code, out := run(t, "fmt", dir); code != 0 || out != "one.yaml\n" || read() != text {
		t.Errorf("exit %d, %q\n%s", code, out, read())
	}
	bad := strings.Replace(untidy, "base_amount", "base_amont", 1)
	if err := os.WriteFile(file, []byte(bad), 0o640); err != nil {
		t.Fatal(err)
	}
	if code, _ := run(t, "fmt", dir); code != 1 || read() != bad {
		t.Errorf("a file with errors: exit %d\n%s", code, read())
	}
	if code, _ := run(t, "fmt", filepath.Join(dir, "none")); code != 2 {
		t.Errorf("no such folder: exit %d", code)
	}
}
