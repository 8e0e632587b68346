package apply_test

import (
	"fmt"
	"testing"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

func cash(amount, currency string) freeze.Money {
	return freeze.Money{Amount: freeze.Dec(amount), Currency: currency}
}

func fund(item, disposition, amount, currency string) freeze.Fund {
	return freeze.Fund{ItemID: item, Disposition: disposition, Money: cash(amount, currency)}
}

// chained is the money of the contract's scenario: two payments to A of which a part
// moved on to C, one to B.
func chained() (a, b, c *apply.Alert) {
	arrived := cash("52000.00", "AED")
	hop := &apply.Hop{HopMark: caselog.HopMark{ItemID: "A1-N01", ParentItems: []string{"A1-P01", "A1-P02"}, Money: cash("11000.00", "GBP"), Credited: &arrived}, Child: "C1"}
	a = &apply.Alert{ID: "A1", Trail: []*apply.Hop{hop}, OutcomeID: "A1-A001", Outcome: &caselog.OutcomeMark{Balanced: true, Funds: []freeze.Fund{
		fund("A1-P01", "held", "15500.00", "GBP"), fund("A1-P01", "moved_on", "2500.00", "GBP"),
		fund("A1-P02", "moved_on", "8500.00", "GBP"), fund("A1-P02", "withdrawn_cash", "1000.00", "GBP"),
	}}}
	b = &apply.Alert{ID: "B1", Outcome: &caselog.OutcomeMark{Balanced: true, Funds: []freeze.Fund{fund("B1-P01", "returned", "12000.00", "GBP")}}}
	c = &apply.Alert{ID: "C1", Items: []*apply.Item{{ID: "C1-P01", Facts: []*apply.Fact{{Parent: "A1", Item: "A1-N01"}}}}, Outcome: &caselog.OutcomeMark{Balanced: true, Funds: []freeze.Fund{
		fund("C1-P01", "held", "51400.00", "AED"), fund("C1-P01", "fee", "600.00", "AED"),
	}}}
	return a, b, c
}

func TestMoneyOfTheScenarioAddsUp(t *testing.T) {
	a, b, c := chained()
	child := func(h *apply.Hop) *apply.Alert {
		if h.Child == c.ID {
			return c
		}
		return nil
	}
	first, second := apply.ChainOf(a, child), apply.ChainOf(b, child)
	if !first.Balanced() || !second.Balanced() {
		t.Errorf("does not add up: %v %v", first.Wrong, second.Wrong)
	}
	want := "[{AED 52000.00 51400.00 0 0 600.00 0} {GBP 27500.00 15500.00 0 11000.00 1000.00 0}]"
	if got := fmt.Sprint(first.Totals()); got != want {
		t.Errorf("A %s, want %s", got, want)
	}
	if got := fmt.Sprint(second.Totals()); got != "[{GBP 12000.00 0 12000.00 0 0 0}]" {
		t.Errorf("B %s", got)
	}
	for _, s := range append(first.Totals(), second.Totals()...) {
		sum := s.Held.Add(s.Returned).Add(s.Onward).Add(s.Lost).Add(s.Unaccounted)
		if sum.Cmp(s.Credited) != 0 {
			t.Errorf("%s: credited %s, told of %s", s.Currency, s.Credited, sum)
		}
	}
}

func TestMoneyThatDoesNotAddUpIsNamed(t *testing.T) {
	for name, x := range map[string]struct {
		change func(a, c *apply.Alert)
		want   string
	}{
		"an outcome that does not balance": {func(a, _ *apply.Alert) { a.Outcome.Balanced = false }, "amounts: A1-A001"},
		"a cent less on the trail":         {func(a, _ *apply.Alert) { a.Trail[0].Money = cash("10999.99", "GBP") }, "moved_on: A1-P01"},
		"a hop that is no more":            {func(a, _ *apply.Alert) { a.Trail[0].Gone = true }, "moved_on: A1-P01"},
		"a cent less arrived":              {func(_, c *apply.Alert) { c.Outcome.Funds[1] = fund("C1-P01", "fee", "599.99", "AED") }, "credited: C1-P01"},
	} {
		a, _, c := chained()
		x.change(a, c)
		chain := apply.ChainOf(a, func(*apply.Hop) *apply.Alert { return c })
		all := chain.Wrong
		for _, f := range chain.Follows {
			all = append(all, f.Wrong...)
		}
		if chain.Balanced() || len(all) == 0 || all[0] != x.want {
			t.Errorf("%s: %v", name, all)
		}
	}
}

// TestMoneyThatComesBackEndsTheChain lets the money go in a circle.
func TestMoneyThatComesBackEndsTheChain(t *testing.T) {
	a, _, _ := chained()
	chain := apply.ChainOf(a, func(*apply.Hop) *apply.Alert { return a })
	if len(chain.Follows) != 1 || len(chain.Follows[0].Follows) != 0 || len(chain.Follows[0].Amounts) != 0 {
		t.Errorf("chain %+v", chain)
	}
}
