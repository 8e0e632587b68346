package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

func self() policy.Self {
	return policy.Self{ID: "IN-FIU", Name: "FIU of India", Kind: "fiu", Country: "IN", Contact: policy.Contact{Desk: "Freeze desk", Hours: "24x7"}}
}

func texts() policy.Texts {
	return policy.Texts{RequesterBasis: policy.Basis{Code: "MOU", Text: "article 4"}, Reason: "reason", Nexus: "nexus", IntendedUse: "use", Background: "background"}
}

func parties() []policy.Party {
	return []policy.Party{
		{ID: "GB-POL", Name: "Police", Kind: "lea", Country: "GB", Policy: policy.Policy{Profile: "bilateral", Asks: []string{"trace"}, Texts: texts()}},
		{ID: "GB-FIU", Name: "FIU of the UK", Kind: "fiu", Country: "GB", Policy: policy.Policy{Profile: "bilateral", Asks: []string{"hold_amount", "trace"}, AutoProvisional: []string{"hold_amount"}, Texts: texts()}},
		{
			ID: "BANK-IN", Name: "Bank", Kind: "bank", Country: "IN", Policy: policy.Policy{Profile: "own_bank"},
			Servicers: []policy.Servicer{{ClearingSystem: "INFSC", ClearingIDPrefix: "HWBI"}, {BIC: "HWBIINBB"}},
		},
	}
}

