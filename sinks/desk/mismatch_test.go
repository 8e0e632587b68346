package desk_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// TestFundsThatContradictTheCreditedAmount lets the bank account for less than
// was credited. Its word is recorded, and people are told.
func TestFundsThatContradictTheCreditedAmount(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	order := c.instructed(t)
	c.send(t, c.outcome(order, 1, "15500.00", "2000.00"))
	eventually(t, "the word is recorded", func() bool { return find(c.gb.desk, "out", "BANK-A").State == "decided" })
	if !tasked(find(c.gb.desk, "out", "BANK-A"), "contradiction") {
		t.Errorf("no task: %s", asJSON(find(c.gb.desk, "out", "BANK-A")))
	}
	eventually(t, "the partner's alert hears of it", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	in := find(c.gb.desk, "in", "IN-FIU")
	if !tasked(in, "unbalanced") {
		t.Errorf("no task at the partner's alert: %s", asJSON(in.Tasks))
	}
	if _, err := c.gb.desk.Act(t.Context(), in.ID, desk.Action{Do: "release", As: "O1"}); !errors.Is(err, desk.ErrRefused) {
		t.Errorf("what contradicts the credited amount is released: %v", err)
	}
	c.send(t, c.outcome(order, 2, "15500.00", "2500.00"))
	eventually(t, "the corrected word counts", func() bool {
		v, in := find(c.gb.desk, "out", "BANK-A"), find(c.gb.desk, "in", "IN-FIU")
		return len(v.Amounts) == 1 && v.Amounts[0].Credited == "18000.00" && len(in.Amounts) == 1 && in.Amounts[0].Credited == "18000.00"
	})
	act(t, c.gb.desk, in.ID, desk.Action{Do: "release", As: "O1"})
	if v := find(c.gb.desk, "out", "BANK-A"); len(v.Tasks) != 1 {
		t.Errorf("tasks %s", asJSON(v.Tasks))
	}
}

// TestAmountsAreRecomputed lets the bank tell sums that are not those of its funds: the
// sums of the funds are shown, and one task says what the bank told instead.
func TestAmountsAreRecomputed(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	order := c.instructed(t)
	wrong := c.outcome(order, 1, "15500.00", "2500.00")
	wrong.Amounts = slices.Clone(wrong.Amounts)
	wrong.Amounts[0].Held = "15498.00"
	c.send(t, wrong)
	eventually(t, "the word is recorded", func() bool { return find(c.gb.desk, "out", "BANK-A").State == "decided" })
	v := find(c.gb.desk, "out", "BANK-A")
	shown, err := c.gb.desk.Show(t.Context(), v.ID)
	must(t, err)
	if v.Amounts[0].Held != "15500.00" || shown.Amounts[0].Held != "15500.00" || shown.Outcome.Amounts[0].Held != "15500.00" {
		t.Errorf("shown as told: %s", asJSON(shown))
	}
	if _, open := contradictions(v); len(open) != 1 || !says(open[0], "amounts GBP: held 15498.00 is not 15500.00") || tasked(v, "unbalanced") {
		t.Errorf("tasks %s", asJSON(v.Tasks))
	}
}

// tasked reports whether a task of the kind is open.
func tasked(v desk.View, kind string) bool {
	return slices.ContainsFunc(v.Tasks, func(t apply.Task) bool { return t.Kind == kind && t.Done == "" })
}
