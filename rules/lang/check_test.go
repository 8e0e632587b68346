package lang_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/spec"
)

// TestCheck runs testdata/check: a file of rules, and in the .txt beside it all
// that is said about it. go test -rewrite writes the .txt files.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := checkText(t, filepath.Base(file), data)
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// checkText returns the findings about one file, and the condition of each rule
// that has no error.
func checkText(t *testing.T, name string, data []byte) string {
	t.Helper()
	tree, findings := spec.Parse([]*spec.File{spec.NewFile(name, data)})
	set, more := lang.Check(tree, lang.Options{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	findings = append(findings, more...)
	findings.Sort()
	var b strings.Builder
	if err := findings.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules {
		if r.Guard != nil {
			b.WriteString(r.ID + ": " + r.Guard.Key + "\n")
		}
	}
	return b.String()
}
