package policy_test

import (
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// agreed makes a party under a profile, with the texts that the config gives.
func agreed(id, kind, country, name string) policy.Party {
	return policy.Party{ID: id, Name: id, Kind: kind, Country: country, Policy: policy.Policy{Profile: name, Texts: texts()}}
}

func bookOf(t testing.TB, self policy.Self, parties ...policy.Party) *policy.Book {
	t.Helper()
	b, err := policy.NewBook(self, parties)
	if err != nil {
		t.Fatal(err)
	}
	b, err = b.With(policy.Settings{
		Guard: []policy.Guard{{Kind: "payroll", Account: "GB52HWBA*"}},
		USD: func(currency string, _ time.Time) (*big.Rat, bool) {
			return map[string]*big.Rat{"GBP": big.NewRat(127, 100)}[currency], currency == "GBP"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// full are facts that pass every gate of every profile that allows what they ask.
func full(asks ...string) policy.Facts {
	f := facts("50000.00")
	f.Asks, f.Provisional, f.Mode = asks, false, "two"
	f.MLSuspicion, f.DomesticEquivalent, f.Proportionality, f.Basis = true, "would be suspended here", "nothing less would do", "order 7"
	f.ComplaintRefs = []string{"1930-1"}
	f.Payments[0].Recall.State = "initiated"
	return f
}

// TestGates holds every gate of FREEZE 4 under every profile that has it: full facts go
// out, and what fails is named.
func TestGates(t *testing.T) {
	eu := policy.Self{ID: "DE-FIU", Kind: "fiu", Country: "DE"}
	police, bureau := policy.Self{ID: "IN-POL", Kind: "lea", Country: "IN"}, policy.Self{ID: "IN-NCB", Kind: "ncb", Country: "IN"}
	suspend := func(f *policy.Facts) { f.Asks = []string{"suspend_account"} }
	for _, c := range []struct {
		name   string
		self   policy.Self
		party  policy.Party
		ask    string
		field  string
		change func(*policy.Facts)
	}{
		{"egmont", self(), agreed("P", "fiu", "GB", "egmont"), "hold_amount", "", nil},
		{"egmont: a reference", self(), agreed("P", "fiu", "GB", "egmont"), "trace", "payments.refs", func(f *policy.Facts) { f.Payments = nil }},
		{"egmont: reasons", self(), agreed("P", "fiu", "GB", "egmont"), "hold_amount", "legal.facts", func(f *policy.Facts) { f.Facts = "" }},
		{"egmont: by an FIU", police, agreed("P", "fiu", "GB", "egmont"), "hold_amount", "sender.kind", nil},
		{"amld6", eu, agreed("P", "fiu", "FR", "eu_amld6"), "hold_amount", "", nil},
		{"amld6: suspicion", eu, agreed("P", "fiu", "FR", "eu_amld6"), "trace", "legal.ml_suspicion", func(f *policy.Facts) { f.MLSuspicion = false }},
		{"amld6: members", self(), agreed("P", "fiu", "FR", "eu_amld6"), "trace", "sender.country", nil},
		{"amld6: an account", eu, agreed("P", "fiu", "FR", "eu_amld6"), "hold_amount", "asks", suspend}, // guarded
		{"amld6: proportion", eu, agreed("P", "fiu", "FR", "eu_amld6"), "hold_amount", "legal.proportionality", func(f *policy.Facts) {
			suspend(f)
			f.Subject.Account.ID, f.Proportionality = "FR7630006000011234567890189", ""
		}},
		{"cets198", self(), agreed("P", "fiu", "GB", "cets198"), "suspend_transaction", "", nil},
		{"cets198: suspicion", self(), agreed("P", "fiu", "GB", "cets198"), "suspend_transaction", "legal.ml_suspicion", func(f *policy.Facts) { f.MLSuspicion = false }},
		{"cets198: b", self(), agreed("P", "fiu", "GB", "cets198"), "suspend_transaction", "legal.domestic_equivalent", func(f *policy.Facts) { f.DomesticEquivalent = "" }},
		{"cets198: no hold", self(), agreed("P", "fiu", "GB", "cets198"), "hold_amount", "asks", nil},
		{"ffkc", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "", nil},
		{"ffkc: size", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "payments.disputed", func(f *policy.Facts) { f.Payments[0].Disputed.Amount = "39370.07" }},
		{"ffkc: size enough", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "", func(f *policy.Facts) { f.Payments[0].Disputed.Amount = "39370.08" }},
		{"ffkc: size told", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "payments.disputed", func(f *policy.Facts) { f.USD = "49999.99" }},
		{"ffkc: rate", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "rate", func(f *policy.Facts) { f.Payments[0].Disputed.Currency = "JPY" }},
		{"ffkc: age", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "payments.executed_at", func(f *policy.Facts) { f.Now = f.Now.Add(72*time.Hour + 1) }},
		{"ffkc: age enough", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "", func(f *policy.Facts) { f.Now = f.Now.Add(72 * time.Hour) }},
		{"ffkc: amended late", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "", func(f *policy.Facts) {
			f.Now, f.Sequence, f.Supersedes, f.Changes = f.Now.Add(90*time.Hour), 2, freeze.RequesterID(f.AlertID, 1), []freeze.Change{{Field: "payments"}}
		}},
		{"ffkc: recall", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "payments.recall", func(f *policy.Facts) {
			f.Recalls = map[string]freeze.Recall{f.Payments[0].ItemID: {State: "instructed"}}
		}},
		{"ffkc: border", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "payments.debtor.servicer.country", func(f *policy.Facts) { f.Payments[0].Debtor.Servicer.Country = "GB" }},
		{"ffkc: list", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "payments[0].debtor.name", func(f *policy.Facts) { f.Payments[0].Debtor.Name = "" }},
		{"ffkc: victims", police, agreed("P", "lea", "US", "ffkc"), "hold_amount", "payments", another},
		{"ffkc: who", self(), agreed("P", "lea", "US", "ffkc"), "hold_amount", "sender.kind", nil},
		{"igrip", bureau, agreed("P", "ncb", "GB", "igrip"), "hold_amount", "", nil},
		{"igrip: complaint", bureau, agreed("P", "ncb", "GB", "igrip"), "hold_amount", "case.complaint_refs", func(f *policy.Facts) { f.ComplaintRefs, f.Payments[0].ComplaintRef = nil, "" }},
		{"igrip: recall", bureau, agreed("P", "ncb", "GB", "igrip"), "hold_amount", "payments.recall", func(f *policy.Facts) { f.Payments[0].Recall.State = "none" }},
		{"igrip: recall with it", bureau, agreed("P", "ncb", "GB", "igrip"), "recall", "", func(f *policy.Facts) { f.Payments[0].Recall.State = "none" }},
		{"siena: 4x4", police, agreed("P", "lea", "FR", "siena"), "hold_amount", "handling.source_eval", nil},
		{"siena", police, evaluated(agreed("P", "lea", "FR", "siena")), "hold_amount", "", nil},
		{"bilateral", police, agreed("P", "hub", "GB", "bilateral"), "hold_amount", "", nil},
		{"own bank", self(), bank(), "hold_amount", "", nil},
		{"own bank: basis", self(), bank(), "hold_amount", "legal.requester_basis", func(f *policy.Facts) { f.Basis = "" }},
		{"own bank: recall of any account", self(), bank(), "recall", "", func(f *policy.Facts) { f.Basis, f.Subject.Servicer.BIC = "", "OTHRGB2L" }},
		{"own bank: its account", self(), bank(), "hold_amount", "subject.servicer", func(f *policy.Facts) { f.Subject.Servicer.BIC = "OTHRGB2L" }},
	} {
		f := full(c.ask)
		if c.change != nil {
			c.change(&f)
		}
		b := bookOf(t, c.self, c.party)
		_, body, err := b.Request(b.Party(c.party.ID), f)
		var gate *policy.Gate
		switch blocked := errors.As(err, &gate); {
		case c.field == "" && err != nil, c.field != "" && (!blocked || gate.Field != c.field || len(gate.Text) < 10):
			t.Errorf("%s: %v, want %q", c.name, err, c.field)
		case c.field == "":
			if _, err := freeze.Parse(body); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}

func bank() policy.Party {
	p := agreed("P", "bank", "IN", "own_bank")
	p.Policy.Texts, p.Servicers = policy.Texts{}, []policy.Servicer{{BIC: "HWBAGB2L"}}
	return p
}

func evaluated(p policy.Party) policy.Party {
	p.Policy.Handling = policy.Handling{SourceEval: "A", InfoEval: "2"}
	return p
}

// another adds the payment of another victim to the same account.
func another(f *policy.Facts) {
	x := f.Payments[0]
	x.ItemID = strings.Repeat("A", 26) + "-P02"
	x.Debtor.Account = &freeze.Account{Scheme: "bban", ID: "other-victim", Type: "personal"}
	x.Debtor.Name, x.Debtor.Location = "other-victim", "other-victim"
	f.Payments = append(f.Payments, x)
}

// TestOthersVictimsAreRefsAndAmounts holds the row of other victims' payments.
func TestOtherVictimsAreRefsAndAmounts(t *testing.T) {
	eu := policy.Self{ID: "DE-FIU", Kind: "fiu", Country: "DE"}
	b := bookOf(t, eu, agreed("P", "fiu", "FR", "eu_amld6"))
	f := full("hold_amount")
	another(&f)
	r, body, err := b.Request(b.Party("P"), f)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), "other-victim") || r.Payments[0].Debtor.Account == nil || len(r.Payments) != 2 || r.Totals[0].Disputed != "100000.00" {
		t.Errorf("request %s", body)
	}
}

func TestWhoElseCouldBeAsked(t *testing.T) {
	deaf := agreed("GB-TRACE", "fiu", "GB", "bilateral")
	deaf.Policy.Asks = []string{"trace"}
	b := bookOf(t, self(), agreed("GB-CETS", "fiu", "GB", "cets198"), deaf, agreed("GB-FIU", "fiu", "GB", "egmont"), agreed("FR-FIU", "fiu", "FR", "egmont"), bank(), agreed("GB-POL", "lea", "GB", "bilateral"))
	f := full("hold_amount")
	_, _, err := b.Request(b.Party("GB-CETS"), f)
	var gate *policy.Gate
	if !errors.As(err, &gate) || !slices.Equal(gate.Instead, []string{"GB-FIU", "GB-POL"}) {
		t.Errorf("%v %+v", err, gate)
	}
}

func TestPeople(t *testing.T) {
	own := bank()
	own.ID, own.Policy.Approvals, own.Policy.Unattended = "OWN", map[string]int{"suspend_account": 3}, []string{"recall"}
	b := bookOf(t, self(), bank(), own, agreed("F", "fiu", "GB", "egmont"))
	for _, c := range []struct {
		party, asks string
		want        int
	}{
		{"P", "recall", 1}, {"P", "hold_amount", 2}, {"P", "recall hold_amount", 2}, {"P", "preserve_records", 2},
		{"OWN", "recall", 0}, {"OWN", "recall hold_amount", 2}, {"OWN", "suspend_account hold_amount", 3},
		{"F", "trace", 2}, {"nobody", "trace", 2},
	} {
		if got := b.Needs(c.party, strings.Fields(c.asks)); got != c.want {
			t.Errorf("%s %s: %d people, want %d", c.party, c.asks, got, c.want)
		}
	}
}

// TestOverrides holds that a config makes an agreement stricter freely and looser with
// two people, and that both show.
func TestOverrides(t *testing.T) {
	p := agreed("P", "fiu", "GB", "egmont")
	p.Policy.Deny = []string{"payments.refs.rrn", "indicators.*"}
	p.Policy.Looser = policy.Looser{Allow: []string{"payments.debtor.name"}, Note: "MoU 7", ApprovedBy: []string{"O1", "O2"}}
	p.Policy.Handling = policy.Handling{TLP: "red", Europol: "H1", Onward: "none"}
	p.Policy.Accept = policy.Answering{}
	b := bookOf(t, self(), p, agreed("Q", "fiu", "FR", "egmont"))
	f := full("hold_amount")
	f.Payments[0].Refs.RRN, f.Indicators = "606104000001", []freeze.Indicator{{Code: "sim_swap_before_payment"}}
	r, body, err := b.Request(b.Party("P"), f)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(body); strings.Contains(text, "606104000001") || strings.Contains(text, "sim_swap") || r.Payments[0].Debtor.Name != secret || r.Handling.TLP != "red" || r.Handling.Europol != "H1" || r.Handling.Onward.Mode != "none" {
		t.Errorf("request %s", text)
	}
	if l := b.Loosened(); len(l) != 1 || l[0].Party != "P" || l[0].Note != "MoU 7" {
		t.Errorf("loosened %+v", l)
	}
	f.Limits = &freeze.Handling{TLP: "green", PermittedUse: "intelligence_only", Onward: freeze.Onward{Mode: "prior_consent"}, CustomerNotice: "allowed", DeleteAfter: "2026-12-31"}
	if r, _, err = b.Request(b.Party("Q"), f); err != nil || r.Handling.TLP != "amber+strict" || r.Handling.DeleteAfter != "2026-12-31" || r.Payments[0].Debtor.Name != "" {
		t.Errorf("%+v %v", r.Handling, err)
	}
}

func TestEdits(t *testing.T) {
	b := bookOf(t, self(), agreed("P", "fiu", "GB", "egmont"))
	f := full("hold_amount")
	item := f.Payments[0].ItemID
	f.EditAmounts = map[string]freeze.Money{item: {Amount: "9000.00", Currency: "GBP"}}
	f.SubAccount, f.Reason, f.ParentAlert, f.RootAlert = "WALLET 77120", "officer's reason", strings.Repeat("B", 26), strings.Repeat("C", 26)
	r, _, err := b.Request(b.Party("P"), f)
	if err != nil {
		t.Fatal(err)
	}
	if r.Totals[0].Disputed != "9000.00" || r.Asks[0].Amount.Amount != "9000.00" || r.Subject.Account.SubAccount != "WALLET 77120" || r.Legal.Reason != "officer's reason" || r.Legal.Nexus != "nexus" || r.Case.ParentAlert != f.ParentAlert || f.Payments[0].Disputed.Amount != "50000.00" {
		t.Errorf("%+v", r)
	}
	// What is signed is what goes out, whenever it does.
	first := r.Approval.ContentDigest
	f.Now, f.Sequence, f.Payments[0].Remittance, f.Payments[0].Recall.State = f.Now.Add(time.Hour), 2, "other", "accepted"
	if r, _, err = b.Request(b.Party("P"), f); err != nil || r.Approval.ContentDigest != first {
		t.Errorf("the digest changes with what is not told: %v", err)
	}
	f.Asked = []string{"creditor.id"}
	if r, _, err = b.Request(b.Party("P"), f); err != nil || r.Approval.ContentDigest == first || r.Subject.Holders[0].ID == nil {
		t.Errorf("what was asked for is not told: %v", err)
	}
}

func TestCheckAnswer(t *testing.T) {
	b := bookOf(t, policy.Self{ID: "DE-FIU", Kind: "fiu", Country: "DE"}, agreed("F", "fiu", "FR", "eu_amld6"), agreed("G", "fiu", "GB", "egmont"))
	refusal := &freeze.Outcome{Refusal: &freeze.Refusal{Code: "no_power", Text: "none"}}
	if err := b.Party("F").CheckAnswer(refusal); err == nil {
		t.Error("a refusal without a ground of law goes out")
	}
	if err := b.Party("G").CheckAnswer(refusal); err != nil {
		t.Error(err)
	}
	refusal.Refusal.LegalGround = "section 1"
	if err := b.Party("F").CheckAnswer(refusal); err != nil {
		t.Error(err)
	}
}

func BenchmarkRequest(b *testing.B) {
	book := bookOf(b, self(), agreed("P", "fiu", "GB", "egmont"))
	f := full("hold_amount", "trace")
	for b.Loop() {
		if _, _, err := book.Request(book.Party("P"), f); err != nil {
			b.Fatal(err)
		}
	}
}

// TestGatesAdviseWhatIsCovered wants no remedy that the agreement with the party, which
// may be narrower than its profile, would refuse as well.
func TestGatesAdviseWhatIsCovered(t *testing.T) {
	self := policy.Self{ID: "DE-FIU", Kind: "fiu", Country: "DE"}
	for _, c := range []struct {
		covers []string
		ask    string
		want   string
	}{
		{[]string{"suspend_account", "trace"}, "suspend_account", "take it out and ask for trace"}, // guarded
		{nil, "suspend_account", "take it out and ask for hold_amount"},
		{[]string{"trace", "monitor"}, "hold_amount", "ask for something of trace, monitor, or another party"},
	} {
		p := agreed("P", "fiu", "FR", "eu_amld6")
		p.Policy.Asks = c.covers
		b := bookOf(t, self, p)
		_, _, err := b.Request(b.Party("P"), full(c.ask))
		var gate *policy.Gate
		if !errors.As(err, &gate) || gate.Field != "asks" || !strings.Contains(gate.Text, c.want) {
			t.Errorf("%v, %s: %v, want %q", c.covers, c.ask, err, c.want)
		}
	}
}
