package world

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/webhook"
)

// Arrival is one HTTP request at a partner, whatever became of it.
type Arrival struct {
	At      time.Time
	Via     string // instance that it came from, by the port
	Message string
	Alert   string
	Type    freeze.Type
	Account string // of the subject of a request
	Digest  string // SHA-256 of the body, hex
	Nonce   string
	Created time.Time // as signed: the moment of the read-back
	Fault   bool      // a fault of the test answered
	Body    []byte
}

// Fault answers a request in the place of the partner, and reports whether it
// did.
type Fault func(w http.ResponseWriter, r *http.Request, a Arrival) bool

// Partner is an FIU that receipts at once and answers with an outcome: all is
// held, or, for one account in four, nothing is found and the alert ends.
type Partner struct {
	ID, Country string

	w      *World
	self   freeze.Party
	client freeze.Party
	key    signature.Key
	ring   *signature.Ring
	handle http.Handler

	mu       sync.Mutex
	fault    Fault
	replyTo  string
	ports    map[string]*port
	arrivals []Arrival
	known    map[string]delivery.Known
	sequence map[string]uint32          // of our messages, by alert
	requests map[string]*freeze.Request // the first of an alert
	work     sync.WaitGroup
	ctx      context.Context //nolint:containedctx // of answers under way; ends with the test
}

// port is where one instance reaches the partner.
type port struct {
	address string
	server  *http.Server
}

func (w *World) newPartner(country string) *Partner {
	w.t.Helper()
	_, err := app.NewSigningKey(w.file("keys", country+".jwk"), country+"-fiu-1")
	w.must(err)
	key, err := signature.LoadKey(w.file("keys", country+".jwk"))
	w.must(err)
	ring, err := signature.NewRing(map[string]signature.Set{"IN-FIU": w.publicKeys()})
	w.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	p := &Partner{
		ID: country + "-FIU", Country: country, w: w, key: key, ring: ring, ctx: ctx,
		self:   freeze.Party{PartyID: country + "-FIU", Name: "FIU of " + country, Kind: "fiu", Country: country},
		client: freeze.Party{PartyID: "IN-FIU", Name: "FIU of India", Kind: "fiu", Country: "IN"},
		ports:  map[string]*port{}, known: map[string]delivery.Known{}, sequence: map[string]uint32{}, requests: map[string]*freeze.Request{},
	}
	door, err := inbound.NewDoor(inbound.Options{Self: p.self, Environment: "test", Key: key, Ring: ring, Desk: p, PerSecond: 5000, Burst: 5000,
		Party: func(id string) (freeze.Party, bool) { return p.client, id == p.client.PartyID }})
	w.must(err)
	p.handle = inbound.NewHandler(door, &signature.Verifier{Ring: ring, Nonces: signature.NewNonces(1_000_000)})
	w.t.Cleanup(func() {
		cancel()
		for name := range p.ports {
			p.Refuse(name)
		}
		p.work.Wait()
	})
	return p
}

// listen opens the port for the instance name and returns its URL.
func (p *Partner) listen(name string) string {
	p.ports[name] = &port{address: p.w.freeAddress()}
	p.Listen(name)
	return "http://" + p.ports[name].address + inbound.Path
}

// Listen opens the port of an instance again, after Refuse.
func (p *Partner) Listen(name string) {
	at := p.ports[name]
	l, err := net.Listen("tcp", at.address)
	p.w.must(err)
	at.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, name) })}
	server := at.server
	p.work.Go(func() { _ = server.Serve(l) }) // ErrServerClosed in the end
}

// Refuse closes the port of an instance: its connections are refused.
func (p *Partner) Refuse(name string) { _ = p.ports[name].server.Close() }

// ReplyTo says where outcomes go from now on.
func (p *Partner) ReplyTo(url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.replyTo = url
}

// Break puts a fault before the partner; nil mends it.
func (p *Partner) Break(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Arrivals returns every request so far, oldest first.
func (p *Partner) Arrivals() []Arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.arrivals)
}

