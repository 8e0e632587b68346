package pipeline

import (
	"context"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// follow finds the partitions of the topics for a judge that remembers, and where
// reading them begins, until ctx ends.
func (d *detect) follow(ctx context.Context) {
	if !d.gather(ctx) {
		return
	}
	backoff := fault.Backoff{Max: retryMax}
	for ctx.Err() == nil {
		wait := followEvery
		if d.remembers() != nil {
			if err := d.find(ctx); err == nil {
				backoff.Reset()
			} else if ctx.Err() == nil {
				d.options.Log.Warn("find partitions to read", telemetry.Error, err)
				wait = backoff.Next(0)
			}
		}
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-d.changed:
		case <-pause.C:
		}
		pause.Stop()
	}
}

// gather waits until the group has given out what it has for this instance, so
// that reading begins with all partitions at once and knows what was said before.
func (d *detect) gather(ctx context.Context) bool {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < gatherPatience; {
		d.mu.Lock()
		first := d.firstOwned
		d.mu.Unlock()
		if !first.IsZero() && d.options.Now().Sub(first) >= gatherTime {
			break
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// find lists the partitions and finds where reading those begins that are new.
func (d *detect) find(ctx context.Context) error {
	all, err := d.options.Partitions(ctx)
	if err != nil {
		return err
	}
	found := map[event.Partition]start{}
	for _, p := range all {
		known, owner := d.origin(p)
		if known {
			continue
		}
		if found[p], err = d.begin(ctx, p, owner); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.memory == nil {
		return nil
	}
	for p, s := range found {
		d.found[p] = s
	}
	d.listed = true
	d.pokeLocked()
	return nil
}

// origin reports whether p is known already; else it returns the offset that its
// owner here was given, nil without one.
func (d *detect) origin(p event.Partition) (known bool, owner *owned) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, known = d.found[p]
	return known, d.owned[p]
}

// begin finds where reading p begins: before what is committed only when the
// process starts, for what comes in later the judge has to be warmed otherwise.
func (d *detect) begin(ctx context.Context, p event.Partition, owner *owned) (start, error) {
	committed := int64(-1)
	var err error
	switch {
	case owner != nil:
		committed = owner.emit
	case d.options.Committed != nil:
		if committed, err = d.options.Committed(ctx, p); err != nil {
			return start{}, err
		}
	}
	committed = max(committed, -1)
	s := start{begin: committed, committed: committed}
	if committed < 0 || d.options.Begin == nil || d.reads() {
		return s, nil
	}
	if s.begin, err = d.options.Begin(ctx, p, committed); err != nil {
		return start{}, err
	}
	s.begin = min(max(s.begin, -1), committed)
	return s, nil
}

// reads reports whether reading has begun.
func (d *detect) reads() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opened
}
