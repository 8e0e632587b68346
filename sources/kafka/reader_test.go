package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
	"github.com/haltwire/haltwire/sources/kafka"
)

// TestOutsideSessions checks that no fetch opens a session on the broker.
func TestOutsideSessions(t *testing.T) {
	cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(1, "t"))
	var wrong, all atomic.Int64
	cluster.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		f := r.(*kmsg.FetchRequest)
		all.Add(1)
		if f.SessionID != 0 || f.SessionEpoch != -1 {
			wrong.Add(1)
		}
		return nil, nil, false
	})
	fill(t, cluster.ListenAddrs(), "t", 0, 10)
	r := start(t, cluster.ListenAddrs(), "t", kafka.ReaderOptions{Loop: "detect"})
	r.Add(event.Partition{Topic: "t"}, -1)
	r.next(t).Release()
	r.quiet(t)
	if all.Load() == 0 || wrong.Load() != 0 {
		t.Errorf("%d of %d fetches ask for a session", wrong.Load(), all.Load())
	}
}

// TestFromTheStart reads a partition without a committed offset, whose log does
// not begin at 0.
func TestFromTheStart(t *testing.T) {
	cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(1, "t"))
	for i := range 3 {
		fill(t, cluster.ListenAddrs(), "t", 0, 10+i)
	}
	if err := cluster.DeleteRecords("t", 0, 20); err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{-1, -2} {
		r := start(t, cluster.ListenAddrs(), "t", kafka.ReaderOptions{Loop: "detect"})
		r.Add(event.Partition{Topic: "t"}, from)
		records := r.next(t)
		if records.Offsets[0] != 20 {
			t.Errorf("from %d: begins at %d, want 20", from, records.Offsets[0])
		}
		records.Release()
	}
}

// TestRetentionAteData asks for records that are gone: the partition stops, in
// sight of everyone, and the other one goes on.
func TestRetentionAteData(t *testing.T) {
	cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(2, "t"))
	fill(t, cluster.ListenAddrs(), "t", 0, 100)
	fill(t, cluster.ListenAddrs(), "t", 1, 100)
	if err := cluster.DeleteRecords("t", 0, 50); err != nil {
		t.Fatal(err)
	}
	r := start(t, cluster.ListenAddrs(), "t", kafka.ReaderOptions{Loop: "detect", Aligned: true})
	gone, sound := event.Partition{Topic: "t", ID: 0}, event.Partition{Topic: "t", ID: 1}
	r.Add(gone, 10)
	r.Add(sound, 0)
	if got := r.next(t); got.Partition != 1 || got.Len() != 100 {
		t.Errorf("read %d records of partition %d", got.Len(), got.Partition)
	}
	wait(t, func() bool { return r.Stopped()[gone] != nil })
	if err := r.Stopped()[gone]; !errors.Is(err, sarama.ErrOffsetOutOfRange) {
		t.Errorf("stopped by %v", err)
	}
	r.quiet(t)
	r.Add(gone, 50) // somebody has looked at it
	if got := r.next(t); got.Offsets[0] != 50 || len(r.Stopped()) != 0 {
		t.Errorf("goes on at %d, stopped: %v", got.Offsets[0], r.Stopped())
	}
}

