package draft

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// recallDrafts makes the events of the recalls of payments. It reports whether the
// effect is one of them.
func (d *Maker) recallDrafts(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) (out []Draft, mine bool, err error) {
	switch e.Kind {
	case apply.Order:
		out, err = d.orders(ctx, s, e.Alert)
	case apply.Tell:
		out = tell(s, e)
	case apply.Dun:
		out, err = d.dun(s, e, party)
	default:
		return nil, false, nil
	}
	return out, true, err
}

// order is what one bank is to recall of an alert.
type order struct {
	bank     *policy.Party
	auto     bool // it recalls without an officer's word
	key      caselog.Key
	items    []*apply.Item
	payments []freeze.Payment
}

// orders tells the alerts of the instructions what our own banks are to recall, and
// notes here that they know. A payment that no bank of ours can recall has the reason
// noted instead.
func (d *Maker) orders(ctx context.Context, s *apply.Subject, a *apply.Alert) ([]Draft, error) {
	f, err := d.Facts(ctx, a)
	if err != nil {
		return nil, err
	}
	items, mark := a.Recalls()
	told := &caselog.RecallInstructedData{AlertID: a.ID, Mark: mark, Orders: []caselog.RecallOrder{}}
	by := map[string]*order{}
	for _, l := range a.Legs { // a bank that nothing is left to ask of hears that too
		if bank := d.Book.Party(l.Bank); bank != nil && l.State == "none" {
			by[bank.ID] = d.orderTo(bank, f.Subject)
		}
	}
	for _, i := range items {
		n := slices.IndexFunc(f.Payments, func(p freeze.Payment) bool { return p.ItemID == i.ID })
		if n < 0 {
			continue
		}
		o, why := d.orderOf(s.Key, f.Subject, f.Payments[n])
		if why != "" {
			told.Orders = append(told.Orders, caselog.RecallOrder{Items: []string{i.ID}, Why: why})
			continue
		}
		if by[o.bank.ID] == nil {
			by[o.bank.ID] = o
		}
		o = by[o.bank.ID]
		o.items, o.payments = append(o.items, i), append(o.payments, f.Payments[n])
	}
	var out []Draft
	for _, p := range d.Book.Parties() {
		if o := by[p.ID]; o != nil {
			out = append(out, o.draft(s.Key, a, f.Subject, mark))
			if len(o.items) > 0 {
				told.Orders = append(told.Orders, caselog.RecallOrder{Items: ids(o.items), Bank: p.ID, Key: o.key})
			}
		}
	}
	return append(out, Draft{
		ID: hit.Text32("recall.instructed", a.ID, mark), Key: s.Key, Type: caselog.RecallInstructed, Trace: a.Trace, Alerts: true, Note: true, Data: told,
	}), nil
}

func ids(items []*apply.Item) []string {
	var out []string
	for _, i := range items {
		out = append(out, i.ID)
	}
	return out
}

// orderOf returns the bank that is to recall a payment, or why there is none.
func (d *Maker) orderOf(from caselog.Key, subject freeze.Subject, p freeze.Payment) (*order, string) {
	servicer := p.Debtor.Servicer
	bank := d.Book.Bank(servicer.BIC, servicer.ClearingSystem, servicer.ClearingID)
	switch {
	case bank == nil:
		return nil, "payments.debtor.servicer: no bank of ours keeps the account that the money came from"
	case !bank.Allows("recall"):
		return nil, "asks: the agreement with " + bank.ID + " does not cover a recall"
	case p.Settled == nil:
		return nil, "payments.settled: no report tells the amount that was settled, which a recall needs"
	case p.SettledOn == "":
		return nil, "payments.settled_on: no report tells the day of the settlement, which a recall needs"
	}
	o := d.orderTo(bank, subject)
	if o.key == from {
		return nil, "asks: both accounts are kept by " + bank.ID + ", which the request asks itself"
	}
	return o, ""
}

func (d *Maker) orderTo(bank *policy.Party, subject freeze.Subject) *order {
	asks := []string{"recall"}
	return &order{
		bank: bank, auto: bank.Auto(asks) || d.Book.Needs(bank.ID, asks) == 0, key: d.Root.Key(caselog.Out, bank.ID, intake.SubjectOf(subject)),
	}
}

// draft is what the alert of the instruction hears.
func (o *order) draft(from caselog.Key, a *apply.Alert, subject freeze.Subject, mark string) Draft {
	data := &caselog.AmendedData{
		Parent: a.ID, ParentKey: from, CaseID: a.CaseID, Ask: []string{"recall"}, Urgency: a.Urgency, By: list(nil), Offence: a.Offence,
		Payments: []caselog.PaymentMark{}, Recall: true, Auto: o.auto, StateAt: stateAt(a), Fold: apply.Version,
	}
	if a.Recall != nil {
		data.By, data.Resend, data.Reason = list(a.Recall.By), a.Recall.Resend, a.Recall.Reason
	}
	personal := caselog.HitPersonal{UID: intake.SubjectOf(subject), Subject: subject}
	for n, i := range o.items {
		amount := i.Amount
		data.Payments = append(data.Payments, caselog.PaymentMark{
			Key: i.Key, Amount: &amount, Refs: i.Refs, Told: i.Told, Item: i.ID, Parents: []string{i.ID},
		})
		personal.Payments = append(personal.Payments, intake.DetailOf(o.payments[n]))
	}
	return Draft{
		ID: hit.Text32("recall.amended", a.ID, o.bank.ID, mark), Key: o.key, Type: caselog.Amended, Trace: a.Trace, Alerts: true,
		Data: data, Personal: personal, Seal: func(p string) { data.Personal = p },
	}
}

