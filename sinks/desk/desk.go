package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/draft"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/desk/lane"
	"github.com/haltwire/haltwire/sinks/desk/ledger"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Sender makes one attempt at a party over one channel. It blocks for at most
// its own time-out and is safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, a delivery.Attempt) delivery.Result
}

// Ledger keeps rows for analysts; nil = no rows.
type Ledger = ledger.Store

// Channel is one way to a party.
type Channel struct {
	Kind   string // webhook | kafka | taxii | camt056 | goaml | manual
	Sender Sender
	// Form looks at a request before it is frozen, where not every request has a form
	// in the channel; nil = every one has.
	Form draft.Form
}

// Options is what New needs.
type Options struct {
	Environment string // live | test
	Book        *policy.Book
	Kafka       conn.Config
	Group       string        // of the desk's membership: Group + ".desk"
	Session     time.Duration // a silent instance loses its partitions after it; 0 = 10 s
	Layout      topic.Layout
	Root        *caselog.Root
	Key         signature.Key        // signs later receipts
	Channels    map[string][]Channel // by party, in order of preference
	Ledger      Ledger               // nil = no rows
	Budgets     Budgets
	MaxAge      time.Duration // older hits are never sent by themselves; 0 = any age
	ConfirmIn   time.Duration // T5 of what goes out by itself; 0 = 60 min
	GiveUp      time.Duration // how long a message is tried; 0 = 24 h
	Backoff     time.Duration // first wait after a failed attempt; 0 = 1 s
	Escalate    time.Duration // how long a channel is tried before the next one (T2); 0 = 5 min
	// Role returns the role of a person, false for somebody who is not known here.
	Role     func(person string) (caselog.Role, bool)
	Schedule apply.Schedule     // when timers ring; nil = Book
	Metrics  *telemetry.Metrics // nil = none
	Log      *slog.Logger       // nil = none
	Now      func() time.Time   // nil = time.Now
	// Published takes up what a party may fetch from us when it likes, again at every
	// start from the beginning of the log; nil = nobody. at is the moment on the log.
	Published func(party string, body []byte, at time.Time)
	// Witness sees every record of the case log, in order within a partition, from its
	// start on at every start; nil = nobody does.
	Witness func(topic.Entry)
}

