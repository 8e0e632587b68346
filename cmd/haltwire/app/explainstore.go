package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/explain"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/clickhouse/block"
)

// maxStored is how many reports of a window and kind are fetched, the nearest in
// time: a quarter of a gigabyte of usual ones.
const maxStored = 100_000

// storedWithin is how long the queries of one explanation may take: windows
// without a plain text in their key scan the kinds of their span.
const storedWithin = 2 * time.Minute

// stored reads reports that ClickHouse keeps.
type stored struct {
	db      driver.Conn
	schema  *event.Schema
	columns string
	limit   int
	seen    map[storedID]bool
	rebuilt map[storedID]string // greatest hash of those without original bytes, by the rest of the identity
	notes   []string
}

// storedID is one version of a report.
type storedID struct {
	reporter, report string
	revision         uint32
	hash             string
}

// storedRow is one row of the table of reports.
type storedRow struct {
	storedID
	topic     string
	partition int32
	offset    int64
	codec     string
	value     []byte
}

func (o *ExplainOptions) explainStored(ctx context.Context, set *lang.Set) (*explain.Explanation, error) {
	if o.Config == nil {
		return nil, errors.New("name a file of reports with --file, or a configuration with -c: it says where ClickHouse is")
	}
	e, err := o.explainer(set, "ClickHouse, database "+o.Config.ClickHouse.Database)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storedWithin)
	defer cancel()
	s := &services{}
	if o.Config.Embedded.ClickHouse.Enabled {
		if err := s.startEngine(ctx, o.Config); err != nil {
			return nil, fmt.Errorf("%w; while haltwire run uses it, name a file of reports with --file", err)
		}
	}
	x, err := o.fromStore(ctx, e)
	return x, errors.Join(err, s.stop(context.WithoutCancel(ctx)))
}

func (o *ExplainOptions) fromStore(ctx context.Context, e *explain.Explainer) (*explain.Explanation, error) {
	db, err := clickhouse.Dial(o.Config.ClickHouse)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	s := &stored{db: db, schema: o.Schema, columns: storedColumns(o.Schema), limit: cmp.Or(o.limit, maxStored), seen: map[storedID]bool{}, rebuilt: map[storedID]string{}}
	if err := s.report(ctx, e, o.Question); err != nil {
		return nil, err
	}
	needs, err := e.Needs()
	if err != nil {
		return nil, err
	}
	for _, n := range needs {
		if err := s.window(ctx, e, n); err != nil {
			return nil, fmt.Errorf("read reports of window %s from clickhouse: %w", n.Window, err)
		}
	}
	x, err := e.Explain()
	if err != nil {
		return nil, err
	}
	s.finish(x)
	return x, nil
}

// storedColumns returns what is selected of a report: where it came from, and
// either its original bytes or, where those are not kept, its columns as texts.
func storedColumns(s *event.Schema) string {
	var parts []string
	for _, c := range s.Columns {
		if !c.Derived && c.Type != event.Map {
			parts = append(parts, fmt.Sprintf("'%s', CAST(ifNull(toString(%s), ''), 'String')", escaped(c.Name), block.Quote(block.ColumnName(c.Name))))
		}
	}
	return "reporter, report_id, revision, hex(content_hash), topic, partition, offset, codec, raw, " +
		"if(raw = '', toJSONString(map(" + strings.Join(parts, ", ") + ")), ''), if(raw = '', toJSONString(extra), '')"
}

func escaped(s string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) }

// report adds every version of the report that is asked about.
func (s *stored) report(ctx context.Context, e *explain.Explainer, q explain.Question) error {
	rows, err := s.query(ctx, "WHERE reporter = ? AND report_id = ?", q.Reporter, q.ReportID)
	if err != nil {
		return fmt.Errorf("read report from clickhouse: %w", err)
	}
	if len(rows) == 0 {
		if err := s.letter(ctx, q); err != nil {
			return err
		}
	}
	return s.add(e, rows)
}

