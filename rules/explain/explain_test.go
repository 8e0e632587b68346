package explain_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/explain"
	"github.com/haltwire/haltwire/rules/explain/page"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/window"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests see as what they expect")

// world is a folder of testdata: rules, reports, and a list and a table.
type world struct {
	set     *lang.Set
	reports []byte
	lookups *lookup.Set
}

func load(t *testing.T, dir string) *world {
	t.Helper()
	var w world
	lists := []lookup.ListSpec{{Name: "safe_payees", File: "testdata/safe.csv"}}
	tables := []lookup.TableSpec{{Name: "limits", File: "testdata/limits.csv", Key: "reporter", Columns: map[string]lookup.Kind{"floor": lookup.Decimal}}}
	var err error
	if w.lookups, err = lookup.Load(lists, tables); err != nil {
		t.Fatal(err)
	}
	options := lang.Options{
		Lists: []lang.ListDecl{{Name: "safe_payees", Match: "exact"}}, Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Tables: []lang.TableDecl{{Name: "limits", Columns: []lang.TableColumn{{Name: "floor", Type: lang.Number}}}},
	}
	set, findings, err := lang.Load(filepath.Join(dir, "rules"), options)
	if err != nil || findings.Errors() > 0 {
		t.Fatal(err, findings)
	}
	w.set = set
	if w.reports, err = os.ReadFile(filepath.Join(dir, "reports.ndjson")); err != nil {
		t.Fatal(err)
	}
	return &w
}

func decoders(p *plan.Plan) whole.Decoders {
	s := event.Default()
	one := func(columns []bool) plan.Decode {
		return jsoncodec.New(codec.Options{Schema: s, Project: columns, Kinds: code.Kinds{}, Derived: true}).Decode
	}
	return whole.Decoders{Plan: one(p.Columns()), Whole: one(s.Whole()), About: one(s.Whole())}
}

// explain answers a question, with perKey reports a key in windows, 0 = all.
func (w *world) explain(q explain.Question, perKey int) (*explain.Explanation, error) {
	e, err := explain.New(w.set, q, explain.Options{
		Decoders: decoders, Lookups: w.lookups, Windows: window.Options{Entries: perKey}, Source: "reports.ndjson", Entries: 8,
	})
	if err != nil {
		return nil, err
	}
	recs := &event.Records{Topic: "reports.ndjson", Codec: "json"}
	for i, line := range bytes.Split(bytes.TrimSpace(w.reports), []byte("\n")) {
		recs.Offsets, recs.Times, recs.Values = append(recs.Offsets, int64(i+1)), append(recs.Times, event.AsOccurred), append(recs.Values, line)
		if recs.Len() == 5 { // several runs, whose dictionaries differ
			if err := e.Add(recs); err != nil {
				return nil, err
			}
			recs = &event.Records{Topic: "reports.ndjson", Codec: "json"}
		}
	}
	if err := e.Add(recs); err != nil {
		return nil, err
	}
	return e.Explain()
}

// TestExplain asks the questions of every folder of testdata: a line of asked.txt
// is the name of the answers, a rule, a report, and how many reports a window keeps
// of a key (0 = all). The answers are NAME.txt and, for some, NAME.json.
func TestExplain(t *testing.T) {
	asked, err := filepath.Glob("testdata/*/asked.txt")
	if err != nil || len(asked) == 0 {
		t.Fatalf("no case found: %v", err)
	}
	for _, path := range asked {
		dir := filepath.Dir(path)
		w := load(t, dir)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			t.Run(f[0], func(t *testing.T) { w.answer(t, filepath.Join(dir, f[0]), f[1], f[2], f[3]) })
		}
	}
}

func (w *world) answer(t *testing.T, path, rule, report, perKey string) {
	reporter, id, _ := strings.Cut(report, "/")
	n, err := strconv.Atoi(perKey)
	if err != nil {
		t.Fatal(err)
	}
	x, err := w.explain(explain.Question{Rule: rule, Reporter: reporter, ReportID: id}, n)
	var out, coloured bytes.Buffer
	if err != nil {
		out.WriteString(err.Error() + "\n")
	} else {
		if err := page.Write(&out, x, false); err != nil {
			t.Fatal(err)
		}
		if err := page.Write(&coloured, x, true); err != nil {
			t.Fatal(err)
		}
		bare := strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(coloured.String())
		if bare == coloured.String() || bare != out.String() {
			t.Error("the coloured text says something else")
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(line); n > page.Width+1 {
				t.Errorf("a line of %d characters: %s", n, line)
			}
		}
	}
	golden(t, path+".txt", out.Bytes())
	if _, err := os.Stat(path + ".json"); err == nil {
		text, err := json.MarshalIndent(x, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, path+".json", append(text, '\n'))
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}
