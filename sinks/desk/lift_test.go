package desk_test

import (
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// lastOutcome returns the last outcome that a partner sent about an alert.
func lastOutcome(t *testing.T, d *desk.Desk, id string) *freeze.Outcome {
	t.Helper()
	v, err := d.Show(t.Context(), id)
	must(t, err)
	for i := len(v.Inbox) - 1; i >= 0; i-- {
		if v.Inbox[i].Type == "outcome" {
			m, err := freeze.Parse([]byte(v.Inbox[i].Body))
			must(t, err)
			o, _ := m.(*freeze.Outcome)
			return o
		}
	}
	t.Fatal("no outcome came")
	return nil
}

// takeBack lets India withdraw and the United Kingdom lift.
func takeBack(t *testing.T, c *countries, id string) {
	t.Helper()
	act(t, c.in.desk, id, desk.Action{Do: "withdraw", As: "O1"})
	act(t, c.in.desk, id, desk.Action{Do: "withdraw", As: "O2"})
	eventually(t, "GB reviews it", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "review" })
	act(t, c.gb.desk, id, desk.Action{Do: "lift", As: "O1"})
	act(t, c.gb.desk, id, desk.Action{Do: "lift", As: "O2"})
}

// TestWithdrawnRequestIsLiftedAndAnswered takes back what the bank holds: the
// requester's alert closes only when it hears that the measure is lifted.
func TestWithdrawnRequestIsLiftedAndAnswered(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	decide(t, c)
	id := find(c.in.desk, "out", "GB-FIU").ID
	takeBack(t, c, id)
	eventually(t, "the bank is told", func() bool { return len(c.stub.messages()) == 2 })
	order, _ := c.stub.messages()[0].(*freeze.Request)
	back, ok := c.stub.messages()[1].(*freeze.Withdrawal)
	if !ok {
		t.Fatalf("the bank got %T", c.stub.messages()[1])
	}
	if v := find(c.in.desk, "out", "GB-FIU"); v.State != "withdrawing" {
		t.Errorf("IN is %s before the measure is lifted", v.State)
	}
	answer := c.outcome(order, 2, "15500.00", "2500.00")
	answer.InReplyTo, answer.Final, answer.Funds[0].Disposition = back.MessageID, true, "unaccounted"
	answer.Amounts, answer.Measures[0].State = freeze.AmountsOf(answer.Funds), "lifted"
	c.send(t, answer)
	eventually(t, "GB knows", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "IN has closed it", func() bool { return state(c.in.desk) == "closed" })
	eventually(t, "GB has closed it", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "closed" })

	o := lastOutcome(t, c.in.desk, id)
	if len(o.Measures) != 1 || o.Measures[0].State != "lifted" || o.Measures[0].MeasureID != id+"-M01" || !o.Final {
		t.Errorf("measures %s", asJSON(o))
	}
	if a := o.Amounts[0]; a.Held != "0" || a.Unaccounted != "15500.00" || a.Credited != "18000.00" {
		t.Errorf("amounts %s", asJSON(o.Amounts))
	}
	if v := one(t, c.in.desk); v.Ending != "withdrawn" || tasked(v, "orphan_measure") || tasked(v, "contradiction") {
		t.Errorf("IN has %s", asJSON(v))
	}
}

// TestWithdrawnWithoutAMeasureSaysSo takes back what the bank found nothing of.
func TestWithdrawnWithoutAMeasureSaysSo(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	authoriseFrom(t, c, "IN-FIU")
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	order, _ := c.stub.messages()[0].(*freeze.Request)
	nothing := c.outcome(order, 1, "1.00", "1.00")
	nothing.Decision, nothing.Funds, nothing.Measures, nothing.Amounts, nothing.Final = "nothing_found", nil, nil, nil, true
	nothing.AsOf = freeze.At(time.Now())
	c.send(t, nothing)
	eventually(t, "GB knows", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	id := find(c.in.desk, "out", "GB-FIU").ID
	takeBack(t, c, id)
	eventually(t, "nothing is to lift", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "GB has closed it", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "closed" })
	if o := lastOutcome(t, c.in.desk, id); o.Decision != "nothing_found" || !o.Final || len(o.Measures) != 0 {
		t.Errorf("IN got %s", asJSON(o))
	}
	if v := one(t, c.in.desk); v.State != "closed" || tasked(v, "contradiction") || len(c.stub.messages()) != 1 {
		t.Errorf("IN has %s, the bank got %d messages", asJSON(v), len(c.stub.messages()))
	}
}
