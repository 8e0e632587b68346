package spool

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// Unmappable says that a message cannot be put into a form: the path of the member
// in the request, and why. People repair it; trying again is useless.
type Unmappable struct{ Field, Text string }

// Error names the field and what is wrong with it.
func (u *Unmappable) Error() string { return fmt.Sprintf("unmappable: %s: %s", u.Field, u.Text) }

// File is one file that a message becomes.
type File struct {
	Name string
	Data []byte
}

// SenderOptions is what code passes to NewSender.
type SenderOptions struct {
	// Channel is the name in events and metrics, Party the configured id.
	Channel, Party string
	// Dir is the folder, which must exist when something is sent.
	Dir string
	// Reader is who takes the files, for refusals: "a bank".
	Reader string
	// Files makes the files of a message, of which body is the frozen bytes; none means
	// that nothing new is in it. The error is an *Unmappable, or the message is of no
	// use.
	Files func(ctx context.Context, m freeze.Message, body []byte) ([]File, error)
	// Receipts lets receipts through to Files, with the signed text as body; without it
	// they have no form.
	Receipts bool
	// Metrics gets one count an attempt; nil discards.
	Metrics *telemetry.Metrics
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Sender puts messages into a folder from which people or another program take
// them. It is safe for concurrent use.
type Sender struct{ opt SenderOptions }

// NewSender completes the options; it opens nothing.
func NewSender(o SenderOptions) *Sender {
	if o.Metrics == nil {
		o.Metrics = telemetry.Discard()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Sender{o}
}

// Send puts the files of one message into the folder. Delivered means that all are
// there, on the disk, and Exported that nobody has them yet; what the reader makes of
// them comes back later, therefore Awaiting is set. The same message may be sent
// again, and changes nothing. A message that has no form is Permanent with the reason
// unmappable and the field in Detail, a test message with test_refused.
func (s *Sender) Send(ctx context.Context, a delivery.Attempt) delivery.Result {
	start := s.opt.Now()
	r := s.attempt(ctx, a)
	r.Elapsed = s.opt.Now().Sub(start)
	s.opt.Metrics.Attempts.Add(ctx, 1, telemetry.Attr(telemetry.Party, s.opt.Party, telemetry.Channel, s.opt.Channel, telemetry.Result, r.Reason))
	return r
}

func (s *Sender) attempt(ctx context.Context, a delivery.Attempt) delivery.Result {
	if err := ctx.Err(); err != nil {
		return delivery.Result{Verdict: delivery.Retry, Reason: "stopping", Detail: err.Error()}
	}
	body := a.Body
	if a.Type == freeze.TypeReceipt {
		if !s.opt.Receipts {
			return permanent("unmappable", "type: a receipt has no form in "+s.opt.Channel)
		}
		body = signed(a.Body)
	}
	m, err := freeze.Parse(body)
	if err != nil {
		return permanent("request", err.Error())
	}
	if m.Head().Environment != "live" {
		return permanent("test_refused", "environment: a test message never reaches "+s.opt.Reader)
	}
	files, err := s.opt.Files(ctx, m, body)
	var unmappable *Unmappable
	switch {
	case errors.As(err, &unmappable):
		return permanent("unmappable", fmt.Sprintf("%s: %s", unmappable.Field, unmappable.Text))
	case err != nil && ctx.Err() != nil:
		return delivery.Result{Verdict: delivery.Retry, Reason: "stopping", Detail: err.Error()}
	case err != nil:
		return permanent("request", err.Error())
	case len(files) == 0:
		return delivery.Result{Verdict: delivery.Delivered, Exported: true, Reason: "nothing_new", Detail: "nothing is left to ask for"}
	}
	return s.put(files)
}

// signed returns what a compact JWS is over, which is our own: nobody verifies it.
func signed(jws []byte) []byte {
	_, rest, _ := strings.Cut(string(jws), ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return nil
	}
	return text
}

func (s *Sender) put(files []File) delivery.Result {
	for _, f := range files {
		err := Put(s.opt.Dir, f.Name, f.Data)
		switch {
		case errors.Is(err, ErrConflict):
			return permanent("conflict", err.Error())
		case err != nil:
			return delivery.Result{Verdict: delivery.Retry, Reason: "folder", Detail: err.Error()}
		}
	}
	return delivery.Result{Verdict: delivery.Delivered, Exported: true, Reason: "taken", Awaiting: true}
}

func permanent(reason, detail string) delivery.Result {
	return delivery.Result{Verdict: delivery.Permanent, Reason: reason, Detail: detail}
}
