package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse"
)

// Bounds of one run of history: as many rows as a Kafka fetch of about 4 MB has.
const historyRows = 8192

// history returns the reports that ClickHouse has, the latest version of each: those
// that are measured, and before them those that windows look back at.
func (o *BacktestOptions) history(ctx context.Context, sides []*side) (tableInput, error) {
	if o.conf == nil {
		return nil, errors.New("name a file of reports, or a configuration with -c: it says where ClickHouse is")
	}
	if len(o.Maps) > 0 {
		return nil, errors.New("--map is for tables: name the file")
	}
	parts := &services{}
	if o.conf.Embedded.ClickHouse.Enabled {
		if err := parts.startEngine(ctx, o.conf); err != nil {
			return nil, fmt.Errorf("%w; while haltwire run uses it, name a file of reports", err)
		}
	}
	h := &history{parts: parts, schema: o.Schema}
	if err := h.open(ctx, o, lookBack(sides)); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// lookBack returns how far the windows of the sides look back.
func lookBack(sides []*side) time.Duration {
	most := int64(0)
	for _, s := range sides {
		for _, r := range s.set.Rules {
			for _, u := range r.Windows {
				most = max(most, s.set.Windows[u.Win].Within)
			}
		}
	}
	return time.Duration(most) * time.Millisecond
}

// history reads what ClickHouse has. One goroutine uses it.
type history struct {
	parts  *services
	schema *event.Schema
	db     driver.Conn
	rows   driver.Rows
	total  uint64
	read   int64
	end    error
}

func (h *history) open(ctx context.Context, o *BacktestOptions, back time.Duration) error {
	var err error
	if h.db, err = clickhouse.Dial(o.conf.ClickHouse); err != nil {
		return err
	}
	var where []string
	var args []any
	if !o.From.IsZero() {
		where, args = append(where, "occurred_at >= fromUnixTimestamp64Milli(?)"), append(args, o.From.Add(-back).UnixMilli())
	}
	if !o.To.IsZero() {
		where, args = append(where, "occurred_at < fromUnixTimestamp64Milli(?)"), append(args, o.To.UnixMilli())
	}
	from := " FROM v_reports"
	if len(where) > 0 {
		from += " WHERE " + strings.Join(where, " AND ")
	}
	if err := h.db.QueryRow(ctx, "SELECT count()"+from, args...).Scan(&h.total); err != nil {
		return fmt.Errorf("count reports in clickhouse: %w", err)
	}
	if h.rows, err = h.db.Query(ctx, "SELECT "+storedColumns(h.schema)+from, args...); err != nil {
		return fmt.Errorf("read reports from clickhouse: %w", err)
	}
	return nil
}

// Done implements tableInput.
func (h *history) Done() float64 {
	if h.total == 0 {
		return 0
	}
	return min(1, float64(h.read)/float64(h.total))
}

// Close implements tableInput.
func (h *history) Close() error {
	var errs []error
	if h.rows != nil {
		errs = append(errs, h.rows.Close())
	}
	if h.db != nil {
		errs = append(errs, h.db.Close())
	}
	return errors.Join(append(errs, h.parts.stop(context.Background()))...)
}

// Next implements whole.Source. The offset of a report is its number here: Kafka's are
// of several topics.
func (h *history) Next() (*event.Records, error) {
	run := &event.Records{Topic: "clickhouse", Codec: "json"}
	for h.end == nil && run.Len() < historyRows {
		value, err := h.row()
		if err != nil {
			h.end = err
			break
		}
		h.read++
		run.Offsets, run.Times, run.Values = append(run.Offsets, h.read), append(run.Times, event.AsOccurred), append(run.Values, value)
		run.Bytes += len(value)
	}
	if run.Len() == 0 {
		return nil, h.end
	}
	run.Next, run.High = h.read+1, h.read+1
	return run, nil
}

// row returns the next report; one whose original bytes are not kept is made of its
// columns.
func (h *history) row() ([]byte, error) {
	if !h.rows.Next() {
		if err := h.rows.Err(); err != nil {
			return nil, fmt.Errorf("read reports from clickhouse: %w", err)
		}
		return nil, io.EOF
	}
	var reporter, report, hash, topic, codec, raw, columns, extra string
	var revision uint32
	var partition int32
	var offset int64
	if err := h.rows.Scan(&reporter, &report, &revision, &hash, &topic, &partition, &offset, &codec, &raw, &columns, &extra); err != nil {
		return nil, fmt.Errorf("read reports from clickhouse: %w", err)
	}
	if raw != "" {
		return []byte(raw), nil
	}
	value, err := rebuild(h.schema, columns, extra)
	if err != nil {
		return nil, fmt.Errorf("report %s/%s: %w", reporter, report, err)
	}
	return value, nil
}
