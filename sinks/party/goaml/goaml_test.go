package goaml_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/goaml"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

const alert = "U3A5VHP66CSQRGMDHUPYCP5QKM"

var executed = time.Date(2026, 3, 2, 4, 10, 0, 0, time.UTC)

// config has codes of the flavour whose schema is among the vectors.
func config() goaml.Config {
	return goaml.Config{
		Out: "out", RentityID: 3177, Branch: "HQ", ReportCode: "STR", ActivityCode: "SAR", Currency: "INR", Timezone: "Asia/Kolkata",
		Person: goaml.Person{FirstName: "Compliance", LastName: "Desk", Occupation: "MLRO"}, Place: "online",
		FundsFrom: map[string]string{"default": "BANKD", "cash": "CASH"}, FundsTo: map[string]string{"default": "BANKD"},
		Modes: map[string]string{"default": "ELCFT", "cash": "ATM"}, ModeComment: "E",
		Indicators: map[string]string{"default": "RFIUR", "computer_fraud": "STRUC", "unauthorised": "ACTRC"},
		Roles:      map[string]string{"joint": "JAH"}, Statuses: map[string]string{"FROZN": "freezing_order", "BLK": "debit_block"},
	}
}

// scenario is A1 of FREEZE 5: two payments of GBP, instructed in INR. What goAML
// must not carry is marked SECRET.
func scenario() *freeze.Request {
	pay := func(n int, uetr, inr, gbp string) freeze.Payment {
		at := freeze.At(executed.Add(time.Duration(n) * 8 * time.Minute))
		settled := freeze.Money{Amount: freeze.Dec(gbp), Currency: "GBP"}
		return freeze.Payment{
			ItemID: freeze.ItemID(alert, n), Refs: freeze.Refs{UETR: uetr, TransactionID: "TX-1", RRN: "606100000001"},
			Instructed: &freeze.Money{Amount: freeze.Dec(inr), Currency: "INR"}, Settled: &settled, Credited: &settled, Disputed: settled, ExecutedAt: at, SettledOn: "2026-03-02", Rail: "swift", Authorisation: "unauthorised",
			Debtor:     freeze.Debtor{Servicer: freeze.Servicer{ClearingSystem: "INFSC", ClearingID: "HWBI0000001", Country: "IN"}, Kind: "person"},
			Remittance: "SECRET remittance", ComplaintRef: "1930-000001", ReportedAt: at, Recall: freeze.Recall{State: "none"},
		}
	}
	r := &freeze.Request{
		Envelope: freeze.Envelope{
			Schema: freeze.Schema1, Type: freeze.TypeRequest, Environment: "live", MessageID: freeze.RequesterID(alert, 1), AlertID: alert, Sequence: 1, CreatedAt: freeze.At(executed.Add(11 * time.Minute)),
			Sender: freeze.Party{PartyID: "IN-POLICE", Kind: "lea", Country: "IN"}, Recipient: freeze.Party{PartyID: "IN-FIU", Kind: "fiu", Country: "IN"}, RecipientRef: "FIU-77",
			Case:     &freeze.Case{ID: "5NOKM77ZSHB7ORUSTX2Z6BH2CY", RootAlert: alert, ComplaintRefs: []string{"1930-000001", "1930-000002"}},
			Handling: &freeze.Handling{TLP: "amber+strict", PermittedUse: "intelligence_only", Onward: freeze.Onward{Mode: "prior_consent"}, CustomerNotice: "prohibited"},
			Parallel: []freeze.Parallel{{Channel: "ncb I-24/7", Ref: "NCB-9", At: freeze.At(executed)}},
		},
		Urgency: "critical", ValidUntil: freeze.At(executed.Add(72 * time.Hour)), AnswerBy: freeze.AnswerBy{Accept: freeze.At(executed), Decide: freeze.At(executed)},
		Approval: freeze.Approval{Mode: "two", ContentDigest: strings.Repeat("0", 64)},
		Legal: freeze.Legal{
			Regime: "egmont", RequesterBasis: freeze.Basis{Code: "SECRET", Text: "SECRET basis"}, PredicateOffence: freeze.Offence{Code: "computer_fraud"}, MLSuspicion: new(true),
			Facts: "SIM change at 03:52, then 2 payments abroad.", Reason: "The payments are disputed as unauthorised.", Nexus: "The account is kept in the UK.", IntendedUse: "To hold & return <the money>.",
			Followup: &freeze.Followup{MLA: true}, Proportionality: "SECRET proportionality",
		},
		Asks: []freeze.Ask{{AskID: alert + "-K1", Kind: "hold_amount", Amount: &freeze.Money{Amount: "27500.00", Currency: "GBP"}, Note: "SECRET note"}},
		Subject: freeze.Subject{
			Account:  freeze.Account{Scheme: "iban", ID: "GB52HWBA00000000000101", Currency: "GBP", Type: "personal", Name: "Zoë O'Neil"},
			Servicer: freeze.Servicer{BIC: "HWBAGB2L", Name: "A Bank", Country: "GB"}, AccountCountry: "GB",
		},
		Payments: []freeze.Payment{
			pay(1, "6513270e-269e-4d37-b2a7-4de452e6b438", "2016000.00", "18000.00"),
			pay(2, "d23f0824-128b-4f33-8c5c-7fd0a6a3a450", "1064000.00", "9500.00"),
		},
		Indicators: []freeze.Indicator{{Code: "sim_swap_before_payment", Text: "SECRET text"}},
	}
	r.Totals = freeze.TotalsOf(r.Payments)
	return r
}

