package apply_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// folding folds events of one key.
type folding struct {
	t       *rapid.T
	machine apply.Machine
	key     caselog.Key
	s       *apply.Subject
	n       int64
}

func newFolding(t *rapid.T, key caselog.Key) *folding {
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &folding{t: t, machine: apply.Machine{Root: root}, key: key}
}

const begin = 1772424000000 // 2026-03-02T04:00:00Z

func (f *folding) now() int64 { return begin + f.n*60_000 }

// fold folds an event a minute after the last one.
func (f *folding) fold(kind caselog.Type, data any) apply.Verdict {
	f.n++
	text, err := json.Marshal(data)
	if err != nil {
		f.t.Fatal(err)
	}
	var v apply.Verdict
	r := apply.Record{Event: caselog.Event{ID: fmt.Sprint(f.n), Type: kind, Key: f.key, Data: text}, Offset: f.n, Appended: f.now()}
	f.s, v, _ = f.machine.Apply(f.s, r)
	return v
}

func (f *folding) must(kind caselog.Type, data any) {
	if v := f.fold(kind, data); !v.Applied {
		f.t.Fatalf("%s: %+v", kind, v)
	}
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

type dict = map[string]any

func pounds(pence int) freeze.Money {
	return freeze.Money{Amount: freeze.Dec(fmt.Sprintf("%d.%02d", pence/100, pence%100)), Currency: "GBP"}
}

func pence(m freeze.Money) int {
	var whole, part int
	_, _ = fmt.Sscanf(string(m.Amount), "%d.%d", &whole, &part)
	return whole*100 + part
}

// mark is what every word of a partner carries.
func (f *folding) mark(alert, id string, sequence int, kind freeze.Type) dict {
	return dict{
		"alert_id": alert, "message_id": id, "sequence": sequence, "type": kind, "party": "X", "channel": "webhook", "environment": "test",
		"digest": dict{"alg": "sha-256", "value": id}, "received_at": stamp(f.now()), "personal": "x",
	}
}

func with(d dict, more dict) dict {
	for k, v := range more {
		d[k] = v
	}
	return d
}

const inbound = "AAAAAAAAAAAAAAAAAAAAAAAAAA"

// TestPartOfAHoldIsExact lifts any part of what is held of any payments: what the bank
// is told sums to what is left, no payment is needed above what is held of it, and
// nobody's half penny is lost.
func TestPartOfAHoldIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFolding(rt, "in/IN-FIU/S")
		var payments, funds []dict
		total := 0
		for i := range rapid.IntRange(1, 6).Draw(rt, "payments") {
			asked := rapid.IntRange(1, 100_000).Draw(rt, "asked")
			held := rapid.IntRange(0, asked).Draw(rt, "held")
			if i == 0 {
				asked, held = asked+2, held+2 // at least two pence can be shared
			}
			item := fmt.Sprintf("%s-P%02d", inbound, i+1)
			payments = append(payments, dict{"amount": pounds(asked), "item": item, "refs": []string{item}})
			funds = append(funds, dict{"item_id": item, "disposition": "held", "money": pounds(held)}, dict{"item_id": item, "disposition": "spent", "money": pounds(asked - held)})
			total += held
		}
		f.must(caselog.Received, with(f.mark(inbound, inbound+"-Q001", 1, freeze.TypeRequest), dict{"payments": payments, "asks": []dict{{"ask_id": "K1", "kind": "hold_amount"}}, "urgency": "high"}))
		f.must(caselog.Reviewed, dict{"alert_id": inbound, "by": "O1"})
		for _, by := range []string{"O1", "O2"} {
			f.must(caselog.ApprovalGiven, dict{"alert_id": inbound, "by": by, "act": "authorise"})
		}
		f.must(caselog.Instructed, dict{"alert_id": inbound, "child_key": "out/BANK/S", "bank": "BANK"})
		f.must(caselog.Recorded, dict{
			"alert_id": inbound, "child_alert": "B", "child_key": "out/BANK/S", "message_id": "B-A001", "as_of": stamp(f.now()), "decision": "partly", "funds": funds, "balanced": true,
			"measures": []dict{{"measure_id": "B-M01", "kind": "bank_hold", "state": "in_force", "amount": pounds(total), "in_force_at": stamp(f.now())}},
		})
		part := rapid.IntRange(1, total-1).Draw(rt, "part")
		f.must(caselog.Received, with(f.mark(inbound, inbound+"-Q002", 2, freeze.TypeLiftRequest), dict{"lift": dict{"measure_id": inbound + "-M01", "amount": pounds(part), "reason": "returned"}}))
		for _, by := range []string{"O1", "O2"} {
			f.must(caselog.ApprovalGiven, dict{"alert_id": inbound, "by": by, "role": "officer", "act": "lift", "about": inbound + "-Q002", "fold": 4})
		}
		a := f.s.Alerts[0]
		sum := 0
		for i, item := range a.Items {
			left, needed := a.Terms.Needed(item.ID, item.Amount)
			if held := pence(funds[2*i]["money"].(freeze.Money)); pence(left) > held || needed != (pence(left) > 0) { //nolint:forcetypeassert // made above
				rt.Fatalf("of %s %s is needed and %d pence are held", item.ID, left.Amount, held)
			}
			sum += pence(left)
		}
		if sum != total-part {
			rt.Fatalf("held %d, lifted %d, left %d", total, part, sum)
		}
		if !slices.ContainsFunc(apply.Due(f.s), func(e apply.Effect) bool { return e.Kind == apply.Instruct }) {
			rt.Fatal("the bank is not told")
		}
	})
}

