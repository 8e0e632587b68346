package app

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// heirs are a succession of which one at least remembers: it must see every report,
// whoever speaks about it. About a report below the offset at which after begins,
// before speaks, until everything below is committed; from then on after alone.
type heirs struct {
	before, after pipeline.Judge
	from          map[event.Partition]int64 // where after begins; 0 where not listed
	done          atomic.Bool               // before is not needed any more
}

// Columns implements pipeline.Judge.
func (s *heirs) Columns() []bool {
	both := slices.Clone(s.after.Columns())
	for i, is := range s.before.Columns() {
		both[i] = both[i] || is
	}
	return both
}

// Judge implements pipeline.Judge.
func (s *heirs) Judge(b *event.Batch, recs *event.Records) (*hit.Judgement, error) {
	newer, err := s.after.Judge(b, recs)
	if err != nil || s.done.Load() {
		return newer, err
	}
	older, err := s.before.Judge(b, recs)
	if err != nil {
		return nil, err
	}
	return s.join(older, newer), nil
}

// join puts together what both say, each of what it speaks about.
func (s *heirs) join(older, newer *hit.Judgement) *hit.Judgement {
	old := func(p event.Position) bool {
		return p.Offset < s.from[event.Partition{Topic: p.Topic, ID: p.Partition}]
	}
	out := &hit.Judgement{Hold: maps.Clone(newer.Hold)}
	out.Hits = slices.DeleteFunc(older.Hits, func(h *hit.Hit) bool { return !old(h.Position) })
	out.Hits = append(out.Hits, slices.DeleteFunc(newer.Hits, func(h *hit.Hit) bool { return old(h.Position) })...)
	out.Overturned = slices.DeleteFunc(older.Overturned, func(o hit.Overturned) bool { return !old(o.Position) })
	out.Overturned = append(out.Overturned, slices.DeleteFunc(newer.Overturned, func(o hit.Overturned) bool { return old(o.Position) })...)
	for p, offset := range older.Hold {
		if out.Hold == nil {
			out.Hold = map[event.Partition]int64{}
		}
		if at, ok := out.Hold[p]; !ok || offset < at {
			out.Hold[p] = offset
		}
	}
	return out
}

// ask puts together what those say that remember.
func (s *heirs) ask(question func(pipeline.Memory) (*hit.Judgement, error)) (*hit.Judgement, error) {
	said := [2]*hit.Judgement{{}, {}}
	for i, j := range []pipeline.Judge{s.before, s.after} {
		m, remembers := j.(pipeline.Memory)
		if !remembers || i == 0 && s.done.Load() {
			continue
		}
		var err error
		if said[i], err = question(m); err != nil {
			return nil, err
		}
	}
	if s.done.Load() {
		return said[1], nil
	}
	return s.join(said[0], said[1]), nil
}

// Tick implements pipeline.Memory.
func (s *heirs) Tick(clock int64) (*hit.Judgement, error) {
	return s.ask(func(m pipeline.Memory) (*hit.Judgement, error) { return m.Tick(clock) })
}

// Recent implements pipeline.Memory.
func (s *heirs) Recent(p event.Partition, below int64) (*hit.Judgement, error) {
	return s.ask(func(m pipeline.Memory) (*hit.Judgement, error) { return m.Recent(p, below) })
}

// Keep implements pipeline.Memory.
func (s *heirs) Keep(at map[event.Partition]int64) error {
	if m, ok := s.after.(pipeline.Memory); ok {
		return m.Keep(at)
	}
	return nil
}

// Committed implements pipeline.Memory.
func (s *heirs) Committed(at map[event.Partition]int64) {
	if m, ok := s.after.(pipeline.Memory); ok {
		m.Committed(at)
	}
	for p, from := range s.from {
		if at[p] < from {
			return
		}
	}
	s.done.Store(true)
}

// Warm implements pipeline.Warmer.
func (s *heirs) Warm(b *event.Batch) error {
	for i, j := range []pipeline.Judge{s.before, s.after} {
		w, ok := j.(pipeline.Warmer)
		if !ok || i == 0 && s.done.Load() {
			continue
		}
		if err := w.Warm(b); err != nil {
			return err
		}
	}
	return nil
}
