package webhook_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	us   = freeze.Party{PartyID: "IN-FIU", Kind: "fiu", Country: "IN"}
	them = freeze.Party{PartyID: "GB-FIU", Kind: "fiu", Country: "GB"}
)

const messageID = "U3A5VHP66CSQRGMDHUPYCP5QKM-Q001"

func message(t testing.TB) []byte {
	t.Helper()
	body, err := os.ReadFile("../../freeze/testdata/messages/request.json")
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// pair is our key and the partner's, and rings that know them.
type pair struct {
	ours, theirs signature.Key
	ring         *signature.Ring
}

func keys(t testing.TB) pair {
	t.Helper()
	p := pair{ours: key(t, "in-1"), theirs: key(t, "gb-1")}
	ring, err := signature.NewRing(map[string]signature.Set{"IN-FIU": set(t, p.ours), "GB-FIU": set(t, p.theirs)})
	if err != nil {
		t.Fatal(err)
	}
	p.ring = ring
	return p
}

func key(t testing.TB, kid string) signature.Key {
	t.Helper()
	k, err := signature.NewKey(kid)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func set(t testing.TB, k signature.Key) signature.Set {
	t.Helper()
	data, err := k.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.ParseSet(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seal(t testing.TB, k signature.Key, level freeze.Level, body []byte, change func(*freeze.Receipt)) []byte {
	t.Helper()
	r := delivery.NewReceipt(level, messageID, freeze.DigestOf(body), nil, them, us, "test", time.Now())
	if level == freeze.LevelRejected {
		r.Reject = &freeze.Reject{Code: freeze.CodeSchema, Field: "totals", Text: "are wrong"}
	}
	if change != nil {
		change(r)
	}
	jws, err := delivery.SealReceipt(k, r)
	if err != nil {
		t.Fatal(err)
	}
	return jws
}

func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/partner/v1/messages"
}

func sender(t testing.TB, k pair, c webhook.Config, change func(*webhook.Options)) *webhook.Sender {
	t.Helper()
	opt := webhook.Options{Party: "GB-FIU", Key: k.ours, Ring: k.ring}
	if change != nil {
		change(&opt)
	}
	s, err := webhook.New(c, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func local(url string) webhook.Config {
	return webhook.Config{URL: url, AllowPrivate: true, Timeout: conn.Duration(2 * time.Second)}
}

func jose(w http.ResponseWriter, status int, jws []byte) {
	w.Header().Set("Content-Type", "application/jose")
	w.WriteHeader(status)
	_, _ = w.Write(jws)
}

func TestSendDeliversAndVerifiesTheReceipt(t *testing.T) {
	k, body := keys(t), message(t)
	v := signature.Verifier{Ring: k.ring, Nonces: signature.NewNonces(10)}
	var trail atomic.Value
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		who, err := v.Verify(r, got)
		if err != nil || who.Party != "IN-FIU" || string(got) != string(body) || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("request from %+v: %v", who, err)
		}
		trail.Store(r.Header.Get("traceparent") + " " + who.Nonce)
		jose(w, 200, seal(t, k.theirs, freeze.LevelReceived, body, nil))
	})
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	ctx := trace.ContextWithSpanContext(context.Background(), span)
	s := sender(t, k, local(url), nil)
	for _, nonce := range []string{"NONCE-OF-ATTEMPT-1", "NONCE-OF-ATTEMPT-2"} {
		r := s.Send(ctx, delivery.Attempt{MessageID: messageID, Type: freeze.TypeRequest, Body: body, Nonce: nonce, Created: time.Now()})
		if r.Verdict != delivery.Delivered || r.Reason != "received" || r.Receipt.ReceiptOf != messageID || len(r.JWS) == 0 || r.Fault {
			t.Fatalf("got %+v", r)
		}
		if want := "00-01000000000000000000000000000000-0200000000000000-01 " + nonce; trail.Load() != want {
			t.Fatalf("trace and nonce %v", trail.Load())
		}
	}
}

// TestSendJudgesAnswers is the table of what a partner may answer.
func TestSendJudgesAnswers(t *testing.T) {
	k, body := keys(t), message(t)
	stranger := key(t, "gb-1")
	good := seal(t, k.theirs, freeze.LevelReceived, body, nil)
	rejected := seal(t, k.theirs, freeze.LevelRejected, body, nil)
	answer := func(status int, jws []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { jose(w, status, jws) }
	}
	status := func(status int, pairs ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				w.Header().Set(pairs[i], pairs[i+1])
			}
			w.WriteHeader(status)
		}
	}
	other := func(change func(*freeze.Receipt)) []byte {
		return seal(t, k.theirs, freeze.LevelReceived, body, change)
	}
	foreign := seal(t, key(t, "xx-1"), freeze.LevelReceived, body, nil)
	ours := seal(t, k.ours, freeze.LevelReceived, body, nil)
	for _, c := range []struct {
		name    string
		h       http.HandlerFunc
		verdict delivery.Verdict
		reason  string
		fault   bool
		after   time.Duration
	}{
		{"200 received", answer(200, good), delivery.Delivered, "received", false, 0},
		{"200 rejected", answer(200, rejected), delivery.Rejected, "rejected", false, 0},
		{"422 rejected", answer(422, rejected), delivery.Rejected, "rejected", false, 0},
		{"422 received", answer(422, good), delivery.Retry, "bad_receipt", true, 0},
		{"422 without receipt", status(422), delivery.Retry, "content_type", true, 0},
		{"signed by a stranger under the partner's key id", answer(200, seal(t, stranger, freeze.LevelReceived, body, nil)), delivery.Retry, "bad_receipt", true, 0},
		{"signed by an unknown key", answer(200, foreign), delivery.Retry, "bad_receipt", true, 0},
		{"signed by another party's key", answer(200, ours), delivery.Retry, "bad_receipt", true, 0},
		{"signed as another", answer(200, other(func(r *freeze.Receipt) { r.Sender = us })), delivery.Retry, "bad_receipt", true, 0},
		{"for another body", answer(200, other(func(r *freeze.Receipt) { r.Digest = freeze.DigestOf([]byte("x")) })), delivery.Retry, "foreign_receipt", true, 0},
		{"for another message", answer(200, other(func(r *freeze.Receipt) {
			r.ReceiptOf = "U3A5VHP66CSQRGMDHUPYCP5QKM-Q002"
			r.MessageID = r.ReceiptOf + "-R1"
		})), delivery.Retry, "foreign_receipt", true, 0},
		{"no receipt at all", answer(200, []byte("ok")), delivery.Retry, "bad_receipt", true, 0},
		{"plain text", status(200, "Content-Type", "text/plain"), delivery.Retry, "content_type", true, 0},
		{"answer too large", answer(200, []byte(strings.Repeat("a", delivery.MaxReceipt+1))), delivery.Retry, "answer_too_large", true, 0},
		{"204", status(204), delivery.Retry, "no_receipt", true, 0},
		{"401", status(401), delivery.Retry, "unauthorized", false, 0},
		{"409", status(409), delivery.Permanent, "conflict", false, 0},
		{"413", status(413), delivery.Permanent, "too_large", false, 0},
		{"429 in seconds", status(429, "Retry-After", "7"), delivery.Retry, "busy", false, 7 * time.Second},
		{"503 at a date", status(503, "Retry-After", time.Now().Add(24*time.Hour).UTC().Format(http.TimeFormat)), delivery.Retry, "unavailable", false, time.Hour},
		{"503 without sense", status(503, "Retry-After", "-5"), delivery.Retry, "unavailable", false, 0},
		{"500", status(500), delivery.Retry, "http_500", false, 0},
		{"404", status(404), delivery.Retry, "http_404", false, 0},
		{"400", status(400), delivery.Permanent, "http_400", false, 0},
		{"redirect", status(307, "Location", "http://127.0.0.1:1/"), delivery.Retry, "redirect", true, 0},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, delivery.Retry, "connect", false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sender(t, k, local(serve(t, c.h)), nil).Send(context.Background(),
				delivery.Attempt{MessageID: messageID, Type: freeze.TypeRequest, Body: body})
			if r.Verdict != c.verdict || r.Reason != c.reason || r.Fault != c.fault || r.RetryAfter != c.after {
				t.Fatalf("got %s %s fault=%v after=%s (%s)", r.Verdict, r.Reason, r.Fault, r.RetryAfter, r.Detail)
			}
			if (r.Receipt != nil) != (c.verdict == delivery.Delivered || c.verdict == delivery.Rejected) {
				t.Fatalf("receipt %v", r.Receipt)
			}
		})
	}
}

