package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
)

// world is a cluster in memory, for tests in a bubble of synctest: logs, committed
// offsets, and who owns what.
type world struct {
	t testing.TB

	mu        sync.Mutex
	logs      map[event.Partition]*memLog
	committed map[event.Partition]int64
	owners    map[event.Partition]*member
	changed   chan struct{}
	ledger    *ledger
	faults    []string
}

// memLog is the log of a partition. A stalled one is not answered for, and one that
// is away is known not to be.
type memLog struct {
	times   []int64
	values  [][]byte
	stalled bool
	away    bool
}

func part(id int32) event.Partition { return event.Partition{Topic: "t", ID: id} }

func newWorld(t testing.TB, partitions int32) *world {
	w := &world{
		t: t, logs: map[event.Partition]*memLog{}, committed: map[event.Partition]int64{},
		owners: map[event.Partition]*member{}, changed: make(chan struct{}), ledger: &ledger{standing: map[string]bool{}},
	}
	for id := range partitions {
		w.logs[part(id)] = &memLog{}
	}
	return w
}

func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *world) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// write appends a record of a time.
func (w *world) write(p event.Partition, at time.Time, value string) {
	w.change(func() {
		l := w.logs[p]
		l.times, l.values = append(l.times, at.UnixMilli()), append(l.values, []byte(value))
	})
}

func (w *world) partitions(context.Context) ([]event.Partition, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return keys(w.logs), nil
}

func (w *world) committedOf(_ context.Context, p event.Partition) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if next, ok := w.committed[p]; ok {
		return next, nil
	}
	return -1, nil
}

// assign makes m the owner of p. The owner before gives it back, or, when it is
// fenced, is told later.
func (w *world) assign(p event.Partition, m *member, fence bool) {
	w.mu.Lock()
	old := w.owners[p]
	w.mu.Unlock()
	if old == m {
		return
	}
	if old != nil && !fence {
		old.revoke(p, nil)
	}
	w.mu.Lock()
	w.owners[p] = m
	w.mu.Unlock()
	if old != nil && fence {
		old.revoke(p, errFenced)
	}
	if m != nil {
		m.claim(p)
	}
}

var errFenced = fault.As(fault.Fenced, errors.New("another owner's"))

// member is one life of an instance: its source, its log, its reader.
type member struct {
	w      *world
	dead   atomic.Bool
	reader *memReader
	p      *pipeline.Pipeline
	joined chan struct{}
	done   chan struct{}

	mu     sync.Mutex
	own    func(context.Context, event.Partition, int64)
	claims map[event.Partition]*claim
}

type claim struct {
	end  context.CancelCauseFunc
	done chan struct{}
	lost bool
}

// join starts an instance with judge. refine may be nil.
func (w *world) join(judge pipeline.Judge, refine func(*pipeline.Options)) *member {
	m := &member{w: w, joined: make(chan struct{}), done: make(chan struct{}), claims: map[event.Partition]*claim{}}
	m.reader = &memReader{w: w, at: map[event.Partition]int64{}, most: 5}
	schema := event.Default()
	o := pipeline.Options{
		Source: m, Detect: m.reader, Archive: noReader{}, Cursor: noCursor{}, Judge: judge, HitLog: pen{m}, Store: &store{}, DeadLetters: &letters{},
		NewDecoder: func([]bool) (pipeline.Decoder, error) { return decoder{schema}, nil },
		Schema:     schema, Version: "1", Partitions: w.partitions, Committed: w.committedOf, Log: logger(w.t),
	}
	if refine != nil {
		refine(&o)
	}
	m.p = must[*pipeline.Pipeline](w.t)(pipeline.New(o))
	go func() {
		defer close(m.done)
		if err := m.p.Run(context.Background()); err != nil {
			w.fault("run: %v", err)
		}
	}()
	<-m.joined
	return m
}

// leave ends m in order, and kill at once: nothing that it does from now on has any
// effect.
func (m *member) leave() {
	if err := m.p.Stop(context.Background()); err != nil {
		m.w.fault("stop: %v", err)
	}
	<-m.done
	m.forsake()
}

func (m *member) kill() {
	m.dead.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = m.p.Stop(ctx) // says that it was not in order
	<-m.done
	m.forsake()
}

func (m *member) forsake() {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	for p, o := range m.w.owners {
		if o == m {
			delete(m.w.owners, p)
		}
	}
}

