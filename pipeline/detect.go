package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// detect is the detect loop: one goroutine decodes and judges runs in the order
// of the reader, a second puts what they brought to light on the log in the same
// order, a third commits what is on the log, and a fourth finds the partitions of
// others for a judge that remembers.
type detect struct {
	options *Options
	judged  chan *verdict // judge → publisher
	warming chan *warming
	changed chan struct{} // the judge is another one: the partitions to read may be too
	ended   chan struct{} // closed when run has returned

	judging sync.Mutex // held while a run is judged and while rules are swapped
	judge   Judge
	columns []bool
	decoder Decoder                   // for columns; nil = to be made
	holding map[event.Partition]int64 // Hold of the latest judgement
	clock   int64                     // of the latest tick, Unix ms

	// Of the detect loop alone.
	ticked, kept, told time.Time
	live               int  // runs judged since the last batch of the past
	slow, caught       bool // a replay has been logged; it is through

	committing sync.Mutex // held during a commit

	mu         sync.Mutex
	memory     Memory // judge, when it remembers
	owned      map[event.Partition]*owned
	tracks     map[event.Partition]*track
	hold       map[event.Partition]int64 // Hold of the latest judgement that is on the log
	found      map[event.Partition]start // partitions of the topics; valid when listed
	listed     bool
	opened     bool // reading has begun
	replaying  bool // a judge that remembers sees again what was said before: see parkLocked
	firstOwned time.Time
	poked      bool
	interrupt  context.CancelFunc // ends the wait for a run
}

func newDetect(o *Options) *detect {
	d := &detect{
		options: o, judge: o.Judge, columns: o.Judge.Columns(),
		judged: make(chan *verdict, publishDepth), warming: make(chan *warming),
		changed: make(chan struct{}, 1), ended: make(chan struct{}),
		owned: map[event.Partition]*owned{}, tracks: map[event.Partition]*track{}, found: map[event.Partition]start{},
	}
	d.memory, d.replaying = o.Judge.(Memory)
	return d
}

// run judges, publishes and commits until ctx ends.
func (d *detect) run(ctx context.Context) {
	defer close(d.ended)
	var loops sync.WaitGroup
	loops.Go(func() { d.publish(ctx) })
	loops.Go(func() { d.commit(ctx) })
	for ctx.Err() == nil {
		d.arrange()
		d.recall(ctx)
		records, err := d.next(ctx)
		if err == nil {
			d.take(ctx, records)
		}
		d.between(ctx, err == nil)
	}
	loops.Wait()
	d.detach()
}

// next returns a run that is there, else waits for one until somebody pokes or a
// tick is due.
func (d *detect) next(ctx context.Context) (*event.Records, error) {
	d.mu.Lock()
	var cancel context.CancelFunc
	if d.memory != nil {
		ctx, cancel = context.WithTimeout(ctx, tickEvery)
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	d.interrupt = cancel
	if d.poked {
		cancel()
	}
	d.poked = false
	d.mu.Unlock()
	defer cancel()
	return d.options.Detect.Next(ctx)
}

// poke makes the detect loop look at what has changed.
func (d *detect) poke() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pokeLocked()
}

func (d *detect) pokeLocked() {
	d.poked = true
	if d.interrupt != nil {
		d.interrupt()
	}
}

// drain waits until nothing of o is in flight, commits, and forgets o.
func (d *detect) drain(hard context.Context, o *owned) {
	d.mu.Lock()
	if d.owned[o.p] == o {
		delete(d.owned, o.p) // runs that are still to come from the reader are not its any more
	}
	idle := o.inflight == 0
	d.mu.Unlock()
	d.poke()
	if lost(o.ctx) {
		idle = true
	}
	if !idle {
		patience := time.NewTimer(drainTime)
		defer patience.Stop()
		select {
		case <-o.settled:
		case <-patience.C:
			d.options.Log.Warn("give partition back with hits not yet on the log: the next owner judges them again", telemetry.Topic, o.p.Topic, telemetry.Partition, o.p.ID)
		case <-hard.Done():
		}
	}
	d.mu.Lock()
	o.abandoned = true
	next := d.boundLocked(o)
	dirty := next > o.committed && !lost(o.ctx)
	d.mu.Unlock()
	if dirty {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(hard), drainTime)
		defer cancel()
		d.commitAll(ctx, map[event.Partition]int64{o.p: next}, map[event.Partition]*owned{o.p: o})
	}
}