// rich fills what the scenario has no use for.
func rich() *freeze.Request {
	r := scenario()
	r.Subject.Account = freeze.Account{Scheme: "upi", ID: "shop@hwb", Type: "pooled", Name: "محمد", SubAccount: "WALLET 77120", Currency: "4H95J0R2X"}
	r.Subject.Servicer = freeze.Servicer{LEI: "00000000000000000098", Country: "AE"}
	r.Subject.Holders = []freeze.Holder{
		{Role: "owner", Kind: "org", Name: "Häuser & Söhne", ID: &freeze.HolderID{Type: "registry", Value: "HRB 1", Country: "DE"}},
		{Role: "ubo", Kind: "org", Name: "Second Company"},
		{Role: "joint", Kind: "person", Name: "Ana María Núñez", DOB: "1980-02-29", ID: &freeze.HolderID{Type: "Passport", Value: "P1", Country: "ES"}},
		{Role: "signatory", Kind: "person", Name: "Mononym", ID: &freeze.HolderID{Type: "national", Value: "N1", Country: "IN"}},
		{Role: "unknown", Kind: "person"},
	}
	p := &r.Payments[0]
	p.Hop, p.ParentItems, p.Rail, p.FurtherCredit = 1, []string{"A1-P01"}, "cash", "to the <shop>"
	p.Settled = &freeze.Money{Amount: "2016000.5000000000000", Currency: "INR"}
	p.Debtor.Account = &freeze.Account{Scheme: "bban", ID: "000000000042", Type: "personal", Currency: "INR"}
	p.Debtor.Name = "A Debtor"
	p.Intermediaries = []freeze.Intermediary{{Servicer: freeze.Servicer{BIC: "HWBCDEFF", Country: "DE"}}}
	r.Payments[1].Settled = nil
	r.Payments[1].Debtor.Kind, r.Payments[1].Debtor.Name = "org", "Firm Ltd."
	return r
}

// activity asks about an account without a payment.
func activity() *freeze.Request {
	r := scenario()
	r.Payments, r.Totals = nil, nil
	r.Asks = []freeze.Ask{{AskID: alert + "-K1", Kind: "trace"}}
	return r
}

func reports() map[string]*freeze.Request {
	return map[string]*freeze.Request{"scenario": scenario(), "rich": rich(), "activity": activity()}
}

