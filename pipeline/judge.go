package pipeline

import (
	"context"
	"slices"
	"sort"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
)

// verdict is what judging once brought to light: of a run or, without one, of the
// passing of time, or once more.
type verdict struct {
	track     *track // of the run; nil = there is none
	owner     *owned // of the run's partition; nil = it is not owned here
	records   *event.Records
	concerned []*owned // owners of the other partitions that it speaks of
	recent    *owned   // for whom it says things once more

	hits       []*hit.Hit
	overturned []hit.Overturned
	revised    []hit.Revision            // reports of the run that correct earlier versions
	hold       map[event.Partition]int64 // offsets with consequences still to come
	began      time.Time
}

// first returns the first offset of the run.
func (v *verdict) first() int64 {
	if v.records.Len() == 0 {
		return v.records.Next
	}
	return v.records.Offsets[0]
}

// decide decodes and judges the run of v.
func (d *detect) decide(ctx context.Context, v *verdict) error {
	d.judging.Lock()
	defer d.judging.Unlock()
	if v.records.Len() == 0 {
		v.hold = d.holding
		d.advance(v)
		return nil
	}
	_, span := d.options.Tracer.Start(ctx, "detect batch", trace.WithAttributes(
		attribute.String(telemetry.Topic, v.records.Topic), attribute.Int(telemetry.Partition, int(v.records.Partition)),
		attribute.Int64(telemetry.Offset, v.first()), attribute.Int("records", v.records.Len())))
	defer span.End()
	if err := d.ready(); err != nil {
		return err
	}
	batch, _ := d.decoder.Decode(v.records) // dead letters are the archive loop's
	said, err := d.judge.Judge(batch, v.records)
	if err == nil && v.owner != nil {
		v.revised = d.revisions(batch, v.owner.emit)
	}
	batch.Release()
	if err != nil {
		return err
	}
	d.address(v, said)
	span.SetAttributes(attribute.Int("hits", len(v.hits)))
	d.advance(v)
	return nil
}

// address makes what is said part of v where somebody here must say it: of owned
// partitions, and not what was said before.
func (d *detect) address(v *verdict, said *hit.Judgement) {
	d.holding, v.hold = said.Hold, said.Hold
	d.mu.Lock()
	keep := func(p event.Position) bool { return d.concernsLocked(v, p) }
	v.hits = slices.DeleteFunc(said.Hits, func(h *hit.Hit) bool { return !keep(h.Position) })
	v.overturned = slices.DeleteFunc(said.Overturned, func(o hit.Overturned) bool { return !keep(o.Position) })
	d.mu.Unlock()
	if v.records != nil && v.records.Trace != nil {
		v.trace()
	}
}

// concernsLocked reports whether what v says of the report at pos is to be
// published, and notes its owner.
func (d *detect) concernsLocked(v *verdict, pos event.Position) bool {
	o := v.owner
	if o == nil || o.p.ID != pos.Partition || o.p.Topic != pos.Topic {
		o = d.ownerLocked(event.Partition{Topic: pos.Topic, ID: pos.Partition})
	}
	switch {
	case o == nil, v.recent != nil && o != v.recent:
		return false
	case d.replaying && v.recent == nil: // all of it was said before
		return false
	}
	if o != v.owner && !slices.Contains(v.concerned, o) {
		o.inflight++
		v.concerned = append(v.concerned, o)
	}
	return true
}

// trace gives hits on reports of the run the traces of their records.
func (v *verdict) trace() {
	r := v.records
	for _, h := range v.hits {
		if h.Trace != "" || h.Position.Topic != r.Topic || h.Position.Partition != r.Partition {
			continue
		}
		i := sort.Search(r.Len(), func(i int) bool { return r.Offsets[i] >= h.Position.Offset })
		if i < r.Len() && r.Offsets[i] == h.Position.Offset {
			h.Trace = string(r.Trace[i])
		}
	}
}