// admit returns the track of a run, with the owner for whom it is in flight from now
// on: nil where it is another instance's. It returns nil for a run that nobody here is
// to judge.
func (d *detect) admit(records *event.Records) (*track, *owned) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tracks[event.Partition{Topic: records.Topic, ID: records.Partition}]
	if t == nil || d.replaying && !d.beforeLocked(t, records) {
		return nil, nil
	}
	o := t.owner
	if o != nil && (d.owned[t.p] != o || o.ctx.Err() != nil) {
		o = nil
	}
	if o == nil && d.memory == nil {
		return nil, nil
	}
	if o != nil {
		o.inflight++
	}
	return t, o
}

// take judges one run and hands it to the publisher.
func (d *detect) take(ctx context.Context, records *event.Records) {
	t, o := d.admit(records)
	if t == nil {
		records.Release()
		return
	}
	v := &verdict{track: t, owner: o, records: records, began: d.options.Now()}
	backoff := fault.Backoff{Max: retryMax}
	for {
		err := d.decide(ctx, v)
		if err == nil {
			break
		}
		d.options.Log.Error("judge reports", telemetry.Topic, records.Topic, telemetry.Partition, records.Partition, telemetry.Offset, v.first(), telemetry.Error, err)
		if fault.Sleep(ctx, backoff.Next(0)) != nil || d.remembers() == nil && o != nil && o.ctx.Err() != nil {
			d.settle(v, false)
			return
		}
	}
	d.send(ctx, v)
}

// send hands v to the publisher.
func (d *detect) send(ctx context.Context, v *verdict) {
	select {
	case d.judged <- v:
	case <-ctx.Done():
		d.settle(v, false)
	}
}

// remembers returns the judge in force when it remembers, else nil.
func (d *detect) remembers() Memory {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.memory
}

// ready makes the decoder for the columns of the rules in force.
func (d *detect) ready() (err error) {
	if d.decoder == nil {
		d.decoder, err = d.options.NewDecoder(d.columns)
	}
	return err
}

func (d *detect) swap(activate func(map[event.Partition]int64) (Judge, error)) error {
	d.judging.Lock()
	defer d.judging.Unlock()
	judge, err := activate(d.offsets())
	if err != nil {
		return err
	}
	memory, _ := judge.(Memory)
	if memory != nil && d.options.Partitions == nil {
		return errors.New("swap rules: a judge that remembers needs the partitions of the topics")
	}
	d.judge = judge
	if columns := judge.Columns(); !slices.Equal(columns, d.columns) {
		d.columns, d.decoder = columns, nil
	}
	d.mu.Lock()
	if (memory == nil) != (d.memory == nil) {
		d.holding, d.hold, d.listed = nil, nil, false
		clear(d.found)
		for _, o := range d.owned {
			o.recent = false // nobody has been silent about anything
		}
	}
	d.memory, d.replaying = memory, d.replaying && memory != nil
	d.mu.Unlock()
	select {
	case d.changed <- struct{}{}:
	default:
	}
	d.poke()
	return nil
}

// offsets returns the first offset that is not judged of each partition owned.
func (d *detect) offsets() map[event.Partition]int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	from := make(map[event.Partition]int64, len(d.owned))
	for p, o := range d.owned {
		from[p] = o.emit
		if t := d.tracks[p]; t != nil && t.owner == o {
			from[p] = t.next
		}
	}
	return from
}

// positions returns the first offset that is not judged of each partition read.
func (d *detect) positions() map[event.Partition]int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := make(map[event.Partition]int64, len(d.tracks))
	for p, t := range d.tracks {
		at[p] = t.next
	}
	maps.DeleteFunc(at, func(_ event.Partition, next int64) bool { return next < 0 })
	return at
}
