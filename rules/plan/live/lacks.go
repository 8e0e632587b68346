package live

import "math"

// Lacks returns since when, Unix ms, all reports would have to be fed for windows to
// miss nothing at a clock, and since when those of them that lack something do see
// all: when that is not later, nothing is lacking.
func (j *Judge) Lacks(clock int64) (needed, covered int64) {
	needed, covered = math.MaxInt64, math.MinInt64
	for i := range j.panes {
		p := &j.panes[i]
		if from := clock - p.within - j.o.Lateness; from < p.covered {
			needed, covered = min(needed, from), max(covered, p.covered)
		}
	}
	return needed, covered
}
