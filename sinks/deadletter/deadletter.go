package deadletter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
)

// maxLetter bounds one letter: a record of 1 MiB in base64 with its explanation.
// A batch that is larger is cut: its records are to be sent again anyway. Below
// the least no topic is sensible.
const (
	maxLetter = 1 << 20
	minLetter = 16 << 10
)

// Options say where the letters go.
type Options struct {
	Conn  conn.Config
	Topic string // must exist
}

// Topic keeps dead letters on a Kafka topic. It connects when the first letter
// comes. Safe for concurrent use.
type Topic struct {
	options Options

	mu       sync.Mutex
	client   sarama.Client
	producer sarama.SyncProducer
	stopped  bool
}

// New validates the options; it opens nothing.
func New(options Options) (*Topic, error) {
	if err := options.Conn.Validate(); err != nil {
		return nil, err
	}
	if options.Topic == "" {
		return nil, errors.New("dead letters: give the name of their topic")
	}
	return &Topic{options: options}, nil
}

// Append blocks until every letter is kept with acks=all. Appending one again
// adds a record with the same key and is harmless. An error may come after some
// or all of them have been kept. A topic that takes only smaller records gets the
// beginning of the original bytes: a letter must never hold up what follows it.
func (t *Topic) Append(_ context.Context, letters []event.Dead) error {
	for limit := maxLetter; ; limit /= 2 {
		messages, err := t.records(letters, limit)
		if err != nil {
			return fault.As(fault.Permanent, err)
		}
		err = t.send(messages)
		if !errors.Is(err, sarama.ErrMessageSizeTooLarge) || limit < minLetter {
			return err
		}
	}
}

// records returns the records of letters, with at most limit original bytes.
func (t *Topic) records(letters []event.Dead, limit int) ([]*sarama.ProducerMessage, error) {
	messages := make([]*sarama.ProducerMessage, 0, len(letters))
	for _, d := range letters {
		if len(d.Raw) > limit {
			d.Message += fmt.Sprintf(" (raw: the first %d of %d bytes)", limit, len(d.Raw))
			d.Raw = d.Raw[:limit]
		}
		value, err := Encode(d)
		if err != nil {
			return nil, err
		}
		messages = append(messages, &sarama.ProducerMessage{
			Topic: t.options.Topic, Key: sarama.StringEncoder(Key(d)), Value: sarama.ByteEncoder(value),
		})
	}
	return messages, nil
}

// send produces messages with acks=all.
func (t *Topic) send(messages []*sarama.ProducerMessage) error {
	if len(messages) == 0 {
		return nil
	}
	producer, err := t.open()
	if err != nil {
		return err
	}
	if err := producer.SendMessages(messages); err != nil {
		var errs sarama.ProducerErrors
		if errors.As(err, &errs) && len(errs) > 0 {
			return fmt.Errorf("send %d of %d records: %w", len(errs), len(messages), errs[0].Err)
		}
		return fmt.Errorf("send %d records: %w", len(messages), err)
	}
	return nil
}

func (t *Topic) open() (sarama.SyncProducer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return nil, fault.As(fault.Stopping, errors.New("dead letters are stopped"))
	}
	if t.producer != nil {
		return t.producer, nil
	}
	config, err := t.options.Conn.Sarama()
	if err != nil {
		return nil, err
	}
	conn.Idempotent(config)
	config.Metadata.Retry.Max = 1
	config.Producer.MaxMessageBytes = 4 * maxLetter // JSON may need six bytes for one; the topic has the last word
	client, err := sarama.NewClient(t.options.Conn.Brokers, config)
	if err != nil {
		return nil, fmt.Errorf("connect to kafka: %w", err)
	}
	producer, err := sarama.NewSyncProducerFromClient(client)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make producer: %w", err), client.Close())
	}
	t.client, t.producer = client, producer
	return producer, nil
}

// Stop closes the connection. It may be called without Append and twice.
func (t *Topic) Stop(context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.producer == nil {
		return nil
	}
	err := errors.Join(t.producer.Close(), t.client.Close())
	t.producer, t.client = nil, nil
	if err != nil {
		return fmt.Errorf("stop dead letters: %w", err)
	}
	return nil
}

func parseTime(s string) (int64, error) {
	at, err := time.Parse(time.RFC3339Nano, s)
	return at.UnixMilli(), err
}
