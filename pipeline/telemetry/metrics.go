package telemetry

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// Attribute and log keys.
const (
	Topic     = "topic"
	Partition = "partition"
	Offset    = "offset"
	Loop      = "loop" // detect | follow (partitions of other instances) | archive
	Reason    = "reason"
	Rule      = "rule"
	Status    = "status"
	Party     = "party"
	Channel   = "channel"
	Result    = "result"
	Direction = "direction" // in | out
	State     = "state"
	Alert     = "alert"
	Message   = "message"
	Digest    = "digest"
	Error     = "error"
)

// Metrics holds every instrument. All are safe for concurrent use; none of them
// is touched once a report, only once a batch or a hit.
type Metrics struct {
	Reports        metric.Int64Counter     // topic
	ReportBytes    metric.Int64Counter     // topic
	Dead           metric.Int64Counter     // topic, reason
	Placeholders   metric.Int64Counter     // topic
	Hits           metric.Int64Counter     // rule, status
	Overturned     metric.Int64Counter     // rule, status
	RuleErrors     metric.Int64Counter     // rule
	BatchSeconds   metric.Float64Histogram // loop
	Lag            metric.Int64Gauge       // loop, topic, partition
	LagSeconds     metric.Float64Gauge     // loop, topic, partition
	ClockLag       metric.Float64Gauge     //
	ReplayLeft     metric.Int64Gauge       //
	RetentionShare metric.Float64Gauge     // topic, partition
	Buffered       metric.Int64Gauge       // loop
	Stopped        metric.Int64Gauge       // topic, partition
	Rows           metric.Int64Counter     // reports written to ClickHouse
	BlockRows      metric.Int64Histogram   //
	InsertSeconds  metric.Float64Histogram // result
	CaseEvents     metric.Int64Counter     // direction, state
	Attempts       metric.Int64Counter     // party, channel, result
	Receipts       metric.Int64Counter     // party, result
	ReceiptSeconds metric.Float64Histogram // party
	LaneDepth      metric.Int64Gauge       // party
	Overdue        metric.Int64Counter     // party, state
	Inbound        metric.Int64Counter     // party, result
	InboxFiles     metric.Int64Counter     // party, result
	Reloads        metric.Int64Counter     // result
	RuleSetRules   metric.Int64Gauge       // status

	// What rules with windows remember and do; all without attributes but WindowCut,
	// by reason per_key or bound, and WarmedShare, by loop kafka or clickhouse.
	WindowKeys, WindowEntries, WindowBytes          metric.Int64Gauge
	Candidates, EvidenceBytes, Settling, DirtyKeys  metric.Int64Gauge
	WindowCut, Deferred, Rejudged, TooLate, Dropped metric.Int64Counter
	WarmedShare                                     metric.Float64Gauge
}

// Definition describes one instrument for the table in the docs.
type Definition struct{ Name, Unit, Help, Attributes string }

// seconds are the buckets of latencies: 1 ms to 5 min.
func seconds() []float64 {
	return []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 300}
}

type maker struct {
	meter metric.Meter
	defs  []Definition
	errs  []error
}

func (m *maker) note(name, unit, help, attrs string, err error) {
	m.defs = append(m.defs, Definition{name, unit, help, attrs})
	if err != nil {
		m.errs = append(m.errs, fmt.Errorf("metric %s: %w", name, err))
	}
}

func (m *maker) counter(name, unit, help, attrs string) metric.Int64Counter {
	c, err := m.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(help))
	m.note(name, unit, help, attrs, err)
	return c
}

func (m *maker) gauge(name, unit, help, attrs string) metric.Int64Gauge {
	g, err := m.meter.Int64Gauge(name, metric.WithUnit(unit), metric.WithDescription(help))
	m.note(name, unit, help, attrs, err)
	return g
}

func (m *maker) level(name, unit, help, attrs string) metric.Float64Gauge {
	g, err := m.meter.Float64Gauge(name, metric.WithUnit(unit), metric.WithDescription(help))
	m.note(name, unit, help, attrs, err)
	return g
}

func (m *maker) latency(name, help, attrs string) metric.Float64Histogram {
	h, err := m.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(help),
		metric.WithExplicitBucketBoundaries(seconds()...))
	m.note(name, "s", help, attrs, err)
	return h
}

func (m *maker) sizes(name, unit, help, attrs string) metric.Int64Histogram {
	h, err := m.meter.Int64Histogram(name, metric.WithUnit(unit), metric.WithDescription(help),
		metric.WithExplicitBucketBoundaries(1, 10, 100, 1000, 10000, 25000, 50000, 100000))
	m.note(name, unit, help, attrs, err)
	return h
}

func (m *maker) all() *Metrics {
	all := m.pipeline()
	m.windows(all)
	return all
}

