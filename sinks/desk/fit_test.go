package desk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// contradictions returns the tasks about a word that does not fit.
func contradictions(v desk.View) (all, open []apply.Task) {
	for _, t := range v.Tasks {
		if t.Kind != "contradiction" {
			continue
		}
		all = append(all, t)
		if t.Done == "" {
			open = append(open, t)
		}
	}
	return all, open
}

// says reports whether a task has a reason with each of the words.
func says(t apply.Task, words ...string) bool {
	for _, word := range words {
		if !slices.ContainsFunc(t.Why, func(why string) bool { return strings.Contains(why, word) }) {
			return false
		}
	}
	return true
}

// TestWordThatDoesNotFit lets a bank answer what nobody asked. Its word is taken in at
// once, people of its country read what is wrong with it, and so do those of the country
// that asked, of what reaches them; the corrected word ends both tasks.
func TestWordThatDoesNotFit(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	order := c.instructed(t)
	wrong := c.outcome(order, 1, "15500.00", "2500.00")
	m := &wrong.Measures[0]
	m.AskID, m.InForceAt = order.AlertID+"-K77", freeze.At(time.Now().Add(-48*time.Hour))
	m.Account.ID = "GB65HWBB00000000000202"
	c.send(t, wrong)
	c.send(t, wrong)
	eventually(t, "the partner's alert hears of it", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	bank := find(c.gb.desk, "out", "BANK-A")
	all, open := contradictions(bank)
	if bank.State != "decided" || len(all) != 1 || len(open) != 1 || open[0].About != wrong.MessageID ||
		!says(open[0], "ask_id "+m.AskID+" is none", "in_force_at "+m.InForceAt.String()+" is before the first payment", "account is neither") {
		t.Fatalf("the bank's word: %s", asJSON(bank))
	}
	if strings.Contains(asJSON(bank), m.Account.ID) {
		t.Errorf("lists tell the account: %s", asJSON(bank))
	}
	id := find(c.gb.desk, "in", "IN-FIU").ID
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "India reads it", func() bool { return find(c.in.desk, "out", "GB-FIU").State == "decided" })
	if _, open := contradictions(one(t, c.in.desk)); len(open) != 1 || len(open[0].Why) != 1 || !says(open[0], "M01: in_force_at") {
		t.Fatalf("India reads %s", asJSON(open))
	}

	right := c.outcome(order, 2, "15500.00", "2500.00")
	c.send(t, right)
	eventually(t, "the corrected word ends the task", func() bool { _, open := contradictions(find(c.gb.desk, "out", "BANK-A")); return len(open) == 0 })
	eventually(t, "it is for India", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O2"})
	eventually(t, "and India's", func() bool { _, open := contradictions(one(t, c.in.desk)); return len(open) == 0 })

	late := c.outcome(order, 3, "14000.00", "4000.00")
	late.AsOf = freeze.At(right.AsOf.Add(-time.Minute))
	c.send(t, late)
	eventually(t, "an older word is recorded", func() bool { _, open := contradictions(find(c.gb.desk, "out", "BANK-A")); return len(open) == 1 })
	shown, err := c.gb.desk.Show(t.Context(), find(c.gb.desk, "out", "BANK-A").ID)
	must(t, err)
	_, open = contradictions(shown.View)
	i := slices.IndexFunc(shown.Inbox, func(m desk.MessageView) bool { return m.ID == late.MessageID })
	if i < 0 || shown.Inbox[i].Older != right.MessageID || shown.Outcome.Measures[0].Amount.Amount != "15500.00" || !says(open[0], "withdrawn_cash 4000.00 GBP; newer outcome "+right.MessageID+" says 2500.00") {
		t.Errorf("the older word: %s", asJSON(shown))
	}
}
