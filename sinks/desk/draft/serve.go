package draft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// instruct tells the alert of the instruction what an authorised inbound alert
// needs, or that it needs nothing any more, and notes here that it knows.
func (d *Maker) instruct(ctx context.Context, s *apply.Subject, e apply.Effect) ([]Draft, error) {
	a := e.Alert
	r, _, err := d.Asked(ctx, a)
	if err != nil {
		return nil, err
	}
	data := &caselog.AmendedData{
		Parent: a.ID, ParentKey: s.Key, CaseID: a.CaseID, Urgency: a.Urgency, Lift: e.Kind == apply.Lift,
		By: list(behind(a)), Basis: a.Basis, Offence: a.Offence, Payments: []caselog.PaymentMark{}, StateAt: stateAt(a),
		Fold: apply.Version,
	}
	child, err := d.child(a, r, data.Lift)
	if err != nil {
		return nil, err
	}
	if data.Ask, err = d.granted(a, r, child.Bank, data.Lift); err != nil {
		return nil, err
	}
	personal := caselog.HitPersonal{UID: intake.SubjectOf(r.Subject), Subject: r.Subject}
	if personal.Proportionality, err = d.proportionality(ctx, a); err != nil {
		return nil, err
	}
	if e.Kind == apply.Instruct {
		data.Until = until(a)
		for _, p := range r.Payments {
			amount, needed := a.Terms.Needed(p.ItemID, p.Disputed)
			if !needed {
				continue
			}
			data.Payments = append(data.Payments, caselog.PaymentMark{
				Amount: &amount, Hop: p.Hop, Parents: []string{p.ItemID}, Refs: intake.MarksOf(d.Root, p), Told: p.ReportedAt.String(),
			})
			personal.Payments = append(personal.Payments, intake.DetailOf(p))
		}
	}
	content, terms := a.Content()+a.Granted+string(e.Kind), revision(a)
	if terms > 0 {
		content += fmt.Sprint(terms)
	}
	return append(d.moved(s, a, child), []Draft{
		{
			ID: hit.Text32("amended", a.ID, content), Key: child.Key, Type: caselog.Amended, Trace: a.Trace, Alerts: true,
			Data: data, Personal: personal, Seal: func(p string) { data.Personal = p },
		},
		{
			ID: hit.Text32("instructed", a.ID, content), Key: s.Key, Type: caselog.Instructed, Trace: a.Trace, Alerts: true, Note: true,
			Data: &caselog.InstructedData{AlertID: a.ID, ChildKey: child.Key, Bank: child.Bank, Lift: data.Lift, Terms: terms, StateAt: data.StateAt, Retract: e.Kind == apply.Retract},
		},
	}...), nil
}

// stateAt is when the alert last changed.
func stateAt(a *apply.Alert) freeze.Time { return freeze.At(time.UnixMilli(a.At.Updated)) }

// granted lists what the bank is asked to do: what was authorised and the agreement
// with the bank covers. An account of the guard list is never suspended.
func (d *Maker) granted(a *apply.Alert, r *freeze.Request, bank string, lift bool) ([]string, error) {
	asks := a.Asks
	if a.Granted != "" {
		asks = []string{a.Granted}
	}
	if party := d.Book.Party(bank); party != nil {
		asks = party.Allowed(asks)
	} else {
		asks = nil
	}
	if why, guarded := d.Book.Guarded(r.Subject); guarded && slices.Contains(asks, "suspend_account") && !lift {
		asks = slices.DeleteFunc(slices.Clone(asks), func(ask string) bool { return ask == "suspend_account" })
		if !slices.ContainsFunc(asks, stops) {
			return nil, &policy.Gate{Field: "asks", Text: "the account is never suspended: " + why}
		}
	}
	return list(asks), nil
}

// behind lists who stands behind the measure.
func behind(a *apply.Alert) []string {
	by := append(a.Officers(apply.ActAuthorise), a.Officers(apply.ActEmergency)...)
	if a.Hold != nil && a.Hold.Confirmed != "" {
		by = append(by, a.Hold.Confirmed)
	}
	return by
}

// proportionality opens why the officers think that nothing less does.
func (d *Maker) proportionality(ctx context.Context, a *apply.Alert) (string, error) {
	for _, act := range []string{apply.ActAuthorise, apply.ActEmergency} {
		texts, err := d.actTexts(ctx, a, act)
		if err != nil || texts[apply.Proportionality] != "" {
			return texts[apply.Proportionality], err
		}
	}
	return "", nil
}

// stops reports whether an ask stops money.
func stops(ask string) bool {
	return slices.Contains([]string{"hold_amount", "suspend_transaction", "suspend_account"}, ask)
}

