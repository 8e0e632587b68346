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
	// Log gets what went wrong, and Metrics one count a file that was put aside; nil
	// discards.
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Inbox looks into a bank's folder and hands out what it reads there. Documents
// that are no answers, and whatever else lies there, are put aside with the reason.
type Inbox struct {
	opt    InboxOptions
	folder *spool.Folder
	told   string // what went wrong at the last look
}

// The codes of files that are refused for what they say: no answer, and an answer that
// fits nothing.
const (
	codeDocument = "document"
	codeStray    = "stray"
)

// maxWait bounds the time between two looks into a folder that cannot be read.
const maxWait = time.Minute

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
	if o.Metrics == nil {
		o.Metrics = telemetry.Discard()
	}
	i := &Inbox{opt: o}
	i.folder = spool.NewFolder(o.Dir, spool.Options{Suffix: ".xml", MaxBytes: MaxBytes, Settle: o.Settle, Aside: i.aside, Now: o.Now})
	return i, nil
}

// Run looks into the folder until ctx ends, and then returns nil. After a look that
// failed it waits, twice as long each time up to a minute. An error that comes again at
// the next look is logged once.
func (i *Inbox) Run(ctx context.Context) error {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for every := i.opt.Every; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-wait.C:
		}
		_, err := i.Scan(ctx)
		switch every = min(2*every, max(i.opt.Every, maxWait)); {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			every = i.opt.Every
		}
		i.tell(ctx, err)
		wait.Reset(every)
	}
}

// tell logs an error that the last look had not.
func (i *Inbox) tell(ctx context.Context, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != i.told {
		i.opt.Log.WarnContext(ctx, "look into folder", telemetry.Party, i.opt.Party, telemetry.Error, text)
	}
	i.told = text
}

// Scan looks into the folder once and returns how many files were put aside,
// taken or refused.
func (i *Inbox) Scan(ctx context.Context) (int, error) {
	return i.folder.Take(ctx, func(ctx context.Context, name string, body []byte) error {
		a, err := Read(body)
		if err != nil {
			return &spool.Refusal{Code: codeDocument, Reason: err}
		}
		return i.opt.Take(ctx, Letter{i.opt.Party, name, body, freeze.DigestOf(body), a, i.opt.Now()})
	})
}

// aside counts a file that was put aside, and logs a refused one: why in detail stands
// beside the file alone, because it may quote it.
func (i *Inbox) aside(path string, refused *spool.Refusal) {
	result := "taken"
	if refused != nil {
		result = refused.Code
		i.opt.Log.Warn("file of a bank refused", telemetry.Party, i.opt.Party, "file", path, telemetry.Reason, result)
	}
	i.opt.Metrics.InboxFiles.Add(context.Background(), 1, telemetry.Attr(telemetry.Party, i.opt.Party, telemetry.Result, result))
}