// windows makes the instruments of rules with windows.
func (m *maker) windows(all *Metrics) {
	all.WindowKeys = m.gauge("haltwire.windows.keys", "{key}", "Keys that windows hold.", "")
	all.WindowEntries = m.gauge("haltwire.windows.entries", "{entry}", "Reports that windows hold, once a window and key.", "")
	all.WindowBytes = m.gauge("haltwire.windows.memory", "By", "Memory of windows.", "")
	all.WindowCut = m.counter("haltwire.windows.cut", "{entry}", "Entries that windows gave up: over rules.windows.per_key, or over keys or bytes.", Reason)
	all.Candidates = m.gauge("haltwire.candidates", "{report}", "Reports on which later evidence can change what a rule says.", "")
	all.EvidenceBytes = m.gauge("haltwire.candidates.memory", "By", "Memory of candidates, and of reports that alerts of others may be about.", "")
	all.Dropped = m.counter("haltwire.candidates.dropped", "{report}", "Reports given up over rules.windows.evidence: later evidence changes nothing about them.", "")
	all.Settling = m.gauge("haltwire.settling", "{report}", "Reports that wait until they have settled.", "")
	all.DirtyKeys = m.gauge("haltwire.windows.dirty", "{key}", "Keys whose earlier reports are to be judged again.", "")
	all.Deferred = m.counter("haltwire.windows.deferred", "{key}", "Times that a dirty key had to wait for another batch.", "")
	all.Rejudged = m.counter("haltwire.rejudged", "{report}", "Reports judged again because evidence was late.", "")
	all.TooLate = m.counter("haltwire.too_late", "{report}", "Reports older than rules.lateness: later evidence changes nothing about them.", "")
	all.WarmedShare = m.level("haltwire.windows.warmed", "1", "How much of the past that new windows need has been read, by loop kafka or clickhouse.", Loop)
}

func (m *maker) pipeline() *Metrics {
	return &Metrics{
		Reports:        m.counter("haltwire.reports", "{report}", "Reports read by the detect loop.", Topic),
		ReportBytes:    m.counter("haltwire.report.bytes", "By", "Decompressed bytes read by the detect loop.", Topic),
		Dead:           m.counter("haltwire.dead_letters", "{report}", "Inputs that became dead letters.", Topic+", "+Reason),
		Placeholders:   m.counter("haltwire.placeholders", "{value}", "Values such as N/A that became missing.", Topic),
		Hits:           m.counter("haltwire.hits", "{hit}", "Hits put on the log.", Rule+", "+Status),
		Overturned:     m.counter("haltwire.hits.overturned", "{hit}", "Hits that later evidence has taken back.", Rule+", "+Status),
		RuleErrors:     m.counter("haltwire.rule.errors", "{error}", "Run-time errors in expressions; each made its operand missing.", Rule),
		BatchSeconds:   m.latency("haltwire.batch.duration", "From a batch being read to its offset being ready to commit.", Loop),
		Lag:            m.gauge("haltwire.lag", "{report}", "Records behind the high watermark.", Loop+", "+Topic+", "+Partition),
		LagSeconds:     m.level("haltwire.lag.time", "s", "Age of the next record to read.", Loop+", "+Topic+", "+Partition),
		ClockLag:       m.level("haltwire.clock.lag", "s", "How far the record time up to which every partition has been judged is behind: rules that settle wait for it.", ""),
		ReplayLeft:     m.gauge("haltwire.replay.left", "{report}", "Records that are still to be read again after a start, to fill windows.", ""),
		RetentionShare: m.level("haltwire.archive.retention_used", "1", "Archive lag as a share of the topic's retention; above 0.5 reports may soon be lost to ClickHouse.", Topic+", "+Partition),
		Buffered:       m.gauge("haltwire.buffered", "By", "Bytes read and not yet done.", Loop),
		Stopped:        m.gauge("haltwire.partition.stopped", "1", "1 while a partition is stopped because its next record is gone or unreadable.", Topic+", "+Partition),
		Rows:           m.counter("haltwire.clickhouse.rows", "{row}", "Reports written to ClickHouse.", ""),
		BlockRows:      m.sizes("haltwire.clickhouse.block", "{row}", "Rows of an inserted block.", ""),
		InsertSeconds:  m.latency("haltwire.clickhouse.insert.duration", "One INSERT, by result ok, retry or refused.", Result),
		CaseEvents:     m.counter("haltwire.case.events", "{event}", "Case events folded, by type.", Direction+", "+State),
		Attempts:       m.counter("haltwire.delivery.attempts", "{attempt}", "Attempts to deliver a message, by result.", Party+", "+Channel+", "+Result),
		Receipts:       m.counter("haltwire.receipts", "{receipt}", "Receipts of partners, by level.", Party+", "+Result),
		ReceiptSeconds: m.latency("haltwire.report_to_receipt.duration", "From a report's Kafka time to the verified receipt of a request that was sent by itself.", Party),
		LaneDepth:      m.gauge("haltwire.lane.depth", "{message}", "Messages waiting for a party.", Party),
		Overdue:        m.counter("haltwire.overdue", "{alert}", "Alerts whose timer ran out.", Party+", "+State),
		Inbound:        m.counter("haltwire.inbound", "{message}", "Messages of partners, by HTTP status.", Party+", "+Result),
		InboxFiles:     m.counter("haltwire.inbox.files", "{file}", "Files that were put aside from a folder of answers: taken, or why refused.", Party+", "+Result),
		Reloads:        m.counter("haltwire.reloads", "{reload}", "Rule set reloads, by result.", Result),
		RuleSetRules:   m.gauge("haltwire.rules", "{rule}", "Rules in force, by status.", Status),
	}
}

// NewMetrics makes every instrument on meter.
func NewMetrics(meter metric.Meter) (*Metrics, error) {
	m := &maker{meter: meter}
	all := m.all()
	return all, errors.Join(m.errs...)
}

// Discard returns instruments that measure nothing, for tests and tools.
func Discard() *Metrics {
	m := &maker{meter: noop.NewMeterProvider().Meter("")}
	return m.all()
}

// Definitions lists every instrument, for the generated table of the docs.
func Definitions() []Definition {
	m := &maker{meter: noop.NewMeterProvider().Meter("")}
	m.all()
	return m.defs
}

// Attr returns text attributes from key, value pairs.
func Attr(pairs ...string) metric.MeasurementOption {
	kvs := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		kvs = append(kvs, attribute.String(pairs[i], pairs[i+1]))
	}
	return metric.WithAttributes(kvs...)
}
