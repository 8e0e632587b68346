package answer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/recall"
)

// Fact is what an answer says about one payment of a request.
type Fact struct {
	ItemID string
	// State is the state that the recall takes on (freeze.Recall), empty where
	// people must look first.
	State string
	Class recall.Class
	// Codes are the status and the reasons as the bank gave them.
	Codes []string
	// Accepted is the amount that the answer is about, where it is given.
	Accepted *freeze.Money
	// Refusal goes with state rejected. Pending goes with states pending and
	// forwarded, without Until, which is the desk's to set (T8).
	Refusal *freeze.Refusal
	Pending *freeze.Pending
	// Return goes with a pacs.004. Difference says why it has no state: short,
	// excess or currency.
	Return       *freeze.Return
	Difference   string
	Compensation *freeze.Money
	// Next is the bank that the case was passed to.
	Next Bank
}

// Stray is an entry of an answer that names no payment of the request, or more
// than one.
type Stray struct {
	ID   string
	Refs freeze.Refs
	Text string
}

// Facts finds the payments of r that the answer is about. What finds none is a
// stray: it is kept, and people look at it (FREEZE 1.5).
func (a *Answer) Facts(r *freeze.Request) ([]Fact, []Stray) {
	var facts []Fact
	var strays []Stray
	for _, s := range a.Statuses {
		found, stray := a.find(r, s.ID, s.Refs, s.Whole, s.Settled)
		if stray != nil {
			strays = append(strays, *stray)
		}
		for _, p := range found {
			facts = append(facts, a.statusFact(p, s))
		}
	}
	for _, ret := range a.Returns {
		found, stray := a.find(r, ret.ID, ret.Refs, ret.Whole, ret.Settled)
		if stray == nil && len(found) > 1 {
			stray = &Stray{ret.ID, ret.Refs, fmt.Sprintf("gives %d payments back in one sum", len(found))}
			found = nil
		}
		if stray != nil {
			strays = append(strays, *stray)
		}
		for _, p := range found {
			facts = append(facts, a.returnFact(p, ret))
		}
	}
	return facts, strays
}

// find returns the payments that an entry is about.
func (a *Answer) find(r *freeze.Request, id string, refs freeze.Refs, whole bool, settled *freeze.Money) ([]*freeze.Payment, *Stray) {
	if whole {
		return a.findAll(r, id, refs)
	}
	for _, key := range keys() {
		want := key(refs)
		if want == "" || want == "NOTPROVIDED" {
			continue
		}
		found := with(r, func(p *freeze.Payment) bool {
			return key(p.Refs) == want && (settled == nil || p.Settled == nil || same(*settled, *p.Settled))
		})
		if len(found) == 1 {
			return found, nil
		}
		if len(found) > 1 {
			return nil, &Stray{id, refs, fmt.Sprintf("fits %d payments", len(found))}
		}
	}
	return nil, &Stray{id, refs, "fits no payment"}
}

// findAll returns the payments of the case or the message that an entry names,
// without those that nobody was asked about.
func (a *Answer) findAll(r *freeze.Request, id string, refs freeze.Refs) ([]*freeze.Payment, *Stray) {
	all := with(r, func(p *freeze.Payment) bool {
		if p.Recall.State == "none" {
			return false
		}
		message := refs.MessageID
		return a.CaseID == r.AlertID || message != "" && (message == p.Refs.MessageID || message == p.Recall.Camt056ID || message == r.MessageID)
	})
	if len(all) == 0 {
		return nil, &Stray{id, refs, "names neither a payment nor the case"}
	}
	return all, nil
}

func with(r *freeze.Request, fits func(*freeze.Payment) bool) []*freeze.Payment {
	var out []*freeze.Payment
	for i := range r.Payments {
		if fits(&r.Payments[i]) {
			out = append(out, &r.Payments[i])
		}
	}
	return out
}

// keys are the references by which a payment is found, the best first.
func keys() []func(freeze.Refs) string {
	return []func(freeze.Refs) string{
		func(r freeze.Refs) string { return r.UETR },
		func(r freeze.Refs) string { return r.TransactionID },
		func(r freeze.Refs) string { return r.EndToEndID },
		func(r freeze.Refs) string { return r.InstructionID },
		func(r freeze.Refs) string { return r.ClearingRef },
	}
}

func same(a, b freeze.Money) bool {
	return a.Currency == b.Currency && a.Amount.Cmp(b.Amount) == 0
}

