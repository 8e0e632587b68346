package draft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
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
		By: list(behind(a)), Basis: a.Basis, Offence: a.Offence, Payments: []caselog.PaymentMark{},
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
			ID: hit.Text32("instructed", a.ID, content), Key: s.Key, Type: caselog.Instructed, Trace: a.Trace, Alerts: true,
			Data: &caselog.InstructedData{AlertID: a.ID, ChildKey: child.Key, Bank: child.Bank, Lift: data.Lift, Terms: terms},
		},
	}...), nil
}

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
		Data: &caselog.AmendedData{Parent: a.ID, ParentKey: s.Key, CaseID: a.CaseID, Ask: list(nil), Urgency: a.Urgency, By: list(a.Officers(apply.ActAuthorise)), Payments: []caselog.PaymentMark{}},
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
			MessageID: e.Alert.OutcomeID, Lifted: true, OutcomeMark: caselog.OutcomeMark{AsOf: freeze.At(d.Now())},
		}
	}
	id := hit.Text32("lifted", e.Parent.Alert, e.Alert.ID, fmt.Sprint(len(e.Alert.Messages)))
	return []Draft{
		{ID: id, Key: e.Parent.Key, Type: caselog.Recorded, Trace: e.Alert.Trace, Alerts: true, Data: told(e.Parent.Alert)},
		{ID: hit.Text32("relayed", id), Key: s.Key, Type: caselog.Recorded, Trace: e.Alert.Trace, Alerts: true, Data: told(e.Alert.ID)},
	}
}

// relay tells a parent what the bank answered, in the parent's own items, and
// notes here that it knows.
func (d *Maker) relay(ctx context.Context, s *apply.Subject, e apply.Effect) ([]Draft, error) {
	if e.Parent.Lift {
		return d.letGo(s, e), nil
	}
	var personal caselog.BodyPersonal
	if err := d.Open(ctx, e.Alert.OutcomeBody, &personal); err != nil {
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
			MessageID: o.MessageID, OutcomeMark: intake.OutcomeMark(d.Root, mine, freeze.Servicer{}),
		}
	}
	up, note := told(e.Parent.Alert), told(e.Alert.ID)
	id := hit.Text32("recorded", e.Parent.Alert, o.MessageID)
	return []Draft{
		{
			ID: id, Key: e.Parent.Key, Type: caselog.Recorded, Trace: e.Alert.Trace, Alerts: true, Data: up,
			Personal: caselog.BodyPersonal{Body: string(text)}, Seal: func(p string) { up.Personal = p },
		},
		{ID: hit.Text32("relayed", id), Key: s.Key, Type: caselog.Recorded, Trace: e.Alert.Trace, Alerts: true, Data: note},
	}, nil
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
	if sum := held(mine.Funds); len(mine.Measures) == 1 && len(sum) == 1 && mine.Measures[0].Amount != nil {
		mine.Measures[0].Amount = &sum[0] // the bank's measure may serve others too
	}
	return &mine
}

// answer makes the outcome for the partner: of the bank's answer, or of the
// officers' refusal. One that does not balance does not go out.
func (d *Maker) answer(ctx context.Context, s *apply.Subject, a *apply.Alert, party *policy.Party) ([]Draft, error) {
	o, r, err := d.outcome(ctx, a, party)
	if err != nil {
		return nil, err
	}
	o.InReplyTo = a.ReplyTo(o.InReplyTo)
	act := apply.ActRelease
	switch a.State {
	case apply.Refused:
		act = apply.ActRefuse
		if err := d.refuse(ctx, o, a); err != nil {
			return nil, err
		}
	case apply.Duplicate:
		act = apply.ActDuplicate
		o.Final, o.Decision = true, "duplicate"
		o.Case.RelatedAlerts = []string{a.DuplicateOf} // the partner's own, or one that we sent to it
	default:
		if err := d.fill(ctx, o, a, r); err != nil {
			return nil, err
		}
	}
	if a.Lifting {
		lifted(o, a, r)
	}
	onward(party, o.Trail)
	if err := freeze.Balance(o, r.Payments); err != nil {
		return nil, &policy.Gate{Field: "funds", Text: err.Error()}
	}
	return d.freezeOutcome(s, a, party, o, r.Subject.Servicer, a.Officers(act))
}

// refuse puts the officers' refusal into our outcome: the code, and what they wrote.
func (d *Maker) refuse(ctx context.Context, o *freeze.Outcome, a *apply.Alert) error {
	texts, err := d.actTexts(ctx, a, apply.ActRefuse)
	if err != nil {
		return err
	}
	o.Final, o.Decision = true, "refused"
	o.Refusal = &freeze.Refusal{
		Code: or(a.Refusal, "other"), Text: or(texts["text"], "The competent authority has decided not to act on the request."),
		Cure: texts["cure"], LegalGround: texts["legal_ground"],
	}
	return nil
}

