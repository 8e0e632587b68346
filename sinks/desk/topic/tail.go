package topic

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
)

// Entry is one record of a tail. Value is nil for a tombstone.
type Entry struct {
	Partition int32
	Offset    int64
	Appended  int64 // Unix ms
	Key       string
	Value     []byte
}

// Tail follows every partition of a topic from a start offset to its end and on.
type Tail struct {
	topic    string
	config   conn.Config
	client   sarama.Client
	consumer sarama.Consumer
	parts    []sarama.PartitionConsumer
	next     []atomic.Int64 // offset after the last handled one, by partition
	moved    chan struct{}  // closed and replaced when a partition moves
	mu       sync.Mutex
	asking   sarama.Client // for ends, made when first needed: on the other one they wait for a fetch that waits for records
	done     sync.WaitGroup
	failed   chan error
}

// Follow starts to read. from gives the first offset of a partition, nil reads
// all; only the partitions listed are read, nil reads all. handle is called in
// order for the records of one partition and at the same time for different
// ones; it must not block for long. Close ends the tail.
func Follow(c conn.Config, topic string, partitions []int32, from func(partition int32) int64, handle func(Entry)) (*Tail, error) {
	config, err := c.Sarama()
	if err != nil {
		return nil, fmt.Errorf("follow %s: %w", topic, err)
	}
	config.Consumer.MaxWaitTime = 500 * time.Millisecond // an idle topic costs two fetches a second
	config.Consumer.Fetch.Default = 1 << 20
	config.Consumer.MaxProcessingTime = 10 * time.Second // handlers wait for ClickHouse
	client, err := sarama.NewClient(c.Brokers, config)
	if err != nil {
		return nil, fmt.Errorf("follow %s: %w", topic, err)
	}
	t := &Tail{topic: topic, config: c, client: client, moved: make(chan struct{}), failed: make(chan error, 1)}
	if err := t.open(partitions, from, handle); err != nil {
		return nil, errors.Join(fmt.Errorf("follow %s: %w", topic, err), t.Close())
	}
	return t, nil
}

func (t *Tail) open(partitions []int32, from func(int32) int64, handle func(Entry)) error {
	all, err := t.client.Partitions(t.topic)
	if err != nil {
		return err
	}
	if t.consumer, err = sarama.NewConsumerFromClient(t.client); err != nil {
		return err
	}
	t.next = make([]atomic.Int64, len(all))
	if partitions == nil {
		partitions = all
	}
	for _, p := range partitions {
		start, err := t.client.GetOffset(t.topic, p, sarama.OffsetOldest)
		if err != nil {
			return err
		}
		if from != nil {
			start = max(start, from(p))
		}
		t.next[p].Store(start)
		part, err := t.consumer.ConsumePartition(t.topic, p, start)
		if err != nil {
			return err
		}
		t.parts = append(t.parts, part)
		t.done.Add(2)
		go t.read(part, p, handle)
		go t.errors(part)
	}
	return nil
}

func (t *Tail) read(part sarama.PartitionConsumer, p int32, handle func(Entry)) {
	defer t.done.Done()
	for m := range part.Messages() {
		handle(Entry{Partition: p, Offset: m.Offset, Appended: m.Timestamp.UnixMilli(), Key: string(m.Key), Value: m.Value})
		t.next[p].Store(m.Offset + 1)
		t.mu.Lock()
		close(t.moved)
		t.moved = make(chan struct{})
		t.mu.Unlock()
	}
}

// errors keeps the channel empty. Only a lost offset ends the reading for good.
func (t *Tail) errors(part sarama.PartitionConsumer) {
	defer t.done.Done()
	for err := range part.Errors() {
		if errors.Is(err, sarama.ErrOffsetOutOfRange) {
			select {
			case t.failed <- fmt.Errorf("read %s partition %d: records are gone that were not read: %w", t.topic, err.Partition, err):
			default:
			}
		}
	}
}

// Failed gives the error after which a partition is not read any more.
func (t *Tail) Failed() <-chan error { return t.failed }

// Next returns the offset after the last record of the partition that was
// handled.
func (t *Tail) Next(partition int32) int64 { return t.next[partition].Load() }

// End returns the offset after the last record of the partition on the broker.
func (t *Tail) End(partition int32) (int64, error) { return t.EndOf(t.topic, partition) }

// EndOf is End for another topic of the same cluster.
func (t *Tail) EndOf(topic string, partition int32) (int64, error) {
	client, err := t.asker()
	if err != nil {
		return 0, fmt.Errorf("ask for the end of %s partition %d: %w", topic, partition, err)
	}
	end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
	if err != nil {
		return 0, fmt.Errorf("ask for the end of %s partition %d: %w", topic, partition, err)
	}
	return end, nil
}

// asker returns the client for ends.
func (t *Tail) asker() (sarama.Client, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asking != nil {
		return t.asking, nil
	}
	config, err := t.config.Sarama()
	if err != nil {
		return nil, err
	}
	client, err := sarama.NewClient(t.config.Brokers, config)
	if err != nil {
		return nil, err
	}
	t.asking = client
	return client, nil
}

// quiet is how long a partition must have given nothing to count as read to its
// end although its last records are missing (compaction).
const quiet = 2 * time.Second

// Wait returns when the partition has been handled up to but not including
// offset, or when ctx ends.
func (t *Tail) Wait(ctx context.Context, partition int32, offset int64) error {
	idle := time.NewTimer(quiet)
	defer idle.Stop()
	for {
		t.mu.Lock()
		moved := t.moved
		t.mu.Unlock()
		if t.Next(partition) >= offset {
			return nil
		}
		select {
		case <-moved:
		case <-idle.C:
			if t.compacted(partition, offset) {
				return nil
			}
			idle.Reset(quiet)
		case <-ctx.Done():
			return fmt.Errorf("wait for %s partition %d: %w", t.topic, partition, ctx.Err())
		}
	}
}

// compacted reports whether the consumer has seen the end beyond offset while
// no record came: the last ones were compacted away.
func (t *Tail) compacted(partition int32, offset int64) bool {
	for _, hw := range t.consumer.HighWaterMarks()[t.topic] {
		if hw >= offset && t.Next(partition) < offset && len(t.parts) == 1 {
			return true
		}
	}
	return false
}

// Sync waits until everything that is on the log now has been handled.
func (t *Tail) Sync(ctx context.Context, partitions ...int32) error {
	ends, errs := make([]int64, len(partitions)), make([]error, len(partitions))
	var asked sync.WaitGroup
	for i, p := range partitions {
		asked.Add(1)
		go func() {
			defer asked.Done()
			ends[i], errs[i] = t.End(p)
		}()
	}
	asked.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, p := range partitions {
		if err := t.Wait(ctx, p, ends[i]); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the reading and waits for the handlers.
func (t *Tail) Close() error {
	for _, part := range t.parts {
		part.AsyncClose()
	}
	t.done.Wait()
	var err error
	if t.consumer != nil {
		err = t.consumer.Close()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asking != nil {
		err = errors.Join(err, t.asking.Close())
	}
	return errors.Join(err, t.client.Close())
}
