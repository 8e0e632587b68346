package desk_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/webhook"
	"github.com/haltwire/haltwire/sinks/policy"
)

// arrives lets India ask and returns the alert at the British desk.
func arrives(t *testing.T, c *countries) string {
	t.Helper()
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "GB has the request", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "received" })
	return find(c.gb.desk, "in", "IN-FIU").ID
}

// refused checks that an action is not done, and says why.
func refused(t *testing.T, d *desk.Desk, id string, a desk.Action, why string) {
	t.Helper()
	if _, err := d.Act(t.Context(), id, a); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("%s as %s: %v, want %q", a.Do, a.As, err, why)
	}
}

func show(t *testing.T, d *desk.Desk, id string) *desk.Detail {
	t.Helper()
	v, err := d.Show(t.Context(), id)
	must(t, err)
	return v
}

// message returns the last message of a type that an alert sent or got.
func message[M freeze.Message](t *testing.T, views []desk.MessageView) M {
	t.Helper()
	for i := len(views) - 1; i >= 0; i-- {
		m, err := freeze.Parse([]byte(views[i].Body))
		if x, ok := m.(M); ok && err == nil {
			return x
		}
	}
	t.Fatalf("no such message: %s", asJSON(views))
	panic("unreachable")
}

// again sends the British desk the request of an alert under another id, as India
// would that asks once more.
func (c *countries) again(t *testing.T, id string, change func(*freeze.Request)) string {
	t.Helper()
	r := message[*freeze.Request](t, show(t, c.gb.desk, id).Inbox)
	other := strings.Repeat("Z", 26)
	text := strings.ReplaceAll(asJSON(r), id, other)
	m, err := freeze.Parse([]byte(text))
	must(t, err)
	r, _ = m.(*freeze.Request)
	if change != nil {
		change(r)
	}
	c.post(t, r)
	return other
}

// TestQuestionIsAnsweredAndGranted lets the British desk ask what it needs to know. The
// answer comes, people go on, and in the end India says what the help was good for.
func TestQuestionIsAnsweredAndGranted(t *testing.T) {
	t.Parallel()
	const field = "subject.account.sub_account"
	c := newCountries(t, fake(t), fake(t))
	id := arrives(t, c)
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	eventually(t, "it is compared with what GB knows", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "assessing" })
	refused(t, c.gb.desk, id, desk.Action{Do: "ask_info", As: "O1", Texts: map[string]string{"Mr. A Holder": "who"}}, "name of a member")
	act(t, c.gb.desk, id, desk.Action{Do: "ask_info", As: "O1", Code: "pooled_account", Texts: map[string]string{field: "the account is a collection account"}})
	eventually(t, "IN knows what is needed", func() bool { return state(c.in.desk) == "info_needed" })
	o := message[*freeze.Outcome](t, show(t, c.in.desk, id).Inbox)
	if o.Decision != "more_info" || len(o.Needs) != 1 || o.Needs[0].Field != field || o.Needs[0].Why != "the account is a collection account" || o.Refusal == nil || o.Refusal.Code != "pooled_account" || o.Final {
		t.Errorf("question %s", asJSON(o))
	}

	refused(t, c.in.desk, id, desk.Action{Do: "info", As: "O1", Texts: map[string]string{"legal.nexus": "x"}}, "not asked")
	refused(t, c.in.desk, id, desk.Action{Do: "info", As: "O1", Texts: map[string]string{"payments.debtor.phone": "+910000000001"}}, "does not let")
	act(t, c.in.desk, id, desk.Action{Do: "info", As: "O1", Texts: map[string]string{field: "WALLET 77120"}})
	eventually(t, "IN waits for the decision again", func() bool { return state(c.in.desk) == "accepted" })
	eventually(t, "GB goes on", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "assessing" })
	v := show(t, c.gb.desk, id)
	if len(v.Infos) != 1 || v.Infos[0].Given == 0 || !tasked(v.View, "info_response") {
		t.Errorf("GB knows %s", asJSON(v.Infos))
	}
	if r := message[*freeze.InfoResponse](t, v.Inbox); len(r.Answers) != 1 || r.Answers[0].Value != "WALLET 77120" || r.InReplyTo != o.MessageID {
		t.Errorf("answer %s", asJSON(r))
	}

	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O1", Basis: "POCA 336C"})
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O2", Basis: "POCA 336C"})
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	order, _ := c.stub.messages()[0].(*freeze.Request)
	c.send(t, c.outcome(order, 1, "15500.00", "2500.00"))
	eventually(t, "the bank's answer is there", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "IN knows about the money", func() bool { return state(c.in.desk) == "decided" })
	act(t, c.in.desk, id, desk.Action{Do: "feedback", As: "O2", Code: "useful", Amount: &freeze.Money{Amount: "15500.00", Currency: "GBP"}})
	eventually(t, "GB hears that it was useful", func() bool {
		p := show(t, c.gb.desk, id).Praise
		return p != nil && p.Useful && len(p.Recovered) == 1
	})
}

