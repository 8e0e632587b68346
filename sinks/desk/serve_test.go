package desk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/webhook"
	"github.com/haltwire/haltwire/sinks/policy"
)

// countries are India, the United Kingdom and a British bank.
type countries struct {
	in, gb, bank *end
	stub         *stub
}

func newCountries(t *testing.T, brokersIN, brokersGB []string) *countries {
	t.Helper()
	c := &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}
	c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
	c.stub = newStub(t, c.bank)
	c.in.start(t, setup{brokers: brokersIN}, []policy.Party{c.gb.party(agreement())}, c.gb)
	bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
	c.gb.start(t, setup{brokers: brokersGB}, []policy.Party{c.in.party(agreement()), bank}, c.in, c.bank)
	return c
}

// instructed lets India ask and the United Kingdom authorise it, and returns what the
// bank is told.
func (c *countries) instructed(t *testing.T) *freeze.Request {
	t.Helper()
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	authoriseFrom(t, c, "IN-FIU")
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	order, ok := c.stub.messages()[0].(*freeze.Request)
	if !ok {
		t.Fatalf("the bank got %T", c.stub.messages()[0])
	}
	return order
}

// outcome is the bank's answer: a part held, the rest moved to cash.
func (c *countries) outcome(r *freeze.Request, sequence uint32, heldAmount, gone string) *freeze.Outcome {
	m := freeze.New(freeze.TypeOutcome)
	o, _ := m.(*freeze.Outcome)
	now, ends := freeze.At(time.Now()), freeze.At(time.Now().Add(7*24*time.Hour))
	id := freeze.ResponderID(r.AlertID, sequence)
	head := freeze.Envelope{
		Schema: freeze.Schema1, Type: freeze.TypeOutcome, Environment: "test", MessageID: id, AlertID: r.AlertID, Sequence: sequence,
		InReplyTo: r.MessageID, CreatedAt: now, Sender: c.bank.self.Party(), Recipient: c.gb.self.Party(), Case: r.Case, Handling: r.Handling,
	}
	o.Envelope = head
	o.OutcomeOf, o.AsOf, o.Decision = r.MessageID, now, "partly"
	o.Funds = []freeze.Fund{
		{ItemID: r.Payments[0].ItemID, Disposition: "held", Money: freeze.Money{Amount: freeze.Dec(heldAmount), Currency: "GBP"}},
		{ItemID: r.Payments[0].ItemID, Disposition: "withdrawn_cash", Money: freeze.Money{Amount: freeze.Dec(gone), Currency: "GBP"}},
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	o.Measures = []freeze.Measure{{
		MeasureID: r.AlertID + "-M01", AskID: r.Asks[0].AskID, Kind: "bank_hold", State: "in_force", Amount: &o.Funds[0].Money, Account: r.Subject.Account,
		Authority: freeze.Authority{Name: "Bank A", Kind: "bank"}, LegalBasis: "order of the FIU", InForceAt: now, ExpiresAt: &ends, Extendable: true, Convert: freeze.Convert{Need: "court_order"},
	}}
	return o
}

// send brings a message of the bank to the British desk.
func (c *countries) send(t *testing.T, m freeze.Message) {
	t.Helper()
	body, err := freeze.Encode(m)
	must(t, err)
	sender, err := webhook.New(webhook.Config{URL: c.gb.server.URL + inbound.Path, AllowPrivate: true}, webhook.Options{Party: "GB-FIU", Key: c.bank.key, Ring: ringOf(t, c.gb)})
	must(t, err)
	defer sender.Close()
	r := sender.Send(t.Context(), delivery.Attempt{MessageID: m.Head().MessageID, Type: m.Head().Type, Body: body})
	if r.Verdict != delivery.Delivered {
		t.Fatalf("the bank's message: %s %s %s", r.Verdict, r.Reason, r.Detail)
	}
}

func act(t *testing.T, d *desk.Desk, id string, a desk.Action) {
	t.Helper()
	if _, err := d.Act(context.Background(), id, a); err != nil {
		t.Fatalf("%s as %s: %v", a.Do, a.As, err)
	}
}

func find(d *desk.Desk, direction, party string) desk.View {
	for _, v := range d.List(desk.Filter{Direction: direction, Party: party}) {
		return v
	}
	return desk.View{}
}

func TestRequestIsDecidedWithFundsThatBalance(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	decide(t, c)
	checkDecided(t, c)
}

// decide brings one request from the hit to the outcome.
func decide(t *testing.T, c *countries) {
	t.Helper()
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00")}))
	eventually(t, "GB has the request", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "received" })
	id := find(c.gb.desk, "in", "IN-FIU").ID

	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	eventually(t, "IN knows that a desk took it up", func() bool { return state(c.in.desk) == "accepted" })
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O1", Basis: "POCA 336C"})
	if _, err := c.gb.desk.Act(t.Context(), id, desk.Action{Do: "authorise", As: "O1"}); err == nil {
		t.Error("the same officer authorised twice")
	}
	if n := len(c.stub.messages()); n != 0 {
		t.Errorf("the bank was instructed %d times before two officers agreed", n)
	}
	act(t, c.gb.desk, id, desk.Action{Do: "authorise", As: "O2", Basis: "POCA 336C"})
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	order, ok := c.stub.messages()[0].(*freeze.Request)
	if !ok {
		t.Fatalf("the bank got %T", c.stub.messages()[0])
	}
	checkInstruction(t, order, id)

	c.send(t, c.outcome(order, 1, "15500.00", "2500.00"))
	eventually(t, "the bank's answer is there", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	act(t, c.gb.desk, id, desk.Action{Do: "release", As: "O1"})
	eventually(t, "IN knows about the money", func() bool { return state(c.in.desk) == "decided" })
	eventually(t, "GB has answered", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "answered" })
}

