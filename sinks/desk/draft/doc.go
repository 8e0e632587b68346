// Package draft owns what an effect becomes: the message or the event that an
// alert's owner writes when something is due. It opens what is sealed, asks the
// policy what may go out, and turns a refusal of the policy into a task.
//
// It must not know how events are written nor when something is due.
package draft

import (
	"context"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Maker makes drafts. Safe for concurrent use.
type Maker struct {
	Environment string // live | test
	Book        *policy.Book
	Root        *caselog.Root
	Key         signature.Key       // signs later receipts
	Channels    map[string][]string // kinds of channels by party
	Forms       map[string]Form     // of the first channel of a party; none = any request
	MaxAge      time.Duration       // older hits are never sent by themselves; 0 = any age
	ConfirmIn   time.Duration       // T5 of what goes out by itself
	Now         func() time.Time
	// Matches returns the other alerts about the same account or payments; nil = none.
	Matches func(caselog.Key, *apply.Alert) []caselog.Match
	// Open opens personal data; the errors are those of caselog.Keyring.Open.
	Open func(ctx context.Context, personal string, into any) error

	// outcomes are those that were read, by their sealed text; nil = none is kept.
	outcomes map[string]*freeze.Outcome
}

// Once returns a Maker for all that is due of one subject, which opens and reads an
// outcome once however many of its movements are followed. It is for one goroutine, and
// to be dropped after that: what it has read is personal data.
func (d *Maker) Once() *Maker {
	once := *d
	once.outcomes = map[string]*freeze.Outcome{}
	return &once
}