// TestSamePaymentFromTwoPartners lets two countries ask about one payment: neither
// learns of the other, and the bank holds it once. What India asks twice is a duplicate.
func TestSamePaymentFromTwoPartners(t *testing.T) {
	t.Parallel()
	c := &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}
	us := newEnd(t, policy.Self{ID: "US-FIU", Name: "FIU of the United States", Kind: "fiu", Country: "US"})
	c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
	c.stub = newStub(t, c.bank)
	bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
	c.in.start(t, setup{brokers: fake(t)}, []policy.Party{c.gb.party(agreement())}, c.gb)
	us.start(t, setup{brokers: fake(t)}, []policy.Party{c.gb.party(agreement())}, c.gb)
	c.gb.start(t, setup{brokers: fake(t), partitions: 3}, []policy.Party{c.in.party(agreement()), us.party(agreement()), bank}, c.in, us, c.bank)

	first := arrives(t, c)
	must(t, us.desk.Append(t.Context(), []*hit.Hit{report("US-1", uetr1, "18000.00")}))
	eventually(t, "people see that two have asked", func() bool { return tasked(find(c.gb.desk, "in", "US-FIU"), "duplicate") })
	second := find(c.gb.desk, "in", "US-FIU").ID
	v := show(t, c.gb.desk, second)
	if len(v.Matches) != 1 || v.Matches[0].ID != first || v.Matches[0].Party != "IN-FIU" || len(v.Matches[0].Items) != 1 {
		t.Errorf("matches %s", asJSON(v.Matches))
	}
	refused(t, c.gb.desk, second, desk.Action{Do: "duplicate", As: "O1", About: first[:10]}, "none of US-FIU")
	authoriseFrom(t, c, "IN-FIU")
	eventually(t, "the bank is instructed for India", func() bool { return len(c.stub.messages()) == 1 })
	authoriseFrom(t, c, "US-FIU")
	eventually(t, "both need it", func() bool {
		v := find(c.gb.desk, "out", "BANK-A")
		return v.Payments == 1 && find(c.gb.desk, "in", "US-FIU").State == "instructed"
	})
	if v := find(c.gb.desk, "out", "BANK-A"); len(v.Totals) != 1 || v.Totals[0].Disputed != "18000.00" {
		t.Errorf("the bank holds %s", asJSON(v.Totals))
	}

	third := c.again(t, first, nil)
	eventually(t, "people see that India asks again", func() bool { return tasked(show(t, c.gb.desk, third).View, "duplicate") })
	act(t, c.gb.desk, third, desk.Action{Do: "duplicate", As: "O1", About: first[:10]})
	act(t, c.gb.desk, third, desk.Action{Do: "duplicate", As: "O2", About: first[:10]})
	eventually(t, "it is closed", func() bool { return show(t, c.gb.desk, third).Ending == "duplicate" })
	o := message[*freeze.Outcome](t, show(t, c.gb.desk, third).Messages)
	if o.Decision != "duplicate" || !o.Final || len(o.Case.RelatedAlerts) != 1 || o.Case.RelatedAlerts[0] != first {
		t.Errorf("India got %s", asJSON(o))
	}
	for _, m := range show(t, c.gb.desk, third).Messages {
		if strings.Contains(m.Body, "US-FIU") || strings.Contains(m.Body, second) {
			t.Errorf("India hears of the United States: %s", m.Body)
		}
	}
}

