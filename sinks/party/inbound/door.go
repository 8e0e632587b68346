package inbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

const (
	// acceptTimeout bounds the desk: a receipt is due within 5 s.
	acceptTimeout = 4 * time.Second
	// maxAhead is how far an outcome may be dated ahead of our clock, as reports.
	maxAhead = 5 * time.Minute
	// comeAgain is what a partner is told when we cannot take its message now.
	comeAgain = time.Second
)

// Options is what code passes to NewDoor.
type Options struct {
	// Self is us, as receipts name their sender.
	Self freeze.Party
	// Environment is ours, live or test; messages of the other are refused.
	Environment string
	// Party returns a configured party, as receipts name their recipient.
	Party func(id string) (freeze.Party, bool)
	// Key signs receipts.
	Key signature.Key
	// Ring holds the keys of the parties.
	Ring *signature.Ring
	// Desk takes the messages in.
	Desk delivery.Desk
	// PerSecond and Burst bound the messages of one party, 50 and 100 by default.
	PerSecond float64
	Burst     int
	// Metrics gets one count a message; nil discards.
	Metrics *telemetry.Metrics
	// Log gets what was refused; nil discards.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (o *Options) defaults() {
	if o.PerSecond == 0 {
		o.PerSecond = 50
	}
	if o.Burst == 0 {
		o.Burst = 100
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

// Door takes verified letters from any channel, hands them to the desk and says
// what to answer. It is safe for concurrent use.
type Door struct {
	opt      Options
	limits   limiters
	flights  flights
	rejected rejections
}

// NewDoor returns a door to the desk.
func NewDoor(opt Options) (*Door, error) {
	opt.defaults()
	if opt.Desk == nil || opt.Ring == nil || opt.Party == nil {
		return nil, errors.New("make door: desk, ring and party are needed")
	}
	if opt.Environment != "live" && opt.Environment != "test" {
		return nil, fmt.Errorf("make door: environment %q, want live or test", opt.Environment)
	}
	d := &Door{opt: opt}
	d.limits = limiters{perSecond: opt.PerSecond, burst: opt.Burst, by: map[string]*rate.Limiter{}}
	d.flights.by = map[string]*flight{}
	d.rejected.by = map[string][]byte{}
	return d, nil
}

// Wait returns how long the party must wait before its next message, 0 when it
// need not; then the message counts.
func (d *Door) Wait(party string) time.Duration { return d.limits.wait(party, d.opt.Now()) }

// Take reads a letter whose party is verified, hands it to the desk and returns
// what to answer. It blocks until the message is on the case log, at most about
// 4 s.
func (d *Door) Take(ctx context.Context, l delivery.Letter) delivery.Reply {
	reply := d.take(ctx, l)
	d.note(ctx, l, reply)
	return reply
}

// note counts a reply, and logs it unless all is well.
func (d *Door) note(ctx context.Context, l delivery.Letter, reply delivery.Reply) {
	d.opt.Metrics.Inbound.Add(ctx, 1, telemetry.Attr(telemetry.Party, l.Party, telemetry.Result, strconv.Itoa(reply.Status)))
	if reply.Status >= http.StatusBadRequest {
		d.opt.Log.WarnContext(ctx, "message of partner refused", telemetry.Party, l.Party, telemetry.Channel, l.Channel,
			telemetry.Message, l.MessageID, telemetry.Status, reply.Status, telemetry.Reason, reply.Reason)
	}
}

func (d *Door) take(ctx context.Context, l delivery.Letter) delivery.Reply {
	if len(l.Body) > freeze.MaxSize {
		return delivery.Reply{Status: http.StatusRequestEntityTooLarge, Reason: "too_large"}
	}
	kind, _, _ := mime.ParseMediaType(l.ContentType)
	if kind == "application/jose" {
		return d.receipt(ctx, l)
	}
	if id, ok := freeze.ParseID(l.MessageID); !ok || id.Receipt > 0 {
		return delivery.Reply{Status: http.StatusUnprocessableEntity, Reason: "the idempotency key is no message id"}
	}
	if kind != "application/json" {
		return d.reject(l, nil, freeze.Reject{Code: freeze.CodeSchema, Field: "content-type", Text: "want application/json or application/jose"})
	}
	m, err := freeze.Parse(l.Body)
	if err != nil {
		return d.reject(l, nil, rejectOf(err))
	}
	if forged := m.Head().Sender.PartyID; forged != l.Party {
		return delivery.Reply{Status: http.StatusUnauthorized, Reason: fmt.Sprintf("%s signed as %s", l.Party, forged)}
	}
	if wrong := d.misplaced(l, m); wrong != nil {
		return d.reject(l, m.Head(), *wrong)
	}
	return d.message(ctx, l, m)
}

func rejectOf(err error) freeze.Reject {
	var invalid *freeze.Invalid
	if errors.As(err, &invalid) {
		return invalid.Reject()
	}
	return freeze.Reject{Code: freeze.CodeSchema, Text: err.Error()}
}

// misplaced says why a well-formed message is not for us, or returns nil.
func (d *Door) misplaced(l delivery.Letter, m freeze.Message) *freeze.Reject {
	h := m.Head()
	switch {
	case h.MessageID != l.MessageID:
		return &freeze.Reject{Code: freeze.CodeSchema, Field: "message_id", Text: "is not the idempotency key"}
	case h.Type == freeze.TypeReceipt:
		return &freeze.Reject{Code: freeze.CodeSchema, Field: "type", Text: "a receipt travels as application/jose"}
	}
	if wrong := delivery.Misplaced(h, d.opt.Self.PartyID, d.opt.Environment); wrong != nil {
		return wrong
	}
	o, ok := m.(*freeze.Outcome)
	if ok && o.AsOf.After(d.opt.Now().Add(maxAhead)) {
		return &freeze.Reject{Code: freeze.CodeSchema, Field: "as_of", Text: "lies in the future; the latest as_of wins, so it would silence every later outcome"}
	}
	return nil
}

// message brings a message to the desk, once.
func (d *Door) message(ctx context.Context, l delivery.Letter, m freeze.Message) delivery.Reply {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	unlock, err := d.flights.lock(ctx, l.Party+" "+l.MessageID)
	if err != nil {
		return later(err)
	}
	defer unlock()
	digest := freeze.DigestOf(l.Body)
	known, found, err := d.opt.Desk.Lookup(ctx, l.Party, l.MessageID)
	switch {
	case err != nil:
		return later(err)
	case found && known.Digest != digest:
		return conflict()
	case found:
		return answer(known.Answer)
	}
	in := delivery.Inbound{Party: l.Party, Channel: l.Channel, MessageID: l.MessageID, Type: m.Head().Type,
		Body: l.Body, Digest: digest, Message: m, ReceivedAt: l.ReceivedAt}
	if in.Receipt, err = d.seal(l, m.Head(), nil); err != nil {
		return later(err)
	}
	in.Reject = func(r freeze.Reject) ([]byte, error) { return d.seal(l, m.Head(), &r) }
	got, err := d.opt.Desk.Accept(ctx, in)
	switch {
	case errors.Is(err, delivery.ErrConflict):
		return conflict()
	case err != nil:
		return later(err)
	}
	return answer(got)
}

// receipt brings a partner's later receipt to the desk. It is answered, but
// never receipted.
func (d *Door) receipt(ctx context.Context, l delivery.Letter) delivery.Reply {
	r, err := delivery.OpenReceipt(d.opt.Ring.Party(l.Party), l.Party, l.Body)
	var refused *signature.Refused
	switch {
	case errors.As(err, &refused):
		return delivery.Reply{Status: http.StatusUnauthorized, Reason: err.Error()}
	case err != nil:
		return delivery.Reply{Status: http.StatusUnprocessableEntity, Reason: err.Error()}
	case r.MessageID != l.MessageID:
		return delivery.Reply{Status: http.StatusUnprocessableEntity, Reason: "message_id is not the idempotency key"}
	}
	if wrong := d.misplacedReceipt(r); wrong != "" {
		return delivery.Reply{Status: http.StatusUnprocessableEntity, Reason: wrong}
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	_, err = d.opt.Desk.Accept(ctx, delivery.Inbound{Party: l.Party, Channel: l.Channel, MessageID: l.MessageID,
		Type: freeze.TypeReceipt, Body: l.Body, Digest: freeze.DigestOf(l.Body), Message: r, ReceivedAt: l.ReceivedAt})
	switch {
	case errors.Is(err, delivery.ErrConflict):
		return conflict()
	case err != nil:
		return later(err)
	}
	d.opt.Metrics.Receipts.Add(ctx, 1, telemetry.Attr(telemetry.Party, l.Party, telemetry.Result, string(r.Level)))
	return delivery.Reply{Status: http.StatusNoContent, Reason: "taken"}
}

func (d *Door) misplacedReceipt(r *freeze.Receipt) string {
	switch {
	case r.Recipient.PartyID != d.opt.Self.PartyID:
		return "recipient.party_id: we are " + d.opt.Self.PartyID
	case r.Environment != d.opt.Environment:
		return "environment: this is " + d.opt.Environment
	}
	return ""
}

// reject answers a message that never reaches the desk.
func (d *Door) reject(l delivery.Letter, about *freeze.Envelope, why freeze.Reject) delivery.Reply {
	key := l.Party + " " + l.MessageID + " " + freeze.DigestOf(l.Body).Value
	reason := fmt.Sprintf("%s %s: %s", why.Code, why.Field, why.Text)
	jws := d.rejected.find(key)
	if jws == nil {
		var err error
		if jws, err = d.seal(l, about, &why); err != nil {
			return later(err)
		}
		d.rejected.keep(key, jws)
	}
	return delivery.Reply{Status: http.StatusUnprocessableEntity, JWS: jws, Reason: reason}
}

// seal signs the receipt of a letter: received, or rejected when why is given.
func (d *Door) seal(l delivery.Letter, about *freeze.Envelope, why *freeze.Reject) ([]byte, error) {
	to, ok := d.opt.Party(l.Party)
	if !ok {
		return nil, fmt.Errorf("party %s has keys but is not configured", l.Party)
	}
	level := freeze.LevelReceived
	if why != nil {
		level = freeze.LevelRejected
	}
	r := delivery.NewReceipt(level, l.MessageID, freeze.DigestOf(l.Body), about, d.opt.Self, to, d.opt.Environment, d.opt.Now())
	r.Reject = why
	return delivery.SealReceipt(d.opt.Key, r)
}

func answer(a delivery.Answer) delivery.Reply {
	if a.Rejected {
		return delivery.Reply{Status: http.StatusUnprocessableEntity, JWS: a.JWS, Reason: "rejected by the desk"}
	}
	return delivery.Reply{Status: http.StatusOK, JWS: a.JWS, Reason: "received"}
}

func conflict() delivery.Reply {
	return delivery.Reply{Status: http.StatusConflict, Reason: delivery.ErrConflict.Error()}
}

func later(err error) delivery.Reply {
	return delivery.Reply{Status: http.StatusServiceUnavailable, RetryAfter: comeAgain, Reason: err.Error()}
}
