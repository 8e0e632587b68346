package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	clickhousego "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/haltwire/haltwire/benchmarks/load/meter"
	"github.com/haltwire/haltwire/benchmarks/load/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/clickhouse/schema"
)

// part is how many reports the Kafka engine reads: it takes so long for one that
// all of them would take most of the run's time.
func (w *world) part() int { return max(1, w.options.reports/20) }

// engines lets ClickHouse read the same reports with its own Kafka engine: one
// materialized view fills haltwire's own table of reports, a second one holds
// the rules. Nothing is derived, no alert is made.
func (w *world) engines(ctx context.Context, r *results) error {
	for _, e := range []engineRun{{All: true}, {}, {Rules: 100}, {Rules: 1000}} {
		m, err := w.kafkaEngine(ctx, e.Rules, e.All)
		if err != nil {
			return fmt.Errorf("%d rules: %w", e.Rules, err)
		}
		r.Engine = append(r.Engine, m)
		note("%s: %.2f µs a report, %.1f s, %d hits", m.name(), m.ServerMicros, m.Wall, m.Hits)
	}
	return nil
}

func (w *world) kafkaEngine(ctx context.Context, rules int, all bool) (m engineRun, err error) {
	name := fmt.Sprintf("engine%d_%t", rules, all)
	c := w.store(name)
	if err := clickhouse.Migrate(ctx, c, clickhouse.Options{Schema: event.Default()}); err != nil {
		return m, err
	}
	db, err := clickhouse.Dial(c)
	if err != nil {
		return m, err
	}
	defer db.Close()
	q := peer{schema: event.Default(), broker: w.broker.Address(), group: name, rules: ruleset.New(rules), all: all}
	if err := w.quiet(ctx); err != nil {
		return m, err
	}
	before, err := meter.Of(w.engine.Pid())
	if err != nil {
		return m, err
	}
	began := time.Now()
	large := clickhousego.Context(ctx, clickhousego.WithSettings(clickhousego.Settings{"max_query_size": 100 << 20, "max_ast_elements": 10_000_000, "max_expanded_ast_elements": 10_000_000}))
	for _, text := range q.statements() {
		if err := db.Exec(large, text); err != nil {
			return m, fmt.Errorf("%w: %.300s", err, text)
		}
	}
	m = engineRun{Rules: rules, Reports: w.part(), All: all}
	if err := arrive(ctx, db, w.part()); err != nil {
		return m, err
	}
	m.Wall = time.Since(began).Seconds()
	if rules > 0 {
		if err := db.QueryRow(ctx, "SELECT sum(length(rules)) FROM rule_hits").Scan(&m.Hits); err != nil {
			return m, err
		}
	}
	if err := w.quiet(ctx); err != nil {
		return m, err
	}
	after, err := meter.Of(w.engine.Pid())
	if err != nil {
		return m, err
	}
	used := after.Sub(before)
	m.ServerMicros, m.ServerPeak = micros(used.CPU(), w.part()), used.Peak
	for _, table := range []string{"read_rules", "read_reports", "queue"} { // readers first
		if err := db.Exec(ctx, "DROP TABLE IF EXISTS "+table+" SYNC"); err != nil {
			return m, err
		}
	}
	return m, w.drop(ctx, name)
}

// arrive waits until so many rows are in the table of reports.
func arrive(ctx context.Context, db driver.Conn, rows int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		var n uint64
		if err := db.QueryRow(ctx, "SELECT count() FROM reports").Scan(&n); err != nil {
			return err
		}
		if int(n) >= rows { //nolint:gosec // a count of rows
			return nil
		}
		if err := fault.Sleep(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d rows have arrived: %w", n, rows, err)
		}
	}
}

// peer is what ClickHouse needs to do the same by itself.
type peer struct {
	schema *event.Schema
	broker string
	group  string
	rules  []ruleset.Rule
	all    bool // every column of the schema, not only those that the generator fills
}

func (p peer) statements() []string {
	if len(p.rules) == 0 {
		return []string{p.queue(), p.readReports()}
	}
	return []string{p.queue(), "CREATE TABLE rule_hits (reporter String, report_id String, rules Array(UInt32)) ENGINE = MergeTree ORDER BY (reporter, report_id)",
		p.readRules(), p.readReports()}
}

