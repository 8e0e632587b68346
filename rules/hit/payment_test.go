package hit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
)

// TestNames expects two reports of one payment to share a name, and those of two
// payments none.
func TestNames(t *testing.T) {
	day := time.Date(2026, 3, 2, 23, 59, 0, 0, time.UTC).UnixMilli()
	pay := func(change func(*hit.Payment)) *hit.Payment {
		p := &hit.Payment{ExecutedAt: day, Debtor: hit.Subject{BIC: "HWBAGB2LXXX"}}
		change(p)
		return p
	}
	for name, c := range map[string]struct {
		a, b func(*hit.Payment)
		same bool
	}{
		"one uetr, other keys": {func(p *hit.Payment) { p.Key, p.Refs.UETR = "a", "u" }, func(p *hit.Payment) { p.Key, p.Refs.UETR = "b", "u" }, true},
		"one transaction id, branches of a bank": {func(p *hit.Payment) { p.Refs.TransactionID = "7" },
			func(p *hit.Payment) { p.Refs.TransactionID, p.Debtor.BIC = "7", "HWBAGB2L" }, true},
		"on two days":                  {func(p *hit.Payment) { p.Refs.TransactionID = "7" }, func(p *hit.Payment) { p.Refs.TransactionID, p.ExecutedAt = "7", day+120_000 }, false},
		"settled on one day":           {func(p *hit.Payment) { p.Refs.EndToEndID = "7" }, func(p *hit.Payment) { p.Refs.EndToEndID, p.ExecutedAt, p.SettledOn = "7", day+120_000, "2026-03-02" }, true},
		"one rrn at two banks":         {func(p *hit.Payment) { p.Refs.RRN = "7" }, func(p *hit.Payment) { p.Refs.RRN, p.Debtor.BIC = "7", "HWBBGB2L" }, false},
		"an rrn and a utr":             {func(p *hit.Payment) { p.Refs.RRN = "7" }, func(p *hit.Payment) { p.Refs.UTR = "7" }, false},
		"ids that read alike together": {func(p *hit.Payment) { p.Refs.RRN, p.Debtor.BIC = "7", "AB" }, func(p *hit.Payment) { p.Refs.RRN, p.Debtor.BIC = "B7", "A" }, false},
		"nothing":                      {func(*hit.Payment) {}, func(*hit.Payment) {}, false},
	} {
		a, b := pay(c.a).Names(), pay(c.b).Names()
		if same := slices.ContainsFunc(a, func(n string) bool { return slices.Contains(b, n) }); same != c.same {
			t.Errorf("%s: %q and %q", name, a, b)
		}
	}
}
