package generator

import (
	"time"
)

// payment is one movement of money as a bank reports it. Amounts are hundredths.
type payment struct {
	at                       time.Time
	debtor, creditor         account
	phone                    string
	amount, settled          int64
	currency, settledIn      string
	status, rail, authorised string
	category, complaint      string
	disputed                 int64
	layer                    int64
	opened                   time.Time
	uetr, e2e, remittance    string
}

func (g *Generator) payment(at time.Time) payment {
	home := g.home()
	return payment{
		at: at, debtor: home.bank(g), creditor: home.bank(g), phone: g.phone(), layer: -1,
		amount: int64(100 + g.rng.IntN(4_000_000)), currency: home.currency, uetr: g.uetr(), e2e: g.id("E2E"),
	}
}

// abroad sends p to the other country, settled there.
func (p *payment) abroad(g *Generator) {
	away := g.away()
	p.creditor, p.rail, p.settledIn = away.bank(g), "swift", away.currency
	p.settled = max(100, p.amount/112)
	if away.code == "IN" {
		p.settled = p.amount * 112
	}
}

// stolen makes p a reported fraud of between 600 and 20,600 pounds.
func (p *payment) stolen(g *Generator, category string) {
	p.amount = int64(60_000 + g.rng.IntN(2_000_000))
	if p.currency == "INR" {
		p.amount *= 112
	}
	p.abroad(g)
	p.category, p.authorised, p.status = category, "unauthorised", "settled"
	p.disputed, p.layer = p.amount, 0
	p.complaint = g.id("CMP")
	p.opened = p.at.Add(-time.Duration(1+g.rng.IntN(60)) * 24 * time.Hour)
}

func (p payment) report(g *Generator, w *writer, kind string) Report {
	w.open(g.id("R"), p.debtor.bic, kind, p.at)
	w.time("reported_at", p.at)
	w.text("category", p.category)
	w.text("case_ref", p.complaint)
	w.text("status", p.status)
	w.text("authorisation", p.authorised)
	w.cents("amount", p.amount)
	w.text("currency", p.currency)
	w.cents("disputed_amount", p.disputed)
	w.cents("settled_amount", p.settled)
	w.text("settled_currency", p.settledIn)
	if p.layer >= 0 {
		w.number("layer", p.layer)
	}
	w.text("rail", p.rail)
	w.nest("payment", func() { w.text("uetr", p.uetr); w.text("end_to_end_id", p.e2e); w.text("remittance", p.remittance) })
	w.nest("debtor", func() { p.debtor.write(w, g); w.text("phone", p.phone) })
	w.nest("creditor", func() {
		p.creditor.write(w, g)
		if !p.opened.IsZero() {
			w.time("opened_at", p.opened)
		}
	})
	w.close()
	return Report{Topic: Bank, Key: p.debtor.bic}
}

// story begins one of the scripted frauds; the rest of it follows at once.
func (g *Generator) story(w *writer, at time.Time) Report {
	p := g.payment(at)
	switch g.rng.IntN(4) {
	case 0: // SIM swap, the stolen payment, the victim's complaint
		p.stolen(g, "sim_swap")
		g.pending = append(g.pending, p.then("bank.transfer"), p.then("bank.complaint"))
		return g.simSwap(w, at, p.phone)
	case 1: // two payments to one mule account
		p.stolen(g, "account_takeover")
		second := p
		second.uetr, second.e2e = g.uetr(), g.id("E2F")
		g.pending = append(g.pending, second.then("bank.complaint"))
		return p.report(g, w, "bank.complaint")
	case 2: // deceived into paying a false investment
		p.stolen(g, "investment")
		p.authorised = "authorised_deceived"
		return p.report(g, w, "bank.complaint")
	default: // the bank recalls by itself
		p.stolen(g, "business_email_compromise")
		g.pending = append(g.pending, p.then("bank.recall"))
		return p.report(g, w, "bank.complaint")
	}
}

// then returns the step that reports p again as kind.
func (p payment) then(kind string) func(*Generator, *writer, time.Time) Report {
	return func(g *Generator, w *writer, at time.Time) Report {
		p.at = at
		return p.report(g, w, kind)
	}
}

// uetr returns a UUID of version 4, as SWIFT gpi numbers payments.
func (g *Generator) uetr() string {
	const hex = "0123456789abcdef"
	b := []byte("00000000-0000-4000-8000-000000000000")
	for i, c := range b {
		if c == '0' {
			b[i] = hex[g.rng.IntN(16)]
		}
	}
	return string(b)
}
