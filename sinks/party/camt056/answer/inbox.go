package answer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/spool"
)

// Letter is one answer as it came out of a bank's folder.
type Letter struct {
	// Party is the configured id of the bank, File the name in its folder.
	Party, File string
	// Body is the bytes as they were, for the case log; Digest is over them. The
	// same answer comes again after a crash, with the same digest.
	Body       []byte
	Digest     freeze.Digest
	Answer     *Answer
	ReceivedAt time.Time
}

// InboxOptions is what code passes to NewInbox.
type InboxOptions struct {
	// Party is the configured id of the bank.
	Party string
	// Dir is the folder that its answers come into (Config.In of camt056).
	Dir string
	// Take puts a letter on the case log and returns when it is there; it must be
	// idempotent. After an error the letter is handed out again at the next look.
	Take func(context.Context, Letter) error
	// Every is the time between two looks, 5s by default, and Settle how long a
	// file must have been left alone before it is read, 2s by default.
	Every, Settle time.Duration
	// Log gets what went wrong; nil discards.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Inbox looks into a bank's folder and hands out what it reads there. Documents
// that are no answers are put aside with the reason.
type Inbox struct{ opt InboxOptions }

// NewInbox validates the options; it opens nothing.
func NewInbox(o InboxOptions) (*Inbox, error) {
	if o.Dir == "" || o.Take == nil {
		return nil, errors.New("camt056 inbox: needs a folder, and somebody who takes what is in it")
	}
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	if o.Settle <= 0 {
		o.Settle = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Inbox{o}, nil
}

// Run looks into the folder until ctx ends, and then returns nil.
func (i *Inbox) Run(ctx context.Context) error {
	tick := time.NewTicker(i.opt.Every)
	defer tick.Stop()
	for {
		if _, err := i.Scan(ctx); err != nil && ctx.Err() == nil {
			i.opt.Log.WarnContext(ctx, "look into folder", telemetry.Party, i.opt.Party, telemetry.Error, err.Error())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Scan looks into the folder once and returns how many files were put aside,
// taken or refused.
func (i *Inbox) Scan(ctx context.Context) (int, error) {
	o := spool.Options{Suffix: ".xml", MaxBytes: MaxBytes, Settle: i.opt.Settle, Now: i.opt.Now}
	return spool.Take(ctx, i.opt.Dir, o, func(ctx context.Context, name string, body []byte) error {
		a, err := Read(body)
		if err != nil {
			i.opt.Log.WarnContext(ctx, "answer refused", telemetry.Party, i.opt.Party, "file", name, telemetry.Error, err.Error())
			return &spool.Refusal{Reason: err}
		}
		return i.opt.Take(ctx, Letter{i.opt.Party, name, body, freeze.DigestOf(body), a, i.opt.Now()})
	})
}