// TestLeaderMoves moves the leaders of all partitions about while they are read:
// nothing is lost, nothing comes twice.
func TestLeaderMoves(t *testing.T) {
	cluster := kafkatest.Fake(t, 3, kfake.SeedTopics(3, "t"))
	r := start(t, cluster.ListenAddrs(), "t", kafka.ReaderOptions{Loop: "detect", Aligned: true})
	for p := range int32(3) {
		r.Add(event.Partition{Topic: "t", ID: p}, 0)
	}
	const rounds, each = 20, 50
	var writing sync.WaitGroup
	writing.Go(func() {
		for round := range rounds {
			for p := range int32(3) {
				fill(t, cluster.ListenAddrs(), "t", p, each)
				if err := cluster.MoveTopicPartition("t", p, int32((round+int(p))%3)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	next := map[int32]int64{}
	for total := 0; total < 3*rounds*each; {
		records := r.next(t)
		for _, offset := range records.Offsets {
			if offset != next[records.Partition] {
				t.Fatalf("partition %d: offset %d, want %d", records.Partition, offset, next[records.Partition])
			}
			next[records.Partition]++
		}
		total += records.Len()
		records.Release()
	}
	writing.Wait()
	r.quiet(t)
}

// TestFenced answers fetches with every error that means "ask again, perhaps
// somebody else".
func TestFenced(t *testing.T) {
	for _, code := range []sarama.KError{
		sarama.ErrNotLeaderForPartition, sarama.ErrFencedLeaderEpoch, sarama.ErrUnknownLeaderEpoch, sarama.ErrLeaderNotAvailable,
		sarama.ErrReplicaNotAvailable, sarama.ErrUnknownTopicOrPartition, sarama.ErrKafkaStorageError, sarama.ErrUnknown,
	} {
		t.Run(code.Error(), func(t *testing.T) {
			cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(1, "t"))
			fill(t, cluster.ListenAddrs(), "t", 0, 10)
			var metadata atomic.Int64
			refused := refuse(cluster, int16(code), 3, &metadata)
			r := start(t, cluster.ListenAddrs(), "t", kafka.ReaderOptions{Loop: "detect"})
			r.Add(event.Partition{Topic: "t"}, 0)
			for total := 0; total < 10; {
				total += r.next(t).Len()
			}
			if refused.Load() != 3 || metadata.Load() < 4 {
				t.Errorf("%d refusals, %d metadata requests", refused.Load(), metadata.Load())
			}
		})
	}
}

// refuse makes the first n fetches fail with code and counts metadata requests.
func refuse(cluster *kfake.Cluster, code int16, n int64, metadata *atomic.Int64) *atomic.Int64 {
	var refused atomic.Int64
	cluster.Control(func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		switch f := r.(type) {
		case *kmsg.MetadataRequest:
			metadata.Add(1)
		case *kmsg.FetchRequest:
			if refused.Load() >= n {
				return nil, nil, false
			}
			refused.Add(1)
			response := f.ResponseKind().(*kmsg.FetchResponse)
			for _, rt := range f.Topics {
				t := kmsg.NewFetchResponseTopic()
				t.Topic = rt.Topic
				for _, rp := range rt.Partitions {
					p := kmsg.NewFetchResponseTopicPartition()
					p.Partition, p.ErrorCode = rp.Partition, code
					if refused.Load()%2 == 1 {
						p.RecordBatches = []byte{} // else null
					}
					t.Partitions = append(t.Partitions, p)
				}
				response.Topics = append(response.Topics, t)
			}
			return response, nil, true
		}
		return nil, nil, false
	})
	return &refused
}

// TestIdlePartitions reads one busy partition beside three idle ones: the long
// polls of the idle ones hold up neither records nor commits.
func TestIdlePartitions(t *testing.T) {
	brokers := kafkatest.Fake(t, 1, kfake.SeedTopics(4, "t")).ListenAddrs()
	fill(t, brokers, "t", 2, 50_000)
	cursor, err := kafka.NewCursor(options(t, brokers, "g", "t"))
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Stop(t.Context())
	r := start(t, brokers, "t", kafka.ReaderOptions{Loop: "detect", Aligned: true})
	began := time.Now()
	for p := range int32(4) {
		r.Add(event.Partition{Topic: "t", ID: p}, 0)
	}
	var slowest time.Duration
	for total := 0; total < 50_000; {
		records := r.next(t)
		total += records.Len()
		records.Release()
		saving := time.Now()
		if err := cursor.Save(t.Context(), event.Partition{Topic: "t", ID: 2}, records.Next, ""); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, time.Since(saving))
	}
	if took := time.Since(began); took > 5*time.Second || slowest > time.Second {
		t.Errorf("took %v, slowest commit %v", took, slowest)
	}
}

// TestBudget does not release what it reads: reading stops at the budget and
// goes on with what is released.
func TestBudget(t *testing.T) {
	brokers := kafkatest.Fake(t, 1, kfake.SeedTopics(2, "t")).ListenAddrs()
	const n, budget = 60_000, 2 << 20
	fill(t, brokers, "t", 0, n)
	fill(t, brokers, "t", 1, n)
	o := options(t, brokers, "g", "t")
	o.FetchBytes = 64 << 10
	reader, err := kafka.NewReader(o, kafka.ReaderOptions{Loop: "archive", Budget: budget})
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, reader)
	r.Add(event.Partition{Topic: "t", ID: 0}, 0)
	r.Add(event.Partition{Topic: "t", ID: 1}, 0)
	var held []*event.Records
	total, most := 0, 0
	for total < 2*n {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		records, err := r.Next(ctx)
		cancel()
		most = max(most, r.Used())
		if err == nil {
			held = append(held, records)
			total += records.Len()
			if r.Used() < budget {
				continue
			}
		}
		if len(held) == 0 {
			t.Fatal("nothing is held and nothing comes")
		}
		for _, h := range held {
			h.Release()
		}
		held = nil
	}
	// Each partition may read once more when it has nothing queued.
	if limit := budget + 2*(4<<20); most > limit {
		t.Errorf("up to %d bytes were held, want at most %d", most, limit)
	}
	if most < budget/2 {
		t.Errorf("never more than %d bytes were held: the budget was not met", most)
	}
}

// TestAligned reads three partitions of which two are behind by hours, and one
// is empty: records come by time.
func TestAligned(t *testing.T) {
	brokers := kafkatest.Fake(t, 3, kfake.SeedTopics(4, "t")).ListenAddrs()
	now := time.Now().Add(-10 * time.Hour)
	for hour := range 9 {
		fillAt(t, brokers, "t", int32(hour%3), 1000, now.Add(time.Duration(hour)*time.Hour))
	}
	r := start(t, brokers, "t", kafka.ReaderOptions{Loop: "detect", Aligned: true})
	for p := range int32(4) {
		r.Add(event.Partition{Topic: "t", ID: p}, 0)
	}
	// A run may hold batches of several hours; its beginning is what is aligned.
	var heads []int64
	for total := 0; total < 9000; {
		records := r.next(t)
		heads = append(heads, records.Times[0])
		total += records.Len()
		records.Release()
	}
	if !slices.IsSorted(heads) {
		t.Errorf("runs do not come by time: %v", heads)
	}
}

// TestHungLeader ends while a broker holds an answer back.
func TestHungLeader(t *testing.T) {
	cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(1, "t"))
	hung := make(chan struct{})
	var once sync.Once
	release := make(chan struct{})
	defer close(release)
	cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		cluster.SleepControl(func() {
			once.Do(func() { close(hung) })
			<-release
		})
		return nil, nil, false
	})
	r := start(t, cluster.ListenAddrs(), "t", kafka.ReaderOptions{Loop: "detect"})
	r.Add(event.Partition{Topic: "t"}, 0)
	<-hung
	r.end() // fails when it takes 5 s; the time-out of the connection is 10 s
}

