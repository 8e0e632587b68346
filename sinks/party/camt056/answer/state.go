package answer

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/recall"
)

// stateOf returns the state of the recall and the class that decided, from the
// status of the payment (or, without one, the confirmation) and the first reason
// that says more. An empty state leaves the recall as it is.
func stateOf(confirmation string, s Status) (string, recall.Class) {
	code := s.Code
	if code == "" {
		code = confirmation
	}
	class := recall.ClassOf(code)
	switch class {
	case recall.Positive:
		if less(s.Resolved, s.Settled) {
			return "partly_accepted", recall.Partial
		}
		return "accepted", class
	case recall.Partial:
		return "partly_accepted", class
	case recall.Pending:
		if recall.ClassOf(confirmation) == recall.Forwarded {
			return "forwarded", recall.Forwarded
		}
		return "pending", class
	case recall.Forwarded:
		return "forwarded", class
	case recall.Rejected:
		return rejected(s.Reasons)
	case recall.NotApplied:
		return "rejected", class
	}
	return "", class
}

func rejected(reasons []Reason) (string, recall.Class) {
	for _, r := range reasons {
		switch class := recall.ClassOf(r.Code); class {
		case recall.Done:
			return "accepted", class
		case recall.NoMoney, recall.PrivateLaw, recall.Law, recall.NotApplied, recall.Text:
			return "rejected", class
		}
	}
	return "rejected", recall.Rejected
}

func less(a, b *freeze.Money) bool {
	return a != nil && b != nil && a.Currency == b.Currency && a.Amount.Cmp(b.Amount) < 0
}

// firstOf returns the first reason of one of the classes, else the first one.
func firstOf(reasons []Reason, classes ...recall.Class) Reason {
	for _, r := range reasons {
		if slices.Contains(classes, recall.ClassOf(r.Code)) {
			return r
		}
	}
	if len(reasons) > 0 {
		return reasons[0]
	}
	return Reason{}
}
