package intake

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// amounts compares the sums that the outcome tells with those of its funds, which are
// what counts (FREEZE 2.3). It finds something whenever freeze.Balance does, unless no
// sums are told at all.
func (f *fitting) amounts() {
	if len(f.o.Amounts) == 0 {
		return
	}
	sums, seen := freeze.AmountsOf(f.o.Funds), map[string]bool{}
	for _, told := range f.o.Amounts {
		if seen[told.Currency] {
			f.add(caselog.MisfitAmounts, told.Currency, "", "", "are told twice")
			continue
		}
		seen[told.Currency] = true
		i := slices.IndexFunc(sums, func(a freeze.Amounts) bool { return a.Currency == told.Currency })
		if i < 0 {
			f.add(caselog.MisfitAmounts, told.Currency, "", "", "are told, and no funds are in that currency")
			continue
		}
		f.sums(told, sums[i])
	}
	for _, sum := range sums {
		if !seen[sum.Currency] {
			f.add(caselog.MisfitAmounts, sum.Currency, "", "", "are missing: "+string(sum.Credited)+" that funds tell of")
		}
	}
}

// sums compares what is told of one currency with what its funds sum to.
func (f *fitting) sums(told, sum freeze.Amounts) {
	for _, x := range []struct {
		name     string
		says, is freeze.Dec
	}{
		{"credited", told.Credited, sum.Credited},
		{"held", told.Held, sum.Held},
		{"returned", told.Returned, sum.Returned},
		{"onward", told.Onward, sum.Onward},
		{"lost", told.Lost, sum.Lost},
		{"unaccounted", told.Unaccounted, sum.Unaccounted},
	} {
		if x.says.Cmp(x.is) != 0 {
			f.add(caselog.MisfitAmounts, told.Currency, x.name, string(x.says), "is not "+string(x.is)+" that funds sum to")
		}
	}
}

// funds compares moments and currencies of the funds.
func (f *fitting) funds() {
	told := map[[2]string]bool{}
	for _, fund := range f.o.Funds {
		if fund.At != nil && f.ahead(*fund.At) {
			f.add("item", fund.ItemID, "funds.at", fund.At.String(), f.afterAsOf())
		}
		key := [2]string{fund.ItemID, fund.Money.Currency}
		if credited := f.strange(fund); credited != "" && !told[key] {
			told[key] = true
			sum := freeze.Money{Amount: f.told(fund.Money.Currency, fund.ItemID), Currency: fund.Money.Currency}
			f.add("item", fund.ItemID, caselog.MisfitFunds, text(sum), "are not in "+credited+", the currency in which it was credited")
		}
	}
}

// strange returns the currency in which our request says that a payment was credited,
// where a fund of it is in another one and tells no rate; else nothing.
func (f *fitting) strange(fund freeze.Fund) string {
	if f.asked.Request == nil || fund.FX != nil || fund.Disposition == "not_credited" {
		return ""
	}
	for _, p := range f.asked.Request.Payments {
		if p.ItemID == fund.ItemID && p.Credited != nil && p.Credited.Currency != fund.Money.Currency {
			return p.Credited.Currency
		}
	}
	return ""
}
