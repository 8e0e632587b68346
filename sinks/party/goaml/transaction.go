package goaml

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// transaction writes the i-th payment in the order of the XSD.
func (w *writer) transaction(i int) {
	c, r, p := w.config, w.request, &w.request.Payments[i]
	at := fmt.Sprintf("payments[%d].", i)
	w.Open("transaction")
	w.Leaf("transactionnumber", p.ItemID)
	if c.late() && r.Legal.MLSuspicion != nil {
		w.Leaf("transaction_is_suspicious", strconv.FormatBool(*r.Legal.MLSuspicion))
	}
	w.Leaf("internal_ref_number", r.AlertID)
	w.Leaf("transaction_location", c.Place)
	w.Leaf("transaction_description", description(p))
	w.moment("date_transaction", p.ExecutedAt.Time)
	if p.SettledOn != "" {
		w.Leaf("value_date", string(p.SettledOn)+"T00:00:00")
	}
	w.Leaf("transmode_code", codeOf(c.Modes, p.Rail))
	w.Leaf("transmode_comment", c.ModeComment)
	w.Leaf("amount_local", w.local(at, p))
	w.from(at, p)
	w.to(at, p)
	w.text("comments", at+"refs", comments(r, p), maxComment)
	w.End()
}

func description(p *freeze.Payment) string {
	return fmt.Sprintf("Payment by %s, %s, disputed %s %s", p.Rail, strings.ReplaceAll(p.Authorisation, "_", " "), p.Disputed.Currency, p.Disputed.Amount)
}

// local returns the amount of the payment in the report's currency.
func (w *writer) local(at string, p *freeze.Payment) string {
	for _, m := range []struct {
		name  string
		money *freeze.Money
	}{{"settled", p.Settled}, {"instructed", p.Instructed}, {"credited", p.Credited}} {
		if m.money != nil && m.money.Currency == w.config.Currency {
			return w.digits(at+m.name, *m.money)
		}
	}
	w.fail(at+"settled", "neither settled, instructed nor credited is in %s, the currency of the report", w.config.Currency)
	return "0"
}

// foreign writes a side's amount when it is in another currency: what was
// settled, or else what the side saw.
func (w *writer) foreign(name, at string, p *freeze.Payment, seen *freeze.Money, field string) {
	m := p.Settled
	if m == nil {
		m = seen
	} else {
		field = "settled"
	}
	if m == nil || m.Currency == w.config.Currency {
		return
	}
	w.Open(name)
	w.Leaf("foreign_currency_code", m.Currency)
	w.Leaf("foreign_amount", w.digits(at+field, *m))
	w.End()
}

func (w *writer) from(at string, p *freeze.Payment) {
	w.Open("t_from")
	w.Leaf("from_funds_code", codeOf(w.config.FundsFrom, p.Rail))
	w.foreign("from_foreign_currency", at, p, p.Instructed, "instructed")
	a := account{servicer: p.Debtor.Servicer, name: p.Debtor.Name, field: at + "debtor"}
	if p.Debtor.Account != nil {
		a.Account = *p.Debtor.Account
		a.name = cmpOr(a.name, a.Name)
	}
	if p.Debtor.Name != "" {
		a.holders = []freeze.Holder{{Role: "owner", Kind: "person", Name: p.Debtor.Name}}
		if p.Debtor.Kind == "org" {
			a.holders[0].Kind = "org"
		}
		if p.Debtor.Kind == "unknown" {
			a.holders = nil
		}
	}
	w.account("from_account", a)
	w.Leaf("from_country", p.Debtor.Servicer.Country)
	w.End()
}

func (w *writer) to(at string, p *freeze.Payment) {
	w.Open("t_to")
	w.Leaf("to_funds_code", codeOf(w.config.FundsTo, p.Rail))
	w.foreign("to_foreign_currency", at, p, p.Credited, "credited")
	w.subjectAs("to_account")
	w.Leaf("to_country", w.request.Subject.AccountCountry)
	w.End()
}

// comments are what has no element: references, hops, banks between, the case.
func comments(r *freeze.Request, p *freeze.Payment) string {
	var lines []string
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, name+": "+value)
		}
	}
	f := p.Refs
	for _, ref := range [][2]string{
		{"UETR", f.UETR}, {"End-to-end id", f.EndToEndID}, {"Transaction id", f.TransactionID}, {"Instruction id", f.InstructionID},
		{"Message id", strings.TrimSpace(f.MessageID + " " + f.MessageName)}, {"Clearing reference", f.ClearingRef}, {"RRN", f.RRN}, {"UTR", f.UTR}, {"Transaction hash", f.TxHash},
	} {
		add(ref[0], ref[1])
	}
	if p.Hop > 0 {
		add("Hop", strings.TrimSpace(fmt.Sprintf("%d after %s", p.Hop, strings.Join(p.ParentItems, ", "))))
	}
	for _, m := range p.Intermediaries {
		s := m.Servicer
		add("Via", joined(" ", s.BIC, s.ClearingSystem, s.ClearingID, s.LEI, s.Name, s.Country))
	}
	add("Further credit", p.FurtherCredit)
	add("Complaint", p.ComplaintRef)
	add("Reported at", p.ReportedAt.String())
	return joined("\n", strings.Join(lines, "\n"), caseText(r))
}
