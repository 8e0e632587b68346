package intake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

const (
	// apart is how far the clocks of a partner, its banks and our reporters may be from
	// one another: as far ahead as a message may be dated.
	apart = 5 * time.Minute
	// farAhead is how long after an outcome money that comes back may be booked: a month
	// is more than any rail takes.
	farAhead = 31 * 24 * time.Hour
	// mostMisfits bounds what an outcome is told of: people see the first ones and how
	// many follow.
	mostMisfits = 20
)

// Asked is what an outcome is compared with.
type Asked struct {
	// Request is the request or amendment that it answers; nil = nobody can read it any
	// more, and the outcome is compared with itself alone.
	Request *freeze.Request
	// Earlier are the asks of our other requests of the alert: an ask_id is known if any
	// of them had it.
	Earlier []freeze.Ask
	// Trail are the marks (HopMark.Account) of the accounts that earlier outcomes led to.
	Trail []string
}

// Ask returns the ask with an id, or nil.
func (a *Asked) Ask(id string) *freeze.Ask {
	var all []freeze.Ask
	if a.Request != nil {
		all = append(all, a.Request.Asks...)
	}
	all = append(all, a.Earlier...)
	if i := slices.IndexFunc(all, func(k freeze.Ask) bool { return k.AskID == id }); i >= 0 {
		return &all[i]
	}
	return nil
}

// fitting compares one outcome.
type fitting struct {
	root  *caselog.Root
	o     *freeze.Outcome
	asked Asked
	out   []caselog.Misfit
}

// Misfits returns what an outcome says that fits neither what was asked nor the
// payments nor itself: first its sums, then the rest in the order of the outcome. That
// funds do not sum to what was credited in the currency in which it was is not among
// them: see freeze.Mismatched and freeze.Untraced.
func Misfits(root *caselog.Root, o *freeze.Outcome, asked Asked) []caselog.Misfit {
	f := &fitting{root: root, o: o, asked: asked}
	f.amounts()
	for i := range o.Measures {
		f.measure(&o.Measures[i])
	}
	f.funds()
	for _, h := range o.Trail {
		f.hop(h)
	}
	f.returns()
	if n := len(f.out) - mostMisfits; n > 0 {
		f.out = append(f.out[:mostMisfits], caselog.Misfit{Why: fmt.Sprintf("and %d more", n)})
	}
	return f.out
}

func (f *fitting) add(of, id, field, says, why string) {
	f.out = append(f.out, caselog.Misfit{Of: of, ID: id, Field: field, Says: says, Why: why})
}

// ahead reports whether a moment lies after what the outcome is as of.
func (f *fitting) ahead(t freeze.Time) bool { return t.After(f.o.AsOf.Add(apart)) }

func (f *fitting) afterAsOf() string { return "is after as_of " + f.o.AsOf.String() }

// measure compares one measure.
func (f *fitting) measure(m *freeze.Measure) {
	if f.ahead(m.InForceAt) {
		f.add("measure", m.MeasureID, "in_force_at", m.InForceAt.String(), f.afterAsOf())
	}
	if m.ExpiresAt != nil && !m.ExpiresAt.After(m.InForceAt.Time) {
		f.add("measure", m.MeasureID, "expires_at", m.ExpiresAt.String(), "is not after in_force_at "+m.InForceAt.String())
	}
	r := f.asked.Request
	if r == nil {
		return
	}
	if first := firstExecuted(r.Payments); !first.IsZero() && m.InForceAt.Before(first.Add(-apart)) {
		f.add("measure", m.MeasureID, "in_force_at", m.InForceAt.String(), "is before the first payment, executed at "+first.String())
	}
	f.ask(m)
	ours, followed := f.account(m.Account)
	if !ours && !followed {
		f.add("measure", m.MeasureID, "account", "", "is neither the one that was asked about nor one that the trail leads to")
	}
	if m.Amount != nil {
		f.amount(m, followed)
	}
}

// firstExecuted returns when the first payment was executed, zero without any.
func firstExecuted(payments []freeze.Payment) freeze.Time {
	var first freeze.Time
	for _, p := range payments {
		if first.IsZero() || p.ExecutedAt.Before(first.Time) {
			first = p.ExecutedAt
		}
	}
	return first
}