// TestEmergencyIsConfirmedByAnother lets one person have the bank hold the money. The
// bank is told so, and nothing goes to the partner before another one confirms.
func TestEmergencyIsConfirmedByAnother(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	id := arrives(t, c)
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	act(t, c.gb.desk, id, desk.Action{Do: "emergency", As: "O1", Basis: "POCA 336C"})
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	order, ok := c.stub.messages()[0].(*freeze.Request)
	if !ok || order.Approval.Mode != "emergency" || order.Legal.RequesterBasis.Text != "POCA 336C" {
		t.Fatalf("instruction %s", asJSON(c.stub.messages()[0]))
	}
	c.send(t, c.outcome(order, 1, "15500.00", "2500.00"))
	eventually(t, "the bank's answer is there", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	refused(t, c.gb.desk, id, desk.Action{Do: "release", As: "O2"}, "confirms it first")
	refused(t, c.gb.desk, id, desk.Action{Do: "confirm", As: "O1"}, "another officer")
	act(t, c.gb.desk, id, desk.Action{Do: "confirm", As: "O2"})
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O2"})
	eventually(t, "IN knows about the money", func() bool { return state(c.in.desk) == "decided" })
	if h := show(t, c.gb.desk, id).Hold; h == nil || h.By != "O1" || h.Confirmed != "O2" {
		t.Errorf("hold %s", asJSON(h))
	}
}

// TestGuardedAccountIsNeverSuspended asks to suspend an account of the guard list, and
// one that is not on it.
func TestGuardedAccountIsNeverSuspended(t *testing.T) {
	t.Parallel()
	for _, guarded := range []bool{true, false} {
		c := &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}
		c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
		c.stub = newStub(t, c.bank)
		bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
		c.in.start(t, setup{brokers: fake(t)}, []policy.Party{c.gb.party(agreement())}, c.gb)
		guard := func(o *desk.Options) {
			if guarded {
				book, err := o.Book.With(policy.Settings{Guard: []policy.Guard{{Kind: "nostro", Account: "GB52HWBA*"}}})
				must(t, err)
				o.Book = book
			}
		}
		c.gb.start(t, setup{brokers: fake(t), change: guard}, []policy.Party{c.in.party(agreement()), bank}, c.in, c.bank)
		first := arrives(t, c)
		id := c.again(t, first, func(r *freeze.Request) {
			r.Asks = append(r.Asks, freeze.Ask{AskID: r.AlertID + "-K09", Kind: "suspend_account"})
			r.Legal.Proportionality = "the whole account serves the fraud"
		})
		act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
		all := desk.Action{Do: "authorise", As: "O1", Basis: "POCA 336C", Texts: map[string]string{apply.Proportionality: "nothing less does"}}
		want := "hold_amount suspend_account"
		if guarded {
			refused(t, c.gb.desk, id, all, "never suspended")
			all, want = desk.Action{Do: "authorise", As: "O1", Basis: "POCA 336C", About: "hold_amount"}, "hold_amount"
		} else {
			refused(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O1", Basis: "POCA 336C"}, "text proportionality is needed")
		}
		act(t, c.gb.desk, id, all)
		all.As, all.Texts = "O2", nil
		act(t, c.gb.desk, id, all)
		eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
		order, _ := c.stub.messages()[0].(*freeze.Request)
		var kinds []string
		for _, k := range order.Asks {
			if k.Kind != "trace" {
				kinds = append(kinds, k.Kind)
			}
		}
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("guarded %v: the bank is asked for %s, want %s", guarded, got, want)
		}
	}
}

// TestRequestIsRejectedByPeople turns a request away that should have gone to somebody
// else, with the officers' words.
func TestRequestIsRejectedByPeople(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	id := arrives(t, c)
	no := desk.Action{Do: "refuse", As: "O1", Code: "not_competent", Texts: map[string]string{"text": "Ask the police.", "field": "recipient"}}
	act(t, c.gb.desk, id, no)
	no.As, no.Texts = "O2", nil
	act(t, c.gb.desk, id, no)
	eventually(t, "IN knows that it should ask somebody else", func() bool { return state(c.in.desk) == "rejected" })
	if v := show(t, c.gb.desk, id); v.State != "rejected" || len(c.stub.messages()) != 0 {
		t.Errorf("GB has %s", asJSON(v.View))
	}
}

// TestRefusalSaysWhyAndWhatWouldHelp carries the officers' words to the partner.
func TestRefusalSaysWhyAndWhatWouldHelp(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	id := arrives(t, c)
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1", Texts: map[string]string{"legal.nexus": "how is it linked to the offence?"}})
	eventually(t, "IN knows that a desk took it up", func() bool { return state(c.in.desk) == "accepted" })
	if n := show(t, c.gb.desk, id).Infos; len(n) != 1 || n[0].Field != "legal.nexus" || n[0].Message != id+"-Q001-R2" {
		t.Errorf("needs of the receipt: %s", asJSON(n))
	}
	no := desk.Action{Do: "refuse", As: "O1", Code: "insufficient_grounds", Texts: map[string]string{"text": "No link.", "cure": "Send the complaint.", "legal_ground": "POCA 336"}}
	act(t, c.gb.desk, id, no)
	refused(t, c.gb.desk, id, no, "another officer")
	act(t, c.gb.desk, id, desk.Action{Do: "reject", As: "O2"})
	act(t, c.gb.desk, id, no)
	no.As, no.Texts = "O2", nil
	act(t, c.gb.desk, id, no)
	eventually(t, "IN knows of the refusal", func() bool { return state(c.in.desk) == "refused" })
	o := message[*freeze.Outcome](t, show(t, c.in.desk, id).Inbox)
	if r := o.Refusal; r == nil || r.Text != "No link." || r.Cure != "Send the complaint." || r.LegalGround != "POCA 336" || r.Code != "insufficient_grounds" {
		t.Errorf("refusal %s", asJSON(o))
	}
}

