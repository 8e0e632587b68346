package answer_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/recall"
	"github.com/haltwire/haltwire/sinks/party/camt056"
	"github.com/haltwire/haltwire/sinks/party/camt056/answer"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// word is what a bank says about one payment, and what the desk must make of it.
type word struct {
	conf, status, reason string
	part                 bool // it resolves half of the amount
	state                string
	class                recall.Class
	refusal              string
}

// words is the table of FREEZE 3.3 and 3.5 as banks combine the codes.
func words() []word {
	return []word{
		{"CNCL", "", "", false, "accepted", recall.Positive, ""},
		{"CNCL", "ACCR", "", false, "accepted", recall.Positive, ""},
		{"CWFW", "", "", false, "accepted", recall.Positive, ""},
		{"", "ACCR", "", false, "accepted", recall.Positive, ""},
		{"PECR", "ACCR", "", true, "partly_accepted", recall.Partial, ""},
		{"PECR", "", "", false, "partly_accepted", recall.Partial, ""},
		{"PDCR", "", "", false, "pending", recall.Pending, ""},
		{"PDCR", "PDCR", "ADAC", false, "pending", recall.Pending, ""},
		{"PDCR", "PDCR", "ARPL", false, "pending", recall.Pending, ""},
		{"", "PDCR", "RQDA", false, "pending", recall.Pending, ""},
		{"", "PDCR", "IDMN", false, "pending", recall.Pending, ""},
		{"PTNA", "", "", false, "forwarded", recall.Forwarded, ""},
		{"FTNA", "PDCR", "", false, "forwarded", recall.Forwarded, ""},
		{"RJCR", "", "", false, "rejected", recall.Rejected, "other"},
		{"RJCR", "RJCR", "AC04", false, "rejected", recall.NoMoney, "account_closed"},
		{"RJCR", "RJCR", "AM04", false, "rejected", recall.NoMoney, "no_funds"},
		{"RJCR", "RJCR", "CUST", false, "rejected", recall.PrivateLaw, "creditor_refuses"},
		{"RJCR", "RJCR", "NOAS", false, "rejected", recall.PrivateLaw, "no_answer"},
		{"", "RJCR", "AGNT", false, "rejected", recall.PrivateLaw, "agent_refuses"},
		{"RJCR", "RJCR", "LEGL", false, "rejected", recall.Law, "other"},
		{"RJCR", "RJCR", "RR04", false, "rejected", recall.Law, "other"},
		{"RJCR", "RJCR", "NOOR", false, "rejected", recall.NotApplied, "other"},
		{"RJCR", "RJCR", "WSEQ", false, "rejected", recall.NotApplied, "other"},
		{"UWFW", "", "", false, "rejected", recall.NotApplied, "other"},
		{"RJCR", "RJCR", "ARDT", false, "accepted", recall.Done, ""},
		{"RJCR", "RJCR", "NARR", false, "rejected", recall.Text, "other"},
		{"RJCR", "RJCR", "ZZZZ", false, "rejected", recall.Rejected, "other"},
		{"INFO", "", "", false, "", recall.Unknown, ""},
	}
}