// Run implements pipeline.Source.
func (m *member) Run(ctx context.Context, own func(context.Context, event.Partition, int64)) error {
	m.mu.Lock()
	m.own = own
	m.mu.Unlock()
	close(m.joined)
	<-ctx.Done()
	m.mu.Lock()
	held := keys(m.claims)
	m.mu.Unlock()
	for _, p := range held {
		m.revoke(p, nil)
	}
	return nil
}

func (m *member) claim(p event.Partition) {
	from, _ := m.w.committedOf(context.Background(), p)
	ctx, end := context.WithCancelCause(context.Background())
	c := &claim{end: end, done: make(chan struct{})}
	m.mu.Lock()
	before := m.claims[p]
	m.claims[p] = c
	m.mu.Unlock()
	go func() {
		defer close(c.done)
		if before != nil {
			<-before.done
		}
		m.own(ctx, p, from)
	}()
}

// revoke takes p away from m, and waits for it unless m is told that it has lost it.
func (m *member) revoke(p event.Partition, cause error) {
	m.mu.Lock()
	c := m.claims[p]
	m.mu.Unlock()
	if c == nil {
		return
	}
	c.lost = cause != nil
	c.end(cause)
	if cause == nil {
		<-c.done
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.claims, p)
	}
}

// Commit implements pipeline.Source.
func (m *member) Commit(_ context.Context, next map[event.Partition]int64) error {
	if m.dead.Load() {
		return errAway
	}
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	for p := range next {
		if m.w.owners[p] != m {
			return errFenced
		}
	}
	for p, to := range next {
		if to < m.w.committed[p] {
			m.w.faults = append(m.w.faults, fmt.Sprintf("%v is committed back from %d to %d", p, m.w.committed[p], to))
		}
		m.w.committed[p] = to
	}
	return nil
}

// holds reports whether m may publish for p.
func (m *member) holds(p event.Partition) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.claims[p] != nil
}

// memReader reads the logs of a world, the oldest head first, or any.
type memReader struct {
	w    *world
	mu   sync.Mutex
	at   map[event.Partition]int64
	most int
	any  bool
}

func (r *memReader) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (r *memReader) Add(p event.Partition, from int64) {
	r.w.change(func() { r.set(p, max(from, 0)) })
}

func (r *memReader) set(p event.Partition, to int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at[p] = to
}

func (r *memReader) Remove(p event.Partition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.at, p)
}

func (r *memReader) reads() []event.Partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	return keys(r.at)
}

func (r *memReader) Next(ctx context.Context) (*event.Records, error) {
	for {
		r.w.mu.Lock()
		records, changed := r.take(), r.w.changed
		r.w.mu.Unlock()
		if records != nil {
			return records, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

func (r *memReader) take() *event.Records {
	r.mu.Lock()
	defer r.mu.Unlock()
	var best event.Partition
	head := int64(-1)
	for p, at := range r.at {
		if l := r.w.logs[p]; !l.stalled && !l.away && at < int64(len(l.times)) && (head < 0 || r.any && rand.IntN(2) == 0 || !r.any && l.times[at] < head) {
			best, head = p, l.times[at]
		}
	}
	if head < 0 {
		return nil
	}
	l, from := r.w.logs[best], r.at[best]
	to := min(from+int64(r.most), int64(len(l.times)))
	r.at[best] = to
	records := &event.Records{Topic: best.Topic, Partition: best.ID, Times: l.times[from:to:to], Values: l.values[from:to:to], Next: to, High: int64(len(l.times))}
	for o := from; o < to; o++ {
		records.Offsets = append(records.Offsets, o)
	}
	return records
}

func (r *memReader) Ended(p event.Partition) (time.Duration, bool) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.at[p]
	l := r.w.logs[p]
	return 0, ok && !l.stalled && !l.away && at >= int64(len(l.times))
}

func (r *memReader) Away(p event.Partition) bool {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return r.w.logs[p].away
}

// noReader and noCursor are those of an archive loop that gets nothing.
type noReader struct{}

func (noReader) Run(ctx context.Context) error               { <-ctx.Done(); return nil }
func (noReader) Add(event.Partition, int64)                  {}
func (noReader) Remove(event.Partition)                      {}
func (noReader) Ended(event.Partition) (time.Duration, bool) { return 0, false }
func (noReader) Away(event.Partition) bool                   { return false }
func (noReader) Next(ctx context.Context) (*event.Records, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type noCursor struct{}

func (noCursor) Load(context.Context, event.Partition) (int64, string, error) { return 0, "", nil }
func (noCursor) Save(context.Context, event.Partition, int64, string) error   { return nil }

// pass lets time go by, in a bubble.
func pass(d time.Duration) { <-time.After(d) }
