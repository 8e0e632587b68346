package app

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live"
)

// succession judges each report by the rules that held at its offset: after a
// crash the reports between the committed offset and an activation were judged
// by the rules before it, and must be again, or hits of both would exist.
type succession struct {
	before, after pipeline.Judge
	from          map[event.Partition]int64 // where after begins; 0 where not listed
}

// succession returns what judges by old below the given offsets and by after, which
// judges by set, from there on.
func (a *App) succession(old, set *ruleset.Set, after pipeline.Judge, from map[event.Partition]int64) (pipeline.Judge, error) {
	before, err := a.judgeBefore(old)
	if err != nil {
		return nil, err
	}
	if old.Digests.Rates != set.Digests.Rates {
		before = decoding(before, a.reports.decoderBy(&old.Rates, before.Columns()))
	}
	_, remembered := before.(pipeline.Memory)
	if _, remembers := after.(pipeline.Memory); remembers || remembered {
		a.heirs = &heirs{before: before, after: after, from: from}
		return a.heirs, nil
	}
	return succession{before: before, after: after, from: from}, nil
}

// judgeBefore returns a judge by rules that are not in force any more: it restores
// what is remembered, writes no snapshot and counts nothing.
func (a *App) judgeBefore(old *ruleset.Set) (pipeline.Judge, error) {
	if !old.Plan.Windowed() {
		return plan.NewJudge(old.Plan, a.reports.decoderBy(&old.Rates, a.reports.schema.Whole()).Decode, old.Digests), nil
	}
	j, err := live.New(old.Plan, a.liveOptions(old, a.opt.Now().UnixMilli()))
	if err != nil {
		return nil, fmt.Errorf("make windows of the rules before: %w", err)
	}
	m := &memory{judge: j, counters: &counters{}, metrics: telemetry.Discard(), longest: a.longest(old), faults: newFaults(telemetry.Discard(), a.log, old.Plan.Rules())}
	if m.begin, err = j.Restore(); err != nil {
		a.log.Warn("the snapshot of windows cannot be used for the rules before these", telemetry.Error, err)
	}
	if a.reading == nil {
		a.reading = m
	}
	return m, nil
}

// decoding makes j judge what a decoder of its own makes of records.
func decoding(j pipeline.Judge, d *decoder) pipeline.Judge {
	m, ok := j.(*memory)
	if !ok {
		return decodingJudge{j, d}
	}
	m.decoder = d
	return m
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