func TestGolden(t *testing.T) {
	for name, r := range reports() {
		for _, support := range []string{"5.2", "5.0"} {
			c := config()
			c.Support = support
			got, err := goaml.Report(c, r)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			path := filepath.Join("testdata", name+"-"+support+".xml")
			if *rewrite {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(path); err != nil || !bytes.Equal(want, got) {
				t.Errorf("%s differs (%v), run with -rewrite and look at the difference:\n%s", path, err, got)
			}
			if bytes.Contains(got, []byte("SECRET")) {
				t.Errorf("%s says what goAML must not:\n%s", name, got)
			}
		}
	}
}

func TestUnmappable(t *testing.T) {
	for field, change := range map[string]func(*freeze.Request){
		"payments[1].settled":           func(r *freeze.Request) { r.Payments[1].Instructed = nil },
		"payments[0].settled.currency":  func(r *freeze.Request) { r.Payments[0].Settled.Currency = "4H95J0R2X" },
		"payments[0].instructed.amount": func(r *freeze.Request) { r.Payments[0].Instructed.Amount = "1.12345678901234" },
		"payments[1].instructed.amount": func(r *freeze.Request) { r.Payments[1].Instructed.Amount = "7900000000000000.01" },
		"legal.facts":                   func(r *freeze.Request) { r.Legal.Facts = strings.Repeat("x", 8000) },
		"legal.nexus":                   func(r *freeze.Request) { r.Legal.Nexus = strings.Repeat("x", 8001) },
		"payments[0].refs":              func(r *freeze.Request) { r.Payments[0].FurtherCredit = strings.Repeat("x", 8001) },
		"subject.account.id":            func(r *freeze.Request) { r.Subject.Account.ID = strings.Repeat("1", 35) },
		"subject.holders": func(r *freeze.Request) {
			r.Subject.Holders = []freeze.Holder{{Kind: "person", Name: strings.Repeat("x", 8001)}}
		},
		"legal.reason":  func(r *freeze.Request) { r.Payments = nil; r.Legal.Facts, r.Legal.Reason = "", "" },
		"report/reason": func(r *freeze.Request) { r.Legal.Reason = "\x0b" },
	} {
		r := scenario()
		change(r)
		_, err := goaml.Report(config(), r)
		var u *goaml.Unmappable
		if !errors.As(err, &u) || u.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"Zoë O'Neil": "Zoe O'Neil", "Søren Ærø-Groß": "Soren AEro-Gross", "A & B (Ltd)": "A B Ltd", "Ana  María": "Ana Maria", "l’Été": "l'Ete",
		"محمد": "UNKNOWN", "李明": "UNKNOWN", "": "UNKNOWN", "...": "UNKNOWN", "İıŁł": "IiLl", strings.Repeat("é", 255): strings.Repeat("e", 255), strings.Repeat("é", 256): "UNKNOWN",
	} {
		r := activity()
		r.Subject.Account.Name = in
		text, err := goaml.Report(config(), r)
		if err != nil {
			t.Fatal(err)
		}
		a := read(t, text).Parties[0].Account
		if a.Name != want {
			t.Errorf("%q is written as %q, want %q", in, a.Name, want)
		}
		if in != "" && in != want && !bytes.Contains(text, []byte(in[:2])) && !strings.Contains(in, "&") {
			t.Errorf("%q is lost", in)
		}
	}
}

func read(t *testing.T, text []byte) *goaml.Incoming {
	t.Helper()
	r, err := goaml.Read(config(), text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return r
}

// TestWhatIsWrittenIsReadBack writes requests with texts by chance: each is
// refused with a field, or its report is read back with the same references,
// amounts and moments.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	text := rapid.StringN(0, 60, -1)
	rapid.Check(t, func(rt *rapid.T) {
		r := rich()
		for _, field := range []*string{&r.Subject.Account.Name, &r.Subject.Holders[0].Name, &r.Subject.Holders[2].Name, &r.Subject.Holders[2].ID.Value, &r.Payments[0].FurtherCredit, &r.Legal.Facts, &r.Payments[1].Debtor.Name} {
			if rapid.Bool().Draw(rt, "set") {
				*field = text.Draw(rt, "text")
			}
		}
		amount := rapid.StringMatching(`[0-9]{1,15}(\.[0-9]{1,13})?`).Draw(rt, "amount")
		r.Payments[0].Settled.Amount = freeze.Dec(amount)
		body, err := goaml.Report(config(), r)
		var u *goaml.Unmappable
		if errors.As(err, &u) {
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		in, err := goaml.Read(config(), body)
		if err != nil {
			rt.Fatalf("%v\n%s", err, body)
		}
		tx := in.Transactions[0]
		if in.Reference != r.MessageID || tx.Number != r.Payments[0].ItemID || !tx.At.Equal(r.Payments[0].ExecutedAt.Time) || freeze.Dec(tx.Local.String()).Cmp(freeze.Dec(amount)) != 0 {
			rt.Fatalf("came back as %+v", in)
		}
		for _, name := range []string{tx.Parties[1].Account.Name, tx.Parties[0].Account.Name} {
			if strings.IndexFunc(name, func(r rune) bool { return r > 'z' }) >= 0 || name == "" {
				rt.Fatalf("name %q does not have the form of the schema", name)
			}
		}
	})
}

func TestReadHeldAccounts(t *testing.T) {
	text, err := os.ReadFile("testdata/answer.xml")
	if err != nil {
		t.Fatal(err)
	}
	in := read(t, text)
	if in.FIURef != "FIU-77" || in.Code != "AIFT" || in.Indicators[0] != "RFIUR" || len(in.Transactions) != 2 || in.Transactions[1].Parties[0].Role != "RMITR" || in.Transactions[0].Parties[0].Person != "A Person" || in.Transactions[0].Parties[1].Foreign.Currency != "GBP" {
		t.Errorf("read %+v", in)
	}
	if got := in.Transactions[0].At.UTC().Format(time.RFC3339); got != "2026-03-02T04:10:00Z" {
		t.Errorf("a time without a zone is of the config's: %s", got)
	}
	held := in.Held(config())
	if len(held) != 2 || held[0].Kind != "freezing_order" || held[0].Balance.Amount.Cmp("15500.5") != 0 || held[0].Balance.Currency != "GBP" || held[1].Kind != "debit_block" || held[1].Balance != nil {
		t.Errorf("held %+v", held)
	}
	if a := held[0].Account; !a.Collection || a.StatusAt.IsZero() || strings.Join(a.Holders, ",") != "A Company,First Last,Second Person" {
		t.Errorf("account %+v", a)
	}
}

func TestReadRefuses(t *testing.T) {
	const head = `<rentity_id>1</rentity_id><report_code>AIF</report_code><submission_date>2026-03-02T00:00:00</submission_date><currency_code_local>INR</currency_code_local>`
	tx := func(inside string) string {
		return "<report>" + head + "<transaction><transactionnumber>1</transactionnumber><date_transaction>2026-03-02T00:00:00</date_transaction>" + inside + "</transaction></report>"
	}
	for want, text := range map[string]string{
		"report: the document is a \"a\"":         `<a/>`,
		"report: the document is a \"report\" of": `<report xmlns="urn:x"/>`,
		"report_code: is missing":                 `<report/>`,
		"rentity_id: is no number":                strings.Replace(tx("<amount_local>1</amount_local>"), "<rentity_id>1", "<rentity_id>x", 1),
		"transaction: neither":                    "<report>" + head + "</report>",
		"amount_local: is missing":                tx(""),
		"amount_local: is no amount":              tx("<amount_local>1e9</amount_local>"),
		"submission_date: \"soon\"":               strings.Replace(tx("<amount_local>1</amount_local>"), "2026-03-02T00:00:00</sub", "soon</sub", 1),
		"t_from: names neither":                   tx("<amount_local>1</amount_local><t_from/>"),
		"last_name: is missing":                   tx("<amount_local>1</amount_local><t_from><from_person><first_name>A</first_name></from_person></t_from>"),
		"from_foreign_currency: is no amount":     tx("<amount_local>1</amount_local><t_from><from_foreign_currency><foreign_currency_code>GBP</foreign_currency_code><foreign_amount>-1</foreign_amount></from_foreign_currency><from_account><account>1</account></from_account></t_from>"),
		"account: is missing":                     tx("<amount_local>1</amount_local><t_to><to_account/></t_to>"),
		"comments: longer than 8000":              tx("<amount_local>1</amount_local><comments>" + strings.Repeat("x", 8001) + "</comments>"),
	} {
		_, err := goaml.Read(config(), []byte(text))
		var refused *goaml.Refused
		if !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), "report refused: "+want) {
			t.Errorf("want %s: %v", want, err)
		}
	}
	var unsafe *xmlsafe.Refused
	if _, err := goaml.Read(config(), []byte(`<!DOCTYPE report SYSTEM "file:///x"><report/>`)); !errors.As(err, &unsafe) || unsafe.Code != "doctype" {
		t.Errorf("a DTD: %v", err)
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	if err := config().Validate(); err != nil {
		t.Fatal(err)
	}
	for out, want := range map[string]string{"out": "/etc/hw/out", "/var/out": "/var/out", "": ""} {
		c := config()
		c.Out = out
		if got := c.Under("/etc/hw").Out; got != want {
			t.Errorf("%q under a folder: %q", out, got)
		}
	}
	for want, change := range map[string]func(*goaml.Config){
		"goaml.out":                 func(c *goaml.Config) { c.Out = "" },
		"goaml.rentity_id":          func(c *goaml.Config) { c.RentityID = 0 },
		"goaml.report_code":         func(c *goaml.Config) { c.ReportCode = "" },
		"goaml.submission_code":     func(c *goaml.Config) { c.Submission = "X" },
		"goaml.currency":            func(c *goaml.Config) { c.Currency = "XXQ" },
		"goaml.timezone":            func(c *goaml.Config) { c.Timezone = "Asia/Nowhere" },
		"goaml.transmode_comment":   func(c *goaml.Config) { c.ModeComment = "EE" },
		"goaml.support":             func(c *goaml.Config) { c.Support = "4" },
		"goaml.reporting_user_code": func(c *goaml.Config) { c.UserCode = "desk-1" },
		"want 4 to 50":              func(c *goaml.Config) { c.Person, c.UserCode = goaml.Person{}, "abc" },
		"goaml.reporting_person":    func(c *goaml.Config) { c.Person.LastName = "Ünal" },
		"goaml.unknown":             func(c *goaml.Config) { c.Unknown = "?" },
		"goaml.funds_from.default":  func(c *goaml.Config) { c.FundsFrom = nil },
		"goaml.indicators.default":  func(c *goaml.Config) { c.Indicators = map[string]string{"fraud": "X"} },
		"goaml.statuses.X":          func(c *goaml.Config) { c.Statuses = map[string]string{"X": "frozen"} },
	} {
		c := config()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s: %v", want, err)
		}
		if _, err := goaml.New(c, goaml.Options{}); err == nil {
			t.Errorf("%s: a channel was made", want)
		}
	}
}

