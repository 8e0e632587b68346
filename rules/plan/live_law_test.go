package plan_test

import (
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
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

// TestLiveLaw lets reports arrive in any order at several partitions, some of them
// repeatedly, while the process crashes and comes back: what stands on the log at the
// end is what the whole input says at once.
func TestLiveLaw(t *testing.T) {
	lookups := outside(t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFiller()
		set := grower{t: t, s: f.schema}.set(4)
		for _, r := range set.Rules {
			r.Settle = rapid.SampledFrom([]int64{0, 0, 1_000}).Draw(t, "settle")
		}
		b := f.input(t, rapid.IntRange(1, 12).Draw(t, "rows"))
		p, err := plan.New(set, lookups)
		if err != nil {
			t.Fatal(err)
		}
		rows, all := positions(b.Rows), rapid.Bool().Draw(t, "remember all")
		if !all {
			rows = consistent(b)
		}
		want := short(judge(t, b, p, rows))
		order := slices.Clone(rows)
		for range rapid.IntRange(0, 4).Draw(t, "repetitions") {
			order = append(order, rapid.SampledFrom(rows).Draw(t, "again"))
		}
		order = rapid.Permutation(order).Draw(t, "arrival")
		dir := memory(t)
		defer os.RemoveAll(dir)
		w := newWorld(t, dir, b, p, window.Options{All: all}, rapid.SampledFrom([]int{1, 2, 4096}).Draw(t, "budget"))
		left := order
		for range rapid.IntRange(0, 40).Draw(t, "acts") {
			left = w.act(left)
		}
		w.end(left)
		if err := w.judge.Close(); err != nil {
			t.Fatal(err)
		}
		if got := w.standing(latestOf(b, rows)); !slices.Equal(got, want) {
			t.Fatalf("standing\n%q\nwant\n%q", got, want)
		}
	})
}
