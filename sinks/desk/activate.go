package desk

import (
	"context"
	"fmt"

	"github.com/haltwire/haltwire/sinks/desk/control"
	"github.com/haltwire/haltwire/sinks/desk/topic"
)

// Activations reads the control topic to its end: what was put in force, oldest
// first.
func (d *Desk) Activations(ctx context.Context) ([]control.Activation, error) {
	r, err := d.control(ctx)
	if err != nil {
		return nil, err
	}
	return r.Activations, nil
}

func (d *Desk) control(ctx context.Context) (*control.Reader, error) {
	r := &control.Reader{}
	var failed error
	tail, err := topic.Follow(d.opt.Kafka, d.opt.Layout.Names.Control, nil, nil, func(e topic.Entry) {
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
		return nil, fmt.Errorf("read %s: %w", d.opt.Layout.Names.Control, err)
	}
	return r, nil
}

// Activate writes what is about to be put in force, with acks from all replicas;
// the caller swaps only after it has returned nil. What is in force already is
// not written again: it holds from its first offsets on.
func (d *Desk) Activate(ctx context.Context, a control.Activation) error {
	r, err := d.control(ctx)
	if err != nil {
		return err
	}
	if last, ok := r.Last(a.Kind); ok && last.Digest == a.Digest {
		return nil
	}
	key, records, err := control.Encode(a)
	if err != nil {
		return err
	}
	messages := make([]topic.Message, 0, len(records))
	for _, record := range records {
		messages = append(messages, topic.Message{Topic: d.opt.Layout.Names.Control, Key: key, Value: record})
	}
	if _, err := d.writer.Write(ctx, messages); err != nil {
		return fmt.Errorf("write activation: %w", err)
	}
	return nil
}
