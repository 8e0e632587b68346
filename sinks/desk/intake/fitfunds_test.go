package intake_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// sums changes the sums that an outcome tells, which are those of its funds before.
func sums(change func(o *freeze.Outcome)) func(*freeze.Outcome, *freeze.Request) {
	return func(o *freeze.Outcome, _ *freeze.Request) {
		o.Amounts = freeze.AmountsOf(o.Funds)
		change(o)
	}
}

func sumCases() map[string]fitCase {
	euros := freeze.Amounts{Currency: "EUR", Credited: "1", Held: "1", Returned: "0", Onward: "0", Lost: "0", Unaccounted: "0"}
	return map[string]fitCase{
		"the sums":                    {sums(func(*freeze.Outcome) {}), nil},
		"the sums, written otherwise": {sums(func(o *freeze.Outcome) { o.Amounts[0].Held = "15500" }), nil},
		"less held": {sums(func(o *freeze.Outcome) { o.Amounts[0].Held, o.Amounts[0].Lost = "15498.00", "1002.00" }), []string{
			"amounts GBP: held 15498.00 is not 15500.00 that funds sum to", "amounts GBP: lost 1002.00 is not 1000.00 that funds sum to"}},
		"a currency without funds": {sums(func(o *freeze.Outcome) { o.Amounts = append(o.Amounts, euros) }), []string{"amounts EUR: are told, and no funds are in that currency"}},
		"another currency": {sums(func(o *freeze.Outcome) { o.Amounts[0] = euros }), []string{
			"amounts EUR: are told, and no funds are in that currency", "amounts GBP: are missing: 27500.00 that funds tell of"}},
		"told twice": {sums(func(o *freeze.Outcome) { o.Amounts = append(o.Amounts, o.Amounts[0]) }), []string{"amounts GBP: are told twice"}},

		"all in another currency": {sums(func(o *freeze.Outcome) {
			for i := range o.Funds {
				o.Funds[i].Money.Currency = "USD"
			}
			o.Trail[0].Money.Currency, o.Measures[0].Amount = "USD", &freeze.Money{Amount: "15500.00", Currency: "USD"}
			o.Amounts, o.Funds = freeze.AmountsOf(o.Funds[:2]), o.Funds[:2]
		}), []string{
			"measure M01: amount 15500.00 USD is in none of the currencies of the payments and funds: GBP",
			"item P01: funds 18000.00 USD are not in GBP, the currency in which it was credited"}},
		"changed at a rate": {sums(func(o *freeze.Outcome) {
			o.Funds = []freeze.Fund{{ItemID: "P01", Disposition: "held", Money: freeze.Money{Amount: "24000.00", Currency: "USD"}, FX: &freeze.FX{Rate: "1.33", From: "GBP", To: "USD"}}}
			o.Measures[0].Amount = &freeze.Money{Amount: "24000.00", Currency: "USD"}
			o.Amounts = freeze.AmountsOf(o.Funds)
		}), nil},
	}
}

// TestAmountsFitWhenTheyBalance holds the words against freeze.Balance, whatever is told.
func TestAmountsFitWhenTheyBalance(t *testing.T) {
	root := maker(t).Root
	rapid.Check(t, func(t *rapid.T) {
		o := &freeze.Outcome{}
		dec := func(label string) freeze.Dec {
			return rapid.SampledFrom([]freeze.Dec{"0", "0.00", "1", "1.0", "2"}).Draw(t, label)
		}
		ccy := func(label string) string { return rapid.SampledFrom([]string{"GBP", "EUR"}).Draw(t, label) }
		for range rapid.IntRange(0, 3).Draw(t, "funds") {
			to := rapid.SampledFrom([]string{"held", "returning", "returned", "moved_on", "fee", "not_credited", "unaccounted"}).Draw(t, "disposition")
			o.Funds = append(o.Funds, freeze.Fund{ItemID: "P01", Disposition: to, Money: freeze.Money{Amount: dec("money"), Currency: ccy("of")}})
		}
		if o.Amounts = freeze.AmountsOf(o.Funds); len(o.Amounts) > 0 && rapid.Bool().Draw(t, "changed") {
			o.Amounts[0].Held, o.Amounts[0].Currency = dec("held"), ccy("currency")
		}
		if rapid.Bool().Draw(t, "more") {
			o.Amounts = append(o.Amounts, freeze.Amounts{Currency: ccy("another"), Credited: "1", Held: dec("more held"), Returned: "0", Onward: "0", Lost: "0", Unaccounted: "0"})
		}
		if len(o.Amounts) == 0 {
			return // the schema refuses it with funds
		}
		misfits := intake.Misfits(root, o, intake.Asked{})
		if balances := freeze.Balance(o, nil) == nil; balances != (len(misfits) == 0) {
			t.Fatalf("balances %v, and %v does not fit", balances, misfits)
		}
		for _, m := range misfits {
			if m.Of != caselog.MisfitAmounts {
				t.Fatalf("%v is told of sums", m)
			}
		}
	})
}
