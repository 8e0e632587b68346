package app

import (
	"slices"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// succession judges each report by the rules that held at its offset: after a
// crash the reports between the committed offset and an activation were judged
// by the rules before it, and must be again, or hits of both would exist.
type succession struct {
	before, after pipeline.Judge
	from          map[event.Partition]int64 // where after begins; 0 where not listed
}

// Columns implements pipeline.Judge.
func (s succession) Columns() []bool {
	both := slices.Clone(s.after.Columns())
	for i, is := range s.before.Columns() {
		both[i] = both[i] || is
	}
	return both
}

// Judge implements pipeline.Judge.
func (s succession) Judge(b *event.Batch, recs *event.Records) (*hit.Judgement, error) {
	from := s.from[event.Partition{Topic: recs.Topic, ID: recs.Partition}]
	if recs.Len() == 0 || recs.Offsets[0] >= from {
		return s.after.Judge(b, recs)
	}
	older, err := s.before.Judge(b, recs)
	if err != nil || recs.Offsets[recs.Len()-1] < from {
		return older, err
	}
	newer, err := s.after.Judge(b, recs)
	if err != nil {
		return nil, err
	}
	hits := slices.DeleteFunc(older.Hits, func(h *hit.Hit) bool { return h.Position.Offset >= from })
	hits = append(hits, slices.DeleteFunc(newer.Hits, func(h *hit.Hit) bool { return h.Position.Offset < from })...)
	return &hit.Judgement{Hits: hits}, nil
}
