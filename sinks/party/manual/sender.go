package manual

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/spool"
)

// Channel is the name of the channel in events and metrics.
const Channel = "manual"

// Config is a channel of kind manual as the user writes it.
type Config struct {
	// Out is the folder that exports are put into; it exists.
	Out string `yaml:"out"`
}

// Under returns the config with its folder resolved against dir.
func (c Config) Under(dir string) Config {
	if c.Out != "" && !filepath.IsAbs(c.Out) {
		c.Out = filepath.Join(dir, c.Out)
	}
	return c
}

// Validate reports what is wrong with the config.
func (c Config) Validate() error {
	if c.Out == "" {
		return errors.New("manual.out: a folder is needed")
	}
	return nil
}

// Options is what code passes to New.
type Options struct {
	// Party is the configured id of the party.
	Party string
	// Metrics gets one count an attempt; nil discards.
	Metrics *telemetry.Metrics
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// New validates the config and returns the sender; it opens nothing. See spool.Sender
// for what an attempt comes to: an export is not sent until an officer says so.
func New(c Config, opt Options) (*spool.Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return spool.NewSender(spool.SenderOptions{
		Channel: Channel, Party: opt.Party, Dir: c.Out, Reader: "a desk", Files: files, Receipts: true, Metrics: opt.Metrics, Now: opt.Now,
	}), nil
}

func files(_ context.Context, m freeze.Message, body []byte) ([]spool.File, error) {
	e, err := Export(body)
	if err != nil {
		return nil, err
	}
	id := m.Head().MessageID
	return []spool.File{{Name: id + ".json", Data: body}, {Name: id + ".txt", Data: e.Text}, {Name: id + ".pdf", Data: e.PDF}}, nil
}
