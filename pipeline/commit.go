package pipeline

import (
	"context"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

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
			d.vouch()
		}
	}
}

// boundLocked returns how far o may be committed: what is below is on the log,
// and so is all that it gave rise to.
func (d *detect) boundLocked(o *owned) int64 { return d.heldLocked(o.p, o.acked) }

func (d *detect) heldLocked(p event.Partition, next int64) int64 {
	if hold, ok := d.hold[p]; ok && d.memory != nil {
		return min(next, hold)
	}
	return next
}

// dirty returns the offsets that may be and are not committed.
func (d *detect) dirty() (map[event.Partition]int64, map[event.Partition]*owned) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next, owners := map[event.Partition]int64{}, map[event.Partition]*owned{}
	for p, o := range d.owned {
		if to := d.boundLocked(o); to > o.committed && o.ctx.Err() == nil {
			next[p], owners[p] = to, o
		}
	}
	return next, owners
}

// vouch tells a judge that remembers up to where everything is on the log and
// committed: of partitions that are not owned what was judged here, because their
// owners commit for themselves.
func (d *detect) vouch() {
	d.mu.Lock()
	memory, at := d.memory, map[event.Partition]int64{}
	for p, t := range d.tracks {
		at[p] = d.heldLocked(p, t.acked)
	}
	for p, o := range d.owned {
		at[p] = o.committed
		if o.recent {
			memory = nil // what later evidence has made of earlier reports is not on the log yet
		}
	}
	d.mu.Unlock()
	if memory == nil {
		return
	}
	for p, next := range at {
		if next < 0 {
			delete(at, p)
		}
	}
	memory.Committed(at)
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
