package desk_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

const (
	muleInAE = "AE819990000000000000303"
	hopUETR  = "0b1a3c77-1d2e-4f30-8a41-5b6c7d8e9f01"
)

// wire keeps everything that a desk is told over HTTP.
type wire struct {
	next http.Handler
	mu   sync.Mutex
	said []string
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.mu.Lock()
	w.said = append(w.said, r.URL.String()+asJSON(r.Header)+string(body))
	w.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.next.ServeHTTP(rw, r)
}

func (w *wire) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.said)
}

// threeCountries are India, the United Kingdom with a bank, and the Emirates, where
// everything that is said to them is kept.
type threeCountries struct {
	*countries
	ae   *end
	toAE *wire
}

func newThreeCountries(t *testing.T) *threeCountries {
	t.Helper()
	c := &threeCountries{countries: &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}}
	c.ae = newEnd(t, policy.Self{ID: "AE-FIU", Name: "FIU of the Emirates", Kind: "fiu", Country: "AE"})
	c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
	c.stub = newStub(t, c.bank)
	c.in.start(t, setup{brokers: fake(t)}, []policy.Party{c.gb.party(agreement()), c.ae.party(agreement())}, c.gb, c.ae)
	bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
	c.gb.start(t, setup{brokers: fake(t)}, []policy.Party{c.in.party(agreement()), bank, c.ae.party(agreement())}, c.in, c.bank, c.ae)
	c.ae.start(t, setup{brokers: fake(t)}, []policy.Party{c.in.party(agreement()), c.gb.party(agreement())}, c.in, c.gb)
	c.ae.mu.Lock()
	c.toAE = &wire{next: c.ae.handler}
	c.ae.handler = c.toAE
	c.ae.mu.Unlock()
	return c
}

// movedOn is the bank's answer: most of the money has gone to the Emirates.
func (c *threeCountries) movedOn(order *freeze.Request) *freeze.Outcome {
	o := c.outcome(order, 1, "7000.00", "0.00")
	item := order.Payments[0].ItemID
	moved := freeze.Money{Amount: "11000.00", Currency: "GBP"}
	o.Funds[1] = freeze.Fund{ItemID: item, Disposition: "moved_on", Money: moved}
	o.Amounts = freeze.AmountsOf(o.Funds)
	o.Trail = []freeze.Hop{{
		ItemID: order.AlertID + "-N01", ParentItems: []string{item},
		To: freeze.HopTo{
			Account: freeze.Account{Scheme: "iban", ID: muleInAE, Name: "A. Mule", Type: "personal"}, Servicer: freeze.Servicer{BIC: "HWBDAEAD", Country: "AE"}, AccountCountry: "AE",
			Holders: []freeze.Holder{{Role: "owner", Kind: "person", Name: "A. Mule"}},
		},
		Money: moved, Credited: &freeze.Money{Amount: "52000.00", Currency: "AED"}, ExecutedAt: freeze.At(time.Now()), Refs: freeze.Refs{UETR: hopUETR},
		HandledBy: "nobody", OnwardUse: "granted", // of the bank; the FIU is to be asked
	}}
	return o
}

// tell brings India to know where the money went, and returns the alert that asked.
func (c *threeCountries) tell(t *testing.T) string {
	t.Helper()
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "GB has the request", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "received" })
	authoriseFrom(t, c.countries, "IN-FIU")
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	order, ok := c.stub.messages()[0].(*freeze.Request)
	if !ok {
		t.Fatalf("the bank got %T", c.stub.messages()[0])
	}
	c.send(t, c.movedOn(order))
	eventually(t, "the bank's answer is there", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "bank_answered" })
	for _, as := range []string{"O1", "O2"} { // the bank named people: two release it
		act(t, c.gb.desk, find(c.gb.desk, "in", "IN-FIU").ID, desk.Action{Do: "release", As: as})
	}
	eventually(t, "IN knows about the money", func() bool { return find(c.in.desk, "out", "GB-FIU").Decision == "partly" })
	return find(c.in.desk, "out", "GB-FIU").ID
}

// asked waits for the consent_request in GB, and returns GB's alert and the request.
func (c *threeCountries) asked(t *testing.T) (alert string, m desk.MessageView) {
	t.Helper()
	alert = find(c.gb.desk, "in", "IN-FIU").ID
	eventually(t, "GB is asked for its consent", func() bool {
		m = last(t, c.gb.desk, alert, "consent_request")
		return m.ID != ""
	})
	return alert, m
}

