package taxii

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
	"github.com/haltwire/haltwire/sinks/party/taxii/stix"
)

const (
	// maxPending bounds the messages that wait in one collection. While the log is
	// folded at start all of them wait.
	maxPending = 100_000
	// maxGenerations bounds how often an alert may go on after its withdrawal.
	maxGenerations = 100
)

// Store keeps collections. A *shelf.Shelf is one. All methods are safe for
// concurrent use.
type Store interface {
	// Append adds entries to the end of a collection, all or none, and sets
	// Added: at, or later where that is needed for it to grow. The error is
	// shelf.ErrFull where the collection may not grow; any error means that
	// nothing was added.
	Append(ctx context.Context, collection string, at time.Time, entries []shelf.Entry) error
	// Last returns the version of an object that was added last.
	Last(ctx context.Context, collection, id string) (shelf.Entry, bool, error)
	// Page returns what a query finds.
	Page(ctx context.Context, collection string, q shelf.Query) (shelf.Page, error)
}

// Publication is a message that the case log says was accepted for the channel.
type Publication struct {
	// Party is the configured id of its recipient.
	Party string
	// Body is the frozen bytes.
	Body []byte
	// At is the moment of the log's record, the same wherever the log is read.
	At time.Time
}

// FeedOptions is what code passes to NewFeed.
type FeedOptions struct {
	Config Config
	Store  Store
	// Parties are the configured ids of the parties that have the channel.
	Parties []string
	// Log gets what cannot be added; nil discards.
	Log *slog.Logger
}

// Feed puts published messages into collections. It is safe for concurrent use
// and has no goroutine: what is due is added when somebody reads.
type Feed struct {
	opt    FeedOptions
	settle time.Duration

	mu      sync.Mutex
	pending map[string][]waiting // by collection, the next one first
	stuck   map[string]error     // by collection, why it does not go on
}

type waiting struct {
	at   time.Time
	id   string
	body []byte
}

