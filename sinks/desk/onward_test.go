package desk_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/webhook"
	"github.com/haltwire/haltwire/sinks/policy"
)

// flooding is a partner that says what it likes about where money went: India's desk,
// and a stub in the place of the British one.
type flooding struct {
	*countries
	in   *end
	stub *stub
	ask  *freeze.Request
	said uint32
}

func newFlooding(t *testing.T, onward int) *flooding {
	t.Helper()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	ae := newEnd(t, policy.Self{ID: "AE-FIU", Name: "FIU of the Emirates", Kind: "fiu", Country: "AE"})
	f := &flooding{countries: &countries{bank: gb, gb: in}, in: in, stub: newStub(t, gb)}
	newStub(t, ae)
	change := func(o *desk.Options) { o.Budgets = desk.Budgets{Onward: onward} }
	in.start(t, setup{brokers: fake(t), partitions: 3, change: change}, []policy.Party{gb.party(agreement()), ae.party(agreement())}, gb, ae)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the partner has the request", func() bool { return len(f.stub.messages()) == 1 })
	f.ask, _ = f.stub.messages()[0].(*freeze.Request)
	return f
}

// tell says that the money went in equal parts to accounts in the Emirates.
func (f *flooding) tell(t *testing.T, accounts ...string) {
	t.Helper()
	f.said++
	o := f.outcome(f.ask, f.said, "0.00", "0.00")
	part := freeze.Money{Amount: "1.00", Currency: "GBP"}
	rest := freeze.Dec("18000.00").Add(freeze.Dec(fmt.Sprintf("-%d.00", len(accounts))))
	item := f.ask.Payments[0].ItemID
	o.Measures = nil
	o.Funds = []freeze.Fund{
		{ItemID: item, Disposition: "moved_on", Money: freeze.Money{Amount: freeze.Dec(fmt.Sprintf("%d.00", len(accounts))), Currency: "GBP"}},
		{ItemID: item, Disposition: "withdrawn_cash", Money: freeze.Money{Amount: rest, Currency: "GBP"}},
	}
	for i, id := range accounts {
		o.Trail = append(o.Trail, freeze.Hop{
			ItemID: fmt.Sprintf("%s-N%03d", f.ask.AlertID, i+1), ParentItems: []string{item}, Money: part, ExecutedAt: freeze.At(time.Now()),
			To:   freeze.HopTo{Account: freeze.Account{Scheme: "other", ID: id, Type: "personal"}, Servicer: freeze.Servicer{BIC: "HWBDAEAD", Country: "AE"}, AccountCountry: "AE"},
			Refs: freeze.Refs{EndToEndID: fmt.Sprintf("E-%s-%d", id, i)}, HandledBy: "nobody", OnwardUse: "to_be_asked",
		})
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	body, err := freeze.Encode(o)
	must(t, err)
	sender, err := webhook.New(webhook.Config{URL: f.in.server.URL + inbound.Path, AllowPrivate: true}, webhook.Options{Party: "IN-FIU", Key: f.bank.key, Ring: ringOf(t, f.in)})
	must(t, err)
	defer sender.Close()
	if r := sender.Send(t.Context(), delivery.Attempt{MessageID: o.MessageID, Type: o.Type, Body: body}); r.Verdict != delivery.Delivered {
		t.Fatalf("the partner's word: %s %s %s", r.Verdict, r.Reason, r.Detail)
	}
}

// children lists the alerts about the accounts in the Emirates, by state.
func (f *flooding) children() map[string]int {
	out := map[string]int{}
	for _, v := range f.in.desk.List(desk.Filter{Party: "AE-FIU", Limit: 1000}) {
		out[v.State]++
	}
	return out
}

func accounts(prefix string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s%03d", prefix, i))
	}
	return out
}

// asked counts the facts that the partner was asked to let us use.
func (f *flooding) asked() int {
	n := 0
	for _, m := range f.stub.messages() {
		if q, ok := m.(*freeze.ConsentRequest); ok {
			n += len(q.FactIDs)
		}
	}
	return n
}

func (f *flooding) view() desk.View { return find(f.in.desk, "out", "GB-FIU") }