// tell tells a parent where the recall of one of its payments stands, and notes here
// that it knows.
func tell(s *apply.Subject, e apply.Effect) []Draft {
	a, l := e.Alert, leg(e.Alert, e.About)
	if l == nil {
		return nil
	}
	id := hit.Text32("recall.answered", e.Parent.Alert, a.ID, l.Item, fmt.Sprint(l.Version))
	note := Draft{
		ID: hit.Text32("told", id), Key: s.Key, Type: caselog.RecallAnswered, Trace: a.Trace, Alerts: true, Note: true,
		Data: &caselog.RecallAnsweredData{AlertID: a.ID, Item: l.Item, Parent: e.Parent.Alert, ParentKey: e.Parent.Key, Version: l.Version},
	}
	item := itemOf(a, l.Item, e.Parent.Alert)
	if item == "" {
		return []Draft{note}
	}
	copied := &caselog.RecallLeg{
		Bank: a.Party, Child: a.ID, Episode: a.Episode, Version: l.Version, State: l.State, Camt056ID: l.Camt056ID, Reason: l.Reason,
		Codes: l.Codes, Initiated: l.Initiated, Amount: l.Amount, Returned: l.Returned, Next: l.Next,
	}
	return []Draft{{
		ID: id, Key: e.Parent.Key, Type: caselog.RecallAnswered, Trace: a.Trace, Alerts: true,
		Data: &caselog.RecallAnsweredData{AlertID: e.Parent.Alert, Item: item, Leg: copied},
	}, note}
}

func leg(a *apply.Alert, item string) *apply.Leg {
	i := slices.IndexFunc(a.Legs, func(l *apply.Leg) bool { return l.Item == item })
	if i < 0 {
		return nil
	}
	return a.Legs[i]
}

// itemOf returns the id that a parent knows an item of an instruction by, or "".
func itemOf(a *apply.Alert, item, parent string) string {
	for _, i := range a.Items {
		for _, p := range i.Parents {
			if i.ID == item && strings.HasPrefix(p, parent+"-") {
				return p
			}
		}
	}
	return ""
}

// dun asks the bank where the recall of a payment stands.
func (d *Maker) dun(s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	a := e.Alert
	f := policy.Facts{AlertID: a.ID, CaseID: a.CaseID, Sequence: a.NextSequence(), Environment: d.Environment, Now: d.Now()}
	m := &freeze.StatusRequest{Envelope: d.Book.Envelope(party, f, freeze.TypeStatusRequest, freeze.RequesterID(a.ID, f.Sequence)), About: e.About}
	if r := a.Request(); r != nil {
		m.InReplyTo = r.ID
	}
	profile, err := party.Profile()
	if err != nil {
		return nil, err
	}
	body, err := profile.Filter(m)
	if err != nil {
		return nil, err
	}
	q := d.queue(a, m, body)
	q.About = e.About
	return []Draft{frozen(s.Key, a, q, body)}, nil
}

// recallsOf is where the recalls of an alert's payments stand, by item.
func recallsOf(a *apply.Alert) map[string]freeze.Recall {
	out := map[string]freeze.Recall{}
	for _, l := range a.Legs {
		out[l.Item] = l.Recall()
	}
	return out
}

// recallTerms sets what an instruction to recall goes out on: the agreement with the
// bank, or the officers who wanted or approved it. A bank is asked for a recall by an
// instruction alone.
func recallTerms(a *apply.Alert, party *policy.Party, f *policy.Facts) {
	if !a.Instructs() {
		if party.Kind == "bank" {
			f.Asks = slices.DeleteFunc(slices.Clone(f.Asks), func(ask string) bool { return ask == "recall" })
		}
		return
	}
	f.Mode, f.Provisional = mode(len(recallers(a))), false
}

// recallers lists the officers who stand behind an instruction to recall.
func recallers(a *apply.Alert) []string {
	by := a.Officers(apply.ActRequest)
	for _, p := range a.Parents {
		for _, who := range p.By {
			if !slices.Contains(by, who) {
				by = append(by, who)
			}
		}
	}
	return by
}

// Form looks at a request as the party's channel would write it. It returns the ids
// that the channel gives to payments, by item, if it gives any. The error is a
// *policy.Gate where the channel cannot hold the request.
type Form func(*freeze.Request) (map[string]string, error)

// compose makes the request that goes out, in the form that the party's first channel
// can hold, and marks what it asks the bank to recall.
func (d *Maker) compose(party *policy.Party, a *apply.Alert, f policy.Facts) (*freeze.Request, []byte, []caselog.RecallMark, error) {
	r, body, err := d.Book.Request(party, f)
	if err != nil {
		return nil, nil, nil, err
	}
	var given map[string]string
	if form := d.Forms[party.ID]; form != nil {
		m, err := freeze.Parse(body)
		if err != nil {
			return nil, nil, nil, err
		}
		if given, err = form(intake.RequestOf(m)); err != nil {
			return nil, nil, nil, err
		}
		for item, id := range given {
			recall := f.Recalls[item]
			recall.Camt056ID = id
			f.Recalls[item] = recall
		}
		if len(given) > 0 {
			if r, body, err = d.Book.Request(party, f); err != nil {
				return nil, nil, nil, err
			}
		}
	}
	var marks []caselog.RecallMark
	for _, l := range a.Legs {
		if a.Instructs() && l.State == "none" {
			marks = append(marks, caselog.RecallMark{Item: l.Item, Camt056ID: given[l.Item]})
		}
	}
	return r, body, marks, nil
}
