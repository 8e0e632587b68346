package desk_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/benchmarks/load/meter"
	"github.com/haltwire/haltwire/pipeline/code"
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
)

// partitions of the case log, as many as the config has by default.
const partitions = 12

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// number reads a size from the environment.
func number(tb testing.TB, name string, otherwise int) int {
	tb.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	must(tb, err)
	return n
}

// spent returns the processor time that this process has used.
func spent(tb testing.TB) time.Duration {
	tb.Helper()
	u, err := meter.Spent()
	must(tb, err)
	return u.CPU()
}

func self() policy.Self {
	return policy.Self{ID: "IN-FIU", Name: "FIU of India", Kind: "fiu", Country: "IN"}
}

// abroad returns n countries that are not ours.
func abroad(tb testing.TB, n int) (out []string) {
	tb.Helper()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if c := string([]rune{a, b}); code.IsCountry([]byte(c)) && c != self().Country && len(out) < n {
				out = append(out, c)
			}
		}
	}
	if len(out) < n {
		tb.Fatalf("there are %d countries", len(out))
	}
	return out
}

func party(country string) policy.Party {
	return policy.Party{ID: country + "-FIU", Name: "FIU of " + country, Kind: "fiu", Country: country, Policy: policy.Policy{
		Profile: "bilateral", Asks: []string{"hold_amount", "trace"}, AutoProvisional: []string{"hold_amount"},
		Texts: policy.Texts{RequesterBasis: policy.Basis{Code: "MOU", Text: "Memorandum, article 4"}, Reason: "fraud", Nexus: "the money went there", IntendedUse: "to hold it"},
	}}
}

func uetr(n int) string { return fmt.Sprintf("6513270e-269e-4d37-b2a7-%012x", n) }

// report is the n-th hit of a rule that may send by itself, on one payment to an
// account of its own in a country.
func report(tb testing.TB, n int, country string) *hit.Hit {
	tb.Helper()
	amount, err := decimal.Parse([]byte("18000.00"))
	must(tb, err)
	money := &hit.Money{Amount: amount, Currency: "GBP"}
	account := fmt.Sprintf("%012d", n)
	now := time.Now().UnixMilli()
	h := &hit.Hit{
		Rule: "sim-swap-then-abroad", Version: 4, Status: hit.Live, Title: "SIM swap, then money abroad", Case: "freeze", Severity: "critical",
		Reporter: "HWBIINBB", ReportID: "TX-" + account, Kind: "bank.transfer", OccurredAt: now, RecordTime: now,
		Ask: []string{"hold_amount", "trace"}, Approval: "auto", PredicateOffence: "computer_fraud", Facts: "SIM change before the payment.",
		Values: []hit.Value{{Name: "phone.swaps", Value: int64(1)}, {Name: "phone.last", Value: "+910000000001"}},
		Alerts: []hit.Alert{{
			Subject: hit.Subject{UID: country + "/" + account, Scheme: "bban", Account: account, BIC: "HWBA" + country + "2L", Country: country, Name: "A Holder"},
			Payments: []hit.Payment{{
				Key: "K" + uetr(n), Amount: money, Credited: money, Refs: hit.References{UETR: uetr(n)},
				ExecutedAt: now, Rail: "swift", Authorisation: "unauthorised", ReportedAt: now,
				Debtor: hit.Subject{Account: "000000000042", Scheme: "bban", ClearingSystem: "INFSC", ClearingID: "HWBI0000001", Country: "IN", Name: "V. Victim"},
			}},
		}},
	}
	h.ID = hit.ID(h.Rule, h.Version, h.Reporter, h.ReportID, 0, h.Hash)
	return h
}

// partners is the far end of all parties: one server, a key and a door each. It notes
// when it took in the request for a payment.
type partners struct {
	ring   *signature.Ring // what we know of them
	url    string
	hanged string // where nothing is ever answered

	mu    sync.Mutex
	known map[string]delivery.Known
	taken map[string]time.Time // by UETR
	more  chan struct{}
}

// Lookup implements delivery.Desk.
func (p *partners) Lookup(_ context.Context, party, id string) (delivery.Known, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, ok := p.known[party+id]
	return k, ok, nil
}

// Accept implements delivery.Desk.
func (p *partners) Accept(_ context.Context, in delivery.Inbound) (delivery.Answer, error) {
	now := time.Now()
	answer := delivery.Answer{JWS: in.Receipt}
	p.mu.Lock()
	p.known[in.Party+in.MessageID] = delivery.Known{Digest: in.Digest, Answer: answer}
	if r, ok := in.Message.(*freeze.Request); ok {
		p.taken[r.Payments[0].Refs.UETR] = now
	}
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
	return answer, nil
}

func (p *partners) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken)
}

func keyAndSet(tb testing.TB, id string) (signature.Key, signature.Set) {
	tb.Helper()
	key, err := signature.NewKey(id)
	must(tb, err)
	jwks, err := key.PublicJWKS()
	must(tb, err)
	set, err := signature.ParseSet(jwks)
	must(tb, err)
	return key, set
}

