package desk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// measure returns a measure of an alert, or an empty one.
func measure(t *testing.T, d *desk.Desk, id, measure string) apply.Measure {
	t.Helper()
	v, err := d.Show(t.Context(), id)
	must(t, err)
	for _, m := range v.Measures {
		if m.MeasureID == measure {
			return *m
		}
	}
	return apply.Measure{}
}

// both lets two officers do the same.
func both(t *testing.T, d *desk.Desk, id string, a desk.Action) {
	t.Helper()
	for _, officer := range []string{"O1", "O2"} {
		a.As = officer
		act(t, d, id, a)
	}
}

// release lets what is known go to India.
func release(t *testing.T, c *countries, id string) {
	t.Helper()
	eventually(t, "GB may tell India", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
}

// told waits until the bank has got n messages and returns the last.
func told(t *testing.T, c *countries, n int) freeze.Message {
	t.Helper()
	eventually(t, "the bank is told", func() bool { return len(c.stub.messages()) == n })
	return c.stub.messages()[n-1]
}

// TestMeasureIsExtendedAndConverted lets two officers here and two there extend a
// measure that a bank holds, and a court replace it.
func TestMeasureIsExtendedAndConverted(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	decide(t, c)
	id := find(c.in.desk, "out", "GB-FIU").ID
	m1, m2 := id+"-M01", id+"-M02"
	until := freeze.At(time.Now().Add(31 * 24 * time.Hour))
	ask := desk.Action{Do: "extend", About: m1, Until: &until, Texts: map[string]string{"justification": "The court sits on Friday."}}
	ask.As = "O1"
	act(t, c.in.desk, id, ask)
	if v, err := c.in.desk.Show(t.Context(), id); err != nil || len(v.Proposals) != 1 || v.Proposals[0].Texts["justification"] != "The court sits on Friday." {
		t.Errorf("the second officer reads %s, %v", asJSON(v), err)
	}
	ask.As, ask.Texts = "O2", nil // as it is
	act(t, c.in.desk, id, ask)
	eventually(t, "GB has the question", func() bool { return tasked(find(c.gb.desk, "in", "IN-FIU"), "extend") })
	if v := find(c.gb.desk, "in", "IN-FIU"); v.State != "answered" || len(c.stub.messages()) != 1 {
		t.Errorf("before people decided GB is %s and the bank got %d messages", v.State, len(c.stub.messages()))
	}
	both(t, c.gb.desk, id, desk.Action{Do: "extend", About: m1, Until: &until})
	amended, ok := told(t, c, 2).(*freeze.Amendment)
	if !ok || amended.Asks[0].Until == nil || !amended.Asks[0].Until.Equal(until.Time) || amended.Totals[0].Disputed != "18000.00" {
		t.Fatalf("the bank got %s", asJSON(c.stub.messages()[1]))
	}
	answer := c.outcome(&amended.Request, 2, "15500.00", "2500.00")
	answer.Measures[0].State, answer.Measures[0].ExpiresAt = "extended", &until
	c.send(t, answer)
	release(t, c, id)
	eventually(t, "India has the new end", func() bool {
		m := measure(t, c.in.desk, id, m1)
		return m.ExpiresAt != nil && m.ExpiresAt.Equal(until.Time) && len(m.Asked) == 0
	})
	if o := lastOutcome(t, c.in.desk, id); o.InReplyTo != id+"-Q002" || o.OutcomeOf != id+"-Q001" {
		t.Errorf("the outcome answers %s of %s", o.InReplyTo, o.OutcomeOf)
	}
	eventually(t, "GB has answered", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "answered" })

	court := freeze.At(time.Now().Add(2 * 365 * 24 * time.Hour))
	both(t, c.gb.desk, id, desk.Action{
		Do: "measure", About: m1, Code: "converted", Until: &court,
		Texts: map[string]string{"kind": "freezing_order", "authority_kind": "court", "authority": "Crown Court", "legal_basis": "POCA 303Z1"},
	})
	release(t, c, id)
	eventually(t, "India knows of the order", func() bool { return measure(t, c.in.desk, id, m1).After == m2 })
	o := lastOutcome(t, c.in.desk, id)
	if m := o.Measures[1]; m.Authority.Kind != "court" || m.Authority.Name != "Crown Court" || m.LegalBasis != "POCA 303Z1" || m.State != "in_force" || m.Amount.Amount != "15500.00" {
		t.Errorf("the order reads %s", asJSON(m))
	}
	if v := find(c.in.desk, "out", "GB-FIU"); v.State != "decided" || tasked(v, "contradiction") || len(c.stub.messages()) != 2 {
		t.Errorf("India has %s", asJSON(v))
	}
}