// reply is camt.029 by a bank that read our draft and kept nothing but what is in
// it.
func reply(draft *xmlsafe.Node, version, conf string, said map[string]word) []byte {
	body := draft.At("FIToFIPmtCxlReq")
	bank := func(w *xmlsafe.Writer, name, path string) {
		w.Open(name)
		w.Open("Agt")
		w.Open("FinInstnId")
		w.Leaf("BICFI", body.String(path+"/Agt/FinInstnId/BICFI"))
		w.End()
		w.End()
		w.End()
	}
	var b bytes.Buffer
	w := xmlsafe.NewWriter(&b)
	w.Open("Document", xmlsafe.Attr{Name: "xmlns", Value: "urn:iso:std:iso:20022:tech:xsd:camt.029.001." + version})
	w.Open("RsltnOfInvstgtn")
	w.Open("Assgnmt")
	w.Leaf("Id", "ANSWER-1")
	bank(w, "Assgnr", "Assgnmt/Assgne")
	bank(w, "Assgne", "Assgnmt/Assgnr")
	w.Leaf("CreDtTm", "2026-03-04T09:30:00Z")
	w.End()
	w.Open("RslvdCase")
	w.Leaf("Id", body.String("Case/Id"))
	bank(w, "Cretr", "Case/Cretr")
	w.End()
	w.Open("Sts")
	w.Leaf("Conf", conf)
	w.End()
	w.Open("CxlDtls")
	for _, tx := range body.At("Undrlyg").All("TxInf") {
		writeStatus(w, tx, said[tx.String("CxlId")])
	}
	w.End()
	w.End()
	w.End()
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func writeStatus(w *xmlsafe.Writer, tx *xmlsafe.Node, said word) {
	settled := tx.At("OrgnlIntrBkSttlmAmt")
	ccy := xmlsafe.Attr{Name: "Ccy", Value: settled.Attr("Ccy")}
	w.Open("TxInfAndSts")
	for _, name := range []string{"OrgnlInstrId", "OrgnlEndToEndId", "OrgnlTxId", "OrgnlClrSysRef", "OrgnlUETR"} {
		w.Some(name, tx.String(name))
	}
	w.Some("TxCxlSts", said.status)
	if said.reason != "" {
		w.Open("CxlStsRsnInf")
		w.Open("Rsn")
		w.Leaf("Cd", said.reason)
		w.End()
		w.End()
	}
	if said.part {
		w.Open("RsltnRltdInf")
		w.Leaf("IntrBkSttlmAmt", "0.01", ccy)
		w.End()
	}
	w.Leaf("OrgnlIntrBkSttlmAmt", settled.Text, ccy)
	w.End()
}

// TestBankAnswersOurDraft lets a bank answer drafts of random requests: every
// payment comes back once, under its own item, with the state of the table.
func TestBankAnswersOurDraft(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := recalled(rt)
		drafts, err := camt056.Drafts(camt056.Config{}, r)
		if err != nil || len(drafts) != 1 {
			rt.Fatalf("%d drafts, %v", len(drafts), err)
		}
		draft, err := xmlsafe.Read(bytes.NewReader(drafts[0].Document), xmlsafe.Limits{})
		if err != nil {
			rt.Fatal(err)
		}
		conf := rapid.SampledFrom([]string{"CNCL", "PECR", "PDCR", "RJCR", "FTNA"}).Draw(rt, "confirmation")
		said := map[string]word{}
		fitting := slices.DeleteFunc(words(), func(w word) bool { return w.conf != conf && (w.conf != "" || conf == "FTNA" && w.status == "PDCR") })
		for _, item := range drafts[0].Items {
			said[item] = rapid.SampledFrom(fitting).Draw(rt, "word")
		}
		version := rapid.SampledFrom([]string{"09", "10", "11", "12", "13"}).Draw(rt, "version")
		a, err := answer.Read(reply(draft, version, conf, said))
		if err != nil {
			rt.Fatal(err)
		}
		for i := range r.Payments { // the desk knows by now that they were asked for
			r.Payments[i].Recall.State = "initiated"
		}
		facts, strays := a.Facts(r)
		if len(strays) > 0 || len(facts) != len(r.Payments) {
			rt.Fatalf("%d facts of %d payments, strays %+v", len(facts), len(r.Payments), strays)
		}
		for i, f := range facts {
			want := said[f.ItemID]
			if f.ItemID != r.Payments[i].ItemID || f.State != want.state || f.Class != want.class {
				rt.Fatalf("%s: %s %s, want %+v", f.ItemID, f.State, f.Class, want)
			}
		}
	})
}

