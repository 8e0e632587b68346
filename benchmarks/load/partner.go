package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
)

// partner is the FIU of the other country: it receipts every message and notes
// when it did.
type partner struct {
	address string
	server  *http.Server
	served  sync.WaitGroup

	mu       sync.Mutex
	known    map[string]delivery.Known
	receipts []receipt
}

// receipt is one request that the partner has taken in.
type receipt struct {
	at       time.Time
	payments []string // UETR
	request  *freeze.Request
}

func newPartner(w *world) (*partner, error) {
	key, err := signature.LoadKey(w.path("gb-fiu-1.jwk"))
	if err != nil {
		return nil, err
	}
	set, err := signature.LoadSet(w.path("in-fiu-1.jwks"))
	if err != nil {
		return nil, err
	}
	ring, err := signature.NewRing(map[string]signature.Set{"IN-FIU": set})
	if err != nil {
		return nil, err
	}
	p := &partner{known: map[string]delivery.Known{}}
	door, err := inbound.NewDoor(inbound.Options{
		Self: freeze.Party{PartyID: "GB-FIU", Name: "FIU of the United Kingdom", Kind: "fiu", Country: "GB"}, Environment: "test",
		Key: key, Ring: ring, Desk: p, PerSecond: 1e6, Burst: 1e6,
		Party: func(id string) (freeze.Party, bool) {
			return freeze.Party{PartyID: id, Name: "FIU of India", Kind: "fiu", Country: "IN"}, id == "IN-FIU"
		},
	})
	if err != nil {
		return nil, err
	}
	l, err := listen()
	if err != nil {
		return nil, err
	}
	p.address = l.Addr().String()
	p.serve(l, inbound.NewHandler(door, &signature.Verifier{Ring: ring, Nonces: signature.NewNonces(1_000_000)}))
	return p, nil
}

func (p *partner) serve(l net.Listener, h http.Handler) {
	mux := http.NewServeMux()
	mux.Handle(inbound.Path, h)
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	p.served.Go(func() { _ = p.server.Serve(l) }) // ErrServerClosed after stop
}

func (p *partner) stop(ctx context.Context) error {
	err := p.server.Shutdown(ctx)
	p.served.Wait()
	return err
}

// Lookup implements delivery.Desk.
func (p *partner) Lookup(_ context.Context, _, messageID string) (delivery.Known, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, ok := p.known[messageID]
	return k, ok, nil
}

// Accept implements delivery.Desk.
func (p *partner) Accept(_ context.Context, in delivery.Inbound) (delivery.Answer, error) {
	now := time.Now()
	answer := delivery.Answer{JWS: in.Receipt}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[in.MessageID] = delivery.Known{Digest: in.Digest, Answer: answer}
	if r, ok := in.Message.(*freeze.Request); ok {
		got := receipt{at: now, request: r}
		for _, m := range r.Payments {
			got.payments = append(got.payments, m.Refs.UETR)
		}
		p.receipts = append(p.receipts, got)
	}
	return answer, nil
}

// take returns the receipts since the last call.
func (p *partner) take() []receipt {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.receipts
	p.receipts = nil
	return all
}
