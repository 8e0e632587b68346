package scenario

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// Clock is the time of everybody in a story: it runs as time does, and jumps ahead
// when told to. It is safe for concurrent use.
type Clock struct {
	mu        sync.Mutex
	at, since time.Time
}

// NewClock returns a clock that shows at.
func NewClock(at time.Time) *Clock { return &Clock{at: at, since: time.Now()} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at.Add(time.Since(c.since)).UTC()
}

// To jumps ahead to at; a clock that is there already goes on as it is.
func (c *Clock) To(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.at.Add(time.Since(c.since))) {
		c.at, c.since = at, time.Now()
	}
}

// Day is the Monday on which the story begins.
func Day() time.Time { return time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC) }

// At returns a moment of the story: "04:10", or "+9 08:00" nine days later. Midnight
// stands for a text that is none.
func At(text string) time.Time {
	days, clock := 0, text
	if later, ok := strings.CutPrefix(text, "+"); ok {
		var day string
		day, clock, _ = strings.Cut(later, " ")
		days, _ = strconv.Atoi(day)
	}
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return Day()
	}
	return Day().AddDate(0, 0, days).Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute)
}

// Options say how to build a World.
type Options struct {
	Dir    string // everything is kept below it
	Scheme string // of the victim's bank: "" | sepa
	Begin  time.Time
}

// World is everybody in the story.
type World struct {
	Clock      *Clock
	IN, GB, AE *Country
	// BankA and BankB are British, BankC is of the Emirates, and US is another country
	// that knows the Emirates alone.
	BankA, BankB, BankC, US *Stub
	// A1, B1 and C1 are the alerts of India: at the United Kingdom for the accounts A and
	// B, and at the Emirates for C. OrderA and OrderB instruct the victim's bank.
	A1, B1, C1     string
	OrderA, OrderB string
	// Others are alerts of India beside the story.
	Others []string

	dir   string
	roads []*Road
	stubs []*Stub
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// Build makes everybody; nobody runs yet. Close ends what it opened.
func Build(o Options) (*World, error) {
	if o.Begin.IsZero() {
		o.Begin = At("03:50")
	}
	w := &World{Clock: NewClock(o.Begin), dir: o.Dir}
	if err := w.build(o); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) build(o Options) error {
	for code, into := range map[string]**Country{"IN": &w.IN, "GB": &w.GB, "AE": &w.AE} {
		c, err := newCountry(w.dir, code, w.Clock)
		if err != nil {
			return err
		}
		*into = c
		if c.Road, err = w.road(code+"-FIU", c.door.Addr().String()); err != nil {
			return err
		}
	}
	type bank struct {
		into           **Stub
		of             *Country
		id, kind, code string
	}
	parties := map[*Country]string{w.IN: other("GB", w.GB) + other("AE", w.AE) + strings.ReplaceAll(victimBank, "{SCHEME}", o.Scheme), w.GB: other("IN", w.IN), w.AE: other("IN", w.IN)}
	for _, b := range []bank{{&w.BankA, w.GB, "BANK-A", "bank", "GB"}, {&w.BankB, w.GB, "BANK-B", "bank", "GB"}, {&w.BankC, w.AE, "BANK-C", "bank", "AE"}, {&w.US, w.AE, "US-FIU", "fiu", "US"}} {
		settings, err := w.stub(b.into, b.of, freeze.Party{PartyID: b.id, Name: "FIU of US", Kind: b.kind, Country: b.code, Capacity: b.kind})
		if err != nil {
			return err
		}
		parties[b.of] += settings
	}
	names := map[*Country]string{w.IN: "FIU of India", w.GB: "FIU of the United Kingdom", w.AE: "FIU of the Emirates"}
	for c, text := range parties {
		if err := c.configure(names[c], text); err != nil {
			return err
		}
	}
	return nil
}

// other describes a country to another one.
func other(code string, c *Country) string {
	return strings.NewReplacer("{ID}", code, "{KEYS}", c.file("keys", "fiu.jwks"), "{URL}", c.Road.URL()).Replace(abroad)
}

func (w *World) road(to, target string) (*Road, error) {
	r, err := NewRoad(to, target)
	if err == nil {
		w.roads = append(w.roads, r)
	}
	return r, err
}

// stub makes a party that only of knows, and returns how of's config describes it.
func (w *World) stub(into **Stub, of *Country, self freeze.Party) (settings string, err error) {
	name := strings.ToLower(self.PartyID)
	if _, err := app.NewSigningKey(of.file("keys", name+".jwk"), name+"-1"); err != nil {
		return "", err
	}
	key, err := signature.LoadKey(of.file("keys", name+".jwk"))
	if err != nil {
		return "", err
	}
	peer := freeze.Party{PartyID: of.Code + "-FIU", Name: "FIU", Kind: "fiu", Country: of.Code, Capacity: "fiu"}
	if *into, err = newStub(self, peer, key, of.file("keys", "fiu.jwks"), w.Clock); err != nil {
		return "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for %s: %w", self.PartyID, err)
	}
	if err := (*into).start(l, of.Road.URL()); err != nil {
		return "", err
	}
	w.stubs = append(w.stubs, *into)
	road, err := w.road(self.PartyID, l.Addr().String())
	if err != nil {
		return "", err
	}
	text := ownBank
	if self.Kind == "fiu" {
		text = abroad
	}
	bics := map[string]string{"BANK-A": "HWBAGB2L", "BANK-B": "HWBBGB2L", "BANK-C": "HWBDAEAD"}
	id := strings.TrimSuffix(self.PartyID, "-FIU")
	return strings.NewReplacer("{ID}", id, "{KEYS}", of.file("keys", name+".jwks"), "{URL}", road.URL(), "{BIC}", bics[self.PartyID]).Replace(text), nil
}

