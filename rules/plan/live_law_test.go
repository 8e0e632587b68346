package plan_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/window"
)

// consistent leaves of b the rows whose version no row before has with other
// contents.
func consistent(b *event.Batch) (rows []int) {
	seen := map[string]bool{}
	h := &history{b: b}
	for r := range b.Rows {
		v := h.ref(r) + string(rune(h.revision(r)))
		if !seen[v] {
			seen[v] = true
			rows = append(rows, r)
		}
	}
	return rows
}

// even draws a number below n, all of them equally often: rapid's own ranges prefer
// small ones, with which little happens.
func even(t *rapid.T, n int, name string) int {
	return rapid.Custom(func(t *rapid.T) int {
		x := 0
		for range 10 {
			x *= 2
			if rapid.Bool().Draw(t, "bit") {
				x++
			}
		}
		return x % n
	}).Draw(t, name)
}

// lively draws a set of rules that windows decide nearly alone.
func (g grower) lively() *lang.Set {
	s := &lang.Set{Schema: g.s}
	for i := range 1 + even(g.t, 2, "pick") {
		w := &lang.Window{Key: fmt.Sprint("window ", i), KeyBy: map[string][]*lang.Node{}, From: kinds, Self: even(g.t, 3, "pick") > 0}
		w.Match = []*lang.Node{col(g.s, []string{"currency", "currency", "reporter"}[even(g.t, 3, "from")])}
		for _, kind := range kinds {
			w.KeyBy[kind] = w.Match
		}
		w.Within, w.Until = int64(1_001+1_000*even(g.t, 4, "pick")), 0
		if even(g.t, 3, "pick") == 0 {
			w.Until = 1_000
		}
		if even(g.t, 4, "pick") == 0 {
			w.Last = 2
		}
		if even(g.t, 4, "pick") == 0 {
			w.Where = node(lang.Eq, lang.Bool, col(g.s, "kind"), text(kinds[0]))
		}
		w.Values = []lang.Aggregate{
			{Func: "count", Type: lang.Number, Key: "count()"},
			{Func: "sum", Arg: col(g.s, "amount"), Type: lang.Number, Key: "sum(amount)"},
			{Func: "distinct", Arg: col(g.s, "kind"), Type: lang.Number, Key: "distinct(kind)"},
		}
		s.Windows = append(s.Windows, w)
	}
	value := func() *lang.Node {
		win, c := even(g.t, len(s.Windows), "pick"), even(g.t, 3, "pick")
		v := &lang.Node{Op: lang.Windowed, Type: lang.Number, Win: win, Col: c, Key: fmt.Sprintf("window(%d).%d", win, c)}
		if limit := []string{"1", "2", "3", "4"}[even(g.t, 4, "from")]; even(g.t, 3, "pick") > 0 {
			return node(lang.Ge, lang.Bool, v, number(limit))
		} else {
			return node(lang.Lt, lang.Bool, v, number(limit))
		}
	}
	for i := range 1 + even(g.t, 3, "pick") {
		r := &lang.Rule{ID: fmt.Sprintf("rule-%03d", i), Version: 1, Status: lang.Live, On: kinds}
		for c := range even(g.t, 4, "pick") {
			r.Cases = append(r.Cases, lang.Case{Name: fmt.Sprint("c", c), When: value()})
		}
		if len(r.Cases) == 0 || even(g.t, 4, "pick") == 0 {
			r.Guard = value()
		}
		if i > 0 && even(g.t, 3, "pick") == 0 {
			g.link(r, s.Rules[even(g.t, i, "pick")])
			r.Cases = append([]lang.Case{{Name: "points", When: node(lang.Gt, lang.Bool, &lang.Node{Op: lang.Score, Type: lang.Number, Key: "score"}, number("2"))}}, r.Cases...)
		}
		for w := range s.Windows {
			r.Windows = append(r.Windows, lang.WindowUse{Name: fmt.Sprint("w", w), Win: w, Values: []lang.ValueUse{{Name: "n", Col: 0}, {Name: "sum", Col: 1}, {Name: "kinds", Col: 2}}})
		}
		s.Rules = append(s.Rules, r)
		s.Order = append(s.Order, i)
	}
	return s
}

