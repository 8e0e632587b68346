package answer_test

import (
	"testing"

	"github.com/haltwire/haltwire/sinks/party/camt056/answer"
)

// TestBanksAreReadWithAllTheirNames reads what a head.001 and a camt.029 say of
// the banks at their ends.
func TestBanksAreReadWithAllTheirNames(t *testing.T) {
	const (
		listed = `<FinInstnId><BICFI>HWBAGB2LXXX</BICFI><ClrSysMmbId><ClrSysId><Cd>GBDSC</Cd></ClrSysId><MmbId>200000</MmbId></ClrSysMmbId><LEI>00000000000000000098</LEI><Nm> A
			Bank </Nm></FinInstnId>`
		private = `<FinInstnId><ClrSysMmbId><ClrSysId><Prtry>own list</Prtry></ClrSysId><MmbId>7</MmbId></ClrSysMmbId></FinInstnId>`
	)
	text := `<Msg><AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.01"><Fr><FIId>` + listed + `</FIId></Fr><To><FIId>` + private + `</FIId></To><BizMsgIdr>B-1</BizMsgIdr><MsgDefIdr>camt.029.001.09</MsgDefIdr></AppHdr>` +
		doc("camt.029.001.09", `<RsltnOfInvstgtn><Assgnmt><Id>1</Id><Assgnr><Agt>`+private+`</Agt></Assgnr><Assgne><Agt>`+listed+`</Agt></Assgne><CreDtTm>2026-03-04T09:30:00Z</CreDtTm></Assgnmt><Sts><Conf>CNCL</Conf></Sts></RsltnOfInvstgtn>`) + `</Msg>`
	a, err := answer.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	full := answer.Bank{BIC: "HWBAGB2LXXX", ClearingSystem: "GBDSC", ClearingID: "200000", LEI: "00000000000000000098", Name: "A Bank"}
	own := answer.Bank{ClearingSystem: "own list", ClearingID: "7"}
	if a.Header.From != full || a.Header.To != own || a.From != own || a.To != full {
		t.Errorf("header from %+v to %+v, message from %+v to %+v", a.Header.From, a.Header.To, a.From, a.To)
	}
	if a.Header.Name != "head.001.001.01" || a.Header.ID != "B-1" || a.Mismatch != "" {
		t.Errorf("header %+v, mismatch %q", *a.Header, a.Mismatch)
	}
}

// TestReturnsInheritFromTheirMessage gives the day, the reason and the original
// message once for all returns, and again where one differs.
func TestReturnsInheritFromTheirMessage(t *testing.T) {
	a, err := answer.Read([]byte(doc("pacs.004.001.12", `<PmtRtr><GrpHdr><MsgId>R-1</MsgId><CreDtTm>2026-03-05T08:00:00Z</CreDtTm><IntrBkSttlmDt>2026-03-06</IntrBkSttlmDt>
		<InstgAgt><FinInstnId><BICFI>HWBBGB2L</BICFI></FinInstnId></InstgAgt><InstdAgt><FinInstnId><BICFI>HWBIINBB</BICFI></FinInstnId></InstdAgt></GrpHdr>
		<OrgnlGrpInf><OrgnlMsgId>M-1</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId><RtrRsnInf><Rsn><Cd>FOCR</Cd></Rsn></RtrRsnInf></OrgnlGrpInf>
		<TxInf><OrgnlTxId>TX-1</OrgnlTxId><RtrdIntrBkSttlmAmt Ccy="GBP">1</RtrdIntrBkSttlmAmt></TxInf>
		<TxInf><OrgnlGrpInf><OrgnlMsgId>M-2</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.10</OrgnlMsgNmId></OrgnlGrpInf><OrgnlTxId>TX-2</OrgnlTxId><RtrdIntrBkSttlmAmt Ccy="GBP">2</RtrdIntrBkSttlmAmt><IntrBkSttlmDt>2026-03-07</IntrBkSttlmDt><RtrRsnInf><Rsn><Prtry>OWN</Prtry></Rsn><AddtlInf>a</AddtlInf><AddtlInf>b</AddtlInf></RtrRsnInf></TxInf></PmtRtr>`)))
	if err != nil {
		t.Fatal(err)
	}
	one, two := a.Returns[0], a.Returns[1]
	if one.Date != "2026-03-06" || one.Reasons[0].Code != "FOCR" || one.Refs.MessageID != "M-1" || one.Refs.MessageName != "pacs.008.001.08" || one.Whole {
		t.Errorf("the first return %+v", one)
	}
	if two.Date != "2026-03-07" || two.Reasons[0].Own != "OWN" || len(two.Reasons) != 1 || two.Refs.MessageID != "M-2" || two.Refs.MessageName != "pacs.008.001.10" {
		t.Errorf("the second return %+v", two)
	}
	if a.From.BIC != "HWBBGB2L" || a.To.BIC != "HWBIINBB" || a.ID != "R-1" {
		t.Errorf("message %+v", a)
	}
	facts, strays := a.Facts(asked())
	if len(facts) != 2 || len(strays) != 0 || facts[1].Return.ReasonISO != "NARR" || facts[1].Codes[0] != "OWN" || facts[0].Return.ReasonISO != "FOCR" {
		t.Errorf("facts %+v, strays %+v", facts, strays)
	}
}

// TestStatusesInheritFromTheirGroup gives status, reason and case once for all
// payments of a camt.029.
func TestStatusesInheritFromTheirGroup(t *testing.T) {
	a, err := answer.Read([]byte(doc("camt.029.001.11", `<RsltnOfInvstgtn><Assgnmt><Id>1</Id><CreDtTm>2026-03-04T09:30:00.5+05:30</CreDtTm></Assgnmt><Sts><Conf>RJCR</Conf></Sts>
		<CxlDtls><OrgnlGrpInfAndSts><RslvdCase><Id>`+alert+`</Id></RslvdCase><OrgnlMsgId>M-1</OrgnlMsgId><OrgnlMsgNmId>camt.056.001.08</OrgnlMsgNmId><GrpCxlSts>RJCR</GrpCxlSts><CxlStsRsnInf><Rsn><Cd>CUST</Cd></Rsn></CxlStsRsnInf></OrgnlGrpInfAndSts>
		<TxInfAndSts><OrgnlTxId>TX-1</OrgnlTxId></TxInfAndSts>
		<TxInfAndSts><OrgnlTxId>TX-2</OrgnlTxId><TxCxlSts>ACCR</TxCxlSts></TxInfAndSts></CxlDtls>
		<CxlDtls><TxInfAndSts><RslvdCase><Id>ELSE</Id></RslvdCase><OrgnlTxId>TX-3</OrgnlTxId></TxInfAndSts></CxlDtls></RsltnOfInvstgtn>`)))
	if err != nil {
		t.Fatal(err)
	}
	if a.CaseID != alert || a.At.String() != "2026-03-04T04:00:00.500Z" || len(a.Statuses) != 3 {
		t.Fatalf("answer %+v", a)
	}
	facts, _ := a.Facts(asked())
	for i, want := range []struct{ state, class string }{{"rejected", "private_law"}, {"accepted", "positive"}, {"rejected", "rejected"}} {
		if facts[i].State != want.state || string(facts[i].Class) != want.class {
			t.Errorf("payment %d: %+v, want %+v", i+1, facts[i], want)
		}
	}
}