// Road returns the road to a party.
func (w *World) Road(to string) *Road {
	for _, r := range w.roads {
		if r.to == to {
			return r
		}
	}
	return nil
}

// Roads are all of them.
func (w *World) Roads() []*Road { return slices.Clone(w.roads) }

// Countries are the three.
func (w *World) Countries() []*Country { return []*Country{w.IN, w.GB, w.AE} }

// Start runs the three haltwires.
func (w *World) Start(ctx context.Context) error {
	failed := make(chan error, 3)
	for _, c := range w.Countries() {
		go func() { failed <- c.Start(ctx) }()
	}
	return errors.Join(<-failed, <-failed, <-failed)
}

// To jumps ahead once nothing is under way any more: a signature is five minutes old at
// most. What does not arrive is not waited for longer than a few seconds.
func (w *World) To(ctx context.Context, at time.Time) error {
	end := time.Now().Add(5 * time.Second)
	for time.Now().Before(end) {
		ok, err := w.settled(ctx)
		if err != nil {
			return err
		}
		if ok || fault.Sleep(ctx, 10*time.Millisecond) != nil {
			break
		}
	}
	w.Clock.To(at)
	return ctx.Err()
}

// settled reports whether every message has its receipt and the roads are empty.
func (w *World) settled(ctx context.Context) (bool, error) {
	for _, c := range w.Countries() {
		if c.stop == nil {
			continue // it does not run
		}
		all, err := c.As("O1").List(ctx, desk.Filter{})
		if err != nil {
			return false, err
		}
		for _, v := range all {
			d, err := c.Show(ctx, v.ID)
			if err != nil {
				return false, err
			}
			waits := func(m desk.MessageView) bool {
				return m.Receipt == "" && !m.GaveUp && m.Type != string(freeze.TypeReceipt)
			}
			if v.Party != "BANK-IN" && slices.ContainsFunc(d.Messages, waits) {
				return false, nil
			}
		}
	}
	return !slices.ContainsFunc(w.roads, func(r *Road) bool { return !r.idle() }), nil
}

// Close ends everybody.
func (w *World) Close() error {
	var errs []error
	for _, c := range w.Countries() {
		if c == nil {
			continue
		}
		errs = append(errs, c.Stop())
		for _, l := range []net.Listener{c.desk, c.door} {
			if l != nil {
				_ = l.Close() // closed already by whoever served it
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	for _, s := range w.stubs {
		s.stop(ctx)
	}
	for _, r := range w.roads {
		r.Close()
	}
	return errors.Join(errs...)
}
