package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Letter is what a channel took off the wire from a party that it has
// identified: by the signature of the HTTP request, or by the topic and the
// detached JWS on Kafka. Nothing else about it is checked yet.
type Letter struct {
	// Party is the configured id of the sender.
	Party string
	// Channel is "webhook" or "kafka".
	Channel string
	// MessageID is the idempotency key, or ce_id on Kafka.
	MessageID   string
	ContentType string
	Body        []byte
	ReceivedAt  time.Time
}

// Reply is what goes back for a Letter, in the words of HTTP: 200 with a
// receipt, 204, 401, 409, 413, 422 (with a rejecting receipt unless the letter
// was one itself or named no message id), 429 or 503.
type Reply struct {
	Status     int
	JWS        []byte
	RetryAfter time.Duration
	// Reason is for logs and metrics, and for the partner's people.
	Reason string
}

// Inbound is a message of which the party, signature, form, recipient and
// environment have been checked. It belongs to the desk from then on.
type Inbound struct {
	Party     string
	Channel   string
	MessageID string
	Type      freeze.Type
	// Body is the bytes as received: JSON, or for TypeReceipt the compact JWS.
	// Digest is over them, and the case log keeps them.
	Body   []byte
	Digest freeze.Digest
	// Message is the parsed and validated body; a *freeze.Receipt for
	// TypeReceipt.
	Message    freeze.Message
	ReceivedAt time.Time
	// Receipt is the signed receipt "received" for this message. The desk
	// writes it to the case log together with the message, so that the same
	// bytes can be given again after a restart. Nil for TypeReceipt.
	Receipt []byte
	// Reject signs a rejecting receipt instead, for messages that the desk must
	// refuse (unknown_alert, not_competent, sequence …). What it returns goes
	// to the log in the place of Receipt. Nil for TypeReceipt.
	Reject func(freeze.Reject) ([]byte, error)
}

// Answer is the receipt that is on the case log for a message. For TypeReceipt
// it is ignored.
type Answer struct {
	// JWS is Inbound.Receipt, or what Inbound.Reject returned, or, when the
	// message was on the log already, the bytes of its first receipt.
	JWS []byte
	// Rejected reports that JWS rejects the message.
	Rejected bool
}

// Known is what the case log says about a message id of a party.
type Known struct {
	Digest freeze.Digest
	Answer Answer
}

// ErrConflict is returned by Accept when the message id is on the log with
// another body.
var ErrConflict = errors.New("message id is known with another body")

// Desk takes messages in. sinks/desk implements it; all methods are safe for
// concurrent use.
type Desk interface {
	// Lookup reports whether a message of that party is on the case log, by
	// the fold of the log and therefore also after a restart, with the digest
	// of its body and the bytes of its receipt. It does not wait for the log.
	// An error means that the fold is not ready; the partner is told to come
	// again.
	Lookup(ctx context.Context, party, messageID string) (Known, bool, error)
	// Accept puts the message on the case log (acks=all) and returns only when
	// it is there, or when ctx ends. It is idempotent: for a message that is
	// on the log with the same digest it writes nothing and returns the first
	// answer, whichever instance took it in; with another digest it returns
	// ErrConflict. Any other error means that nothing is known to be on the
	// log: the partner is told to come again. A partner's word that does not
	// fit a state is no error, it is recorded (FREEZE, rule P).
	Accept(ctx context.Context, in Inbound) (Answer, error)
}
