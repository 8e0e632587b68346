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

// childEvent draws an event at an account that reports of ours and partners' hops
// lead to: two parents, three payments.
func childEvent(t *rapid.T, n int, s *apply.Subject, key caselog.Key) apply.Record {
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	kind := rapid.SampledFrom([]caselog.Type{
		caselog.TrailFollowed, caselog.TrailFollowed, caselog.ConsentGiven, caselog.ConsentRefused, caselog.Hit, caselog.Hit, caselog.HitOverturned,
		caselog.ApprovalGiven, caselog.ApprovalGiven, caselog.ApprovalRefused, caselog.MessageQueued, caselog.Withdrawn, caselog.Amended,
	}).Draw(t, "type")
	payment := pick("payment", "R1", "R2", "R3")
	amount := map[string]string{"amount": pick("amount", "1.00", "2.00"), "currency": "AED"}
	hit := pick("hit", "E1", "E2")
	data := map[string]any{
		"by": pick("by", "O1", "O2", "O3"), "role": "head", "act": "request", "fold": 4, "personal": "sealed", "type": "request", "sequence": 1, "episode": 1,
		"digest":   map[string]string{"alg": "sha-256", "value": "d"},
		"approval": map[string]any{"mode": "two", "content_digest": "cd", "by": []string{"O1", "O2"}},
	}
	switch kind {
	case caselog.TrailFollowed:
		data = map[string]any{
			"parent_alert": pick("parent", "PA", "PB"), "parent_key": "out/GB-FIU/S", "consent": pick("consent", "needed", "needed", "granted"), "content": fmt.Sprint(n), "personal": "sealed",
			"party": "GB-FIU", "number": 1, "ask": []string{"hold_amount"}, "severity": "high", "urgency": "high",
			"hop": map[string]any{"item_id": "N-" + payment, "parent_items": []string{"PA-P01"}, "money": amount, "account_country": "AE", "refs": []string{payment}},
		}
	case caselog.ConsentGiven, caselog.ConsentRefused:
		data = map[string]any{"parent_alert": pick("parent", "PA", "PB"), "parent_key": "out/GB-FIU/S", "item_id": "N-" + payment, "message": fmt.Sprint("M", n), "personal": "sealed"}
	case caselog.Hit, caselog.HitOverturned:
		data = map[string]any{
			"hit_id": hit, "evidence": hit, "rule": "r", "severity": "high", "ask": []string{"hold_amount"}, "approval": "two_person", "fold": 4, "revision": n, "personal": "sealed",
			"payments": []map[string]any{{"key": "K" + payment, "amount": amount, "refs": []string{payment}, "told": fmt.Sprint(n)}},
		}
		if kind == caselog.HitOverturned {
			data["superseded"] = map[string]any{"revision": n, "hash": ""}
		}
	case caselog.Amended:
		data = map[string]any{"parent_alert": "US", "parent_key": "in/US/S", "ask": []string{"hold_amount"}, "urgency": "high", "by": []string{"O1", "O2"}, "payments": []any{}, "lift": true, "personal": "sealed"}
		if rapid.Bool().Draw(t, "needs") {
			data["payments"] = []map[string]any{{"amount": amount, "refs": []string{"US"}, "parents": []string{"US-P01"}, "told": "1"}}
		}
	}
	if s != nil && len(s.Alerts) > 0 && data["parent_alert"] == nil && kind != caselog.Hit && kind != caselog.HitOverturned {
		a := s.Alerts[len(s.Alerts)-1]
		data["alert_id"], data["message_id"], data["content"] = a.ID, a.ID+"-Q001", a.Content()
	}
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return apply.Record{Event: caselog.Event{ID: fmt.Sprint(n), Type: kind, Key: key, Data: text}, Offset: int64(n), Appended: 1772424000000 + int64(n)*1000}
}

// TestWhatPartnersToldIsHeld holds, whatever comes: as long as nothing has gone out,
// an item of an alert is told by a report of ours that stands, by a fact that its
// partner lets us use, or by a request that the alert serves; and an alert that waits
// for consent has nothing to say.
func TestWhatPartnersToldIsHeld(t *testing.T) {
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	m := apply.Machine{Root: root}
	rapid.Check(t, func(rt *rapid.T) {
		key := caselog.Key(rapid.SampledFrom([]string{"out/AE-FIU/S", "out/BANK-A/S"}).Draw(rt, "key"))
		var a, b *apply.Subject
		for n := range rapid.IntRange(1, 40).Draw(rt, "events") {
			r := childEvent(rt, n, a, key)
			before := "null"
			if a != nil {
				before = state(rt, a)
			}
			var va, vb apply.Verdict
			a, va, _ = m.Apply(a, r)
			r.Data = bytes.ReplaceAll(r.Data, []byte("sealed"), []byte("another"))
			b, vb, _ = m.Apply(b, r)
			if va != vb {
				rt.Fatalf("%s came to %+v and %+v", r.Type, va, vb)
			}
			if !va.Applied && before != "null" && state(rt, a) != before {
				rt.Fatalf("%s was not applied (%+v) and changed\n%s\n%s", r.Type, va, before, state(rt, a))
			}
			check(rt, a)
			held(rt, a, r.Type)
		}
	})
}

func held(t *rapid.T, s *apply.Subject, after caselog.Type) {
	for _, a := range s.Alerts {
		if a.State == apply.AwaitingConsent && (len(a.Items) > 0 || a.Standing() > 0 || a.Request() != nil) {
			t.Fatalf("after %s an alert waits that has something to say: %s", after, asJSONOf(a))
		}
		if !a.Open() || a.Request() != nil {
			continue
		}
		for _, i := range a.Items {
			if len(i.Facts) > 0 && len(i.Usable()) == 0 && !toldByUs(a, i) && !needs(a, i) {
				t.Fatalf("after %s item %s may not be used: %s", after, i.ID, asJSONOf(a))
			}
		}
	}
	for _, e := range apply.Due(s) {
		if e.Type() != "" && e.Alert.State == apply.AwaitingConsent {
			t.Fatalf("after %s %s is due of an alert that waits", after, e.Kind)
		}
	}
}

func toldByUs(a *apply.Alert, i *apply.Item) bool {
	return slices.ContainsFunc(a.Hits, func(h *apply.Hit) bool { return !h.Gone && slices.Contains(i.Reports, h.Evidence) })
}

func needs(a *apply.Alert, i *apply.Item) bool {
	return slices.ContainsFunc(a.Parents, func(p *apply.Parent) bool { return slices.Contains(p.Needs, i.ID) })
}

func asJSONOf(v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}
