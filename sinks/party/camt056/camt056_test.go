package camt056_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/camt056"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

const alert = "U3A5VHP66CSQRGMDHUPYCP5QKM"

var executed = time.Date(2026, 3, 2, 4, 10, 0, 0, time.UTC)

func gbp(amount string) freeze.Money {
	return freeze.Money{Amount: freeze.Dec(amount), Currency: "GBP"}
}

func payment(n int, uetr, amount string) freeze.Payment {
	settled := gbp(amount)
	at := freeze.At(executed.Add(time.Duration(n) * time.Minute))
	return freeze.Payment{
		ItemID: freeze.ItemID(alert, n), Refs: freeze.Refs{UETR: uetr, EndToEndID: "NOTPROVIDED", TransactionID: "TX-" + string(rune('0'+n)), MessageID: "HWBI-20260302", MessageName: "pacs.008.001.08"},
		Instructed: &freeze.Money{Amount: "2016000.00", Currency: "INR"}, Settled: &settled, Disputed: settled, ExecutedAt: at, SettledOn: "2026-03-02", Rail: "swift", Authorisation: "unauthorised",
		Debtor: freeze.Debtor{
			Account:  &freeze.Account{Scheme: "bban", ID: "000000000042", Type: "personal"},
			Servicer: freeze.Servicer{ClearingSystem: "INFSC", ClearingID: "HWBI0000001", Country: "IN"}, Kind: "person",
		},
		ReportedAt: at, Recall: freeze.Recall{State: "none"},
	}
}

// scenario is the instruction to the debtor bank about the subject A of FREEZE 5:
// two payments, the second disputed in part. All that no bank may read is marked
// SECRET.
func scenario() *freeze.Request {
	r := &freeze.Request{
		Envelope: freeze.Envelope{
			Schema: freeze.Schema1, Type: freeze.TypeRequest, Environment: "live", MessageID: freeze.RequesterID(alert, 1), AlertID: alert, Sequence: 1, CreatedAt: freeze.At(executed.Add(17 * time.Minute)),
			Sender: freeze.Party{PartyID: "IN-FIU-SECRET", Name: "FIU of India SECRET", Kind: "fiu", Country: "IN"}, Recipient: freeze.Party{PartyID: "BANK-IN", Kind: "bank", Country: "IN"},
			Case:     &freeze.Case{ID: "5NOKM77ZSHB7ORUSTX2Z6BH2CY", ComplaintRefs: []string{"SECRET-1930"}},
			Handling: &freeze.Handling{TLP: "amber+strict", PermittedUse: "postponement", Onward: freeze.Onward{Mode: "none"}, CustomerNotice: "prohibited"},
		},
		Urgency: "critical", ValidUntil: freeze.At(executed.Add(72 * time.Hour)), AnswerBy: freeze.AnswerBy{Accept: freeze.At(executed), Decide: freeze.At(executed)},
		Approval: freeze.Approval{Mode: "one", ContentDigest: strings.Repeat("0", 64)},
		Legal: freeze.Legal{
			Regime: "domestic", RequesterBasis: freeze.Basis{Code: "SECRET-PMLA", Text: "SECRET section 12"}, PredicateOffence: freeze.Offence{Code: "secret_computer_fraud", Text: "SECRET offence"},
			Facts: "SECRET facts", Reason: "SECRET reason", Nexus: "SECRET nexus", IntendedUse: "SECRET use", Background: "SECRET background",
		},
		Asks: []freeze.Ask{{AskID: alert + "-K1", Kind: "recall", Note: "SECRET note"}},
		Subject: freeze.Subject{
			Account:  freeze.Account{Scheme: "iban", ID: "GB52HWBA00000000000101", Currency: "GBP", Type: "personal"},
			Servicer: freeze.Servicer{BIC: "HWBAGB2L", Country: "GB"}, AccountCountry: "GB",
		},
		Payments: []freeze.Payment{
			payment(1, "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00"),
			payment(2, "d23f0824-128b-4f33-8c5c-7fd0a6a3a450", "9500.00"),
		},
		Indicators: []freeze.Indicator{{Code: "secret_sim_swap_before_payment", Text: "SECRET SIM changed before."}},
	}
	r.Payments[1].Disputed = gbp("9000.00")
	r.Payments[0].ComplaintRef = "SECRET-1930"
	r.Totals = freeze.TotalsOf(r.Payments)
	return r
}

