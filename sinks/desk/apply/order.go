package apply

import (
	"encoding/json"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// orderTerms lets orders of a measure add up that are for the same: ask, basis, amount
// and end.
func orderTerms(d caselog.OfficerData) string {
	if d.Fold < orderSince {
		return sameCode(d)
	}
	text, err := json.Marshal(struct {
		Code   string        `json:"code,omitempty"`
		About  string        `json:"about,omitempty"`
		Basis  string        `json:"basis,omitempty"`
		Amount *freeze.Money `json:"amount,omitempty"`
		Until  *freeze.Time  `json:"until,omitempty"`
	}{d.Code, d.About, d.Basis, d.Amount, d.Until})
	if err != nil {
		return d.Code
	}
	return string(text)
}

// forbidOrder says why a measure cannot be ordered now, or nothing. An amount is of the
// whole request, and no more than it.
func forbidOrder(states ...State) func(*Alert, caselog.OfficerData) string {
	return func(a *Alert, d caselog.OfficerData) string {
		if why := forbidIn(states...)(a, d); why != "" || d.Fold < orderSince || d.Amount == nil {
			return why
		}
		totals := a.Totals()
		switch {
		case len(totals) != 1:
			return "the request has not one currency: authorise all of it, or one ask, without an amount"
		case d.Amount.Currency != totals[0].Currency:
			return "amount is in " + d.Amount.Currency + ", the request in " + totals[0].Currency
		case d.Amount.Amount.Zero():
			return "amount is zero: refuse the request instead"
		case d.Amount.Amount.Cmp(totals[0].Disputed) > 0:
			return "amount is above the " + string(totals[0].Disputed) + " " + totals[0].Currency + " that the partner asks for"
		}
		return ""
	}
}

// order makes the terms of the hold what people ordered: an amount goes to the payments
// in their order until it is used up.
func (a *Alert) order(d caselog.OfficerData) {
	again := a.Terms != nil && a.Terms.Ordered
	if d.Fold < orderSince || d.Amount == nil && d.Until == nil && !again {
		return
	}
	t := a.needing()
	if again || d.Amount != nil {
		t.Amounts = nil // an earlier order
	}
	t.Ordered, t.Until = d.Amount != nil || d.Until != nil, d.Until
	if d.Amount == nil {
		return
	}
	t.Amounts = map[string]freeze.Money{}
	left := d.Amount.Amount
	for _, i := range a.Items {
		part := i.Amount.Amount
		if part.Cmp(left) > 0 {
			part = left
		}
		t.Amounts[i.ID] = freeze.Money{Amount: part, Currency: i.Amount.Currency}
		left, _ = left.Sub(part)
	}
}

// onTerms leaves of the orders those on the terms that decided.
func (a *Alert) onTerms(d caselog.OfficerData) {
	if d.Fold < orderSince {
		a.agreedOn(d)
		return
	}
	a.Approvals = slices.DeleteFunc(a.Approvals, func(p Approval) bool { return p.Act == d.Act && p.Terms != orderTerms(d)+"|"+d.TextMark })
}
