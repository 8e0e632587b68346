package desk

import (
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// mistyped is what an officer who typed a document in is told to do.
const mistyped = ": compare with the document; if it says so, ask the partner before you take it in"

// ahead is how far the clock of whoever wrote a document may be before ours.
const ahead = 5 * time.Minute

// plausible says what of a request that was typed in cannot be right: a word of a
// partner from the wire is recorded whatever it says, but this one can be typed in
// rightly.
func plausible(r *freeze.Request, now time.Time) error {
	sums := map[string]freeze.Dec{}
	for i, p := range r.Payments {
		where := fmt.Sprintf("payments[%d].", i)
		if p.ExecutedAt.After(now.Add(ahead)) {
			return fmt.Errorf("%w: %sexecuted_at: %s lies in the future%s", ErrRefused, where, p.ExecutedAt, mistyped)
		}
		names := []string{"disputed", "credited", "settled", "instructed"}
		for n, m := range []*freeze.Money{&p.Disputed, p.Credited, p.Settled, p.Instructed} {
			if m != nil && noCurrency(m.Currency) {
				return fmt.Errorf("%w: %s%s.currency: %s is no currency%s", ErrRefused, where, names[n], m.Currency, mistyped)
			}
		}
		sums[p.Disputed.Currency] = sums[p.Disputed.Currency].Add(p.Disputed.Amount)
	}
	for i, k := range r.Asks {
		if k.Amount == nil {
			continue
		}
		where, sum := fmt.Sprintf("asks[%d].amount", i), sums[k.Amount.Currency]
		switch {
		case noCurrency(k.Amount.Currency):
			return fmt.Errorf("%w: %s.currency: %s is no currency%s", ErrRefused, where, k.Amount.Currency, mistyped)
		case sum != "" && k.Amount.Amount.Cmp(sum) > 0:
			return fmt.Errorf("%w: %s: %s %s is above %s that is disputed%s", ErrRefused, where, k.Amount.Amount, k.Amount.Currency, sum, mistyped)
		}
	}
	return nil
}

// noCurrency reports whether a code of ISO 4217 stands for no currency, or for tests.
func noCurrency(code string) bool { return slices.Contains([]string{"XXX", "XTS"}, code) }
