package kafka_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sources/sourcetest"
)

// oracle is the obvious way to read Kafka with sarama, against which the suite is
// run as well: session.MarkOffset and Commit, PartitionConsumer.Messages.
type oracle struct {
	brokers []string
	group   string
	topic   string

	mu      sync.Mutex
	session sarama.ConsumerGroupSession
	owned   map[event.Partition]bool
	own     func(context.Context, event.Partition, int64)

	consumer sarama.Consumer
	opened   chan struct{}
	reading  map[event.Partition]*oracleRun
	readers  sync.WaitGroup
	messages chan *sarama.ConsumerMessage
	highs    map[event.Partition]sarama.PartitionConsumer
}

func newOracle(_ testing.TB, brokers []string, group, topic string) (sourcetest.Source, sourcetest.Reader) {
	o := &oracle{
		brokers: brokers, group: group, topic: topic, owned: map[event.Partition]bool{}, opened: make(chan struct{}),
		reading: map[event.Partition]*oracleRun{}, messages: make(chan *sarama.ConsumerMessage), highs: map[event.Partition]sarama.PartitionConsumer{},
	}
	return (*oracleSource)(o), (*oracleReader)(o)
}

func (o *oracle) config() (*sarama.Config, error) {
	c, err := conn.Config{Brokers: o.brokers}.Sarama()
	if err != nil {
		return nil, err
	}
	c.Consumer.Group.Session.Timeout = 6 * time.Second
	c.Consumer.Group.Heartbeat.Interval = 2 * time.Second
	c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyCooperativeSticky()}
	c.Consumer.Return.Errors = false
	return c, nil
}

type oracleSource oracle

func (s *oracleSource) Run(ctx context.Context, own func(context.Context, event.Partition, int64)) error {
	config, err := (*oracle)(s).config()
	if err != nil {
		return err
	}
	group, err := sarama.NewConsumerGroup(s.brokers, s.group, config)
	if err != nil {
		return err
	}
	defer group.Close()
	s.own = own
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{s.topic}, s); err != nil {
			return err
		}
	}
	return nil
}

func (s *oracleSource) Setup(session sarama.ConsumerGroupSession) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = session
	return nil
}

func (s *oracleSource) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (s *oracleSource) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	p := event.Partition{Topic: claim.Topic(), ID: claim.Partition()}
	ctx, cancel := context.WithCancel(context.WithoutCancel(session.Context()))
	s.set(p, true)
	go func() {
		defer cancel()
		for range claim.Messages() { // the reader has consumers of its own
		}
	}()
	s.own(ctx, p, claim.InitialOffset())
	s.set(p, false)
	return nil
}

func (s *oracleSource) set(p event.Partition, owned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owned[p] = owned
}

func (s *oracleSource) Commit(_ context.Context, next map[event.Partition]int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, offset := range next {
		if !s.owned[p] {
			return fault.As(fault.Fenced, context.Canceled)
		}
		s.session.MarkOffset(p.Topic, p.ID, offset, "")
	}
	s.session.Commit()
	return nil
}

type oracleReader oracle

type oracleRun struct{ end, ended chan struct{} }

func (r *oracleReader) Run(ctx context.Context) error {
	config, err := (*oracle)(r).config()
	if err != nil {
		return err
	}
	config.Consumer.MaxWaitTime = 100 * time.Millisecond
	if r.consumer, err = sarama.NewConsumer(r.brokers, config); err != nil {
		return err
	}
	close(r.opened)
	<-ctx.Done()
	r.mu.Lock()
	for p := range r.reading {
		r.endLocked(p)
	}
	r.mu.Unlock()
	r.readers.Wait()
	return r.consumer.Close()
}

func (r *oracleReader) Add(p event.Partition, from int64) {
	<-r.opened
	if from < 0 {
		from = sarama.OffsetOldest
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endLocked(p)
	records, err := r.consumer.ConsumePartition(p.Topic, p.ID, from)
	if err != nil {
		return // the suite misses the records
	}
	end, ended := make(chan struct{}), make(chan struct{})
	r.reading[p], r.highs[p] = &oracleRun{end, ended}, records
	r.readers.Go(func() {
		defer close(ended)
		defer records.Close()
		for {
			select {
			case <-end:
				return
			case m := <-records.Messages():
				select {
				case <-end:
					return
				case r.messages <- m:
				}
			}
		}
	})
}

func (r *oracleReader) Remove(p event.Partition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endLocked(p)
}

func (r *oracleReader) endLocked(p event.Partition) {
	if reading := r.reading[p]; reading != nil {
		close(reading.end)
		<-reading.ended // sarama allows one consumer a partition
		delete(r.reading, p)
	}
}

func (r *oracleReader) Next(ctx context.Context) (*event.Records, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case m := <-r.messages:
		p := event.Partition{Topic: m.Topic, ID: m.Partition}
		r.mu.Lock()
		high := r.highs[p].HighWaterMarkOffset()
		r.mu.Unlock()
		records := &event.Records{
			Topic: m.Topic, Partition: m.Partition, Offsets: []int64{m.Offset}, Times: []int64{m.Timestamp.UnixMilli()},
			Values: [][]byte{m.Value}, Next: m.Offset + 1, High: high,
		}
		for _, h := range m.Headers {
			if string(h.Key) == "traceparent" {
				records.Trace = [][]byte{h.Value}
			}
		}
		return records, nil
	}
}