// moved tells the instruction about the whole account that this alert needs nothing of
// it any more, since the partner named the sub-account.
func (d *Maker) moved(s *apply.Subject, a *apply.Alert, now *apply.Child) []Draft {
	old := a.Child
	if old == nil || old.Key == now.Key {
		return nil
	}
	return []Draft{{
		ID: hit.Text32("moved", a.ID, string(old.Key), string(now.Key)), Key: old.Key, Type: caselog.Amended, Trace: a.Trace, Alerts: true,
		Data: &caselog.AmendedData{Parent: a.ID, ParentKey: s.Key, CaseID: a.CaseID, Ask: list(nil), Urgency: a.Urgency, By: list(a.Officers(apply.ActAuthorise)), Payments: []caselog.PaymentMark{}, StateAt: stateAt(a), Fold: apply.Version},
	}}
}

// child returns whom to instruct: whoever keeps the account, or to lift, whoever
// was instructed.
func (d *Maker) child(a *apply.Alert, r *freeze.Request, lift bool) (*apply.Child, error) {
	if lift && a.Child != nil {
		return a.Child, nil
	}
	servicer := r.Subject.Servicer
	bank := d.Book.Bank(servicer.BIC, servicer.ClearingSystem, servicer.ClearingID)
	if bank == nil {
		return nil, &policy.Gate{Field: "subject.servicer", Text: "no bank of ours keeps this account"}
	}
	return &apply.Child{Key: d.Root.Key(caselog.Out, bank.ID, intake.SubjectOf(r.Subject)), Bank: bank.ID}, nil
}

// letGo tells a parent that the bank holds nothing for it any more, and notes
// here that it knows.
func (d *Maker) letGo(s *apply.Subject, e apply.Effect) []Draft {
	told := func(alert string) *caselog.RecordedData {
		return &caselog.RecordedData{
			AlertID: alert, Parent: e.Parent.Alert, ParentKey: e.Parent.Key, Child: e.Alert.ID, ChildKey: s.Key,
			MessageID: e.Alert.OutcomeID, Lifted: true, OutcomeMark: caselog.OutcomeMark{AsOf: freeze.At(d.Now())}, StateAt: e.Parent.StateAt,
		}
	}
	id := hit.Text32("lifted", e.Parent.Alert, e.Alert.ID, fmt.Sprint(len(e.Alert.Messages)))
	return []Draft{
		{ID: id, Key: e.Parent.Key, Type: caselog.Recorded, Trace: e.Alert.Trace, Alerts: true, Data: told(e.Parent.Alert)},
		{ID: hit.Text32("relayed", id), Key: s.Key, Type: caselog.Recorded, Trace: e.Alert.Trace, Alerts: true, Note: true, Data: told(e.Alert.ID)},
	}
}

// relay tells a parent what the bank answered, in the parent's own items, and
// notes here that it knows.
func (d *Maker) relay(ctx context.Context, s *apply.Subject, e apply.Effect) ([]Draft, error) {
	if e.Parent.Lift {
		return d.letGo(s, e), nil
	}
	var personal caselog.BodyPersonal
	if err := d.Open(ctx, e.Alert.Sealed(e.Alert.OutcomeID), &personal); err != nil {
		return nil, err
	}
	m, err := freeze.Parse([]byte(personal.Body))
	if err != nil {
		return nil, err
	}
	o, ok := m.(*freeze.Outcome)
	if !ok {
		return nil, fmt.Errorf("message %s is no outcome", m.Head().MessageID)
	}
	mine := ours(o, e.Alert, e.Parent)
	text, err := json.Marshal(mine)
	if err != nil {
		return nil, err
	}
	told := func(alert string) *caselog.RecordedData {
		return &caselog.RecordedData{
			AlertID: alert, Parent: e.Parent.Alert, ParentKey: e.Parent.Key, Child: e.Alert.ID, ChildKey: s.Key,
			MessageID: o.MessageID, OutcomeMark: intake.OutcomeMark(d.Root, mine, freeze.Servicer{}), Again: e.Parent.Again,
		}
	}
	up, note := told(e.Parent.Alert), told(e.Alert.ID)
	if up.Balanced, err = d.adds(ctx, e.Alert, o); err != nil {
		return nil, err
	}
	id := hit.Text32("recorded", e.Parent.Alert, o.MessageID)
	if e.Parent.Again {
		id = hit.Text32(id, e.Parent.StateAt.String())
	}
	return []Draft{
		{
			ID: id, Key: e.Parent.Key, Type: caselog.Recorded, Trace: e.Alert.Trace, Alerts: true, Data: up,
			Personal: caselog.BodyPersonal{Body: string(text)}, Seal: func(p string) { up.Personal = p },
		},
		{ID: hit.Text32("relayed", id), Key: s.Key, Type: caselog.Recorded, Trace: e.Alert.Trace, Alerts: true, Note: true, Data: note},
	}, nil
}

