package delivery

import "github.com/haltwire/haltwire/sinks/freeze"

// Misplaced says why a well-formed message is not for us, whichever way it came, or nil.
func Misplaced(h *freeze.Envelope, self, environment string) *freeze.Reject {
	switch {
	case h.Recipient.PartyID != self:
		return &freeze.Reject{Code: freeze.CodeWrongRecipient, Field: "recipient.party_id", Text: "we are " + self}
	case h.Environment != environment:
		return &freeze.Reject{Code: freeze.CodeTestRefused, Field: "environment", Text: "this is the environment " + environment}
	}
	return nil
}