// TestAPartnersWordOpensAlertsWithinItsBudget tells of two hundred accounts. A few
// alerts open; the others wait as one question, whose answer, of one officer, lets
// chosen ones or all go on.
func TestAPartnersWordOpensAlertsWithinItsBudget(t *testing.T) {
	t.Parallel()
	f := newFlooding(t, 5)
	f.tell(t, accounts("AE", 200)...)
	eventually(t, "five accounts are asked about and the others wait", func() bool {
		return f.view().Waiting == 195 && f.asked() == 5
	})
	v := f.view()
	if over := v.Overflow; over == nil || over.What != "onward" || over.Of != "GB-FIU" || over.Limit != 5 || over.Count != 5 || v.Exceeded != nil {
		t.Errorf("overflow %s", asJSON(v.Overflow))
	}
	if n := slices.DeleteFunc(slices.Clone(v.Tasks), func(k apply.Task) bool { return k.Kind != "trail" || k.Done != "" }); len(n) != 1 {
		t.Errorf("tasks %s", asJSON(v.Tasks))
	}
	if got := f.children(); got["awaiting_consent"] != 5 || len(got) != 1 {
		t.Errorf("children %v", got)
	}
	act(t, f.in.desk, v.ID, desk.Action{Do: "follow", As: "O1", Items: []string{"N100", v.ID + "-N101"}})
	eventually(t, "two more are asked about", func() bool { return f.asked() == 7 && f.view().Waiting == 193 })
	turnedDown(t, f.in.desk, v.ID, "followed already", desk.Action{Do: "follow", As: "O1", Items: []string{"N102", "N100"}})
	turnedDown(t, f.in.desk, v.ID, "say which", desk.Action{Do: "follow", As: "O1"})
	f.tell(t, accounts("AE", 200)...) // once more: nothing is followed that waits
	eventually(t, "the later word counts", func() bool {
		return show(t, f.in.desk, v.ID).Inbox[len(show(t, f.in.desk, v.ID).Inbox)-1].ID == freeze.ResponderID(v.ID, 2)
	})
	act(t, f.in.desk, v.ID, desk.Action{Do: "follow", As: "O1", Code: "all"})
	eventually(t, "all are asked about", func() bool {
		return f.asked() == 200 && f.view().Waiting == 0 && f.children()["awaiting_consent"] == 200
	})
	if v := f.view(); tasked(v, "trail") || v.Overflow != nil {
		t.Errorf("alert %s", asJSON(v))
	}
	turnedDown(t, f.in.desk, v.ID, "no movement waits", desk.Action{Do: "follow", As: "O1", Code: "all"})
}

// TestBudgetOfWordsOutlivesTheOwner counts again after a restart what was followed.
func TestBudgetOfWordsOutlivesTheOwner(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	ae := newEnd(t, policy.Self{ID: "AE-FIU", Name: "FIU of the Emirates", Kind: "fiu", Country: "AE"})
	f := &flooding{countries: &countries{bank: gb, gb: in}, in: in, stub: newStub(t, gb)}
	newStub(t, ae)
	s := setup{brokers: fake(t), change: func(o *desk.Options) { o.Budgets = desk.Budgets{Onward: 3} }}
	parties := []policy.Party{gb.party(agreement()), ae.party(agreement())}
	stop := in.start(t, s, parties, gb, ae)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the partner has the request", func() bool { return len(f.stub.messages()) == 1 })
	f.ask, _ = f.stub.messages()[0].(*freeze.Request)
	f.tell(t, accounts("AE", 2)...)
	eventually(t, "both are followed", func() bool { return f.asked() == 2 })
	stop()
	in.start(t, s, parties, gb, ae)
	f.tell(t, accounts("AE", 6)...)
	eventually(t, "one more is followed", func() bool { return f.asked() == 3 && f.view().Waiting == 3 })
}

// TestCorrectedHopHasOneChild lets the partner say that the money went to another
// account: the alert about the first ends, and the other one is asked about.
func TestCorrectedHopHasOneChild(t *testing.T) {
	t.Parallel()
	f := newFlooding(t, 100)
	f.tell(t, "FIRST")
	eventually(t, "the partner is asked", func() bool { return f.asked() == 1 })
	f.tell(t, "SECOND")
	eventually(t, "the first alert has ended and the second waits", func() bool {
		got := f.children()
		return got["closed"] == 1 && got["awaiting_consent"] == 1 && f.asked() == 2
	})
	parent := show(t, f.in.desk, f.view().ID)
	for _, v := range f.in.desk.List(desk.Filter{Party: "AE-FIU"}) {
		d := show(t, f.in.desk, v.ID)
		switch account := d.Facts[0].Subject.Account.ID; {
		case v.State == "closed" && (v.Ending != "moved" || account != "FIRST" || d.Facts[0].Consent != "moved"):
			t.Errorf("the first: %s", asJSON(d))
		case v.State != "closed" && (account != "SECOND" || len(parent.Trail) != 1 || parent.Trail[0].Child != v.ID):
			t.Errorf("the second: %s, of %s", asJSON(d), asJSON(parent.Trail))
		}
	}
	f.tell(t, "FIRST")
	eventually(t, "the first goes on", func() bool {
		got := f.children()
		return got["closed"] == 1 && got["awaiting_consent"] == 1 && show(t, f.in.desk, f.view().ID).Trail[0].Child == firstOpen(f)
	})
}

// firstOpen returns the open alert about an account in the Emirates.
func firstOpen(f *flooding) string {
	for _, v := range f.in.desk.List(desk.Filter{Party: "AE-FIU"}) {
		if v.State != "closed" {
			return v.ID
		}
	}
	return "none"
}
