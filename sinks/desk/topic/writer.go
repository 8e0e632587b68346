package topic

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
)

// Message is one record to write.
type Message struct {
	Topic     string
	Partition int32
	Key       string
	Value     []byte // nil = tombstone
	Trace     string // traceparent header, or ""
}

// Writer writes records with acks from all replicas, without loss, doubles or
// reorder. Safe for concurrent use.
type Writer struct {
	producer sarama.AsyncProducer
	done     sync.WaitGroup
}

// pending is one call of Write.
type pending struct {
	offsets []int64
	left    sync.WaitGroup
	mu      sync.Mutex
	err     error
}

type ticket struct {
	of    *pending
	index int
}

// NewWriter connects. Close ends it.
func NewWriter(c conn.Config) (*Writer, error) {
	config, err := c.Sarama()
	if err != nil {
		return nil, fmt.Errorf("make writer: %w", err)
	}
	conn.Idempotent(config)
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.MaxMessageBytes = maxRecord
	producer, err := sarama.NewAsyncProducer(c.Brokers, config)
	if err != nil {
		return nil, fmt.Errorf("make writer: %w", err)
	}
	w := &Writer{producer: producer}
	w.done.Add(2)
	go w.successes()
	go w.failures()
	return w, nil
}

// Write returns when all records are on the log, with their offsets, or with the
// first error; then none, some or all of them may be there. A cancelled ctx
// returns at once, and says nothing about the records.
func (w *Writer) Write(ctx context.Context, messages []Message) ([]int64, error) {
	p := &pending{offsets: make([]int64, len(messages))}
	for i, m := range messages {
		p.left.Add(1)
		record := &sarama.ProducerMessage{Topic: m.Topic, Partition: m.Partition, Key: sarama.StringEncoder(m.Key), Metadata: ticket{p, i}}
		if m.Value != nil {
			record.Value = sarama.ByteEncoder(m.Value)
		}
		if m.Trace != "" {
			record.Headers = []sarama.RecordHeader{{Key: []byte("traceparent"), Value: []byte(m.Trace)}}
		}
		select {
		case w.producer.Input() <- record:
		case <-ctx.Done():
			p.left.Done()
			return nil, fmt.Errorf("write records: %w", ctx.Err())
		}
	}
	all := make(chan struct{})
	go func() { p.left.Wait(); close(all) }()
	select {
	case <-all:
	case <-ctx.Done():
		return nil, fmt.Errorf("write records: %w", ctx.Err())
	}
	if p.err != nil {
		return nil, fmt.Errorf("write records: %w", p.err)
	}
	return p.offsets, nil
}

// Close flushes what is under way and ends the writer. Nobody may call Write any
// more.
func (w *Writer) Close() {
	w.producer.AsyncClose()
	w.done.Wait()
}

func (w *Writer) successes() {
	defer w.done.Done()
	for m := range w.producer.Successes() {
		if t, ok := m.Metadata.(ticket); ok {
			t.of.offsets[t.index] = m.Offset
			t.of.left.Done()
		}
	}
}

func (w *Writer) failures() {
	defer w.done.Done()
	for e := range w.producer.Errors() {
		t, ok := e.Msg.Metadata.(ticket)
		if !ok {
			continue
		}
		t.of.mu.Lock()
		t.of.err = errors.Join(t.of.err, e.Err)
		t.of.mu.Unlock()
		t.of.left.Done()
	}
}
