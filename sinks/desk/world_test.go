package desk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/webhook"
	"github.com/haltwire/haltwire/sinks/policy"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

func TestMain(m *testing.M) {
	if settings := os.Getenv(childEnv); settings != "" {
		fmt.Fprintln(os.Stderr, child(settings))
		os.Exit(1)
	}
	// The meter of go-metrics, which sarama counts with, ticks as long as the process.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

// end is one party of a test: a key and an HTTP endpoint that is a desk's, or a
// stub bank's.
type end struct {
	self    policy.Self
	key     signature.Key
	server  *httptest.Server
	handler http.Handler // set once the desk exists
	mu      sync.Mutex
	desk    *desk.Desk
	root    *caselog.Root
}

func (e *end) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	h := e.handler
	e.mu.Unlock()
	if h == nil {
		http.Error(w, "not up", http.StatusServiceUnavailable)
		return
	}
	h.ServeHTTP(w, r)
}

func (e *end) serve(h http.Handler) {
	e.mu.Lock()
	e.handler = h
	e.mu.Unlock()
}

func newEnd(t *testing.T, self policy.Self) *end {
	t.Helper()
	key, err := signature.NewKey(self.ID)
	must(t, err)
	e := &end{self: self, key: key}
	e.server = httptest.NewServer(e)
	t.Cleanup(e.server.Close)
	return e
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// party describes e to the other ends.
func (e *end) party(p policy.Policy, servicers ...policy.Servicer) policy.Party {
	return policy.Party{ID: e.self.ID, Name: e.self.Name, Kind: e.self.Kind, Country: e.self.Country, Policy: p, Servicers: servicers}
}

func ringOf(t *testing.T, ends ...*end) *signature.Ring {
	t.Helper()
	sets := map[string]signature.Set{}
	for _, e := range ends {
		jwks, err := e.key.PublicJWKS()
		must(t, err)
		set, err := signature.ParseSet(jwks)
		must(t, err)
		sets[e.self.ID] = set
	}
	ring, err := signature.NewRing(sets)
	must(t, err)
	return ring
}

// officers makes heads of the people.
func officers(ids ...string) func(string) (caselog.Role, bool) {
	return func(id string) (caselog.Role, bool) { return caselog.RoleHead, slices.Contains(ids, id) }
}

// setup says how a desk of a test differs from the usual one.
type setup struct {
	brokers    []string
	partitions int32
	change     func(*desk.Options)
}

// start makes a desk for e that talks to the others, and returns a function that
// stops it.
func (e *end) start(t *testing.T, s setup, parties []policy.Party, others ...*end) (stop func()) {
	t.Helper()
	book, err := policy.NewBook(e.self, parties)
	must(t, err)
	ring := ringOf(t, others...)
	if e.root == nil {
		e.root, err = caselog.NewRoot(bytes.Repeat([]byte(e.self.ID[:1]), 32))
		must(t, err)
	}
	channels := map[string][]desk.Channel{}
	for _, o := range others {
		sender, err := webhook.New(webhook.Config{URL: o.server.URL + inbound.Path, AllowPrivate: true}, webhook.Options{Party: o.self.ID, Key: e.key, Ring: ring})
		must(t, err)
		t.Cleanup(sender.Close)
		channels[o.self.ID] = []desk.Channel{{Kind: "webhook", Sender: sender}}
	}
	opt := desk.Options{
		Environment: "test", Book: book, Kafka: conn.Config{Brokers: s.brokers}, Group: "haltwire",
		Layout: topic.Layout{Names: topic.NamesOf("haltwire"), Partitions: max(s.partitions, 1), Replication: 1},
		Root:   e.root, Key: e.key, Channels: channels, MaxAge: 24 * time.Hour, Backoff: 20 * time.Millisecond,
		Role: officers("O1", "O2"), Log: logger(t),
	}
	if s.change != nil {
		s.change(&opt)
	}
	d, err := desk.New(opt)
	must(t, err)
	must(t, d.Start(t.Context()))
	door, err := inbound.NewDoor(inbound.Options{
		Self: e.self.Party(), Environment: opt.Environment, Key: e.key, Ring: ring, Desk: d, PerSecond: 10000, Burst: 10000,
		Party: func(id string) (freeze.Party, bool) {
			p := book.Party(id)
			if p == nil {
				return freeze.Party{}, false
			}
			return p.Party(), true
		},
	})
	must(t, err)
	e.desk = d
	e.serve(inbound.NewHandler(door, &signature.Verifier{Ring: ring, Nonces: signature.NewNonces(100000)}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			e.serve(nil)
			cancel()
			if err := <-done; err != nil {
				t.Errorf("run desk of %s: %v", e.self.ID, err)
			}
			if err := d.Stop(context.Background()); err != nil {
				t.Errorf("stop desk of %s: %v", e.self.ID, err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func logger(t *testing.T) *slog.Logger {
	if os.Getenv("HALTWIRE_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func fake(t *testing.T) []string {
	t.Helper()
	return kafkatest.Fake(t, 1).ListenAddrs()
}

// eventually polls until ok or fails the test.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}

func agreement() policy.Policy {
	return policy.Policy{
		Profile: "bilateral", Asks: []string{"hold_amount", "trace"}, AutoProvisional: []string{"hold_amount"},
		Texts: policy.Texts{RequesterBasis: policy.Basis{Code: "MOU", Text: "Memorandum, article 4"}, Reason: "fraud", Nexus: "the money went there", IntendedUse: "to hold it"},
	}
}

func indiaSelf() policy.Self {
	return policy.Self{ID: "IN-FIU", Name: "FIU of India", Kind: "fiu", Country: "IN"}
}

func ukSelf() policy.Self {
	return policy.Self{ID: "GB-FIU", Name: "FIU of the UK", Kind: "fiu", Country: "GB"}
}

func money(text, currency string) *hit.Money {
	d, err := decimal.Parse([]byte(text))
	if err != nil {
		return nil
	}
	return &hit.Money{Amount: d, Currency: currency}
}

// report is a hit of a rule that may send by itself, on one payment.
func report(id, uetr, amount string) *hit.Hit {
	now := time.Now().UnixMilli()
	h := &hit.Hit{
		Rule: "sim-swap-then-abroad", Version: 4, Status: hit.Live, Title: "SIM swap, then money abroad", Case: "freeze", Severity: "critical",
		Reporter: "HWBIINBB", ReportID: id, Kind: "bank.transfer", OccurredAt: now, RecordTime: now,
		Ask: []string{"hold_amount", "trace"}, Approval: "auto", PredicateOffence: "computer_fraud", Facts: "SIM change before the payment.",
		Values: []hit.Value{{Name: "phone.swaps", Value: int64(1)}, {Name: "phone.last", Value: "+910000000001"}},
		Alerts: []hit.Alert{{
			Subject: hit.Subject{UID: "GB52HWBA00000000000101", Scheme: "iban", Account: "GB52HWBA00000000000101", BIC: "HWBAGB2L", Country: "GB", Name: "A Holder"},
			Payments: []hit.Payment{{
				Key: "K" + uetr, Amount: money(amount, "GBP"), Credited: money(amount, "GBP"), Refs: hit.References{UETR: uetr},
				ExecutedAt: now, Rail: "swift", Authorisation: "unauthorised", ReportedAt: now, Remittance: "WALLET 77120", ComplaintRef: "1930-1",
				Debtor: hit.Subject{Account: "000000000042", Scheme: "bban", ClearingSystem: "INFSC", ClearingID: "HWBI0000001", Country: "IN", Name: "V. Victim"},
			}},
		}},
	}
	h.ID = hit.ID(h.Rule, h.Version, h.Reporter, h.ReportID, 0, h.Hash)
	return h
}

// stub is a bank that receipts every request and answers as it is told.
type stub struct {
	*end
	t      *testing.T
	self   freeze.Party
	mu     sync.Mutex
	seen   []freeze.Message
	bodies map[string][]byte
}

func (s *stub) messages() []freeze.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]freeze.Message(nil), s.seen...)
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.Header.Get("Content-Type") == "application/jose" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	m, err := freeze.Parse(body)
	if err != nil {
		s.t.Errorf("bank got a message that breaks the contract: %v\n%s", err, body)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	if s.bodies[m.Head().MessageID] == nil {
		s.seen = append(s.seen, m)
		s.bodies[m.Head().MessageID] = body
	}
	s.mu.Unlock()
	receipt := delivery.NewReceipt(freeze.LevelReceived, m.Head().MessageID, freeze.DigestOf(body), m.Head(), s.self, m.Head().Sender, m.Head().Environment, time.Now())
	jws, err := delivery.SealReceipt(s.key, receipt)
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/jose")
	_, _ = w.Write(jws)
}

func newStub(t *testing.T, e *end) *stub {
	s := &stub{end: e, t: t, self: e.self.Party(), bodies: map[string][]byte{}}
	e.serve(s)
	return s
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