// ask compares a measure with the ask that it names.
func (f *fitting) ask(m *freeze.Measure) {
	k := f.asked.Ask(m.AskID)
	if k == nil {
		f.add("measure", m.MeasureID, "ask_id", m.AskID, "is none that we asked")
		return
	}
	whole := m.Kind == "debit_block" && m.Amount == nil
	if whole && !slices.Contains(Kinds(k.Kind), "account_suspended") {
		f.add("measure", m.MeasureID, "kind", m.Kind, "without an amount stops the whole account, "+k.AskID+" asks for "+k.Kind)
	} else if !slices.Contains(Kinds(k.Kind), m.Kind) {
		f.add("measure", m.MeasureID, "kind", m.Kind, "does not fit ask "+k.AskID+" for "+k.Kind)
	}
	if k.Amount != nil && above(m.Amount, *k.Amount) {
		f.add("measure", m.MeasureID, "amount", text(*m.Amount), "is above "+text(*k.Amount)+" that ask "+k.AskID+" is for")
	}
}

// Kinds returns the kinds of measures that answer a kind of ask: for one that stops
// money all that stop no more than was asked, and an order of a court into which they
// are converted. What was not asked for, as a suspension of the account where an amount
// was to be held, is a fact that people look at.
func Kinds(ask string) []string {
	holds := []string{"bank_hold", "lien", "consent_withheld", "transaction_suspended", "debit_block", "freezing_order", "seizure"}
	switch ask {
	case "hold_amount", "suspend_transaction", "recall", "return_funds":
		return holds
	case "suspend_account":
		return append(holds, "account_suspended")
	case "monitor":
		return []string{"monitoring"}
	case "preserve_records":
		return []string{"records_preserved"}
	}
	return nil // trace, identify_holder and informational ask for no measure
}

func above(m *freeze.Money, most freeze.Money) bool {
	return m != nil && m.Currency == most.Currency && m.Amount.Cmp(most.Amount) > 0
}

func text(m freeze.Money) string { return string(m.Amount) + " " + m.Currency }

// amount compares the amount of a measure with the payments.
func (f *fitting) amount(m *freeze.Measure, followed bool) {
	if known := f.currencies(m, followed); !slices.Contains(known, m.Amount.Currency) {
		f.add("measure", m.MeasureID, "amount", text(*m.Amount), "is in none of the currencies of the payments and funds: "+strings.Join(known, ", "))
		return
	}
	credited := f.credited(m.Amount.Currency, followed)
	if credited != nil && above(m.Amount, *credited) {
		f.add("measure", m.MeasureID, "amount", text(*m.Amount), "is above "+text(*credited)+" that was credited")
	}
}

// currencies returns those in which a measure may be told.
func (f *fitting) currencies(m *freeze.Measure, followed bool) []string {
	var out []string
	for _, p := range f.asked.Request.Payments {
		out = append(out, p.Disputed.Currency)
		switch {
		case p.Credited != nil:
			out = append(out, p.Credited.Currency)
		case p.Settled != nil:
			out = append(out, p.Settled.Currency)
		}
	}
	for _, fund := range f.o.Funds {
		if f.strange(fund) == "" {
			out = append(out, fund.Money.Currency)
		}
	}
	if followed {
		for _, h := range f.o.Trail {
			out = append(out, arrived(h).Currency)
		}
	}
	if k := f.asked.Ask(m.AskID); len(out) == 0 || k != nil && k.Amount != nil && k.Amount.Currency == m.Amount.Currency {
		out = append(out, m.Amount.Currency)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func arrived(h freeze.Hop) freeze.Money {
	if h.Credited != nil {
		return *h.Credited
	}
	return h.Money
}

// credited returns what reached the accounts in a currency: what our request says, else
// what the funds of the payment sum to. It returns nil where neither tells all.
func (f *fitting) credited(currency string, followed bool) *freeze.Money {
	sum := freeze.Dec("0")
	add := func(m freeze.Money) {
		if m.Currency == currency {
			sum = sum.Add(m.Amount)
		}
	}
	for _, p := range f.asked.Request.Payments {
		if p.Credited != nil {
			add(*p.Credited)
			continue
		}
		if !slices.ContainsFunc(f.o.Funds, func(x freeze.Fund) bool { return x.ItemID == p.ItemID }) {
			return nil
		}
		add(freeze.Money{Amount: f.told(currency, p.ItemID), Currency: currency})
	}
	if sum.Zero() { // changed into another currency at the account
		sum = f.told(currency, "")
	}
	for _, h := range f.o.Trail {
		if followed {
			add(arrived(h))
		}
	}
	if sum.Zero() {
		return nil
	}
	return &freeze.Money{Amount: sum, Currency: currency}
}

// told sums the funds of an item, "" = of all, that reached the account.
func (f *fitting) told(currency, item string) freeze.Dec {
	sum := freeze.Dec("0")
	for _, x := range f.o.Funds {
		if x.Money.Currency == currency && x.Disposition != "not_credited" && (item == "" || x.ItemID == item) {
			sum = sum.Add(x.Money.Amount)
		}
	}
	return sum
}