var (
	nonceForm   = regexp.MustCompile(`nonce="([^"]*)"`)
	createdForm = regexp.MustCompile(`created=(\d+)`)
)

func (p *Partner) serve(w http.ResponseWriter, r *http.Request, name string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, freeze.MaxSize))
	if err != nil {
		return // the sender is gone
	}
	a := arrival(r, body)
	a.Via = name
	p.mu.Lock()
	broken := p.fault
	a.Fault = broken != nil
	p.arrivals = append(p.arrivals, a)
	n := len(p.arrivals) - 1
	p.mu.Unlock()
	if broken != nil && broken(w, r, a) {
		return
	}
	p.mu.Lock()
	p.arrivals[n].Fault = false
	p.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.handle.ServeHTTP(w, r)
}

func arrival(r *http.Request, body []byte) Arrival {
	sum := sha256.Sum256(body)
	a := Arrival{At: time.Now(), Message: r.Header.Get("Idempotency-Key"), Digest: hex.EncodeToString(sum[:]), Body: body}
	input := r.Header.Get("Signature-Input")
	if m := nonceForm.FindStringSubmatch(input); m != nil {
		a.Nonce = m[1]
	}
	if m := createdForm.FindStringSubmatch(input); m != nil {
		if unix, err := strconv.ParseInt(m[1], 10, 64); err == nil {
			a.Created = time.Unix(unix, 0)
		}
	}
	var head struct {
		AlertID string      `json:"alert_id"`
		Type    freeze.Type `json:"type"`
		Subject struct {
			Account struct {
				ID string `json:"id"`
			} `json:"account"`
		} `json:"subject"`
	}
	if json.Unmarshal(body, &head) == nil {
		a.Alert, a.Type, a.Account = head.AlertID, head.Type, head.Subject.Account.ID
	}
	return a
}

// Lookup implements delivery.Desk.
func (p *Partner) Lookup(_ context.Context, _, messageID string) (delivery.Known, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, ok := p.known[messageID]
	return k, ok, nil
}

// Accept implements delivery.Desk: the message is remembered and answered.
func (p *Partner) Accept(_ context.Context, in delivery.Inbound) (delivery.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k, ok := p.known[in.MessageID]; ok {
		if k.Digest != in.Digest {
			return delivery.Answer{}, delivery.ErrConflict
		}
		return k.Answer, nil
	}
	answer := delivery.Answer{JWS: in.Receipt}
	p.known[in.MessageID] = delivery.Known{Digest: in.Digest, Answer: answer}
	switch m := in.Message.(type) {
	case *freeze.Request:
		p.requests[m.AlertID] = m
		p.reply(m, m.MessageID, "in_force")
	case *freeze.Amendment:
		p.reply(&m.Request, m.MessageID, "in_force")
	case *freeze.Withdrawal:
		if r := p.requests[m.AlertID]; r != nil {
			p.reply(r, r.MessageID, "lifted")
		}
	}
	return answer, nil
}

// reply sends an outcome until it is delivered or the test ends; p.mu is held.
func (p *Partner) reply(r *freeze.Request, to, state string) {
	p.sequence[r.AlertID]++
	o := p.outcome(r, p.sequence[r.AlertID], to, state)
	p.work.Go(func() {
		body, err := freeze.Encode(o)
		if err != nil {
			p.w.t.Errorf("outcome of %s: %v", p.ID, err)
			return
		}
		p.deliver(delivery.Attempt{MessageID: o.MessageID, Type: freeze.TypeOutcome, Body: body})
	})
}

