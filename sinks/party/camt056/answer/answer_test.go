package answer_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/camt056/answer"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

const alert = "U3A5VHP66CSQRGMDHUPYCP5QKM"

// asked is the request that the answers of testdata are about: P1 and P2 of one
// message, P2 disputed in part, and P3 of another.
func asked() *freeze.Request {
	r := &freeze.Request{}
	r.AlertID, r.MessageID = alert, alert+"-Q001"
	add := func(uetr, group, settled, disputed string) {
		n := len(r.Payments) + 1
		r.Payments = append(r.Payments, freeze.Payment{
			ItemID:  freeze.ItemID(alert, n),
			Refs:    freeze.Refs{UETR: uetr, EndToEndID: "E2E", TransactionID: fmt.Sprintf("TX-%d", n), MessageID: group, MessageName: "pacs.008.001.08"},
			Settled: &freeze.Money{Amount: freeze.Dec(settled), Currency: "GBP"}, Disputed: freeze.Money{Amount: freeze.Dec(disputed), Currency: "GBP"},
		})
	}
	add("6513270e-269e-4d37-b2a7-4de452e6b438", "HWBI-20260302", "18000.00", "18000.00")
	add("d23f0824-128b-4f33-8c5c-7fd0a6a3a450", "HWBI-20260302", "9500.00", "9000.00")
	add("9531985d-5d9d-49f8-9818-e811892f902b", "ALONE-1", "12000.00", "12000.00")
	add("00000000-0000-4000-8000-00000000000d", "HWBI-20260302", "1.00", "1.00")
	r.Payments[3].Recall.State = "none" // nobody was asked about it
	return r
}

// TestAnswers reads every document of testdata and compares the facts with the
// text beside it.
func TestAnswers(t *testing.T) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := answer.Read(text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		got := show(a)
		golden := strings.TrimSuffix(file, ".xml") + ".txt"
		if *rewrite {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || string(want) != got {
			t.Errorf("%s differs (%v), got\n%s", golden, err, got)
		}
		valid(t, file, a)
	}
}

