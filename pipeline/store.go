package pipeline

import (
	"context"
	"strconv"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// writer stores one block at a time. Its decoder is its own.
type writer struct {
	options *Options
	decoder Decoder // of all columns; nil = to be made
}

// write stores b for l with the next idle writer. It returns when b is stored
// and the cursor is past it, or when l is abandoned.
func (a *archive) write(l *lane, b *block) {
	select {
	case w := <-a.slots:
		defer func() { a.slots <- w }()
		w.store(l, b)
	case <-l.ctx.Done():
	}
}

// store takes the steps of a block in an order in which any of them may be the
// last one that was taken: the successor finds the range at the cursor, re-forms
// exactly this block, and stores it under the same token.
func (w *writer) store(l *lane, b *block) {
	began := w.options.Now()
	r := &b.records
	var batch *event.Batch
	dead := r.Dead
	if r.Len() > 0 {
		if !w.retry(l, b, "make decoder", func(context.Context) error { return w.decode(r, &batch, &dead) }) {
			return
		}
		defer batch.Release()
	}
	if batch != nil && batch.Rows > 0 {
		token := b.token(batch, w.options.Version)
		if !w.retry(l, b, "note block at the archive cursor", func(ctx context.Context) error {
			return w.options.Cursor.Save(ctx, l.p, b.from, intent(b.to, w.options.Version))
		}) {
			return
		}
		if !w.retry(l, b, "insert block", func(ctx context.Context) error {
			refused, err := w.options.Store.Insert(ctx, batch, token)
			if err == nil {
				dead = append(dead, refused...)
			}
			return err
		}) {
			return
		}
	}
	if len(dead) > 0 && !w.retry(l, b, "append dead letters", func(ctx context.Context) error { return w.options.DeadLetters.Append(ctx, dead) }) {
		return
	}
	if !w.retry(l, b, "move archive cursor", func(ctx context.Context) error { return w.options.Cursor.Save(ctx, l.p, b.to+1, "") }) {
		return
	}
	w.measure(l, b, dead)
	w.options.Metrics.BatchSeconds.Record(context.Background(), w.options.Now().Sub(began).Seconds(), telemetry.Attr(telemetry.Loop, "archive"))
}

// decode decodes r whole.
func (w *writer) decode(r *event.Records, batch **event.Batch, dead *[]event.Dead) error {
	if w.decoder == nil {
		made, err := w.options.NewDecoder(w.options.Schema.Whole())
		if err != nil {
			return err
		}
		w.decoder = made
	}
	b, refused := w.decoder.Decode(r)
	*batch = b
	*dead = append((*dead)[:len(*dead):len(*dead)], refused...)
	return nil
}

// retry takes a step until it succeeds; false when l is abandoned first.
func (w *writer) retry(l *lane, b *block, what string, step func(context.Context) error) bool {
	backoff := fault.Backoff{Max: retryMax}
	for l.ctx.Err() == nil {
		err := step(l.ctx)
		if err == nil {
			return true
		}
		if l.ctx.Err() != nil {
			break
		}
		w.options.Log.Warn(what, telemetry.Topic, l.p.Topic, telemetry.Partition, l.p.ID,
			telemetry.Offset, b.from, "to", b.to, telemetry.Error, err)
		if fault.Sleep(l.ctx, backoff.Next(0)) != nil {
			break
		}
	}
	return false
}

func (w *writer) measure(l *lane, b *block, dead []event.Dead) {
	ctx, m := context.Background(), w.options.Metrics
	m.Lag.Record(ctx, max(0, b.records.High-b.to-1), telemetry.Attr(telemetry.Loop, "archive", telemetry.Topic, l.p.Topic, telemetry.Partition, strconv.Itoa(int(l.p.ID))))
	for _, d := range dead {
		m.Dead.Add(ctx, 1, telemetry.Attr(telemetry.Topic, d.Topic, telemetry.Reason, string(d.Reason)))
	}
}
