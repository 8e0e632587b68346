package draft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/policy"
)

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
