package plan_test

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/explain"
	"github.com/haltwire/haltwire/rules/explain/page"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/window"
)

// TestExplained explains every rule on every report of a random input, with and
// without bounds of windows: it fires exactly where the plan of the whole set says,
// with that case and score, its tree adds up, and without bounds every report that
// it says counts does.
func TestExplained(t *testing.T) {
	lookups := outside(t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFiller()
		set := grower{t: t, s: f.schema}.set(3)
		b := f.input(t, rapid.IntRange(1, 8).Draw(t, "rows"))
		p, err := plan.New(set, lookups)
		if err != nil {
			t.Fatal(err)
		}
		bounds := window.Options{Entries: rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "entries")}
		want := map[string]string{}
		for _, h := range hits(t, b, p, positions(b.Rows), bounds) {
			want[h.Reporter+"/"+h.ReportID+" "+h.Rule] = fmt.Sprint(h.Case, " ", h.Score)
		}
		d := decoder(b)
		for _, r := range newHistory(b, set).latest {
			ref := plan.Ref{Reporter: b.Columns[b.Schema.Must("reporter")].String(r), ID: b.Columns[b.Schema.Must("report_id")].String(r)}
			for _, rule := range set.Rules {
				x := explained(t, set, explain.Question{Rule: rule.ID, Reporter: ref.Reporter, ReportID: ref.ID}, b, explain.Options{
					Lookups: lookups, Windows: bounds, Decoders: func(*plan.Plan) whole.Decoders { return whole.Decoders{Plan: d, Whole: d, About: d} },
				})
				got, ok := want[ref.Reporter+"/"+ref.ID+" "+rule.ID]
				if ok != x.Fires || ok && got != fmt.Sprint(x.Case, " ", x.Hit.Score) {
					t.Fatalf("%s on %v fires %t (%s %v), the plan says %t %s", rule.ID, ref, x.Fires, x.Case, x.Score.Value, ok, got)
				}
				coherent(t, x, bounds.Entries > 0)
			}
		}
	})
}

func explained(t *rapid.T, set *lang.Set, q explain.Question, b *event.Batch, o explain.Options) *explain.Explanation {
	e, err := explain.New(set, q, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Add(b.Records); err != nil {
		t.Fatal(err)
	}
	x, err := e.Explain()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// coherent checks what an explanation says against itself.
func coherent(t *rapid.T, x *explain.Explanation, bounded bool) {
	if x.Fires == (len(x.Stops) > 0) {
		t.Fatalf("fires %t with stops %v", x.Fires, x.Stops)
	}
	adds(t, x.When)
	for _, c := range x.Cases {
		adds(t, c.When)
	}
	for _, w := range x.Windows {
		n, listed := w.Reasons[explain.Counted], 0
		for _, e := range w.Entries {
			if e.Reason == explain.Counted {
				listed++
			}
		}
		if listed != n || w.Reasons[""] > 0 || !bounded && w.Reasons[explain.Cut] > 0 {
			t.Fatalf("window %s lists %d that count of %v", w.Name, listed, w.Reasons)
		}
		if count, ok := w.Values[0].Value.(decimal.D); ok && count != decimal.FromInt(int64(n)) {
			t.Fatalf("window %s counts %s and lists %d", w.Name, count, n)
		}
	}
	if err := page.Write(io.Discard, x, true); err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(x); err != nil {
		t.Fatal(err)
	}
}

// adds checks that connectives are what their operands make them.
func adds(t *rapid.T, n *explain.Node) {
	if n == nil {
		return
	}
	seen := map[explain.Truth]bool{}
	for _, a := range n.Args {
		adds(t, a)
		seen[a.Truth] = true
	}
	want := n.Truth
	switch {
	case n.Op == "and" && seen[explain.False], n.Op == "or" && !seen[explain.True] && !seen[explain.Unknown]:
		want = explain.False
	case n.Op == "or" && seen[explain.True], n.Op == "and" && !seen[explain.Unknown]:
		want = explain.True
	case n.Op == "and" || n.Op == "or":
		want = explain.Unknown
	}
	if n.Truth != want {
		t.Fatalf("%s is %s, its operands make it %s", n.Text, n.Truth, want)
	}
}
