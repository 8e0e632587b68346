package pipeline

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
)

// publish puts what was judged on the log, all that waits at once, until ctx
// ends.
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

// waiting returns first and every verdict that waits behind it.
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

// append puts what vs say on the log, in their order: a hit that stands again
// must not be overtaken by its overturning. The revisions come last: one before
// its hits would end alerts that it supports.
func (d *detect) append(ctx context.Context, vs []*verdict) {
	done := true
	for rest := vs; done && len(rest) > 0; {
		n := 1 + slices.IndexFunc(rest, func(v *verdict) bool { return len(v.overturned) > 0 })
		if n == 0 {
			n = len(rest)
		}
		done = d.appendHits(ctx, rest[:n], vs) && d.overturn(ctx, rest[:n], vs)
		rest = rest[n:]
	}
	done = done && d.persist(ctx, "revise hits on the case log", func() error {
		revised := d.revised(vs)
		if len(revised) == 0 {
			return nil
		}
		return d.options.HitLog.Revise(ctx, revised)
	})
	for _, v := range vs {
		if done {
			d.measure(v)
		}
		d.settle(v, done)
	}
}

// appendHits puts the hits of vs, which are part of all, on the log.
func (d *detect) appendHits(ctx context.Context, vs, all []*verdict) bool {
	return d.persist(ctx, "append hits to the case log", func() error {
		var hits []*hit.Hit
		for _, v := range vs {
			n := len(hits)
			hits = append(hits, v.hits...)
			if lost := d.without(v); len(lost) > 0 {
				kept := slices.DeleteFunc(hits[n:], func(h *hit.Hit) bool { return about(lost, h.Position) })
				hits = hits[:n+len(kept)]
			}
		}
		if hits = current(hits, d.revised(all)); len(hits) == 0 {
			return nil
		}
		return d.options.HitLog.Append(ctx, hits)
	})
}

// overturn puts on the log which hits vs say to hold no more.
func (d *detect) overturn(ctx context.Context, vs, all []*verdict) bool {
	last := vs[len(vs)-1] // the others overturn nothing
	if len(last.overturned) == 0 {
		return true
	}
	return d.persist(ctx, "overturn hits on the case log", func() error {
		lost, latest := d.without(last), versions(d.revised(all))
		var overturned []hit.Overturned
		for i := range last.overturned {
			o := &last.overturned[i]
			if !about(lost, o.Position) && !latest.supersede(o.Reporter, o.ReportID, o.Version) {
				overturned = append(overturned, *o)
			}
		}
		if len(overturned) == 0 {
			return nil
		}
		return d.options.HitLog.Overturn(ctx, overturned)
	})
}

// revised returns the revisions of vs for partitions that are still owned.
func (d *detect) revised(vs []*verdict) (revised []hit.Revision) {
	for _, v := range vs {
		if len(v.revised) > 0 && !d.gone(v.owner) {
			revised = append(revised, v.revised...)
		}
	}
	return revised
}

// persist takes a step until it succeeds; false when ctx ends first.
func (d *detect) persist(ctx context.Context, what string, step func() error) bool {
	backoff := fault.Backoff{Max: retryMax}
	for {
		err := step()
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			d.options.Log.Warn(what, telemetry.Error, err)
		}
		if fault.Sleep(ctx, backoff.Next(0)) != nil {
			return false
		}
	}
}

// gone reports whether nothing may be published for o any more. A later run must
// not be committed over what was left out.
func (d *detect) gone(o *owned) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	o.abandoned = o.abandoned || lost(o.ctx)
	return o.abandoned
}

// without returns those of whom v speaks and nothing may be published any more.
func (d *detect) without(v *verdict) (lost []*owned) {
	if v.owner != nil && d.gone(v.owner) {
		lost = append(lost, v.owner)
	}
	for _, o := range v.concerned {
		if d.gone(o) {
			lost = append(lost, o)
		}
	}
	return lost
}

// about reports whether pos is in a partition of one of owners.
func about(owners []*owned, pos event.Position) bool {
	return slices.ContainsFunc(owners, func(o *owned) bool { return o.p.ID == pos.Partition && o.p.Topic == pos.Topic })
}

// settle ends the flight of v: with done its offsets may be committed.
func (d *detect) settle(v *verdict, done bool) {
	if v.records != nil {
		v.records.Release()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if done {
		d.hold = v.hold
		if v.track != nil {
			v.track.acked = v.records.Next
		}
		if v.recent != nil {
			v.recent.recent = false
		}
	}
	if o := v.owner; o != nil {
		d.landLocked(o, done)
		if done && !o.abandoned {
			o.acked = v.records.Next
		}
	}
	for _, o := range v.concerned {
		d.landLocked(o, done)
	}
}

// landLocked ends the flight of a verdict for o.
func (d *detect) landLocked(o *owned, done bool) {
	o.inflight--
	o.abandoned = o.abandoned || !done // a later run must not be committed over this one
	if o.inflight == 0 && d.owned[o.p] != o {
		select {
		case <-o.settled:
		default:
			close(o.settled)
		}
	}
}

func (d *detect) measure(v *verdict) {
	ctx, m := context.Background(), d.options.Metrics
	for _, h := range v.hits {
		m.Hits.Add(ctx, 1, telemetry.Attr(telemetry.Rule, h.Rule, telemetry.Status, string(h.Status)))
	}
	for i := range v.overturned {
		if v.overturned[i].Doubt || v.overturned[i].Now != nil {
			continue // most of the doubtful ones never held; what holds as a lower case is not gone
		}
		m.Overturned.Add(ctx, 1, telemetry.Attr(telemetry.Rule, v.overturned[i].Rule, telemetry.Status, string(v.overturned[i].Status)))
	}
	r := v.records
	if r == nil {
		return
	}
	now, loop := d.options.Now(), "detect"
	if v.owner == nil {
		loop = "follow"
	} else if r.Next > v.owner.emit {
		topic := telemetry.Attr(telemetry.Topic, r.Topic)
		m.Reports.Add(ctx, int64(r.Len()), topic)
		m.ReportBytes.Add(ctx, int64(r.Bytes), topic)
		m.BatchSeconds.Record(ctx, now.Sub(v.began).Seconds(), telemetry.Attr(telemetry.Loop, loop))
	}
	lag := telemetry.Attr(telemetry.Loop, loop, telemetry.Topic, r.Topic, telemetry.Partition, strconv.Itoa(int(r.Partition)))
	m.Lag.Record(ctx, max(0, r.High-r.Next), lag)
	if n := r.Len(); n > 0 {
		m.LagSeconds.Record(ctx, now.Sub(time.UnixMilli(r.Times[n-1])).Seconds(), lag)
	}
}
