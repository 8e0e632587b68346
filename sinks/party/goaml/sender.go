package goaml

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/spool"
)

// Channel is the name of the channel in events and metrics.
const Channel = "goaml"

// Options is what code passes to New.
type Options struct {
	// Party is the configured id of the FIU.
	Party string
	// Metrics gets one count an attempt; nil discards.
	Metrics *telemetry.Metrics
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Sender puts reports into the folder from which people upload them. It is safe
// for concurrent use.
type Sender struct {
	config Config
	opt    Options
}

// New validates the config; it opens nothing.
func New(c Config, opt Options) (*Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if opt.Metrics == nil {
		opt.Metrics = telemetry.Discard()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Sender{config: c, opt: opt}, nil
}

// Send puts the report of one message into the folder, as a file named by the
// message's id. Delivered means that it is there, on the disk; what the portal
// makes of it is recorded by officers, therefore Awaiting is set. The same
// message may be sent again, and changes nothing. A message that a report cannot
// hold is Permanent with the reason unmappable and the field in Detail, a test
// message with test_refused.
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
	if a.Type == freeze.TypeReceipt {
		return permanent("unmappable", "type: a receipt has no form in goAML")
	}
	m, err := freeze.Parse(a.Body)
	if err != nil {
		return permanent("request", err.Error())
	}
	if m.Head().Environment != "live" {
		return permanent("test_refused", "environment: a test message never reaches a portal")
	}
	text, err := s.text(m)
	var unmappable *Unmappable
	if errors.As(err, &unmappable) {
		return permanent("unmappable", fmt.Sprintf("%s: %s", unmappable.Field, unmappable.Text))
	}
	if err != nil {
		return permanent("request", err.Error())
	}
	err = spool.Put(s.config.Out, m.Head().MessageID+".xml", text)
	switch {
	case errors.Is(err, spool.ErrConflict):
		return permanent("conflict", err.Error())
	case err != nil:
		return delivery.Result{Verdict: delivery.Retry, Reason: "folder", Detail: err.Error()}
	}
	return delivery.Result{Verdict: delivery.Delivered, Reason: "taken", Awaiting: true}
}

func permanent(reason, detail string) delivery.Result {
	return delivery.Result{Verdict: delivery.Permanent, Reason: reason, Detail: detail}
}

func (s *Sender) text(m freeze.Message) ([]byte, error) {
	switch m := m.(type) {
	case *freeze.Request:
		return Report(s.config, m)
	case *freeze.Amendment:
		return Report(s.config, &m.Request)
	}
	return nil, &Unmappable{"type", fmt.Sprintf("%s has no form in goAML", m.Head().Type)}
}
