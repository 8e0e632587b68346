package camt056

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
const Channel = "camt056"

// Options is what code passes to New.
type Options struct {
	// Party is the configured id of the debtor bank.
	Party string
	// Original returns the request that a status request is about, by the id of
	// the request or of a payment, with the recall states of now; nil when it is
	// not known. A nil Original knows none.
	Original func(about string) *freeze.Request
	// Metrics gets one count an attempt; nil discards.
	Metrics *telemetry.Metrics
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Sender puts drafts into the bank's folder. It is safe for concurrent use.
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
	if opt.Original == nil {
		opt.Original = func(string) *freeze.Request { return nil }
	}
	return &Sender{config: c, opt: opt}, nil
}

// Send puts the drafts of one message into the folder, each as a file named by
// its id. Delivered means that all are there, on the disk; what the bank makes of
// them comes back later, therefore Awaiting is set. The same message may be sent
// again, and changes nothing. A message that camt cannot hold is Permanent with
// the reason unmappable and the field in Detail, a test message with test_refused.
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
		return permanent("unmappable", "type: a receipt has no form in camt")
	}
	m, err := freeze.Parse(a.Body)
	if err != nil {
		return permanent("request", err.Error())
	}
	if m.Head().Environment != "live" {
		return permanent("test_refused", "environment: a test message never reaches a bank")
	}
	drafts, err := s.drafts(m)
	var unmappable *Unmappable
	if errors.As(err, &unmappable) {
		return permanent("unmappable", fmt.Sprintf("%s: %s", unmappable.Field, unmappable.Text))
	}
	if err != nil {
		return permanent("request", err.Error())
	}
	if len(drafts) == 0 {
		return delivery.Result{Verdict: delivery.Delivered, Reason: "nothing_new", Detail: "no recall is left to ask for"}
	}
	return s.put(drafts)
}

func permanent(reason, detail string) delivery.Result {
	return delivery.Result{Verdict: delivery.Permanent, Reason: reason, Detail: detail}
}

func (s *Sender) drafts(m freeze.Message) ([]Draft, error) {
	switch m := m.(type) {
	case *freeze.Request:
		return Drafts(s.config, m)
	case *freeze.Amendment:
		return Drafts(s.config, &m.Request)
	case *freeze.StatusRequest:
		if r := s.opt.Original(m.About); r != nil {
			return Chases(s.config, r, m)
		}
		return nil, &Unmappable{"about", m.About + " is not known"}
	}
	return nil, &Unmappable{"type", fmt.Sprintf("%s has no form in camt", m.Head().Type)}
}

func (s *Sender) put(drafts []Draft) delivery.Result {
	for _, d := range drafts {
		err := spool.Put(s.config.Out, d.ID+".xml", d.File)
		switch {
		case errors.Is(err, spool.ErrConflict):
			return permanent("conflict", err.Error())
		case err != nil:
			return delivery.Result{Verdict: delivery.Retry, Reason: "folder", Detail: err.Error()}
		}
	}
	return delivery.Result{Verdict: delivery.Delivered, Reason: "taken", Awaiting: true}
}