// rich fills what the scenario has no use for: another scheme, names, SEPA, an
// indemnity, intermediaries, a sub-account.
func rich() *freeze.Request {
	r := scenario()
	r.Subject.Account = freeze.Account{Scheme: "upi", ID: "shop@hwb", Type: "merchant", Currency: "INR", Name: strings.Repeat("N", 90), SubAccount: "WALLET 77120"}
	r.Subject.Servicer = freeze.Servicer{ClearingSystem: "NPCI-UPI", ClearingID: "HWB", LEI: "00000000000000000098", Name: "Häuser & <Söhne>", Country: "IN"}
	r.Subject.Holders = []freeze.Holder{{Role: "joint", Kind: "person", Name: "Other Person"}, {Role: "owner", Kind: "org", Name: "Shop \"X\" & Co"}}
	p := &r.Payments[0]
	p.Rail, p.Authorisation, p.Remittance, p.FurtherCredit = "sepa_inst", "authorised_deceived", "INV 7 <a>", strings.Repeat("further ", 17)
	p.Refs = freeze.Refs{InstructionID: "I-1", ClearingRef: "C-1", RRN: "606100000001"}
	p.Settled = &freeze.Money{Amount: "0012345678901234.5600000", Currency: "EUR"}
	p.Debtor.Name, p.Debtor.Account = "A Debtor", nil
	p.Recall = freeze.Recall{State: "instructed", Indemnity: "offered", ReasonISO: "FRAD"}
	p.Intermediaries = []freeze.Intermediary{{Servicer: freeze.Servicer{BIC: "HWBCDEFF", Country: "DE"}}, {Servicer: freeze.Servicer{Name: "A Bank", Country: "FR"}}}
	r.Payments[1].Authorisation = "unknown"
	r.Totals = freeze.TotalsOf(r.Payments)
	return r
}

func configs() map[string]camt056.Config {
	return map[string]camt056.Config{
		"08":   {},
		"11":   {Version: "11", Service: "swift.cbprplus.02", Single: true, Agent: camt056.Agent{BIC: "HWBIINBB"}},
		"sepa": {Scheme: "sepa"},
	}
}

