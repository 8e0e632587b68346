package camt056

import (
	"context"
	"fmt"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/spool"
)

// Channel is the name of the channel in events and metrics.
const Channel = "camt056"

// Options is what code passes to New.
type Options struct {
	// Party is the configured id of the debtor bank.
	Party string
	// Original returns the request that a status request is about, with the recall
	// states of now; nil when it is not known. A nil Original knows none.
	Original func(context.Context, *freeze.StatusRequest) *freeze.Request
	// Metrics gets one count an attempt; nil discards.
	Metrics *telemetry.Metrics
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Sender puts drafts into the bank's folder, each as a file named by its id. It is
// safe for concurrent use. See spool.Sender for what an attempt comes to.
type Sender struct {
	*spool.Sender
	config Config
	opt    Options
}

// New validates the config; it opens nothing.
func New(c Config, opt Options) (*Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if opt.Original == nil {
		opt.Original = func(context.Context, *freeze.StatusRequest) *freeze.Request { return nil }
	}
	s := &Sender{config: c, opt: opt}
	s.Sender = spool.NewSender(spool.SenderOptions{
		Channel: Channel, Party: opt.Party, Dir: c.Out, Reader: "a bank", Files: s.files, Metrics: opt.Metrics, Now: opt.Now,
	})
	return s, nil
}

func (s *Sender) files(ctx context.Context, m freeze.Message, _ []byte) ([]spool.File, error) {
	drafts, err := s.drafts(ctx, m)
	files := make([]spool.File, 0, len(drafts))
	for _, d := range drafts {
		files = append(files, spool.File{Name: d.ID + ".xml", Data: d.File})
	}
	return files, err
}

func (s *Sender) drafts(ctx context.Context, m freeze.Message) ([]Draft, error) {
	switch m := m.(type) {
	case *freeze.Request:
		return Drafts(s.config, m)
	case *freeze.Amendment:
		return Drafts(s.config, &m.Request)
	case *freeze.StatusRequest:
		if r := s.opt.Original(ctx, m); r != nil {
			return Chases(s.config, r, m)
		}
		return nil, &Unmappable{Field: "about", Text: m.About + " is not known"}
	}
	return nil, &Unmappable{Field: "type", Text: fmt.Sprintf("%s has no form in camt", m.Head().Type)}
}

// Marks returns the id of the camt.056 that Send would make of a request, by item.
// Items that it makes none for are absent. The error is an *Unmappable.
func (s *Sender) Marks(r *freeze.Request) (map[string]string, error) {
	drafts, err := Drafts(s.config, r)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, d := range drafts {
		for _, item := range d.Items {
			out[item] = d.ID
		}
	}
	return out, nil
}