// post brings a message of India to the British desk.
func (c *countries) post(t *testing.T, m freeze.Message) {
	t.Helper()
	body, err := freeze.Encode(m)
	must(t, err)
	sender, err := webhook.New(webhook.Config{URL: c.gb.server.URL + inbound.Path, AllowPrivate: true}, webhook.Options{Party: "GB-FIU", Key: c.in.key, Ring: ringOf(t, c.gb)})
	must(t, err)
	defer sender.Close()
	if got := sender.Send(t.Context(), delivery.Attempt{MessageID: m.Head().MessageID, Type: m.Head().Type, Body: body}); got.Verdict != delivery.Delivered {
		t.Fatalf("%s of India: %s %s %s", m.Head().Type, got.Verdict, got.Reason, got.Detail)
	}
}

// TestSubAccountNarrowsTheHold holds a pooled account first, because the money would be
// gone, and only the sub-account once the partner names it.
func TestSubAccountNarrowsTheHold(t *testing.T) {
	t.Parallel()
	const field = "subject.account.sub_account"
	c := newCountries(t, fake(t), fake(t))
	first := arrives(t, c)
	id := c.again(t, first, nil)
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	act(t, c.gb.desk, id, desk.Action{Do: "ask_info", As: "O1", Code: "pooled_account", Texts: map[string]string{field: "a collection account"}})
	act(t, c.gb.desk, id, desk.Action{Do: "emergency", As: "O1", Basis: "POCA 336C"})
	eventually(t, "the bank holds the account", func() bool { return len(c.stub.messages()) == 1 })
	eventually(t, "the question has gone out", func() bool { return len(show(t, c.gb.desk, id).Messages) == 2 })

	r := message[*freeze.Request](t, show(t, c.gb.desk, id).Inbox)
	r.Type, r.Sequence, r.MessageID = freeze.TypeAmendment, 2, freeze.RequesterID(id, 2)
	r.Subject.Account.SubAccount = "WALLET 77120"
	c.post(t, &freeze.Amendment{Request: *r, Supersedes: freeze.RequesterID(id, 1), Changes: []freeze.Change{{Field: field}}})
	eventually(t, "people decide anew", func() bool { return tasked(show(t, c.gb.desk, id).View, "amended") })
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O2"})
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O1", Basis: "POCA 336C"})
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O2", Basis: "POCA 336C"})
	eventually(t, "the bank lets go of the account and holds the sub-account", func() bool { return len(c.stub.messages()) == 3 })
	var narrowed, back bool
	for _, m := range c.stub.messages()[1:] {
		switch m := m.(type) {
		case *freeze.Request:
			narrowed = m.Subject.Account.SubAccount == "WALLET 77120"
		case *freeze.Withdrawal:
			back = m.AlertID == c.stub.messages()[0].Head().AlertID
		}
	}
	if !narrowed || !back {
		t.Errorf("the bank got %s", asJSON(c.stub.messages()[1:]))
	}
	if v := show(t, c.gb.desk, id); v.State != "instructed" || v.Infos[0].Given == 0 || v.Hold != nil {
		t.Errorf("GB has %s %s %s", v.State, asJSON(v.Infos), asJSON(v.Hold))
	}
}

// TestTicksOfTheConvention wants the grounds of article 47(2) looked at where the
// request is under it.
func TestTicksOfTheConvention(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	id := c.again(t, arrives(t, c), func(r *freeze.Request) {
		r.Legal.Regime, r.Legal.MLSuspicion, r.Legal.DomesticEquivalent = "cets198", new(true), "would be suspended here"
	})
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	refused(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O1", Basis: "b"}, "47_2_a")
	refused(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O1", Basis: "b", Texts: map[string]string{apply.TickA: "fraud is listed"}}, "47_2_b")
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O1", Basis: "b", Texts: map[string]string{apply.TickA: "fraud is listed", apply.TickB: "POCA 336C would do"}})
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O2", Basis: "b"})
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
}
