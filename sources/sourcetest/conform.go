package sourcetest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
)

// Source shares partitions and commits offsets: pipeline.Source.
type Source interface {
	Run(ctx context.Context, own func(ctx context.Context, p event.Partition, from int64)) error
	Commit(ctx context.Context, next map[event.Partition]int64) error
}

// Reader reads partitions: pipeline.Reader.
type Reader interface {
	Run(ctx context.Context) error
	Add(p event.Partition, from int64)
	Remove(p event.Partition)
	Next(ctx context.Context) (*event.Records, error)
}

// New makes a member of group, and its reader, for topic on brokers.
type New func(t testing.TB, brokers []string, group, topic string) (Source, Reader)

// patience bounds every wait of the suite: a join takes 3 s on a real broker.
const patience = 60 * time.Second

// Conform runs the suite against brokers. prefix keeps the topics of several
// runs on one broker apart.
func Conform(t *testing.T, brokers []string, prefix string, implementation New) {
	c := &suite{brokers: brokers, prefix: prefix, make: implementation}
	t.Run("records", c.records)
	t.Run("transactions", c.transactions)
	t.Run("resume", c.resume)
	t.Run("members", c.members)
	t.Run("add and remove", c.addRemove)
}

type suite struct {
	brokers []string
	prefix  string
	make    New
}

// records: every record comes once, in order, as it was written, whatever its
// compression; runs follow each other without a gap.
func (c *suite) records(t *testing.T) {
	topic := c.prefix + "-records"
	w := newWriter(t, c.brokers, topic, 2)
	for i, compression := range compressions() {
		w.write(t, compression, 500, i)
	}
	m := c.start(t, topic+"-group", topic)
	defer m.stop(t)
	m.await(t, func() bool { return m.count() >= len(w.written) })
	m.compare(t, w.written)
}

// transactions: aborted records and markers do not come, and the end of the log
// is reached all the same.
func (c *suite) transactions(t *testing.T) {
	topic := c.prefix + "-transactions"
	w := newWriter(t, c.brokers, topic, 1)
	for i := range 6 {
		w.transact(t, 50, i, i%2 == 0)
	}
	w.write(t, compressions()[0], 10, 100)
	m := c.start(t, topic+"-group", topic)
	defer m.stop(t)
	m.await(t, func() bool { return m.count() >= len(w.written) })
	m.compare(t, w.written)
}

// resume: a successor starts at the committed offset, not before and not behind.
func (c *suite) resume(t *testing.T) {
	topic := c.prefix + "-resume"
	w := newWriter(t, c.brokers, topic, 1)
	w.write(t, compressions()[1], 100, 0)
	p := event.Partition{Topic: topic, ID: 0}
	m := c.start(t, topic+"-group", topic)
	m.await(t, func() bool { return m.count() >= 100 })
	if err := m.source.Commit(t.Context(), map[event.Partition]int64{p: 37}); err != nil {
		t.Fatalf("commit: %v", err)
	}
	m.mu.Lock()
	m.silent = true
	m.mu.Unlock()
	m.stop(t)
	if err := m.source.Commit(t.Context(), map[event.Partition]int64{p: 99}); fault.Of(err) != fault.Fenced {
		t.Errorf("commit after giving the partition back: %v, want Fenced", err)
	}
	next := c.start(t, topic+"-group", topic)
	defer next.stop(t)
	next.await(t, func() bool { return next.count() >= 63 })
	if from := next.from[p]; from != 37 {
		t.Errorf("successor starts at %d, want 37", from)
	}
	if got := next.got[p][0].Offset; got != 37 {
		t.Errorf("first record has offset %d, want 37", got)
	}
}

// members: two members share the partitions; what one had when it left, the
// other goes on with from where it was committed.
func (c *suite) members(t *testing.T) {
	topic := c.prefix + "-members"
	w := newWriter(t, c.brokers, topic, 4)
	w.write(t, compressions()[1], 400, 0)
	one := c.start(t, topic+"-group", topic)
	one.await(t, func() bool { return one.count() >= 400 })
	two := c.start(t, topic+"-group", topic)
	two.await(t, func() bool { return len(two.owns()) == 2 && len(one.owns()) == 2 })
	for p := range one.owns() {
		if two.owns()[p] {
			t.Errorf("%s has two owners", p)
		}
	}
	w.write(t, compressions()[0], 400, 1)
	one.await(t, func() bool { return one.count()+two.count() >= 800 })
	one.stop(t)
	two.await(t, func() bool { return len(two.owns()) == 4 })
	w.write(t, compressions()[0], 400, 2)
	two.await(t, func() bool { return one.count()+two.count() >= 1200 })
	two.stop(t)
	one.merge(two)
	one.compare(t, w.written)
}

