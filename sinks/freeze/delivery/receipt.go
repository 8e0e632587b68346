package delivery

import (
	"fmt"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// MaxReceipt bounds a receipt JWS in bytes: 64 KiB, thirty times a usual one.
const MaxReceipt = 64 << 10

// SealReceipt validates and signs a receipt. The same key and receipt give the
// same bytes.
func SealReceipt(key signature.Key, r *freeze.Receipt) ([]byte, error) {
	payload, err := freeze.Encode(r)
	if err != nil {
		return nil, fmt.Errorf("seal receipt: %w", err)
	}
	return signature.SignJWS(key, payload)
}

// OpenReceipt verifies a receipt against the keys of the party that it must be
// from and reads it. The error is a *signature.Refused or a *freeze.Invalid.
func OpenReceipt(keys signature.Set, party string, jws []byte) (*freeze.Receipt, error) {
	if len(jws) > MaxReceipt {
		return nil, &freeze.Invalid{Problems: []freeze.Problem{{Code: freeze.CodeSchema, Text: fmt.Sprintf("receipt larger than %d bytes", MaxReceipt)}}}
	}
	payload, _, err := keys.VerifyJWS(jws)
	if err != nil {
		return nil, err
	}
	m, err := freeze.Parse(payload)
	if err != nil {
		return nil, err
	}
	r, ok := m.(*freeze.Receipt)
	if !ok {
		return nil, invalid("type", "a JWS holds a receipt, not a %s", m.Head().Type)
	}
	if r.Sender.PartyID != party {
		return nil, invalid("sender.party_id", "%q signed as %q", party, r.Sender.PartyID)
	}
	return r, nil
}

// CheckReceipt reports why a receipt is not for that message and body, or nil.
func CheckReceipt(r *freeze.Receipt, messageID string, digest freeze.Digest) error {
	if r.ReceiptOf != messageID {
		return invalid("receipt_of", "is for %q, want %q", r.ReceiptOf, messageID)
	}
	if r.Digest != digest {
		return invalid("digest.value", "is for another body of %s", messageID)
	}
	return nil
}

func invalid(field, format string, args ...any) error {
	return &freeze.Invalid{Problems: []freeze.Problem{{Code: freeze.CodeSchema, Field: field, Text: fmt.Sprintf(format, args...)}}}
}

// NewReceipt returns a receipt of that level for a message, without what only a
// desk can say (recipient_ref, desk_contact, decide_by, reject). about is the
// message's envelope, or nil when it could not be read; messageID must be a
// message id.
func NewReceipt(level freeze.Level, messageID string, digest freeze.Digest, about *freeze.Envelope, from, to freeze.Party, environment string, at time.Time) *freeze.Receipt {
	r := &freeze.Receipt{Envelope: freeze.Envelope{Schema: freeze.Schema1, Type: freeze.TypeReceipt}}
	id, _ := freeze.ParseID(messageID)
	r.Environment, r.AlertID = environment, id.AlertID
	r.MessageID, r.InReplyTo, r.ReceiptOf = freeze.ReceiptID(messageID, level), messageID, messageID
	r.CreatedAt, r.At = freeze.At(at), freeze.At(at)
	r.Sender, r.Recipient = from, to
	r.Digest, r.Level = digest, level
	if about != nil && about.Case != nil {
		r.Case = &freeze.Case{ID: about.Case.ID}
	}
	return r
}
