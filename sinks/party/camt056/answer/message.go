package answer

import (
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// Status is what a camt.029 says about one payment, or about all of them when it
// names none.
type Status struct {
	// ID is the bank's id of this status.
	ID string
	// Refs are the references of the payment; Whole reports that there are none
	// and the status is of all payments of the message or case.
	Refs  freeze.Refs
	Whole bool
	// Code is TxCxlSts or GrpCxlSts: ACCR, PACR, PDCR, RJCR; empty where only the
	// Confirmation of the whole answer counts.
	Code    string
	Reasons []Reason
	// Settled is the payment's amount, Resolved the one that the answer is about,
	// where they are given.
	Settled, Resolved *freeze.Money
	// Next is the bank that the case was passed to.
	Next Bank
}

// Returned is one payment that a pacs.004 gives back.
type Returned struct {
	ID    string
	Refs  freeze.Refs
	Whole bool // of all payments of Refs.MessageID
	// Settled is the payment's amount, Money what comes back on Date.
	Settled      *freeze.Money
	Money        freeze.Money
	Date         freeze.Date
	Charges      []freeze.Money
	Compensation *freeze.Money
	Reasons      []Reason
	ClearingRef  string
}

// resolution reads camt.029.
func (f *form) resolution(a *Answer, n *xmlsafe.Node) {
	if n == nil {
		return
	}
	f.need(n, "Assgnmt")
	a.ID, a.At = f.needed(n, "Assgnmt/Id", 35), f.moment(n, "Assgnmt/CreDtTm")
	a.From, a.To = f.bank(n.At("Assgnmt/Assgnr/Agt")), f.bank(n.At("Assgnmt/Assgne/Agt"))
	a.CaseID = f.text(n, "RslvdCase/Id", 35)
	f.need(n, "Sts")
	a.Confirmation, a.DuplicateOf = f.text(n, "Sts/Conf", 4), f.text(n, "Sts/DplctOf/Id", 35)
	for _, details := range n.All("CxlDtls") {
		f.details(a, details)
	}
	if len(a.Statuses) == 0 && a.DuplicateOf == "" {
		a.Statuses = append(a.Statuses, Status{Whole: true, Resolved: f.money(n, "RsltnRltdInf/IntrBkSttlmAmt")})
	}
}

// details reads the statuses of the payments; what the group says holds for a
// payment that says nothing itself.
func (f *form) details(a *Answer, n *xmlsafe.Node) {
	group := n.At("OrgnlGrpInfAndSts")
	all := Status{Code: f.text(group, "GrpCxlSts", 4), Reasons: f.reasons(group.All("CxlStsRsnInf")), Whole: true}
	all.Refs.MessageID, all.Refs.MessageName = f.text(group, "OrgnlMsgId", 35), f.text(group, "OrgnlMsgNmId", 35)
	if id := f.text(group, "RslvdCase/Id", 35); a.CaseID == "" {
		a.CaseID = id
	}
	entries := n.All("TxInfAndSts")
	if len(entries) == 0 && group != nil {
		a.Statuses = append(a.Statuses, all)
	}
	for _, e := range entries {
		if len(a.Statuses) >= maxEntries {
			f.refuse("CxlDtls", "more than %d payments", maxEntries)
			return
		}
		s := f.status(e)
		if s.Code == "" {
			s.Code = all.Code
		}
		if len(s.Reasons) == 0 {
			s.Reasons = all.Reasons
		}
		if id := f.text(e, "RslvdCase/Id", 35); a.CaseID == "" {
			a.CaseID = id
		}
		a.Statuses = append(a.Statuses, s)
	}
}

func (f *form) status(n *xmlsafe.Node) Status {
	s := Status{
		ID: f.text(n, "CxlStsId", 35), Refs: f.refs(n), Code: f.text(n, "TxCxlSts", 4), Reasons: f.reasons(n.All("CxlStsRsnInf")),
		Settled: f.money(n, "OrgnlIntrBkSttlmAmt"), Resolved: f.money(n, "RsltnRltdInf/IntrBkSttlmAmt"), Next: f.bank(n.At("Assgne/Agt")),
	}
	if s.Refs.UETR == "" { // some banks give the payment's references there alone
		s.Refs.UETR = f.text(n, "RsltnRltdInf/UETR", 36)
	}
	s.Whole = !named(s.Refs)
	return s
}

// named reports whether the references name one payment.
func named(r freeze.Refs) bool {
	r.MessageID, r.MessageName = "", ""
	return r != freeze.Refs{}
}

// returned reads pacs.004.
func (f *form) returned(a *Answer, n *xmlsafe.Node) {
	head := f.need(n, "GrpHdr")
	if head == nil {
		return
	}
	a.ID, a.At = f.needed(head, "MsgId", 35), f.moment(head, "CreDtTm")
	a.From, a.To = f.bank(head.At("InstgAgt")), f.bank(head.At("InstdAgt"))
	day := f.date(head, "IntrBkSttlmDt")
	group := n.At("OrgnlGrpInf")
	reasons := f.reasons(group.All("RtrRsnInf"))
	entries := n.All("TxInf")
	if len(entries) > maxEntries {
		f.refuse("TxInf", "more than %d payments", maxEntries)
		return
	}
	if len(entries) == 0 {
		f.groupReturn(a, head, group, day, reasons)
	}
	for _, e := range entries {
		r := f.oneReturn(e)
		if r.Date == "" {
			r.Date = day
		}
		if len(r.Reasons) == 0 {
			r.Reasons = reasons
		}
		if r.Refs.MessageID == "" {
			r.Refs.MessageID, r.Refs.MessageName = f.text(group, "OrgnlMsgId", 35), f.text(group, "OrgnlMsgNmId", 35)
		}
		a.Returns = append(a.Returns, r)
	}
}

// groupReturn reads a pacs.004 that gives a whole message back without naming its
// payments.
func (f *form) groupReturn(a *Answer, head, group *xmlsafe.Node, day freeze.Date, reasons []Reason) {
	total := f.money(head, "TtlRtrdIntrBkSttlmAmt")
	if total == nil || group == nil {
		f.refuse("TxInf", "is missing, and so is a group return with its total and its original message")
		return
	}
	r := Returned{Whole: true, Money: *total, Date: day, Reasons: reasons}
	r.Refs.MessageID, r.Refs.MessageName = f.needed(group, "OrgnlMsgId", 35), f.needed(group, "OrgnlMsgNmId", 35)
	a.Returns = append(a.Returns, r)
}

func (f *form) oneReturn(n *xmlsafe.Node) Returned {
	r := Returned{
		ID: f.text(n, "RtrId", 35), Refs: f.refs(n), Settled: f.money(n, "OrgnlIntrBkSttlmAmt"), Date: f.date(n, "IntrBkSttlmDt"),
		Compensation: f.money(n, "CompstnAmt"), Reasons: f.reasons(n.All("RtrRsnInf")), ClearingRef: f.text(n, "ClrSysRef", 35),
	}
	if f.need(n, "RtrdIntrBkSttlmAmt") != nil {
		if m := f.money(n, "RtrdIntrBkSttlmAmt"); m != nil {
			r.Money = *m
		}
	}
	for _, c := range n.All("ChrgsInf") {
		if m := f.money(c, "Amt"); m != nil {
			r.Charges = append(r.Charges, *m)
		}
	}
	r.Whole = !named(r.Refs)
	return r
}
