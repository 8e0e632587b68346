package desk_test

import (
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// TestTwoCountriesShareOneHold lets two countries ask for the same account. One
// instruction carries both needs, each country hears of its own money only, and
// what one takes back does not lift what the other needs.
func TestTwoCountriesShareOneHold(t *testing.T) {
	t.Parallel()
	c := &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}
	us := newEnd(t, policy.Self{ID: "US-FIU", Name: "FIU of the United States", Kind: "fiu", Country: "US"})
	c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
	c.stub = newStub(t, c.bank)
	bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
	c.in.start(t, setup{brokers: fake(t)}, []policy.Party{c.gb.party(agreement())}, c.gb)
	us.start(t, setup{brokers: fake(t)}, []policy.Party{c.gb.party(agreement())}, c.gb)
	c.gb.start(t, setup{brokers: fake(t), partitions: 3}, []policy.Party{c.in.party(agreement()), us.party(agreement()), bank}, c.in, us, c.bank)

	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	authoriseFrom(t, c, "IN-FIU")
	eventually(t, "the bank is instructed for India", func() bool { return len(c.stub.messages()) == 1 })
	must(t, us.desk.Append(t.Context(), []*hit.Hit{report("US-1", uetr2, "9500.00")}))
	authoriseFrom(t, c, "US-FIU")
	eventually(t, "the instruction is amended for the United States", func() bool { return len(c.stub.messages()) == 2 })

	both, ok := c.stub.messages()[1].(*freeze.Amendment)
	if !ok || len(both.Payments) != 2 || both.Totals[0].Disputed != "27500.00" || both.Asks[0].Amount.Amount != "27500.00" || len(both.Case.RelatedAlerts) != 2 {
		t.Fatalf("the bank got %s", asJSON(c.stub.messages()[1]))
	}
	c.send(t, answerAll(c, &both.Request))
	for _, party := range []string{"IN-FIU", "US-FIU"} {
		eventually(t, "the answer reaches "+party, func() bool { return find(c.gb.desk, "in", party).State == "bank_answered" })
		act(t, c.gb.desk, find(c.gb.desk, "in", party).ID, desk.Action{Do: "release", As: "O1"})
	}
	for d, want := range map[*desk.Desk]freeze.Dec{c.in.desk: "18000.00", us.desk: "9500.00"} {
		eventually(t, "decided", func() bool { return state(d) == "decided" })
		if v := one(t, d); len(v.Amounts) != 1 || v.Amounts[0].Held != want {
			t.Errorf("held %s, want %s", asJSON(v.Amounts), want)
		}
	}

	id := one(t, us.desk).ID
	act(t, us.desk, id, desk.Action{Do: "withdraw", As: "O1"})
	act(t, us.desk, id, desk.Action{Do: "withdraw", As: "O2"})
	eventually(t, "GB sees the withdrawal", func() bool { return find(c.gb.desk, "in", "US-FIU").State == "review" })
	act(t, c.gb.desk, id, desk.Action{Do: "lift", As: "O1"})
	act(t, c.gb.desk, id, desk.Action{Do: "lift", As: "O2"})
	eventually(t, "the bank keeps what India needs", func() bool { return len(c.stub.messages()) == 3 })
	rest, ok := c.stub.messages()[2].(*freeze.Amendment)
	if !ok || len(rest.Payments) != 1 || rest.Totals[0].Disputed != "18000.00" {
		t.Fatalf("the bank got %s", asJSON(c.stub.messages()[2]))
	}
	answer := answerAll(c, &rest.Request)
	answer.MessageID, answer.Sequence = freeze.ResponderID(rest.AlertID, 2), 2
	c.send(t, answer)
	eventually(t, "GB may tell the United States", func() bool { return find(c.gb.desk, "in", "US-FIU").State == "bank_answered" })
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "the United States have closed it", func() bool { return state(us.desk) == "closed" })
	if o := lastOutcome(t, us.desk, id); o.Measures[0].State != "lifted" || o.Measures[0].Amount.Amount != "9500.00" || o.Amounts[0].Held != "0" {
		t.Errorf("the United States got %s", asJSON(o))
	}
	if v := one(t, c.in.desk); v.State != "decided" || v.Amounts[0].Held != "18000.00" {
		t.Errorf("India has %s", asJSON(v))
	}
}

func authoriseFrom(t *testing.T, c *countries, party string) {
	t.Helper()
	eventually(t, "GB has the request of "+party, func() bool { return find(c.gb.desk, "in", party).State == "received" })
	id := find(c.gb.desk, "in", party).ID
	for _, a := range []desk.Action{{Do: "accept", As: "O1"}, {Do: "authorise", As: "O1", Basis: "POCA 336C"}, {Do: "authorise", As: "O2", Basis: "POCA 336C"}} {
		act(t, c.gb.desk, id, a)
	}
}

// answerAll is a bank that holds all of every payment.
func answerAll(c *countries, r *freeze.Request) *freeze.Outcome {
	o := c.outcome(r, 1, "1.00", "1.00")
	o.Decision, o.Funds = "granted", nil
	for _, p := range r.Payments {
		o.Funds = append(o.Funds, freeze.Fund{ItemID: p.ItemID, Disposition: "held", Money: p.Disputed})
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	o.Measures[0].Amount = &freeze.Money{Amount: o.Amounts[0].Held, Currency: "GBP"}
	o.AsOf = freeze.At(time.Now())
	return o
}
