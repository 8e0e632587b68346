package goaml

import (
	"context"
	"fmt"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
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

// Sender puts reports into the folder from which people upload them, each as a file
// named by the message's id. It is safe for concurrent use. See spool.Sender for what
// an attempt comes to; what the portal makes of a report is recorded by officers.
type Sender struct {
	*spool.Sender
	config Config
}

// New validates the config; it opens nothing.
func New(c Config, opt Options) (*Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Sender{config: c}
	s.Sender = spool.NewSender(spool.SenderOptions{
		Channel: Channel, Party: opt.Party, Dir: c.Out, Reader: "a portal", Files: s.files, Metrics: opt.Metrics, Now: opt.Now,
	})
	return s, nil
}

func (s *Sender) files(_ context.Context, m freeze.Message, _ []byte) ([]spool.File, error) {
	text, err := s.text(m)
	if err != nil {
		return nil, err
	}
	return []spool.File{{Name: m.Head().MessageID + ".xml", Data: text}}, nil
}

func (s *Sender) text(m freeze.Message) ([]byte, error) {
	switch m := m.(type) {
	case *freeze.Request:
		return Report(s.config, m)
	case *freeze.Amendment:
		return Report(s.config, &m.Request)
	}
	return nil, &Unmappable{Field: "type", Text: fmt.Sprintf("%s has no form in goAML", m.Head().Type)}
}

// Marks says whether a report can hold a request, by an *Unmappable. A report gives
// its payments no ids.
func (s *Sender) Marks(r *freeze.Request) (map[string]string, error) {
	_, err := Report(s.config, r)
	return nil, err
}
