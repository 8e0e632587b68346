package model

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// seen counts what the runs came by, so that a model in which nothing happens fails.
type seen struct {
	events   map[caselog.Type]int
	messages map[freeze.Type]int
	states   map[apply.State]int
	runs     int
}

func (s *seen) event(t caselog.Type, v apply.Verdict) { s.events[t]++; s.states[v.After]++ }

func (s *seen) message(m *apply.Message) { s.messages[m.Type]++ }

// report is one payment that somebody reported, to the account of everybody or to one
// of those that money moved on to.
func (w *world) report(n *node) {
	number := w.number(4)
	if n.id != "IN-FIU" && number != 2 { // all know of the second one
		number += map[string]int{"US-FIU": 10, "GB-FIU": 20}[n.id]
	}
	account, bic, country, uetr, currency := "GB52HWBA00000000000101", "HWBAGB2L", "GB", w.uetr(number), "GBP"
	if n.id == "IN-FIU" && w.count > 0 && w.chance(6) {
		hop := 1 + w.number(w.count-1)
		number, account, bic, country, uetr = 900+hop, muleOf(hop), "HWBDAEAD", "AE", w.uetr(900+hop)
	}
	text := w.pick("100.00", "200.00")
	amount, err := decimal.Parse([]byte(text))
	w.must(err)
	money := &hit.Money{Amount: amount, Currency: currency}
	rule := w.pick("two_person", "two_person", "auto", "one_person")
	revision := w.number(2)
	h := &hit.Hit{
		Rule: "rule-" + rule, Version: 1, Status: hit.Live, Title: "SIM swap", Case: "freeze", Severity: "high", Owner: "author", Approval: rule,
		Reporter: "HWBIINBB", ReportID: fmt.Sprint("TX-", number), Revision: uint32(revision), Kind: "bank.transfer", OccurredAt: w.now, RecordTime: w.now, //nolint:gosec // small
		Ask: []string{"hold_amount", "trace"}, PredicateOffence: "computer_fraud", Facts: "SIM change before the payment.", Changed: revision > 0,
		Alerts: []hit.Alert{{
			Subject: hit.Subject{UID: account, Scheme: "iban", Account: account, BIC: bic, Country: country},
			Payments: []hit.Payment{{
				Key: "K" + uetr, Amount: money, Credited: money, Refs: hit.References{UETR: uetr}, ExecutedAt: w.now, Rail: "swift", Authorisation: "unauthorised", ReportedAt: w.now,
				Debtor: hit.Subject{Account: "000000000042", Scheme: "bban", ClearingSystem: "INFSC", ClearingID: "HWBI0000001", Country: "IN"},
			}},
		}},
	}
	h.ID = hit.ID(h.Rule, h.Version, h.Reporter, h.ReportID, h.Revision, h.Hash)
	for _, x := range n.hits.Drafts(h) {
		n.write(x)
	}
}

// overturn lets a hit that stands fall.
func (w *world) overturn(n *node) {
	type standing struct {
		x *ref
		h *apply.Hit
	}
	var all []standing
	for _, x := range n.alerts(caselog.Out) {
		for _, h := range x.a.Hits {
			if !h.Gone {
				all = append(all, standing{x, h})
			}
		}
	}
	if len(all) == 0 {
		return
	}
	o := all[w.number(len(all)-1)]
	n.write(intake.Draft{
		ID: hit.Text32("overturned", o.h.HitID, fmt.Sprint(len(n.log))), Key: o.x.s.Key, Type: caselog.HitOverturned, Alerts: true,
		Data: &caselog.HitData{
			HitID: o.h.HitID, Evidence: o.h.Evidence, Overturns: o.h.HitID, Rule: o.h.Rule, Version: o.h.Version, Fold: apply.Version, Reporter: o.h.Reporter, ReportID: o.h.ReportID,
			Revision: o.h.Judged.Revision + 1, Hash: o.h.Judged.Hash, Record: freeze.At(time.UnixMilli(o.h.Record)), Status: string(hit.Live), Ask: []string{}, Payments: []caselog.PaymentMark{}, Personal: o.h.Personal,
		},
	})
}