func (p *Partner) deliver(a delivery.Attempt) {
	wait := fault.Backoff{Max: time.Second}
	for {
		p.mu.Lock()
		url := p.replyTo
		p.mu.Unlock()
		s, err := webhook.New(webhook.Config{URL: url, AllowPrivate: true}, webhook.Options{Party: p.client.PartyID, Key: p.key, Ring: p.ring})
		if err != nil {
			p.w.t.Errorf("reply of %s: %v", p.ID, err)
			return
		}
		result := s.Send(p.ctx, a)
		s.Close()
		if result.Verdict == delivery.Permanent || result.Verdict == delivery.Rejected {
			p.w.t.Errorf("outcome %s was refused: %s %s", a.MessageID, result.Reason, result.Detail)
		}
		if result.Verdict != delivery.Retry || errors.Is(fault.Sleep(p.ctx, wait.Next(result.RetryAfter)), context.Canceled) {
			return
		}
	}
}

// outcome holds everything, or finds nothing.
func (p *Partner) outcome(r *freeze.Request, sequence uint32, to, state string) *freeze.Outcome {
	now := freeze.At(time.Now())
	o := &freeze.Outcome{Envelope: r.Envelope, OutcomeOf: to, AsOf: now, Final: true, Decision: "granted"}
	o.Type, o.MessageID, o.InReplyTo, o.Sequence = freeze.TypeOutcome, freeze.ResponderID(r.AlertID, sequence), to, sequence
	o.Sender, o.Recipient, o.CreatedAt = p.self, p.client, now
	o.SenderRef, o.RecipientRef = "", r.SenderRef
	disposition, empty := "held", sha256.Sum256([]byte(r.Subject.Account.ID))[0]%4 == 0
	if empty {
		o.Decision, disposition = "nothing_found", "withdrawn_cash"
	}
	for _, pay := range r.Payments {
		credited := pay.Disputed
		if pay.Credited != nil {
			credited = *pay.Credited
		}
		o.Funds = append(o.Funds, freeze.Fund{ItemID: pay.ItemID, Disposition: disposition, Money: credited, At: &now})
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	for _, ask := range r.Asks {
		if ask.Kind != "hold_amount" || empty {
			continue
		}
		o.Measures = append(o.Measures, freeze.Measure{
			MeasureID: r.AlertID + "-M01", AskID: ask.AskID, Kind: "bank_hold", State: state, Amount: ask.Amount, Account: r.Subject.Account,
			Authority: freeze.Authority{Name: p.self.Name, Kind: "fiu"}, LegalBasis: "Order of the unit", InForceAt: now, Convert: freeze.Convert{Need: "court_order"},
		})
	}
	return o
}

// Status answers with an HTTP status, and with Retry-After unless after is 0.
func Status(code int, after time.Duration) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ Arrival) bool {
		if after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
		}
		w.WriteHeader(code)
		return true
	}
}

// Hang never answers: it waits until the sender has gone or the test ends.
func (p *Partner) Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ Arrival) bool {
		select {
		case <-r.Context().Done():
		case <-p.ctx.Done():
		}
		return true
	}
}

// Forged answers with a receipt under the partner's key id whose signature was
// made with another key.
func (p *Partner) Forged() Fault {
	other, err := signature.NewKey(p.key.ID())
	p.w.must(err)
	return p.receipt(other, func(a Arrival) freeze.Digest { return freeze.DigestOf(a.Body) })
}

// Foreign answers with a well-signed receipt for another body.
func (p *Partner) Foreign() Fault {
	return p.receipt(p.key, func(a Arrival) freeze.Digest { return freeze.DigestOf(append(a.Body, ' ')) })
}

func (p *Partner) receipt(key signature.Key, digest func(Arrival) freeze.Digest) Fault {
	return func(w http.ResponseWriter, _ *http.Request, a Arrival) bool {
		r := delivery.NewReceipt(freeze.LevelReceived, a.Message, digest(a), nil, p.self, p.client, "test", time.Now())
		jws, err := delivery.SealReceipt(key, r)
		if err != nil {
			p.w.t.Errorf("seal receipt: %v", err)
			return false
		}
		w.Header().Set("Content-Type", "application/jose")
		_, _ = w.Write(jws) // the sender may have gone
		return true
	}
}