// fill puts the bank's answer into our outcome, under ids of ours.
func (d *Maker) fill(ctx context.Context, o *freeze.Outcome, a *apply.Alert, r *freeze.Request) error {
	if a.Lifting && a.OutcomeBody == "" {
		return nil // the bank was told to let go before it answered
	}
	var personal caselog.BodyPersonal
	if err := d.Open(ctx, a.OutcomeBody, &personal); err != nil {
		return err
	}
	var bank freeze.Outcome
	if err := json.Unmarshal([]byte(personal.Body), &bank); err != nil {
		return fmt.Errorf("read the bank's answer: %w", err)
	}
	o.AsOf, o.Final, o.Decision = bank.AsOf, bank.Final, bank.Decision
	o.Funds, o.Returns, o.Trail, o.Refusal, o.Pending = bank.Funds, bank.Returns, bank.Trail, bank.Refusal, bank.Pending
	o.Needs = bank.Needs
	if slices.ContainsFunc(r.Asks, func(k freeze.Ask) bool { return k.Kind == "identify_holder" }) {
		o.Disclosed = bank.Disclosed
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	if err := d.measuresOf(ctx, o, a, r, bank.Measures); err != nil {
		return err
	}
	for i := range o.Trail {
		o.Trail[i].ItemID = fmt.Sprintf("%s-N%02d", a.ID, i+1)
	}
	return nil
}

// lifted turns the last answer into the one that ends the alert: nothing is held
// for the partner any more. An answer that does not balance was never told; of it
// only the measures stay.
func lifted(o *freeze.Outcome, a *apply.Alert, r *freeze.Request) {
	if o.Decision == "" || freeze.Balance(o, r.Payments) != nil {
		o.Decision, o.Funds, o.Returns, o.Trail = "nothing_found", nil, nil, nil
	}
	o.AsOf, o.Final, o.Pending, o.Needs = a.Outcome.AsOf, true, nil, nil
	if o.Decision == "pending" || o.Decision == "more_info" {
		o.Decision = "nothing_found"
	}
	for i := range o.Measures {
		if m := &o.Measures[i]; holding(m.State) && !ordered(a.Measure(m.MeasureID)) {
			m.State = "lifted"
		}
	}
	o.Funds = freeze.Lifted(o.Funds)
	o.Amounts = freeze.AmountsOf(o.Funds)
}

// askOf returns the ask that a measure answers: the first that stops money.
func askOf(r *freeze.Request) string {
	for _, k := range r.Asks {
		if stops(k.Kind) {
			return k.AskID
		}
	}
	return r.Asks[0].AskID
}

// held sums what is held by currency.
func held(funds []freeze.Fund) []freeze.Money {
	var out []freeze.Money
	for _, a := range freeze.AmountsOf(funds) {
		if !a.Held.Zero() {
			out = append(out, freeze.Money{Amount: a.Held, Currency: a.Currency})
		}
	}
	return out
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// accepted makes the receipt that tells the partner that people took it up.
func (d *Maker) accepted(ctx context.Context, s *apply.Subject, a *apply.Alert, party *policy.Party) ([]Draft, error) {
	in := a.TakenUp()
	if in == nil {
		return nil, errors.New("no request was taken up")
	}
	r, err := d.read(ctx, in)
	if err != nil {
		return nil, err
	}
	self := d.Book.Self.Party()
	receipt := delivery.NewReceipt(freeze.LevelAccepted, in.ID, freeze.Digest{Alg: "sha-256", Value: in.Digest}, &r.Envelope, self, party.Party(), d.Environment, d.Now())
	receipt.RecipientRef = reference(a)
	receipt.DeskContact = self.Contact
	if receipt.DeskContact == nil {
		receipt.DeskContact = &freeze.Contact{Desk: self.Name}
	}
	receipt.DecideBy = &r.AnswerBy.Decide
	receipt.DuplicateOf = a.DuplicateOf
	if receipt.Needs, err = d.needs(ctx, a, receipt.MessageID); err != nil {
		return nil, err
	}
	jws, err := delivery.SealReceipt(d.Key, receipt)
	if err != nil {
		return nil, err
	}
	q := d.queue(a, receipt, jws)
	q.Level = freeze.LevelAccepted
	return []Draft{frozen(s.Key, a, q, jws)}, nil
}

// reference is our reference of an inbound alert: short, for the telephone.
func reference(a *apply.Alert) string { return strings.ToUpper(a.ID[:10]) }

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
