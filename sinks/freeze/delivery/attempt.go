package delivery

import (
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Attempt is one try to bring one message to one party over one channel.
type Attempt struct {
	// MessageID is also the idempotency key.
	MessageID string
	// Type is the message's type, or TypeReceipt when Body is a receipt JWS.
	Type freeze.Type
	// Body is the frozen bytes of message.queued: the same in every attempt.
	// For TypeReceipt it is the compact JWS. The sender does not change it.
	Body []byte
	// Nonce is fresh in every attempt, 16 to 64 characters; empty lets the
	// sender draw one.
	Nonce string
	// Created is the moment of the signature; zero means now.
	Created time.Time
}

// Verdict says what an attempt came to.
type Verdict int

// The verdicts. The zero value is Retry, because an unknown end may be tried
// again: the idempotency key makes that harmless.
const (
	// Retry means that the same message may be tried again, not before
	// Result.RetryAfter has passed.
	Retry Verdict = iota
	// Delivered means that the party has the message. Result.Receipt is its
	// verified word, except for attempts of TypeReceipt, which are never
	// receipted, and for channels that receipt later (Result.Awaiting).
	Delivered
	// Rejected means that the party answered with a verified rejecting receipt;
	// trying again is useless, people must look at Result.Receipt.Reject.
	Rejected
	// Permanent means that trying again cannot help and there is no receipt.
	Permanent
)

// String returns the verdict in lower case.
func (v Verdict) String() string {
	switch v {
	case Delivered:
		return "delivered"
	case Rejected:
		return "rejected"
	case Permanent:
		return "permanent"
	}
	return "retry"
}

// Result is what an attempt came to. Senders never return errors: every end of
// an attempt is a Result.
type Result struct {
	Verdict Verdict
	// Reason is a stable code for logs and metrics: "receipt", "http_503",
	// "connect", "timeout", "bad_receipt", "blocked_address" and so on.
	Reason string
	// Detail is for people; it never holds a body.
	Detail string
	// Fault reports that the party broke the contract (bad signature on a
	// receipt, receipt for another body, redirect): it is counted and shown.
	Fault bool
	// RetryAfter is what the party asked for, zero if nothing.
	RetryAfter time.Duration
	// Status is the HTTP status, 0 where there was none.
	Status int
	// Receipt and JWS are the verified receipt and its bytes as received, for
	// the case log; nil unless Delivered or Rejected.
	Receipt *freeze.Receipt
	JWS     []byte
	// Awaiting reports that the party's receipt comes later by the inbound
	// side (Kafka): the message is handed over, but not yet received.
	Awaiting bool
	// Exported reports that the message lies in a folder, or on a desk, from which
	// people or other programs take it: it is not sent until somebody says so.
	Exported bool
	// Published reports that the party fetches the message when it likes: it is not sent
	// until the party says that it has it.
	Published bool
	// Elapsed is how long the attempt took.
	Elapsed time.Duration
}
