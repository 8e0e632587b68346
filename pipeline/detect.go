package pipeline

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
)

// detect is the detect loop: one goroutine decodes and judges runs in the order
// of the reader, a second puts hits on the log in the same order, a third
// commits what is on the log.
type detect struct {
	options *Options
	judged  chan *verdict // judge → publisher

	judging sync.Mutex // held while a run is judged and while rules are swapped
	judge   Judge
	columns []bool
	decoder Decoder // for columns; nil = to be made

	committing sync.Mutex // held during a commit

	mu    sync.Mutex
	owned map[event.Partition]*owned
}

// owned is one partition between its assignment and its return. Fields below ctx
// are guarded by detect.mu.
type owned struct {
	p    event.Partition
	ctx  context.Context // ends when the partition must be given back
	emit int64           // below it a replay rebuilds state and emits nothing

	next      int64 // first offset that is not judged
	acked     int64 // first offset whose hits may be missing from the log
	committed int64
	inflight  int  // runs taken from the reader whose hits are not on the log
	abandoned bool // nothing more is published for it
	settled   chan struct{}
}

// verdict is a judged run.
type verdict struct {
	owner   *owned
	records *event.Records
	hits    []*hit.Hit
	revised []hit.Revision // reports of the run that correct earlier versions
	began   time.Time
}

func newDetect(o *Options) *detect {
	return &detect{
		options: o, judge: o.Judge, columns: o.Judge.Columns(),
		judged: make(chan *verdict, publishDepth), owned: map[event.Partition]*owned{},
	}
}

// run judges, publishes and commits until ctx ends.
func (d *detect) run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { d.publish(ctx) })
	loops.Go(func() { d.commit(ctx) })
	for {
		records, err := d.options.Detect.Next(ctx)
		if err != nil {
			break
		}
		d.take(ctx, records)
	}
	loops.Wait()
}

// serve owns p until ctx ends, then finishes or abandons what is in flight and
// commits.
func (d *detect) serve(ctx, hard context.Context, p event.Partition, from int64) {
	o := &owned{p: p, ctx: ctx, emit: from, next: from, acked: from, committed: from, settled: make(chan struct{})}
	d.mu.Lock()
	d.owned[p] = o
	d.mu.Unlock()
	d.options.Detect.Add(p, from)
	select {
	case <-ctx.Done():
	case <-hard.Done():
	}
	d.options.Detect.Remove(p)
	d.drain(hard, o)
}

// drain waits until nothing of o is in flight, commits, and forgets o.
func (d *detect) drain(hard context.Context, o *owned) {
	d.mu.Lock()
	if d.owned[o.p] == o {
		delete(d.owned, o.p) // runs that are still to come from the reader are dropped
	}
	idle := o.inflight == 0
	d.mu.Unlock()
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
	next := o.acked
	dirty := o.acked > o.committed && !lost(o.ctx)
	d.mu.Unlock()
	if dirty {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(hard), drainTime)
		defer cancel()
		d.commitAll(ctx, map[event.Partition]int64{o.p: next}, map[event.Partition]*owned{o.p: o})
	}
}

// take judges one run and hands it to the publisher.
func (d *detect) take(ctx context.Context, records *event.Records) {
	d.mu.Lock()
	o := d.owned[event.Partition{Topic: records.Topic, ID: records.Partition}]
	if o == nil || o.ctx.Err() != nil {
		d.mu.Unlock()
		records.Release()
		return
	}
	o.inflight++
	d.mu.Unlock()
	v := &verdict{owner: o, records: records, began: d.options.Now()}
	backoff := fault.Backoff{Max: retryMax}
	for {
		err := d.decide(ctx, v)
		if err == nil {
			break
		}
		d.options.Log.Error("judge reports", telemetry.Topic, records.Topic, telemetry.Partition, records.Partition, telemetry.Offset, v.first(), telemetry.Error, err)
		if fault.Sleep(ctx, backoff.Next(0)) != nil || o.ctx.Err() != nil {
			d.settle(v, false)
			return
		}
	}
	select {
	case d.judged <- v:
	case <-ctx.Done():
		d.settle(v, false)
	}
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
	if v.records.Len() > 0 {
		_, span := d.options.Tracer.Start(ctx, "detect batch", trace.WithAttributes(
			attribute.String(telemetry.Topic, v.records.Topic), attribute.Int(telemetry.Partition, int(v.records.Partition)),
			attribute.Int64(telemetry.Offset, v.first()), attribute.Int("records", v.records.Len())))
		defer span.End()
		if err := d.ready(); err != nil {
			return err
		}
		batch, _ := d.decoder.Decode(v.records) // dead letters are the archive loop's
		said, err := d.judge.Judge(batch, v.records)
		v.revised = d.revisions(batch, v.owner.emit)
		batch.Release()
		if err != nil {
			return err
		}
		span.SetAttributes(attribute.Int("hits", len(said.Hits)))
		v.hits = said.Hits
		d.finish(v)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v.owner.next = v.records.Next
	return nil
}

// finish drops the hits that a replay must not emit and gives the others the
// traces of their records.
func (d *detect) finish(v *verdict) {
	if v.first() < v.owner.emit {
		v.hits = slices.DeleteFunc(v.hits, func(h *hit.Hit) bool { return h.Position.Offset < v.owner.emit })
	}
	if v.records.Trace == nil {
		return
	}
	for _, h := range v.hits {
		i := sort.Search(v.records.Len(), func(i int) bool { return v.records.Offsets[i] >= h.Position.Offset })
		if h.Trace == "" && i < v.records.Len() && v.records.Offsets[i] == h.Position.Offset {
			h.Trace = string(v.records.Trace[i])
		}
	}
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
	d.mu.Lock()
	from := make(map[event.Partition]int64, len(d.owned))
	for p, o := range d.owned {
		from[p] = o.next
	}
	d.mu.Unlock()
	judge, err := activate(from)
	if err != nil {
		return err
	}
	d.judge = judge
	if columns := judge.Columns(); !slices.Equal(columns, d.columns) {
		d.columns, d.decoder = columns, nil
	}
	return nil
}