// NewFeed validates; it opens nothing.
func NewFeed(opt FeedOptions) (*Feed, error) {
	if err := opt.Config.Validate(); err != nil {
		return nil, err
	}
	if opt.Store == nil {
		return nil, errors.New("taxii feed: a store is needed")
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Feed{
		opt: opt, settle: opt.Config.withDefaults().Settle.Std(),
		pending: map[string][]waiting{}, stuck: map[string]error{},
	}, nil
}

// CollectionID returns the id of a party's collection of an environment, live or
// test. It never changes.
func CollectionID(party, environment string) string {
	return strings.TrimPrefix(stix.NewID("collection", party, environment), "collection--")
}

// check reads a message and reports why it cannot be published to the party.
func (f *Feed) check(party string, body []byte) (stix.Told, error) {
	if !slices.Contains(f.opt.Parties, party) {
		return stix.Told{}, fmt.Errorf("%s has no channel %s", party, Channel)
	}
	t, err := stix.Tell(body)
	if err != nil {
		return t, err
	}
	e := t.Message.Head()
	if e.Type == freeze.TypeReceipt {
		return t, stix.ErrUnmapped
	}
	if e.Recipient.PartyID != party {
		return t, fmt.Errorf("%s is for %s, not for %s", e.MessageID, e.Recipient.PartyID, party)
	}
	return t, nil
}

// Publish takes a message up, to be served when it has settled. The order of the
// calls does not matter as long as messages of one moment have settled together;
// a message that comes later than that is added at the end. The same message may
// come again. An error means that it can never be served, or that too many wait.
func (f *Feed) Publish(p Publication) error {
	t, err := f.check(p.Party, p.Body)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	e := t.Message.Head()
	c := CollectionID(p.Party, e.Environment)
	w := waiting{at: p.At.UTC(), id: e.MessageID, body: p.Body}
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.pending[c]
	if len(list) >= maxPending {
		return fmt.Errorf("publish %s: %d messages wait in its collection", e.MessageID, len(list))
	}
	at, there := slices.BinarySearchFunc(list, w, func(a, b waiting) int {
		if n := a.at.Compare(b.at); n != 0 {
			return n
		}
		return strings.Compare(a.id, b.id)
	})
	if !there {
		f.pending[c] = slices.Insert(list, at, w)
	}
	return nil
}

// Stuck returns why a party's collection takes nothing up at present, or nil.
// What cannot be added waits.
func (f *Feed) Stuck(party, environment string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stuck[CollectionID(party, environment)]
}

// AdvanceAll adds what has settled by now to all collections: whoever folds the
// log at start calls it at its end, so that no reader waits for it.
func (f *Feed) AdvanceAll(ctx context.Context, now time.Time) error {
	var all []error
	for _, p := range f.opt.Parties {
		for _, environment := range environments() {
			all = append(all, f.Advance(ctx, CollectionID(p, environment), now))
		}
	}
	return errors.Join(all...)
}

// environments lists those that a message may have; each has its collection.
func environments() []string { return []string{"live", "test"} }

// Advance adds what has settled by now to a collection.
func (f *Feed) Advance(ctx context.Context, collection string, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.pending[collection]
	n := 0
	var err error
	for n < len(list) && !list[n].at.After(now.Add(-f.settle)) {
		if err = errors.Join(ctx.Err(), f.add(ctx, collection, list[n])); err != nil {
			break
		}
		n++
	}
	if n == len(list) {
		delete(f.pending, collection)
	} else {
		f.pending[collection] = list[n:]
	}
	if err == nil {
		delete(f.stuck, collection)
		return nil
	}
	if f.stuck[collection] == nil {
		f.opt.Log.Error("a TAXII collection takes nothing up", "collection", collection, "error", err)
	}
	f.stuck[collection] = err
	return err
}

// add says one message. An error means that it must be tried again.
func (f *Feed) add(ctx context.Context, c string, w waiting) error {
	t, err := stix.Tell(w.body)
	if err != nil {
		return err // it was read before
	}
	generation, prior, told, err := f.place(ctx, c, t.Message)
	if err != nil || told {
		return err
	}
	objects, err := stix.Objects(t, prior, generation)
	if err != nil || generation >= maxGenerations {
		f.opt.Log.Error("a message has no form in STIX", "message", w.id, "generation", generation, "error", err)
		return nil // it will never have one, and others wait
	}
	var entries []shelf.Entry
	for _, o := range objects {
		e, changed, err := f.version(ctx, c, o)
		if err != nil {
			return err
		}
		if changed {
			entries = append(entries, e)
		}
	}
	return f.opt.Store.Append(ctx, c, w.at, entries)
}

// place finds the generation of a message's alert and what its object carries
// already, and reports whether the message needs no telling: it was told, or
// something later was.
func (f *Feed) place(ctx context.Context, c string, m freeze.Message) (int, []stix.Told, bool, error) {
	e := m.Head()
	generation, report, err := f.generation(ctx, c, e)
	if err != nil {
		return 0, nil, false, err
	}
	last, found := report, report.Body != nil
	if id := stix.ID(m, generation); id != report.ID {
		if last, found, err = f.opt.Store.Last(ctx, c, id); err != nil {
			return 0, nil, false, err
		}
	}
	if !found {
		return generation, nil, false, nil
	}
	prior, err := stix.Read(last.Body)
	if err != nil {
		return 0, nil, false, fmt.Errorf("read what was told: %w", err)
	}
	if !later(m, prior) {
		return generation, prior, true, nil
	}
	if last.Revoked {
		return generation + 1, nil, false, nil
	}
	return generation, prior, false, nil
}

// generation returns the last generation of an alert's report and that report,
// or 0 and none.
func (f *Feed) generation(ctx context.Context, c string, e *freeze.Envelope) (int, shelf.Entry, error) {
	var report shelf.Entry
	for n := 0; ; n++ {
		next, found, err := f.opt.Store.Last(ctx, c, stix.ReportID(e.Environment, e.AlertID, n))
		if err != nil {
			return 0, report, err
		}
		if !found {
			return max(0, n-1), report, nil
		}
		report = next
	}
}

// later reports whether a message adds to those that were told. An outcome is a
// snapshot, of which the latest as_of wins (FREEZE 2.3).
func later(m freeze.Message, told []stix.Told) bool {
	for _, t := range told {
		old, isOutcome := t.Message.(*freeze.Outcome)
		if o, ok := m.(*freeze.Outcome); ok && isOutcome {
			if n := o.AsOf.Compare(old.AsOf.Time); n != 0 {
				return n > 0
			}
		}
		if m.Head().Sequence <= t.Message.Head().Sequence {
			return false
		}
	}
	return true
}

// version makes an object the next version of what is there under its id, and
// reports whether that differs from it.
func (f *Feed) version(ctx context.Context, c string, o stix.Object) (shelf.Entry, bool, error) {
	h := o.Head()
	last, found, err := f.opt.Store.Last(ctx, c, h.ID)
	if err != nil || found && last.Revoked { // nothing follows a revoked version
		return last, false, err
	}
	wanted := h.Modified
	carryOn(h, last, found)
	body, err := stix.Encode(o)
	if err != nil || found && bytes.Equal(body, last.Body) {
		return last, false, err
	}
	if found && h.Versioned() {
		h.Modified = wanted
		if !wanted.After(last.Version) {
			h.Modified = freeze.At(last.Version.Add(time.Millisecond))
		}
		if body, err = stix.Encode(o); err != nil {
			return last, false, err
		}
	}
	e := shelf.Entry{ID: h.ID, Type: h.Type, Spec: h.SpecVersion, Version: h.Created.Time, Created: h.Created.Time, Revoked: h.Revoked, Body: body}
	if h.Versioned() {
		e.Version = h.Modified.Time
	}
	return e, true, nil
}

// carryOn gives an object the created and modified of its last version, so that
// it can be compared with that, or those of a first one.
func carryOn(h *stix.Common, last shelf.Entry, found bool) {
	switch {
	case !h.Versioned():
	case found:
		h.Created, h.Modified = freeze.At(last.Created), freeze.At(last.Version)
	case h.Created.IsZero():
		h.Created = h.Modified
	case h.Modified.Before(h.Created.Time):
		h.Modified = h.Created
	}
}
