package desk_test

import (
	"slices"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestFundsThatContradictTheCreditedAmount lets the bank account for less than
// was credited. Its word is recorded, and people are told.
func TestFundsThatContradictTheCreditedAmount(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	authoriseFrom(t, c, "IN-FIU")
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	order, ok := c.stub.messages()[0].(*freeze.Request)
	if !ok {
		t.Fatalf("the bank got %T", c.stub.messages()[0])
	}
	c.send(t, c.outcome(order, 1, "15500.00", "2000.00"))
	eventually(t, "the word is recorded", func() bool { return find(c.gb.desk, "out", "BANK-A").State == "decided" })
	if !tasked(find(c.gb.desk, "out", "BANK-A"), "contradiction") {
		t.Errorf("no task: %s", asJSON(find(c.gb.desk, "out", "BANK-A")))
	}
	c.send(t, c.outcome(order, 2, "15500.00", "2500.00"))
	eventually(t, "the corrected word counts", func() bool {
		v := find(c.gb.desk, "out", "BANK-A")
		return len(v.Amounts) == 1 && v.Amounts[0].Credited == "18000.00"
	})
	if v := find(c.gb.desk, "out", "BANK-A"); len(v.Tasks) != 1 {
		t.Errorf("tasks %s", asJSON(v.Tasks))
	}
}

// tasked reports whether a task of the kind is open.
func tasked(v desk.View, kind string) bool {
	return slices.ContainsFunc(v.Tasks, func(t apply.Task) bool { return t.Kind == kind && t.Done == "" })
}
