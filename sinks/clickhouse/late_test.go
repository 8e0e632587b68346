package clickhouse_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

func TestLateEvidence(t *testing.T) {
	address := enginetest.Start(t)
	for name, test := range map[string]func(*testing.T, clickhouse.Config, *clickhouse.Store){
		"last_word":     lastWord,
		"kept_columns":  keptColumns,
		"quiet_first":   quietFirst,
		"earlier_rows":  earlierRows,
		"rule_outcomes": ruleOutcomes,
	} {
		t.Run(name, func(t *testing.T) {
			c := configured(t, address, "e_"+name)
			test(t, c, open(t, c, event.Default()))
		})
	}
}

// told is a row of a hit of evidence e under a key.
func told(e, key string, version uint64) caselog.HitRow {
	r := caselog.HitRow{
		HitID: "hit of " + e, EvidenceKey: e, Key: key, Rule: "r", RuleVersion: 1, Status: "live", Title: "the title", Case: "freeze", Reporter: "B", ReportID: e,
		Amount: money("18000.00", "GBP"), Topic: "bank.reports", Partition: 3, Offset: 42, SubjectUID: "uid " + key, Version: version,
	}
	if key != "" {
		r.AlertID = "alert of " + key
	}
	return r
}

func gone(e, key string, version uint64) caselog.OverturnRow {
	return caselog.OverturnRow{
		EvidenceKey: e, Key: key, HitID: "hit of " + e, Rule: "r", Reason: "later_evidence", AppendedAt: int64(version),
		CauseTopic: "telecom.events", CausePartition: 1, CauseOffset: 7, Version: version,
	}
}

// lastWord stores words about evidence in any order, some twice: what stands is
// what the greatest version of each identity says.
func lastWord(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	rnd := rand.New(rand.NewPCG(5, 5))
	last := map[string]bool{}
	var steps []func() error
	for version := range uint64(60) {
		e, stands := fmt.Sprint("e", rnd.IntN(12)), rnd.IntN(3) > 0
		last[e] = stands
		if stands {
			steps = append(steps, func() error { return s.WriteHits(t.Context(), []caselog.HitRow{told(e, "out/GB/a", version+1)}) })
		} else {
			steps = append(steps, func() error {
				return s.WriteOverturns(t.Context(), []caselog.OverturnRow{gone(e, "out/GB/a", version+1)})
			})
		}
	}
	steps = append(steps, steps[:20]...)
	rnd.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for e, stands := range last {
		if stands {
			want = append(want, e)
		}
	}
	slices.Sort(want)
	if got := askAll(t, c, "SELECT evidence_key FROM v_hits ORDER BY evidence_key"); !slices.Equal(got, want) || len(want) == 0 || len(want) == len(last) {
		t.Errorf("v_hits has %v, want %v of %d", got, want, len(last))
	}
	if got := ask(t, c, "SELECT count() FROM v_hits_overturned WHERE evidence_key IN (SELECT evidence_key FROM v_hits)"); got != "0" {
		t.Errorf("%s hits stand and are overturned", got)
	}
}