// given lists the columns that stand in the JSON; derived ones do not.
func (p peer) given() []event.Column {
	var given []event.Column
	for _, c := range p.schema.Columns {
		last := c.Name[strings.LastIndexByte(c.Name, '.')+1:]
		if c.Type != event.Map && c.Name != "payment.key" && last != "account_country" && last != "uid" && c.Name != "base_amount" && (p.all || filled(c.Name)) {
			given = append(given, c)
		}
	}
	return given
}

// filled reports whether the generator's reports have the column.
func filled(name string) bool {
	switch side, member, _ := strings.Cut(name, "."); side {
	case "debtor", "creditor":
		return slices.Contains([]string{"account", "scheme", "bic", "clearing_system", "clearing_id", "name", "kind", "phone", "device", "ip", "opened_at"}, member)
	case "payment":
		return slices.Contains([]string{"uetr", "end_to_end_id", "remittance"}, member)
	case "subscriber":
		return slices.Contains([]string{"phone", "imsi", "iccid", "operator", "country"}, member)
	case "peer":
		return slices.Contains([]string{"phone", "sender_id"}, member)
	}
	return slices.Contains([]string{"report_id", "reporter", "kind", "occurred_at", "reported_at", "category", "case_ref", "status", "authorisation",
		"amount", "currency", "disputed_amount", "settled_amount", "settled_currency", "layer", "rail", "direction", "duration_s", "cell_id"}, name)
}

// queue is the table of the Kafka engine: an object of the JSON is a tuple.
func (p peer) queue() string {
	var order []string
	members := map[string][]string{}
	for _, c := range p.given() {
		outer, inner, nested := strings.Cut(c.Name, ".")
		if !nested {
			order = append(order, "`"+outer+"` "+schema.Type(c))
			continue
		}
		if members[outer] == nil {
			order = append(order, outer)
		}
		members[outer] = append(members[outer], "`"+inner+"` "+schema.Type(c))
	}
	for i, name := range order {
		if list := members[name]; list != nil {
			order[i] = "`" + name + "` Tuple(" + strings.Join(list, ", ") + ")"
		}
	}
	return "CREATE TABLE queue (" + strings.Join(order, ", ") + ") ENGINE = Kafka SETTINGS kafka_broker_list = '" + p.broker +
		"', kafka_topic_list = '" + strings.Join(topics(part), ",") + "', kafka_group_name = '" + p.group +
		"', kafka_format = 'JSONEachRow', kafka_max_block_size = 65536, kafka_flush_interval_ms = 1000, date_time_input_format = 'best_effort', input_format_skip_unknown_fields = 1"
}

func (p peer) readReports() string {
	var list []string
	for _, c := range p.given() {
		list = append(list, path(c.Name)+" AS `"+strings.ReplaceAll(c.Name, ".", "_")+"`")
	}
	list = append(list, "_topic AS topic", "toInt32(_partition) AS partition", "toInt64(_offset) AS offset", "_timestamp_ms AS kafka_time", "'json' AS codec")
	return "CREATE MATERIALIZED VIEW read_reports TO reports AS SELECT " + strings.Join(list, ", ") + " FROM queue"
}

// readRules keeps the numbers of the rules that are true of a report. All rules
// are one condition first, so that the list is made for the few reports that
// meet one.
func (p peer) readRules() string {
	column := func(name string) string {
		if name == "debtor.account_country" || name == "creditor.account_country" {
			return strings.ReplaceAll(name, ".", "_")
		}
		return path(name)
	}
	var any, list []string
	for i, r := range p.rules {
		any = append(any, r.SQL(column))
		list = append(list, fmt.Sprintf("if(%s, %d, 0)", r.SQL(column), i+1))
	}
	country := func(side string) string {
		return fmt.Sprintf("multiIf(%[1]s.scheme = 'iban', substring(%[1]s.account, 1, 2), %[1]s.clearing_system = 'INFSC', 'IN', '') AS %[1]s_account_country", side)
	}
	return "CREATE MATERIALIZED VIEW read_rules TO rule_hits AS WITH " + country("debtor") + ", " + country("creditor") +
		" SELECT reporter, report_id, arrayFilter(x -> x > 0, [" + strings.Join(list, ", ") + "]) AS rules FROM queue WHERE " + strings.Join(any, " OR ") +
		" SETTINGS max_ast_elements = 1000000, max_expanded_ast_elements = 10000000"
}

func path(name string) string {
	outer, inner, nested := strings.Cut(name, ".")
	if !nested {
		return "`" + outer + "`"
	}
	return "`" + outer + "`.`" + inner + "`"
}
