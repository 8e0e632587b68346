package live

import (
	"container/heap"
	"math"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/plan/live/shelf"
	"github.com/haltwire/haltwire/rules/window"
)

// queue is the keys whose candidates must be judged again, in the order in which
// they were changed first.
type queue struct {
	items []item
	by    map[place]int // of items; nil while nothing is deferred
	room  []shelf.Ref
}

// place is a key and the partition whose reports changed it.
type place struct {
	key    uint64 // hash of window and key
	source int32
}

// item is a changed key.
type item struct {
	place
	hold     int64  // offset of the first report that changed it
	from, to int64  // times of candidates whose windows the change can be in
	turn     uint32 // candidates judged in it or later have seen the change
	cause    int64  // offset of the last report of the run that changed it
	record   int64  // its record time
	doubt    bool
}

// add notes a change, and makes it one with an earlier one of its place that is
// still in the queue.
func (q *queue) add(i item) {
	at, ok := q.by[i.place]
	if !ok {
		if q.by != nil {
			q.by[i.place] = len(q.items)
		}
		q.items = append(q.items, i)
		return
	}
	have := &q.items[at]
	i.hold, i.from, i.to, i.doubt = min(have.hold, i.hold), min(have.from, i.from), max(have.to, i.to), have.doubt || i.doubt
	*have = i
}

// changed returns what the keys that b changes have in common.
func (j *Judge) changed(b *event.Batch, source int32, hold int64, doubt bool) item {
	last := b.Rows - 1
	return item{place: place{source: source}, hold: hold, turn: j.turn, cause: b.Offset(last), record: b.RecordTime(last), doubt: doubt}
}

// dirty puts the keys that the last batch changed into the queue; latest is the
// greatest time of what was fed or taken back.
func (j *Judge) dirty(i item, latest int64) {
	empty := j.shelf.Candidates() == 0
	j.state.Store().Dirty(func(w int, key []byte, from int64) {
		if !empty {
			j.stir(i, w, key, from, latest)
		}
	})
}

// stir puts a key, which changed between two times, into the queue.
func (j *Judge) stir(i item, w int, key []byte, from, latest int64) {
	p := &j.panes[w]
	i.key = p.hash(key)
	i.from, i.to = from+p.until, math.MaxInt64
	if latest < math.MaxInt64 {
		i.to = latest + p.within
	}
	if j.shelf.Finds(i.key, i.from, i.to) {
		j.queue.add(i)
	}
}

// doubted puts the keys that superseded reports of b would have changed into the
// queue: the process before may have judged by them, before it saw what supersedes
// them.
func (j *Judge) doubted(i item, b *event.Batch, verdicts []window.Verdict) {
	for r, v := range verdicts {
		if v != window.Superseded {
			continue
		}
		occurred := b.Columns[j.cols.occurred].I64[r]
		j.state.Keys(b, r, func(w int, key []byte) { j.stir(i, w, key, occurred, occurred) })
	}
}

// choose calls at most budget candidates to be judged again, and returns how many
// keys have none left.
func (j *Judge) choose(budget int) (done int) {
	q := &j.queue
	for ; done < len(q.items) && budget > 0; done++ {
		i := &q.items[done]
		found := q.room[:0]
		j.shelf.Between(i.key, i.from, i.to, func(ref shelf.Ref, r *shelf.Report) {
			if int32(i.turn-r.Turn) > 0 && r.Time > j.horizon {
				found = append(found, ref)
			}
		})
		q.room = found
		if len(found) > budget { // those that have waited longest
			slices.SortFunc(found, func(a, b shelf.Ref) int { return int(int32(j.shelf.At(a).Turn - j.shelf.At(b).Turn)) })
		}
		for _, ref := range found[:min(len(found), budget)] {
			j.turns.call(call{ref, i.at(j), i.record, i.doubt})
		}
		if budget -= len(found); budget < 0 {
			break
		}
	}
	return done
}

// at returns the position of the cause.
func (i *item) at(j *Judge) event.Position {
	p := j.sources[i.source]
	return event.Position{Topic: p.Topic, Partition: p.ID, Offset: i.cause}
}

// cut forgets the first n items.
func (q *queue) cut(n int) {
	q.items = slices.Delete(q.items, 0, n)
	q.by = nil
	if len(q.items) == 0 {
		return
	}
	q.by = make(map[place]int, len(q.items))
	for at, i := range q.items {
		q.by[i.place] = at
	}
}

// hold returns the first offset of each partition whose consequences are not said
// yet; nil when all are.
func (j *Judge) hold() (hold map[event.Partition]int64) {
	put := func(source int32, offset int64) {
		p := j.sources[source].Partition
		if hold == nil {
			hold = map[event.Partition]int64{}
		}
		if have, ok := hold[p]; !ok || offset < have {
			hold[p] = offset
		}
	}
	for i := range j.queue.items {
		if it := &j.queue.items[i]; it.hold < math.MaxInt64 {
			put(it.source, it.hold)
		}
	}
	for source := range j.settle.open {
		if offset, ok := j.settle.first(j.shelf, int32(source)); ok {
			put(int32(source), offset)
		}
	}
	return hold
}

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