// brief draws reports that are often in each other's windows.
func (f *filler) brief(t *rapid.T, rows int) *event.Batch {
	var all []map[string]string
	for r := range rows {
		row := map[string]string{
			"kind": kinds[even(t, 2, "kind")], "currency": []string{"GBP", "GBP", "INR"}[even(t, 3, "currency")],
			"reporter": "HWBIINBB", "report_id": fmt.Sprint("R-", r), "occurred_at": fmt.Sprint(1_000 * even(t, 6, "at")),
			"amount": fmt.Sprint(1 + even(t, 2, "amount")),
		}
		if r > 0 && even(t, 6, "corrects") == 0 {
			row["report_id"] = fmt.Sprint("R-", even(t, r, "which"))
			row["revision"] = fmt.Sprint(even(t, 3, "revision"))
		}
		all = append(all, row)
	}
	b := f.reports(all...)
	for r := range b.Rows {
		b.Records.Values[r], b.Records.Offsets[r] = fmt.Appendf(nil, "content %d", r), int64(r)
	}
	return b
}

// TestLiveLaw lets reports arrive in any order at several partitions, some of them
// repeatedly, while the process crashes and comes back: what stands on the log at the
// end is what the whole input says at once.
func TestLiveLaw(t *testing.T) {
	lookups := outside(t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFiller()
		g := grower{t: t, s: f.schema}
		rows := 1 + even(t, 16, "rows")
		var set *lang.Set
		var b *event.Batch
		if even(t, 8, "random") > 0 {
			set, b = g.lively(), f.brief(t, rows)
		} else {
			set, b = g.set(4), f.input(t, min(rows, 10))
		}
		for _, r := range set.Rules {
			r.Settle = []int64{0, 0, 1_000}[even(t, 3, "settle")]
		}
		p, err := plan.New(set, lookups)
		if err != nil {
			t.Fatal(err)
		}
		known, all := positions(b.Rows), rapid.Bool().Draw(t, "remember all")
		if !all {
			known = consistent(b)
		}
		q, err := plan.New(backwards(set), lookups)
		if err != nil {
			t.Fatal(err)
		}
		full := judge(t, b, p, known)
		want := short(full)
		order := slices.Clone(known)
		for range even(t, 5, "repetitions") {
			order = append(order, known[even(t, len(known), "again")])
		}
		order = rapid.Permutation(order).Draw(t, "arrival")
		dir := memory(t)
		defer os.RemoveAll(dir)
		w := newWorld(t, dir, b, []*plan.Plan{p, q}, window.Options{All: all, Seed: 1}, []int{1, 2, 4096}[even(t, 3, "budget")])
		left := order
		for range even(t, 80, "acts") {
			left = w.act(left)
		}
		w.end(left)
		for _, p := range w.all {
			if got := p.again(known); !slices.Equal(got, full) {
				t.Fatalf("said once more, and should not: %q\nnot said once more: %q", without(got, full), without(full, got))
			}
			if err := p.judge.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.standing(latestOf(b, known)); !slices.Equal(got, want) {
			for _, l := range w.trace {
				t.Log(l)
			}
			t.Fatalf("stands and should not: %q\nshould stand: %q", without(got, want), without(want, got))
		}
	})
}

// backwards returns set with its rules in the opposite order, and one more that never
// hits.
func backwards(set *lang.Set) *lang.Set {
	out := *set
	n := len(set.Rules)
	out.Rules, out.Order = slices.Clone(set.Rules), nil
	slices.Reverse(out.Rules)
	out.Rules = append(out.Rules, &lang.Rule{ID: "silent", Version: 1, Status: lang.Live, On: kinds, Guard: node(lang.Lt, lang.Bool, col(set.Schema, "amount"), number("0"))})
	for _, at := range set.Order {
		out.Order = append(out.Order, n-1-at)
	}
	out.Order = append(out.Order, n)
	return &out
}

// without returns the lines of a that b lacks.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(l string) bool { return slices.Contains(b, l) })
}
