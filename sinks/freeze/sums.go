package freeze

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
)

// TotalsOf recomputes the totals of a request: disputed amounts by currency, in
// the order of the currency codes. It returns an empty list, not nil, without
// payments.
func TotalsOf(payments []Payment) []Total {
	by := map[string]Total{}
	for _, p := range payments {
		t, ok := by[p.Disputed.Currency]
		if !ok {
			t = Total{Currency: p.Disputed.Currency, Disputed: "0"}
		}
		t.Payments++
		t.Disputed = t.Disputed.Add(p.Disputed.Amount)
		by[t.Currency] = t
	}
	out := make([]Total, 0, len(by))
	for _, t := range by {
		out = append(out, t)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Currency < out[j].Currency })
	return out
}

// sameTotals reports whether two lists say the same by value, in any order.
func sameTotals(a, b []Total) bool {
	if len(a) != len(b) {
		return false
	}
	for _, x := range a {
		if !slices.ContainsFunc(b, func(y Total) bool {
			return x.Currency == y.Currency && x.Payments == y.Payments && x.Disputed.Cmp(y.Disputed) == 0
		}) {
			return false
		}
	}
	return true
}

// AmountsOf recomputes the amounts of an outcome from its funds, in the order
// of the currency codes. held counts held and returning (not yet back);
// returned counts returned; onward moved_on; unaccounted unaccounted; lost all
// other dispositions. Money that was not_credited counts nowhere: it never
// reached the account.
func AmountsOf(funds []Fund) []Amounts {
	by := map[string]*Amounts{}
	for _, f := range funds {
		a := by[f.Money.Currency]
		if a == nil {
			a = &Amounts{f.Money.Currency, "0", "0", "0", "0", "0", "0"}
			by[f.Money.Currency] = a
		}
		a.add(f)
	}
	out := make([]Amounts, 0, len(by))
	for _, a := range by {
		out = append(out, *a)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Currency < out[j].Currency })
	return out
}

func (a *Amounts) add(f Fund) {
	to := &a.Lost
	switch f.Disposition {
	case "not_credited":
		return
	case "held", "returning":
		to = &a.Held
	case "returned":
		to = &a.Returned
	case "moved_on":
		to = &a.Onward
	case "unaccounted":
		to = &a.Unaccounted
	}
	*to = to.Add(f.Money.Amount)
	a.Credited = a.Credited.Add(f.Money.Amount)
}

func (a Amounts) same(b Amounts) bool {
	return a.Currency == b.Currency && a.Credited.Cmp(b.Credited) == 0 && a.Held.Cmp(b.Held) == 0 &&
		a.Returned.Cmp(b.Returned) == 0 && a.Onward.Cmp(b.Onward) == 0 &&
		a.Lost.Cmp(b.Lost) == 0 && a.Unaccounted.Cmp(b.Unaccounted) == 0
}

// Balance checks that an outcome's amounts are the sums of its funds and, for
// every payment whose credited amount is known, that the funds of the item sum
// to it (not_credited left out). payments may be nil; then only the amounts are
// checked. The error is an *Invalid with every difference.
//
// Validate does not call it: a partner's word that does not balance is still
// recorded, and raises a task. We never send one that does not.
func Balance(o *Outcome, payments []Payment) error {
	problems := amountProblems(o)
	for _, m := range mismatches(o.Funds, payments) {
		problems = append(problems, Problem{CodeSchema, "funds", fmt.Sprintf("item %s: funds sum to %s %s, credited are %s",
			m.item, m.sum, m.credited.Currency, m.credited.Amount)})
	}
	if len(problems) > 0 {
		return &Invalid{Problems: problems}
	}
	return nil
}

func amountProblems(o *Outcome) []Problem {
	var out []Problem
	want := AmountsOf(o.Funds)
	for _, w := range want {
		if !slices.ContainsFunc(o.Amounts, w.same) {
			out = append(out, Problem{CodeSchema, "amounts", fmt.Sprintf("funds in %s sum to credited %s, held %s, returned %s, onward %s, lost %s, unaccounted %s",
				w.Currency, w.Credited, w.Held, w.Returned, w.Onward, w.Lost, w.Unaccounted)})
		}
	}
	if len(o.Amounts) > len(want) {
		out = append(out, Problem{CodeSchema, "amounts", fmt.Sprintf("%d currencies, the funds have %d", len(o.Amounts), len(want))})
	}
	return out
}

// Lifted returns what funds say once nothing of them is held any more: nobody
// accounts for that money from then on.
func Lifted(funds []Fund) []Fund {
	out := slices.Clone(funds)
	for i := range out {
		if out[i].Disposition == "held" {
			out[i].Disposition = "unaccounted"
		}
	}
	return out
}

// Mismatched returns the items whose funds do not sum to what the payments say
// was credited, in the order of the payments. See Balance.
func Mismatched(funds []Fund, payments []Payment) []string {
	var out []string
	for _, m := range mismatches(funds, payments) {
		out = append(out, m.item)
	}
	return out
}

type mismatch struct {
	item     string
	sum      Dec
	credited Money
}

func mismatches(funds []Fund, payments []Payment) []mismatch {
	sums := map[[2]string]Dec{}
	items := map[string]bool{}
	for _, f := range funds {
		items[f.ItemID] = true
		if f.Disposition == "not_credited" {
			continue
		}
		key := [2]string{f.ItemID, f.Money.Currency}
		sums[key] = sums[key].Add(f.Money.Amount)
	}
	var out []mismatch
	for _, p := range payments {
		if p.Credited == nil || !items[p.ItemID] {
			continue
		}
		if got := sums[[2]string{p.ItemID, p.Credited.Currency}]; got.Cmp(p.Credited.Amount) != 0 {
			out = append(out, mismatch{p.ItemID, got, *p.Credited})
		}
	}
	return out
}

// ContentDigest returns what approvals sign, lower-case hexadecimal SHA-256
// over "haltwire.freeze/1 content\n" and the JSON text, with sorted member
// names, of recipient (party_id, kind, country), subject, asks, payments,
// totals, legal and handling. What changes without changing the request is left
// out of payments: recall, complaint_ref, reported_at.
func ContentDigest(r *Request) (string, error) {
	payments := make([]Payment, len(r.Payments))
	for i, p := range r.Payments {
		p.Recall, p.ComplaintRef, p.ReportedAt = Recall{}, "", Time{}
		payments[i] = p
	}
	text, err := sorted(map[string]any{
		"recipient": map[string]string{"party_id": r.Recipient.PartyID, "kind": r.Recipient.Kind, "country": r.Recipient.Country},
		"subject":   r.Subject, "asks": r.Asks, "payments": payments,
		"totals": TotalsOf(r.Payments), "legal": r.Legal, "handling": r.Handling,
	})
	if err != nil {
		return "", fmt.Errorf("digest content: %w", err)
	}
	sum := sha256.Sum256(append([]byte("haltwire.freeze/1 content\n"), text...))
	return hex.EncodeToString(sum[:]), nil
}

// sorted writes v with the member names of all objects in order.
func sorted(v any) ([]byte, error) {
	text, err := marshal(v)
	if err != nil {
		return nil, err
	}
	var generic any
	if err := json.Unmarshal(text, &generic); err != nil {
		return nil, err
	}
	return marshal(generic)
}
