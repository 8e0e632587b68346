package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
)

// TestTables measures the same reports in tables of every delimiter, with and without
// a mapping, and names the columns that are no fields.
func TestTables(t *testing.T) {
	const commas = "report_id,reporter,kind,occurred_at,amount,currency,bra\x1bnch\nA,R,bank.transfer,2026-03-01T00:00:00Z,5,GBP,x\n"
	for name, c := range map[string]struct{ file, delimiter, mapping string }{
		"commas":                 {"r.csv", ",", ""},
		"tabs":                   {"r.tsv", "\t", ""},
		"tabs, said":             {"r.tsv", "\t", `delimiter: "\t"`},
		"semicolons":             {"r.csv", ";", `delimiter: ";"`},
		"constants beside tabs":  {"r.tsv", "\t", `constants: {case_ref: "C{row}"}`},
		"semicolons in a tsv":    {"r.tsv", ";", `delimiter: ";"`},
		"an ending in capitals":  {"r.CSV", ",", ""},
		"a mapping that is null": {"r.csv", ",", "columns: {}"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, log := t.TempDir(), &bytes.Buffer{}
			write := func(name, text string) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			o := app.BacktestOptions{EvalOptions: app.EvalOptions{Rules: hand + "rules", Log: log},
				Files: []string{write(c.file, strings.ReplaceAll(commas, ",", c.delimiter))}}
			if c.mapping != "" {
				o.Maps = []string{write("map.yaml", c.mapping)}
			}
			if r := backtestOf(t, o); r.Input.Accepted != 1 {
				t.Errorf("input %+v\n%s", r.Input, log)
			}
			if want := c.file + ": under extra, for no field is called so: bra\ufffdnch\n"; !strings.Contains(log.String(), want) {
				t.Errorf("said %q, want %q in it", log, want)
			}
		})
	}
}