// last returns the last message of a type that came in.
func last(t *testing.T, d *desk.Desk, alert, kind string) desk.MessageView {
	t.Helper()
	shown, err := d.Show(t.Context(), alert)
	must(t, err)
	out := desk.MessageView{}
	for _, m := range shown.Inbox {
		if m.Type == kind {
			out = m
		}
	}
	return out
}

// silent holds that nobody in the Emirates has heard anything, nor is about to.
func (c *threeCountries) silent(t *testing.T) {
	t.Helper()
	if said := c.toAE.heard(); len(said) > 0 {
		t.Errorf("%d messages reached the Emirates: %s", len(said), said[0])
	}
	for _, from := range []*end{c.in, c.gb} {
		for _, v := range from.desk.List(desk.Filter{Party: "AE-FIU"}) {
			shown, err := from.desk.Show(t.Context(), v.ID)
			must(t, err)
			if len(shown.Messages) > 0 {
				t.Errorf("%s has a message for the Emirates: %s", from.self.ID, shown.Messages[0].Body)
			}
		}
	}
}

func TestHopIsAskedAboutWithConsentAlone(t *testing.T) {
	t.Parallel()
	c := newThreeCountries(t)
	parent := c.tell(t)
	alert, question := c.asked(t)
	child := find(c.in.desk, "out", "AE-FIU")
	if child.State != "awaiting_consent" || child.Payments != 0 {
		t.Errorf("the child is %s", asJSON(child))
	}
	checkQuestion(t, question, parent)
	for _, as := range []string{"O1", "O2"} {
		if _, err := c.in.desk.Act(t.Context(), child.ID, desk.Action{Do: "approve", As: as}); err == nil {
			t.Error("approved without consent")
		}
	}
	if n := len(c.gb.desk.List(desk.Filter{Party: "AE-FIU"})); n > 0 {
		t.Errorf("GB opened %d alerts about what its bank found for somebody else", n)
	}
	c.silent(t)

	act(t, c.gb.desk, alert, desk.Action{Do: "consent", As: "O1", About: question.ID, Code: "all", Texts: map[string]string{"conditions": "No court without asking again."}})
	c.silent(t)
	act(t, c.gb.desk, alert, desk.Action{Do: "consent", As: "O2", About: question.ID, Code: "all"})
	eventually(t, "the child is proposed", func() bool { return find(c.in.desk, "out", "AE-FIU").State == "proposed" })
	c.silent(t)
	act(t, c.in.desk, child.ID, desk.Action{Do: "approve", As: "O1"})
	act(t, c.in.desk, child.ID, desk.Action{Do: "approve", As: "O2"})
	eventually(t, "AE is asked", func() bool { return find(c.ae.desk, "in", "IN-FIU").State == "received" })
	checkOnward(t, last(t, c.ae.desk, find(c.ae.desk, "in", "IN-FIU").ID, "request"), parent)
	for _, word := range []string{"A. Mule", "V. Victim", "A Holder", "000000000042", "No court"} {
		if strings.Contains(strings.Join(c.toAE.heard(), "\n"), word) {
			t.Errorf("the Emirates read %q", word)
		}
	}
}

// checkQuestion holds what GB is asked.
func checkQuestion(t *testing.T, v desk.MessageView, parent string) {
	t.Helper()
	m, err := freeze.Parse([]byte(v.Body))
	must(t, err)
	q, ok := m.(*freeze.ConsentRequest)
	if !ok || !slices.Equal(q.FactIDs, []string{parent + "-N01"}) || !slices.Equal(q.To, []string{"AE"}) || q.Purpose == "" || !q.Deadline.After(time.Now()) {
		t.Errorf("GB is asked %s", v.Body)
	}
}

