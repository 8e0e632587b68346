package delivery

import (
	"context"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// RecallWord is what a bank says about the recall of one payment, in its own files.
type RecallWord struct {
	// AlertID is the instruction's, ItemID the payment in it; empty for a word about
	// the case that names no payment of it.
	AlertID, ItemID string
	// Ref names the word: the same one again changes nothing.
	Ref string
	At  freeze.Time // by the bank's clock
	// State is the state of freeze.Recall that the recall takes on, empty where people
	// must look first.
	State string
	Codes []string // of ISO 20022
	// Amount is what the answer is about; of a return what came back, with Costs
	// kept. Settled goes with returns.
	Amount, Costs, Settled *freeze.Money
	Next                   string // the bank that has the case now
	Text                   string // of the bank, for people; it may name somebody
	Digest                 freeze.Digest
}

// Recalls keeps what our own banks are asked to recall. sinks/desk implements it; the
// methods are safe for concurrent use.
type Recalls interface {
	// Recalled returns the instructions to a bank as they were last sent, with where
	// the recalls stand now: of the named alerts, or all without names. Unknown alerts
	// are absent.
	Recalled(ctx context.Context, party string, alerts ...string) ([]*freeze.Request, error)
	// TakeRecalls puts words on the case log and returns when they are folded. It is
	// idempotent by Ref. After an error nothing is known to be on the log.
	TakeRecalls(ctx context.Context, party string, words []RecallWord) error
}
