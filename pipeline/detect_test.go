package pipeline_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// TestMembers lets a second instance join and leave under load: every record is
// judged and stored at least once, and no hit before an earlier one of its
// partition but for what a successor judges again.
func TestMembers(t *testing.T) {
	brokers := kafkatest.Start(t).Addresses()
	createTopic(t, brokers, "members", 4)
	log, s, l := &hitLog{}, &store{}, &letters{}
	one := newRig(t, brokers, "members", log, s, l, nil)
	one.start(t)
	total := 0
	write := func() {
		produce(t, brokers, "members", fmt.Sprint("r", total), 4000, 4)
		total += 4000
	}
	write()
	eventually(t, 30*time.Second, one.state, func() bool { return log.count() == total })
	two := newRig(t, brokers, "members", log, s, l, nil)
	two.start(t)
	for range 5 {
		write()
	}
	eventually(t, 30*time.Second, one.state, func() bool { return log.count() == total && s.count() == total })
	two.stop(t)
	write()
	eventually(t, 30*time.Second, one.state, func() bool { return log.count() == total && s.count() == total })
	if log.back > 0 {
		t.Logf("%d hits were judged again by a successor", log.back)
	}
}

// TestHitLogBlocks lets the hit log take nothing: reading stops within the
// budget, nothing is committed, and the archive goes on.
func TestHitLogBlocks(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	createTopic(t, brokers, "blocks", 2)
	log := &hitLog{}
	open := make(chan struct{})
	log.gate = func(ctx context.Context, _ []*hit.Hit) error {
		select {
		case <-open:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r := newRig(t, brokers, "blocks", log, &store{}, &letters{}, nil)
	produce(t, brokers, "blocks", "r", 400_000, 2)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r.start(t)
	eventually(t, 60*time.Second, r.state, func() bool { return r.store.count() == 400_000 })
	runtime.ReadMemStats(&after)
	if used := r.detect.Used(); used == 0 || used > 72<<20 {
		t.Errorf("the detect loop holds %d bytes, want its budget at most", used)
	}
	if n := committed(t, brokers, "g-blocks", "blocks"); n > 0 {
		t.Errorf("%d was committed although no hit is on the log", n)
	}
	t.Logf("heap grew by %d MB with all rows in the fake store", (after.HeapAlloc-min(after.HeapAlloc, before.HeapAlloc))>>20)
	close(open)
	eventually(t, 60*time.Second, r.state, func() bool { return log.count() == 400_000 })
	if used := r.detect.Used(); used != 0 {
		eventually(t, 5*time.Second, r.state, func() bool { return r.detect.Used() == 0 })
	}
}

// TestHitLogFails refuses every other append: nothing is lost or reordered.
func TestHitLogFails(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	createTopic(t, brokers, "fails", 2)
	produce(t, brokers, "fails", "r", 10_000, 2)
	log := &hitLog{}
	var n atomic.Int64
	log.gate = func(context.Context, []*hit.Hit) error {
		if n.Add(1)%2 == 1 {
			return errAway
		}
		return nil
	}
	r := newRig(t, brokers, "fails", log, &store{}, &letters{}, nil)
	r.start(t)
	eventually(t, 20*time.Second, r.state, func() bool { return log.count() == 10_000 })
	r.stop(t)
	if log.back != 0 {
		t.Errorf("%d hits out of order", log.back)
	}
	if next := committed(t, brokers, "g-fails", "fails"); next != 10_000 {
		t.Errorf("%d is committed after stop, want 10000", next)
	}
}

// TestSwap changes the rules between two batches: every report is judged by the
// rules that the noted offsets say, and new columns mean a new decoder.
func TestSwap(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	createTopic(t, brokers, "swap", 2)
	var mu sync.Mutex
	var projections [][]bool
	r := newRig(t, brokers, "swap", &hitLog{}, &store{}, &letters{}, func(o *pipeline.Options) {
		o.NewDecoder = func(columns []bool) (pipeline.Decoder, error) {
			mu.Lock()
			defer mu.Unlock()
			projections = append(projections, columns)
			return decoder{o.Schema}, nil
		}
	})
	r.start(t)
	produce(t, brokers, "swap", "a", 5000, 2)
	eventually(t, 20*time.Second, r.state, func() bool { return r.log.count() > 0 })
	var from map[event.Partition]int64
	wider := r.options.Schema.Projection("amount")
	if err := r.p.Swap(func(at map[event.Partition]int64) (pipeline.Judge, error) {
		from = at
		return judge{"two", wider}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.p.Swap(func(map[event.Partition]int64) (pipeline.Judge, error) { return nil, errAway }); err == nil {
		t.Error("the error of activate is lost")
	}
	produce(t, brokers, "swap", "b", 5000, 2)
	eventually(t, 20*time.Second, r.state, func() bool { return r.log.count() == 10_000 })
	r.stop(t)
	for _, h := range r.log.hits {
		want := "one"
		if h.Position.Offset >= from[event.Partition{Topic: "swap", ID: h.Position.Partition}] {
			want = "two"
		}
		if h.Rule != want {
			t.Fatalf("offset %d of partition %d was judged by %s, want %s; noted: %v", h.Position.Offset, h.Position.Partition, h.Rule, want, from)
		}
	}
	amount := r.options.Schema.Must("amount")
	wide := 0
	for _, p := range projections {
		if p[amount] && !p[r.options.Schema.Must("narrative")] {
			wide++
		}
	}
	if wide != 1 {
		t.Errorf("%d decoders for the new columns, want 1", wide)
	}
}

// TestTrace carries a record's traceparent to its hit.
func TestTrace(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	createTopic(t, brokers, "trace", 1)
	config := must[*sarama.Config](t)(conn.Config{Brokers: brokers}.Sarama())
	conn.Idempotent(config)
	producer := must[sarama.SyncProducer](t)(sarama.NewSyncProducer(brokers, config))
	defer producer.Close()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for i := range 3 {
		m := &sarama.ProducerMessage{Topic: "trace", Value: sarama.StringEncoder(fmt.Sprint(i))}
		if i == 1 {
			m.Headers = []sarama.RecordHeader{{Key: []byte("traceparent"), Value: []byte(parent)}}
		}
		if _, _, err := producer.SendMessage(m); err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, brokers, "trace", &hitLog{}, &store{}, &letters{}, nil)
	r.start(t)
	eventually(t, 20*time.Second, r.state, func() bool { return r.log.count() == 3 })
	r.stop(t)
	for i, want := range []string{"", parent, ""} {
		if got := r.log.hits[i].Trace; got != want {
			t.Errorf("hit %d has trace %q, want %q", i, got, want)
		}
	}
}

// TestBrokerAway kills the broker under load, twice, once for longer than the
// members' session.
func TestBrokerAway(t *testing.T) {
	server := kafkatest.Start(t)
	brokers := server.Addresses()
	createTopic(t, brokers, "broker", 2)
	r := newRig(t, brokers, "broker", &hitLog{}, &store{}, &letters{}, nil)
	r.start(t)
	total := 0
	for _, away := range []time.Duration{0, 8 * time.Second} {
		produce(t, brokers, "broker", fmt.Sprint("r", total), 2000, 2)
		total += 2000
		server.Kill(t)
		pause := time.NewTimer(away)
		<-pause.C
		server.Restart(t)
		eventually(t, 60*time.Second, r.state, func() bool { return r.log.count() == total && r.store.count() == total })
	}
	produce(t, brokers, "broker", "last", 2000, 2)
	eventually(t, 60*time.Second, r.state, func() bool { return r.log.count() == total+2000 && r.store.count() == total+2000 })
}

// TestBrokerHangs freezes the broker and stops: that is abandoned in time.
func TestBrokerHangs(t *testing.T) {
	server := kafkatest.Start(t)
	createTopic(t, server.Addresses(), "hangs", 2)
	produce(t, server.Addresses(), "hangs", "r", 2000, 2)
	r := newRig(t, server.Addresses(), "hangs", &hitLog{}, &store{}, &letters{}, nil)
	go func() { defer close(r.done); _ = r.p.Run(context.Background()) }()
	eventually(t, 30*time.Second, r.state, func() bool { return r.log.count() == 2000 && r.store.count() == 2000 })
	server.Pause(t)
	defer server.Resume(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	began := time.Now()
	err := r.p.Stop(ctx)
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("stop took %v: %v", took, err)
	} else {
		t.Logf("stop took %v: %v", took, err)
	}
	<-r.done
	if err := r.cursor.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// committed returns the sum of what is committed in group for all partitions of
// topic.
func committed(t testing.TB, brokers []string, group, topic string) (sum int64) {
	t.Helper()
	config := must[*sarama.Config](t)(conn.Config{Brokers: brokers}.Sarama())
	admin := must[sarama.ClusterAdmin](t)(sarama.NewClusterAdmin(brokers, config))
	defer admin.Close()
	r := must[*sarama.OffsetFetchResponse](t)(admin.ListConsumerGroupOffsets(group, nil))
	for _, b := range r.Blocks[topic] {
		sum += max(0, b.Offset)
	}
	return sum
}
