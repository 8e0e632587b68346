package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

const (
	// 65,536 rows a block by default: between the 50,000 and 100,000 at which ClickHouse
	// spends least on a row (ENGINE A3).
	blockRows = 1 << 16
	// 32 MB of raw reports a block, so that two blocks fit into a reader's budget.
	blockBytes = 32 << 20
	// 1 s: an analyst is never further behind than this and one INSERT.
	blockAge = time.Second
	// Two blocks on the way to ClickHouse: one is encoded while the other is
	// stored. Each holds some 60 MB of columns.
	writers = 2
	// 1 s between commits of the detect loop: what a successor judges again.
	commitEvery = time.Second
	// 5 s for a partition to finish what was begun; half of what the group grants.
	drainTime = 5 * time.Second
	// 1 s between two tries at most: what is away is asked seldom enough, and what
	// has come back is used at once.
	retryMax = time.Second
	// 1 h: a fraction of the 7 days for which a broker keeps unused offsets.
	refreshEvery = time.Hour
	// 8 judged runs wait for the hit log at most.
	publishDepth = 8
	// 100 ms at most between two ticks of a judge that remembers.
	tickEvery = 100 * time.Millisecond
	// 200 ms between two parts of a snapshot, so that writing takes a small share
	// of the loop.
	keepEvery = 200 * time.Millisecond
	// 500 ms between the time that a record carries and its being in the log: a
	// producer's linger and one request.
	clockAllowance = 500 * time.Millisecond
	// 30 s until a partition that was added to a topic is noticed.
	followEvery = 30 * time.Second
	// 1 s after the first partition the group has given out the others too, and 5 s
	// after the start there are none for this instance.
	gatherTime, gatherPatience = time.Second, 5 * time.Second
	// 5 s between two lines about a replay.
	tellEvery = 5 * time.Second
	// One batch of the past in 4 of live traffic, when both are there.
	warmShare = 4
)

// Options say what a Pipeline works with. Everything without "may be nil" is
// needed.
type Options struct {
	Source      Source
	Detect      Reader // of the detect loop: aligned by record time
	Archive     Reader // of the archive loop
	Cursor      Cursor
	Judge       Judge // the rules at the start
	HitLog      HitLog
	Store       Archive
	DeadLetters DeadLetters
	// NewDecoder returns a decoder of every topic for the projected columns.
	NewDecoder func(columns []bool) (Decoder, error)
	Schema     *event.Schema
	// Version names how rows are made of reports: two versions that may make
	// different rows of one report have different names. It is part of the token
	// of a block, because a store keeps the first of two blocks with one token.
	Version string
	// Retention returns how long a topic keeps its records, 0 for ever; may be nil.
	Retention func(ctx context.Context, topic string) (time.Duration, error)
	// Partitions returns all partitions of the topics, and Committed what the owners
	// of one have committed, negative for nothing. A Memory judge needs both; may be
	// nil otherwise.
	Partitions func(ctx context.Context) ([]event.Partition, error)
	Committed  func(ctx context.Context, p event.Partition) (int64, error)
	// Begin returns where a Memory judge starts to read p when the process starts:
	// not above committed, and not below the start of the log. What is below
	// committed is judged without a word. It is not asked about partitions without
	// committed offset, which are read from their start. May be nil: at committed.
	Begin func(ctx context.Context, p event.Partition, committed int64) (int64, error)
	// BlockRows and BlockEvery close a block, whichever comes first; 0 = 65,536
	// rows and 1 s.
	BlockRows  int
	BlockEvery time.Duration

	Log     *slog.Logger       // may be nil
	Metrics *telemetry.Metrics // may be nil
	Tracer  trace.Tracer       // may be nil
	Now     func() time.Time   // may be nil
}