func (o *Options) defaults() {
	if o.ConfirmIn == 0 {
		o.ConfirmIn = time.Hour
	}
	if o.GiveUp == 0 {
		o.GiveUp = 24 * time.Hour
	}
	if o.Session == 0 {
		o.Session = 10 * time.Second
	}
	if o.Backoff == 0 {
		o.Backoff = time.Second
	}
	if o.Escalate == 0 {
		o.Escalate = 5 * time.Minute
	}
	if o.Schedule == nil {
		o.Schedule = o.Book
	}
	if o.Role == nil {
		o.Role = func(string) (caselog.Role, bool) { return "", false }
	}
	if o.Metrics == nil {
		o.Metrics = telemetry.Discard()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Desk keeps the alerts. Make it with New, Start it, then Run it; the other
// methods may be called between Start and Stop, from any goroutine.
type Desk struct {
	opt      Options
	id       string // of this instance
	ring     *caselog.Keyring
	hits     intake.Hits
	maker    draft.Maker
	recorder *ledger.Recorder
	fold     *fold
	quiet    quiet
	spending *spending
	lanes    map[string]*lane.Lane
	ways     map[string][]*lane.Way // by party, as its channels

	writer *topic.Writer
	keys   *topic.Tail
	cases  *topic.Tail
	// hitTail is read for what was told lately; nobody waits for its start.
	hitTail *topic.Tail

	mu      sync.Mutex
	started bool
}

// New checks the options. It opens nothing.
func New(opt Options) (*Desk, error) {
	opt.defaults()
	switch {
	case opt.Book == nil || opt.Root == nil:
		return nil, errors.New("make desk: parties and log key are needed")
	case opt.Layout.Partitions < 1:
		return nil, errors.New("make desk: kafka.own.case_partitions must be at least 1")
	case opt.Environment != "live" && opt.Environment != "test":
		return nil, fmt.Errorf("make desk: environment %q: want live or test", opt.Environment)
	}
	d := &Desk{
		opt: opt, id: rand.Text()[:12], ring: caselog.NewKeyring(opt.Root),
		hits:  intake.Hits{Root: opt.Root, Book: opt.Book, MaxAge: opt.MaxAge, Now: opt.Now},
		fold:  newFold(apply.Machine{Root: opt.Root}, opt.Layout.Partitions),
		lanes: map[string]*lane.Lane{}, ways: map[string][]*lane.Way{}, spending: newSpending(),
	}
	d.fold.taken = d.counted
	channels, forms := map[string][]string{}, map[string]draft.Form{}
	for _, p := range opt.Book.Parties() {
		d.lanes[p.ID] = lane.New(laneWorkers)
		for _, c := range opt.Channels[p.ID] {
			channels[p.ID] = append(channels[p.ID], c.Kind)
			d.ways[p.ID] = append(d.ways[p.ID], lane.NewWay(restFactor*opt.Backoff, d.turned(p.ID, c.Kind)))
		}
		if ways := opt.Channels[p.ID]; len(ways) > 0 && ways[0].Form != nil { // the others are for when it fails
			forms[p.ID] = ways[0].Form
		}
	}
	d.maker = draft.Maker{
		Environment: opt.Environment, Book: opt.Book, Root: opt.Root, Key: opt.Key, Channels: channels, Forms: forms,
		MaxAge: opt.MaxAge, ConfirmIn: opt.ConfirmIn, Now: opt.Now, Open: d.open,
		Matches: d.fold.sights.matches,
	}
	d.recorder = ledger.NewRecorder(ledger.Options{
		Kafka: opt.Kafka, Group: opt.Group, Names: opt.Layout.Names, Store: opt.Ledger, Machine: d.fold.machine, Book: opt.Book, Open: d.open, Log: opt.Log,
	})
	return d, nil
}

// laneWorkers bounds the attempts at one party at the same time, so that one
// slow answer does not hold up the next alert; as many as the webhook keeps
// connections.
const laneWorkers = 8

// Start makes or checks the topics and folds the log to its end. The error of a
// topic with wrong settings is permanent.
func (d *Desk) Start(ctx context.Context) error {
	if err := topic.Ensure(ctx, d.opt.Kafka, d.opt.Layout); err != nil {
		return err
	}
	var err error
	if d.writer, err = topic.NewWriter(d.opt.Kafka); err != nil {
		return err
	}
	names := d.opt.Layout.Names
	if d.keys, err = topic.Follow(d.opt.Kafka, names.Keys, nil, nil, d.takeKey); err != nil {
		return err
	}
	if err := d.keys.Sync(ctx, 0); err != nil {
		return err
	}
	if d.cases, err = topic.Follow(d.opt.Kafka, names.Cases, nil, nil, d.takeEvent); err != nil {
		return err
	}
	if err := d.cases.Sync(ctx, d.fold.all()...); err != nil {
		return err
	}
	if err := d.followHits(); err != nil {
		return err
	}
	d.mu.Lock()
	d.started = true
	d.mu.Unlock()
	return nil
}

// Ready reports whether the fold has reached the end of the log once.
func (d *Desk) Ready() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.started
}

// Run takes part in the ownership of the case log and performs what is due until
// ctx ends; then it returns nil after the attempts under way. An error means
// that the log cannot be read any more.
func (d *Desk) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var done sync.WaitGroup
	run := func(f func(context.Context)) {
		done.Add(1)
		go func() { defer done.Done(); f(ctx) }()
	}
	for _, l := range d.lanes {
		run(l.Run)
	}
	owning := make(chan error, 1)
	run(func(ctx context.Context) { owning <- d.own(ctx) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-d.cases.Failed():
	case err = <-d.keys.Failed():
	case err = <-owning:
	}
	cancel()
	done.Wait()
	return err
}

// Stop ends the reading and writing after Run has returned. It may be called
// without Start and twice.
func (d *Desk) Stop(context.Context) error {
	d.mu.Lock()
	d.started = false
	d.mu.Unlock()
	var errs []error
	for _, t := range []*topic.Tail{d.hitTail, d.cases, d.keys} {
		if t != nil {
			errs = append(errs, t.Close())
		}
	}
	d.cases, d.keys, d.hitTail = nil, nil, nil
	if d.writer != nil {
		d.writer.Close()
		d.writer = nil
	}
	return errors.Join(errs...)
}

// Recorded waits until the rows of everything that is on the case log and the
// hits topic now are stored by this instance, which must own all partitions.
// Without a ledger it returns at once.
func (d *Desk) Recorded(ctx context.Context) error {
	if d.opt.Ledger == nil {
		return nil
	}
	names := d.opt.Layout.Names
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for _, name := range []string{names.Cases, names.Hits} {
		for _, p := range d.fold.all() {
			end, err := d.cases.EndOf(name, p)
			if err != nil {
				return err
			}
			for d.recorder.Reached(name, p) < end {
				select {
				case <-ticker.C:
				case <-ctx.Done():
					return fmt.Errorf("wait for rows of %s partition %d: %w", name, p, ctx.Err())
				}
			}
		}
	}
	return nil
}
