package sourcetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
)

// Record is one record as a test compares it.
type Record struct {
	Offset int64
	Time   int64
	Value  []byte
	Trace  string
}

// Written is a record that a reader must return.
type Written struct {
	Partition event.Partition
	Record
}

func compressions() []sarama.CompressionCodec {
	return []sarama.CompressionCodec{
		sarama.CompressionNone, sarama.CompressionLZ4, sarama.CompressionZSTD, sarama.CompressionSnappy, sarama.CompressionGZIP,
	}
}

// writer writes records and remembers those that are committed.
type writer struct {
	brokers    []string
	topic      string
	partitions int32
	written    []Written
}

func newWriter(t testing.TB, brokers []string, topic string, partitions int32) *writer {
	t.Helper()
	admin, err := sarama.NewClusterAdmin(brokers, config(t, brokers))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if err := admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false); err != nil {
		t.Fatal(err)
	}
	return &writer{brokers: brokers, topic: topic, partitions: partitions}
}

func config(t testing.TB, brokers []string) *sarama.Config {
	t.Helper()
	c, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		t.Fatal(err)
	}
	conn.Idempotent(c)
	c.Producer.Partitioner = sarama.NewManualPartitioner
	c.Metadata.Retry.Max = 40
	return c
}

// write writes n records of a round, spread over the partitions. Some have a
// trace, some no value.
func (w *writer) write(t testing.TB, compression sarama.CompressionCodec, n, round int) {
	t.Helper()
	c := config(t, w.brokers)
	c.Producer.Compression = compression
	producer, err := sarama.NewSyncProducer(w.brokers, c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = producer.Close() }() // everything was sent and answered
	messages := w.messages(n, round)
	if err := producer.SendMessages(messages); err != nil {
		t.Fatal(err)
	}
	w.remember(messages)
}

// transact writes n records in one transaction and commits or aborts it.
func (w *writer) transact(t testing.TB, n, round int, commit bool) {
	t.Helper()
	c := config(t, w.brokers)
	c.Producer.Transaction.ID = fmt.Sprintf("%s-%d", w.topic, round)
	producer, err := sarama.NewSyncProducer(w.brokers, c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = producer.Close() }() // everything was sent and answered
	if err := producer.BeginTxn(); err != nil {
		t.Fatal(err)
	}
	messages := w.messages(n, round)
	if err := producer.SendMessages(messages); err != nil {
		t.Fatal(err)
	}
	end := producer.AbortTxn
	if commit {
		end = producer.CommitTxn
		w.remember(messages)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

func (w *writer) messages(n, round int) []*sarama.ProducerMessage {
	messages := make([]*sarama.ProducerMessage, n)
	base := time.UnixMilli(time.Now().UnixMilli()) // a broker may refuse times of long ago
	for i := range messages {
		m := &sarama.ProducerMessage{
			Topic: w.topic, Partition: int32(i) % w.partitions, Timestamp: base.Add(time.Duration(i) * time.Millisecond),
			Value: sarama.StringEncoder(fmt.Sprintf(`{"round":%d,"record":%d,"text":"the same text in every record"}`, round, i)),
		}
		if i%10 == 3 {
			m.Headers = []sarama.RecordHeader{
				{Key: []byte("other"), Value: []byte("x")},
				{Key: []byte("traceparent"), Value: fmt.Appendf(nil, "00-%032x-%016x-01", i, i)},
			}
		}
		if i%50 == 7 {
			m.Value = nil
		}
		messages[i] = m
	}
	return messages
}

func (w *writer) remember(messages []*sarama.ProducerMessage) {
	for _, m := range messages {
		record := Record{Offset: m.Offset, Time: m.Timestamp.UnixMilli()}
		if m.Value != nil {
			record.Value, _ = m.Value.Encode() // a StringEncoder does not fail
		}
		for _, h := range m.Headers {
			if string(h.Key) == "traceparent" {
				record.Trace = string(h.Value)
			}
		}
		w.written = append(w.written, Written{event.Partition{Topic: w.topic, ID: m.Partition}, record})
	}
}
