package lang_test

import (
	"fmt"
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

// vocabulary is what the rules of testdata may speak about.
func vocabulary() lang.Options {
	return lang.Options{
		Now:   time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Lists: []lang.ListDecl{{Name: "mules", Match: "exact"}, {Name: "words", Match: "word"}},
		Tables: []lang.TableDecl{{Name: "limits", Columns: []lang.TableColumn{
			{Name: "floor", Type: lang.Number}, {Name: "since", Type: lang.Time}, {Name: "open", Type: lang.Bool},
		}}},
		Zones:  map[string]string{"US": "America/New_York"},
		Budget: lang.Budget{Rates: map[string]float64{"crypto.transfer": 10_000}, Bytes: 64 << 30},
	}
}

// checkText returns the findings about one file, and the condition of each rule
// that has no error.
func checkText(t *testing.T, name string, data []byte) string {
	t.Helper()
	tree, findings := spec.Parse([]*spec.File{spec.NewFile(name, data)})
	set, more := lang.Check(tree, vocabulary())
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
		describeWindows(&b, set, r)
	}
	return b.String()
}

// describeWindows writes what a rule with windows makes of them.
func describeWindows(b *strings.Builder, set *lang.Set, r *lang.Rule) {
	for _, u := range r.Windows {
		fmt.Fprintf(b, "%s: window %s %s: %v\n", r.ID, u.Name, set.Windows[u.Win].Hash[:16], u.Values)
		for line := range strings.Lines(set.Windows[u.Win].Key) {
			b.WriteString("    " + line)
		}
	}
	if len(r.Windows) > 0 && r.Guard != nil {
		fmt.Fprintf(b, "%s: reads %s\n", r.ID, set.Text(r, r.Guard))
	}
	if len(r.Falls) > 0 {
		fmt.Fprintf(b, "%s: falls %q\n", r.ID, r.Falls)
	}
	if len(r.Lists)+len(r.Tables) > 0 {
		fmt.Fprintf(b, "%s: looks into %q and %q\n", r.ID, r.Lists, r.Tables)
	}
}