// letter returns why the report is a dead letter, nil when it is none.
func (s *stored) letter(ctx context.Context, q explain.Question) error {
	rows, err := s.db.Query(ctx, "SELECT topic, partition, offset, reason, field, message, raw FROM v_dead_letters "+
		"WHERE position(raw, ?) > 0 AND position(raw, ?) > 0 ORDER BY topic, partition, offset DESC LIMIT 1000", q.Reporter, q.ReportID)
	if err != nil {
		return fmt.Errorf("read dead letters from clickhouse: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d event.Dead
		var reason, raw string
		if err := rows.Scan(&d.Topic, &d.Partition, &d.Offset, &reason, &d.Field, &d.Message, &raw); err != nil {
			return fmt.Errorf("read dead letters from clickhouse: %w", err)
		}
		if explain.Names([]byte(raw), q.Ref()) {
			d.Reason = event.Reason(reason)
			return explain.Refused(q, d)
		}
	}
	return rows.Err()
}

// window adds every version of the reports of which one version can be in a
// window.
func (s *stored) window(ctx context.Context, e *explain.Explainer, n explain.Need) error {
	for _, kind := range slices.Sorted(maps.Keys(n.Kinds)) {
		where := []string{"kind = ?", "occurred_at > fromUnixTimestamp64Milli(?, 'UTC')", "occurred_at <= fromUnixTimestamp64Milli(?, 'UTC')"}
		args := []any{kind, n.After, n.UpTo}
		for _, q := range n.Kinds[kind] {
			where = append(where, block.Quote(block.ColumnName(q.Column))+" = ?")
			args = append(args, q.Value)
		}
		ids := "(SELECT reporter, report_id FROM reports WHERE " + strings.Join(where, " AND ") +
			" GROUP BY reporter, report_id ORDER BY min(abs(toUnixTimestamp64Milli(occurred_at) - ?)), reporter, report_id LIMIT ?)"
		rows, err := s.query(ctx, "WHERE (reporter, report_id) IN "+ids, append(args, n.Time, s.limit)...)
		if err != nil {
			return err
		}
		if different(rows) >= s.limit {
			s.notes = append(s.notes, fmt.Sprintf("window %s: ClickHouse has more than %d reports of kind %s near the report; the furthest in time were left out", n.Window, s.limit, kind))
		}
		if err := s.add(e, rows); err != nil {
			return err
		}
	}
	return nil
}

// different counts the reports of rows.
func different(rows []storedRow) int {
	ids := map[[2]string]bool{}
	for _, r := range rows {
		ids[[2]string{r.reporter, r.report}] = true
	}
	return len(ids)
}

// query returns rows of the table of reports, each version once.
func (s *stored) query(ctx context.Context, where string, args ...any) ([]storedRow, error) {
	rows, err := s.db.Query(ctx, "SELECT "+s.columns+" FROM reports "+where+" ORDER BY topic, partition, offset", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []storedRow
	for rows.Next() {
		var r storedRow
		var raw, columns, extra string
		if err := rows.Scan(&r.reporter, &r.report, &r.revision, &r.hash, &r.topic, &r.partition, &r.offset, &r.codec, &raw, &columns, &extra); err != nil {
			return nil, err
		}
		if r.value = []byte(raw); raw == "" {
			if r.value, err = rebuild(s.schema, columns, extra); err != nil {
				return nil, fmt.Errorf("report %s/%s: %w", r.reporter, r.report, err)
			}
			s.rebuilt[r.unhashed()] = max(s.rebuilt[r.unhashed()], r.hash)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// add gives rows that are new to e, in runs of one partition.
func (s *stored) add(e *explain.Explainer, rows []storedRow) error {
	var fresh []storedRow
	for _, r := range rows {
		if !s.seen[r.storedID] && !s.outdone(r.storedID) {
			s.seen[r.storedID] = true
			fresh = append(fresh, r)
		}
	}
	slices.SortStableFunc(fresh, func(a, b storedRow) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition), cmp.Compare(a.codec, b.codec), cmp.Compare(a.offset, b.offset))
	})
	for len(fresh) > 0 {
		first := fresh[0]
		recs := &event.Records{Topic: first.topic, Partition: first.partition, Codec: first.codec}
		for len(fresh) > 0 && recs.Len() < 8192 && fresh[0].topic == first.topic && fresh[0].partition == first.partition && fresh[0].codec == first.codec {
			r := fresh[0]
			fresh = fresh[1:]
			recs.Offsets, recs.Times, recs.Values = append(recs.Offsets, r.offset), append(recs.Times, event.AsOccurred), append(recs.Values, r.value)
		}
		if err := e.Add(recs); err != nil {
			return err
		}
	}
	return nil
}

// unhashed returns the identity without its hash.
func (id storedID) unhashed() storedID {
	id.hash = ""
	return id
}

// outdone reports whether a row without its original bytes has the revision of
// another one with a greater hash, which only the table knows.
func (s *stored) outdone(id storedID) bool {
	best, ok := s.rebuilt[id.unhashed()]
	return ok && id.hash < best
}

// finish notes what the explanation owes to the store, and gives its hit the id
// that it has there.
func (s *stored) finish(x *explain.Explanation) {
	x.Notes = append(x.Notes, s.notes...)
	if len(s.rebuilt) > 0 {
		x.Notes = append(x.Notes, fmt.Sprintf("%d reports are made of their columns, since clickhouse.raw does not keep original bytes", len(s.rebuilt)))
	}
	best, ok := s.rebuilt[storedID{reporter: x.Report.Reporter, report: x.Report.ReportID, revision: x.Report.Revision}]
	if x.Hit == nil || !ok {
		return
	}
	h := *x.Hit
	if n, err := hex.Decode(h.Hash[:], []byte(best)); err == nil && n == len(h.Hash) {
		h.ID = hit.ID(h.Rule, h.Version, h.Reporter, h.ReportID, h.Revision, h.Hash)
		x.Hit = &h
	}
}
