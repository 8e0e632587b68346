package app

import (
	"slices"

	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
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

// succession returns what judges by old below the given offsets and by set from
// there on.
func (a *App) succession(old, set *ruleset.Set, from map[event.Partition]int64) (pipeline.Judge, error) {
	before, err := a.judge(old)
	if err != nil {
		return nil, err
	}
	if old.Digests.Rates != set.Digests.Rates {
		before = decodingJudge{before, a.reports.decoderBy(&old.Rates, before.Columns())}
	}
	after, err := a.judge(set)
	return succession{before: before, after: after, from: from}, err
}

// decodingJudge judges what its own decoder makes of records: by other rates.
type decodingJudge struct {
	judge   pipeline.Judge
	decoder *decoder
}

// Columns implements pipeline.Judge.
func (j decodingJudge) Columns() []bool { return j.judge.Columns() }

// Judge implements pipeline.Judge.
func (j decodingJudge) Judge(_ *event.Batch, recs *event.Records) (*hit.Judgement, error) {
	b, _ := j.decoder.Decode(recs)
	defer b.Release()
	return j.judge.Judge(b, recs)
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
