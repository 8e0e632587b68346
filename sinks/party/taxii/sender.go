package taxii

import (
	"context"
	"errors"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/taxii/stix"
)

// SenderOptions is what code passes to NewSender.
type SenderOptions struct {
	// Party is the configured id of the party.
	Party string
	Feed  *Feed
	// Metrics gets one count an attempt; nil discards.
	Metrics *telemetry.Metrics
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Sender accepts messages for one party's collections. It is safe for concurrent
// use.
type Sender struct{ opt SenderOptions }

// NewSender validates; it opens nothing.
func NewSender(opt SenderOptions) (*Sender, error) {
	if opt.Party == "" || opt.Feed == nil {
		return nil, errors.New("taxii channel: a party and a feed are needed")
	}
	if opt.Metrics == nil {
		opt.Metrics = telemetry.Discard()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Sender{opt: opt}, nil
}

// Send reports whether a message may be published, and changes nothing: it is
// published when the caller's record of the result comes back from the case log
// and is given to Feed.Publish. Delivered means no more than that, and no receipt
// is to be expected from the channel: the party fetches when it likes.
func (s *Sender) Send(ctx context.Context, a delivery.Attempt) delivery.Result {
	start := s.opt.Now()
	r := s.attempt(ctx, a)
	r.Elapsed = s.opt.Now().Sub(start)
	s.opt.Metrics.Attempts.Add(ctx, 1, telemetry.Attr(telemetry.Party, s.opt.Party, telemetry.Channel, Channel, telemetry.Result, r.Reason))
	return r
}

func (s *Sender) attempt(ctx context.Context, a delivery.Attempt) delivery.Result {
	if err := ctx.Err(); err != nil {
		return delivery.Result{Verdict: delivery.Retry, Reason: "stopping", Detail: err.Error()}
	}
	t, err := s.opt.Feed.check(s.opt.Party, a.Body)
	switch {
	case errors.Is(err, stix.ErrUnmapped), a.Type == freeze.TypeReceipt: // of which the body is a JWS
		err = stix.ErrUnmapped
		return delivery.Result{Verdict: delivery.Permanent, Reason: "unmappable", Detail: err.Error()}
	case err != nil:
		return delivery.Result{Verdict: delivery.Permanent, Reason: "request", Detail: err.Error()}
	}
	e := t.Message.Head()
	if err := s.opt.Feed.Stuck(s.opt.Party, e.Environment); err != nil {
		return delivery.Result{Verdict: delivery.Retry, Reason: "full", Detail: err.Error()}
	}
	return delivery.Result{Verdict: delivery.Delivered, Published: true, Reason: "published", Detail: "collection " + CollectionID(s.opt.Party, e.Environment), Awaiting: true}
}