// open starts the far end of parties; ours is our key.
func open(tb testing.TB, ours signature.Set, parties []policy.Party) *partners {
	tb.Helper()
	p := &partners{known: map[string]delivery.Known{}, taken: map[string]time.Time{}, more: make(chan struct{}, 1)}
	theirs, err := signature.NewRing(map[string]signature.Set{self().ID: ours})
	must(tb, err)
	sets, mux := map[string]signature.Set{}, http.NewServeMux()
	for _, x := range parties {
		key, set := keyAndSet(tb, x.ID)
		sets[x.ID] = set
		door, err := inbound.NewDoor(inbound.Options{
			Self: x.Party(), Environment: "test", Key: key, Ring: theirs, Desk: p, PerSecond: 1e6, Burst: 1e6,
			Party: func(id string) (freeze.Party, bool) { return self().Party(), id == self().ID },
		})
		must(tb, err)
		mux.Handle("/"+x.Country+inbound.Path, inbound.NewHandler(door, &signature.Verifier{Ring: theirs, Nonces: signature.NewNonces(1_000_000)}))
	}
	ended := make(chan struct{})
	mux.HandleFunc("/hangs", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	})
	s := httptest.NewServer(mux)
	tb.Cleanup(func() { close(ended); s.Close() })
	p.url, p.hanged = s.URL, s.URL+"/hangs"
	p.ring, err = signature.NewRing(sets)
	must(tb, err)
	return p
}

// sender returns the channel to a party; one that is dead takes what is sent and says
// nothing for 10 s.
func (p *partners) sender(tb testing.TB, key signature.Key, x policy.Party, dead bool) *webhook.Sender {
	tb.Helper()
	c := webhook.Config{URL: p.url + "/" + x.Country + inbound.Path, AllowPrivate: true}
	if dead {
		c.URL = p.hanged
	}
	s, err := webhook.New(c, webhook.Options{Party: x.ID, Key: key, Ring: p.ring})
	must(tb, err)
	tb.Cleanup(s.Close)
	return s
}

// rig is a running desk with its parties.
type rig struct {
	*partners
	desk    *desk.Desk
	parties []policy.Party
	stop    func()
}

func root(tb testing.TB) *caselog.Root {
	tb.Helper()
	r, err := caselog.NewRoot(bytes.Repeat([]byte("k"), 32))
	must(tb, err)
	return r
}

func options(tb testing.TB, brokers []string, prefix string, parties []policy.Party) desk.Options {
	tb.Helper()
	book, err := policy.NewBook(self(), parties)
	must(tb, err)
	return desk.Options{
		Environment: "test", Book: book, Kafka: conn.Config{Brokers: brokers}, Group: prefix, MaxAge: 24 * time.Hour,
		Layout: topic.Layout{Names: topic.NamesOf(prefix), Partitions: partitions, Replication: 1}, Root: root(tb),
	}
}

// start runs a desk with so many parties, the last of which are dead, over topics of
// its own.
func start(tb testing.TB, brokers []string, prefix string, n, dead int) *rig {
	tb.Helper()
	key, set := keyAndSet(tb, self().ID)
	var parties []policy.Party
	for _, c := range abroad(tb, n) {
		parties = append(parties, party(c))
	}
	w := &rig{partners: open(tb, set, parties), parties: parties}
	opt := options(tb, brokers, prefix, parties)
	opt.Key, opt.Channels = key, map[string][]desk.Channel{}
	for i, x := range parties {
		opt.Channels[x.ID] = []desk.Channel{{Kind: "webhook", Sender: w.sender(tb, key, x, i >= n-dead)}}
	}
	d, err := desk.New(opt)
	must(tb, err)
	must(tb, d.Start(tb.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	w.desk = d
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("run desk: %v", err)
		}
		if err := d.Stop(context.Background()); err != nil {
			tb.Errorf("stop desk: %v", err)
		}
	})
	tb.Cleanup(w.stop)
	return w
}

// wait returns when n requests are receipted.
func (w *rig) wait(tb testing.TB, n int) {
	tb.Helper()
	late := time.NewTimer(3 * time.Minute)
	defer late.Stop()
	for w.count() < n {
		select {
		case <-w.more:
		case <-late.C:
			tb.Fatalf("%d of %d requests are receipted", w.count(), n)
		}
	}
}

// receipt returns when the request for a payment was receipted, once it is.
func (w *rig) receipt(tb testing.TB, uetr string) time.Time {
	tb.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		w.mu.Lock()
		at, ok := w.taken[uetr]
		w.mu.Unlock()
		if ok {
			return at
		}
		select {
		case <-w.more:
		case <-late.C:
			tb.Fatalf("the request for %s is not receipted", uetr)
		}
	}
}

// warm lets the desk own its partitions: it sends one request to each party that
// lives.
func (w *rig) warm(tb testing.TB, living int) {
	tb.Helper()
	for i, x := range w.parties[:living] {
		must(tb, w.desk.Append(tb.Context(), []*hit.Hit{report(tb, 900_000_000+i, x.Country)}))
	}
	w.wait(tb, living)
}
