package policy

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy/profile"
)

// Gate says why a message cannot go out; see profile.Gate.
type Gate = profile.Gate

// gates returns the first gate of the agreement that fails, or nil.
func (b *Book) gates(party *Party, p *Profile, f Facts, asks []string) *Gate {
	if gate := b.mayAsk(party, p); gate != nil {
		return gate
	}
	if len(asks) == 0 {
		return &Gate{Field: "asks", Text: "the agreement with " + party.ID + " covers none of them: ask for something of " + strings.Join(party.Allowed(p.Asks), ", ") + ", or another party"}
	}
	if slices.Contains(asks, "suspend_account") {
		if reason, guarded := b.Guarded(f.Subject); guarded {
			return &Gate{Field: "asks", Text: "suspend_account is never asked for this account (" + reason + "): take it out and ask for " + instead(party, p)}
		}
	}
	if len(f.Payments) == 0 && slices.ContainsFunc(asks, isMeasure) {
		return &Gate{Field: "payments", Text: "needed for what is asked: add one, or ask only to trace"}
	}
	for _, check := range []func(*Party, *Profile, Facts, []string) *Gate{b.legalGates, paymentGates, b.sizeGate, partyGates} {
		if gate := check(party, p, f, asks); gate != nil {
			return gate
		}
	}
	return nil
}

// instead lists what may be asked for where an account is not to be suspended, what
// holds money first.
func instead(party *Party, p *Profile) string {
	allowed := slices.DeleteFunc(party.Allowed(p.Asks), func(ask string) bool { return ask == "suspend_account" })
	if slices.Contains(allowed, "hold_amount") {
		return "hold_amount"
	}
	return strings.Join(allowed, ", ")
}

// mayAsk reports whether we are among those who may send under the profile.
func (b *Book) mayAsk(party *Party, p *Profile) *Gate {
	if len(p.Senders) > 0 && b.Self.Kind != "" && !slices.Contains(p.Senders, b.Self.Kind) {
		return &Gate{Field: "sender.kind", Text: fmt.Sprintf("under %s only %v may ask: reroute to a party with another agreement", p.Name, p.Senders)}
	}
	if len(p.Members) > 0 && (!slices.Contains(p.Members, b.Self.Country) || !slices.Contains(p.Members, party.Country)) {
		return &Gate{Field: "sender.country", Text: p.Name + " is between its members only: reroute to a party with another agreement"}
	}
	return nil
}

func (b *Book) legalGates(party *Party, p *Profile, f Facts, asks []string) *Gate {
	g := p.Gate
	measure := slices.ContainsFunc(asks, stops)
	switch {
	case g.MLSuspicion != "" && !f.MLSuspicion:
		return &Gate{Field: "legal.ml_suspicion", Text: "an officer has to state the suspicion of money laundering, or choose a party without this need"}
	case g.Basis && measure && f.Basis == "" && party.Policy.Texts.RequesterBasis.Text == "":
		return &Gate{Field: "legal.requester_basis", Text: "the order's basis is missing: name it (edit), or put policy.texts.requester_basis of the bank into the config"}
	case slices.Contains(asks, "suspend_account") && f.Proportionality == "":
		return &Gate{Field: "legal.proportionality", Text: "needed under " + p.Regime + " for suspend_account: an officer writes why less would not do"}
	case p.Handling.Evaluation == "required" && (party.Policy.Handling.SourceEval == "" || party.Policy.Handling.InfoEval == ""):
		return &Gate{Field: "handling.source_eval", Text: "the 4x4 evaluation is required: put policy.handling.source_eval and info_eval into the config"}
	}
	return nil
}

func paymentGates(_ *Party, p *Profile, f Facts, asks []string) *Gate {
	g := p.Gate
	if g.PaymentRef && !slices.ContainsFunc(f.Payments, func(x freeze.Payment) bool {
		return x.Refs != freeze.Refs{} && x.Refs != freeze.Refs{MessageName: x.Refs.MessageName}
	}) {
		return &Gate{Field: "payments.refs", Text: "at least one payment with a reference is needed: add a UETR, transaction id or RRN"}
	}
	if g.ComplaintRef && len(f.ComplaintRefs) == 0 && !slices.ContainsFunc(f.Payments, func(x freeze.Payment) bool { return x.ComplaintRef != "" }) {
		return &Gate{Field: "case.complaint_refs", Text: "a complaint's reference is needed: wait for the victim's complaint, or add it"}
	}
	if g.OneVictim && victims(f.Payments) > 1 {
		return &Gate{Field: "payments", Text: "one request a victim: leave the payments of the others to requests of their own"}
	}
	for _, x := range f.Payments {
		if gate := paymentGate(g, f, x, asks); gate != nil {
			return gate
		}
	}
	return nil
}

func paymentGate(g profile.Gates, f Facts, x freeze.Payment, asks []string) *Gate {
	started := !slices.Contains([]string{"", "none", "instructed"}, x.Recall.State)
	switch {
	case g.Recall == "initiated" && !started:
		return &Gate{Field: "payments.recall", Text: "the recall of " + x.ItemID + " has to be initiated before: instruct the debtor's bank (recall)"}
	case g.Recall == "asked" && !started && x.Recall.State != "instructed" && !slices.Contains(asks, "recall"):
		return &Gate{Field: "payments.recall", Text: "the recall of " + x.ItemID + " has to be asked for: add the ask recall, or instruct the debtor's bank"}
	case g.International && x.Debtor.Servicer.Country == f.Subject.AccountCountry:
		return &Gate{Field: "payments.debtor.servicer.country", Text: x.ItemID + " did not cross a border: choose a domestic way"}
	case !g.MaxAge.Zero() && f.Supersedes == "" && f.Now.Sub(x.ExecutedAt.Time) > g.MaxAge.Span():
		return &Gate{Field: "payments.executed_at", Text: fmt.Sprintf("%s is older than %s: take it out, or reroute to another party", x.ItemID, g.MaxAge)}
	}
	return nil
}