// TestNobodyLowersWhatAnotherNeeds lets partners need any amounts of the same payments
// in any order: the instruction asks for the greatest of each, and for no more.
func TestNobodyLowersWhatAnotherNeeds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFolding(rt, "out/BANK/S")
		needs := map[string]map[string]int{}
		for range rapid.IntRange(1, 12).Draw(rt, "events") {
			parent := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "parent")
			needs[parent] = map[string]int{}
			payments := []dict{}
			for _, ref := range []string{"r1", "r2"} {
				if n := rapid.IntRange(0, 5).Draw(rt, ref); n > 0 {
					needs[parent][ref] = n * 100
					payments = append(payments, dict{"amount": pounds(n * 100), "refs": []string{ref}, "parents": []string{parent + "-" + ref}, "told": "1"})
				}
			}
			f.fold(caselog.Amended, dict{"parent_alert": parent, "parent_key": "in/X/S", "ask": []string{"hold_amount"}, "payments": payments, "lift": len(payments) == 0})
			if last := f.s.Alerts; len(last) == 0 || !last[len(last)-1].Open() {
				needs = map[string]map[string]int{} // nobody needs anything
				continue
			}
			a := f.s.Alerts[len(f.s.Alerts)-1]
			for _, ref := range []string{"r1", "r2"} {
				most := max(needs["A"][ref], needs["B"][ref], needs["C"][ref])
				got := 0
				for _, i := range a.Items {
					if slices.Contains(i.Refs, ref) {
						got = pence(i.Amount)
					}
				}
				if got != most {
					rt.Fatalf("%s: the bank is asked for %d, needed are %v", ref, got, needs)
				}
			}
		}
	})
}

// TestNoMeasureIsUntracked throws any words, timers and acts at measures: one that was
// ever named is known for ever, one that may stand is under an alert that is open or
// that people are called to, and what was refused changed nothing.
func TestNoMeasureIsUntracked(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFolding(rt, "out/GB-FIU/S")
		f.must(caselog.Hit, dict{
			"hit_id": "H1", "evidence": "E1", "rule": "r", "reporter": "R", "report_id": "1", "severity": "high", "ask": []string{"hold_amount"}, "approval": "auto", "occurred_at": stamp(begin), "record_time": stamp(begin),
			"payments": []dict{{"key": "P1", "amount": pounds(10000), "refs": []string{"u"}, "told": "1"}}, "personal": "p",
		})
		id := f.s.Alerts[0].ID
		f.must(caselog.MessageQueued, dict{"alert_id": id, "message_id": id + "-Q001", "sequence": 1, "type": "request", "party": "GB-FIU", "fold": 1, "content": f.s.Alerts[0].Content(), "approval": dict{"mode": "none"}})
		named := map[string]bool{}
		for n := range rapid.IntRange(1, 30).Draw(rt, "events") {
			kind, data := f.throw(rt, id, n, named)
			before := state(rt, f.s)
			if v := f.fold(kind, data); !v.Applied && state(rt, f.s) != before {
				rt.Fatalf("%s was not applied (%+v) and changed the alert", kind, v)
			}
			f.tracked(rt, named)
		}
	})
}

