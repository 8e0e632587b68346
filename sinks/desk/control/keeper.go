package control

import (
	"context"
	"fmt"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/desk/topic"
)

// Keeper reads and writes the control topic.
type Keeper struct {
	Kafka  conn.Config
	Topic  string
	Writer *topic.Writer
}

// Read reads the topic to its end.
func (k Keeper) Read(ctx context.Context) (*Reader, error) {
	r := &Reader{}
	var failed error
	tail, err := topic.Follow(k.Kafka, k.Topic, nil, nil, func(e topic.Entry) {
		if err := r.Add(e.Value); err != nil && failed == nil {
			failed = fmt.Errorf("offset %d: %w", e.Offset, err)
		}
	})
	if err != nil {
		return nil, err
	}
	err = tail.Sync(ctx, 0)
	if closed := tail.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", k.Topic, err)
	}
	return r, nil
}

// Write puts an activation on the topic, with acks from all replicas. What is in
// force already is not written again: it holds from its first offsets on.
func (k Keeper) Write(ctx context.Context, a Activation) error {
	r, err := k.Read(ctx)
	if err != nil {
		return err
	}
	if last, ok := r.Last(a.Kind); ok && last.Digest == a.Digest {
		return nil
	}
	key, records, err := Encode(a)
	if err != nil {
		return err
	}
	messages := make([]topic.Message, 0, len(records))
	for _, record := range records {
		messages = append(messages, topic.Message{Topic: k.Topic, Key: key, Value: record})
	}
	if _, err := k.Writer.Write(ctx, messages); err != nil {
		return fmt.Errorf("write activation: %w", err)
	}
	return nil
}
