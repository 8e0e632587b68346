package pipeline

import (
	"context"
	"errors"
	"maps"
	"math"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
)

// between does what a judge that remembers needs between two runs.
func (d *detect) between(ctx context.Context, busy bool) {
	memory := d.remembers()
	if memory == nil {
		d.learn(busy)
		return
	}
	now := d.options.Now()
	d.look()
	if now.Sub(d.ticked) >= tickEvery {
		d.ticked = now
		d.tick(ctx, now)
	}
	if now.Sub(d.kept) >= keepEvery {
		d.kept = now
		d.keep()
	}
	d.learn(busy)
	d.tell(now)
}

// look notes which partitions have nothing more to replay although no run said so.
func (d *detect) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for p, t := range d.tracks {
		if !t.through {
			_, ended := d.options.Detect.Ended(p)
			t.through = ended || d.options.Detect.Away(p)
		}
	}
}

// recall publishes, for each partition that has come here, what later evidence
// has recently made of its earlier reports: its owner before may not have said it
// all. That waits until whatever was said before has been judged, and comes before
// anything is judged again.
func (d *detect) recall(ctx context.Context) {
	for _, o := range d.recallable() {
		v := &verdict{recent: o, concerned: []*owned{o}, began: d.options.Now()}
		if err := d.judgeMore(v, func(m Memory) (*hit.Judgement, error) { return m.Recent(o.p, o.below) }); err != nil {
			d.options.Log.Error("judge once more what was judged for another owner", telemetry.Topic, o.p.Topic, telemetry.Partition, o.p.ID, telemetry.Error, err)
			d.mu.Lock()
			o.asked = false
			d.landLocked(o, true)
			d.mu.Unlock()
			_ = fault.Sleep(ctx, tickEvery)
			continue
		}
		d.send(ctx, v)
	}
}

// recallable returns the owners for whom Recent is to be asked now, and counts the
// answer as in flight.
func (d *detect) recallable() (os []*owned) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.owned {
		if t := d.tracks[o.p]; o.recent && !o.asked && t != nil && t.owner == o {
			os = append(os, o)
		}
	}
	if len(os) == 0 {
		return nil
	}
	for _, t := range d.tracks {
		if t.next < t.bound() && !d.endedLocked(t) {
			return nil
		}
	}
	for _, o := range os {
		o.asked = true
		o.inflight++
	}
	return os
}

// endedLocked reports whether no more of t is to come for the time being.
func (d *detect) endedLocked(t *track) bool {
	_, ended := d.options.Detect.Ended(t.p)
	return ended || d.options.Detect.Away(t.p)
}

// judgeMore makes what the judge in force says without a run into v.
func (d *detect) judgeMore(v *verdict, ask func(Memory) (*hit.Judgement, error)) error {
	d.judging.Lock()
	defer d.judging.Unlock()
	memory := d.remembers()
	if memory == nil {
		v.hold = d.holding
		return nil
	}
	said, err := ask(memory)
	if err != nil {
		return err
	}
	if v.recent != nil {
		said.Hold = d.holding // it says nothing new
	}
	d.address(v, said)
	return nil
}

// tick lets the judge know how far the time of all partitions has come.
func (d *detect) tick(ctx context.Context, now time.Time) {
	if at, ok := d.aligned(now); ok {
		d.clock = max(d.clock, at)
	}
	if d.clock == 0 {
		return
	}
	d.options.Metrics.ClockLag.Record(ctx, now.Sub(time.UnixMilli(d.clock)).Seconds())
	v, before := &verdict{began: now}, d.holding
	if err := d.judgeMore(v, func(m Memory) (*hit.Judgement, error) { return m.Tick(d.clock) }); err != nil {
		d.options.Log.Error("judge what has waited", telemetry.Error, err)
		d.ticked = now.Add(retryMax)
		return
	}
	if len(v.hits) > 0 || len(v.overturned) > 0 || !maps.Equal(before, v.hold) {
		d.send(ctx, v)
	}
}

// aligned returns the record time up to which every partition has been judged:
// now, less what a record needs to get into the log, for those that are read to
// their end, and the latest record judged for the others. A partition of which
// nobody can say when more will come holds up nothing. False when nothing is known.
func (d *detect) aligned(now time.Time) (int64, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	least := int64(math.MaxInt64)
	for p, t := range d.tracks {
		at := t.time
		if age, ok := d.options.Detect.Ended(p); ok {
			at = max(at, now.Add(-age-clockAllowance).UnixMilli())
		} else if d.options.Detect.Away(p) {
			continue
		}
		least = min(least, at)
	}
	return least, least > 0 && least < math.MaxInt64
}

// keep lets the judge write part of a snapshot.
func (d *detect) keep() {
	d.judging.Lock()
	defer d.judging.Unlock()
	at := d.positions()
	if memory := d.remembers(); memory != nil && len(at) > 0 {
		if err := memory.Keep(at); err != nil {
			d.options.Log.Warn("write snapshot", telemetry.Error, err)
			d.kept = d.kept.Add(tellEvery)
		}
	}
}

// warming is a batch of the past on its way to the judge.
type warming struct {
	records *event.Records
	done    chan error
}

func (d *detect) warm(ctx context.Context, records *event.Records) error {
	w := &warming{records, make(chan error, 1)}
	d.poke()
	select {
	case d.warming <- w:
		return <-w.done // soon: nothing may look at records after the return
	case <-d.ended:
		return errors.New("warm rules: the pipeline has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// learn shows the judge a batch of the past when one waits, and not too many of
// them while live traffic waits too.
func (d *detect) learn(busy bool) {
	d.live++
	if busy && d.live < warmShare {
		return
	}
	select {
	case w := <-d.warming:
		d.live = 0
		w.done <- d.learnFrom(w.records)
	default:
	}
}

func (d *detect) learnFrom(records *event.Records) error {
	d.judging.Lock()
	defer d.judging.Unlock()
	warmer, ok := d.judge.(Warmer)
	if !ok {
		return errors.New("warm rules: the judge in force does not remember")
	}
	if err := d.ready(); err != nil {
		return err
	}
	batch, _ := d.decoder.Decode(records)
	defer batch.Release()
	return warmer.Warm(batch)
}
