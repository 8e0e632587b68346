package model

import (
	"context"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// instructed holds that an instruction is ordered by people who ordered a measure for
// the alerts that it serves, and that it asks for what those need and no more.
func (w *world) instructed(n *node, s *apply.Subject, a *apply.Alert, m *apply.Message, r *freeze.Request) {
	signed := n.known.signed[a.ID]
	for _, by := range m.By {
		ordered := slices.ContainsFunc(a.Parents, func(p *apply.Parent) bool { return slices.Contains(n.known.ordered[p.Alert], by) })
		if !ordered && !slices.Contains(signed[by], m.Signed) {
			w.t.Fatalf("%s: %s is in the name of %s, who ordered nothing and signed %v", n.id, m.ID, by, signed[by])
		}
	}
	if a.Reported() { // reports of ours ask too: people approve what they say
		sure := slices.DeleteFunc(slices.Clone(m.By), func(by string) bool { return !slices.Contains(signed[by], m.Signed) })
		need := a.People()
		if m.Type == freeze.TypeAmendment && !grows(a, m) {
			need = 1
		}
		if len(sure) < need && m.Mode != "emergency" {
			w.t.Fatalf("%s: %s says what reports of ours tell, and took %d people: %v", n.id, m.ID, need, sure)
		}
	}
	needed := map[string]bool{}
	for _, p := range a.Parents {
		for _, id := range p.Needs {
			needed[id] = true
		}
	}
	for _, p := range r.Payments {
		if !needed[p.ItemID] && !slices.ContainsFunc(a.Items, func(i *apply.Item) bool { return i.ID == p.ItemID && len(i.Reports)+len(i.Usable()) > 0 }) {
			w.t.Fatalf("%s: %s asks %s for %s, which nobody needs", n.id, m.ID, s.Key.Party(), p.ItemID)
		}
		delete(needed, p.ItemID)
	}
	if len(needed) > 0 {
		w.t.Fatalf("%s: %s leaves out what is needed: %v\n%s\n%s", n.id, m.ID, sortedKeys(needed), asText(w.t, a.Items), asText(w.t, a.Parents))
	}
}

// holding reports whether a bank is to hold for an inbound alert, as the alert itself
// knows.
func holding(a *apply.Alert) bool {
	return a.Child != nil && !a.Lifting && slices.Contains([]apply.State{apply.Instructed, apply.BankAnswered, apply.Answered}, a.State)
}

// over reports whether nobody needs anything for an inbound alert any more.
func over(a *apply.Alert) bool {
	return a.Child != nil && (a.Lifting || a.State == apply.Closed && (a.Ending == "withdrawn" || a.Ending == "lifted"))
}

// counted holds, when nothing is due, that a bank holds for every alert what it needs,
// and nothing for those that need nothing: the instruction is the sum of the distinct
// payments.
func (w *world) counted(n *node) {
	for _, x := range n.alerts(caselog.In) {
		if x.a.Child == nil {
			continue
		}
		child, p := serving(n.subjects[x.a.Child.Key], x.a.ID)
		if p == nil {
			w.t.Fatalf("%s: alert %s is %s, and no instruction serves it", n.id, x.a.ID, x.a.State)
		}
		switch {
		case over(x.a) && child.Open() && len(p.Needs) > 0:
			w.t.Fatalf("%s: alert %s needs nothing (%s %s), and the instruction %s holds %v for it", n.id, x.a.ID, x.a.State, x.a.Ending, child.ID, p.Needs)
		case holding(x.a) && (child.Open() || child.Ending == "withdrawn"):
			w.held(n, x.a, child, p)
		}
	}
	for _, x := range n.alerts(caselog.Out) {
		if len(x.a.Parents) > 0 && x.a.Open() && len(x.a.Hits) == 0 {
			w.summed(n, x.a)
		}
	}
}

// held holds that the instruction covers what an alert needs.
func (w *world) held(n *node, a, child *apply.Alert, p *apply.Parent) {
	for _, i := range a.Items {
		want, needed := a.Terms.Needed(i.ID, i.Amount)
		if !needed {
			continue
		}
		got := slices.IndexFunc(child.Items, func(o *apply.Item) bool { return slices.Contains(o.Parents, i.ID) })
		if got < 0 || !slices.Contains(p.Needs, child.Items[got].ID) {
			w.t.Fatalf("%s: alert %s is %s and needs %s, and the instruction %s (%s) holds nothing for it", n.id, a.ID, a.State, i.ID, child.ID, child.State)
		}
		if child.Items[got].Amount.Amount.Cmp(want.Amount) < 0 {
			w.t.Fatalf("%s: alert %s needs %s of %s, and the instruction holds %s", n.id, a.ID, want.Amount, i.ID, child.Items[got].Amount.Amount)
		}
	}
}

// summed holds that an instruction is as large as the largest need of each payment,
// that it does to the account what somebody still wants done, and that the bank knows.
func (w *world) summed(n *node, child *apply.Alert) {
	sum := freeze.Dec("0")
	wants := map[string]bool{}
	for _, i := range child.Items {
		most := freeze.Dec("0")
		for _, p := range child.Parents {
			if !slices.Contains(p.Needs, i.ID) {
				continue
			}
			asked, in := p.Asks, n.inbound(p) // of what is decided anew the last word counts
			if in != nil && holding(in) {
				asked = in.Asks
				if in.Granted != "" {
					asked = []string{in.Granted} // people may order another measure than was asked for
				}
			}
			for _, ask := range asked {
				wants[ask] = true
			}
			if need := p.Amounts[i.ID].Amount; need.Cmp(most) > 0 {
				most = need
			}
		}
		sum = sum.Add(most)
		if len(i.Usable()) == 0 && i.Amount.Amount.Cmp(most) != 0 {
			w.t.Fatalf("%s: the instruction %s holds %s of %s, and %s is needed", n.id, child.ID, i.Amount.Amount, i.ID, most)
		}
	}
	settled := child.State != apply.Proposed && child.State != apply.AwaitingConsent && child.Blocked == "" && !slices.ContainsFunc(child.Items, func(i *apply.Item) bool { return len(i.Facts) > 0 })
	if !settled {
		return
	}
	for _, ask := range child.Asks {
		if !wants[ask] {
			w.t.Fatalf("%s: the instruction %s asks for %s, which nobody wants any more", n.id, child.ID, ask)
		}
	}
	o := w.bank(child.Party).orders[child.ID]
	if o == nil {
		w.t.Fatalf("%s: the bank does not know of %s (%s)", n.id, child.ID, child.State)
	}
	if got := freeze.TotalsOf(o.request.Payments)[0].Disputed; o.latest.Head().Type != freeze.TypeWithdrawal && got.Cmp(sum) != 0 {
		w.t.Fatalf("%s: the bank is to hold %s, and %s is needed", n.id, got, sum)
	}
}

func (n *node) inbound(p *apply.Parent) *apply.Alert {
	s := n.subjects[p.Key]
	if s == nil {
		return nil
	}
	return s.Alert(p.Alert)
}

// serving returns the instruction that serves an alert, and what it knows of it: the
// latest that does, but an earlier one that people have reopened where that has ended.
func serving(s *apply.Subject, alert string) (child *apply.Alert, of *apply.Parent) {
	for _, a := range s.Alerts {
		for _, p := range a.Parents {
			if p.Alert == alert && (child == nil || a.Open() || !child.Open()) {
				child, of = a, p
			}
		}
	}
	return child, of
}

// heard holds, when nothing is under way and nobody has lied, that whoever asked knows
// what he was told last, and that what he takes for frozen is what is held.
func (w *world) heard(n *node) {
	for _, x := range n.alerts(caselog.In) {
		m, asker := x.a.LastOutcome(), w.node(x.a.Party)
		if w.lied || m == nil || m.GaveUp {
			continue
		}
		var body caselog.BodyPersonal
		w.must(n.open(context.Background(), m.Personal, &body))
		said, err := freeze.Parse([]byte(body.Body))
		w.must(err)
		o, _ := said.(*freeze.Outcome)
		key, _ := asker.keyOf(n.id, m.ID)
		a := asker.subjects[key].Alert(x.a.ID)
		if a.Outcome == nil || a.Outcome.AsOf.Before(o.AsOf.Time) {
			w.t.Fatalf("%s told %s, and %s has not heard it", n.id, m.ID, asker.id)
		}
		w.frozenMoney(asker, a)
	}
}

// frozenMoney holds that the measures of a bank are as large as what it holds.
func (w *world) frozenMoney(n *node, a *apply.Alert) {
	others := slices.ContainsFunc(a.Measures, func(m *apply.Measure) bool { return m.AuthorityKind != "bank" || m.Recorded || !m.Standing() })
	if others || len(a.Outcome.Amounts) == 0 {
		return
	}
	held, frozen := a.Outcome.Amounts[0].Held, freeze.Dec("0")
	if f := a.Frozen(); len(f) > 0 {
		frozen = f[0].Amount
	}
	if held.Cmp(frozen) != 0 {
		w.t.Fatalf("%s: of %s %s is held and %s frozen\n%s\n%s", n.id, a.ID, held, frozen, asText(w.t, a.Outcome), asText(w.t, a.Measures))
	}
}
