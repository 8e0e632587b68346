package paper

import (
	"fmt"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// envelope fills in what a wire would have brought.
func envelope(e *freeze.Envelope, with Defaults) {
	e.Schema, e.Type, e.AlertID, e.Sequence = freeze.Schema1, freeze.TypeRequest, with.AlertID, with.Sequence
	e.MessageID = freeze.RequesterID(with.AlertID, with.Sequence)
	e.Sender, e.Recipient = with.Sender, with.Recipient
	fill(&e.Environment, with.Environment)
	moment(&e.CreatedAt, freeze.At(with.At))
	if e.Case == nil {
		e.Case = &freeze.Case{ID: with.AlertID}
	}
	if e.Handling == nil {
		e.Handling = &with.Handling
	}
}

// terms fills in until when the sender is taken to wait. Whoever signed the document
// stands behind it: one person, as far as we can know.
func terms(r *freeze.Request, with Defaults) {
	fill(&r.Urgency, "normal")
	fill(&r.Legal.Regime, with.Regime)
	fill(&r.Approval.Mode, "one")
	moment(&r.ValidUntil, freeze.At(with.At.Add(with.ValidFor)))
	moment(&r.AnswerBy.Accept, freeze.At(with.Accept))
	moment(&r.AnswerBy.Decide, freeze.At(with.Decide))
}

// parts fills in ids, sums and what is not known of asks and payments.
func parts(r *freeze.Request, with Defaults) {
	s := &r.Subject
	fill(&s.Account.Type, "unknown")
	fill(&s.AccountCountry, s.Servicer.Country)
	fill(&s.Servicer.Country, s.AccountCountry)
	for i := range r.Payments {
		p := &r.Payments[i]
		fill(&p.ItemID, freeze.ItemID(with.AlertID, i+1))
		fill(&p.Rail, "other")
		fill(&p.Authorisation, "unknown")
		fill(&p.Debtor.Kind, "unknown")
		fill(&p.Recall.State, "none")
		moment(&p.ReportedAt, freeze.At(with.At))
		if p.Debtor.Account != nil {
			fill(&p.Debtor.Account.Type, "unknown")
		}
	}
	r.Totals = freeze.TotalsOf(r.Payments)
	for i := range r.Asks {
		a := &r.Asks[i]
		fill(&a.AskID, fmt.Sprintf("%s-K%02d", with.AlertID, i+1))
		if a.Kind == "hold_amount" && a.Amount == nil && len(r.Totals) == 1 && r.Totals[0].Currency != "" {
			a.Amount = &freeze.Money{Amount: r.Totals[0].Disputed, Currency: r.Totals[0].Currency}
		}
	}
}

// fill puts a value where there is none.
func fill(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

func moment(t *freeze.Time, at freeze.Time) {
	if t.IsZero() {
		*t = at
	}
}