// checkOnward holds what AE is asked.
func checkOnward(t *testing.T, v desk.MessageView, parent string) {
	t.Helper()
	m, err := freeze.Parse([]byte(v.Body))
	must(t, err)
	r, ok := m.(*freeze.Request)
	if !ok || len(r.Payments) != 1 {
		t.Fatalf("AE got %s", v.Body)
	}
	p := r.Payments[0]
	if p.Hop != 1 || !slices.Equal(p.ParentItems, []string{freeze.ItemID(parent, 1)}) || p.Disputed != (freeze.Money{Amount: "52000.00", Currency: "AED"}) || p.Refs.UETR != hopUETR {
		t.Errorf("payment %s", asJSON(p))
	}
	if r.Case.ParentAlert != parent || r.Case.RootAlert != parent || r.Subject.Account.ID != muleInAE || r.Subject.Account.Name != "" || p.Debtor.Servicer.BIC != "HWBAGB2L" || p.Debtor.Account != nil {
		t.Errorf("request %s", v.Body)
	}
	if a := r.Asks[0]; a.Kind != "hold_amount" || a.Amount == nil || *a.Amount != p.Disputed {
		t.Errorf("asks %s", asJSON(r.Asks))
	}
	if h := r.Handling; h.PermittedUse != "intelligence_only" || h.TLP != "red" || h.Onward.Mode != "none" {
		t.Errorf("handling %s", asJSON(h))
	}
}

func TestHopWithoutConsentIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	c := newThreeCountries(t)
	c.tell(t)
	alert, question := c.asked(t)
	no := desk.Action{Do: "consent", As: "O1", About: question.ID, Code: "none", Texts: map[string]string{"ground": "prejudices_investigation", "text": "An operation is under way."}}
	act(t, c.gb.desk, alert, no)
	act(t, c.gb.desk, alert, desk.Action{Do: "consent", As: "O2", About: question.ID, Code: "none"})
	eventually(t, "the child is closed", func() bool { return find(c.in.desk, "out", "AE-FIU").State == "closed" })
	v := find(c.in.desk, "out", "AE-FIU")
	if v.Ending != "no_consent" || !slices.ContainsFunc(v.Tasks, func(task apply.Task) bool { return task.Kind == "no_consent" }) {
		t.Errorf("the child is %s", asJSON(v))
	}
	shown, err := c.in.desk.Show(t.Context(), v.ID)
	must(t, err)
	if len(shown.Facts) != 1 || shown.Facts[0].Texts["text"] != "An operation is under way." || shown.Facts[0].Texts["ground"] != "prejudices_investigation" {
		t.Errorf("officers read %s", asJSON(shown.Facts))
	}
	c.silent(t)
}

// TestHopThatOurReportProvesNeedsNoConsent has a report of our own tell of the same
// payment before the partner does: people ask about it as about any other, nobody is
// asked for consent, and nothing shows that a partner knew of it.
func TestHopThatOurReportProvesNeedsNoConsent(t *testing.T) {
	t.Parallel()
	c := newThreeCountries(t)
	own := report("TX-9", hopUETR, "51000.00")
	own.Approval = "two_person"
	own.Alerts[0].Subject = hit.Subject{UID: muleInAE, Scheme: "iban", Account: muleInAE, BIC: "HWBDAEAD", Country: "AE"}
	own.Alerts[0].Payments[0].Amount, own.Alerts[0].Payments[0].Credited = money("51000.00", "AED"), money("51000.00", "AED")
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{own}))
	eventually(t, "our own alert is proposed", func() bool { return find(c.in.desk, "out", "AE-FIU").State == "proposed" })
	parent := c.tell(t)
	eventually(t, "the hop is known to be ours", func() bool {
		shown, err := c.in.desk.Show(t.Context(), find(c.in.desk, "out", "AE-FIU").ID)
		return err == nil && len(shown.Facts) == 1 && shown.Facts[0].Own
	})
	child := find(c.in.desk, "out", "AE-FIU")
	act(t, c.in.desk, child.ID, desk.Action{Do: "approve", As: "O1"})
	act(t, c.in.desk, child.ID, desk.Action{Do: "approve", As: "O2"})
	eventually(t, "AE is asked", func() bool { return find(c.ae.desk, "in", "IN-FIU").State == "received" })
	for _, word := range []string{parent, "52000", "11000", "HWBAGB2L", "GB-FIU", "parent_", "A. Mule"} {
		if strings.Contains(strings.Join(c.toAE.heard(), "\n"), word) {
			t.Errorf("the Emirates read %q, which only GB told", word)
		}
	}
	if m := last(t, c.gb.desk, find(c.gb.desk, "in", "IN-FIU").ID, "consent_request"); m.ID != "" {
		t.Errorf("GB was asked for consent: %s", m.Body)
	}
}