func (o *Options) validate() error {
	missing := map[string]bool{
		"Source": o.Source == nil, "Detect": o.Detect == nil, "Archive": o.Archive == nil, "Cursor": o.Cursor == nil,
		"Judge": o.Judge == nil, "HitLog": o.HitLog == nil, "Store": o.Store == nil, "DeadLetters": o.DeadLetters == nil,
		"NewDecoder": o.NewDecoder == nil, "Schema": o.Schema == nil,
	}
	for name, is := range missing {
		if is {
			return errors.New("pipeline: option " + name + " is missing")
		}
	}
	if _, remembers := o.Judge.(Memory); remembers && o.Partitions == nil {
		return errors.New("pipeline: option Partitions is missing: a judge that remembers reads them all")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = telemetry.Discard()
	}
	if o.Tracer == nil {
		o.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BlockRows == 0 {
		o.BlockRows = blockRows
	}
	if o.BlockEvery == 0 {
		o.BlockEvery = blockAge
	}
	return nil
}

// Pipeline runs the detect loop and the archive loop over the partitions that
// its source makes it the owner of.
type Pipeline struct {
	options Options
	detect  *detect
	archive *archive

	mu     sync.Mutex
	leave  context.CancelFunc // asks for every partition to be given back
	abort  context.CancelFunc // ends everything at once
	ended  chan struct{}      // closed when Run has returned
	halted bool
}

// New validates the options; it opens nothing.
func New(options Options) (*Pipeline, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	p := &Pipeline{options: options}
	p.detect = newDetect(&p.options)
	p.archive = newArchive(&p.options)
	return p, nil
}

// Run blocks until ctx ends or Stop is called, and returns when every partition
// has been drained and given back. It is called once.
func (p *Pipeline) Run(ctx context.Context) error {
	inner, abort := context.WithCancel(context.WithoutCancel(ctx))
	ctx, leave := context.WithCancel(ctx)
	defer abort()
	defer leave()
	if !p.begin(leave, abort) {
		return nil
	}
	defer close(p.ended)
	var loops sync.WaitGroup
	failed := make(chan error, 2)
	for _, r := range []Reader{p.options.Detect, p.options.Archive} {
		loops.Go(func() {
			if err := r.Run(inner); err != nil && inner.Err() == nil {
				failed <- err
				leave()
			}
		})
	}
	loops.Go(func() { p.detect.run(inner) })
	loops.Go(func() { p.detect.follow(ctx) })
	loops.Go(func() { p.archive.run(inner) })
	err := p.options.Source.Run(ctx, func(ctx context.Context, q event.Partition, from int64) { p.own(ctx, inner, q, from) })
	leave()
	abort()
	loops.Wait()
	select {
	case e := <-failed:
		err = errors.Join(err, e)
	default:
	}
	return err
}

// begin notes how to end Run; false when Stop came first.
func (p *Pipeline) begin(leave, abort context.CancelFunc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.halted {
		return false
	}
	p.leave, p.abort, p.ended = leave, abort, make(chan struct{})
	return true
}

// Stop gives every partition back and waits for Run to return. When ctx ends
// first, what is under way is abandoned: another owner does it again. It may be
// called without Run and twice.
func (p *Pipeline) Stop(ctx context.Context) error {
	p.mu.Lock()
	p.halted = true
	leave, abort, ended := p.leave, p.abort, p.ended
	p.mu.Unlock()
	if ended == nil {
		return nil
	}
	leave()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		abort()
		<-ended
		return ctx.Err()
	}
}

// own runs both loops over one partition until ctx, the ownership, or hard, the
// process, ends.
func (p *Pipeline) own(ctx, hard context.Context, q event.Partition, from int64) {
	p.options.Log.Info("own partition", telemetry.Topic, q.Topic, telemetry.Partition, q.ID, telemetry.Offset, from)
	var loops sync.WaitGroup
	loops.Go(func() { p.archive.serve(ctx, hard, q) })
	p.detect.serve(ctx, hard, q, from)
	loops.Wait()
	p.options.Log.Info("give partition back", telemetry.Topic, q.Topic, telemetry.Partition, q.ID, "lost", lost(ctx))
}

// Swap makes the rules that activate returns the rules in force, between two
// batches. activate gets the offsets from which on they will judge, one for each
// partition owned, and may note them before it returns; the detect loop stands
// still meanwhile. An error of activate leaves the rules as they were. The judge
// may be the one in force with other columns; one that remembers reads the
// partitions of others from now on, and goes on when it stays the same.
func (p *Pipeline) Swap(activate func(from map[event.Partition]int64) (Judge, error)) error {
	return p.detect.swap(activate)
}

// Warm shows the judge reports of the past, between two batches of live traffic,
// and returns when it has taken them in. The records stay the caller's. An error
// when the judge is no Warmer.
func (p *Pipeline) Warm(ctx context.Context, records *event.Records) error {
	return p.detect.warm(ctx, records)
}

// Progress returns how far reading has come since it began. Safe for concurrent
// use.
func (p *Pipeline) Progress() Progress { return p.detect.progress() }

// lost reports whether ctx has ended because somebody else owns the partition.
func lost(ctx context.Context) bool {
	return ctx.Err() != nil && fault.Of(context.Cause(ctx)) == fault.Fenced
}
