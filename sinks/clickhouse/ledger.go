package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/caselog"
)

// RuleSet is a rule set, the lists or the rates as they were activated.
type RuleSet struct {
	Kind        string // rules | lists | rates
	Digest      string
	ActivatedAt int64 // Unix ms, 0 = not known
	Rules       uint32
	Source      string // folder or file
	Content     []byte
}

// write inserts rows into table in one block. values returns the values of a row
// in the order of columns. Tables of the ledger keep one row an identity, so that
// writing rows again is harmless; they have no deduplication window.
func write[R any](ctx context.Context, s *Store, table, columns string, rows []R, values func(R) []any) error {
	if len(rows) == 0 {
		return nil
	}
	ctx = ch.Context(ctx, ch.WithSettings(ch.Settings{"async_insert": 0}))
	what := "insert " + table
	batch, err := s.db.PrepareBatch(ctx, fmt.Sprintf("INSERT INTO %s (%s)", table, columns))
	if err != nil {
		return classify(ctx, what, err)
	}
	defer func() { _ = batch.Close() }()
	for _, r := range rows {
		if err := batch.Append(values(r)...); err != nil {
			return classify(ctx, what, err)
		}
	}
	return classify(ctx, what, batch.Send())
}

// list joins groups of column names.
func list(groups ...string) string { return strings.Join(groups, ", ") }

// instant returns Unix ms as a value of a Nullable time, 0 as NULL.
func instant(ms int64) any {
	if ms == 0 {
		return nil
	}
	return time.UnixMilli(ms).UTC()
}

// instants returns times in Unix ms as values, never nil.
func instants(ms []int64) []time.Time {
	out := make([]time.Time, len(ms))
	for i, t := range ms {
		out[i] = time.UnixMilli(t).UTC()
	}
	return out
}

// amount returns m as a Nullable decimal, NULL when there is no amount.
func amount(m caselog.Money) any {
	if m.Currency == "" {
		return nil
	}
	return m.Amount.String()
}

func decimals(ds []decimal.D) []string {
	out := make([]string, len(ds))
	for i, d := range ds {
		out[i] = d.String()
	}
	return out
}

