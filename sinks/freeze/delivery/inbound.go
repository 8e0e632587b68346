package delivery

import (
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Inbound is a message whose signature, time, nonce, digest and form a channel
// has verified. It is the desk's from then on.
type Inbound struct {
	// Party is the configured id of the sender, found by its key; the channel
	// has checked that the message names the same sender.
	Party string
	// Channel is "webhook" or "kafka".
	Channel   string
	MessageID string
	Type      freeze.Type
	// Body is the bytes as received: JSON, or for TypeReceipt the compact JWS.
	// They are what Digest is over and what the case log keeps.
	Body   []byte
	Digest freeze.Digest
	// Message is the parsed and validated body.
	Message freeze.Message
	// ReceivedAt is when the whole body was there.
	ReceivedAt time.Time
}

// Answer is what the desk says about an Inbound that it has taken in.
type Answer struct {
	// Receipt is the receipt to sign and send back, level received or
	// rejected. Nil for receipts, which are never receipted.
	Receipt *freeze.Receipt
	// JWS, when set, is a receipt signed before for the same id and body. It
	// is sent as it is and wins over Receipt.
	JWS []byte
}