// sizeGate compares what is disputed with the least sum of the agreement, in US
// dollars.
func (b *Book) sizeGate(_ *Party, p *Profile, f Facts, _ []string) *Gate {
	if p.Gate.MinUSD == "" || f.Supersedes != "" {
		return nil
	}
	sum := f.USD
	if sum == "" {
		var missing string
		if sum, missing = b.dollars(f.Payments); missing != "" {
			return &Gate{Field: "rate", Text: "no rate of " + missing + " to US dollars: put it into the file of rates"}
		}
	}
	if sum.Cmp(freeze.Dec(p.Gate.MinUSD)) < 0 {
		return &Gate{Field: "payments.disputed", Text: fmt.Sprintf("USD %s is below USD %s of %s: reroute to another party", sum, p.Gate.MinUSD, p.Name)}
	}
	return nil
}

// dollars sums what is disputed in US dollars, to cents; missing names a currency
// without a rate.
func (b *Book) dollars(payments []freeze.Payment) (sum freeze.Dec, missing string) {
	total := new(big.Rat)
	for _, x := range payments {
		amount, ok := new(big.Rat).SetString(string(x.Disputed.Amount))
		if !ok {
			return "", x.Disputed.Currency
		}
		if x.Disputed.Currency != "USD" {
			if b.settings.USD == nil {
				return "", x.Disputed.Currency
			}
			rate, ok := b.settings.USD(x.Disputed.Currency, x.ExecutedAt.Time)
			if !ok {
				return "", x.Disputed.Currency
			}
			amount.Mul(amount, rate)
		}
		total.Add(total, amount)
	}
	return freeze.Dec(total.FloatString(2)), ""
}

func partyGates(party *Party, p *Profile, f Facts, asks []string) *Gate {
	if p.Gate.OwnAccount && slices.ContainsFunc(asks, stops) && len(party.Servicers) > 0 && !party.keeps(f.Subject.Servicer) {
		return &Gate{Field: "subject.servicer", Text: party.ID + " does not keep this account: reroute to the bank that does"}
	}
	return nil
}

// Alternatives lists the other parties of the country whose agreements let the request
// out as it is, in order of preference.
func (b *Book) Alternatives(not *Party, f Facts) []string {
	var out []string
	for i := range b.parties {
		p := &b.parties[i]
		if p.ID == not.ID || p.Country != not.Country || p.Kind == "bank" || not.Kind == "bank" {
			continue
		}
		if _, _, err := b.make(p, f); err == nil {
			out = append(out, p.ID)
		}
	}
	return out
}

// isMeasure reports whether an ask stops or moves money.
func isMeasure(ask string) bool {
	return !slices.Contains([]string{"trace", "identify_holder", "preserve_records", "monitor", "informational"}, ask)
}

// victim names whose payment it is, "" = unknown.
func victim(x freeze.Payment) string {
	if x.Debtor.Account != nil {
		return x.Debtor.Account.Scheme + "/" + x.Debtor.Account.ID
	}
	return x.Debtor.Name
}

func victims(payments []freeze.Payment) int {
	seen := map[string]bool{}
	for _, x := range payments {
		if v := victim(x); v != "" {
			seen[v] = true
		}
	}
	return len(seen)
}

// shaped returns the payments without what the party may not know of their debtors:
// that they are others than the first one (victims: apart), or that they are customers
// of another bank.
func shaped(party *Party, p *Profile, payments []freeze.Payment) []freeze.Payment {
	out := slices.Clone(payments)
	for i := range out {
		d := &out[i].Debtor
		foreign := p.Victims == "own" && !party.keeps(d.Servicer)
		other := p.Victims == "apart" && i > 0 && victim(out[i]) != victim(payments[0])
		if foreign || other {
			d.Account, d.Name, d.Location = nil, "", ""
		}
	}
	return out
}

// CheckAnswer returns the member that an answer of ours to the party lacks under its
// agreement, as a *Gate, or nil.
func (p *Party) CheckAnswer(o *freeze.Outcome) error {
	agreed, err := p.Profile()
	if err != nil {
		return err
	}
	if o.Refusal != nil && slices.Contains(agreed.Answer.Needs, "refusal.legal_ground") && o.Refusal.LegalGround == "" {
		return &Gate{Field: "refusal.legal_ground", Text: "required under " + agreed.Name + ": say on which ground of law"}
	}
	return nil
}

// Period returns the default end of a measure that answers an ask of the party, when it
// is in force from then on; the error says that the agreement names none.
func (b *Book) Period(party, ask string, from time.Time) (time.Time, error) {
	p := b.Party(party)
	if p == nil {
		return time.Time{}, fmt.Errorf("period of %s: unknown party", party)
	}
	agreed, err := p.Profile()
	if err != nil {
		return time.Time{}, err
	}
	term := agreed.MeasurePeriod[ask]
	if term.Zero() {
		return time.Time{}, fmt.Errorf("%s names no period for %s: whoever orders the measure states it", agreed.Name, ask)
	}
	return term.End(from, b.days.Of(b.Self.Country), b.hours("")), nil
}