// addRemove: a reader reads what it is told to, again when told again.
func (c *suite) addRemove(t *testing.T) {
	topic := c.prefix + "-add"
	w := newWriter(t, c.brokers, topic, 1)
	w.write(t, compressions()[0], 100, 0)
	_, r := c.make(t, c.brokers, topic+"-group", topic)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) })
	defer running.Wait()
	defer cancel()
	p := event.Partition{Topic: topic, ID: 0}
	for _, from := range []int64{-1, 0, 99, 40} {
		r.Add(p, from)
		records, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("next from %d: %v", from, err)
		}
		if got := records.Offsets[0]; got != max(from, 0) {
			t.Errorf("added at %d: first offset %d", from, got)
		}
		if records.High != 100 {
			t.Errorf("high watermark %d, want 100", records.High)
		}
		records.Release()
		r.Remove(p)
	}
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	if records, err := r.Next(short); err == nil {
		t.Errorf("got %d records of a partition that was removed", records.Len())
	}
}

// member is a running source with a reader that reads what it owns and commits
// what it has read when it gives a partition back.
type member struct {
	source Source
	reader Reader
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	silent bool // commits nothing when it gives a partition back
	owned  map[event.Partition]bool
	from   map[event.Partition]int64
	next   map[event.Partition]int64
	got    map[event.Partition][]Record
	bad    []string
}

func (c *suite) start(t *testing.T, group, topic string) *member {
	t.Helper()
	m := &member{
		owned: map[event.Partition]bool{}, from: map[event.Partition]int64{},
		next: map[event.Partition]int64{}, got: map[event.Partition][]Record{},
	}
	m.source, m.reader = c.make(t, c.brokers, group, topic)
	ctx, cancel := context.WithCancel(context.Background())
	reading, end := context.WithCancel(context.Background())
	m.cancel = cancel
	m.done.Go(func() {
		defer end()
		if err := m.source.Run(ctx, m.own); err != nil {
			m.note("run: %v", err)
		}
	})
	m.done.Go(func() { _ = m.reader.Run(reading) })
	m.done.Go(func() { m.read(reading) })
	t.Cleanup(cancel)
	return m
}

func (m *member) own(ctx context.Context, p event.Partition, from int64) {
	m.mu.Lock()
	m.owned[p], m.from[p] = true, from
	m.mu.Unlock()
	m.reader.Add(p, from)
	<-ctx.Done()
	m.reader.Remove(p)
	m.mu.Lock()
	next, read := m.next[p]
	read = read && !m.silent
	delete(m.owned, p)
	m.mu.Unlock()
	if read {
		if err := m.source.Commit(context.Background(), map[event.Partition]int64{p: next}); err != nil {
			m.note("commit %s at %d: %v", p, next, err)
		}
	}
}

func (m *member) read(ctx context.Context) {
	for {
		r, err := m.reader.Next(ctx)
		if err != nil {
			return
		}
		m.keep(r)
		r.Release()
	}
}

func (m *member) keep(r *event.Records) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := event.Partition{Topic: r.Topic, ID: r.Partition}
	if !m.owned[p] {
		return // on its way when the partition was given back: the successor reads it
	}
	for i, offset := range r.Offsets {
		if offset < m.next[p] || offset >= r.Next {
			m.bad = append(m.bad, fmt.Sprintf("%s: offset %d outside of [%d, %d)", p, offset, m.next[p], r.Next))
		}
		record := Record{Offset: offset, Time: r.Times[i], Value: bytes.Clone(r.Values[i])}
		if r.Trace != nil {
			record.Trace = string(r.Trace[i])
		}
		m.got[p] = append(m.got[p], record)
	}
	m.next[p] = r.Next
}

func (m *member) stop(t *testing.T) {
	t.Helper()
	m.cancel()
	m.done.Wait()
	for _, bad := range m.bad {
		t.Error(bad)
	}
	m.bad = nil
}

func (m *member) note(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bad = append(m.bad, fmt.Sprintf(format, args...))
}

func (m *member) count() (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, records := range m.got {
		n += len(records)
	}
	return n
}

func (m *member) owns() map[event.Partition]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	owned := map[event.Partition]bool{}
	for p := range m.owned {
		owned[p] = true
	}
	return owned
}

// merge adds what other has read after m.
func (m *member) merge(other *member) {
	for p, records := range other.got {
		m.got[p] = append(m.got[p], records...)
	}
}

func (m *member) await(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %v: %d records, owner of %v", patience, m.count(), m.owns())
		}
	}
}

// compare checks that m has read exactly want, each partition in order.
func (m *member) compare(t *testing.T, want []Written) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	at := map[event.Partition]int{}
	for _, w := range want {
		i := at[w.Partition]
		at[w.Partition]++
		if i >= len(m.got[w.Partition]) {
			t.Fatalf("%s: %d records, want more", w.Partition, i)
		}
		got := m.got[w.Partition][i]
		if got.Offset != w.Offset || !bytes.Equal(got.Value, w.Value) || (got.Value == nil) != (w.Value == nil) || got.Time != w.Time || got.Trace != w.Trace {
			t.Fatalf("%s: record %d is %v, want %v", w.Partition, i, got, w.Record)
		}
	}
	for p, records := range m.got {
		if len(records) != at[p] {
			t.Errorf("%s: %d records, want %d", p, len(records), at[p])
		}
	}
}
