package camt056

import (
	"strconv"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// urn is the beginning of every namespace of ISO 20022.
const urn = "urn:iso:std:iso:20022:tech:xsd:"

func namespace(message string) xmlsafe.Attr {
	return xmlsafe.Attr{Name: "xmlns", Value: urn + message}
}

// header is head.001.001.02.
type header struct {
	from, to          freeze.Servicer
	id, name, service string
	at                freeze.Time
}

func (h header) write(w *xmlsafe.Writer) {
	w.Open("AppHdr", namespace("head.001.001.02"))
	for _, end := range []struct {
		name string
		bank freeze.Servicer
	}{{"Fr", h.from}, {"To", h.to}} {
		w.Open(end.name)
		agent(w, "FIId", end.bank)
		w.End()
	}
	w.Leaf("BizMsgIdr", h.id)
	w.Leaf("MsgDefIdr", h.name)
	w.Some("BizSvc", h.service)
	w.Leaf("CreDt", h.at.String())
	w.End()
}

// write writes camt.056.001.08 or .11, whose elements are the same as far as they
// are used here.
func (m *message) write(w *xmlsafe.Writer) {
	w.Open("Document", namespace(m.config.message()))
	w.Open("FIToFIPmtCxlReq")
	w.Open("Assgnmt")
	w.Leaf("Id", m.id)
	assigner(w, "Assgnr", m.from)
	assigner(w, "Assgne", m.to)
	w.Leaf("CreDtTm", m.request.CreatedAt.String())
	w.End()
	if !m.config.Single {
		m.writeCase(w)
	}
	w.Open("CtrlData")
	w.Leaf("NbOfTxs", strconv.Itoa(len(m.payments)))
	w.Some("CtrlSum", m.sum())
	w.End()
	w.Open("Undrlyg")
	for _, tx := range m.payments {
		m.writeTx(w, tx)
	}
	w.End()
	w.End()
	w.End()
}

func (m *message) writeCase(w *xmlsafe.Writer) {
	w.Open("Case")
	w.Leaf("Id", m.request.AlertID)
	assigner(w, "Cretr", m.from)
	w.End()
}

// sum returns the sum of the amounts when they are of one currency and fit the 18
// digits of DecimalNumber, else the empty string.
func (m *message) sum() string {
	sum, currency := freeze.Dec("0"), m.payments[0].Settled.Currency
	for _, tx := range m.payments {
		if tx.Settled.Currency != currency {
			return ""
		}
		sum = sum.Add(freeze.Dec(tx.settled))
	}
	digits, err := amount("", freeze.Money{Amount: sum, Currency: currency})
	if err != nil {
		return ""
	}
	return digits
}

// writeTx writes one PaymentTransaction in the order of the XSD.
func (m *message) writeTx(w *xmlsafe.Writer, tx transaction) {
	w.Open("TxInf")
	w.Leaf("CxlId", tx.ItemID)
	if m.config.Single {
		m.writeCase(w)
	}
	original(w, tx.Refs)
	w.Some("OrgnlUETR", tx.Refs.UETR)
	w.Some("OrgnlClrSysRef", tx.Refs.ClearingRef)
	w.Leaf("OrgnlIntrBkSttlmAmt", tx.settled, xmlsafe.Attr{Name: "Ccy", Value: tx.Settled.Currency})
	w.Leaf("OrgnlIntrBkSttlmDt", string(tx.SettledOn))
	w.Open("CxlRsnInf")
	w.Open("Rsn")
	w.Leaf("Cd", tx.reason)
	w.End()
	for _, text := range tx.texts {
		w.Leaf("AddtlInf", text)
	}
	w.End()
	if tx.Recall.Indemnity == "offered" {
		w.Open("CxlRsnInf")
		w.Open("Rsn")
		w.Leaf("Cd", "INDM")
		w.End()
		w.End()
	}
	reference(w, m.request, tx.Payment)
	w.End()
}

// original writes the references that come before OrgnlUETR in every message.
func original(w *xmlsafe.Writer, r freeze.Refs) {
	if r.MessageID != "" && r.MessageName != "" {
		w.Open("OrgnlGrpInf")
		w.Leaf("OrgnlMsgId", r.MessageID)
		w.Leaf("OrgnlMsgNmId", r.MessageName)
		w.End()
	}
	w.Some("OrgnlInstrId", r.InstructionID)
	w.Some("OrgnlEndToEndId", r.EndToEndID)
	w.Some("OrgnlTxId", r.TransactionID)
}

// reference writes OrgnlTxRef: who paid whom, as far as policy left it.
func reference(w *xmlsafe.Writer, r *freeze.Request, p *freeze.Payment) {
	w.Open("OrgnlTxRef")
	if p.Rail == "sepa" || p.Rail == "sepa_inst" {
		w.Open("PmtTpInf")
		w.Open("SvcLvl")
		w.Leaf("Cd", "SEPA")
		w.End()
		if p.Rail == "sepa_inst" {
			w.Open("LclInstrm")
			w.Leaf("Cd", "INST")
			w.End()
		}
		w.End()
	}
	if p.Remittance != "" {
		w.Open("RmtInf")
		w.Leaf("Ustrd", p.Remittance)
		w.End()
	}
	person(w, "Dbtr", p.Debtor.Name)
	if p.Debtor.Account != nil {
		account(w, "DbtrAcct", *p.Debtor.Account)
	}
	agent(w, "DbtrAgt", p.Debtor.Servicer)
	agent(w, "CdtrAgt", r.Subject.Servicer)
	person(w, "Cdtr", owner(r))
	account(w, "CdtrAcct", r.Subject.Account)
	w.End()
}
