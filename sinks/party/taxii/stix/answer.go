package stix

import (
	"github.com/haltwire/haltwire/sinks/freeze"
)

// outcome says a responder's word about the money.
func (m *maker) outcome(t Told) {
	o, ok := t.Message.(*freeze.Outcome)
	if !ok {
		panic("stix: an outcome that is none")
	}
	m.measured(o)
	ids := m.moved(o)
	for _, h := range o.Trail {
		m.follows(ids, h.ItemID, h.ParentItems)
	}
	if d := o.Disclosed; d != nil {
		m.holders("disclosed", d.Holders)
	}
	about := []string{ReportID(m.e.Environment, m.e.AlertID, 0)}
	for _, said := range m.out {
		if t := said.Head().Type; t == "bank-account" || t == "x-haltwire-payment" {
			about = append(about, said.Head().ID)
		}
	}
	n := m.carrier(t, about, lines("\n",
		"Decision", o.Decision, "As of", o.AsOf.String(), "Refusal", refusal(o.Refusal), "Pending", pending(o.Pending), "Needs", needs(o.Needs)))
	n.Modified = o.AsOf
}

// measured says which accounts are under a measure.
func (m *maker) measured(o *freeze.Outcome) {
	status := map[freeze.Account]string{}
	var order []freeze.Account
	for _, measure := range o.Measures {
		if _, there := status[measure.Account]; !there {
			order = append(order, measure.Account)
		}
		status[measure.Account] = worse(status[measure.Account], measure)
	}
	for _, a := range order {
		m.account(a, place{status: status[a]})
	}
}

// worse returns the status of an account with one more measure: one that lasts
// counts before one that is over.
func worse(status string, measure freeze.Measure) string {
	if measure.State == "in_force" || measure.State == "extended" {
		return measure.Kind
	}
	return firstOf(status, measure.State)
}

// moved says what became of the payments, and where money went on to.
func (m *maker) moved(o *freeze.Outcome) map[string]string {
	all := map[string]*Payment{}
	var order []string
	at := func(item string) *Payment {
		if all[item] == nil {
			all[item] = &Payment{
				Common: Common{Type: "x-haltwire-payment", ID: m.id("x-haltwire-payment", item), Extensions: ours("new-sdo")},
				ItemID: item, AlertID: m.e.AlertID,
			}
			order = append(order, item)
		}
		return all[item]
	}
	for _, f := range o.Funds {
		p := at(f.ItemID)
		p.Funds = append(p.Funds, Movement{
			Disposition: f.Disposition, Money: f.Money, MovedAt: f.At, MovedVia: f.Via, NextItem: f.ToRef, Rate: f.FX,
		})
	}
	for _, r := range o.Returns {
		p := at(r.ItemID)
		p.Returns = append(p.Returns, r)
	}
	for i := range o.Trail {
		m.hop(at(o.Trail[i].ItemID), &o.Trail[i])
	}
	ids := map[string]string{}
	for _, item := range order {
		ids[item] = m.domain(all[item])
	}
	return ids
}

func (m *maker) hop(p *Payment, h *freeze.Hop) {
	refs, amount := h.Refs, h.Money
	p.ParentItems, p.Refs, p.ExecutedAt, p.HandledBy, p.OnwardUse = h.ParentItems, &refs, h.ExecutedAt, h.HandledBy, h.OnwardUse
	p.Amounts = &PaymentAmounts{Moved: &amount, Credited: h.Credited}
	p.CreditorAccountRef = m.account(h.To.Account, place{servicer: &h.To.Servicer, country: h.To.AccountCountry, holders: h.To.Holders})
}

func refusal(r *freeze.Refusal) string {
	if r == nil {
		return ""
	}
	return lines(" ", "", r.Code, "", r.Text, "Ground", r.LegalGround, "Cure", r.Cure)
}

func pending(p *freeze.Pending) string {
	if p == nil {
		return ""
	}
	return lines(" ", "", p.Why, "Until", p.Until.String())
}

func needs(all []freeze.Need) string {
	var pairs []string
	for _, n := range all {
		pairs = append(pairs, n.Field, n.Why)
	}
	return lines("; ", pairs...)
}

// note says a message that is about a request and no outcome.
func (m *maker) note(t Told) {
	m.carrier(t, []string{ReportID(m.e.Environment, m.e.AlertID, m.generation)}, content(t.Message))
}

// carrier takes up the note that carries a message.
func (m *maker) carrier(t Told, about []string, content string) *Note {
	n := &Note{
		Common: Common{
			Type: "note", ID: ID(t.Message, m.generation), Labels: []string{string(m.e.Type)},
			ExternalReferences: references(m.e.Sender.PartyID, m.e.SenderRef, m.e.Recipient.PartyID, m.e.RecipientRef),
			Extensions:         ours("property-extension", t),
		},
		Abstract: string(m.e.Type), Content: content, ObjectRefs: about,
	}
	m.domain(n)
	return n
}

// content returns what a message says, for readers.
func content(message freeze.Message) string {
	switch t := message.(type) {
	case *freeze.StatusRequest:
		return "Where does " + t.About + " stand?"
	case *freeze.ExtensionRequest:
		return lines("\n", "Extend", t.MeasureID, "Until", t.Until.String(), "Justification", t.Justification)
	case *freeze.LiftRequest:
		return lines("\n", "Lift", t.MeasureID, "Reason", t.Reason)
	case *freeze.ConsentRequest:
		return lines("\n", "Purpose", t.Purpose, "Until", t.Deadline.String())
	case *freeze.ConsentResponse:
		return lines("\n", "Granted", t.Granted, "Purpose", t.Purpose, "Conditions", t.Conditions)
	case *freeze.InfoResponse:
		var pairs []string
		for _, a := range t.Answers {
			pairs = append(pairs, a.Field, a.Value)
		}
		return lines("\n", pairs...)
	case *freeze.Feedback:
		if t.Useful {
			return "The answer was useful."
		}
		return "The answer was not useful."
	}
	return string(message.Head().Type)
}