func keptColumns(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	lowered := told("e2", "out/GB/a", 5)
	lowered.Changed, lowered.Late, lowered.Case, lowered.CauseTopic = "lowered", true, "ask", "telecom.events"
	other := told("e3", "out/GB/a", 7) // an older version of the rule said it too
	older := other
	older.HitID, older.RuleVersion, older.Version = "older hit", 0, 6
	for _, rows := range [][]caselog.HitRow{{told("e1", "out/GB/a", 1), told("e1", "out/AE/b", 2)}, {told("e2", "out/GB/a", 3), lowered}, {older, other}} {
		if err := s.WriteHits(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.WriteOverturns(t.Context(), []caselog.OverturnRow{gone("e1", "out/GB/a", 4), gone("e1", "out/AE/b", 5), gone("e3", "out/GB/a", 8), gone("never", "", 9)}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"SELECT groupArray((evidence_key, rule_case, changed, late)) FROM v_hits":                                                                                                     "[('e2','ask','lowered',true)]",
		"SELECT (title, rule_case, toString(amount), currency, topic, partition, offset, reason, cause_topic, cause_offset) FROM v_hits_overturned WHERE evidence_key = 'e1' LIMIT 1": "('the title','freeze','18000','GBP','bank.reports',3,42,'later_evidence','telecom.events',7)",
		"SELECT arraySort(groupArray((evidence_key, hit_id, alert_id))) FROM v_hits_overturned":                                                                                       "[('e1','hit of e1','alert of out/AE/b'),('e1','hit of e1','alert of out/GB/a'),('e3','hit of e3','alert of out/GB/a'),('e3','older hit','alert of out/GB/a')]",
	} {
		if got := ask(t, c, query); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}

// quietFirst has evidence that cannot alert at first (its rule was cold, or in
// shadow) and alerts later.
func quietFirst(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	quiet := func(e string) caselog.HitRow {
		r := told(e, "", 900) // of another partition: its offsets say nothing
		r.Cold, r.Status = true, "shadow"
		return r
	}
	if err := s.WriteHits(t.Context(), []caselog.HitRow{quiet("only"), quiet("later"), told("later", "out/GB/a", 1), quiet("gone"), quiet("fell"), told("fell", "out/GB/a", 2)}); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteOverturns(t.Context(), []caselog.OverturnRow{gone("gone", "", 901), gone("fell", "", 902), gone("fell", "out/GB/a", 3)}); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c, "SELECT arraySort(groupArray((evidence_key, cold, status, alert_ids))) FROM v_hits"); got != "[('later',false,'live',['alert of out/GB/a']),('only',true,'shadow',[])]" {
		t.Errorf("v_hits = %s", got)
	}
}

// earlierRows reads rows that were written before hit_overturns existed.
func earlierRows(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	if err := s.WriteHits(t.Context(), []caselog.HitRow{told("stands", "out/GB/a", 1)}); err != nil {
		t.Fatal(err)
	}
	execute(t, c, "INSERT INTO hits (hit_id, evidence_key, key, rule, reporter, report_id, standing, version) VALUES ('old', 'old', 'out/GB/a', 'r', 'B', 'old', false, 9)")
	if got := ask(t, c, "SELECT (groupArray(evidence_key), (SELECT (sum(hits), sum(overturned)) FROM v_rule_quality)) FROM v_hits"); got != "(['stands'],(1,1))" {
		t.Errorf("v_hits = %s", got)
	}
}

// ruleOutcomes compares a live rule with two shadow rules by what became of the
// alerts on the same reports, payments and subjects.
func ruleOutcomes(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	var hits []caselog.HitRow
	add := func(rule, status, id, alert, payment, subject string) {
		hits = append(hits, caselog.HitRow{
			HitID: rule + id, EvidenceKey: rule + id, Key: strings.Repeat("out/GB/", min(len(alert), 1)) + alert, AlertID: alert, Rule: rule, RuleVersion: 2, Status: status,
			Reporter: "B", ReportID: id, PaymentKeys: []string{payment}, SubjectUID: subject, Late: id == "R1", Hash: event.ContentHash([]byte(id)), Version: uint64(len(hits) + 1),
		})
	}
	states := []struct{ alert, state, decision, ending string }{
		{"A1", "decided", "partly", ""}, {"A2", "closed", "", "not_approved"}, {"A3", "sent", "", ""}, {"A4", "refused", "refused", ""}, {"A5", "decided", "nothing_found", ""},
	}
	var alerts []caselog.AlertRow
	for i, a := range states {
		n := fmt.Sprint(i + 1)
		add("live-rule", "live", "R"+n, a.alert, "P"+n, "S"+n)
		alerts = append(alerts, caselog.AlertRow{AlertID: a.alert, Direction: "out", Party: "GB-FIU", State: a.state, Decision: a.decision, Ending: a.ending, SentAt: int64(i), Version: 1})
	}
	add("better", "shadow", "R1", "", "", "")     // the same report
	add("better", "shadow", "X1", "", "P3", "")   // another report of the same payment
	add("better", "shadow", "X2", "", "", "")     // another report about the same subject
	add("better", "shadow", "X3", "", "P9", "S9") // what only this rule finds
	add("worse", "shadow", "R2", "", "", "")
	add("worse", "shadow", "R4", "", "", "")
	add("worse", "shadow", "X4", "", "", "S5")
	add("worse", "shadow", "R3", "", "", "")
	w := newWriter(event.Default())
	insert(t, s, w.batch(report("X2", 0, "raw", "X2", "reporter", "B", "creditor.uid", "S1"), report("X3", 0, "raw", "X3", "reporter", "B", "debtor.uid", "S9", "payment.key", "P9")), "t/0/1")
	for range 2 {
		if err := s.WriteHits(t.Context(), hits); err != nil {
			t.Fatal(err)
		}
		if err := s.WriteAlerts(t.Context(), alerts); err != nil {
			t.Fatal(err)
		}
	}
	over := caselog.OverturnRow{EvidenceKey: "worseR3", HitID: "worseR3", Hash: event.ContentHash([]byte("R3")), Rule: "worse", Reason: "later_evidence", Version: 1000}
	if err := s.WriteOverturns(t.Context(), []caselog.OverturnRow{over}); err != nil {
		t.Fatal(err)
	}
	got := askAll(t, c, "SELECT toString((rule, status, hits, overturned, late, confirmed, refuted, unclear, open, only_this, alerts, granted, not_approved, round(precision, 2))) AS x FROM v_rule_quality ORDER BY rule")
	want := []string{
		"('better','shadow',4,0,1,2,0,0,1,1,2,1,0,1)",
		"('live-rule','live',5,0,1,1,2,1,1,0,5,1,1,0.33)",
		"('worse','shadow',3,1,0,0,2,1,0,0,4,0,1,0)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("v_rule_quality\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
