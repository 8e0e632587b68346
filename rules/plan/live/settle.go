package live

import (
	"container/heap"

	"github.com/haltwire/haltwire/rules/plan/live/shelf"
)

// settle is the reports that wait for the clock.
type settle struct {
	heap dues
	open [][]held // by source, as they came
}

// due is when a rule can be judged on a report.
type due struct {
	at    int64
	ref   shelf.Ref
	doubt bool // what was said of it before may not be known
}

// held is a report whose offset must not be committed.
type held struct {
	offset int64
	ref    shelf.Ref
}

// dues implements heap.Interface.
type dues []due

func (d dues) Len() int           { return len(d) }
func (d dues) Less(i, k int) bool { return d[i].at < d[k].at }
func (d dues) Swap(i, k int)      { d[i], d[k] = d[k], d[i] }

// Push implements heap.Interface.
func (d *dues) Push(x any) { *d = append(*d, x.(due)) }

// Pop implements heap.Interface.
func (d *dues) Pop() any {
	old := *d
	last := old[len(old)-1]
	*d = old[:len(old)-1]
	return last
}

// wait makes a report wait for the clock to reach at.
func (s *settle) wait(at int64, ref shelf.Ref, doubt bool) {
	heap.Push(&s.heap, due{at, ref, doubt})
}

// hold keeps the offset of a report that waits from being committed.
func (s *settle) hold(ref shelf.Ref, r *shelf.Report) {
	for len(s.open) <= int(r.Source) {
		s.open = append(s.open, nil)
	}
	s.open[r.Source] = append(s.open[r.Source], held{r.Offset, ref})
}

// first returns the offset of the first report of a source that waits.
func (s *settle) first(kept *shelf.Shelf, source int32) (offset int64, ok bool) {
	q := s.open[source]
	for len(q) > 0 {
		if h := q[0]; kept.Kept(h.ref) && kept.At(h.ref).Offset == h.offset && kept.At(h.ref).Pinned() {
			offset, ok = h.offset, true
			break
		}
		q = q[1:]
	}
	if len(q) == 0 {
		q = nil
	}
	s.open[source] = q
	return offset, ok
}

// ripe takes the reports that need to wait no longer.
func (s *settle) ripe(clock int64, f func(d due)) {
	for len(s.heap) > 0 && s.heap[0].at <= clock {
		f(heap.Pop(&s.heap).(due))
	}
}