func TestSend(t *testing.T) {
	dir := t.TempDir()
	c := config()
	c.Out = dir
	s, err := goaml.New(c, goaml.Options{Party: "IN-FIU"})
	if err != nil {
		t.Fatal(err)
	}
	test, unmappable, other := scenario(), scenario(), scenario()
	test.Environment = "test"
	unmappable.Payments[0].Instructed = nil
	other.Legal.Reason = "Another reason."
	amendment := &freeze.Amendment{Request: *rich(), Supersedes: freeze.RequesterID(alert, 1), Changes: []freeze.Change{{Field: "payments"}}}
	amendment.Type, amendment.MessageID, amendment.Sequence = freeze.TypeAmendment, freeze.RequesterID(alert, 2), 2
	withdrawal := &freeze.Withdrawal{Envelope: scenario().Envelope, Reason: "paid back"}
	withdrawal.Type = freeze.TypeWithdrawal
	for _, x := range []struct {
		message freeze.Message
		verdict delivery.Verdict
		reason  string
		detail  string
	}{
		{scenario(), delivery.Delivered, "taken", ""}, {scenario(), delivery.Delivered, "taken", ""}, {other, delivery.Permanent, "conflict", "Q001"},
		{amendment, delivery.Delivered, "taken", ""}, {test, delivery.Permanent, "test_refused", ""},
		{unmappable, delivery.Permanent, "unmappable", "payments[0].settled:"}, {withdrawal, delivery.Permanent, "unmappable", "type: withdrawal"},
	} {
		body, err := freeze.Encode(x.message)
		if err != nil {
			t.Fatal(err)
		}
		r := s.Send(context.Background(), delivery.Attempt{MessageID: x.message.Head().MessageID, Type: x.message.Head().Type, Body: body})
		if r.Verdict != x.verdict || r.Reason != x.reason || !strings.Contains(r.Detail, x.detail) || r.Awaiting != (x.reason == "taken") {
			t.Errorf("want %s: %+v", x.reason, r)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("%d files in the folder", len(files))
	}
	for name, r := range map[string]delivery.Result{
		"unmappable": s.Send(context.Background(), delivery.Attempt{Type: freeze.TypeReceipt}), "request": s.Send(context.Background(), delivery.Attempt{}),
	} {
		if r.Verdict != delivery.Permanent || r.Reason != name {
			t.Errorf("%s: %+v", name, r)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if r := s.Send(ctx, delivery.Attempt{}); r.Reason != "stopping" || r.Verdict != delivery.Retry {
		t.Errorf("stopping: %+v", r)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	body, _ := freeze.Encode(scenario())
	if r := s.Send(context.Background(), delivery.Attempt{Body: body}); r.Reason != "folder" || r.Verdict != delivery.Retry {
		t.Errorf("no folder: %+v", r)
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	c := config()
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := goaml.Read(c, text)
		if err != nil {
			return
		}
		if in.RentityID < 1 || len(in.Transactions)+len(in.Parties) == 0 {
			t.Fatalf("read %+v", in)
		}
		for _, h := range in.Held(c) {
			if h.Balance != nil && !h.Balance.Amount.Valid() {
				t.Fatalf("a balance that no outcome can hold: %+v", *h.Balance)
			}
		}
	})
}

func BenchmarkReport(b *testing.B) {
	r := scenario()
	for len(r.Payments) < 500 {
		p := r.Payments[0]
		p.ItemID = freeze.ItemID(alert, len(r.Payments)+1)
		r.Payments = append(r.Payments, p)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := goaml.Report(config(), r); err != nil {
			b.Fatal(err)
		}
	}
}