// partner lets one who was asked say anything about one of our alerts.
func (w *world) partner(n *node) {
	var sent []*ref
	for _, x := range n.alerts(caselog.Out) {
		if x.a.Request() != nil && !strings.HasPrefix(x.a.Party, "BANK") {
			sent = append(sent, x)
		}
	}
	if len(sent) == 0 {
		return
	}
	a := sent[w.number(len(sent)-1)].a
	r := n.request(a.Request().Personal)
	o := w.head(a.Party, n.id, r, uint32(1+w.number(5))) //nolint:gosec // small
	o.Decision = "granted"
	for _, p := range r.Payments {
		o.Funds = append(o.Funds, freeze.Fund{ItemID: p.ItemID, Disposition: "held", Money: p.Disputed})
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	o.Measures = []freeze.Measure{{
		MeasureID: a.ID + "-M01", AskID: r.Asks[0].AskID, Kind: "bank_hold", State: "in_force", Amount: &freeze.Money{Amount: r.Totals[0].Disputed, Currency: r.Totals[0].Currency}, Account: r.Subject.Account,
		Authority: freeze.Authority{Name: "FIU", Kind: "fiu"}, LegalBasis: "law", InForceAt: freeze.At(w.time()), Convert: freeze.Convert{Need: "none"},
	}}
	w.lie(o)
	w.tell(a.Party, n, o)
}

// zombie lets an owner that has lost its partition make or write something of before.
func (w *world) zombie(n *node) {
	if len(n.zombies) == 0 {
		n.zombies = n.made()
		return
	}
	i := w.number(len(n.zombies) - 1)
	u := n.zombies[i]
	w.t.Logf("   a zombie of %s writes", n.id)
	n.writeAll(u.words)
	if w.chance(3) {
		u.words = nil // and the notes later
		return
	}
	n.writeAll(u.notes)
	if w.chance(2) {
		n.zombies = slices.Delete(n.zombies, i, i+1)
	}
}

// actors lists who may act, the busier ones more often; the first does nothing, so
// that what fails shrinks to those who matter.
func actors() []string {
	return []string{
		"", "report", "people", "people", "people", "people", "people", "people", "people", "people", "owner", "owner", "send", "send", "network", "network",
		"bank", "bank", "zombie", "zombie", "timer", "overturn", "crash", "liar", "all", "all", "all", "all",
	}
}

// step lets one of the world act.
func (w *world) step() {
	actor := w.pick(actors()...)
	n := w.nodes[w.number(len(w.nodes)-1)]
	switch actor {
	case "report":
		w.report(w.node(w.pick("IN-FIU", "US-FIU", "IN-FIU", "US-FIU", "GB-FIU")))
	case "people":
		w.people(n)
	case "owner":
		n.perform()
	case "all":
		for _, n := range w.nodes {
			n.perform()
		}
		w.sendAll()
		for range len(w.flights) {
			w.network()
		}
	case "send":
		if out := n.outgoing(); len(out) > 0 {
			n.send(out[w.number(len(out)-1)])
		}
	case "network":
		w.network()
	case "bank":
		w.banks[w.number(1)].act()
	case "zombie":
		w.zombie(n)
	case "timer":
		w.now += int64(w.number(60)) * int64(w.number(60)) * time.Minute.Milliseconds()
		n.ring()
	case "overturn":
		w.overturn(n)
	case "crash":
		w.crash(n)
	case "liar":
		if w.chance(3) {
			w.partner(n)
		}
	}
}

func asText(t *rapid.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// crash loses all but the log, of which the same state comes.
func (w *world) crash(n *node) {
	before := asText(w.t, n.subjects)
	n.restart()
	if after := asText(w.t, n.subjects); after != before {
		w.t.Fatalf("%s comes back with another state\n%s\n%s", n.id, before, after)
	}
}

// repeated holds that whoever writes twice changes nothing: all but what officers do is
// folded twice.
func (w *world) repeated(n *node) {
	var log []apply.Record
	for _, r := range n.log {
		log = append(log, r)
		if !ofOfficers(r) {
			log = append(log, r)
		}
	}
	once, twice := asText(w.t, n.subjects), asText(w.t, n.replay(log))
	if once != twice {
		w.t.Fatalf("%s: what is told twice comes to another state\n%s\n%s", n.id, once, twice)
	}
}

func ofOfficers(r apply.Record) bool {
	switch r.Type {
	case caselog.ApprovalGiven, caselog.ApprovalRefused, caselog.Confirmed, caselog.Withdrawn, caselog.Reviewed, caselog.Noted, caselog.Reopened, caselog.EmergencySent, caselog.TaskClosed:
		return true
	}
	return false
}

// idle holds, when nothing moves any more, that nothing is due that the log refuses.
func (w *world) idle(n *node) {
	for _, u := range n.made() {
		for _, x := range slices.Concat(u.words, u.notes) {
			if x.Type != caselog.Blocked {
				w.t.Fatalf("%s: %s is due of %s, and the log does not take it", n.id, x.Type, x.Key)
			}
		}
	}
}

// TestModel lets everybody act in any order.
func TestModel(t *testing.T) { check(t) }

func check(t *testing.T) {
	of, err := settings()
	if err != nil {
		t.Fatal(err)
	}
	s := &seen{events: map[caselog.Type]int{}, messages: map[freeze.Type]int{}, states: map[apply.State]int{}}
	steps := rapid.SliceOfN(rapid.SliceOfN(rapid.Uint32Range(0, 1<<20), 4, 12), 100, 200)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, of, s)
		w.report(w.node("IN-FIU"))
		for _, w.luck = range steps.Draw(rt, "steps") {
			w.step()
		}
		w.luck = nil
		w.rest()
		for _, n := range w.nodes {
			w.counted(n)
			w.heard(n)
			w.idle(n)
			w.repeated(n)
			w.crash(n)
		}
		s.runs++
	})
	t.Logf("%d runs: %v\n%v\n%v", s.runs, s.events, s.messages, s.states)
	for _, m := range []freeze.Type{freeze.TypeRequest, freeze.TypeAmendment, freeze.TypeConfirmation, freeze.TypeWithdrawal, freeze.TypeOutcome, freeze.TypeReceipt} {
		if s.runs >= 100 && s.messages[m] == 0 {
			t.Errorf("%d runs, and no %s was ever sent", s.runs, m)
		}
	}
	for _, e := range []caselog.Type{caselog.Instructed, caselog.Recorded, caselog.TrailFollowed, caselog.Overdue, caselog.HitOverturned} {
		if s.runs >= 100 && s.events[e] == 0 {
			t.Errorf("%d runs, and no %s ever came", s.runs, e)
		}
	}
}
