package app_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests see as what they expect")

// TestEval runs every folder of testdata/eval: rules and reports.ndjson in,
// hits.ndjson, dead.ndjson and log.txt out. With -rewrite the output is kept.
func TestEval(t *testing.T) {
	cases, err := filepath.Glob("testdata/eval/*")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no case found: %v", err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var out, log bytes.Buffer
			dead := filepath.Join(t.TempDir(), "dead")
			o := app.EvalOptions{Rules: filepath.Join(dir, "rules"), Input: filepath.Join(dir, "reports.ndjson"), Dead: dead, Out: &out, Log: &log}
			if err := o.Configure(""); err != nil {
				t.Fatal(err)
			}
			n, err := app.Eval(o)
			fmt.Fprintf(&log, "read=%d accepted=%d dead=%d hits=%d error=%v\n", n.Read, n.Accepted, n.Dead, n.Hits, err)
			golden(t, filepath.Join(dir, "hits.ndjson"), out.Bytes())
			golden(t, filepath.Join(dir, "log.txt"), log.Bytes())
			letters, err := os.ReadFile(dead)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			golden(t, filepath.Join(dir, "dead.ndjson"), letters)
		})
	}
}

// golden compares got with the file at path, which -rewrite writes. An empty
// text needs no file.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *rewrite {
		if len(got) == 0 {
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func TestEvalTable(t *testing.T) {
	var out, log bytes.Buffer
	_, err := app.Eval(app.EvalOptions{Rules: "testdata/eval/outcome/rules", Input: "testdata/eval/outcome/reports.ndjson", Table: true, Out: &out, Log: &log})
	if err != nil || !strings.Contains(out.String(), "large-abroad  freeze  105.5  critical  HWBIINBB/A-1  GB  5300.00 GBP") {
		t.Errorf("table:\n%s%v", out.String(), err)
	}
}

func TestEvalCannotRun(t *testing.T) {
	for name, o := range map[string]app.EvalOptions{
		"no such rules":   {Rules: "testdata/none", Input: "testdata/eval/outcome/reports.ndjson"},
		"no rules":        {Rules: t.TempDir(), Input: "testdata/eval/outcome/reports.ndjson"},
		"no such reports": {Rules: "testdata/eval/outcome/rules", Input: "testdata/none"},
		"dead elsewhere":  {Rules: "testdata/eval/outcome/rules", Input: "testdata/eval/outcome/reports.ndjson", Dead: "testdata/none/dead"},
	} {
		o.Out, o.Log = &bytes.Buffer{}, &bytes.Buffer{}
		if _, err := app.Eval(o); err == nil || errors.Is(err, app.ErrBadRules) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestEvalOrder judges every case again with its lines reversed and doubled: the
// hits are the same.
func TestEvalOrder(t *testing.T) {
	cases, err := filepath.Glob("testdata/eval/*")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no case found: %v", err)
	}
	for _, dir := range cases {
		text, err := os.ReadFile(filepath.Join(dir, "reports.ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
		slices.Reverse(lines)
		input := filepath.Join(t.TempDir(), "reports.ndjson")
		if err := os.WriteFile(input, []byte(strings.Join(append(lines, lines...), "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, log bytes.Buffer
		o := app.EvalOptions{Rules: filepath.Join(dir, "rules"), Input: input, Out: &out, Log: &log}
		if err := o.Configure(""); err != nil {
			t.Fatal(err)
		}
		if _, err := app.Eval(o); err != nil && !errors.Is(err, app.ErrBadRules) {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, "hits.ndjson"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%s: reversed and doubled, the hits are\n%s\nwant\n%s", dir, out.Bytes(), want)
		}
	}
}
