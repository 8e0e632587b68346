package window_test

import (
	"testing"

	"github.com/haltwire/haltwire/rules/window"
)

// TestNoAllocation feeds and reads batches of 10,000 reports of keys that are there:
// reading allocates nothing, nor does feeding what was fed before.
func TestNoAllocation(t *testing.T) {
	for _, c := range shapes {
		def := c.def
		def.Key, def.Within, def.Self = "w", 90*24*3_600_000, false
		s := newStore(t, []window.Definition{def}, window.Options{Seed: 1})
		l := newLoad(&def)
		key := func(row int) int { return row % 1000 }
		var verdicts []window.Verdict
		feed := func() {
			verdicts = s.Accept(&l.rs, nil, verdicts[:0])
			s.Feed(0, &l.rs, &l.feed)
		}
		for range 3 {
			l.next(key)
			feed()
		}
		s.ReadAsOf(0, &l.rs, &l.read, l.out)
		if n := testing.AllocsPerRun(3, func() { s.ReadAsOf(0, &l.rs, &l.read, l.out) }); n > 0 {
			t.Errorf("%s: %v allocations in reading", c.name, n)
		}
		if n := testing.AllocsPerRun(3, feed); n > 0 {
			t.Errorf("%s: %v allocations in feeding again", c.name, n)
		}
	}
}
