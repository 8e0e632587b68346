package pipeline

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// archive is the archive loop: one goroutine collects runs into blocks, one lane
// a partition, and a bounded number of writers stores them, one block of a lane
// at a time.
type archive struct {
	options *Options
	slots   chan *writer  // idle writers
	redo    chan struct{} // room for lanes that re-form a block: they cannot give memory back before it is whole
	writing sync.WaitGroup

	mu    sync.Mutex
	lanes map[event.Partition]*lane
}

// lane is the way of one partition into the store. Fields below retention are
// guarded by archive.mu.
type lane struct {
	p         event.Partition
	ctx       context.Context // of its writer; ends when the lane is abandoned
	cancel    context.CancelFunc
	retention time.Duration // of the topic; 0 = for ever

	next    int64 // first offset that is in no block; negative = not known yet
	pin     int64 // last offset of a block that must be re-formed; -1 = none
	open    *block
	closed  []*block
	active  *block        // with a writer
	saved   time.Time     // when the cursor was moved or read
	closes  bool          // no more blocks are taken up
	idle    chan struct{} // closed when closes and nothing is active
	redoing bool          // holds the room in archive.redo
	warned  bool
}

func newArchive(o *Options) *archive {
	a := &archive{options: o, slots: make(chan *writer, writers), redo: make(chan struct{}, 1), lanes: map[event.Partition]*lane{}}
	for range writers {
		a.slots <- &writer{options: o}
	}
	return a
}

// run collects until ctx ends.
func (a *archive) run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, cancel := context.WithTimeout(ctx, a.untilDue())
		records, err := a.options.Archive.Next(wait)
		cancel()
		if err == nil {
			a.collect(records)
		}
		a.closeDue()
	}
	a.writing.Wait()
}

// serve archives p until ctx ends; then it lets the block that is being stored
// finish, for a while, and drops the others: the cursor says where to go on.
func (a *archive) serve(ctx, hard context.Context, p event.Partition) {
	l := &lane{p: p, pin: -1, idle: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	defer l.cancel()
	from, err := a.load(ctx, l)
	if err != nil {
		return
	}
	if l.pin >= 0 {
		select {
		case a.redo <- struct{}{}:
			l.redoing = true
		case <-ctx.Done():
			return
		}
	}
	a.mu.Lock()
	a.lanes[p] = l
	a.mu.Unlock()
	a.options.Archive.Add(p, from)
	select {
	case <-ctx.Done():
	case <-hard.Done():
	}
	a.options.Archive.Remove(p)
	a.end(ctx, hard, l)
}

// load reads the cursor of l and the retention of its topic.
func (a *archive) load(ctx context.Context, l *lane) (int64, error) {
	backoff := fault.Backoff{Max: retryMax}
	for {
		from, text, err := a.options.Cursor.Load(ctx, l.p)
		if err == nil {
			l.retention = a.retention(ctx, l.p)
			l.next, l.saved = from, a.options.Now()
			if to, ok := parseIntent(text); ok && to >= from {
				l.pin = to
			}
			return from, nil
		}
		a.options.Log.Warn("read archive cursor", telemetry.Topic, l.p.Topic, telemetry.Partition, l.p.ID, telemetry.Error, err)
		if err := fault.Sleep(ctx, backoff.Next(0)); err != nil {
			return 0, err
		}
	}
}

// retention returns for how long the topic of p keeps its records. Without the
// right to ask, only the warning is missing.
func (a *archive) retention(ctx context.Context, p event.Partition) time.Duration {
	if a.options.Retention == nil {
		return 0
	}
	keeps, err := a.options.Retention(ctx, p.Topic)
	if err != nil {
		a.options.Log.Warn("read retention: no warning will come before records expire", telemetry.Topic, p.Topic, telemetry.Error, err)
	}
	return keeps
}

// end takes l out and waits for its writer.
func (a *archive) end(ctx, hard context.Context, l *lane) {
	a.mu.Lock()
	delete(a.lanes, l.p)
	l.closes = true
	for _, b := range l.closed {
		b.release()
	}
	if l.open != nil {
		l.open.release()
	}
	l.open, l.closed = nil, nil
	if l.active == nil {
		a.redoneLocked(l)
	}
	a.settleLocked(l)
	a.mu.Unlock()
	patience := time.NewTimer(drainTime)
	defer patience.Stop()
	if !lost(ctx) {
		select {
		case <-l.idle:
		case <-patience.C:
		case <-hard.Done():
		}
	}
	l.cancel()
	<-l.idle
}

// redoneLocked lets the next lane re-form its block.
func (a *archive) redoneLocked(l *lane) {
	if l.redoing {
		l.redoing = false
		<-a.redo
	}
}

func (a *archive) settleLocked(l *lane) {
	if l.closes && l.active == nil {
		select {
		case <-l.idle:
		default:
			close(l.idle)
		}
	}
}

// untilDue returns how long no open block comes of age, at most 1 s.
func (a *archive) untilDue() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	wait, now := min(time.Second, a.options.BlockEvery), a.options.Now()
	for _, l := range a.lanes {
		if l.open != nil && !l.open.pinned {
			wait = min(wait, l.open.born.Add(a.options.BlockEvery).Sub(now))
		}
	}
	return max(wait, time.Millisecond)
}

