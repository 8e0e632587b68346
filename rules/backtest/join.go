package backtest

import (
	"cmp"
	"maps"
	"slices"

	"github.com/haltwire/haltwire/pipeline/decimal"
)

// alert is one episode of a subject and a party.
type alert struct {
	party    int32
	opened   int64
	payments map[int32]bool  // roots
	rules    map[int32]int64 // rule → its first hit
}

// join puts the hits of s into alerts, in the order in which they open.
func (s *Standing) join() []*alert {
	type key struct{ party, subject int32 }
	episodes := map[key][]*alert{}
	var all []*alert
	for i := range s.strikes {
		h := &s.strikes[i]
		if h.excepted {
			continue
		}
		for _, a := range h.announces {
			k := key{a.party, a.subject}
			e := s.home(episodes[k], h.at, a.paid)
			if e == nil {
				e = &alert{party: a.party, opened: h.at, payments: map[int32]bool{}, rules: map[int32]int64{}}
				episodes[k] = append(episodes[k], e)
				all = append(all, e)
			}
			for _, p := range a.paid {
				e.payments[s.payments.root(p.payment)] = true
			}
			if _, known := e.rules[h.rule]; !known {
				e.rules[h.rule] = h.at
			}
		}
	}
	return all
}

// home returns the episode that a hit joins, nil for none: one that knows its
// payments, else the last while it is open.
func (s *Standing) home(episodes []*alert, at int64, payments []paid) *alert {
	for _, e := range episodes {
		if len(payments) > 0 && !slices.ContainsFunc(payments, func(p paid) bool { return !e.payments[s.payments.root(p.payment)] }) {
			return e
		}
	}
	if n := len(episodes); n > 0 && at-episodes[n-1].opened <= s.options.episode() {
		return episodes[n-1]
	}
	return nil
}

// money adds up what a rule's hits say of payments.
type money map[int32]statement // root → what counts

// statement is the last word about a payment.
type statement struct {
	paid
	reporter, report string
}

func (m money) add(root int32, s statement) {
	old, ok := m[root]
	if !ok || cmp.Or(cmp.Compare(old.reported, s.reported), cmp.Compare(old.reporter, s.reporter), cmp.Compare(old.report, s.report)) < 0 {
		m[root] = s
	}
}

// amounts returns the sums by currency. A sum that no decimal can hold is left out.
func (m money) amounts() []Amount {
	sums := map[string]*Amount{}
	var overflow []string
	for _, s := range m {
		if s.amount == nil {
			continue
		}
		a := sums[s.amount.Currency]
		if a == nil {
			a = &Amount{Currency: s.amount.Currency}
			sums[a.Currency] = a
		}
		var ok bool
		if a.Amount.D, ok = a.Amount.Add(s.amount.Amount); !ok {
			overflow = append(overflow, a.Currency)
		}
		a.Payments++
	}
	for _, c := range overflow {
		delete(sums, c)
	}
	out := []Amount{}
	for _, c := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, *sums[c])
	}
	return out
}

// Sum is an amount of money as it is written for people and machines: with two
// digits after the point, or more where there are more.
type Sum struct{ decimal.D }

// MarshalText implements encoding.TextMarshaler.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.Fixed(2)), nil }

// String returns the amount.
func (s Sum) String() string { return s.Fixed(2) }
