package topic_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

func TestMain(m *testing.M) {
	// The meter of go-metrics, which sarama counts with, ticks as long as the process.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func cluster(t *testing.T) (conn.Config, topic.Names) {
	t.Helper()
	c := conn.Config{Brokers: kafkatest.Fake(t, 1).ListenAddrs()}
	names := topic.NamesOf("haltwire")
	if err := topic.Ensure(t.Context(), c, topic.Layout{Names: names, Partitions: 3, Replication: 1}); err != nil {
		t.Fatal(err)
	}
	return c, names
}

// shelf keeps what a tail has read, by partition.
type shelf struct {
	mu      sync.Mutex
	entries map[int32][]topic.Entry
}

func (s *shelf) take(e topic.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[e.Partition] = append(s.entries[e.Partition], e)
}

func TestWritersRecordsComeOutInOrder(t *testing.T) {
	c, names := cluster(t)
	w, err := topic.NewWriter(c)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var batch []topic.Message
	for i := range 300 {
		key := fmt.Sprintf("out/GB-FIU/%d", i%7)
		batch = append(batch, topic.Message{Topic: names.Cases, Partition: topic.PartitionOf(key, 3), Key: key, Value: []byte(fmt.Sprint(i)), Trace: "00-1-2-01"})
	}
	offsets, err := w.Write(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{entries: map[int32][]topic.Entry{}}
	tail, err := topic.Follow(c, names.Cases, nil, nil, s.take)
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Sync(t.Context(), 0, 1, 2); err != nil {
		t.Fatal(err)
	}
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, m := range batch {
		e := s.entries[m.Partition][offsets[i]]
		if string(e.Value) != fmt.Sprint(i) || e.Key != m.Key || e.Appended < time.Now().Add(-time.Minute).UnixMilli() {
			t.Fatalf("record %d at %d: %+v", i, offsets[i], e)
		}
		n++
	}
	if total := len(s.entries[0]) + len(s.entries[1]) + len(s.entries[2]); total != n {
		t.Errorf("%d records, %d written", total, n)
	}
}

func TestTailStartsWhereItIsTold(t *testing.T) {
	c, names := cluster(t)
	w, err := topic.NewWriter(c)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range 5 {
		if _, err := w.Write(t.Context(), []topic.Message{{Topic: names.Hits, Partition: 1, Key: "k", Value: []byte(fmt.Sprint(i))}}); err != nil {
			t.Fatal(err)
		}
	}
	s := &shelf{entries: map[int32][]topic.Entry{}}
	tail, err := topic.Follow(c, names.Hits, []int32{1}, func(int32) int64 { return 3 }, s.take)
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Sync(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(t.Context(), []topic.Message{{Topic: names.Hits, Partition: 1, Key: "k"}}); err != nil { // a tombstone, later
		t.Fatal(err)
	}
	if err := tail.Wait(t.Context(), 1, 6); err != nil {
		t.Fatal(err)
	}
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
	got := s.entries[1]
	if len(got) != 3 || string(got[0].Value) != "3" || got[2].Value != nil {
		t.Errorf("read %+v", got)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	c, names := cluster(t)
	tail, err := topic.Follow(c, names.Control, nil, nil, func(topic.Entry) {})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := tail.Wait(ctx, 0, 1); err == nil {
		t.Error("waited for a record that nobody wrote")
	}
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLargeRecordGoesThrough(t *testing.T) {
	c, names := cluster(t)
	w, err := topic.NewWriter(c)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	large := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MiB
	if _, err := w.Write(t.Context(), []topic.Message{{Topic: names.Cases, Key: "k", Value: large}}); err != nil {
		t.Fatal(err)
	}
	s := &shelf{entries: map[int32][]topic.Entry{}}
	tail, err := topic.Follow(c, names.Cases, nil, nil, s.take)
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Sync(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
	if len(s.entries[0]) != 1 || !bytes.Equal(s.entries[0][0].Value, large) {
		t.Error("the record is not what was written")
	}
}

// TestBurstGoesThrough writes more to one partition at once than a broker takes in a
// batch by default: every topic that a burst of reports may fill takes the writer's.
func TestBurstGoesThrough(t *testing.T) {
	c, names := cluster(t)
	w, err := topic.NewWriter(c)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	noise := rand.NewChaCha8([32]byte{1}) // what is sealed cannot be compressed
	for _, name := range []string{names.Cases, names.Hits} {
		messages := make([]topic.Message, 1500)
		for i := range messages {
			value := make([]byte, 2000)
			_, _ = noise.Read(value)
			messages[i] = topic.Message{Topic: name, Key: "k", Value: value}
		}
		if _, err := w.Write(t.Context(), messages); err != nil {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}

func TestEnsureTwiceAndWrongCount(t *testing.T) {
	c, names := cluster(t)
	if err := topic.Ensure(t.Context(), c, topic.Layout{Names: names, Partitions: 3, Replication: 1}); err != nil {
		t.Error(err)
	}
	if err := topic.Ensure(t.Context(), c, topic.Layout{Names: names, Partitions: 4, Replication: 1}); err == nil {
		t.Error("another number of partitions was taken")
	}
}

// TestPartitionOfIsForEver holds the mapping of keys to partitions, which the
// case log depends on.
func TestPartitionOfIsForEver(t *testing.T) {
	for key, want := range map[string]int32{"": 1, "out/GB-FIU/2WMBHJXG4WZLUXJ7DUBQVKH5LY": 10, "in/IN-FIU/A": 1} {
		if got := topic.PartitionOf(key, 12); got != want {
			t.Errorf("%q: %d, want %d", key, got, want)
		}
	}
}

// TestSyncDoesNotWaitForTheFetch asks an idle tail for the end of the log: the
// answer must not wait behind a fetch that waits half a second for records.
func TestSyncDoesNotWaitForTheFetch(t *testing.T) {
	c, names := cluster(t)
	tail, err := topic.Follow(c, names.Cases, nil, nil, func(topic.Entry) {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tail.Close(); err != nil {
			t.Error(err)
		}
	}()
	const times = 20 // 5 s behind the fetch
	begin := time.Now()
	for range times {
		if err := tail.Sync(t.Context(), 0, 1, 2); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begin); took > 2500*time.Millisecond {
		t.Errorf("%d syncs took %v", times, took)
	}
}