func newBook(t testing.TB) *policy.Book {
	b, err := policy.NewBook(self(), parties())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoute(t *testing.T) {
	b := newBook(t)
	for _, c := range []struct {
		name    string
		subject hit.Subject
		asks    []string
		party   string
		blocked string
	}{
		{"first party that is allowed the ask", hit.Subject{Country: "GB"}, []string{"hold_amount", "trace"}, "GB-FIU", ""},
		{"order of the config", hit.Subject{Country: "GB"}, []string{"trace"}, "GB-POL", ""},
		{"nobody may be asked", hit.Subject{Country: "GB"}, []string{"suspend_account"}, "", "route"},
		{"no agreement", hit.Subject{Country: "AE"}, []string{"trace"}, "", "route"},
		{"no country", hit.Subject{}, []string{"trace"}, "", "route"},
		{"own bank by clearing id", hit.Subject{Country: "IN", ClearingSystem: "INFSC", ClearingID: "HWBI0000001"}, []string{"hold_amount"}, "BANK-IN", ""},
		{"own bank by BIC of a branch", hit.Subject{Country: "IN", BIC: "HWBIINBBXXX"}, []string{"hold_amount"}, "BANK-IN", ""},
		{"a bank that we do not know", hit.Subject{Country: "IN", BIC: "OTHRINBB"}, []string{"hold_amount"}, "", "route"},
	} {
		party, blocked := b.Route(c.subject, c.asks)
		got := ""
		if party != nil {
			got = party.ID
		}
		if got != c.party || blocked != c.blocked {
			t.Errorf("%s: %q %q", c.name, got, blocked)
		}
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	for want, change := range map[string]func(*policy.Party){
		"is for ncb, not for a fiu":     func(p *policy.Party) { p.Policy.Profile = "igrip" },
		"GB is no member of eu_amld6":   func(p *policy.Party) { p.Policy.Profile = "eu_amld6" },
		"egmont never sends":            func(p *policy.Party) { p.Policy.Profile = "egmont" },
		"contact: hours":                func(p *policy.Party) { p.Contact.Hours = "nine to five" },
		"never sends \"trace\" without": func(p *policy.Party) { p.Policy.Unattended = []string{"trace"} },
		"approvals.trace":               func(p *policy.Party) { p.Policy.Approvals = map[string]int{"trace": 1} },
		"no message has a member":       func(p *policy.Party) { p.Policy.Deny = []string{"payments.debitor.*"} },
		"two different people": func(p *policy.Party) {
			p.Policy.Looser = policy.Looser{Allow: []string{"payments.debtor.name"}, Note: "MoU 7", ApprovedBy: []string{"O1", "o1 "}}
		},
		"the law in note": func(p *policy.Party) {
			p.Policy.Looser = policy.Looser{Allow: []string{"payments.debtor.name"}, ApprovedBy: []string{"O1", "O2"}}
		},
		"not stricter than \"red\"":   func(p *policy.Party) { p.Policy.Handling.TLP = "amber" },
		"source_eval is A":            func(p *policy.Party) { p.Policy.Handling.SourceEval = "D" },
		"unknown profile":             func(p *policy.Party) { p.Policy.Profile = "bilteral" },
		"asks":                        func(p *policy.Party) { p.Policy.Asks = []string{"freeze"} },
		"never sends":                 func(p *policy.Party) { p.Policy.AutoProvisional = []string{"suspend_account"} },
		"texts.reason":                func(p *policy.Party) { p.Policy.Texts.Reason = "" },
		"kind":                        func(p *policy.Party) { p.Kind = "authority" },
		"country":                     func(p *policy.Party) { p.Country = "GBR" },
		"want letters":                func(p *policy.Party) { p.ID = "GB/FIU" },
		`id "BANK-IN" is there twice`: func(p *policy.Party) { p.ID = "BANK-IN" },
	} {
		all := parties()
		change(&all[1])
		if _, err := policy.NewBook(self(), all); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func TestAuto(t *testing.T) {
	b := newBook(t)
	for _, c := range []struct {
		party string
		asks  []string
		want  bool
	}{
		{"GB-FIU", []string{"hold_amount", "trace"}, true},
		{"GB-FIU", []string{"trace"}, false},
		{"GB-FIU", []string{"suspend_account"}, false},
		{"BANK-IN", []string{"hold_amount"}, false},
	} {
		if got := b.Party(c.party).Auto(c.asks); got != c.want {
			t.Errorf("%s %v: %v", c.party, c.asks, got)
		}
	}
}

// secret is in every text that must not go out; allowed texts do not hold it.
const secret = "SECRET"

func facts(amount string) policy.Facts {
	now := time.Date(2026, 3, 2, 4, 10, 0, 0, time.UTC)
	money := freeze.Money{Amount: freeze.Dec(amount), Currency: "GBP"}
	victim := freeze.Account{Scheme: "bban", ID: secret + "42", Type: "personal", Name: secret}
	return policy.Facts{
		AlertID: strings.Repeat("A", 26), CaseID: strings.Repeat("C", 26), Sequence: 1, Environment: "test", Urgency: "critical",
		Asks: []string{"hold_amount", "trace"}, Facts: "SIM change before the payment.", Offence: "computer_fraud", Mode: "none", Provisional: true, ConfirmBy: now.Add(time.Hour), Now: now,
		Subject: freeze.Subject{
			Account: freeze.Account{Scheme: "iban", ID: "GB52HWBA00000000000101", Type: "unknown", Name: "A Holder"}, AccountCountry: "GB",
			Servicer: freeze.Servicer{BIC: "HWBAGB2L", Country: "GB"},
			Holders:  []freeze.Holder{{Role: "owner", Kind: "person", Name: "A Holder", ID: &freeze.HolderID{Type: "passport", Value: secret, Country: "GB"}, DOB: "1990-01-01"}},
		},
		Payments: []freeze.Payment{{
			ItemID: strings.Repeat("A", 26) + "-P01", Refs: freeze.Refs{UETR: "6513270e-269e-4d37-b2a7-4de452e6b438"}, Instructed: &money, Settled: &money, Credited: &money, Disputed: money,
			ExecutedAt: freeze.At(now), SettledOn: "2026-03-02", Rail: "swift", Authorisation: "unauthorised", ReportedAt: freeze.At(now),
			Debtor:     freeze.Debtor{Account: &victim, Servicer: freeze.Servicer{ClearingSystem: "INFSC", ClearingID: "HWBI0000001", Country: "IN"}, Name: secret, Location: secret, Kind: "person"},
			Remittance: secret, ComplaintRef: secret, FurtherCredit: secret, Recall: freeze.Recall{State: "none"},
		}},
	}
}

func TestRequestSaysOnlyWhatThePartyMayRead(t *testing.T) {
	b := newBook(t)
	r, body, err := b.Request(b.Party("GB-FIU"), facts("18000.00"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), secret) {
		t.Errorf("the request tells a secret: %s", body)
	}
	m, err := freeze.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := m.(*freeze.Request)
	if got.Asks[0].Amount.Amount != "18000.00" || len(got.Asks) != 2 || got.Totals[0].Disputed != "18000.00" || !got.Provisional {
		t.Errorf("request %s", body)
	}
	if digest, err := freeze.ContentDigest(r); err != nil || digest != got.Approval.ContentDigest {
		t.Errorf("content digest %s %v", digest, err)
	}
}

func TestInstructionTellsTheBankItsOwnCustomer(t *testing.T) {
	b := newBook(t)
	f := facts("100.00")
	f.Payments[0].Debtor.Account.ID, f.Payments[0].Debtor.Account.Name, f.Payments[0].Debtor.Name = "42", "", "V. Victim"
	f.MLSuspicion = true
	f.Basis, f.Subject.Servicer = "order 7", freeze.Servicer{BIC: "HWBIINBBXXX", Country: "IN"}
	other := f.Payments[0] // the customer of another bank
	other.ItemID = strings.Repeat("A", 26) + "-P02"
	other.Debtor = freeze.Debtor{Account: &freeze.Account{Scheme: "bban", ID: secret, Type: "personal"}, Servicer: freeze.Servicer{BIC: "OTHRGB2L", Country: "GB"}, Name: secret, Kind: "person"}
	f.Payments = append(f.Payments, other)
	_, body, err := b.Request(b.Party("BANK-IN"), f)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), secret) || strings.Contains(string(body), `"facts"`) || strings.Contains(string(body), "ml_suspicion") || !strings.Contains(string(body), `"id":"42"`) || !strings.Contains(string(body), "V. Victim") {
		t.Errorf("instruction %s", body)
	}
}

func TestWhatIsMissingBlocks(t *testing.T) {
	b := newBook(t)
	for field, change := range map[string]func(*policy.Facts){
		"payments[0].refs":            func(f *policy.Facts) { f.Payments[0].Refs = freeze.Refs{} },
		"legal.facts":                 func(f *policy.Facts) { f.Facts = "" },
		"subject.servicer":            func(f *policy.Facts) { f.Subject.Servicer = freeze.Servicer{Country: "GB"} },
		"payments":                    func(f *policy.Facts) { f.Payments = nil },
		"asks":                        func(f *policy.Facts) { f.Asks = []string{"monitor"} },
		"payments[0].debtor.servicer": func(f *policy.Facts) { f.Payments[0].Debtor.Servicer = freeze.Servicer{Country: "IN"} },
	} {
		f := facts("1.00")
		change(&f)
		_, _, err := b.Request(b.Party("GB-FIU"), f)
		var gate *policy.Gate
		if !errors.As(err, &gate) || !strings.HasPrefix(gate.Field, field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
