package desk_test

import (
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestBankIsToldWhatTwoOrdered holds that orders of different bases, amounts or ends do
// not add up, and that the bank hears the amount and the end of the order.
func TestBankIsToldWhatTwoOrdered(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	id := arrives(t, c)
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	until := freeze.At(time.Now().AddDate(0, 0, 5))
	order := func(by, basis, amount string, until *freeze.Time) desk.Action {
		return desk.Action{Do: "authorise", As: by, Basis: basis, Amount: &freeze.Money{Amount: freeze.Dec(amount), Currency: "GBP"}, Until: until}
	}
	over := freeze.At(time.Now().AddDate(0, 0, -1))
	refused(t, c.gb.desk, id, order("O1", "POCA 336C", "5300.00", &over), "is over")
	refused(t, c.gb.desk, id, order("O1", "POCA 336C", "999999999.00", nil), "above the 18000.00 GBP")
	act(t, c.gb.desk, id, order("O1", "POCA 336C", "5300.00", &until))
	act(t, c.gb.desk, id, order("O2", "something else", "5300.00", &until))
	act(t, c.gb.desk, id, order("O2", "POCA 336C", "1.00", &until))
	act(t, c.gb.desk, id, order("O2", "POCA 336C", "5300.00", nil))
	if v := show(t, c.gb.desk, id); v.State == "authorised" || v.State == "instructed" || len(c.stub.messages()) > 0 {
		t.Fatalf("alert is %s on orders of four kinds", v.State)
	}
	act(t, c.gb.desk, id, order("O2", "POCA 336C", "5300.00", &until))
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	r, _ := c.stub.messages()[0].(*freeze.Request)
	if r == nil || len(r.Totals) != 1 || r.Totals[0].Disputed != "5300.00" || r.Legal.RequesterBasis.Text != "POCA 336C" {
		t.Fatalf("instruction %s", asJSON(r))
	}
	for _, k := range r.Asks {
		if k.Kind == "hold_amount" && (k.Amount == nil || k.Amount.Amount != "5300.00" || k.Until == nil || !k.Until.Equal(until.Time)) {
			t.Errorf("ask %s", asJSON(k))
		}
	}
	c.send(t, c.outcome(r, 1, "5300.00", "12700.00"))
	eventually(t, "the bank's answer is there", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "IN knows what is held", func() bool { return find(c.in.desk, "out", "GB-FIU").State == "decided" })
}
