package scenario

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/webhook"
)

// Stub is a party that is no haltwire: a bank, or another country. It receipts what it
// gets, keeps it, and says what the story has it say.
type Stub struct {
	Self   freeze.Party
	peer   freeze.Party
	key    signature.Key
	ring   *signature.Ring
	clock  *Clock
	server *http.Server
	ended  chan struct{}
	sender *webhook.Sender

	mu    sync.Mutex
	known map[string]delivery.Known
	got   []freeze.Message
}

// newStub makes a party that only knows peer, whose public keys are peerKeys.
func newStub(self, peer freeze.Party, key signature.Key, peerKeys string, clock *Clock) (*Stub, error) {
	set, err := signature.LoadSet(peerKeys)
	if err != nil {
		return nil, err
	}
	ring, err := signature.NewRing(map[string]signature.Set{peer.PartyID: set})
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", self.PartyID, err)
	}
	return &Stub{Self: self, peer: peer, key: key, ring: ring, clock: clock, known: map[string]delivery.Known{}}, nil
}

// start listens on l and speaks to url.
func (s *Stub) start(l net.Listener, url string) error {
	door, err := inbound.NewDoor(inbound.Options{
		Self: s.Self, Environment: environment, Key: s.key, Ring: s.ring, Desk: s, PerSecond: 1000, Burst: 1000, Now: s.clock.Now,
		Party: func(id string) (freeze.Party, bool) { return s.peer, id == s.peer.PartyID },
	})
	if err != nil {
		return err
	}
	s.sender, err = webhook.New(webhook.Config{URL: url + inbound.Path, AllowPrivate: true}, webhook.Options{Party: s.peer.PartyID, Key: s.key, Ring: s.ring, Now: s.clock.Now})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(inbound.Path, inbound.NewHandler(door, &signature.Verifier{Ring: s.ring, Nonces: signature.NewNonces(10_000), Now: s.clock.Now}))
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		_ = s.server.Serve(l) // ErrServerClosed after stop
	}()
	return nil
}

func (s *Stub) stop(ctx context.Context) {
	if s.server == nil {
		return
	}
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close()
	}
	<-s.ended
	s.sender.Close()
}

// Lookup implements delivery.Desk.
func (s *Stub) Lookup(_ context.Context, _, messageID string) (delivery.Known, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.known[messageID]
	return k, ok, nil
}

// Accept implements delivery.Desk: the first delivery of a message is kept.
func (s *Stub) Accept(_ context.Context, in delivery.Inbound) (delivery.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.known[in.MessageID]; ok {
		if k.Digest != in.Digest {
			return delivery.Answer{}, delivery.ErrConflict
		}
		return k.Answer, nil
	}
	answer := delivery.Answer{JWS: in.Receipt}
	s.known[in.MessageID] = delivery.Known{Digest: in.Digest, Answer: answer}
	s.got = append(s.got, in.Message)
	return answer, nil
}

// Got returns the messages of that type that came, each once, in order; "" = all.
func (s *Stub) Got(of ...freeze.Type) []freeze.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.got), func(m freeze.Message) bool { return len(of) > 0 && !slices.Contains(of, m.Head().Type) })
}

// Orders returns the states that instructions asked for, in order.
func (s *Stub) Orders() []*freeze.Request {
	var out []*freeze.Request
	for _, m := range s.Got() {
		switch m := m.(type) {
		case *freeze.Request:
			out = append(out, m)
		case *freeze.Amendment:
			out = append(out, &m.Request)
		}
	}
	return out
}

// Say sends m and returns how it was taken.
func (s *Stub) Say(ctx context.Context, m freeze.Message) (delivery.Result, error) {
	body, err := freeze.Encode(m)
	if err != nil {
		return delivery.Result{}, fmt.Errorf("%s says %s: %w", s.Self.PartyID, m.Head().Type, err)
	}
	return s.sender.Send(ctx, delivery.Attempt{MessageID: m.Head().MessageID, Type: m.Head().Type, Body: body}), nil
}

// Answer begins an outcome about an instruction: the envelope, and what was credited.
func (s *Stub) Answer(r *freeze.Request, sequence uint32, replyTo string) *freeze.Outcome {
	now := freeze.At(s.clock.Now())
	o := &freeze.Outcome{Envelope: r.Envelope, OutcomeOf: r.MessageID, AsOf: now, Decision: "granted"}
	o.Type, o.MessageID, o.InReplyTo, o.Sequence = freeze.TypeOutcome, freeze.ResponderID(r.AlertID, sequence), replyTo, sequence
	if replyTo == "" {
		o.InReplyTo = r.MessageID
	}
	o.Sender, o.Recipient, o.CreatedAt = s.Self, s.peer, now
	o.SenderRef, o.RecipientRef = "", r.SenderRef
	return o
}

// orders waits until a bank has n instructions and returns the last.
func orders(ctx context.Context, s *Stub, n int) (*freeze.Request, error) {
	err := await(ctx, fmt.Sprintf("%s has instruction %d", s.Self.PartyID, n), func() (bool, error) { return len(s.Orders()) >= n, nil })
	if err != nil {
		return nil, err
	}
	return s.Orders()[n-1], nil
}

// say brings a stub's message to its peer.
func (w *World) say(ctx context.Context, s *Stub, m freeze.Message) error {
	r, err := s.Say(ctx, m)
	for err == nil && r.Verdict == delivery.Retry && fault.Sleep(ctx, 100*time.Millisecond) == nil {
		r, err = s.Say(ctx, m)
	}
	if err != nil {
		return err
	}
	if r.Receipt == nil || r.Receipt.Level != freeze.LevelReceived {
		return fmt.Errorf("%s of %s was not taken: %s %s %s", m.Head().Type, s.Self.PartyID, r.Verdict, r.Reason, r.Detail)
	}
	return nil
}
