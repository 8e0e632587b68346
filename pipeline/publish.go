package pipeline

import (
	"context"
	"strconv"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
)

// publish puts the hits of judged runs on the log, all that wait at once, until
// ctx ends.
func (d *detect) publish(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			d.dropWaiting()
			return
		case v := <-d.judged:
			d.append(ctx, d.waiting(v))
		}
	}
}

// waiting returns first and every run that waits behind it.
func (d *detect) waiting(first *verdict) []*verdict {
	vs := []*verdict{first}
	for len(vs) < publishDepth {
		select {
		case v := <-d.judged:
			vs = append(vs, v)
		default:
			return vs
		}
	}
	return vs
}

func (d *detect) dropWaiting() {
	for {
		select {
		case v := <-d.judged:
			d.settle(v, false)
		default:
			return
		}
	}
}

// append puts the hits of vs on the log, trying until it succeeds or nobody owns
// their partitions any more.
func (d *detect) append(ctx context.Context, vs []*verdict) {
	backoff := fault.Backoff{Max: retryMax}
	for {
		var hits []*hit.Hit
		var revised []hit.Revision
		vs, hits, revised = d.owning(vs)
		if len(vs) == 0 {
			return
		}
		err := d.appendOnce(ctx, current(hits, revised), revised)
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			d.options.Log.Warn("append hits to the case log", "hits", len(hits), telemetry.Error, err)
		}
		if fault.Sleep(ctx, backoff.Next(0)) != nil {
			for _, v := range vs {
				d.settle(v, false)
			}
			return
		}
	}
	for _, v := range vs {
		d.measure(v)
		d.settle(v, true)
	}
}

// appendOnce puts hits on the log, and then the revisions: a revision before its
// hits would end alerts that it supports.
func (d *detect) appendOnce(ctx context.Context, hits []*hit.Hit, revised []hit.Revision) error {
	if len(hits) > 0 {
		if err := d.options.HitLog.Append(ctx, hits); err != nil {
			return err
		}
	}
	if len(revised) == 0 {
		return nil
	}
	return d.options.HitLog.Revise(ctx, revised)
}

// owning returns the runs of vs whose partitions are still owned, with their
// hits and revisions; the others are dropped.
func (d *detect) owning(vs []*verdict) (still []*verdict, hits []*hit.Hit, revised []hit.Revision) {
	for _, v := range vs {
		d.mu.Lock()
		abandoned := v.owner.abandoned
		d.mu.Unlock()
		if abandoned || lost(v.owner.ctx) {
			d.settle(v, false)
			continue
		}
		still = append(still, v)
		hits = append(hits, v.hits...)
		revised = append(revised, v.revised...)
	}
	return still, hits, revised
}

// settle ends the flight of v: with done its offsets may be committed.
func (d *detect) settle(v *verdict, done bool) {
	v.records.Release()
	d.mu.Lock()
	defer d.mu.Unlock()
	o := v.owner
	o.inflight--
	if !done {
		o.abandoned = true // a later run must not be committed over this one
	} else if !o.abandoned {
		o.acked = v.records.Next
	}
	if o.inflight == 0 && d.owned[o.p] != o {
		select {
		case <-o.settled:
		default:
			close(o.settled)
		}
	}
}

func (d *detect) measure(v *verdict) {
	ctx, m, r := context.Background(), d.options.Metrics, v.records
	topic := telemetry.Attr(telemetry.Topic, r.Topic)
	m.Reports.Add(ctx, int64(r.Len()), topic)
	m.ReportBytes.Add(ctx, int64(r.Bytes), topic)
	now := d.options.Now()
	m.BatchSeconds.Record(ctx, now.Sub(v.began).Seconds(), telemetry.Attr(telemetry.Loop, "detect"))
	lag := telemetry.Attr(telemetry.Loop, "detect", telemetry.Topic, r.Topic, telemetry.Partition, strconv.Itoa(int(r.Partition)))
	m.Lag.Record(ctx, max(0, r.High-r.Next), lag)
	if n := r.Len(); n > 0 {
		m.LagSeconds.Record(ctx, now.Sub(time.UnixMilli(r.Times[n-1])).Seconds(), lag)
	}
	for _, h := range v.hits {
		m.Hits.Add(ctx, 1, telemetry.Attr(telemetry.Rule, h.Rule, telemetry.Status, string(h.Status)))
	}
}

// commit commits once a second what is on the log, until ctx ends.
func (d *detect) commit(ctx context.Context) {
	tick := time.NewTicker(commitEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			next, owners := d.dirty()
			if len(next) > 0 {
				d.commitAll(ctx, next, owners)
			}
		}
	}
}

// dirty returns the offsets that are on the log and not committed.
func (d *detect) dirty() (map[event.Partition]int64, map[event.Partition]*owned) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next, owners := map[event.Partition]int64{}, map[event.Partition]*owned{}
	for p, o := range d.owned {
		if o.acked > o.committed && o.ctx.Err() == nil {
			next[p], owners[p] = o.acked, o
		}
	}
	return next, owners
}

// commitAll commits next, each partition by itself when one of them is lost: the
// source ends the ownership of that one.
func (d *detect) commitAll(ctx context.Context, next map[event.Partition]int64, owners map[event.Partition]*owned) {
	err := d.commitOnce(ctx, next, owners)
	if err != nil && fault.Of(err) == fault.Fenced && len(next) > 1 {
		for p, offset := range next {
			d.commitAll(ctx, map[event.Partition]int64{p: offset}, owners)
		}
		return
	}
	if err != nil {
		d.options.Log.Warn("commit offsets of the detect loop", telemetry.Error, err)
	}
}

// commitOnce commits what of next is not committed yet. One commit at a time, so
// that none is overtaken by an older one.
func (d *detect) commitOnce(ctx context.Context, next map[event.Partition]int64, owners map[event.Partition]*owned) error {
	d.committing.Lock()
	defer d.committing.Unlock()
	d.mu.Lock()
	for p, offset := range next {
		if owners[p].committed >= offset {
			delete(next, p)
		}
	}
	d.mu.Unlock()
	if len(next) == 0 {
		return nil
	}
	if err := d.options.Source.Commit(ctx, next); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for p, offset := range next {
		owners[p].committed = offset
	}
	return nil
}