// recalled is a request with up to twelve payments, whose references are unique
// somewhere but not everywhere.
func recalled(t *rapid.T) *freeze.Request {
	r := &freeze.Request{}
	r.AlertID, r.MessageID, r.CreatedAt = alert, alert+"-Q001", freeze.Time{}
	r.Asks = []freeze.Ask{{AskID: "K1", Kind: "recall"}}
	r.Subject = freeze.Subject{Account: freeze.Account{Scheme: "bban", ID: "1"}, Servicer: freeze.Servicer{BIC: "HWBAGB2L"}}
	for i := range rapid.IntRange(1, 12).Draw(t, "payments") {
		id := fmt.Sprintf("R-%d", i)
		refs := freeze.Refs{EndToEndID: "NOTPROVIDED", MessageID: "M", MessageName: "pacs.008.001.08"}
		switch rapid.IntRange(0, 3).Draw(t, "reference") {
		case 0:
			refs.UETR = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		case 1:
			refs.TransactionID = id
		case 2:
			refs.InstructionID = id
		case 3:
			refs.EndToEndID, refs.ClearingRef = id, id
		}
		money := freeze.Money{Amount: freeze.Dec(fmt.Sprintf("%d.%02d", i+1, i)), Currency: "GBP"}
		r.Payments = append(r.Payments, freeze.Payment{
			ItemID: freeze.ItemID(alert, i+1), Refs: refs, Settled: &money, Disputed: money, SettledOn: "2026-03-02", Rail: "swift",
			Authorisation: "unauthorised", Debtor: freeze.Debtor{Servicer: freeze.Servicer{BIC: "HWBIINBB"}}, Recall: freeze.Recall{State: "none"},
		})
	}
	return r
}

// TestWords reads each row of the table alone, as a confirmation of the whole
// case where no status is given.
func TestWords(t *testing.T) {
	for _, w := range words() {
		inside := ""
		if w.status != "" {
			inside = "<CxlDtls><TxInfAndSts><OrgnlTxId>TX-1</OrgnlTxId><TxCxlSts>" + w.status + "</TxCxlSts>"
			if w.reason != "" {
				inside += "<CxlStsRsnInf><Rsn><Cd>" + w.reason + "</Cd></Rsn></CxlStsRsnInf>"
			}
			if w.part {
				inside += `<RsltnRltdInf><IntrBkSttlmAmt Ccy="GBP">1</IntrBkSttlmAmt></RsltnRltdInf>`
			}
			inside += "</TxInfAndSts></CxlDtls>"
		}
		status := "<Sts/>"
		if w.conf != "" {
			status = "<Sts><Conf>" + w.conf + "</Conf></Sts>"
		}
		a, err := answer.Read([]byte(doc("camt.029.001.09", "<RsltnOfInvstgtn><Assgnmt><Id>1</Id><CreDtTm>2026-03-04T09:30:00Z</CreDtTm></Assgnmt><RslvdCase><Id>"+alert+"</Id></RslvdCase>"+status+inside+"</RsltnOfInvstgtn>")))
		if err != nil {
			t.Errorf("%+v: %v", w, err)
			continue
		}
		r := asked()
		r.Payments = r.Payments[:1]
		facts, _ := a.Facts(r)
		if len(facts) != 1 || facts[0].State != w.state || facts[0].Class != w.class {
			t.Errorf("%+v: %+v", w, facts)
			continue
		}
		f := facts[0]
		if (f.Refusal != nil) != (w.state == "rejected") || f.Refusal != nil && f.Refusal.Code != w.refusal {
			t.Errorf("%+v: refusal %+v", w, f.Refusal)
		}
		if (f.Pending != nil) != (w.state == "pending" || w.state == "forwarded") {
			t.Errorf("%+v: pending %+v", w, f.Pending)
		}
		for _, code := range []string{w.conf, w.status, w.reason} {
			if code != "" && !slices.Contains(f.Codes, code) {
				t.Errorf("%+v: the bank's code %s is lost: %v", w, code, f.Codes)
			}
		}
	}
}