// throw draws an event about measures.
func (f *folding) throw(t *rapid.T, id string, n int, named map[string]bool) (caselog.Type, dict) {
	a := f.s.Alerts[0]
	measure := rapid.SampledFrom([]string{"M1", "M2", "M3"}).Draw(t, "measure")
	switch rapid.SampledFrom([]string{"outcome", "outcome", "overdue", "act", "act", "queued", "withdrawn", "receipt"}).Draw(t, "kind") {
	case "outcome":
		measures := []dict{}
		for _, m := range []string{"M1", "M2"} {
			if rapid.Bool().Draw(t, m) {
				measures = append(measures, f.says(t, m))
				named[m] = true
			}
		}
		return caselog.Outcome, with(f.mark(id, fmt.Sprintf("%s-A%03d", id, n+1), n+1, freeze.TypeOutcome), dict{
			"outcome_of": id + "-Q001", "as_of": stamp(f.now()), "decision": "granted", "final": rapid.Bool().Draw(t, "final"), "balanced": true, "measures": measures,
			"in_reply_to": fmt.Sprintf("%s-Q%03d", id, rapid.IntRange(1, 4).Draw(t, "reply")),
		})
	case "overdue":
		timers := apply.Timers(f.s, apply.Plain{})
		if len(timers) == 0 {
			return caselog.Overdue, dict{"alert_id": id, "timer": "T7/1", "about": measure, "due": stamp(begin), "end": stamp(begin)}
		}
		x := rapid.SampledFrom(timers).Draw(t, "timer")
		f.n = max(f.n, (x.Due-begin)/60_000+1)
		return caselog.Overdue, dict{"alert_id": id, "timer": x.Name, "about": x.About, "due": stamp(x.Due), "end": stamp(x.End)}
	case "queued":
		for _, e := range apply.Due(f.s) {
			if e.Type() != "" && e.Message == nil && e.About != "" {
				sequence := a.NextSequence()
				return caselog.MessageQueued, dict{"alert_id": id, "message_id": freeze.RequesterID(id, sequence), "sequence": sequence, "type": e.Type(), "about": e.About, "fold": 1}
			}
		}
	case "withdrawn":
		return caselog.Withdrawn, dict{"alert_id": id, "by": rapid.SampledFrom([]string{"O1", "O2"}).Draw(t, "by")}
	case "receipt":
		if m := a.Messages[len(a.Messages)-1]; m.Type != freeze.TypeReceipt {
			return caselog.Receipt, with(f.mark(id, m.ID+"-R1", 0, freeze.TypeReceipt), dict{"receipt_of": m.ID, "of": dict{"alg": "sha-256", "value": m.Digest}, "level": "received", "at": stamp(f.now())})
		}
	}
	return caselog.ApprovalGiven, dict{
		"alert_id": id, "by": rapid.SampledFrom([]string{"O1", "O2", "O3"}).Draw(t, "by"), "role": "officer", "fold": 4, "about": measure, "personal": "p", "text_mark": "t",
		"act": rapid.SampledFrom([]string{"extend", "lift", "chase", "measure"}).Draw(t, "act"), "code": rapid.SampledFrom([]string{"", "court"}).Draw(t, "code"),
		"until": stamp(begin + int64(rapid.IntRange(1, 100).Draw(t, "until"))*86_400_000), "measure": f.says(t, measure),
	}
}

// says draws what a word says of a measure.
func (f *folding) says(t *rapid.T, id string) dict {
	d := dict{
		"measure_id": id, "ask_id": "K1", "kind": "bank_hold", "in_force_at": stamp(begin), "extendable": true, "amount": pounds(rapid.IntRange(1, 3).Draw(t, "amount") * 1000),
		"state": rapid.SampledFrom([]string{"in_force", "in_force", "extended", "converted", "lifted", "lapsed", "ended"}).Draw(t, "state"),
	}
	if days := rapid.IntRange(0, 4).Draw(t, "days"); days > 0 {
		d["expires_at"] = stamp(f.now() + int64(days)*86_400_000)
	}
	return d
}

// tracked holds what is true of measures in every state.
func (f *folding) tracked(t *rapid.T, named map[string]bool) {
	a := f.s.Alerts[0]
	frozen := map[string]freeze.Dec{}
	for _, m := range a.Measures {
		delete(named, m.MeasureID)
		if m.Standing() && m.Amount != nil {
			frozen["GBP"] = frozen["GBP"].Add(m.Amount.Amount)
		}
		if m.Standing() && a.State == apply.Closed && len(a.OpenTasks()) == 0 {
			t.Fatalf("measure %s is %s, the alert is closed and nobody is called", m.MeasureID, m.Stand)
		}
		if m.After != "" && (a.Measure(m.After) == nil || !slices.Contains(a.Measure(m.After).Before, m.MeasureID)) {
			t.Fatalf("measure %s became %s, which does not know", m.MeasureID, m.After)
		}
	}
	for id := range named {
		t.Fatalf("measure %s was named and is not known", id)
	}
	for _, sum := range a.Frozen() {
		if sum.Amount.Cmp(frozen[sum.Currency]) != 0 {
			t.Fatalf("frozen are %s, measures sum to %s", sum.Amount, frozen[sum.Currency])
		}
	}
	clear(named)
	for _, m := range a.Measures {
		named[m.MeasureID] = true
	}
}
