package app

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// Counts is what a haltwire has done since it started.
type Counts struct {
	Reports uint64 // read by the detect loop
	Dead    uint64 // of them, not usable
	Hits    uint64 // put on the log, one whose case rose once
	// Overturned counts those of Hits that later evidence has taken back.
	Overturned uint64
}

// counters count once a batch.
type counters struct{ reports, dead, hits, overturned atomic.Uint64 }

// count counts a run that was judged.
func (c *counters) count(b *event.Batch, recs *event.Records) {
	c.reports.Add(uint64(recs.Len()))
	c.dead.Add(uint64(recs.Len() - b.Rows))
}

// Counts returns the counts so far.
func (a *App) Counts() Counts {
	return Counts{Reports: a.counters.reports.Load(), Dead: a.counters.dead.Load(), Hits: a.counters.hits.Load(), Overturned: a.counters.overturned.Load()}
}

// countingJudge counts what passes through a judge.
type countingJudge struct {
	judge    failing
	counters *counters
	faults   *faults
}

// failing is a judge that counts run-time errors, by position of the rule.
type failing interface {
	pipeline.Judge
	Errors() []uint64
}

// Columns implements pipeline.Judge.
func (j countingJudge) Columns() []bool { return j.judge.Columns() }

// Judge implements pipeline.Judge.
func (j countingJudge) Judge(b *event.Batch, recs *event.Records) (*hit.Judgement, error) {
	said, err := j.judge.Judge(b, recs)
	if err == nil {
		j.counters.count(b, recs)
		if j.faults.due(b.Rows, time.Now()) {
			j.faults.look(j.judge.Errors())
		}
	}
	return said, err
}

// countingLog counts hits that are on the log.
type countingLog struct {
	pipeline.HitLog
	counters *counters
}

// Append implements pipeline.HitLog.
func (l countingLog) Append(ctx context.Context, hits []*hit.Hit) error {
	err := l.HitLog.Append(ctx, hits)
	if err != nil {
		return err
	}
	for _, h := range hits {
		if !h.Changed {
			l.counters.hits.Add(1)
		}
	}
	return nil
}

// Overturn implements pipeline.HitLog.
func (l countingLog) Overturn(ctx context.Context, overturned []hit.Overturned) error {
	err := l.HitLog.Overturn(ctx, overturned)
	if err != nil {
		return err
	}
	for i := range overturned {
		if o := &overturned[i]; o.Now == nil && !o.Doubt {
			l.counters.overturned.Add(1)
		}
	}
	return nil
}
