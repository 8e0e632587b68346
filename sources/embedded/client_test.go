package embedded_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
)

// produce sends n records with headers and an hour-old timestamp by an
// idempotent producer, alternating between two partitions.
func produce(t *testing.T, addresses []string, topic string, n int) {
	t.Helper()
	config := settings(t, addresses)
	conn.Idempotent(config)
	config.Producer.Partitioner = sarama.NewManualPartitioner
	producer, err := sarama.NewSyncProducer(addresses, config)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, producer.Close)
	messages := make([]*sarama.ProducerMessage, n)
	for i := range messages {
		messages[i] = &sarama.ProducerMessage{
			Topic:     topic,
			Partition: int32(i % 2),
			Key:       sarama.StringEncoder("k" + strconv.Itoa(i)),
			Value:     sarama.StringEncoder("v" + strconv.Itoa(i)),
			Headers:   []sarama.RecordHeader{{Key: []byte("traceparent"), Value: []byte("00")}},
			Timestamp: time.Now().Add(-time.Hour),
		}
	}
	if err := producer.SendMessages(messages); err != nil {
		t.Fatal(err)
	}
}

// consume reads n records from the first two partitions of a topic.
func consume(t *testing.T, addresses []string, topic string, n int) []*sarama.ConsumerMessage {
	t.Helper()
	consumer, err := sarama.NewConsumer(addresses, settings(t, addresses))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, consumer.Close)
	var messages []*sarama.ConsumerMessage
	deadline := time.After(wait)
	for partition := range int32(2) {
		reader, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
		if err != nil {
			t.Fatal(err)
		}
		for range n / 2 {
			select {
			case message := <-reader.Messages():
				messages = append(messages, message)
			case <-deadline:
				t.Fatalf("%d of %d records after %s", len(messages), n, wait)
			}
		}
		closing(t, reader.Close)
	}
	return messages
}

func commit(t *testing.T, addresses []string, group, topic string, offset int64, metadata string) {
	t.Helper()
	client, err := sarama.NewClient(addresses, settings(t, addresses))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, client.Close)
	manager, err := sarama.NewOffsetManagerFromClient(group, client)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, manager.Close)
	partition, err := manager.ManagePartition(topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer partition.AsyncClose()
	partition.MarkOffset(offset, metadata)
	manager.Commit()
}

func newAdmin(t *testing.T, addresses []string) sarama.ClusterAdmin {
	t.Helper()
	admin, err := sarama.NewClusterAdmin(addresses, settings(t, addresses))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, admin.Close) })
	return admin
}

func closing(t *testing.T, stop func() error) {
	t.Helper()
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// member is one member of a consumer group, which counts what it gets.
type member struct {
	group  sarama.ConsumerGroup
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	records int
	claims  int
}

func join(t *testing.T, addresses []string, group, topic string) *member {
	t.Helper()
	config := settings(t, addresses)
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyCooperativeSticky()}
	g, err := sarama.NewConsumerGroup(addresses, group, config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{group: g, cancel: cancel}
	m.done.Go(func() {
		for ctx.Err() == nil {
			if err := g.Consume(ctx, []string{topic}, m); err != nil && ctx.Err() == nil {
				t.Errorf("consume: %v", err)
				return
			}
		}
	})
	m.done.Go(func() {
		for err := range g.Errors() {
			t.Logf("group: %v", err)
		}
	})
	return m
}

func (m *member) leave(t *testing.T) {
	t.Helper()
	m.cancel()
	closing(t, m.group.Close)
	m.done.Wait()
}

// waitFor waits until the member holds so many partitions and has had at least
// so many records.
func (m *member) waitFor(t *testing.T, records, claims int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(wait)
	for {
		m.mu.Lock()
		r, c := m.records, m.claims
		m.mu.Unlock()
		if r >= records && c == claims {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("member has %d records, %d partitions; want %d, %d", r, c, records, claims)
		}
	}
}

func (m *member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (m *member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	m.add(0, 1)
	defer m.add(0, -1)
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			session.MarkMessage(message, "")
			m.add(1, 0)
		case <-session.Context().Done():
			return nil
		}
	}
}

func (m *member) add(records, claims int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records += records
	m.claims += claims
}