// TestPartIsLiftedAndTheRestStays lets one of two countries that need one account lift
// a part of its hold: the bank keeps what is left of it and all of the other's.
func TestPartIsLiftedAndTheRestStays(t *testing.T) {
	t.Parallel()
	c, us := sharedHold(t)
	id := find(c.in.desk, "out", "GB-FIU").ID
	part := &freeze.Money{Amount: "5000.25", Currency: "GBP"}
	both(t, c.in.desk, id, desk.Action{Do: "lift", About: id + "-M01", Amount: part, Code: "victim_withdrew"})
	eventually(t, "GB has the question", func() bool { return tasked(find(c.gb.desk, "in", "IN-FIU"), "lift") })
	turnedDown(t, c.gb.desk, id, `code: "victim_withdrew": a code refuses the partner's wish: want one of no_power, `, desk.Action{Do: "lift", As: "O1", About: id + "-M01", Code: "victim_withdrew"})
	turnedDown(t, c.gb.desk, id, "about names that one", desk.Action{Do: "lift", As: "O1", Code: "other"})
	both(t, c.gb.desk, id, desk.Action{Do: "lift", About: id + "-Q002"})
	rest, ok := told(t, c, 3).(*freeze.Amendment)
	if !ok || len(rest.Payments) != 2 || rest.Totals[0].Disputed != "22499.75" || rest.Asks[0].Amount.Amount != "22499.75" {
		t.Fatalf("the bank got %s", asJSON(c.stub.messages()[2]))
	}
	answer := answerAll(c, &rest.Request)
	answer.MessageID, answer.Sequence = freeze.ResponderID(rest.AlertID, 2), 2
	for i, p := range shares(rest.Payments) { // what was let go lies on the account, free
		if left, _ := p.credited.Sub(p.held); !left.Zero() {
			answer.Funds = append(answer.Funds, freeze.Fund{ItemID: rest.Payments[i].ItemID, Disposition: "other", Money: freeze.Money{Amount: left, Currency: "GBP"}})
		}
	}
	answer.Amounts = freeze.AmountsOf(answer.Funds)
	c.send(t, answer)
	release(t, c, id)
	eventually(t, "India has the lower amount", func() bool {
		m := measure(t, c.in.desk, id, id+"-M01")
		return m.Amount != nil && m.Amount.Amount == "12999.75" && len(m.Asked) == 0
	})
	if v := one(t, c.in.desk); v.State != "decided" || tasked(v, "measure_lowered") || v.Amounts[0].Held != "12999.75" {
		t.Errorf("India has %s", asJSON(v))
	}
	other := one(t, us.desk)
	if m := measure(t, us.desk, other.ID, other.ID+"-M01"); m.Amount == nil || m.Amount.Amount != "9500.00" || m.Stand != apply.StandInForce {
		t.Errorf("the United States have %s", asJSON(m))
	}
}

type share struct{ credited, held freeze.Dec }

// shares returns what was credited and what is asked of each payment.
func shares(payments []freeze.Payment) []share {
	var out []share
	for _, p := range payments {
		out = append(out, share{p.Credited.Amount, p.Disputed.Amount})
	}
	return out
}

// sharedHold makes India and the United States, who both have money held at one
// account of a British bank: 18000.00 and 9500.00.
func sharedHold(t *testing.T) (*countries, *end) {
	t.Helper()
	c := &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}
	us := newEnd(t, policy.Self{ID: "US-FIU", Name: "FIU of the United States", Kind: "fiu", Country: "US"})
	c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
	c.stub = newStub(t, c.bank)
	bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
	c.in.start(t, setup{brokers: fake(t)}, []policy.Party{c.gb.party(agreement())}, c.gb)
	us.start(t, setup{brokers: fake(t)}, []policy.Party{c.gb.party(agreement())}, c.gb)
	c.gb.start(t, setup{brokers: fake(t)}, []policy.Party{c.in.party(agreement()), us.party(agreement()), bank}, c.in, us, c.bank)
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	authoriseFrom(t, c, "IN-FIU")
	told(t, c, 1)
	must(t, us.desk.Append(t.Context(), []*hit.Hit{report("US-1", uetr2, "9500.00")}))
	authoriseFrom(t, c, "US-FIU")
	order, _ := told(t, c, 2).(*freeze.Amendment)
	c.send(t, answerAll(c, &order.Request))
	for _, party := range []string{"IN-FIU", "US-FIU"} {
		eventually(t, "the answer reaches "+party, func() bool { return find(c.gb.desk, "in", party).State == "bank_answered" })
		act(t, c.gb.desk, find(c.gb.desk, "in", party).ID, desk.Action{Do: "release", As: "O1"})
	}
	for _, d := range []*desk.Desk{c.in.desk, us.desk} {
		eventually(t, "decided", func() bool { return state(d) == "decided" })
	}
	return c, us
}

