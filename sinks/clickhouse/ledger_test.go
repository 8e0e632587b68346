package clickhouse_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

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
		"before":       rowsOfBefore,
		"hits":         standingHits,
		"dead_letters": deadLetters,
		"rule_sets":    ruleSets,
		"scenario":     scenario,
		"examples":     examples,
		"erase":        erase,
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
		"trail":          s.WriteTrail(ctx, []caselog.TrailRow{filled[caselog.TrailRow]()}),
		"recalls":        s.WriteRecalls(ctx, []caselog.RecallRow{filled[caselog.RecallRow]()}),
		"approvals":      s.WriteApprovals(ctx, []caselog.ApprovalRow{filled[caselog.ApprovalRow]()}),
		"disclosures":    s.WriteDisclosures(ctx, []caselog.DisclosureRow{filled[caselog.DisclosureRow]()}),
		"consents":       s.WriteConsents(ctx, []caselog.ConsentRow{filled[caselog.ConsentRow]()}),
		"tasks":          s.WriteTasks(ctx, []caselog.TaskRow{filled[caselog.TaskRow]()}),
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
		columns := askAll(t, c, "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '"+table+"' ORDER BY position")
		values := make([]string, len(columns))
		for i, column := range columns {
			values[i] = fmt.Sprintf("if(ifNull(`%[1]s` = defaultValueOfTypeName(toTypeName(`%[1]s`)), isNull(`%[1]s`)), '', toString(`%[1]s`))", column)
		}
		seen := map[string]string{}
		for i, got := range askAll(t, c, "SELECT arrayJoin(["+strings.Join(values, ", ")+"]) FROM "+table) {
			if got == "" {
				t.Errorf("%s.%s was not written", table, columns[i])
			}
			if other, twice := seen[got]; twice && got != "true" {
				t.Errorf("%s.%s = %s.%s = %s", table, columns[i], table, other, got)
			}
			seen[got] = columns[i]
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

// rowsOfBefore are those that a binary wrote that did not know the columns of the desk.
func rowsOfBefore(t *testing.T, c clickhouse.Config, _ *clickhouse.Store) {
	execute(t, c, "INSERT INTO alerts (alert_id, direction, party, parent_alerts) VALUES ('A1', 'out', 'GB-FIU', []), ('I1', 'out', 'BANK-A', ['A1'])")
	execute(t, c, "INSERT INTO measures (measure_id, alert_id, direction, party, state) VALUES ('M1', 'A1', 'out', 'GB-FIU', 'extended'), ('M2', 'A1', 'out', 'GB-FIU', 'lifted')")
	if got := ask(t, c, "SELECT groupArray((measure_id, stand)) FROM v_open_measures"); got != "[('M1','in_force')]" {
		t.Errorf("v_open_measures = %s", got)
	}
	if got := ask(t, c, "SELECT arraySort(groupArray((alert_id, instruction))) FROM v_alerts"); got != "[('A1',false),('I1',true)]" {
		t.Errorf("v_alerts = %s", got)
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
	item := func(key, alert, item string, hop uint8, credited caselog.Money, disputed caselog.Money, executed string, parents ...string) caselog.PaymentRow {
		party := map[string]string{"C1": "AE-FIU", "I1": "BANK-IN"}[alert]
		if party == "" {
			party = "GB-FIU"
		}
		return caselog.PaymentRow{
			PaymentKey: key, AlertID: alert, CaseID: "CASE", Direction: "out", Party: party, ItemID: item, Hop: hop, ParentItems: parents, UETR: "u-" + key,
			Credited: credited, Disputed: disputed, ExecutedAt: at(day + executed), Version: 1,
		}
	}
	gbp := func(amount string) caselog.Money { return money(amount, "GBP") }
	shed := item("P9", "A1", "A1-P09", 0, gbp("5"), gbp("5"), "04:10:00Z")
	shed.Shed = true
	write(s.WritePayments(ctx, []caselog.PaymentRow{
		item("P1", "A1", "A1-P01", 0, gbp("18000.00"), gbp("18000"), "04:10:00Z"),
		item("P2", "A1", "A1-P02", 0, gbp("9500.00"), gbp("9000"), "04:18:00Z"),
		item("P3", "B1", "B1-P01", 0, caselog.Money{}, gbp("12000"), "04:25:00Z"), // nobody says what was credited
		item("N1", "C1", "C1-P01", 1, money("52000", "AED"), money("52000", "AED"), "04:30:00Z", "A1-P01", "A1-P02"),
		item("P1", "I1", "I1-P01", 0, gbp("18000"), gbp("18000"), "04:10:00Z", "A1-P01"), shed,
	}))
	write(s.WriteAlerts(ctx, []caselog.AlertRow{
		{AlertID: "A1", CaseID: "CASE", Direction: "out", Party: "GB-FIU", PartyCountry: "GB", State: "decided", Decision: "partly", RecordTime: at(day + "04:10:00Z"), OpenedAt: at(day + "04:10:01Z"), ApprovedAt: at(day + "04:21:00Z"), SentAt: at(day + "04:21:00Z"), ReceivedAt: at(day + "04:21:01Z"), AcceptedAt: at(day + "04:35:00Z"), DecidedAt: at(day + "05:10:00Z"), Version: 9},
		{AlertID: "B1", CaseID: "CASE", Direction: "out", Party: "GB-FIU", PartyCountry: "GB", State: "closed", Ending: "returned", OpenedAt: at(day + "04:25:01Z"), Version: 9},
		{AlertID: "C1", CaseID: "CASE", Direction: "out", Party: "AE-FIU", PartyCountry: "AE", State: "decided", OpenedAt: at(day + "05:10:01Z"), SentAt: at(day + "05:25:00Z"), Version: 4},
		{AlertID: "I1", CaseID: "CASE", Direction: "out", Party: "BANK-IN", Instruction: true, ParentAlerts: []string{"A1"}, State: "sent", Version: 4},
	}))
	far := time.Now().Add(100 * time.Hour)
	write(s.WriteMeasures(ctx, []caselog.MeasureRow{
		{MeasureID: "M1", AlertID: "A1", Direction: "out", Party: "GB-FIU", Kind: "consent_withheld", State: "in_force", Stand: "in_force", Standing: true, Amount: gbp("15500"), InForceAt: at(day + "04:55:00Z"), ExpiresAt: far.UnixMilli(), WorkingDays: []int64{1, far.Add(-50 * time.Hour).UnixMilli(), far.Add(-time.Hour).UnixMilli()}, AccountID: "GB52", Version: 9},
		{MeasureID: "M0", AlertID: "A1", Direction: "out", Party: "GB-FIU", Kind: "monitoring", State: "in_force", Stand: "in_force", Standing: true, InForceAt: at(day + "04:40:00Z"), Version: 9},
		{MeasureID: "M2", AlertID: "B1", Direction: "out", Party: "GB-FIU", Kind: "lien", State: "ended", Stand: "ended", Ending: "returned", Amount: gbp("12000"), InForceAt: at(day + "06:05:00Z"), Version: 9},
	}))
	line := func(alert, item string, n uint32, disposition string, amount caselog.Money, current bool) caselog.FundsRow {
		party := "GB-FIU"
		if alert == "C1" {
			party = "AE-FIU"
		}
		return caselog.FundsRow{AlertID: alert, CaseID: "CASE", Direction: "out", Party: party, ItemID: item, Line: n, Disposition: disposition, Money: amount, ToRef: "N1", Current: current, Version: 9}
	}
	write(s.WriteFunds(ctx, []caselog.FundsRow{
		line("A1", "A1-P01", 0, "held", gbp("15500"), true), line("A1", "A1-P01", 1, "moved_on", gbp("2500"), true),
		line("A1", "A1-P02", 0, "moved_on", gbp("8500"), true), line("A1", "A1-P02", 1, "withdrawn_cash", gbp("1000"), true), line("A1", "A1-P02", 2, "held", gbp("77"), false),
		line("B1", "B1-P01", 0, "returned", gbp("12000"), true),
		line("C1", "C1-P01", 0, "held", money("51400", "AED"), true), line("C1", "C1-P01", 1, "fee", money("600", "AED"), true),
	}))
	write(s.WriteTrail(ctx, []caselog.TrailRow{
		{ItemID: "A1-N01", AlertID: "A1", CaseID: "CASE", Direction: "out", Party: "GB-FIU", ParentItems: []string{"A1-P01", "A1-P02"}, Hop: 1, Money: gbp("11000"), Credited: money("52000", "AED"), AccountID: "AE81", Country: "AE", HandledBy: "nobody", OnwardUse: "to_be_asked", Consent: "granted", ChildAlert: "C1", Version: 9},
		{ItemID: "A1-N02", AlertID: "A1", CaseID: "CASE", Direction: "out", Party: "GB-FIU", ParentItems: []string{"A1-P01"}, Hop: 1, Money: gbp("1"), Gone: true, Version: 9},
	}))
	leg := caselog.RecallRow{AlertID: "A1", CaseID: "CASE", Direction: "out", Party: "GB-FIU", ItemID: "A1-P01", State: "rejected", Bank: "BANK-IN", ChildAlert: "I1", Codes: []string{"RJCR", "LEGL"}, InitiatedAt: at(day + "04:30:00Z"), AnsweredAt: at(day + "05:30:00Z"), Version: 3}
	copied := leg
	copied.AlertID, copied.Party, copied.ItemID, copied.Instruction = "I1", "BANK-IN", "I1-P01", true
	write(s.WriteRecalls(ctx, []caselog.RecallRow{leg, copied}))
	said := func(offset int64, officer, verdict string) caselog.ApprovalRow {
		return caselog.ApprovalRow{Offset: offset, AlertID: "A1", Direction: "out", Party: "GB-FIU", Act: "request", Officer: officer, Verdict: verdict, At: at(day+"04:14:00Z") + offset, Version: uint64(offset)}
	}
	write(s.WriteApprovals(ctx, []caselog.ApprovalRow{said(1, "O1", "given"), said(2, "O1", "voided"), said(3, "O1", "given"), said(4, "O2", "given")}))
	told := func(path, kind string) caselog.DisclosureRow {
		return caselog.DisclosureRow{MessageID: "A1-Q001", AlertID: "A1", Direction: "out", Party: "GB-FIU", Type: "request", Path: path, Kind: kind, Values: 2, Regime: "egmont", Basis: "PMLA", PermittedUse: "intelligence_only", How: "delivered", DisclosedAt: at(day + "04:21:01Z"), Version: 7}
	}
	write(s.WriteDisclosures(ctx, []caselog.DisclosureRow{told("subject.account.name", "name"), told("payments.debtor.servicer.bic", "institution"), told("payments.refs.uetr", "reference")}))
	write(s.WriteConsents(ctx, []caselog.ConsentRow{{MessageID: "A1-Q003", AlertID: "A1", Direction: "out", Party: "GB-FIU", Facts: []string{"A1-N01"}, To: []string{"AE"}, AskedAt: at(day + "05:15:00Z"), Granted: "all", AnsweredAt: at(day + "05:20:00Z"), Version: 5}}))
	write(s.WriteTasks(ctx, []caselog.TaskRow{{TaskID: "T1", AlertID: "A1", Direction: "out", Party: "GB-FIU", Kind: "amend", Why: []string{"measure M01: ask_id K9 is none that we asked"}, OpenedAt: at(day + "04:20:00Z"), DoneAt: at(day + "04:21:00Z"), DoneBy: "O1", Version: 5}}))
	write(s.WriteDeliveries(ctx, []caselog.DeliveryRow{
		{MessageID: "A1-Q001", Party: "GB-FIU", Channel: "webhook", Attempt: 1, Verdict: "retry", PartnerFault: true, Version: 1},
		{MessageID: "A1-Q001", Party: "GB-FIU", Channel: "webhook", Attempt: 2, Verdict: "delivered", Version: 2},
	}))
	inbound(t, s)
	for query, want := range map[string]string{
		"SELECT groupArray((item_id, credited, held, moved_on, withdrawn_cash, balance)) FROM (SELECT * FROM v_funds WHERE party = 'GB-FIU' ORDER BY item_id)":                                                                            "[('A1-P01',18000,15500,2500,0,0),('A1-P02',9500,0,8500,1000,0),('B1-P01',NULL,0,0,0,NULL)]",
		"SELECT groupArray((hop, currency, credited, returned, held, moved_on, onward_followed, withdrawn_cash, fee, unaccounted, unanswered, balance)) FROM (SELECT * FROM v_funds_balance WHERE case_id = 'CASE' ORDER BY hop)":         "[(0,'GBP',39500,12000,15500,11000,11000,1000,0,0,0,0),(1,'AED',52000,0,51400,0,0,0,600,0,0,0)]",
		"SELECT (executed_to_in_force_s, executed_to_detected_s, detected_to_sent_s, detected_to_approved_s, reported_to_receipt_s, toString(in_force_at), held_in_golden, golden_left_s) FROM v_time_to_freeze WHERE payment_key = 'P1'": "(2700,1,659,659,661,'2026-03-02 04:55:00.000',1,NULL)",
		"SELECT (party, received_at, in_force_at, state, held_in_golden, golden_left_s) FROM v_time_to_freeze WHERE payment_key = 'N1'":                                                                                                   "('AE-FIU',NULL,NULL,'decided',0,0)",
		"SELECT (alerts, sent, received, accepted, decided, received_within_60s, receipt_p50_s, attempts, failed_attempts, partner_faults) FROM v_party_sla WHERE party = 'GB-FIU'":                                                       "(2,1,1,1,1,1,1,2,1,1)",
		"SELECT arraySort(groupArray((from_item, to_item, told_by, disposition, amount, currency, account, country, hop, child_alert))) FROM v_money_trail":                                                                               "[('A1-P01','A1-N01','trail','moved_on',11000,'GBP','AE81','AE',1,'C1'),('A1-P02','','outcome','withdrawn_cash',1000,'GBP','','',1,''),('A1-P02','A1-N01','trail','moved_on',11000,'GBP','AE81','AE',1,'C1')]",
		"SELECT groupArray((measure_id, kind, amount, account, working_days_left, round(hours_left), expires_at IS NULL)) FROM (SELECT * FROM v_open_measures ORDER BY measure_id)":                                                       "[('M0','monitoring',NULL,'',NULL,NULL,1),('M1','consent_withheld',15500,'GB52',2,100,0)]",
		"SELECT groupArray((item_id, state, codes, answer_s)) FROM v_recalls":                                                                                                                                                             "[('A1-P01','rejected',['RJCR','LEGL'],3600)]",
		"SELECT groupArray((officer, verdict, voided_at IS NOT NULL)) FROM (SELECT * FROM v_approvals ORDER BY at)":                                                                                                                       "[('O1','given',1),('O1','given',0),('O2','given',0)]",
		"SELECT (count(), uniqExactIf(party, whose = 'victim' AND kind = 'name'), uniqExactIf(party, kind = 'name'), any(basis)) FROM v_disclosures":                                                                                      "(3,0,1,'PMLA')",
		"SELECT arraySort(groupArray((path, whose))) FROM v_disclosures":                                                                                                                                                                  "[('payments.debtor.servicer.bic','victim'),('payments.refs.uetr','case'),('subject.account.name','subject')]",
		"SELECT groupArray((items, to, granted, answer_s)) FROM v_consents":                                                                                                                                                               "[(['A1-N01'],['AE'],'all',300)]",
		"SELECT groupArray((kind, why, state, done_by, open_s)) FROM v_tasks":                                                                                                                                                             "[('amend',['measure M01: ask_id K9 is none that we asked'],'decided','O1',60)]",
		"SELECT (alerts, received_within_5s, receipt_p50_s, accept_p50_s, critical_accepted, critical_within_60min, answered, answered_in_time, release_p50_s, overdue) FROM v_inbound_sla WHERE party = 'US-FIU'":                        "(2,1,1,1800,1,1,1,1,900,1)",
		"SELECT (count(), sum(disputed)) FROM payments FINAL":                                                                                                                                                                             "(5,91005)",
	} {
		if got := ask(t, c, query); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}

// inbound are two alerts of a party that asks us: one was answered after the moment it
// asked for, less the time in which it owed us information; one nobody has answered.
func inbound(t *testing.T, s *clickhouse.Store) {
	t.Helper()
	day := "2026-03-03T"
	errs := []error{
		s.WriteAlerts(t.Context(), []caselog.AlertRow{
			{AlertID: "D1", Direction: "in", Party: "US-FIU", Urgency: "critical", AcceptedAt: at(day + "10:30:00Z"), BankAt: at(day + "11:30:00Z"), AnsweredAt: at(day + "11:45:00Z"), DecideBy: at(day + "11:00:00Z"), PausedMS: 3600_000, ClosedAt: at(day + "12:00:00Z"), Version: 1},
			{AlertID: "D2", Direction: "in", Party: "US-FIU", Urgency: "high", DecideBy: at(day + "11:00:00Z"), Version: 1},
		}),
		s.WriteMessages(t.Context(), []caselog.MessageRow{
			{MessageID: "D1-Q001", AlertID: "D1", Direction: "in", Party: "US-FIU", Type: "request", ReceivedAt: at(day + "10:00:00Z"), Body: "b", Version: 1},
			{MessageID: "D1-Q001-R1", AlertID: "D1", Direction: "out", Party: "US-FIU", Type: "receipt", QueuedAt: at(day + "10:00:01Z"), Version: 2},
		}),
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
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