// TestHungPartition lets the leader of one partition hang: the other one is read
// all the same.
func TestHungPartition(t *testing.T) {
	cluster := kafkatest.Fake(t, 2, kfake.SeedTopics(2, "t"))
	for p := range int32(2) {
		if err := cluster.MoveTopicPartition("t", p, p); err != nil {
			t.Fatal(err)
		}
		fill(t, cluster.ListenAddrs(), "t", p, 10)
	}
	release := make(chan struct{})
	defer close(release)
	cluster.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if cluster.CurrentNode() == 0 {
			cluster.SleepControl(func() { <-release })
		}
		return nil, nil, false
	})
	r := start(t, cluster.ListenAddrs(), "t", kafka.ReaderOptions{Loop: "detect", Aligned: true})
	r.Add(event.Partition{Topic: "t", ID: 0}, 0)
	r.Add(event.Partition{Topic: "t", ID: 1}, 0)
	began := time.Now()
	for total := 0; total < 10; {
		records := r.next(t)
		if records.Partition != 1 {
			t.Fatalf("partition %d answered", records.Partition)
		}
		total += records.Len()
		records.Release()
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a hung leader held up the other partition for %v", took)
	}
}

// TestBrokerKilled kills the real broker in the middle of reading and starts it
// again.
func TestBrokerKilled(t *testing.T) {
	server := kafkatest.Start(t)
	server.CreateTopic(t, "t", 2, nil)
	r := start(t, server.Addresses(), "t", kafka.ReaderOptions{Loop: "detect", Aligned: true})
	for p := range int32(2) {
		r.Add(event.Partition{Topic: "t", ID: p}, 0)
	}
	next := map[int32]int64{}
	read := func(n int) {
		for total := 0; total < n; {
			records := r.next(t)
			for _, offset := range records.Offsets {
				if offset != next[records.Partition] {
					t.Fatalf("partition %d: offset %d, want %d", records.Partition, offset, next[records.Partition])
				}
				next[records.Partition]++
			}
			total += records.Len()
			records.Release()
		}
	}
	for range 2 {
		fill(t, server.Addresses(), "t", 0, 500)
		fill(t, server.Addresses(), "t", 1, 500)
		read(1000)
		server.Kill(t)
		server.Restart(t)
	}
	fill(t, server.Addresses(), "t", 1, 500)
	read(500)
}

// run runs reader until the test ends.
func run(t testing.TB, reader *kafka.Reader) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := reader.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	r := &running{Reader: reader}
	r.end = func() {
		cancel()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			t.Error("the reader does not end")
		}
	}
	t.Cleanup(r.end)
	return r
}

// fill writes n records to one partition.
func fill(t testing.TB, brokers []string, topic string, partition int32, n int) {
	t.Helper()
	fillAt(t, brokers, topic, partition, n, time.Now())
}

func fillAt(t testing.TB, brokers []string, topic string, partition int32, n int, at time.Time) {
	t.Helper()
	config, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		t.Fatal(err)
	}
	conn.Idempotent(config)
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Metadata.Retry.Max, config.Metadata.Retry.Backoff = 100, 100*time.Millisecond
	producer, err := sarama.NewSyncProducer(brokers, config)
	if err != nil {
		t.Error(err)
		return
	}
	defer producer.Close()
	var messages []*sarama.ProducerMessage
	for i := range n {
		messages = append(messages, &sarama.ProducerMessage{
			Topic: topic, Partition: partition, Timestamp: at.Add(time.Duration(i) * time.Millisecond),
			Value: sarama.StringEncoder(fmt.Sprintf("record %d of %d in partition %d", i, n, partition)),
		})
		if len(messages) == 2000 || i == n-1 {
			if err := producer.SendMessages(messages); err != nil {
				t.Error(err)
			}
			messages = nil
		}
	}
}

func wait(t testing.TB, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("not within 20 s")
		}
	}
}