// texts returns s, never nil.
func texts(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// WriteDeadLetters keeps letters for analysts. Writing one again is harmless.
func (s *Store) WriteDeadLetters(ctx context.Context, letters []event.Dead) error {
	const columns = "topic, partition, offset, kafka_time, codec, reason, field, message, raw"
	return write(ctx, s, "dead_letters", columns, letters, func(d event.Dead) []any {
		return []any{d.Topic, d.Partition, d.Offset, instant(d.Time), d.Codec, string(d.Reason), d.Field, d.Message, string(d.Raw)}
	})
}

// WriteRuleSet keeps what was activated. Writing it again is harmless.
func (s *Store) WriteRuleSet(ctx context.Context, r RuleSet) error {
	const columns = "digest, kind, activated_at, rules, source, content"
	return write(ctx, s, "rule_sets", columns, []RuleSet{r}, func(r RuleSet) []any {
		return []any{r.Digest, r.Kind, instant(r.ActivatedAt), r.Rules, r.Source, string(r.Content)}
	})
}

// WriteCaseEvents keeps events of the case log.
func (s *Store) WriteCaseEvents(ctx context.Context, rows []caselog.CaseEventRow) error {
	columns := list("partition, offset, appended_at, event_id, type, key, direction, party, alert_id, case_id, time",
		"source, officer, applied, refused, state_before, state_after, data, version")
	return write(ctx, s, "case_events", columns, rows, func(r caselog.CaseEventRow) []any {
		return []any{
			r.Partition, r.Offset, instant(r.AppendedAt), r.EventID, r.Type, r.Key, r.Direction, r.Party, r.AlertID, r.CaseID, instant(r.Time),
			r.Source, r.Officer, r.Applied, r.Refused, r.StateBefore, r.StateAfter, r.DataJSON, r.Version,
		}
	})
}

// WriteDeliveries keeps attempts to deliver messages.
func (s *Store) WriteDeliveries(ctx context.Context, rows []caselog.DeliveryRow) error {
	columns := list("message_id, alert_id, party, type, channel, attempt, started_at, ended_at",
		"verdict, reason, status, elapsed_ms, partner_fault, receipt_level, version")
	return write(ctx, s, "deliveries", columns, rows, func(r caselog.DeliveryRow) []any {
		return []any{
			r.MessageID, r.AlertID, r.Party, r.Type, r.Channel, r.Attempt, instant(r.StartedAt), instant(r.EndedAt),
			r.Verdict, r.Reason, r.Status, r.ElapsedMS, r.PartnerFault, r.ReceiptLevel, r.Version,
		}
	})
}

// WriteMessages keeps messages of ours and of partners.
func (s *Store) WriteMessages(ctx context.Context, rows []caselog.MessageRow) error {
	columns := list("message_id, alert_id, case_id, direction, party, type, sequence, in_reply_to, environment, channel, lane",
		"provisional, approval_mode, content_digest, approved_by, digest, body, queued_at, received_at, receipt_level, version")
	return write(ctx, s, "messages", columns, rows, func(r caselog.MessageRow) []any {
		return []any{
			r.MessageID, r.AlertID, r.CaseID, r.Direction, r.Party, r.Type, r.Sequence, r.InReplyTo, r.Environment, r.Channel, r.Lane,
			r.Provisional, r.ApprovalMode, r.ContentDigest, texts(r.ApprovedBy), r.Digest, r.Body, instant(r.QueuedAt), instant(r.ReceivedAt), r.ReceiptLevel, r.Version,
		}
	})
}

// erasures are the tables that hold personal data of alerts, with what is left of it and
// which rows of a key they are about: the key itself, or its alerts, one a line.
func erasures() [][3]string {
	const alerts = `has(splitByChar(char(10), ?), alert_id)`
	return [][3]string{
		{"hits", "facts = '', values = '{}', subject_uid = '', subject_account = '', subject_sub_account = '', subject_name = ''", "key = ?"},
		{"alerts", "subject_account = '', subject_sub_account = '', subject_name = ''", "key = ?"},
		{"messages", "body = ''", alerts},
		{"measures", "account = '', legal_basis = ''", alerts},
		{"trail", "account = '', sub_account = ''", alerts},
		{"funds", "via = '', to_ref = ''", alerts},
		{"alert_payments", references, alerts},
	}
}

const references = "uetr = '', end_to_end_id = '', transaction_id = '', rrn = '', utr = '', tx_hash = '', complaint_ref = ''"

// Erase takes the personal data of keys out of every row that is stored, by rewriting
// the parts that hold it: rows that newer ones stand for are still there until parts
// merge. It blocks until that is done on all replicas. Erasing again is harmless. What
// a payment says of itself stays while an alert that is not erased needs it too.
func (s *Store) Erase(ctx context.Context, rows []caselog.ErasedRow) error {
	ctx = ch.Context(ctx, ch.WithSettings(ch.Settings{"mutations_sync": 2}))
	for _, r := range rows {
		alerts := strings.Join(r.Alerts, "\n")
		for _, e := range erasures() {
			about := alerts
			if e[2] == "key = ?" {
				about = r.Key
			}
			if err := s.db.Exec(ctx, "ALTER TABLE "+e[0]+" UPDATE "+e[1]+" WHERE "+e[2], about); err != nil {
				return classify(ctx, "erase "+e[0], err)
			}
		}
		if err := s.erasePayments(ctx, alerts); err != nil {
			return classify(ctx, "erase payments", err)
		}
	}
	return nil
}

// erasePayments erases the payments that only erased alerts know.
func (s *Store) erasePayments(ctx context.Context, alerts string) error {
	const mine = `has(splitByChar(char(10), ?), alert_id)`
	var keys []string
	err := s.db.QueryRow(ctx, "SELECT groupUniqArray(payment_key) FROM alert_payments WHERE "+mine+" AND payment_key != '' AND payment_key NOT IN ("+
		"SELECT payment_key FROM alert_payments WHERE NOT "+mine+" AND alert_id NOT IN (SELECT alert_id FROM alerts FINAL WHERE erased_at IS NOT NULL))", alerts, alerts).Scan(&keys)
	if err != nil {
		return err
	}
	// 1000 keys are some 70 kB of the 256 kB that a query may have.
	for some := range slices.Chunk(keys, 1000) {
		if err := s.db.Exec(ctx, "ALTER TABLE payments UPDATE "+references+" WHERE has(splitByChar(char(10), ?), payment_key)", strings.Join(some, "\n")); err != nil {
			return err
		}
	}
	return nil
}
