package demo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/webhook"
)

// thinking is how long the bank needs to find an account and put a hold on it.
const thinking = 150 * time.Millisecond

// Bank is a bank party of FREEZE 2.4: it takes instructions, receipts them,
// holds all, a part or nothing of the money, and answers with an outcome that
// balances. What it does follows from the account number, so that a demo can be
// told again.
type Bank struct {
	self   freeze.Party
	client freeze.Party
	key    signature.Key
	ring   *signature.Ring

	server *http.Server
	served chan struct{}
	sender *webhook.Sender

	mu       sync.Mutex
	known    map[string]delivery.Known
	sequence map[string]uint32 // by alert
	work     sync.WaitGroup
	stop     context.CancelFunc
	ctx      context.Context // of the work that answers need; ends in Stop
}

// NewBank returns the bank self, whose only client is the FIU whose public keys
// are fiu.
func NewBank(self, client freeze.Party, key signature.Key, fiu signature.Set) (*Bank, error) {
	ring, err := signature.NewRing(map[string]signature.Set{client.PartyID: fiu})
	if err != nil {
		return nil, fmt.Errorf("make bank: %w", err)
	}
	return &Bank{self: self, client: client, key: key, ring: ring, known: map[string]delivery.Known{}, sequence: map[string]uint32{}}, nil
}

// Start listens on l and answers to the partner endpoint url.
func (b *Bank) Start(l net.Listener, url string) error {
	door, err := inbound.NewDoor(inbound.Options{
		Self: b.self, Environment: "test", Key: b.key, Ring: b.ring, Desk: b, PerSecond: 1000, Burst: 1000,
		Party: func(id string) (freeze.Party, bool) { return b.client, id == b.client.PartyID },
	})
	if err != nil {
		return err
	}
	b.sender, err = webhook.New(webhook.Config{URL: url, AllowPrivate: true}, webhook.Options{Party: b.client.PartyID, Key: b.key, Ring: b.ring})
	if err != nil {
		return err
	}
	b.ctx, b.stop = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.Handle(inbound.Path, inbound.NewHandler(door, &signature.Verifier{Ring: b.ring, Nonces: signature.NewNonces(100_000)}))
	b.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	b.served = make(chan struct{})
	go func() {
		defer close(b.served)
		_ = b.server.Serve(l) // ErrServerClosed after Stop
	}()
	return nil
}

// Stop closes the port and abandons answers that are under way.
func (b *Bank) Stop(ctx context.Context) error {
	if b.server == nil {
		return nil
	}
	b.stop()
	err := b.server.Shutdown(ctx)
	<-b.served
	b.work.Wait()
	b.sender.Close()
	return err
}

// Lookup implements delivery.Desk.
func (b *Bank) Lookup(_ context.Context, _, messageID string) (delivery.Known, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, ok := b.known[messageID]
	return k, ok, nil
}

// Accept implements delivery.Desk: an instruction is remembered and acted on.
func (b *Bank) Accept(_ context.Context, in delivery.Inbound) (delivery.Answer, error) {
	answer := delivery.Answer{JWS: in.Receipt}
	b.mu.Lock()
	defer b.mu.Unlock()
	if k, ok := b.known[in.MessageID]; ok {
		if k.Digest != in.Digest {
			return delivery.Answer{}, delivery.ErrConflict
		}
		return k.Answer, nil
	}
	b.known[in.MessageID] = delivery.Known{Digest: in.Digest, Answer: answer}
	if r := instruction(in.Message); r != nil {
		b.sequence[r.AlertID]++
		o := b.outcome(r, b.sequence[r.AlertID], time.Now())
		b.work.Go(func() { b.reply(o) })
	}
	return answer, nil
}

// instruction returns the state that a request or an amendment of one asks for.
func instruction(m freeze.Message) *freeze.Request {
	switch m := m.(type) {
	case *freeze.Request:
		return m
	case *freeze.Amendment:
		return &m.Request
	}
	return nil
}