func TestGolden(t *testing.T) {
	for name, c := range configs() {
		for story, r := range map[string]*freeze.Request{"scenario": scenario(), "rich": rich()} {
			drafts, err := camt056.Drafts(c, r)
			if err != nil {
				t.Fatalf("%s %s: %v", story, name, err)
			}
			for _, d := range drafts {
				golden(t, story+"-"+name+"-"+strings.TrimPrefix(d.ID, alert+"-")+".xml", d.File)
			}
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs, run with -rewrite and look at the difference:\n%s", name, got)
	}
}

func TestScenarioSaysWhatItMust(t *testing.T) {
	drafts, err := camt056.Drafts(camt056.Config{}, scenario())
	if err != nil || len(drafts) != 1 {
		t.Fatalf("%d drafts, %v", len(drafts), err)
	}
	d := drafts[0]
	n := read(t, d.Document)
	body := n.At("FIToFIPmtCxlReq")
	tx := body.At("Undrlyg").All("TxInf")
	for _, c := range []struct{ what, got, want string }{
		{"namespace", n.Space, "urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"},
		{"id", body.String("Assgnmt/Id"), alert + "-Q001"},
		{"assigner", body.String("Assgnmt/Assgnr/Agt/FinInstnId/ClrSysMmbId/MmbId"), "HWBI0000001"},
		{"assignee", body.String("Assgnmt/Assgne/Agt/FinInstnId/BICFI"), "HWBAGB2L"},
		{"case", body.String("Case/Id"), alert},
		{"creator", body.String("Case/Cretr/Agt/FinInstnId/ClrSysMmbId/ClrSysId/Cd"), "INFSC"},
		{"count", body.String("CtrlData/NbOfTxs"), "2"},
		{"sum", body.String("CtrlData/CtrlSum"), "27500.00"},
		{"item", tx[1].String("CxlId"), alert + "-P02"},
		{"UETR", tx[1].String("OrgnlUETR"), "d23f0824-128b-4f33-8c5c-7fd0a6a3a450"},
		{"amount", tx[1].String("OrgnlIntrBkSttlmAmt"), "9500.00"},
		{"currency", tx[1].At("OrgnlIntrBkSttlmAmt").Attr("Ccy"), "GBP"},
		{"reason", tx[1].String("CxlRsnInf/Rsn/Cd"), "UAPA"},
		{"asked", tx[1].At("CxlRsnInf").All("AddtlInf")[1].Text, "Amount asked back: GBP 9000.00"},
		{"IBAN", tx[0].String("OrgnlTxRef/CdtrAcct/Id/IBAN"), "GB52HWBA00000000000101"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	head := read(t, d.Header)
	if head.String("BizMsgIdr") != d.ID || head.String("MsgDefIdr") != "camt.056.001.08" || head.String("To/FIId/FinInstnId/BICFI") != "HWBAGB2L" {
		t.Errorf("header %s", d.Header)
	}
	sepa, err := camt056.Drafts(camt056.Config{Scheme: "sepa"}, scenario())
	if err != nil || read(t, sepa[0].Document).String("FIToFIPmtCxlReq/Undrlyg/TxInf/CxlRsnInf/Rsn/Cd") != "FRAD" {
		t.Errorf("under SEPA the reason is not FRAD: %v", err)
	}
}

func read(t *testing.T, text []byte) *xmlsafe.Node {
	t.Helper()
	n, err := xmlsafe.Read(bytes.NewReader(text), xmlsafe.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDraftsGroup(t *testing.T) {
	for _, c := range []struct {
		name   string
		config camt056.Config
		change func(*freeze.Request)
		want   string // ids and items
	}{
		{"one bank, one message", camt056.Config{}, func(*freeze.Request) {}, "Q001=P01,P02"},
		{"one payment a message", camt056.Config{Single: true}, func(*freeze.Request) {}, "Q001=P01 Q001-02=P02"},
		{"two next agents", camt056.Config{}, func(r *freeze.Request) {
			r.Payments[0].Intermediaries = []freeze.Intermediary{{Servicer: freeze.Servicer{BIC: "HWBCDEFF", Country: "DE"}}}
		}, "Q001=P01 Q001-02=P02"},
		{"two debtor banks", camt056.Config{}, func(r *freeze.Request) { r.Payments[1].Debtor.Servicer.ClearingID = "HWBI0000002" }, "Q001=P01 Q001-02=P02"},
		{"two branches, one configured agent", camt056.Config{Agent: camt056.Agent{BIC: "HWBIINBB"}}, func(r *freeze.Request) { r.Payments[1].Debtor.Servicer.ClearingID = "HWBI0000002" }, "Q001=P01,P02"},
		{"only what is new", camt056.Config{}, func(r *freeze.Request) { r.Payments[0].Recall.State = "initiated" }, "Q001=P02"},
		{"nothing new", camt056.Config{}, func(r *freeze.Request) {
			r.Payments[0].Recall.State = "rejected"
			r.Payments[1].Recall.State = "returned"
		}, ""},
	} {
		r := scenario()
		c.change(r)
		drafts, err := camt056.Drafts(c.config, r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, d := range drafts {
			got = append(got, strings.ReplaceAll(d.ID+"="+strings.Join(d.Items, ","), alert+"-", ""))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestUnmappable(t *testing.T) {
	token := freeze.Money{Amount: "1", Currency: "4H95J0R2X"}
	for field, change := range map[string]func(*freeze.Request){
		"asks":                            func(r *freeze.Request) { r.Asks[0].Kind = "trace" },
		"payments":                        func(r *freeze.Request) { r.Payments = nil },
		"payments[1].refs":                func(r *freeze.Request) { r.Payments[1].Refs = freeze.Refs{RRN: "1", UTR: "2", TxHash: "3"} },
		"payments[1].refs.message_name":   func(r *freeze.Request) { r.Payments[1].Refs = freeze.Refs{MessageID: "1"} },
		"payments[0].refs.uetr":           func(r *freeze.Request) { r.Payments[0].Refs.UETR = "6513270e-269e-1d37-b2a7-4de452e6b438" },
		"payments[0].refs.transaction_id": func(r *freeze.Request) { r.Payments[0].Refs.TransactionID = strings.Repeat("x", 36) },
		"payments[0].settled":             func(r *freeze.Request) { r.Payments[0].Settled = nil },
		"payments[0].settled_on":          func(r *freeze.Request) { r.Payments[0].SettledOn = "" },
		"payments[0].settled.currency":    func(r *freeze.Request) { r.Payments[0].Settled = &token },
		"payments[1].settled.amount":      func(r *freeze.Request) { r.Payments[1].Settled.Amount = "1.000001" },
		"payments[0].settled.amount":      func(r *freeze.Request) { r.Payments[0].Settled.Amount = "12345678901234567.89" },
		"payments[0].disputed.currency":   func(r *freeze.Request) { r.Payments[0].Disputed = token },
		"payments[0].hop":                 func(r *freeze.Request) { r.Payments[0].Hop = 1 },
		"payments[0].debtor.servicer":     func(r *freeze.Request) { r.Payments[0].Debtor.Servicer = freeze.Servicer{Country: "IN"} },
		"payments[0].debtor.servicer.bic": func(r *freeze.Request) { r.Payments[0].Debtor.Servicer.BIC = "hwbi" },
		"payments[0].debtor.account.id":   func(r *freeze.Request) { r.Payments[0].Debtor.Account.ID = strings.Repeat("1", 35) },
		"payments[0].remittance":          func(r *freeze.Request) { r.Payments[0].Remittance = "hold, says the Fiu" },
		"payments[0].further_credit":      func(r *freeze.Request) { r.Payments[0].FurtherCredit = "see SECRET facts" },
		"payments[0].debtor.name":         func(r *freeze.Request) { r.Payments[0].Debtor.Name = "IMSI 0" },
		"subject.account.id":              func(r *freeze.Request) { r.Subject.Account.ID = "GB53HWBA00000000000101" },
		"subject.account.name":            func(r *freeze.Request) { r.Subject.Account.Name = "suspected mule" },
		"subject.account.sub_account":     func(r *freeze.Request) { r.Subject.Account.SubAccount = "SECRET-PMLA 12" },
		"subject.holders.name": func(r *freeze.Request) {
			r.Subject.Holders = []freeze.Holder{{Role: "owner", Name: "FIU of India secret"}}
		},
		"subject.servicer":     func(r *freeze.Request) { r.Subject.Servicer = freeze.Servicer{Country: "GB"} },
		"subject.servicer.lei": func(r *freeze.Request) { r.Subject.Servicer.LEI = "1" },
		"payments[0].intermediaries[0].servicer": func(r *freeze.Request) {
			r.Payments[0].Intermediaries = []freeze.Intermediary{{Servicer: freeze.Servicer{Country: "DE"}}}
		},
		"subject.account.name ":                       func(r *freeze.Request) { r.Subject.Account.Name = "\uFFFE" },
		"subject.account.id ":                         func(r *freeze.Request) { r.Subject.Account.Scheme, r.Subject.Account.ID = "other", "\x01" },
		"payments[0].refs.clearing_ref":               func(r *freeze.Request) { r.Payments[0].Refs.ClearingRef = "\uFFFF" },
		"AppHdr/Fr/FIId/FinInstnId/ClrSysMmbId/MmbId": func(r *freeze.Request) { r.Payments[0].Debtor.Servicer.ClearingID = "\uFFFF" },
	} {
		r := scenario()
		change(r)
		_, err := camt056.Drafts(camt056.Config{}, r)
		var u *camt056.Unmappable
		if !errors.As(err, &u) || u.Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	many := scenario()
	for i := 3; i <= 100; i++ {
		many.Payments = append(many.Payments, payment(i, "d23f0824-128b-4f33-8c5c-7fd0a6a3a450", "1.00"))
	}
	var u *camt056.Unmappable
	if _, err := camt056.Drafts(camt056.Config{Single: true}, many); !errors.As(err, &u) || u.Field != "payments" {
		t.Errorf("100 messages: %v", err)
	}
}

func TestMoneyIsWrittenAsTheStandardWantsIt(t *testing.T) {
	for in, want := range map[freeze.Dec]string{
		"1": "1", "001.50": "1.50", "0.10": "0.10", "000": "0", "1.1000000": "1.10000", "1.000000000000000000": "1.00000",
		"123456789012345678": "123456789012345678", "1234567890123.45678": "1234567890123.45678",
		"1.123456": "", "1234567890123456789": "", "12345678901234.56789": "",
	} {
		r := scenario()
		r.Payments = r.Payments[:1]
		r.Payments[0].Settled.Amount = in
		drafts, err := camt056.Drafts(camt056.Config{}, r)
		got := ""
		if err == nil {
			got = read(t, drafts[0].Document).String("FIToFIPmtCxlReq/Undrlyg/TxInf/OrgnlIntrBkSttlmAmt")
		}
		if got != want {
			t.Errorf("%s: %q, want %q (%v)", in, got, want, err)
		}
	}
}

// TestNoSecretReachesABank fills the free members by chance. Either the draft is
// refused, or nothing of the authority, its suspicion, its law or the telecom
// facts is in it; and it is well formed.
func TestNoSecretReachesABank(t *testing.T) {
	free := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "SECRET facts", "the FIU", "INV 12 & 13", "Sim-Swap", "Müller", "secret_computer_fraud"}))
	rapid.Check(t, func(rt *rapid.T) {
		r := rich()
		for i, field := range []*string{
			&r.Subject.Account.Name, &r.Subject.Account.SubAccount, &r.Subject.Servicer.Name, &r.Subject.Holders[1].Name,
			&r.Payments[0].Remittance, &r.Payments[0].FurtherCredit, &r.Payments[0].Debtor.Name,
		} {
			if rapid.Bool().Draw(rt, "set") {
				*field = free.Draw(rt, "text"+string(rune('0'+i)))
			}
		}
		c := rapid.SampledFrom([]camt056.Config{{}, {Version: "11"}, {Single: true, Scheme: "sepa"}}).Draw(rt, "config")
		drafts, err := camt056.Drafts(c, r)
		var u *camt056.Unmappable
		if err != nil {
			if !errors.As(err, &u) {
				rt.Fatal(err)
			}
			return
		}
		for _, d := range drafts {
			low := strings.ToLower(string(d.File))
			for _, word := range []string{"secret", "the fiu", "sim-swap"} {
				if strings.Contains(low, word) {
					rt.Fatalf("%q reaches the bank:\n%s", word, d.File)
				}
			}
			for dec := xml.NewDecoder(bytes.NewReader(d.File)); ; {
				if _, err := dec.Token(); err == io.EOF { //nolint:errorlint // Token returns it bare
					break
				} else if err != nil {
					rt.Fatal(err)
				}
			}
		}
	})
}

func TestChases(t *testing.T) {
	r := scenario()
	r.Payments[0].Recall = freeze.Recall{State: "initiated"}
	r.Payments[1].Recall = freeze.Recall{State: "pending", Camt056ID: "OTHER-1"}
	s := &freeze.StatusRequest{About: r.MessageID}
	s.MessageID, s.CreatedAt = freeze.RequesterID(alert, 2), freeze.At(executed.Add(24*time.Hour))
	drafts, err := camt056.Chases(camt056.Config{}, r, s)
	if err != nil || len(drafts) != 2 {
		t.Fatalf("%d drafts, %v", len(drafts), err)
	}
	golden(t, "chase.xml", drafts[0].File)
	second := read(t, drafts[1].Document).At("FIToFIPmtStsReq")
	if drafts[1].ID != alert+"-Q002-02" || second.String("OrgnlGrpInf/OrgnlMsgId") != "OTHER-1" || second.String("TxInf/StsReqId") != alert+"-P02" {
		t.Errorf("second chase\n%s", drafts[1].Document)
	}
	s.About = alert + "-P01"
	if one, err := camt056.Chases(camt056.Config{}, r, s); err != nil || len(one) != 1 || len(one[0].Items) != 1 {
		t.Errorf("about one payment: %d, %v", len(one), err)
	}
	r.Payments[0].Recall.State = "returned"
	if none, err := camt056.Chases(camt056.Config{}, r, s); err != nil || len(none) != 0 {
		t.Errorf("about money that is back: %d, %v", len(none), err)
	}
	s.About = "ELSE"
	var u *camt056.Unmappable
	if _, err := camt056.Chases(camt056.Config{}, r, s); !errors.As(err, &u) || u.Field != "about" {
		t.Errorf("about something else: %v", err)
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	good := camt056.Config{Out: "out", In: "in"}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	if u := good.Under("/etc/hw"); u.Out != "/etc/hw/out" || u.In != "/etc/hw/in" || u.Under("/x") != u {
		t.Errorf("under: %+v", u)
	}
	for want, change := range map[string]func(*camt056.Config){
		"camt056.out":                   func(c *camt056.Config) { c.Out = "" },
		"camt056.in":                    func(c *camt056.Config) { c.In = "./out" },
		"must not hold":                 func(c *camt056.Config) { c.In, c.Out = "bank", "bank/out" },
		"camt056.version":               func(c *camt056.Config) { c.Version = "09" },
		"camt056.scheme":                func(c *camt056.Config) { c.Scheme = "swift" },
		"camt056.service":               func(c *camt056.Config) { c.Service = strings.Repeat("x", 36) },
		"camt056.agent.bic":             func(c *camt056.Config) { c.Agent.BIC = "X" },
		"camt056.agent.clearing_system": func(c *camt056.Config) { c.Agent.ClearingID = "1" },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s: %v", want, err)
		}
	}
	if _, err := camt056.Drafts(camt056.Config{Version: "1"}, scenario()); err == nil {
		t.Error("drafts of a version that is not written")
	}
}

func BenchmarkDrafts(b *testing.B) {
	r := scenario()
	for i := 3; i <= 500; i++ {
		p := payment(1, "d23f0824-128b-4f33-8c5c-7fd0a6a3a450", "1.00")
		p.ItemID = freeze.ItemID(alert, i)
		r.Payments = append(r.Payments, p)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := camt056.Drafts(camt056.Config{}, r); err != nil {
			b.Fatal(err)
		}
	}
}
