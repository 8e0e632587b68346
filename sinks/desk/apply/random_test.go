package apply_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// drawn makes one event, sensible or not, about what is there.
func drawn(t *rapid.T, n int, s *apply.Subject, key caselog.Key) apply.Record {
	kind := rapid.SampledFrom([]caselog.Type{
		caselog.Hit, caselog.Hit, caselog.HitChanged, caselog.HitOverturned, caselog.HitOverturned, caselog.MessageQueued, caselog.Attempt, caselog.Delivered, caselog.GaveUp, caselog.Receipt, caselog.Outcome,
		caselog.Received, caselog.ApprovalGiven, caselog.ApprovalRefused, caselog.Confirmed, caselog.Withdrawn, caselog.Reviewed, caselog.Instructed, caselog.Recorded,
		caselog.Amended, caselog.Overdue, caselog.Blocked, caselog.TaskClosed, caselog.Instructed, caselog.Recorded, "nonsense",
		caselog.Matched, caselog.Received, caselog.ApprovalGiven, caselog.Reviewed, caselog.Noted, caselog.Reopened, caselog.EmergencySent,
	}).Draw(t, "type")
	in := key.Direction() == caselog.In
	begins := in && (s == nil || len(s.Alerts) == 0) && rapid.IntRange(0, 3).Draw(t, "begins") > 0
	switch {
	case begins:
		kind = caselog.Received
	case in && rapid.Bool().Draw(t, "of a desk"):
		kind = rapid.SampledFrom([]caselog.Type{
			caselog.Reviewed, caselog.Matched, caselog.ApprovalGiven, caselog.ApprovalGiven, caselog.ApprovalGiven, caselog.Instructed, caselog.Recorded, caselog.MessageQueued, caselog.Delivered, caselog.Confirmed, caselog.Received, caselog.ApprovalRefused,
		}).Draw(t, "desk")
	}
	alert := rapid.SampledFrom([]string{"X", "Y"}).Draw(t, "alert")
	message := alert + "-Q001"
	if s != nil && len(s.Alerts) > 0 && rapid.IntRange(0, 9).Draw(t, "known") > 0 {
		a := s.Alerts[rapid.IntRange(0, len(s.Alerts)-1).Draw(t, "which")]
		alert, message = a.ID, a.ID+"-Q001"
		if len(a.Messages) > 0 {
			message = a.Messages[len(a.Messages)-1].ID
		}
	}
	number := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	data := map[string]any{
		"alert_id": alert, "message_id": message, "n": number("n", 3), "sequence": number("sequence", 3), "by": pick("by", "", "O1", "O2"),
		"act": pick("act", append(apply.Acts(key.Direction()), "authorise", "x")...), "type": pick("message", "request", "amendment", "withdrawal", "outcome", "receipt", "confirmation", "info_response", "feedback", "extension_request", "lift_request", "status_request", "consent_request", "consent_response"),
		"role": pick("role", "officer", "supervisor", "head", "auditor"), "code": pick("code", "", "", "", "not_competent", "useful"), "about": pick("about", "", "PA"), "fields": []string{pick("field", "a", "legal.nexus")}, "text_mark": pick("mark", "", "m1"),
		"info": map[string]any{"fields": []string{pick("answered", "a", "legal.nexus")}}, "feedback": map[string]any{"useful": true}, "needs": []string{pick("needed", "a", "legal.nexus")},
		"alerts": []map[string]any{{"alert_id": "PA", "key": "in/IN-FIU/S", "items": []string{"P"}}},
		"digest": map[string]string{"alg": "sha-256", "value": pick("digest", "d1", "d2")}, "level": pick("level", "received", "accepted", "rejected"),
		"decision": pick("decision", "granted", "refused", "more_info", "pending"), "as_of": fmt.Sprintf("2026-03-02T04:00:0%d.000Z", number("as_of", 9)),
		"receipt_of": message, "outcome_of": message, "evidence": pick("evidence", "E1", "E2", "E3"), "hit_id": pick("hit", "H1", "H2"), "severity": "high",
		"ask": []string{"hold_amount"}, "parent_alert": pick("parent", "PA", "PB"), "parent_key": "in/X/S", "child_key": "out/BANK/S",
		"timer": pick("timer", "T2", "T5"), "due": "2026-03-02T04:00:00.000Z", "balanced": true, "final": number("final", 1) == 1, "lift": number("lift", 1) == 1, "lifted": number("lifted", 1) == 1, "personal": "sealed",
	}
	if kind == caselog.Receipt || kind == caselog.Outcome || kind == caselog.Received {
		data["message_id"] = fmt.Sprintf("%s-A%03d", alert, number("theirs", 3))
	}
	if number("ours", 2) == 0 {
		data["outcome"] = map[string]any{"decision": data["decision"], "as_of": data["as_of"], "final": data["final"], "needs": data["needs"], "balanced": true}
	}
	if kind == caselog.Received { // there it is what a lift_request says
		data["lift"] = map[string]string{"measure_id": "M1", "reason": "returned"}
	}
	if slices.Contains([]caselog.Type{
		caselog.ApprovalGiven, caselog.ApprovalRefused, caselog.Confirmed, caselog.Withdrawn, caselog.Reviewed, caselog.TaskClosed, caselog.Noted, caselog.Reopened, caselog.EmergencySent,
	}, kind) {
		data["digest"] = "" // there it is what the officer saw
	}
	if begins {
		data["type"], data["sequence"], data["digest"] = "request", 1, map[string]string{"alg": "sha-256", "value": "d1"}
	}
	if number("noabout", 1) == 0 {
		delete(data, "about")
	}
	data["fold"], data["stands"], data["case"], data["revision"] = rapid.SampledFrom([]int{0, 3, apply.Version}).Draw(t, "fold"), number("stands", 1) == 1, pick("case", "ask", "freeze"), number("revision", 1)
	if number("superseded", 4) == 0 {
		data["superseded"] = map[string]any{"revision": number("by", 2), "hash": ""}
	}
	payments := []map[string]any{}
	for i := range number("payments", 2) {
		payments = append(payments, map[string]any{
			"key": pick("key", "K1", "K2", "K3"), "amount": map[string]string{"amount": "1.00", "currency": pick("currency", "GBP", "EUR")}, "told": fmt.Sprint(i), "parents": []string{"PA-P01"},
		})
	}
	data["payments"] = payments
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return apply.Record{Event: caselog.Event{ID: fmt.Sprint(n), Type: kind, Key: key, Data: text}, Offset: int64(n), Appended: 1772424000000 + int64(n)*1000}
}

