package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/control"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/desk/topic"
)

// Append implements pipeline.HitLog: hits that can alert go to the case log, the
// others to the hits topic, all with acks from all replicas. Hits on versions of
// reports that are known to be superseded go nowhere, nor does what the log says
// already. It does not wait until the fold has read them.
func (d *Desk) Append(ctx context.Context, hits []*hit.Hit) error {
	if !d.Ready() {
		return fmt.Errorf("append hits: %w", errNotReady)
	}
	if _, err := d.write(ctx, d.news(ctx, d.current(hits))); err != nil {
		return fmt.Errorf("append hits: %w", err)
	}
	return nil
}

// submit writes events to the case log and returns what they came to, in order,
// when this instance has folded them.
func (d *Desk) submit(ctx context.Context, drafts []intake.Draft) ([]apply.Verdict, error) {
	waits := make([]<-chan apply.Verdict, len(drafts))
	for i, x := range drafts {
		waits[i] = d.fold.await(x.ID)
		defer d.fold.forget(x.ID)
	}
	if _, err := d.write(ctx, drafts); err != nil {
		return nil, err
	}
	out := make([]apply.Verdict, len(drafts))
	for i, ch := range waits {
		select {
		case out[i] = <-ch:
		case <-ctx.Done():
			return nil, fmt.Errorf("read back event: %w", ctx.Err())
		}
	}
	return out, nil
}

// write seals, encodes and produces drafts.
func (d *Desk) write(ctx context.Context, drafts []intake.Draft) ([]int64, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	if err := d.ensureKeys(ctx, drafts); err != nil {
		return nil, err
	}
	if err := d.destroyKeys(ctx, drafts); err != nil {
		return nil, err
	}
	messages := make([]topic.Message, 0, len(drafts))
	for _, x := range drafts {
		m, err := d.message(x)
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return d.writer.Write(ctx, messages)
}

func (d *Desk) message(x intake.Draft) (topic.Message, error) {
	if x.Personal != nil {
		sealed, err := d.seal(x)
		if err != nil {
			return topic.Message{}, err
		}
		x.Seal(sealed)
	}
	event, err := caselog.New(x.ID, x.Type, x.Key, d.opt.Now(), x.Data)
	if err != nil {
		return topic.Message{}, err
	}
	event.Source, event.Trace = "/"+d.opt.Book.Self.ID, x.Trace
	text, err := event.Encode()
	if err != nil {
		return topic.Message{}, err
	}
	name := d.opt.Layout.Names.Cases
	if !x.Alerts {
		name = d.opt.Layout.Names.Hits
	}
	return topic.Message{Topic: name, Partition: d.fold.partition(x.Key), Key: string(x.Key), Value: text, Trace: x.Trace}, nil
}

func (d *Desk) seal(x intake.Draft) (string, error) {
	if !x.Alerts {
		return d.ring.SealHit(x.Personal)
	}
	return d.ring.Seal(x.Key, x.Personal)
}

// ensureKeys puts a data key on the keys topic for every log key that has none,
// before the first event that uses it.
func (d *Desk) ensureKeys(ctx context.Context, drafts []intake.Draft) error {
	fresh := map[caselog.Key]topic.Message{}
	for _, x := range drafts {
		if _, made := fresh[x.Key]; made || x.Personal == nil || !x.Alerts || d.ring.Has(x.Key) {
			continue
		}
		id, record, err := d.ring.Fresh(x.Key)
		if err != nil {
			return err
		}
		fresh[x.Key] = topic.Message{Topic: d.opt.Layout.Names.Keys, Key: id, Value: record}
	}
	if len(fresh) == 0 {
		return nil
	}
	messages := make([]topic.Message, 0, len(fresh))
	for _, m := range fresh {
		messages = append(messages, m)
	}
	if _, err := d.writer.Write(ctx, messages); err != nil {
		return fmt.Errorf("write data keys: %w", err)
	}
	for _, m := range messages {
		if err := d.ring.Load(m.Key, m.Value); err != nil {
			return err
		}
	}
	return nil
}

// destroyKeys puts a tombstone on every data key of what is erased, before the event
// that says so.
func (d *Desk) destroyKeys(ctx context.Context, drafts []intake.Draft) error {
	var gone []topic.Message
	for _, x := range drafts {
		if x.Type != caselog.Erased {
			continue
		}
		for _, id := range d.ring.IDs(x.Key) {
			gone = append(gone, topic.Message{Topic: d.opt.Layout.Names.Keys, Key: id})
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if _, err := d.writer.Write(ctx, gone); err != nil {
		return fmt.Errorf("destroy data keys: %w", err)
	}
	for _, m := range gone {
		if err := d.ring.Load(m.Key, nil); err != nil {
			return err
		}
	}
	return nil
}

// open decrypts personal data. A data key that this instance has not read yet is
// waited for: it was on its topic before what it sealed.
func (d *Desk) open(ctx context.Context, personal string, into any) error {
	err := d.ring.Open(personal, into)
	if !errors.Is(err, caselog.ErrUnknownKey) {
		return err
	}
	if err := d.keys.Sync(ctx, 0); err != nil {
		return err
	}
	err = d.ring.Open(personal, into)
	if errors.Is(err, caselog.ErrUnknownKey) {
		return caselog.ErrErased
	}
	return err
}

// Activations reads the control topic to its end: what was put in force, oldest
// first.
func (d *Desk) Activations(ctx context.Context) ([]control.Activation, error) {
	r, err := d.control().Read(ctx)
	if err != nil {
		return nil, err
	}
	return r.Activations, nil
}

// Activate writes what is about to be put in force; the caller swaps only after
// it has returned nil. A repeat of what is in force writes nothing.
func (d *Desk) Activate(ctx context.Context, a control.Activation) error {
	return d.control().Write(ctx, a)
}

func (d *Desk) control() control.Keeper {
	return control.Keeper{Kafka: d.opt.Kafka, Topic: d.opt.Layout.Names.Control, Writer: d.writer}
}