func TestSendBringsReceiptsToThePartner(t *testing.T) {
	k := keys(t)
	var contentType atomic.Value
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		contentType.Store(r.Header.Get("Content-Type"))
		w.WriteHeader(http.StatusNoContent)
	})
	r := sender(t, k, local(url), nil).Send(context.Background(),
		delivery.Attempt{MessageID: messageID + "-R2", Type: freeze.TypeReceipt, Body: []byte("a.b.c")})
	if r.Verdict != delivery.Delivered || r.Fault || contentType.Load() != "application/jose" {
		t.Fatalf("got %+v as %v", r, contentType.Load())
	}
}

func TestSendEndsInTime(t *testing.T) {
	k := keys(t)
	hang := make(chan struct{})
	defer close(hang)
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	a := delivery.Attempt{MessageID: messageID, Type: freeze.TypeRequest, Body: message(t)}
	c := local(url)
	c.Timeout = conn.Duration(50 * time.Millisecond)
	if r := sender(t, k, c, nil).Send(context.Background(), a); r.Verdict != delivery.Retry || r.Reason != "timeout" {
		t.Fatalf("hanging partner: %+v", r)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r := sender(t, k, local(url), nil).Send(ctx, a); r.Verdict != delivery.Retry || r.Reason != "stopping" {
		t.Fatalf("stopping: %+v", r)
	}
	slow := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/jose")
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c.URL = slow
	if r := sender(t, k, c, nil).Send(context.Background(), a); r.Verdict != delivery.Retry || r.Reason != "timeout" {
		t.Fatalf("answer that never ends: %+v", r)
	}
}

func TestSendToNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String() + "/"
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := sender(t, keys(t), local(url), nil).Send(context.Background(), delivery.Attempt{MessageID: messageID, Body: message(t)})
	if r.Verdict != delivery.Retry || r.Reason != "connect" || r.Fault {
		t.Fatalf("refused connection: %+v", r)
	}
}