// TestReturnsAgainstTheMoney compares what comes back with what was settled and
// what was disputed.
func TestReturnsAgainstTheMoney(t *testing.T) {
	for _, c := range []struct {
		settled, disputed, back, ccy, charges string
		difference                            string
	}{
		{"100.00", "100.00", "100", "GBP", "", ""},
		{"100.00", "60.00", "60.00", "GBP", "", ""},
		{"100.00", "60.00", "100.00", "GBP", "", ""},
		{"100.00", "100.00", "97.50", "GBP", "2.5", ""},
		{"100.00", "60.00", "59.00", "GBP", "1.00", ""},
		{"100.00", "100.00", "97.50", "GBP", "2.49", "short"},
		{"100.00", "60.00", "59.99", "GBP", "", "short"},
		{"100.00", "60.00", "80.00", "GBP", "", "short"},
		{"100.00", "100.00", "100.01", "GBP", "", "excess"},
		{"100.00", "100.00", "100.00", "EUR", "", "currency"},
	} {
		charge := ""
		if c.charges != "" {
			charge = `<ChrgsInf><Amt Ccy="GBP">` + c.charges + `</Amt></ChrgsInf><ChrgsInf><Amt Ccy="XXX">9</Amt></ChrgsInf>`
		}
		text := doc("pacs.004.001.09", `<PmtRtr><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-03-05T08:00:00Z</CreDtTm></GrpHdr><TxInf><OrgnlTxId>TX-1</OrgnlTxId><RtrdIntrBkSttlmAmt Ccy="`+c.ccy+`">`+c.back+`</RtrdIntrBkSttlmAmt>`+charge+`</TxInf></PmtRtr>`)
		a, err := answer.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		r := asked()
		r.Payments[0].Settled.Amount, r.Payments[0].Disputed.Amount = freeze.Dec(c.settled), freeze.Dec(c.disputed)
		facts, _ := a.Facts(r)
		if len(facts) != 1 || facts[0].Difference != c.difference || (facts[0].State == "returned") != (c.difference == "") {
			t.Errorf("%+v: %+v", c, facts)
		}
		if costs := facts[0].Return.Costs; c.charges != "" && (costs == nil || costs.Amount.Cmp(freeze.Dec(c.charges)) != 0) {
			t.Errorf("%+v: costs %+v", c, costs)
		}
	}
}

// TestPaymentsAreFoundByTheBestReference gives entries more than one reference.
func TestPaymentsAreFoundByTheBestReference(t *testing.T) {
	const p1, p2 = "<OrgnlUETR>6513270e-269e-4d37-b2a7-4de452e6b438</OrgnlUETR>", "<OrgnlTxId>TX-2</OrgnlTxId>"
	for _, c := range []struct{ name, entry, want string }{
		{"UETR before transaction id", p2 + p1, "P01"},
		{"UETR in capitals", strings.ToUpper(p1[11:47]), ""},
		{"unknown UETR, known transaction id", p2 + "<OrgnlUETR>00000000-0000-4000-8000-000000000000</OrgnlUETR>", "P02"},
		{"end-to-end id that all share", "<OrgnlEndToEndId>E2E</OrgnlEndToEndId>", ""},
		{"and an amount that one has", `<OrgnlEndToEndId>E2E</OrgnlEndToEndId><OrgnlIntrBkSttlmAmt Ccy="GBP">9500</OrgnlIntrBkSttlmAmt>`, "P02"},
		{"a reference with another amount", p2 + `<OrgnlIntrBkSttlmAmt Ccy="GBP">1</OrgnlIntrBkSttlmAmt>`, ""},
		{"not provided", "<OrgnlEndToEndId>NOTPROVIDED</OrgnlEndToEndId>", ""},
	} {
		if strings.HasPrefix(c.name, "UETR in capitals") {
			c.entry, c.want = "<OrgnlUETR>"+c.entry+"</OrgnlUETR>", "P01"
		}
		a, err := answer.Read([]byte(doc("camt.029.001.09", "<RsltnOfInvstgtn><Assgnmt><Id>1</Id><CreDtTm>2026-03-04T09:30:00Z</CreDtTm></Assgnmt><Sts><Conf>CNCL</Conf></Sts><CxlDtls><TxInfAndSts>"+c.entry+"</TxInfAndSts></CxlDtls></RsltnOfInvstgtn>")))
		if err != nil {
			t.Fatal(err)
		}
		facts, strays := a.Facts(asked())
		got := ""
		for _, f := range facts {
			got += f.ItemID[len(alert)+1:]
		}
		if got != c.want || len(facts)+len(strays) != 1 {
			t.Errorf("%s: found %q, strays %+v", c.name, got, strays)
		}
	}
}
