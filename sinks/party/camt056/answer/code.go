package answer

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Class is what kind of answer a code is (FREEZE 3.5).
type Class string

// The classes of FREEZE 3.5, and Unknown for codes that it does not list.
const (
	Positive   Class = "positive"
	Partial    Class = "partial"
	Pending    Class = "pending"
	Forwarded  Class = "forwarded"
	NoMoney    Class = "no_money"    // ask for a trace
	PrivateLaw Class = "private_law" // a measure under public law is still open
	Law        Class = "law"         // already measured, or no power: ask which
	NotApplied Class = "not_applied" // wrong references: amend and resend
	Done       Class = "done"        // look for the pacs.004
	Text       Class = "text"        // people classify it
	Rejected   Class = "rejected"    // rejected, with no reason that is known
	Unknown    Class = "unknown"
)

// ClassOf returns the class of a confirmation, a status or a reason.
func ClassOf(code string) Class {
	switch code {
	case "CNCL", "ACCR", "CWFW":
		return Positive
	case "PECR", "PACR":
		return Partial
	case "PDCR", "PDNG", "ADAC", "ARPL", "RQDA", "IDMN", "INDM":
		return Pending
	case "PTNA", "FTNA":
		return Forwarded
	case "AC04", "AM04":
		return NoMoney
	case "CUST", "NOAS", "AGNT":
		return PrivateLaw
	case "LEGL", "RR04":
		return Law
	case "NOOR", "WSEQ", "UWFW":
		return NotApplied
	case "ARDT":
		return Done
	case "NARR":
		return Text
	case "RJCR":
		return Rejected
	}
	return Unknown
}

// stateOf returns the state of the recall and the class that decided, from the
// status of the payment (or, without one, the confirmation) and the first reason
// that says more. An empty state leaves the recall as it is.
func stateOf(confirmation string, s Status) (string, Class) {
	code := s.Code
	if code == "" {
		code = confirmation
	}
	class := ClassOf(code)
	switch class {
	case Positive:
		if less(s.Resolved, s.Settled) {
			return "partly_accepted", Partial
		}
		return "accepted", class
	case Partial:
		return "partly_accepted", class
	case Pending:
		if ClassOf(confirmation) == Forwarded {
			return "forwarded", Forwarded
		}
		return "pending", class
	case Forwarded:
		return "forwarded", class
	case Rejected:
		return rejected(s.Reasons)
	case NotApplied:
		return "rejected", class
	}
	return "", class
}

func rejected(reasons []Reason) (string, Class) {
	for _, r := range reasons {
		switch class := ClassOf(r.Code); class {
		case Done:
			return "accepted", class
		case NoMoney, PrivateLaw, Law, NotApplied, Text:
			return "rejected", class
		}
	}
	return "rejected", Rejected
}

func less(a, b *freeze.Money) bool {
	return a != nil && b != nil && a.Currency == b.Currency && a.Amount.Cmp(b.Amount) < 0
}

// refusalOf returns the words of FREEZE for a reason of a rejection, and what
// would cure it.
func refusalOf(iso string) (code, cure string) {
	switch iso {
	case "AC04":
		return "account_closed", "ask for a trace"
	case "AM04":
		return "no_funds", "ask for a trace"
	case "CUST":
		return "creditor_refuses", "a measure under public law is still open"
	case "NOAS":
		return "no_answer", "a measure under public law is still open"
	case "AGNT":
		return "agent_refuses", "a measure under public law is still open"
	case "LEGL", "RR04":
		return "other", "ask whether the money is under a measure already, or the bank has no power"
	case "NOOR", "WSEQ", "UWFW":
		return "other", "correct the references and send again"
	}
	return "other", ""
}

// firstOf returns the first reason of one of the classes, else the first one.
func firstOf(reasons []Reason, classes ...Class) Reason {
	for _, r := range reasons {
		if slices.Contains(classes, ClassOf(r.Code)) {
			return r
		}
	}
	if len(reasons) > 0 {
		return reasons[0]
	}
	return Reason{}
}