func (a *Answer) statusFact(p *freeze.Payment, s Status) Fact {
	if s.Settled == nil {
		s.Settled = p.Settled
	}
	if less(&p.Disputed, s.Settled) {
		s.Settled = &p.Disputed // no more was asked back
	}
	f := Fact{ItemID: p.ItemID, Accepted: s.Resolved, Next: s.Next}
	f.State, f.Class = stateOf(a.Confirmation, s)
	for _, code := range append([]string{s.Code, a.Confirmation}, codes(s.Reasons)...) {
		if code != "" && !slices.Contains(f.Codes, code) {
			f.Codes = append(f.Codes, code)
		}
	}
	switch f.State {
	case "rejected":
		f.Refusal = refusal(a, s, f.Class)
	case "pending", "forwarded":
		why := firstOf(s.Reasons, recall.Pending)
		f.Pending = &freeze.Pending{ISO: why.Code, Why: words(why, "the bank waits for an answer")}
	}
	return f
}

func refusal(a *Answer, s Status, class recall.Class) *freeze.Refusal {
	why := firstOf(s.Reasons, class)
	iso := why.Code
	if iso == "" && class == recall.NotApplied {
		iso = a.Confirmation
	}
	otherwise := "rejected without a reason"
	if class == recall.NotApplied {
		otherwise = "the bank could not apply the request"
	}
	r := &freeze.Refusal{ISO: iso, Text: words(why, otherwise)}
	r.Code, r.Cure = recall.RefusalOf(iso)
	return r
}

func codes(reasons []Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.Code+r.Own)
	}
	return out
}

// words returns the texts of a reason, at most 500 characters.
func words(r Reason, otherwise string) string {
	text := strings.TrimSpace(strings.Join(append([]string{r.Own}, r.Texts...), " "))
	if text == "" {
		text = r.Code
	}
	if text == "" {
		return otherwise
	}
	if all := []rune(text); len(all) > 500 {
		text = string(all[:499]) + "…"
	}
	return text
}

func (a *Answer) returnFact(p *freeze.Payment, r Returned) Fact {
	why := firstOf(r.Reasons)
	iso := why.Code
	if iso == "" {
		iso = "NARR" // the schema of a return wants a code, and this one means text
	}
	f := Fact{ItemID: p.ItemID, Class: recall.Done, Codes: codes(r.Reasons), Compensation: r.Compensation, Return: &freeze.Return{
		ItemID: p.ItemID, Money: r.Money, ValueDate: r.Date, ReasonISO: iso,
		Refs: freeze.Refs{UETR: p.Refs.UETR, TransactionID: r.ID, ClearingRef: r.ClearingRef, MessageID: a.ID, MessageName: a.Name},
	}}
	if r.Date == "" {
		f.Return.ValueDate = freeze.Date(a.At.Format("2006-01-02"))
	}
	for _, c := range r.Charges {
		if c.Currency != r.Money.Currency {
			continue
		}
		if f.Return.Costs == nil {
			f.Return.Costs = &freeze.Money{Amount: "0", Currency: c.Currency}
		}
		f.Return.Costs.Amount = f.Return.Costs.Amount.Add(c.Amount)
	}
	if f.Difference = difference(p, f.Return); f.Difference == "" {
		f.State = "returned"
	}
	return f
}

// difference compares what came back with what was settled or disputed, with and
// without the charges; empty means that it is whole.
func difference(p *freeze.Payment, r *freeze.Return) string {
	with := r.Money
	if r.Costs != nil {
		with.Amount = with.Amount.Add(r.Costs.Amount)
	}
	want := p.Disputed
	if p.Settled != nil {
		want = *p.Settled
	}
	switch {
	case same(with, want), same(r.Money, want), same(with, p.Disputed), same(r.Money, p.Disputed):
		return ""
	case r.Money.Currency != want.Currency:
		return "currency"
	case with.Amount.Cmp(want.Amount) < 0:
		return "short"
	}
	return "excess"
}

// Decision sums facts up in the word of an outcome on the recall leg: granted,
// partly, refused, pending or, without any state, the empty string. A fact
// without a state is never one that grants.
func Decision(facts []Fact) string {
	yes, no, open, unclear := 0, 0, 0, 0
	for _, f := range facts {
		switch f.State {
		case "accepted", "returned":
			yes++
		case "partly_accepted":
			yes, no = yes+1, no+1
		case "rejected":
			no++
		case "pending", "forwarded":
			open++
		default:
			unclear++
		}
	}
	switch {
	case yes > 0 && no+open+unclear == 0:
		return "granted"
	case yes > 0:
		return "partly"
	case open > 0:
		return "pending"
	case no > 0 && unclear == 0:
		return "refused"
	}
	return ""
}
