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

// lively draws a set of rules that windows decide nearly alone.
func (g grower) lively() *lang.Set {
	s := &lang.Set{Schema: g.s}
	for i := range 1 + g.pick(2) {
		w := &lang.Window{Key: fmt.Sprint("window ", i), KeyBy: map[string][]*lang.Node{}, From: kinds, Self: g.pick(3) > 0}
		w.Match = []*lang.Node{col(g.s, g.from([]string{"currency", "currency", "reporter"}))}
		for _, kind := range kinds {
			w.KeyBy[kind] = w.Match
		}
		w.Within, w.Until = int64(1_001+1_000*g.pick(4)), 0
		if g.pick(3) == 0 {
			w.Until = 1_000
		}
		if g.pick(4) == 0 {
			w.Last = 2
		}
		if g.pick(4) == 0 {
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
		win, c := g.pick(len(s.Windows)), g.pick(3)
		v := &lang.Node{Op: lang.Windowed, Type: lang.Number, Win: win, Col: c, Key: fmt.Sprintf("window(%d).%d", win, c)}
		if limit := g.from([]string{"1", "2", "3", "4"}); g.pick(3) > 0 {
			return node(lang.Ge, lang.Bool, v, number(limit))
		} else {
			return node(lang.Lt, lang.Bool, v, number(limit))
		}
	}
	for i := range 1 + g.pick(3) {
		r := &lang.Rule{ID: fmt.Sprintf("rule-%03d", i), Version: 1, Status: lang.Live, On: kinds}
		for c := range g.pick(4) {
			r.Cases = append(r.Cases, lang.Case{Name: fmt.Sprint("c", c), When: value()})
		}
		if len(r.Cases) == 0 || g.pick(4) == 0 {
			r.Guard = value()
		}
		if i > 0 && g.pick(3) == 0 {
			g.link(r, s.Rules[g.pick(i)])
			r.Cases = append([]lang.Case{{Name: "points", When: node(lang.Gt, lang.Bool, &lang.Node{Op: lang.Score, Type: lang.Number, Key: "score"}, number("2"))}}, r.Cases...)
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
			"kind": kinds[rapid.IntRange(0, 1).Draw(t, "kind")], "currency": rapid.SampledFrom([]string{"GBP", "GBP", "INR"}).Draw(t, "currency"),
			"reporter": "HWBIINBB", "report_id": fmt.Sprint("R-", r), "occurred_at": fmt.Sprint(1_000 * rapid.IntRange(0, 5).Draw(t, "at")),
			"amount": rapid.SampledFrom([]string{"1", "2"}).Draw(t, "amount"),
		}
		if r > 0 && rapid.IntRange(0, 5).Draw(t, "corrects") == 0 {
			row["report_id"] = fmt.Sprint("R-", rapid.IntRange(0, r-1).Draw(t, "which"))
			row["revision"] = fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "revision"))
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
		rows := rapid.IntRange(1, 16).Draw(t, "rows")
		var set *lang.Set
		var b *event.Batch
		if rapid.IntRange(0, 7).Draw(t, "lively") > 0 {
			set, b = g.lively(), f.brief(t, rows)
		} else {
			set, b = g.set(4), f.input(t, min(rows, 10))
		}
		for _, r := range set.Rules {
			r.Settle = rapid.SampledFrom([]int64{0, 0, 1_000}).Draw(t, "settle")
		}
		p, err := plan.New(set, lookups)
		if err != nil {
			t.Fatal(err)
		}
		known, all := positions(b.Rows), rapid.Bool().Draw(t, "remember all")
		if !all {
			known = consistent(b)
		}
		want := short(judge(t, b, p, known))
		order := slices.Clone(known)
		for range rapid.IntRange(0, 4).Draw(t, "repetitions") {
			order = append(order, rapid.SampledFrom(known).Draw(t, "again"))
		}
		order = rapid.Permutation(order).Draw(t, "arrival")
		dir := memory(t)
		defer os.RemoveAll(dir)
		w := newWorld(t, dir, b, p, window.Options{All: all}, rapid.SampledFrom([]int{1, 2, 4096}).Draw(t, "budget"))
		left := order
		for range rapid.IntRange(10, 70).Draw(t, "acts") {
			left = w.act(left)
		}
		w.end(left)
		if err := w.judge.Close(); err != nil {
			t.Fatal(err)
		}
		if got := w.standing(latestOf(b, known)); !slices.Equal(got, want) {
			t.Fatalf("standing\n%q\nwant\n%q", got, want)
		}
	})
}