// adds reports whether a bank's outcome balances, with what our instruction says was
// credited too: the part that goes to a parent would not show it.
func (d *Maker) adds(ctx context.Context, child *apply.Alert, o *freeze.Outcome) (bool, error) {
	asked := child.Asked(o.OutcomeOf)
	if asked == nil {
		return freeze.Balance(o, nil) == nil, nil
	}
	var personal caselog.BodyPersonal
	if err := d.Open(ctx, asked.Personal, &personal); err != nil {
		return false, err
	}
	m, err := freeze.Parse([]byte(personal.Body))
	if err != nil {
		return false, err
	}
	var payments []freeze.Payment
	if r := intake.RequestOf(m); r != nil {
		payments = r.Payments
	}
	return freeze.Balance(o, payments) == nil, nil
}

// ours returns the part of a bank's outcome that answers one parent, in the
// items of the parent.
func ours(o *freeze.Outcome, child *apply.Alert, parent *apply.Parent) *freeze.Outcome {
	items := map[string]string{} // item of the instruction → item of the parent
	for _, i := range child.Items {
		if !slices.Contains(parent.Needs, i.ID) {
			continue
		}
		for _, p := range i.Parents {
			if strings.HasPrefix(p, parent.Alert+"-") {
				items[i.ID] = p
			}
		}
	}
	mine := *o
	mine.Funds, mine.Returns, mine.Trail, mine.Measures = nil, nil, nil, slices.Clone(o.Measures)
	for _, f := range o.Funds {
		if item := items[f.ItemID]; item != "" {
			f.ItemID = item
			mine.Funds = append(mine.Funds, f)
		}
	}
	for _, r := range o.Returns {
		if item := items[r.ItemID]; item != "" {
			r.ItemID = item
			mine.Returns = append(mine.Returns, r)
		}
	}
	for _, h := range o.Trail {
		var from []string
		for _, p := range h.ParentItems {
			if item := items[p]; item != "" {
				from = append(from, item)
			}
		}
		if len(from) > 0 {
			h.ParentItems = from
			mine.Trail = append(mine.Trail, h)
		}
	}
	mine.Amounts = freeze.AmountsOf(mine.Funds)
	share(&mine, slices.ContainsFunc(child.Parents, func(p *apply.Parent) bool { return p != parent && len(p.Needs) > 0 }))
	return &mine
}

// share makes the bank's measures those of one parent: the amount of what is held for
// it, and never what is held for others. Where others need it too and nothing of the
// parent's money is held, the measure is over for the parent.
func share(o *freeze.Outcome, shared bool) {
	sum := held(o.Funds)
	standing := slices.DeleteFunc(slices.Clone(o.Measures), func(m freeze.Measure) bool { return !holding(m.State) })
	for i := range o.Measures {
		m := &o.Measures[i]
		switch {
		case m.Amount == nil:
		case len(sum) == 1 && (len(o.Measures) == 1 || len(standing) == 1 && holding(m.State)):
			m.Amount = &sum[0]
		case !shared:
		case len(sum) == 0 && len(o.Funds) > 0 && holding(m.State):
			m.State, m.Amount = "ended", &freeze.Money{Amount: "0", Currency: m.Amount.Currency}
		default:
			m.Amount = nil
		}
	}
}

// Asked opens the latest request or amendment of an inbound alert.
func (d *Maker) Asked(ctx context.Context, a *apply.Alert) (*freeze.Request, *apply.Inbound, error) {
	for i := len(a.Inbox) - 1; i >= 0; i-- {
		in := a.Inbox[i]
		if in.Parked || in.Type != freeze.TypeRequest && in.Type != freeze.TypeAmendment {
			continue
		}
		r, err := d.read(ctx, in)
		return r, in, err
	}
	return nil, nil, errors.New("no request on the log")
}

// read opens a request or amendment of a partner.
func (d *Maker) read(ctx context.Context, in *apply.Inbound) (*freeze.Request, error) {
	var personal caselog.BodyPersonal
	if err := d.Open(ctx, in.Personal, &personal); err != nil {
		return nil, err
	}
	m, err := freeze.Parse([]byte(personal.Body))
	if err != nil {
		return nil, err
	}
	return intake.RequestOf(m), nil
}
