package conformance

import (
	"context"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// Sender makes one attempt at a party over one channel (desk.Sender).
type Sender interface {
	Send(ctx context.Context, a delivery.Attempt) delivery.Result
}

// Word is how a party's receipt comes back over a channel.
type Word int

// The ways. Now is in the answer to the attempt; Later is on the inbound side, and the
// message counts as handed over; Exported and Published are not sent until somebody
// says so.
const (
	Now Word = iota
	Later
	Exported
	Published
)

// World is a channel with a party at its other end. A nil function says that the
// channel cannot be brought into that state.
type World struct {
	Sender Sender
	// Word is how the receipt comes.
	Word Word
	// Live says that the channel carries live messages alone: a test message never
	// reaches a person.
	Live bool
	// Blind says that the channel carries any bytes: the party says what is wrong.
	Blind bool
	// Arrived returns what the party has, each message or file once, by its name. Exact
	// returns the bytes of one message as they arrived; nil where the channel gives
	// messages another form.
	Arrived func() map[string][]byte
	Exact   func(messageID string) []byte
	// Away makes the party unreachable until back is called.
	Away func() (back func())
	// Hangs makes the party accept an attempt and never answer until back is called.
	Hangs func() (back func())
	// Asks makes the party ask to be left alone for a second.
	Asks func() (back func())
	// Forges makes the party answer with a receipt that nobody may believe: of another
	// key, about another body.
	Forges []func() (back func())
	// Rejects makes the party turn messages away.
	Rejects func() (back func())
	// Said is everything that the channel logged.
	Said func() string
}

// Message returns the n-th request of a suite, n from 1, as the alert of n.
func Message(t testing.TB, request []byte, environment string, n int) delivery.Attempt {
	t.Helper()
	m, err := freeze.Parse(request)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := m.(*freeze.Request)
	if !ok {
		t.Fatalf("%T is no request", m)
	}
	old := r.AlertID
	r.Environment = environment
	r.AlertID = old[:25] + string(rune('A'+n))
	r.MessageID = freeze.RequesterID(r.AlertID, 1)
	if r.Case != nil {
		r.Case.RootAlert = ""
	}
	for i := range r.Asks {
		r.Asks[i].AskID = r.AlertID + r.Asks[i].AskID[26:]
	}
	for i := range r.Payments {
		r.Payments[i].ItemID = freeze.ItemID(r.AlertID, i+1)
	}
	r.Legal.Facts = Secret
	if r.Approval.ContentDigest, err = freeze.ContentDigest(r); err != nil {
		t.Fatal(err)
	}
	body, err := freeze.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return delivery.Attempt{MessageID: r.MessageID, Type: freeze.TypeRequest, Body: body}
}

// Secret stands in every message of the suite: it is in no result and in no log line.
const Secret = "The victim is Q. Zebrafish."
