package inbound

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// Path is where partners post their messages.
const Path = "/partner/v1/messages"

const (
	// maxBodies bounds the bodies in memory at a time, 64 MiB with MaxSize.
	maxBodies = 64
	// maxOfParty bounds those of one party: bodies that come slowly are then its own
	// trouble alone.
	maxOfParty = maxBodies / 4
	// readTimeout bounds the reading of one body.
	readTimeout = 10 * time.Second
	// lingerTimeout bounds what is still read of a request that is refused, so
	// that its sender sees the answer.
	lingerTimeout = time.Second
)

// Handler serves POST /partner/v1/messages. It answers 200, 204, 401, 409, 413,
// 422, 429 and 503 (405 for other methods) and is safe for concurrent use.
type Handler struct {
	door     *Door
	verifier *signature.Verifier
	bodies   chan struct{}
	shares   shares
}

// NewHandler returns the HTTP side of a door.
func NewHandler(door *Door, verifier *signature.Verifier) *Handler {
	return &Handler{door: door, verifier: verifier, bodies: make(chan struct{}, maxBodies), shares: shares{by: map[string]int{}}}
}

// ServeHTTP verifies the signature before it reads the body, and the digest and
// the nonce after it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w) // one that knows no deadlines says so; then the server's hold
	_ = c.SetReadDeadline(time.Now().Add(readTimeout))
	if r.Method != http.MethodPost {
		_ = c.SetReadDeadline(time.Now().Add(lingerTimeout))
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	select { // held until the answer: it bounds what bodies cost
	case h.bodies <- struct{}{}:
		defer func() { <-h.bodies }()
	default:
		write(w, *refusal(http.StatusServiceUnavailable, comeAgain, "too many requests at a time"))
		return
	}
	letter, refused := h.read(w, r)
	if refused != nil {
		_ = c.SetReadDeadline(time.Now().Add(lingerTimeout))
		h.door.note(ctx, letter, *refused)
		write(w, *refused)
		return
	}
	write(w, h.door.Take(ctx, letter))
}

// read verifies a request and returns the letter in it, or the refusal.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (delivery.Letter, *delivery.Reply) {
	letter := delivery.Letter{Channel: "webhook"}
	if r.ContentLength > freeze.MaxSize {
		return letter, refusal(http.StatusRequestEntityTooLarge, 0, "too_large")
	}
	if r.URL.RawQuery != "" || r.URL.ForceQuery { // no signature covers it
		return letter, refusal(http.StatusUnauthorized, 0, "a query is not covered by the signature")
	}
	got, err := h.verifier.Head(r)
	if errors.Is(err, signature.ErrEarlier) { // its sender signs anew, whoever repeats it cannot
		letter.Party = got.Party
		return letter, refusal(http.StatusServiceUnavailable, comeAgain, err.Error())
	}
	if err != nil {
		return letter, refusal(http.StatusUnauthorized, 0, err.Error())
	}
	letter.Party, letter.MessageID = got.Party, r.Header.Get("Idempotency-Key")
	letter.ContentType = r.Header.Get("Content-Type")
	if wait := h.door.Wait(got.Party); wait > 0 {
		return letter, refusal(http.StatusTooManyRequests, wait, "too many messages")
	}
	if !h.shares.take(got.Party, maxOfParty) {
		return letter, refusal(http.StatusTooManyRequests, comeAgain, "too many messages at a time")
	}
	defer h.shares.leave(got.Party)
	if letter.Body, err = body(w, r); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return letter, refusal(http.StatusRequestEntityTooLarge, 0, "too_large")
		}
		return letter, refusal(http.StatusServiceUnavailable, comeAgain, "read body: "+err.Error())
	}
	letter.ReceivedAt = h.door.opt.Now()
	switch err := h.verifier.Body(r, got, letter.Body); {
	case errors.Is(err, signature.ErrFull):
		return letter, refusal(http.StatusTooManyRequests, signature.Lifetime/10, err.Error())
	case err != nil:
		return letter, refusal(http.StatusUnauthorized, 0, err.Error())
	}
	return letter, nil
}

func body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, freeze.MaxSize))
	if err == nil { // the answer may take longer than the body
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	return b, err
}

func refusal(status int, after time.Duration, reason string) *delivery.Reply {
	return &delivery.Reply{Status: status, RetryAfter: after, Reason: reason}
}

// write sends a reply. Strangers learn no reason: a 401 says nothing more.
func write(w http.ResponseWriter, reply delivery.Reply) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if reply.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((reply.RetryAfter+time.Second-1)/time.Second)))
	}
	switch {
	case reply.JWS != nil:
		h.Set("Content-Type", "application/jose")
		w.WriteHeader(reply.Status)
		_, _ = w.Write(reply.JWS) // the partner asks again when it missed it
	case reply.Status == http.StatusNoContent:
		w.WriteHeader(reply.Status)
	case reply.Status == http.StatusConflict || reply.Status == http.StatusUnprocessableEntity:
		http.Error(w, reply.Reason, reply.Status)
	default:
		http.Error(w, http.StatusText(reply.Status), reply.Status)
	}
}