func checkInstruction(t *testing.T, order *freeze.Request, parent string) {
	t.Helper()
	if order.Legal.Regime != "domestic" || order.Case.ParentAlert != parent || order.Provisional || order.Approval.Mode != "two" {
		t.Errorf("instruction %s", asJSON(order))
	}
	if order.Legal.Facts != "" || order.Legal.RequesterBasis.Text != "POCA 336C" {
		t.Errorf("legal content of the instruction: %s", asJSON(order.Legal))
	}
}

func checkDecided(t *testing.T, c *countries) {
	t.Helper()
	v := find(c.in.desk, "out", "GB-FIU")
	if v.Decision != "partly" || len(v.Amounts) != 1 || v.Amounts[0].Held != "15500.00" || v.Amounts[0].Credited != "18000.00" {
		t.Errorf("outcome in IN: %s", asJSON(v))
	}
	shown, err := c.in.desk.Show(t.Context(), v.ID)
	must(t, err)
	var body string
	for _, m := range shown.Inbox {
		if m.Type == "outcome" {
			body = m.Body
		}
	}
	m, err := freeze.Parse([]byte(body))
	must(t, err)
	o, _ := m.(*freeze.Outcome)
	if err := freeze.Balance(o, shown.Items); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(o.Measures[0].MeasureID, o.Measures[0].Amount.Amount, o.OutcomeOf); got != fmt.Sprint(v.ID+"-M01", "15500.00", v.ID+"-Q001") {
		t.Errorf("measure and request: %s", got)
	}
}

func TestRefusalIsAnswered(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00")}))
	eventually(t, "GB has the request", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "received" })
	id := find(c.gb.desk, "in", "IN-FIU").ID
	act(t, c.gb.desk, id, desk.Action{Do: "refuse", As: "O1", Code: "insufficient_grounds"})
	act(t, c.gb.desk, id, desk.Action{Do: "refuse", As: "O2", Code: "insufficient_grounds"})
	eventually(t, "IN knows of the refusal", func() bool { return state(c.in.desk) == "refused" })
}

func TestConfirmationAndWithdrawal(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00")}))
	eventually(t, "the request is received", func() bool { return state(c.in.desk) == "received" })
	id := find(c.in.desk, "out", "GB-FIU").ID
	act(t, c.in.desk, id, desk.Action{Do: "confirm", As: "O1"})
	eventually(t, "GB knows that people stand behind it", func() bool { return find(c.gb.desk, "in", "IN-FIU").Confirmed })
	act(t, c.in.desk, id, desk.Action{Do: "withdraw", As: "O1", Reason: "victim found the money"})
	if _, err := c.in.desk.Act(t.Context(), id, desk.Action{Do: "withdraw", As: "O1"}); err == nil {
		t.Error("one officer withdrew alone")
	}
	act(t, c.in.desk, id, desk.Action{Do: "withdraw", As: "O2"})
	eventually(t, "the alert is closed", func() bool { return state(c.in.desk) == "closed" })
	eventually(t, "GB has closed it too", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "closed" })

	again := report("TX-1", "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00")
	another := report("TX-2", "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00")
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{again, another}))
	fresh := report("TX-3", "d23f0824-128b-4f33-8c5c-7fd0a6a3a450", "9500.00")
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{fresh}))
	eventually(t, "a new payment opens an episode", func() bool { return len(c.in.desk.List(desk.Filter{})) == 2 })
	if v := c.in.desk.List(desk.Filter{State: "closed"}); len(v) != 1 || v[0].Episode != 1 {
		t.Errorf("a repeated hit moved the closed alert: %s", asJSON(v))
	}
}