func TestSendRefusesBodiesOutOfBounds(t *testing.T) {
	s := sender(t, keys(t), local("http://127.0.0.1:1/"), nil)
	for _, body := range [][]byte{nil, make([]byte, freeze.MaxSize+1)} {
		if r := s.Send(context.Background(), delivery.Attempt{MessageID: messageID, Body: body}); r.Verdict != delivery.Permanent {
			t.Fatalf("%d bytes: %+v", len(body), r)
		}
	}
}

// TestSendIgnoresTheProxyOfTheEnvironment must see the request itself.
func TestSendIgnoresTheProxyOfTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	k, body := keys(t), message(t)
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		jose(w, 200, seal(t, k.theirs, freeze.LevelReceived, body, nil))
	})
	r := sender(t, k, local(url), nil).Send(context.Background(), delivery.Attempt{MessageID: messageID, Body: body})
	if r.Verdict != delivery.Delivered {
		t.Fatalf("got %+v", r)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []webhook.Config{
		{}, {URL: "gb.example/x"}, {URL: "ftp://gb.example/"}, {URL: "http://gb.example/"}, {URL: "https://u:p@gb.example/"},
		{URL: "https://gb.example/?a=1"}, {URL: "https://gb.example/?"}, {URL: "https://gb.example/#a"}, {URL: "https://:443/"},
		{URL: "https://gb.example/", Timeout: -1}, {URL: "https://gb.example/", TLS: webhook.TLS{Cert: "a"}},
	} {
		if err := c.Validate(); err == nil {
			t.Errorf("%+v: accepted", c)
		}
	}
	if err := (webhook.Config{URL: "https://gb.example/partner/v1/messages"}).Validate(); err != nil {
		t.Error(err)
	}
	if _, err := webhook.New(webhook.Config{URL: "https://gb.example/", TLS: webhook.TLS{CA: "no-such-file"}}, webhook.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing ca: %v", err)
	}
	if got := (webhook.Config{TLS: webhook.TLS{CA: "ca.pem"}}).Under("/etc/haltwire").TLS.CA; got != "/etc/haltwire/ca.pem" {
		t.Error(got)
	}
}
