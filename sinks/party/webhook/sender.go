package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// Channel is the name of the channel in events, metrics and Inbound.
const Channel = "webhook"

// Options is what code passes to New.
type Options struct {
	// Party is the configured id of the party at the other end.
	Party string
	// Key signs our requests.
	Key signature.Key
	// Ring holds the keys that the party's receipts must be signed with.
	Ring *signature.Ring
	// Metrics gets one count an attempt; nil discards.
	Metrics *telemetry.Metrics
	// Log gets partners' faults; nil discards.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Resolver looks up the party's host; nil is the system's.
	Resolver *net.Resolver
}

// Sender makes attempts at one party. It is safe for concurrent use.
type Sender struct {
	opt      Options
	endpoint *url.URL
	timeout  time.Duration
	client   *http.Client
}

// New validates the config and reads its files; it opens no connection.
func New(c Config, opt Options) (*Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	u, err := c.endpoint()
	if err != nil {
		return nil, err
	}
	tls, err := c.TLS.conn().Client()
	if err != nil {
		return nil, fmt.Errorf("webhook to %s: %w", opt.Party, err)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Metrics == nil {
		opt.Metrics = telemetry.Discard()
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	dialer := &net.Dialer{Timeout: c.timeout(), KeepAlive: 30 * time.Second, Resolver: opt.Resolver}
	if !c.AllowPrivate {
		dialer.Control = guard()
	}
	return &Sender{opt: opt, endpoint: u, timeout: c.timeout(), client: &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        tls,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    2,
			MaxConnsPerHost:        8,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // a receipt is small; no bombs
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close closes idle connections. It does not interrupt a Send.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// Send makes one attempt and says what it came to. It blocks for at most the
// configured timeout, less when ctx ends; then the party may or may not have
// the message, and the Result says Retry. The trace of ctx travels along.
func (s *Sender) Send(ctx context.Context, a delivery.Attempt) delivery.Result {
	start := s.opt.Now()
	r := s.attempt(ctx, a)
	r.Elapsed = s.opt.Now().Sub(start)
	s.opt.Metrics.Attempts.Add(ctx, 1, telemetry.Attr(telemetry.Party, s.opt.Party, telemetry.Channel, Channel, telemetry.Result, r.Reason))
	if r.Fault {
		s.opt.Log.WarnContext(ctx, "partner broke the contract", telemetry.Party, s.opt.Party,
			telemetry.Message, a.MessageID, telemetry.Reason, r.Reason, telemetry.Error, r.Detail)
	}
	return r
}

func (s *Sender) attempt(ctx context.Context, a delivery.Attempt) delivery.Result {
	if len(a.Body) == 0 || len(a.Body) > freeze.MaxSize {
		return delivery.Result{Verdict: delivery.Permanent, Reason: "too_large", Detail: fmt.Sprintf("body has %d bytes, want 1 to %d", len(a.Body), freeze.MaxSize)}
	}
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	req, err := s.request(bounded, a)
	if err != nil {
		return delivery.Result{Verdict: delivery.Permanent, Reason: "request", Detail: err.Error()}
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return broken(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, delivery.MaxReceipt+1))
	if err != nil {
		return broken(ctx, err)
	}
	return s.judge(a, resp, body)
}

func (s *Sender) request(ctx context.Context, a delivery.Attempt) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint.String(), bytes.NewReader(a.Body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	// With GetBody the transport would resend by itself, under the same nonce.
	req.GetBody = nil
	req.Header.Set("Content-Type", ContentType(a.Type))
	req.Header.Set("Idempotency-Key", a.MessageID)
	req.Header.Set("Accept", "application/jose")
	req.Header.Set("User-Agent", "haltwire")
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(req.Header))
	created := a.Created
	if created.IsZero() {
		created = s.opt.Now()
	}
	req.Host = signature.Authority(req)
	return req, signature.Sign(req, a.Body, s.opt.Key, created, a.Nonce)
}

// ContentType returns the media type under which a message of that type
// travels.
func ContentType(t freeze.Type) string {
	if t == freeze.TypeReceipt {
		return "application/jose"
	}
	return "application/json"
}

// broken judges an attempt without an answer.
func broken(ctx context.Context, err error) delivery.Result {
	r := delivery.Result{Verdict: delivery.Retry, Reason: "connect", Detail: err.Error()}
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		r.Reason = "stopping"
	case errors.Is(err, errBlocked):
		r.Reason, r.Fault = "blocked_address", true
	case errors.As(err, &timeout) && timeout.Timeout():
		r.Reason = "timeout"
	}
	return r
}

// judge decides what an answer means; only a verified receipt for this very
// body makes a message delivered.
func (s *Sender) judge(a delivery.Attempt, resp *http.Response, body []byte) delivery.Result {
	do := act(resp.StatusCode, a.Type)
	r := delivery.Result{Verdict: do.verdict, Reason: do.reason, Fault: do.fault, Status: resp.StatusCode,
		RetryAfter: retryAfter(resp.Header, s.opt.Now())}
	if !do.receipt {
		r.Detail = detail(resp.StatusCode, http.StatusText(resp.StatusCode))
		return r
	}
	receipt, reason, err := s.receipt(a, resp, body)
	if err != nil {
		r.Verdict, r.Reason, r.Fault, r.Detail = delivery.Retry, reason, true, detail(resp.StatusCode, err.Error())
		return r
	}
	r.Receipt, r.JWS = receipt, body
	r.Verdict, r.Reason = delivery.Delivered, string(receipt.Level)
	if receipt.Level == freeze.LevelRejected {
		r.Verdict = delivery.Rejected
		r.Detail = fmt.Sprintf("%s %s: %s", receipt.Reject.Code, receipt.Reject.Field, receipt.Reject.Text)
	}
	return r
}

func (s *Sender) receipt(a delivery.Attempt, resp *http.Response, body []byte) (*freeze.Receipt, string, error) {
	if len(body) > delivery.MaxReceipt {
		return nil, "answer_too_large", fmt.Errorf("answer has more than %d bytes", delivery.MaxReceipt)
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "application/jose" {
		return nil, "content_type", fmt.Errorf("content type %q, want application/jose", resp.Header.Get("Content-Type"))
	}
	receipt, err := delivery.OpenReceipt(s.opt.Ring.Party(s.opt.Party), s.opt.Party, body)
	if err != nil {
		return nil, "bad_receipt", err
	}
	if err := delivery.CheckReceipt(receipt, a.MessageID, freeze.DigestOf(a.Body)); err != nil {
		return nil, "foreign_receipt", err
	}
	if resp.StatusCode == http.StatusUnprocessableEntity && receipt.Level != freeze.LevelRejected {
		return nil, "bad_receipt", fmt.Errorf("level %s with status 422", receipt.Level)
	}
	return receipt, "", nil
}
