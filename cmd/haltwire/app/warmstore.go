package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/clickhouse"
)

const (
	// 8,192 rows of ClickHouse are shown to the judge at once.
	warmRows = 8192
	// A week of ClickHouse is asked for at once: a query that is open for hours is
	// not.
	warmSlice = 7 * 24 * time.Hour
)

// warmFromStore shows the judge the reports that feed windows of s and came in
// [from, until), as ClickHouse has them, in any order, and returns the time of the
// first report that it has, or from if that is later. It waits for ClickHouse.
func (a *App) warmFromStore(ctx context.Context, s *ruleset.Set, from, until time.Time) (time.Time, error) {
	if err := a.gate.wait(ctx); err != nil {
		return until, err
	}
	db, err := clickhouse.Dial(a.config.ClickHouse)
	if err != nil {
		return until, err
	}
	defer db.Close()
	var first time.Time
	var all uint64
	if err := db.QueryRow(ctx, "SELECT min(kafka_time), count() FROM reports").Scan(&first, &all); err != nil {
		return until, fmt.Errorf("ask clickhouse for the first report: %w", err)
	}
	if all == 0 {
		return until, nil
	}
	if first.Before(from) {
		first = from
	}
	p := &pastRows{db: db, schema: a.reports.schema, kinds: feeding(s), show: func(recs *event.Records) error { return a.pipe.Warm(ctx, recs) }}
	now := Warming{Source: config.WarmClickHouse, From: from}
	told := time.Now()
	var wait fault.Backoff
	for at := first; at.Before(until); {
		end := at.Add(warmSlice)
		if end.After(until) {
			end = until
		}
		n, err := p.slice(ctx, at, end)
		if err != nil {
			if fault.Of(err) == fault.Permanent || fault.Sleep(ctx, wait.Next(0)) != nil {
				return until, err
			}
			a.log.Warn("read reports from clickhouse", telemetry.Error, err)
			continue
		}
		at, now.Reports, now.Share = end, now.Reports+n, end.Sub(from).Seconds()/until.Sub(from).Seconds()
		told = a.tellWarming(ctx, now, told)
	}
	return first, nil
}

// feeding returns the kinds that feed windows of rules that are judged.
func feeding(s *ruleset.Set) []string {
	var kinds []string
	for _, w := range s.Rules.Judged() {
		kinds = append(kinds, s.Rules.Windows[w].From...)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// pastRows shows reports that ClickHouse keeps.
type pastRows struct {
	db     driver.Conn
	schema *event.Schema
	kinds  []string
	show   func(*event.Records) error

	page []pastRow
}

// pastRow is one row of the table of reports as a record.
type pastRow struct {
	topic, codec string
	partition    int32
	offset, time int64
	value        []byte
}

// slice shows the reports that came in [from, until), in any order, and returns how
// many they are.
func (p *pastRows) slice(ctx context.Context, from, until time.Time) (n int64, err error) {
	rows, err := p.db.Query(ctx, "SELECT "+storedColumns(p.schema)+", toUnixTimestamp64Milli(kafka_time) FROM reports "+
		"WHERE kind IN ? AND kafka_time >= ? AND kafka_time < ?", p.kinds, from, until)
	if err != nil {
		return 0, fmt.Errorf("read reports of the past: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := p.row(rows)
		if err != nil {
			return n, err
		}
		n++
		if p.page = append(p.page, r); len(p.page) == warmRows {
			if err := p.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, errors.Join(rows.Err(), p.flush())
}

// row reads a row; a report whose original bytes are not kept is made of its columns.
func (p *pastRows) row(rows driver.Rows) (r pastRow, err error) {
	var id storedID
	var raw, columns, extra string
	if err := rows.Scan(&id.reporter, &id.report, &id.revision, &id.hash, &r.topic, &r.partition, &r.offset, &r.codec, &raw, &columns, &extra, &r.time); err != nil {
		return r, fmt.Errorf("read reports of the past: %w", err)
	}
	if r.value = []byte(raw); raw != "" {
		return r, nil
	}
	if r.value, err = rebuild(p.schema, columns, extra); err != nil {
		return r, fmt.Errorf("report %s/%s: %w", id.reporter, id.report, err)
	}
	return r, nil
}

// flush shows what was gathered, a run a partition.
func (p *pastRows) flush() error {
	page := p.page
	p.page = p.page[:0]
	slices.SortFunc(page, func(a, b pastRow) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition), cmp.Compare(a.codec, b.codec), cmp.Compare(a.offset, b.offset))
	})
	for len(page) > 0 {
		first := page[0]
		recs := &event.Records{Topic: first.topic, Partition: first.partition, Codec: first.codec}
		for len(page) > 0 && page[0].topic == first.topic && page[0].partition == first.partition && page[0].codec == first.codec {
			r := page[0]
			page = page[1:]
			recs.Offsets, recs.Times, recs.Values = append(recs.Offsets, r.offset), append(recs.Times, r.time), append(recs.Values, r.value)
			recs.Bytes += len(r.value)
		}
		recs.Next = recs.Offsets[recs.Len()-1] + 1
		recs.High = recs.Next
		if err := p.show(recs); err != nil {
			return err
		}
	}
	return nil
}