// reply sends o until it is delivered or the bank stops.
func (b *Bank) reply(o *freeze.Outcome) {
	body, err := freeze.Encode(o)
	if err != nil || fault.Sleep(b.ctx, thinking) != nil {
		return
	}
	var wait fault.Backoff
	for {
		r := b.sender.Send(b.ctx, delivery.Attempt{MessageID: o.MessageID, Type: freeze.TypeOutcome, Body: body})
		if r.Verdict != delivery.Retry || errors.Is(fault.Sleep(b.ctx, wait.Next(r.RetryAfter)), context.Canceled) {
			return
		}
	}
}

// outcome answers r: of ten accounts six still hold everything, three hold half
// and one is empty.
func (b *Bank) outcome(r *freeze.Request, sequence uint32, now time.Time) *freeze.Outcome {
	o := &freeze.Outcome{Envelope: r.Envelope, OutcomeOf: r.MessageID, AsOf: freeze.At(now), Final: true, Decision: "granted"}
	o.Type, o.MessageID, o.InReplyTo, o.Sequence = freeze.TypeOutcome, freeze.ResponderID(r.AlertID, sequence), r.MessageID, sequence
	o.Sender, o.Recipient, o.CreatedAt = b.self, b.client, freeze.At(now)
	o.SenderRef, o.RecipientRef = "", r.SenderRef
	keep := share(r.Subject.Account.ID)
	held := map[string]freeze.Dec{}
	for _, p := range r.Payments {
		credited := p.Disputed
		if p.Credited != nil {
			credited = *p.Credited
		}
		part := fraction(credited.Amount, keep)
		gone, _ := credited.Amount.Sub(part)
		o.Funds = appendFund(o.Funds, p.ItemID, "held", part, credited.Currency, now)
		o.Funds = appendFund(o.Funds, p.ItemID, "withdrawn_cash", gone, credited.Currency, now)
		held[credited.Currency] = held[credited.Currency].Add(part)
	}
	for _, a := range r.Asks {
		if a.Kind == "hold_amount" && a.Amount != nil && !held[a.Amount.Currency].Zero() {
			o.Measures = append(o.Measures, b.hold(r, a, held[a.Amount.Currency], len(o.Measures)+1, now))
		}
	}
	switch keep {
	case 0:
		o.Decision, o.Measures = "nothing_found", nil
	case 1:
		o.Decision = "partly"
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	return o
}

func (b *Bank) hold(r *freeze.Request, a freeze.Ask, amount freeze.Dec, n int, now time.Time) freeze.Measure {
	until := freeze.At(now.Add(7 * 24 * time.Hour))
	return freeze.Measure{
		MeasureID: fmt.Sprintf("%s-M%02d", r.AlertID, n), AskID: a.AskID, Kind: "bank_hold", State: "in_force",
		Amount: &freeze.Money{Amount: amount, Currency: a.Amount.Currency}, Account: r.Subject.Account,
		Authority:  freeze.Authority{Name: b.self.Name, Kind: "bank"},
		LegalBasis: "Instruction of the financial intelligence unit", InForceAt: freeze.At(now), ExpiresAt: &until,
		Convert: freeze.Convert{Need: "court_order"},
	}
}

func appendFund(funds []freeze.Fund, item, disposition string, amount freeze.Dec, currency string, now time.Time) []freeze.Fund {
	if amount.Zero() {
		return funds
	}
	at := freeze.At(now)
	return append(funds, freeze.Fund{ItemID: item, Disposition: disposition, Money: freeze.Money{Amount: amount, Currency: currency}, At: &at})
}

// share says how many halves of the money an account still holds.
func share(account string) int {
	switch n := sha256.Sum256([]byte(account))[0] % 10; {
	case n < 6:
		return 2
	case n < 9:
		return 1
	}
	return 0
}

// fraction returns halves halves of amount, cut to whole hundredths.
func fraction(amount freeze.Dec, halves int) freeze.Dec {
	switch halves {
	case 0:
		return "0"
	case 1:
		return halve(amount)
	}
	return amount
}
