package clickhouse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

func TestLedger(t *testing.T) {
	address := enginetest.Start(t)
	for name, test := range map[string]func(*testing.T, clickhouse.Config, *clickhouse.Store){
		"every_field":  everyField,
		"versions":     versions,
		"hits":         standingHits,
		"dead_letters": deadLetters,
		"rule_sets":    ruleSets,
		"scenario":     scenario,
		"examples":     examples,
	} {
		t.Run(name, func(t *testing.T) {
			c := configured(t, address, "l_"+name)
			test(t, c, open(t, c, event.Default()))
		})
	}
}

// filled returns a T whose every field differs from its zero value, and from the
// fields of its kind beside it.
func filled[T any]() T {
	var v T
	fill(reflect.ValueOf(&v).Elem(), new(int))
	return v
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("s", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(*n % 250))
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Int32:
		v.SetInt(int64(*n))
	case reflect.Int64:
		v.SetInt(1_800_000_000_000 + int64(*n))
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64('a' + i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Struct:
		if d, ok := v.Addr().Interface().(*decimal.D); ok {
			*d, _ = decimal.Parse([]byte(fmt.Sprintf("%d.000000000000000001", *n)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	}
}

// everyField writes rows whose fields all differ and asks that no column is left
// at its default: a column that was forgotten or swapped with one of another
// kind shows.
func everyField(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	ctx := t.Context()
	for table, err := range map[string]error{
		"hits":           s.WriteHits(ctx, []caselog.HitRow{filled[caselog.HitRow]()}),
		"hit_overturns":  s.WriteOverturns(ctx, []caselog.OverturnRow{filled[caselog.OverturnRow]()}),
		"alerts":         s.WriteAlerts(ctx, []caselog.AlertRow{filled[caselog.AlertRow]()}),
		"case_events":    s.WriteCaseEvents(ctx, []caselog.CaseEventRow{filled[caselog.CaseEventRow]()}),
		"deliveries":     s.WriteDeliveries(ctx, []caselog.DeliveryRow{filled[caselog.DeliveryRow]()}),
		"messages":       s.WriteMessages(ctx, []caselog.MessageRow{filled[caselog.MessageRow]()}),
		"measures":       s.WriteMeasures(ctx, []caselog.MeasureRow{filled[caselog.MeasureRow]()}),
		"funds":          s.WriteFunds(ctx, []caselog.FundsRow{filled[caselog.FundsRow]()}),
		"alert_payments": s.WritePayments(ctx, []caselog.PaymentRow{filled[caselog.PaymentRow]()}),
		"payments":       nil,
		"dead_letters":   s.WriteDeadLetters(ctx, []event.Dead{filled[event.Dead]()}),
		"rule_sets":      s.WriteRuleSet(ctx, filled[clickhouse.RuleSet]()),
	} {
		if err != nil {
			t.Errorf("write %s: %v", table, err)
			continue
		}
		if got := ask(t, c, "SELECT count() FROM "+table); got != "1" {
			t.Errorf("%s has %s rows", table, got)
		}
		seen := map[string]string{}
		for _, column := range askAll(t, c, "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '"+table+"'") {
			q := fmt.Sprintf("SELECT if(ifNull(`%[1]s` = defaultValueOfTypeName(toTypeName(`%[1]s`)), isNull(`%[1]s`)), '', toString(`%[1]s`)) FROM %[2]s", column, table)
			got := ask(t, c, q)
			if got == "" {
				t.Errorf("%s.%s was not written", table, column)
			}
			if other, twice := seen[got]; twice && got != "true" {
				t.Errorf("%s.%s = %s.%s = %s", table, column, table, other, got)
			}
			seen[got] = column
		}
	}
	if err := s.WriteHits(ctx, nil); err != nil {
		t.Errorf("no rows gave %v", err)
	}
}

// versions writes states in any order, some twice: the largest version wins, and
// missing values are NULL.
func versions(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	state := func(version uint64, state string) caselog.AlertRow {
		return caselog.AlertRow{AlertID: "A1", Direction: "out", Party: "GB-FIU", State: state, Version: version}
	}
	for _, rows := range [][]caselog.AlertRow{{state(3, "sent"), state(1, "proposed")}, {state(9, "decided")}, {state(4, "received")}, {state(3, "sent")}} {
		if err := s.WriteAlerts(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(t, c, "SELECT groupArray((state, sent_at, hits, length(amounts))) FROM v_alerts"); got != "[('decided',NULL,0,0)]" {
		t.Errorf("v_alerts = %s", got)
	}
	if _, _, alerts, err := s.Counts(t.Context()); err != nil || alerts != 1 {
		t.Errorf("Counts says %d alerts, %v", alerts, err)
	}
}

func standingHits(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	hit := func(id, evidence, key string, revision uint32, version uint64) caselog.HitRow {
		return caselog.HitRow{HitID: id, EvidenceKey: evidence, Key: key, AlertID: "alert of " + key, Rule: "r1", RuleVersion: 1, Reporter: "B", ReportID: evidence, Revision: revision, SubjectUID: "uid " + key, Title: "t", Version: version}
	}
	rows := []caselog.HitRow{
		hit("h1", "e1", "out/GB/a", 0, 1), hit("h1", "e1", "out/AE/b", 0, 2), // one hit, two subjects
		hit("h2", "e1", "out/GB/a", 1, 5), // the corrected report
		hit("h3", "e2", "out/GB/a", 0, 3), // overturned
		hit("h4", "e3", "", 0, 4),         // without a subject
	}
	for range 2 {
		if err := s.WriteHits(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		if err := s.WriteOverturns(t.Context(), []caselog.OverturnRow{{EvidenceKey: "e2", Key: "out/GB/a", HitID: "h3", Rule: "r1", Reason: "later_evidence", Version: 8}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(t, c, "SELECT arraySort(groupArray((evidence_key, hit_id, revision, alert_ids, length(subjects)))) FROM v_hits"); got != "[('e1','h2',1,['alert of out/GB/a'],1),('e3','h4',0,['alert of '],1)]" {
		t.Errorf("v_hits = %s", got)
	}
	if _, hits, _, err := s.Counts(t.Context()); err != nil || hits != 2 {
		t.Errorf("Counts says %d hits, %v", hits, err)
	}
	if got := ask(t, c, "SELECT (rule, hits, overturned) FROM v_rule_quality"); got != "('r1',2,1)" {
		t.Errorf("v_rule_quality = %s", got)
	}
}

func deadLetters(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	letters := []event.Dead{
		{Position: event.Position{Topic: "bank.reports", Partition: 1, Offset: 7}, Codec: "json", Reason: event.Syntax, Message: "it's \\ not JSON", Raw: []byte("\x00\xff{'")},
		{Position: event.Position{Topic: "bank.reports", Partition: 1, Offset: 8}, Time: 1, Codec: "json", Reason: event.Range, Field: "amount", Raw: nil},
	}
	for range 3 {
		if err := s.WriteDeadLetters(t.Context(), letters); err != nil {
			t.Fatal(err)
		}
	}
	want := `[(7,NULL,'syntax','','it\'s \\ not JSON','00FF7B27'),(8,'1970-01-01 00:00:00.001','range','amount','','')]`
	if got := ask(t, c, "SELECT groupArray((offset, kafka_time, reason, field, message, hex(raw))) FROM (SELECT * FROM v_dead_letters ORDER BY offset)"); got != want {
		t.Errorf("v_dead_letters = %s", got)
	}
}

func ruleSets(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	set := clickhouse.RuleSet{Kind: "rules", Digest: "sha256:1", ActivatedAt: 1, Rules: 12, Source: "rules/pack", Content: []byte("id: a\n")}
	for range 2 {
		if err := s.WriteRuleSet(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(t, c, "SELECT groupArray((digest, rules, content)) FROM (SELECT * FROM rule_sets FINAL)"); got != `[('sha256:1',12,'id: a\n')]` {
		t.Errorf("rule_sets = %s", got)
	}
}

func money(amount, currency string) caselog.Money {
	d, err := decimal.Parse([]byte(amount))
	if err != nil {
		panic(err)
	}
	return caselog.Money{Amount: d, Currency: currency}
}

// scenario is the part of FREEZE §5 that the views tell of.
func scenario(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	write := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, day := t.Context(), "2026-03-02T"
	write(s.WritePayments(ctx, []caselog.PaymentRow{
		{PaymentKey: "P1", AlertID: "A1", Direction: "out", Party: "GB-FIU", ItemID: "A1-P01", Credited: money("18000.00", "GBP"), Disputed: money("18000", "GBP"), ExecutedAt: at(day + "04:10:00Z"), Version: 1},
		{PaymentKey: "P2", AlertID: "A1", Direction: "out", Party: "GB-FIU", ItemID: "A1-P02", Credited: money("9500.00", "GBP"), Disputed: money("9000", "GBP"), ExecutedAt: at(day + "04:18:00Z"), Version: 1},
		{PaymentKey: "N1", AlertID: "C1", Direction: "out", Party: "AE-FIU", ItemID: "C1-P01", Hop: 1, ParentItems: []string{"A1-P01", "A1-P02"}, Disputed: money("52000", "AED"), ExecutedAt: at(day + "04:30:00Z"), Version: 1},
	}))
	write(s.WriteAlerts(ctx, []caselog.AlertRow{
		{AlertID: "A1", Direction: "out", Party: "GB-FIU", PartyCountry: "GB", State: "decided", Decision: "partly", RecordTime: at(day + "04:10:00Z"), OpenedAt: at(day + "04:10:01Z"), SentAt: at(day + "04:21:00Z"), ReceivedAt: at(day + "04:21:01Z"), AcceptedAt: at(day + "04:35:00Z"), DecidedAt: at(day + "05:10:00Z"), Version: 9},
		{AlertID: "C1", Direction: "out", Party: "AE-FIU", PartyCountry: "AE", State: "sent", OpenedAt: at(day + "05:10:01Z"), SentAt: at(day + "05:25:00Z"), Version: 4},
	}))
	write(s.WriteMeasures(ctx, []caselog.MeasureRow{{MeasureID: "M1", AlertID: "A1", Direction: "out", Party: "GB-FIU", Kind: "consent_withheld", State: "in_force", Amount: money("15500", "GBP"), InForceAt: at(day + "04:55:00Z"), Version: 9}}))
	line := func(item string, n uint32, disposition, amount string, current bool) caselog.FundsRow {
		return caselog.FundsRow{AlertID: "A1", Direction: "out", Party: "GB-FIU", ItemID: item, Line: n, Disposition: disposition, Money: money(amount, "GBP"), ToRef: "N1", Current: current, Version: 9}
	}
	write(s.WriteFunds(ctx, []caselog.FundsRow{
		line("A1-P01", 0, "held", "15500", true), line("A1-P01", 1, "moved_on", "2500", true),
		line("A1-P02", 0, "moved_on", "8500", true), line("A1-P02", 1, "withdrawn_cash", "1000", true), line("A1-P02", 2, "held", "77", false),
	}))
	write(s.WriteDeliveries(ctx, []caselog.DeliveryRow{
		{MessageID: "A1-Q001", Party: "GB-FIU", Channel: "webhook", Attempt: 1, Verdict: "retry", PartnerFault: true, Version: 1},
		{MessageID: "A1-Q001", Party: "GB-FIU", Channel: "webhook", Attempt: 2, Verdict: "delivered", Version: 2},
	}))
	for query, want := range map[string]string{
		"SELECT groupArray((item_id, credited, held, moved_on, withdrawn_cash, balance)) FROM (SELECT * FROM v_funds_balance ORDER BY item_id)":                                     "[('A1-P01',18000,15500,2500,0,0),('A1-P02',9500,0,8500,1000,0)]",
		"SELECT (executed_to_in_force_s, executed_to_detected_s, detected_to_sent_s, reported_to_receipt_s) FROM v_time_to_freeze WHERE payment_key = 'P1'":                         "(2700,1,659,661)",
		"SELECT (party, received_at, in_force_at, state) FROM v_time_to_freeze WHERE payment_key = 'N1'":                                                                            "('AE-FIU',NULL,NULL,'sent')",
		"SELECT (alerts, sent, received, accepted, decided, received_within_60s, receipt_p50_s, attempts, failed_attempts, partner_faults) FROM v_party_sla WHERE party = 'GB-FIU'": "(1,1,1,1,1,1,1,2,1,1)",
		"SELECT arraySort(groupArray((from_item, to_item, told_by, disposition, amount, currency))) FROM v_money_trail":                                                             "[('A1-P01','','outcome','moved_on',2500,'GBP'),('A1-P01','C1-P01','item','',52000,'AED'),('A1-P02','','outcome','moved_on',8500,'GBP'),('A1-P02','','outcome','withdrawn_cash',1000,'GBP'),('A1-P02','C1-P01','item','',52000,'AED')]",
		"SELECT (count(), sum(disputed)) FROM payments FINAL":                                                                                                                       "(3,79000)",
	} {
		if got := ask(t, c, query); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}

// examples runs every query of testdata/examples.sql, which the README shows.
func examples(t *testing.T, c clickhouse.Config, _ *clickhouse.Store) {
	text, err := os.ReadFile(filepath.Join("testdata", "examples.sql"))
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for _, q := range strings.Split(string(text), ";\n") {
		if strings.TrimSpace(q) == "" {
			continue
		}
		used++
		execute(t, c, q)
	}
	for _, view := range askAll(t, c, "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View'") {
		if !strings.Contains(string(text), view) {
			t.Errorf("no example shows %s", view)
		}
	}
	if used < 9 {
		t.Errorf("only %d examples", used)
	}
}
