package deadletter

import (
	"context"
	"fmt"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/event"
)

// replayed is the header that a record sent again carries: the position it had.
const replayed = "haltwire-replayed"

// Each calls visit with every letter that is on the topic when it is called,
// partition by partition, each in order. A letter that was written twice comes
// twice. visit may return an error to end the walk, which Each returns.
func (t *Topic) Each(ctx context.Context, visit func(event.Dead) error) error {
	if _, err := t.open(); err != nil {
		return err
	}
	consumer, err := sarama.NewConsumerFromClient(t.client)
	if err != nil {
		return fmt.Errorf("read dead letters: %w", err)
	}
	defer consumer.Close()
	partitions, err := t.client.Partitions(t.options.Topic)
	if err != nil {
		return fmt.Errorf("read dead letters: %w", err)
	}
	for _, p := range partitions {
		if err := t.eachOf(ctx, consumer, p, visit); err != nil {
			return err
		}
	}
	return nil
}

func (t *Topic) eachOf(ctx context.Context, consumer sarama.Consumer, p int32, visit func(event.Dead) error) error {
	end, err := t.client.GetOffset(t.options.Topic, p, sarama.OffsetNewest)
	if err != nil {
		return fmt.Errorf("find end of dead letters: %w", err)
	}
	start, err := t.client.GetOffset(t.options.Topic, p, sarama.OffsetOldest)
	if err != nil {
		return fmt.Errorf("find start of dead letters: %w", err)
	}
	if start >= end {
		return nil
	}
	records, err := consumer.ConsumePartition(t.options.Topic, p, start)
	if err != nil {
		return fmt.Errorf("read dead letters: %w", err)
	}
	defer records.Close()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-records.Errors():
			return fmt.Errorf("read dead letters: %w", err)
		case m := <-records.Messages():
			if err := visitRecord(m, visit); err != nil {
				return err
			}
			if m.Offset >= end-1 {
				return nil
			}
		}
	}
}

func visitRecord(m *sarama.ConsumerMessage, visit func(event.Dead) error) error {
	d, err := Decode(m.Value)
	if err != nil {
		return fmt.Errorf("%s/%d/%d: %w", m.Topic, m.Partition, m.Offset, err)
	}
	return visit(d)
}

// Replay sends the original bytes of every letter that want accepts to its topic
// again, once however often the letter was written, and returns how many it
// sent. Batches that nobody could read are left out: they hold records, and are
// none. The report is judged and archived like any other; its record time is
// that of the replay.
func (t *Topic) Replay(ctx context.Context, want func(event.Dead) bool) (int, error) {
	seen := map[event.Position]bool{}
	var messages []*sarama.ProducerMessage
	sent := 0
	flush := func() error {
		if err := t.send(messages); err != nil {
			return fmt.Errorf("replay dead letters: %w", err)
		}
		sent += len(messages)
		messages = nil
		return nil
	}
	err := t.Each(ctx, func(d event.Dead) error {
		if d.Reason == event.BadBatch || seen[d.Position] || !want(d) {
			return nil
		}
		seen[d.Position] = true
		messages = append(messages, &sarama.ProducerMessage{
			Topic: d.Topic, Value: sarama.ByteEncoder(d.Raw),
			Headers: []sarama.RecordHeader{{Key: []byte(replayed), Value: []byte(Key(d))}},
		})
		if len(messages) < replayBatch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return sent, err
	}
	return sent, flush()
}

// replayBatch is how many records are sent at once: at 1 MiB each what memory
// may hold.
const replayBatch = 64