// valid checks that what goes into an outcome passes its contract.
func valid(t *testing.T, file string, a *answer.Answer) {
	t.Helper()
	text, err := os.ReadFile("../../../freeze/testdata/messages/outcome-refused.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := freeze.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	o, _ := m.(*freeze.Outcome)
	facts, _ := a.Facts(asked())
	for _, f := range facts {
		if f.Refusal != nil {
			o.Refusal = f.Refusal
		}
		if f.Pending != nil {
			pending := *f.Pending
			pending.Until = o.AsOf
			o.Pending = &pending
		}
		if f.Return != nil {
			o.Returns = append(o.Returns, *f.Return)
		}
	}
	if err := freeze.Validate(o); err != nil {
		t.Errorf("%s: what it says does not fit an outcome: %v", file, err)
	}
}

func show(a *answer.Answer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s at %s from %s to %s\n", a.Name, a.ID, a.At, a.From.BIC, a.To.BIC)
	if a.Header != nil {
		fmt.Fprintf(&b, "header %s %s from %s to %s names %s, mismatch %q\n", a.Header.Name, a.Header.ID, a.Header.From.BIC, a.Header.To.BIC, a.Header.Message, a.Mismatch)
	}
	fmt.Fprintf(&b, "case %q confirmation %q duplicate of %q\n", a.CaseID, a.Confirmation, a.DuplicateOf)
	facts, strays := a.Facts(asked())
	for _, f := range facts {
		fmt.Fprintf(&b, "%s: state %q class %s codes %v", f.ItemID[len(alert)+1:], f.State, f.Class, f.Codes)
		if f.Accepted != nil {
			fmt.Fprintf(&b, " amount %s %s", f.Accepted.Amount, f.Accepted.Currency)
		}
		if f.Next != (answer.Bank{}) {
			fmt.Fprintf(&b, " next %s", f.Next.BIC)
		}
		if f.Refusal != nil {
			fmt.Fprintf(&b, " refusal %+v", *f.Refusal)
		}
		if f.Pending != nil {
			fmt.Fprintf(&b, " pending %s: %s", f.Pending.ISO, f.Pending.Why)
		}
		if r := f.Return; r != nil {
			fmt.Fprintf(&b, " return %s %s on %s for %s refs %+v difference %q", r.Money.Amount, r.Money.Currency, r.ValueDate, r.ReasonISO, r.Refs, f.Difference)
			if r.Costs != nil {
				fmt.Fprintf(&b, " costs %s", r.Costs.Amount)
			}
		}
		b.WriteString("\n")
	}
	for _, s := range strays {
		fmt.Fprintf(&b, "stray %q: %s\n", s.ID, s.Text)
	}
	fmt.Fprintf(&b, "decision %q\n", answer.Decision(facts))
	return b.String()
}

// doc is a camt.029 with a hole in it.
func doc(version, body string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:` + version + `">` + body + `</Document>`
}

func TestReadRefuses(t *testing.T) {
	const assignment = `<Assgnmt><Id>1</Id><CreDtTm>2026-03-04T09:30:00Z</CreDtTm></Assgnmt>`
	resolution := func(inside string) string {
		return doc("camt.029.001.09", "<RsltnOfInvstgtn>"+assignment+inside+"</RsltnOfInvstgtn>")
	}
	status := func(inside string) string {
		return resolution("<Sts><Conf>CNCL</Conf></Sts><CxlDtls><TxInfAndSts>" + inside + "</TxInfAndSts></CxlDtls>")
	}
	amount := func(attrs, digits string) string {
		return status("<OrgnlIntrBkSttlmAmt" + attrs + ">" + digits + "</OrgnlIntrBkSttlmAmt>")
	}
	head := func(version, message string) string {
		return `<AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:` + version + `"><BizMsgIdr>1</BizMsgIdr><MsgDefIdr>` + message + `</MsgDefIdr></AppHdr>`
	}
	good := resolution("<Sts><Conf>CNCL</Conf></Sts>")
	if _, err := answer.Read([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for field, text := range map[string]string{
		"a: holds 0 documents":            `<a/>`,
		"a: holds 2 documents":            "<a>" + good + good + "</a>",
		"a: holds 1 documents and 2":      "<a>" + head("head.001.001.02", "x") + head("head.001.001.02", "x") + good + "</a>",
		"deep: holds 0 documents":         "<deep><a><b><c><d>" + good + "</d></c></b></a></deep>",
		"Document: namespace":             doc("camt.029.001.08", ""),
		"Document: namespace \"\"":        `<Document/>`,
		"Document: namespace \"urn:x":     `<Document xmlns="urn:x"/>`,
		"RsltnOfInvstgtn: is missing":     doc("camt.029.001.09", `<x:RsltnOfInvstgtn xmlns:x="urn:other"/>`),
		"PmtRtr: is missing":              doc("pacs.004.001.09", ""),
		"Assgnmt: is missing":             doc("camt.029.001.09", "<RsltnOfInvstgtn/>"),
		"Sts: is missing":                 resolution(""),
		"AppHdr: namespace":               "<a>" + head("head.001.001.05", "camt.029.001.09") + good + "</a>",
		"AppHdr/MsgDefIdr: \"pacs.004":    "<a>" + head("head.001.001.01", "pacs.004.001.09") + good + "</a>",
		"AppHdr/MsgDefIdr: \"camt029\"":   "<a>" + head("head.001.001.01", "camt029") + good + "</a>",
		"MsgDefIdr: is empty":             "<a>" + head("head.001.001.01", " ") + good + "</a>",
		"OrgnlTxId: longer than 35":       status("<OrgnlTxId>" + strings.Repeat("x", 36) + "</OrgnlTxId>"),
		"AddtlInf: longer than 105":       status("<CxlStsRsnInf><AddtlInf>" + strings.Repeat("x", 106) + "</AddtlInf></CxlStsRsnInf>"),
		"OrgnlIntrBkSttlmAmt: \"-1\"":     amount(` Ccy="GBP"`, "-1"),
		"OrgnlIntrBkSttlmAmt: \"1e3\"":    amount(` Ccy="GBP"`, "1e3"),
		"OrgnlIntrBkSttlmAmt: \"\"":       amount(` Ccy="GBP"`, ""),
		"OrgnlIntrBkSttlmAmt: \".\"":      amount(` Ccy="GBP"`, "."),
		"OrgnlIntrBkSttlmAmt: \"1.000001": amount(` Ccy="GBP"`, "1.000001"),
		"OrgnlIntrBkSttlmAmt: \"1234567":  amount(` Ccy="GBP"`, "12345678901234567.89"),
		"OrgnlIntrBkSttlmAmt/@Ccy: \"\"":  amount("", "1"),
		"OrgnlIntrBkSttlmAmt/@Ccy: \"gbp": amount(` Ccy="gbp"`, "1"),
		"Assgnmt/CreDtTm: \"yesterday\"":  strings.Replace(good, "2026-03-04T09:30:00Z", "yesterday", 1),
		"Assgnmt/CreDtTm: \"0001":         strings.Replace(good, "2026-03-04T09:30:00Z", "0001-01-01T00:00:00+10:00", 1),
		"IntrBkSttlmDt: \"2026-02-30":     doc("pacs.004.001.09", `<PmtRtr><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-03-05T08:00:00</CreDtTm><IntrBkSttlmDt>2026-02-30</IntrBkSttlmDt></GrpHdr></PmtRtr>`),
		"TxInf: is missing":               doc("pacs.004.001.09", `<PmtRtr><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-03-05T08:00:00</CreDtTm></GrpHdr></PmtRtr>`),
		"RtrdIntrBkSttlmAmt: is missi":    doc("pacs.004.001.09", `<PmtRtr><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-03-05T08:00:00</CreDtTm></GrpHdr><TxInf/></PmtRtr>`),
		"GrpHdr: is missing":              doc("pacs.004.001.09", `<PmtRtr/>`),
		"CxlDtls: more than 5000":         resolution("<Sts/><CxlDtls>" + strings.Repeat("<TxInfAndSts/>", 5001) + "</CxlDtls>"),
	} {
		_, err := answer.Read([]byte(text))
		var refused *answer.Refused
		if !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), "answer refused: "+field) {
			t.Errorf("want %s: %v", field, err)
		}
	}
	bomb := `<!DOCTYPE a [<!ENTITY x "y">]>` + good
	var unsafe *xmlsafe.Refused
	if _, err := answer.Read([]byte(bomb)); !errors.As(err, &unsafe) || unsafe.Code != "doctype" {
		t.Errorf("an XML bomb: %v", err)
	}
	if _, err := answer.Read(bytes.Repeat([]byte(" "), answer.MaxBytes+1)); !errors.As(err, &unsafe) || unsafe.Code != "too_large" {
		t.Errorf("too large: %v", err)
	}
}

func TestFormsOfMoneyAndDays(t *testing.T) {
	for in, want := range map[string]string{
		" 1 ": "1", "+2.50": "2.50", "007": "7", ".5": "0.5", "3.": "3", "0": "0", "0.00": "0.00",
		"123456789012345678": "123456789012345678", "1.1000000000": "1.1000000000", "1234567890123.45678": "1234567890123.45678",
	} {
		text := doc("pacs.004.001.11", `<PmtRtr><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-03-05T23:30:00-02:00</CreDtTm></GrpHdr><TxInf><OrgnlTxId>TX-1</OrgnlTxId><RtrdIntrBkSttlmAmt Ccy="GBP">`+in+`</RtrdIntrBkSttlmAmt></TxInf></PmtRtr>`)
		a, err := answer.Read([]byte(text))
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if got := a.Returns[0].Money.Amount; string(got) != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		facts, _ := a.Facts(asked())
		if day := facts[0].Return.ValueDate; day != "2026-03-06" {
			t.Errorf("without a day it is the message's in UTC, got %s", day)
		}
	}
	text := doc("pacs.004.001.09", `<PmtRtr><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-03-05T08:00:00</CreDtTm><IntrBkSttlmDt>2026-03-07+05:30</IntrBkSttlmDt></GrpHdr><TxInf><OrgnlTxId>TX-1</OrgnlTxId><RtrdIntrBkSttlmAmt Ccy="GBP">1</RtrdIntrBkSttlmAmt></TxInf></PmtRtr>`)
	if a, err := answer.Read([]byte(text)); err != nil || a.Returns[0].Date != "2026-03-07" {
		t.Errorf("a day with an offset: %v", err)
	}
}

func TestDecision(t *testing.T) {
	for states, want := range map[string]string{
		"": "", "none": "", "accepted returned": "granted", "accepted rejected": "partly", "partly_accepted": "partly", "accepted pending": "partly",
		"rejected pending": "pending", "accepted none": "partly", "rejected none": "", "forwarded": "pending", "rejected rejected": "refused",
	} {
		var facts []answer.Fact
		for state := range strings.FieldsSeq(states) {
			facts = append(facts, answer.Fact{State: state})
		}
		if got := answer.Decision(facts); got != want {
			t.Errorf("%s: %q, want %q", states, got, want)
		}
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
	r := asked()
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := answer.Read(text)
		if err != nil {
			return
		}
		facts, strays := a.Facts(r)
		if len(facts)+len(strays) > len(r.Payments)*(len(a.Statuses)+len(a.Returns)) {
			t.Fatalf("%d facts and %d strays of %d entries", len(facts), len(strays), len(a.Statuses)+len(a.Returns))
		}
		for _, fact := range facts {
			if fact.State == "rejected" && fact.Refusal == nil || fact.State == "returned" && fact.Return == nil {
				t.Fatalf("a state without its reason: %+v", fact)
			}
			if fact.Return != nil && (!fact.Return.Money.Amount.Valid() || !fact.Return.ValueDate.Valid()) {
				t.Fatalf("a return that no outcome can hold: %+v", *fact.Return)
			}
		}
	})
}
