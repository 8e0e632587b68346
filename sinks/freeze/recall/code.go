package recall

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

// StateOf returns the state of freeze.Recall that a class alone says a recall is in,
// or nothing where it says none.
func StateOf(c Class) string {
	switch c {
	case Positive, Done:
		return "accepted"
	case Partial:
		return "partly_accepted"
	case Pending:
		return "pending"
	case Forwarded:
		return "forwarded"
	case NoMoney, PrivateLaw, Law, NotApplied, Rejected:
		return "rejected"
	}
	return ""
}

// RefusalOf returns the code of FREEZE for a reason of a rejection, and what
// would cure it.
func RefusalOf(iso string) (code, cure string) {
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