// TestLiftedInFullOnRequest lets India ask for the end of a measure: the bank is told,
// and the alert ends.
func TestLiftedInFullOnRequest(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	decide(t, c)
	id := find(c.in.desk, "out", "GB-FIU").ID
	both(t, c.in.desk, id, desk.Action{Do: "lift", About: id + "-M01", Code: "false_positive"})
	eventually(t, "GB reviews it", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "review" })
	both(t, c.gb.desk, id, desk.Action{Do: "lift"})
	back, ok := told(t, c, 2).(*freeze.Withdrawal)
	if !ok {
		t.Fatalf("the bank got %T", c.stub.messages()[1])
	}
	order, _ := c.stub.messages()[0].(*freeze.Request)
	answer := c.outcome(order, 2, "15500.00", "2500.00")
	answer.InReplyTo, answer.Final, answer.Funds[0].Disposition, answer.Measures[0].State = back.MessageID, true, "unaccounted", "lifted"
	answer.Amounts = freeze.AmountsOf(answer.Funds)
	c.send(t, answer)
	release(t, c, id)
	eventually(t, "India has closed it", func() bool { return state(c.in.desk) == "closed" })
	m := measure(t, c.in.desk, id, id+"-M01")
	if v := one(t, c.in.desk); m.Stand != apply.StandLifted || m.Ending != "false_positive" || tasked(v, "measure_lifted") {
		t.Errorf("India has %s of %s", asJSON(m), asJSON(v))
	}
}

// hurried announces the end of a measure two seconds and one second before, and takes
// a silent one for lapsed after a second.
type hurried struct{ apply.Plain }

func (hurried) Before(_ string, _, end int64) []int64 { return []int64{end - 2000, end - 1000} }

func (h hurried) After(party, timer, urgency string, from int64) int64 {
	if timer == "T7/lapsed" {
		return from + 1000
	}
	return h.Plain.After(party, timer, urgency, from)
}

// TestMeasureExpires lets the end of a measure pass: it is announced, presumed, asked
// about and lapsed in India, and told by the United Kingdom when people release it.
func TestMeasureExpires(t *testing.T) {
	t.Parallel()
	c := &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}
	c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
	c.stub = newStub(t, c.bank)
	c.in.start(t, setup{brokers: fake(t), change: func(o *desk.Options) { o.Schedule = hurried{} }}, []policy.Party{c.gb.party(agreement())}, c.gb)
	bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
	c.gb.start(t, setup{brokers: fake(t)}, []policy.Party{c.in.party(agreement()), bank}, c.in, c.bank)
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	authoriseFrom(t, c, "IN-FIU")
	order, _ := told(t, c, 1).(*freeze.Request)
	answer := c.outcome(order, 1, "15500.00", "2500.00")
	end := freeze.At(time.Now().Add(6 * time.Second))
	answer.Measures[0].ExpiresAt, answer.Measures[0].EndsIfSilent = &end, true
	c.send(t, answer)
	id := find(c.gb.desk, "in", "IN-FIU").ID
	release(t, c, id)
	stand := func(want apply.Stand) func() bool {
		return func() bool { return measure(t, c.in.desk, id, id+"-M01").Stand == want }
	}
	eventually(t, "the end is announced", stand(apply.StandExpiring))
	if !tasked(one(t, c.in.desk), "expiring") {
		t.Error("nobody was called before the end")
	}
	eventually(t, "it is presumed to have lapsed", stand(apply.StandPresumed))
	eventually(t, "the partner is asked", func() bool { return slices.Contains(types(t, c.gb.desk, id), "status_request") })
	eventually(t, "it has lapsed", stand(apply.StandLapsed))
	if v := one(t, c.in.desk); v.State != "decided" || tasked(v, "contradiction") {
		t.Errorf("what was told before moved the alert: %s", asJSON(v))
	}
	release(t, c, id)
	eventually(t, "India has the last word", func() bool { return state(c.in.desk) == "closed" })
	o := lastOutcome(t, c.in.desk, id)
	if !o.Final || o.Measures[0].State != "lapsed" || o.Amounts[0].Held != "0" || o.Amounts[0].Unaccounted != "15500.00" {
		t.Errorf("the last word was %s", asJSON(o))
	}
	if v := one(t, c.in.desk); v.Ending != "lapsed" || !strings.HasPrefix(v.ID, id) {
		t.Errorf("India has %s", asJSON(v))
	}
}

// types lists the types of what a partner sent about an alert.
func types(t *testing.T, d *desk.Desk, id string) []string {
	t.Helper()
	v, err := d.Show(t.Context(), id)
	must(t, err)
	var out []string
	for _, m := range v.Inbox {
		out = append(out, m.Type)
	}
	return out
}
