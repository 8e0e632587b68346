package desk_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// lastWord returns the last message that a desk has of its partner about an alert.
func lastWord(t *testing.T, d *desk.Desk, id string) freeze.Message {
	t.Helper()
	v, err := d.Show(t.Context(), id)
	must(t, err)
	m, err := freeze.Parse([]byte(v.Inbox[len(v.Inbox)-1].Body))
	must(t, err)
	return m
}

// TestReopenedAfterTheWithdrawalStandsAgain takes back by mistake what is held: the
// desk goes on at once, the partner hears of it when two officers have approved that, and
// decides anew about what its bank still holds.
func TestReopenedAfterTheWithdrawalStandsAgain(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	decide(t, c)
	id := one(t, c.in.desk).ID
	act(t, c.in.desk, id, desk.Action{Do: "withdraw", As: "O1", Code: "returned", Reason: "the money came back"})
	_, err := c.in.desk.Act(t.Context(), id, desk.Action{Do: "withdraw", As: "O2", Code: "false_positive"})
	if err == nil || !strings.Contains(err.Error(), `O1 takes it back with the code "returned", not "false_positive"`) {
		t.Errorf("another code: %v", err)
	}
	act(t, c.in.desk, id, desk.Action{Do: "withdraw", As: "O1", Code: "false_positive", Reason: "the wrong account"})
	act(t, c.in.desk, id, desk.Action{Do: "withdraw", As: "O2", Code: "false_positive", Reason: "agreed"})
	review := func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "review" }
	eventually(t, "GB reviews it", review)
	if w, ok := lastWord(t, c.gb.desk, id).(*freeze.Withdrawal); !ok || w.Reason != "false_positive: the wrong account" {
		t.Errorf("GB was told %s", asJSON(w))
	}
	act(t, c.gb.desk, id, desk.Action{Do: "lift", As: "O1"})

	act(t, c.in.desk, id, desk.Action{Do: "reopen", As: "O1", Reason: "by mistake"})
	if v := one(t, c.in.desk); v.State != "decided" || v.Needs != 2 || !tasked(v, "amend") {
		t.Fatalf("reopened: %s", asJSON(v))
	}
	if _, err := c.in.desk.Act(t.Context(), id, desk.Action{Do: "approve", As: "O1", Digest: "of before"}); err == nil {
		t.Error("an approval of something else counts")
	}
	act(t, c.in.desk, id, desk.Action{Do: "approve", As: "O1"})
	if v := one(t, c.in.desk); !tasked(v, "amend") || len(v.Approvals) != 1 || !review() {
		t.Fatalf("after one signature: %s", asJSON(v))
	}
	act(t, c.in.desk, id, desk.Action{Do: "approve", As: "O2"})
	gb := func(state string) func() bool {
		return func() bool { return find(c.gb.desk, "in", "IN-FIU").State == state }
	}
	eventually(t, "GB hears that it stands again", gb("assessing"))
	amended, ok := lastWord(t, c.gb.desk, id).(*freeze.Amendment)
	if !ok || amended.Supersedes != id+"-Q001" || amended.Approval.Mode != "two" || len(amended.Payments) != 1 {
		t.Fatalf("GB was told %s", asJSON(amended))
	}
	eventually(t, "IN has its receipt", func() bool { return receiptOf(t, c.in.desk, id, "-Q003") == "received" })
	if v := one(t, c.in.desk); v.State != "decided" || v.Needs != 0 || tasked(v, "amend") {
		t.Errorf("after the amendment: %s", asJSON(v))
	}
	if v := find(c.gb.desk, "in", "IN-FIU"); !tasked(v, "amended") || tasked(v, "lift") || len(v.Approvals) != 0 {
		t.Errorf("GB: %s", asJSON(v))
	}
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O1", Basis: "POCA 336C"})
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O2", Basis: "POCA 336C"})
	eventually(t, "the bank, which holds it, need not be asked again", gb("bank_answered"))
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "GB has answered", gb("answered"))
	eventually(t, "IN has the answer", func() bool { return lastOutcome(t, c.in.desk, id).OutcomeOf == id+"-Q003" })
	if n := len(c.stub.messages()); n != 1 {
		t.Errorf("the bank got %d messages", n)
	}
	if v := one(t, c.in.desk); v.State != "decided" || tasked(v, "orphan_measure") || tasked(v, "contradiction") {
		t.Errorf("IN: %s", asJSON(v))
	}
}

// TestAskedAgainAfterTheBankLetGo reopens a request that is closed as withdrawn on both
// sides: the partner, whose bank has let go, decides anew and its bank is asked anew.
func TestAskedAgainAfterTheBankLetGo(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	decide(t, c)
	id := one(t, c.in.desk).ID
	gb := func(state string) func() bool {
		return func() bool { return find(c.gb.desk, "in", "IN-FIU").State == state }
	}
	takeBack(t, c, id)
	eventually(t, "the bank is told", func() bool { return len(c.stub.messages()) == 2 })
	order, _ := c.stub.messages()[0].(*freeze.Request)
	answer := c.outcome(order, 2, "15500.00", "2500.00")
	answer.InReplyTo, answer.Final, answer.Funds[0].Disposition = c.stub.messages()[1].Head().MessageID, true, "unaccounted"
	answer.Amounts, answer.Measures[0].State = freeze.AmountsOf(answer.Funds), "lifted"
	c.send(t, answer)
	eventually(t, "GB knows", gb("bank_answered"))
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "both have closed it", func() bool { return state(c.in.desk) == "closed" && gb("closed")() })

	act(t, c.in.desk, id, desk.Action{Do: "reopen", As: "O1", Reason: "by mistake"})
	if v := one(t, c.in.desk); v.State != "lapsed" {
		t.Fatalf("reopened: %s", asJSON(v))
	}
	act(t, c.in.desk, id, desk.Action{Do: "renew", As: "O1"})
	act(t, c.in.desk, id, desk.Action{Do: "renew", As: "O2"})
	eventually(t, "GB is asked again", gb("assessing"))
	if amended, ok := lastWord(t, c.gb.desk, id).(*freeze.Amendment); !ok || amended.Supersedes != id+"-Q001" {
		t.Fatalf("GB was told %s", asJSON(amended))
	}
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O1", Basis: "POCA 336C"})
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O2", Basis: "POCA 336C"})
	eventually(t, "the bank is asked again", func() bool { return len(c.stub.messages()) == 3 })
	again, ok := c.stub.messages()[2].(*freeze.Request)
	if !ok || again.AlertID == order.AlertID {
		t.Fatalf("the bank got %s", asJSON(c.stub.messages()[2]))
	}
	fresh := c.outcome(again, 1, "9000.00", "9000.00")
	c.send(t, fresh)
	eventually(t, "GB knows about the money", gb("bank_answered"))
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "IN knows about the money", func() bool { return state(c.in.desk) == "decided" })
	if o := lastOutcome(t, c.in.desk, id); o.OutcomeOf != id+"-Q003" || len(o.Amounts) != 1 || o.Amounts[0].Held != "9000.00" {
		t.Errorf("IN got %s", asJSON(o))
	}
}