// collect adds run to the open block of its lane.
func (a *archive) collect(run *event.Records) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.lanes[event.Partition{Topic: run.Topic, ID: run.Partition}]
	if l == nil {
		run.Release()
		return
	}
	for run != nil {
		b := l.openLocked(run, a.options.Now())
		var rest *event.Records
		if b.pinned && run.Next-1 > l.pin {
			run, rest = cut(run, l.pin)
		}
		b.add(run)
		if b.pinned && b.to == l.pin || !b.pinned && b.full(a.options.BlockRows) {
			a.closeLocked(l)
		}
		run = rest
	}
}

// openLocked returns the open block of l, a new one for run when there is none.
func (l *lane) openLocked(run *event.Records, now time.Time) *block {
	if l.open != nil {
		return l.open
	}
	from := l.next
	if from < 0 {
		from = firstOffset(run)
	}
	l.open = newBlock(l.p, from, now)
	l.open.pinned = l.pin >= 0
	return l.open
}

// firstOffset returns the first offset that run tells of.
func firstOffset(run *event.Records) int64 {
	first := run.Next
	if run.Len() > 0 {
		first = run.Offsets[0]
	}
	if len(run.Dead) > 0 {
		first = min(first, run.Dead[0].Offset)
	}
	return first
}

// closeDue closes the blocks that have come of age and measures every lane.
func (a *archive) closeDue() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.options.Now()
	for _, l := range a.lanes {
		if l.open != nil && !l.open.pinned && now.Sub(l.open.born) >= a.options.BlockEvery {
			a.closeLocked(l)
		}
	}
	for _, l := range a.lanes {
		a.refreshLocked(l, now)
		a.measureLocked(l, now)
	}
}

// refreshLocked saves the cursor of a lane without traffic now and then: a broker
// forgets the offsets of a group without members some days after the last one.
func (a *archive) refreshLocked(l *lane, now time.Time) {
	if l.open == nil && l.active == nil && len(l.closed) == 0 && l.next >= 0 && l.pin < 0 && now.Sub(l.saved) >= refreshEvery {
		l.open = newBlock(l.p, l.next, now) // of no records: nothing but its cursor is written
		a.closeLocked(l)
	}
}

// closeLocked puts the open block of l in line for a writer.
func (a *archive) closeLocked(l *lane) {
	b := l.open
	l.open, l.next, l.pin = nil, b.to+1, -1
	l.closed = append(l.closed, b)
	a.dispatchLocked(l)
}

// dispatchLocked gives the next closed block of l to a writer, one at a time.
func (a *archive) dispatchLocked(l *lane) {
	if l.active != nil || len(l.closed) == 0 || l.closes {
		return
	}
	b := l.closed[0]
	l.active, l.closed = b, l.closed[1:]
	a.writing.Go(func() {
		a.write(l, b)
		b.release()
		a.mu.Lock()
		defer a.mu.Unlock()
		l.active, l.saved = nil, a.options.Now()
		if b.pinned {
			a.redoneLocked(l)
		}
		a.settleLocked(l)
		a.dispatchLocked(l)
	})
}

// measureLocked says how far l is behind, and warns when the records that it
// still has to read come near to the end of their retention.
func (a *archive) measureLocked(l *lane, now time.Time) {
	oldest := l.oldest()
	var behind time.Duration
	if oldest > 0 {
		behind = max(0, now.Sub(time.UnixMilli(oldest)))
	}
	ctx, m := context.Background(), a.options.Metrics
	id := strconv.Itoa(int(l.p.ID))
	m.LagSeconds.Record(ctx, behind.Seconds(), telemetry.Attr(telemetry.Loop, "archive", telemetry.Topic, l.p.Topic, telemetry.Partition, id))
	if l.retention <= 0 {
		return
	}
	share := behind.Seconds() / l.retention.Seconds()
	m.RetentionShare.Record(ctx, share, telemetry.Attr(telemetry.Topic, l.p.Topic, telemetry.Partition, id))
	if share >= 0.5 && !l.warned {
		a.options.Log.Error("archive is behind by more than half of the topic's retention: reports will be missing in ClickHouse if this goes on",
			telemetry.Topic, l.p.Topic, telemetry.Partition, l.p.ID, "behind", behind, "retention", l.retention)
	}
	l.warned = share >= 0.5
}

// oldest returns the time of the oldest record that is not stored, 0 when none
// is known.
func (l *lane) oldest() int64 {
	for _, b := range slices.Concat([]*block{l.active}, l.closed, []*block{l.open}) {
		if b != nil && b.oldest() > 0 {
			return b.oldest()
		}
	}
	return 0
}