func state(t *rapid.T, s *apply.Subject) string {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAnyEventsFoldTheSameWay folds random events twice, the second time with
// other personal data: state, verdicts and effects are the same, whatever comes.
func TestAnyEventsFoldTheSameWay(t *testing.T) {
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	m := apply.Machine{Root: root}
	rapid.Check(t, func(rt *rapid.T) {
		key := caselog.Key(rapid.SampledFrom([]string{"out/GB-FIU/S", "in/IN-FIU/S", "out/BANK-A/S"}).Draw(rt, "key"))
		var a, b *apply.Subject
		for n := range rapid.IntRange(1, 40).Draw(rt, "events") {
			r := drawn(rt, n, a, key)
			before := "null"
			if a != nil {
				before = state(rt, a)
			}
			var va, vb apply.Verdict
			var due, dueAgain []apply.Effect
			a, va, due = m.Apply(a, r)
			r.Data = bytes.ReplaceAll(r.Data, []byte("sealed"), []byte("another"))
			b, vb, dueAgain = m.Apply(b, r)
			if va != vb || len(due) != len(dueAgain) {
				rt.Fatalf("%s came to %+v and %+v", r.Type, va, vb)
			}
			if !va.Applied && before != "null" && state(rt, a) != before {
				rt.Fatalf("%s was not applied (%+v) and changed\n%s\n%s", r.Type, va, before, state(rt, a))
			}
			check(rt, a)
		}
		if x, y := state(rt, a), string(bytes.ReplaceAll([]byte(state(rt, b)), []byte("another"), []byte("sealed"))); x != y {
			rt.Fatalf("personal data decided\n%s\n%s", x, y)
		}
	})
}

// check holds what is true of every state.
func check(t *rapid.T, s *apply.Subject) {
	open := 0
	for _, a := range s.Alerts {
		if a.Open() && a.Direction == caselog.Out {
			open++
		}
		items, sequences := map[string]bool{}, map[uint32]bool{}
		for _, i := range a.Items {
			if items[i.ID] {
				t.Fatalf("item %s is there twice", i.ID)
			}
			items[i.ID] = true
		}
		for _, m := range a.Messages {
			if m.Sequence > 0 && sequences[m.Sequence] {
				t.Fatalf("sequence %d is there twice", m.Sequence)
			}
			sequences[m.Sequence] = true
		}
	}
	if open > 1 {
		t.Fatalf("%d episodes are open", open)
	}
	for _, e := range apply.Due(s) {
		if e.Message != nil && e.Message.Settled() {
			t.Fatalf("%s is settled and due", e.Message.ID)
		}
	}
}
