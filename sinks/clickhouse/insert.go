package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/ch-go"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/clickhouse/block"
)

// Insert stores the rows of b as one block. The same rows under the same token
// are stored once, also after a crash of either side; the content is part of the
// token, so other rows under it are stored too. Rows that the table refuses for
// good come back as dead letters and the others are stored; an error is one that
// another try may cure. It blocks until the server has written the block. Safe
// for concurrent use; b is only read.
func (s *Store) Insert(ctx context.Context, b *event.Batch, token string) ([]event.Dead, error) {
	if b.Rows == 0 {
		return nil, nil
	}
	if token == "" {
		// Without a token the server drops blocks that are merely equal (ENGINE A3, trap 2).
		return nil, fault.As(fault.Permanent, errors.New("insert reports: a block needs a token"))
	}
	blk := s.blocks.Get().(*block.Block)
	defer func() {
		blk.Free()
		s.blocks.Put(blk)
	}()
	blk.Bind(b)
	w := writing{store: s, batch: b, block: blk, token: token}
	err := w.rows(ctx, 0, b.Rows)
	if err != nil {
		return nil, err
	}
	return w.dead, nil
}

// writing is one batch on its way.
type writing struct {
	store *Store
	batch *event.Batch
	block *block.Block
	token string
	dead  []event.Dead
}

// rows stores rows [from, to), halving them while the table refuses a row among
// them: one bad row of n costs 2 log n inserts.
func (w *writing) rows(ctx context.Context, from, to int) error {
	err := w.insert(ctx, from, to)
	switch {
	case err == nil:
		return nil
	case fault.Of(err) != fault.Permanent:
		return err
	case to-from == 1:
		w.dead = append(w.dead, w.letter(from, err))
		return nil
	}
	mid := from + (to-from)/2
	if err := w.rows(ctx, from, mid); err != nil {
		return err
	}
	return w.rows(ctx, mid, to)
}

// insert writes rows [from, to) with one INSERT.
func (w *writing) insert(ctx context.Context, from, to int) error {
	s := w.store
	input, columns := w.block.Cut(from, to, s.config.Raw == RawAll)
	start := time.Now()
	err := s.pool.do(ctx, ch.Query{
		Body:     "INSERT INTO reports " + columns + " VALUES",
		Input:    input,
		Settings: insertSettings(w.token + "#" + w.block.Digest(from, to)),
	})
	err = classify(ctx, "insert reports", err)
	s.observe(ctx, to-from, time.Since(start), err)
	return err
}

// insertSettings make one INSERT one block and one part a month.
func insertSettings(token string) []ch.Setting {
	return []ch.Setting{
		{Key: "insert_deduplicate", Value: "1", Important: true},
		{Key: "insert_deduplication_token", Value: token, Important: true},
		// Replacing within the block costs a third of the insert; merges do it.
		{Key: "optimize_on_insert", Value: "0", Important: true},
		{Key: "async_insert", Value: "0", Important: true},
		{Key: "max_insert_threads", Value: "1", Important: true},
		{Key: "min_insert_block_size_rows", Value: "0", Important: true},
		{Key: "min_insert_block_size_bytes", Value: "0", Important: true},
		{Key: "max_insert_block_size", Value: fmt.Sprint(maxBlockRows), Important: true},
		// A sender who spreads occurred_at over decades makes many parts; refusing
		// the block would let him stop the partition.
		{Key: "max_partitions_per_insert_block", Value: "0", Important: true},
	}
}

func (s *Store) observe(ctx context.Context, rows int, took time.Duration, err error) {
	result := "ok"
	switch {
	case err == nil:
		s.metrics.Rows.Add(ctx, int64(rows))
		s.metrics.BlockRows.Record(ctx, int64(rows))
	case fault.Of(err) == fault.Permanent:
		result = "refused"
	default:
		result = "retry"
	}
	s.metrics.InsertSeconds.Record(ctx, took.Seconds(), telemetry.Attr(telemetry.Result, result))
}

// letter returns the dead letter of row r, which the table refused with err.
func (w *writing) letter(r int, err error) event.Dead {
	message := err.Error()
	var e *ch.Exception
	if errors.As(err, &e) {
		message = e.Message
	}
	return event.Dead{
		Position: w.batch.Position(r),
		Time:     w.batch.RecordTime(r),
		Codec:    w.batch.Records.Codec,
		Reason:   event.RowRefused,
		Message:  "ClickHouse refuses the row: " + message,
		Raw:      w.batch.Raw(r),
	}
}
