package draft

import (
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestMeasureOfOthersIsNotTheirs holds that a partner hears of the bank's measure what is
// held of its own payments, and not what others hold at the same account.
func TestMeasureOfOthersIsNotTheirs(t *testing.T) {
	gbp := func(amount string) freeze.Money { return freeze.Money{Amount: freeze.Dec(amount), Currency: "GBP"} }
	fund := func(disposition, amount string) freeze.Fund {
		return freeze.Fund{ItemID: "P01", Disposition: disposition, Money: gbp(amount)}
	}
	for name, c := range map[string]struct {
		state     string
		funds     []freeze.Fund
		wantState string
		want      string
	}{
		"all is held":       {"in_force", []freeze.Fund{fund("held", "40.00")}, "in_force", "40.00"},
		"a part is held":    {"in_force", []freeze.Fund{fund("held", "15.00"), fund("moved_on", "25.00")}, "in_force", "15.00"},
		"all has moved on":  {"in_force", []freeze.Fund{fund("moved_on", "40.00")}, "lifted", "0"},
		"extended, no more": {"extended", []freeze.Fund{fund("withdrawn_cash", "40.00")}, "lifted", "0"},
		"ended before":      {"ended", []freeze.Fund{fund("returned", "40.00")}, "ended", "100.00"},
		"funds not said":    {"in_force", nil, "in_force", "100.00"},
		"two currencies": {
			"in_force", []freeze.Fund{fund("held", "1.00"), {ItemID: "P02", Disposition: "held", Money: freeze.Money{Amount: "2.00", Currency: "AED"}}}, "in_force", "100.00",
		},
	} {
		t.Run(name, func(t *testing.T) {
			amount := gbp("100.00") // with what others hold
			m := freeze.Measure{State: c.state, Amount: &amount}
			theirs(&m, c.funds)
			if m.State != c.wantState || m.Amount.Amount.Cmp(freeze.Dec(c.want)) != 0 || m.Amount.Currency != "GBP" {
				t.Errorf("measure is %s over %v, want %s over %s", m.State, *m.Amount, c.wantState, c.want)
			}
		})
	}
}
