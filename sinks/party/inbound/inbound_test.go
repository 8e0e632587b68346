package inbound_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const messageID = "U3A5VHP66CSQRGMDHUPYCP5QKM-Q001"

// desk is a Desk in memory with the promises of the interface.
type desk struct {
	mu     sync.Mutex
	log    map[string]delivery.Known
	taken  []delivery.Inbound
	traces []trace.TraceID
	fail   error
	reject *freeze.Reject
	block  chan struct{}
}

func (d *desk) Lookup(_ context.Context, party, id string) (delivery.Known, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k, ok := d.log[party+" "+id]
	return k, ok, d.fail
}

func (d *desk) Accept(ctx context.Context, in delivery.Inbound) (delivery.Answer, error) {
	if d.block != nil {
		<-d.block
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return delivery.Answer{}, d.fail
	}
	key := in.Party + " " + in.MessageID
	if k, ok := d.log[key]; ok {
		if k.Digest != in.Digest {
			return delivery.Answer{}, delivery.ErrConflict
		}
		return k.Answer, nil
	}
	a := delivery.Answer{JWS: in.Receipt}
	if d.reject != nil && in.Reject != nil {
		jws, err := in.Reject(*d.reject)
		if err != nil {
			return a, err
		}
		a = delivery.Answer{JWS: jws, Rejected: true}
	}
	d.log[key] = delivery.Known{Digest: in.Digest, Answer: a}
	d.taken = append(d.taken, in)
	d.traces = append(d.traces, trace.SpanContextFromContext(ctx).TraceID())
	return a, nil
}

// world is one receiving haltwire, GB, and the keys of those who write to it.
type world struct {
	t          *testing.T
	desk       *desk
	door       *inbound.Door
	url        string
	gb, in, ae signature.Key
	gbSet      signature.Set
	now        time.Time
	since      time.Time
	nonces     *signature.Nonces
}

func newWorld(t *testing.T, change func(*inbound.Options)) *world {
	t.Helper()
	w := &world{t: t, desk: &desk{log: map[string]delivery.Known{}}, now: time.Now(), nonces: signature.NewNonces(1000)}
	w.gb, w.in, w.ae = key(t, "gb-1"), key(t, "in-1"), key(t, "ae-1")
	w.gbSet = set(t, w.gb)
	w.start(change)
	return w
}

// start opens a new process on the same desk, as after a restart.
func (w *world) start(change func(*inbound.Options)) {
	w.t.Helper()
	ring, err := signature.NewRing(map[string]signature.Set{"IN-FIU": set(w.t, w.in), "AE-FIU": set(w.t, w.ae)})
	if err != nil {
		w.t.Fatal(err)
	}
	opt := inbound.Options{
		Self: freeze.Party{PartyID: "GB-FIU", Kind: "fiu", Country: "GB"}, Environment: "test", Key: w.gb, Ring: ring, Desk: w.desk,
		Party: func(id string) (freeze.Party, bool) {
			return freeze.Party{PartyID: id, Kind: "fiu", Country: id[:2]}, true
		},
	}
	if change != nil {
		change(&opt)
	}
	if w.door, err = inbound.NewDoor(opt); err != nil {
		w.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(inbound.Path, inbound.NewHandler(w.door, &signature.Verifier{Ring: ring, Nonces: w.nonces, Since: w.since}))
	s := httptest.NewServer(mux)
	w.t.Cleanup(s.Close)
	w.url = s.URL + inbound.Path
}

func key(t *testing.T, kid string) signature.Key {
	t.Helper()
	k, err := signature.NewKey(kid)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func set(t *testing.T, k signature.Key) signature.Set {
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

func sample(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("../../freeze/testdata/messages/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// edited returns a sample with members of the envelope set.
func edited(t *testing.T, name string, pairs ...any) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(sample(t, name), &m); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (w *world) request(k signature.Key, id, kind string, body []byte) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Idempotency-Key", id)
	if err := signature.Sign(r, body, k, w.now, ""); err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close(); http.DefaultClient.CloseIdleConnections() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

func (w *world) post(k signature.Key, id string, body []byte) answer {
	return w.do(w.request(k, id, "application/json", body))
}

func (w *world) receipt(a answer, id string, body []byte) *freeze.Receipt {
	w.t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/jose" {
		w.t.Fatalf("status %d, content type %q: %s", a.status, got, a.body)
	}
	r, err := delivery.OpenReceipt(w.gbSet, "GB-FIU", a.body)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := delivery.CheckReceipt(r, id, freeze.DigestOf(body)); err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) wantTaken(n int) {
	w.t.Helper()
	w.desk.mu.Lock()
	defer w.desk.mu.Unlock()
	if len(w.desk.taken) != n {
		w.t.Fatalf("the desk took %d messages, want %d", len(w.desk.taken), n)
	}
}

func TestMessageIsReceiptedOnceAndTheSameForEver(t *testing.T) {
	w := newWorld(t, nil)
	body := sample(t, "request")
	r := w.request(w.in, messageID, "application/json", body)
	r.Header.Set("traceparent", "00-01000000000000000000000000000000-0200000000000000-01")
	first := w.do(r)
	if first.status != 200 {
		t.Fatalf("%d %s", first.status, first.body)
	}
	if got := w.receipt(first, messageID, body); got.Level != freeze.LevelReceived || got.Recipient.PartyID != "IN-FIU" || got.Case.ID != "5NOKM77ZSHB7ORUSTX2Z6BH2CY" {
		t.Fatalf("receipt %+v", got)
	}
	again := w.post(w.in, messageID, body)
	w.start(nil) // the receipt survives in what the desk knows
	later := w.post(w.in, messageID, body)
	if again.status != 200 || later.status != 200 || !bytes.Equal(first.body, again.body) || !bytes.Equal(first.body, later.body) {
		t.Fatalf("%d %d: other receipts", again.status, later.status)
	}
	w.wantTaken(1)
	in := w.desk.taken[0]
	if in.Party != "IN-FIU" || in.Type != freeze.TypeRequest || !bytes.Equal(in.Body, body) || in.Message.Head().MessageID != messageID {
		t.Fatalf("inbound %+v", in)
	}
	if w.desk.traces[0] != (trace.TraceID{1}) {
		t.Fatalf("trace %s", w.desk.traces[0])
	}
	other := edited(t, "request", "urgency", "normal")
	if a := w.post(w.in, messageID, other); a.status != 409 {
		t.Fatalf("other body: %d", a.status)
	}
	w.wantTaken(1)
}

func TestOutcomesComeInTheSameWay(t *testing.T) {
	w := newWorld(t, nil)
	in := freeze.Party{PartyID: "IN-FIU", Kind: "fiu", Country: "IN"}
	body := edited(t, "outcome", "sender", in, "recipient", freeze.Party{PartyID: "GB-FIU", Kind: "fiu", Country: "GB"})
	id := "U3A5VHP66CSQRGMDHUPYCP5QKM-A001"
	a := w.post(w.in, id, body)
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	w.receipt(a, id, body)
	if o, ok := w.desk.taken[0].Message.(*freeze.Outcome); !ok || o.Decision != "partly" {
		t.Fatalf("%+v", w.desk.taken[0].Message)
	}
}

// TestForgeriesChangeNothing: replayed, altered and forged requests get 401, no
// reason, and never reach the desk.
func TestForgeriesChangeNothing(t *testing.T) {
	body := sample(t, "request")
	cases := map[string]func(w *world) *http.Request{
		"stranger":       func(w *world) *http.Request { return w.request(key(t, "xx-1"), messageID, "application/json", body) },
		"stolen key id":  func(w *world) *http.Request { return w.request(key(t, "in-1"), messageID, "application/json", body) },
		"another party":  func(w *world) *http.Request { return w.request(w.ae, messageID, "application/json", body) },
		"altered id":     altered(body, "Idempotency-Key", "U3A5VHP66CSQRGMDHUPYCP5QKM-Q002"),
		"altered type":   altered(body, "Content-Type", "application/jose"),
		"altered digest": altered(body, "Content-Digest", "sha-256=:AAAA:"),
		"no signature":   altered(body, "Signature", ""),
		"other host": func(w *world) *http.Request {
			r := w.request(w.in, messageID, "application/json", body)
			r.Host = "ae.example"
			return r
		},
		"query": func(w *world) *http.Request {
			r := w.request(w.in, messageID, "application/json", body)
			r.URL.RawQuery = "a=1"
			return r
		},
		"altered body": func(w *world) *http.Request { return swapped(w, body, edited(t, "request", "urgency", "normal")) },
		"from the future": func(w *world) *http.Request {
			w.now = w.now.Add(2 * time.Minute)
			return w.request(w.in, messageID, "application/json", body)
		},
		"from the past": func(w *world) *http.Request {
			w.now = w.now.Add(-10 * time.Minute)
			return w.request(w.in, messageID, "application/json", body)
		},
	}
	for name, make := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			a := w.do(make(w))
			if a.status != 401 || strings.TrimSpace(string(a.body)) != "Unauthorized" {
				t.Fatalf("%d %s", a.status, a.body)
			}
			w.wantTaken(0)
		})
	}
}

func altered(body []byte, name, value string) func(w *world) *http.Request {
	return func(w *world) *http.Request {
		r := w.request(w.in, messageID, "application/json", body)
		if r.Header.Set(name, value); value == "" {
			r.Header.Del(name)
		}
		return r
	}
}

func swapped(w *world, body, other []byte) *http.Request {
	r := w.request(w.in, messageID, "application/json", body)
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(bytes.NewReader(other)), int64(len(other)), nil
	return r
}

func TestReplayIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	body := sample(t, "request")
	r := w.request(w.in, messageID, "application/json", body)
	replay := r.Clone(context.Background())
	replay.Body = io.NopCloser(bytes.NewReader(body))
	if a := w.do(r); a.status != 200 {
		t.Fatal(a.status)
	}
	if a := w.do(replay); a.status != 401 {
		t.Fatalf("replay: %d", a.status)
	}
	w.wantTaken(1)
}

// TestReplayAfterARestartIsToldToSignAnew lets a process begin that remembers no nonce:
// what was signed before it is not taken, and whoever holds the key signs again.
func TestReplayAfterARestartIsToldToSignAnew(t *testing.T) {
	w := newWorld(t, nil)
	body := sample(t, "request")
	r := w.request(w.in, messageID, "application/json", body)
	replay := r.Clone(context.Background())
	replay.Body = io.NopCloser(bytes.NewReader(body))
	if a := w.do(r); a.status != 200 {
		t.Fatal(a.status)
	}
	w.nonces, w.since = signature.NewNonces(1000), time.Now()
	w.start(nil)
	replay.URL.Host = strings.TrimPrefix(strings.TrimSuffix(w.url, inbound.Path), "http://")
	if a := w.do(replay); a.status != 503 || a.header.Get("Retry-After") != "1" {
		t.Fatalf("replay: %d %s", a.status, a.header.Get("Retry-After"))
	}
	w.since = time.Now().Add(-time.Minute)
	w.start(nil)
	if a := w.post(w.in, messageID, body); a.status != 200 {
		t.Fatalf("signed anew: %d", a.status)
	}
	w.wantTaken(1)
}

func TestRejections(t *testing.T) {
	for _, c := range []struct {
		name, id, kind, code, field string
		body                        []byte
	}{
		{"not JSON", messageID, "application/json", "schema", "", []byte("{")},
		{"form", messageID, "application/json", "schema", "urgency", edited(t, "request", "urgency", "soon")},
		{"legal text", messageID, "application/json", "legal_content_missing", "legal.facts", edited(t, "request", "legal", json.RawMessage(
			`{"regime":"egmont","requester_basis":{"code":"M","text":"t"},"predicate_offence":{"code":"fraud"},"ml_suspicion":true,"reason":"r","nexus":"n","intended_use":"i","followup":{"mla":false}}`))},
		{"other id", "U3A5VHP66CSQRGMDHUPYCP5QKM-Q002", "application/json", "schema", "message_id", sample(t, "request")},
		{"wrong recipient", messageID, "application/json", "wrong_recipient", "recipient.party_id", edited(t, "request", "recipient", freeze.Party{PartyID: "AE-FIU", Kind: "fiu", Country: "AE"})},
		{"other environment", messageID, "application/json", "test_refused", "environment", edited(t, "request", "environment", "live")},
		{"outcome of tomorrow", "U3A5VHP66CSQRGMDHUPYCP5QKM-A001", "application/json", "schema", "as_of", edited(t, "outcome", "as_of", "2099-01-01T00:00:00.000Z",
			"sender", freeze.Party{PartyID: "IN-FIU", Kind: "fiu", Country: "IN"}, "recipient", freeze.Party{PartyID: "GB-FIU", Kind: "fiu", Country: "GB"})},
		{"content type", messageID, "text/plain", "schema", "content-type", sample(t, "request")},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			a := w.do(w.request(w.in, c.id, c.kind, c.body))
			if a.status != 422 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			r := w.receipt(a, c.id, c.body)
			if r.Level != freeze.LevelRejected || string(r.Reject.Code) != c.code || r.Reject.Field != c.field {
				t.Fatalf("reject %+v", r.Reject)
			}
			if b := w.do(w.request(w.in, c.id, c.kind, c.body)); !bytes.Equal(a.body, b.body) {
				t.Fatal("the same body got another receipt")
			}
			w.wantTaken(0)
		})
	}
	t.Run("no message id", func(t *testing.T) {
		w := newWorld(t, nil)
		for _, id := range []string{"", "X", messageID + "-R1"} {
			if a := w.post(w.in, id, sample(t, "request")); a.status != 422 || a.header.Get("Content-Type") == "application/jose" {
				t.Fatalf("%q: %d", id, a.status)
			}
		}
		w.wantTaken(0)
	})
}

func TestDeskMayReject(t *testing.T) {
	w := newWorld(t, nil)
	w.desk.reject = &freeze.Reject{Code: freeze.CodeUnknownAlert, Field: "alert_id", Text: "is not known here"}
	body := sample(t, "request")
	a, b := w.post(w.in, messageID, body), w.post(w.in, messageID, body)
	if a.status != 422 || b.status != 422 || !bytes.Equal(a.body, b.body) {
		t.Fatalf("%d %d", a.status, b.status)
	}
	if r := w.receipt(a, messageID, body); r.Reject.Code != freeze.CodeUnknownAlert {
		t.Fatalf("%+v", r.Reject)
	}
	w.wantTaken(1)
}

func TestLaterReceipts(t *testing.T) {
	w := newWorld(t, nil)
	id := "5NOKM77ZSHB7ORUSTX2Z6BH2CY-Q001"
	in, gb := freeze.Party{PartyID: "IN-FIU", Kind: "fiu", Country: "IN"}, freeze.Party{PartyID: "GB-FIU", Kind: "fiu", Country: "GB"}
	sealed := func(k signature.Key, from freeze.Party, env string) []byte {
		at := freeze.At(time.Now().Add(time.Hour))
		r := delivery.NewReceipt(freeze.LevelAccepted, id, freeze.DigestOf([]byte("x")), nil, from, gb, env, time.Now())
		r.RecipientRef, r.DeskContact, r.DecideBy = "IN-7", &freeze.Contact{Desk: "Night desk"}, &at
		jws, err := delivery.SealReceipt(k, r)
		if err != nil {
			t.Fatal(err)
		}
		return jws
	}
	good := sealed(w.in, in, "test")
	post := func(id string, jws []byte) int { return w.do(w.request(w.in, id, "application/jose", jws)).status }
	for name, c := range map[string]struct {
		id     string
		jws    []byte
		status int
	}{
		"other id":           {id + "-R1", good, 422},
		"signed by another":  {id + "-R2", sealed(w.ae, in, "test"), 401},
		"named as another":   {id + "-R2", sealed(w.in, freeze.Party{PartyID: "AE-FIU", Kind: "fiu", Country: "AE"}, "test"), 422},
		"other environment":  {id + "-R2", sealed(w.in, in, "live"), 422},
		"no JWS":             {id + "-R2", []byte("{}"), 401},
		"JSON instead of it": {id + "-R2", sample(t, "receipt-accepted"), 401},
	} {
		if got := post(c.id, c.jws); got != c.status {
			t.Errorf("%s: %d, want %d", name, got, c.status)
		}
	}
	w.wantTaken(0)
	if got := post(id+"-R2", good); got != 204 {
		t.Fatalf("good receipt: %d", got)
	}
	if got := post(id+"-R2", good); got != 204 {
		t.Fatalf("good receipt again: %d", got)
	}
	if got := post(id+"-R2", sealed(w.in, in, "test")); got != 409 && got != 204 {
		t.Fatalf("another receipt under the same id: %d", got)
	}
	w.wantTaken(1)
	if r := w.desk.taken[0].Message.(*freeze.Receipt); r.RecipientRef != "IN-7" || w.desk.taken[0].Receipt != nil {
		t.Fatalf("%+v", r)
	}
}

func TestDeskAway(t *testing.T) {
	w := newWorld(t, nil)
	w.desk.fail = errors.New("log not reachable")
	a := w.post(w.in, messageID, sample(t, "request"))
	if a.status != 503 || a.header.Get("Retry-After") != "1" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	if strings.Contains(string(a.body), "reachable") {
		t.Fatal("a partner reads our errors")
	}
	w.desk.fail = nil
	if a := w.post(w.in, messageID, sample(t, "request")); a.status != 200 {
		t.Fatalf("afterwards: %d", a.status)
	}
	w.wantTaken(1)
}

func TestBoundsOfSizeAndRate(t *testing.T) {
	w := newWorld(t, func(o *inbound.Options) { o.PerSecond, o.Burst = 0.5, 3 })
	large := make([]byte, freeze.MaxSize+1)
	if a := w.post(w.in, messageID, large); a.status != 413 {
		t.Fatalf("declared size: %d", a.status)
	}
	r := w.request(w.in, messageID, "application/json", large)
	r.ContentLength, r.Body, r.GetBody = -1, io.NopCloser(bytes.NewReader(large)), nil
	if a := w.do(r); a.status != 413 {
		t.Fatalf("size found while reading: %d", a.status)
	}
	for range 5 { // strangers under a known key id do not use up its share
		w.post(key(t, "in-1"), messageID, sample(t, "request"))
	}
	statuses := ""
	for range 4 {
		a := w.post(w.in, messageID, sample(t, "request"))
		statuses += fmt.Sprint(a.status, a.header.Get("Retry-After"), " ")
	}
	if statuses != "200 200 4292 4292 " {
		t.Fatalf("statuses %q", statuses)
	}
	if a := w.post(w.ae, messageID, edited(t, "request", "sender", freeze.Party{PartyID: "AE-FIU", Kind: "fiu", Country: "AE"})); a.status != 200 {
		t.Fatalf("another party waits too: %d", a.status)
	}
}

func TestSlowBodiesEndAndOtherMethodsAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	resp, err := http.Get(w.url)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != 405 {
		t.Fatal(resp.StatusCode)
	}
	// A body that never comes must not reach the desk.
	r := w.request(w.in, messageID, "application/json", sample(t, "request"))
	c, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 10\r\n", inbound.Path, r.URL.Host); err != nil {
		t.Fatal(err)
	}
	if err := r.Header.Write(c); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "\r\nabc"); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if _, err := io.ReadAll(c); err != nil {
		t.Fatal(err)
	}
	w.wantTaken(0)
}

// TestStrangersHoldNoConnection begins requests whose bodies never come: who may
// not speak here is answered and sent away, signed or not.
func TestStrangersHoldNoConnection(t *testing.T) {
	w := newWorld(t, nil)
	u, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"POST": " 401 ", "PUT": " 405 "} {
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\n\r\n{", name, inbound.Path, u.Host); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(c) // until the server hangs up
		if err != nil || !strings.Contains(string(answer), want) {
			t.Fatalf("%s: %q, %v", name, answer, err)
		}
	}
}

// TestSameMessageAtTheSameTime posts one message twenty times at once.
func TestSameMessageAtTheSameTime(t *testing.T) {
	w := newWorld(t, nil)
	w.desk.block = make(chan struct{})
	body := sample(t, "request")
	var reqs []*http.Request
	for range 20 {
		reqs = append(reqs, w.request(w.in, messageID, "application/json", body))
	}
	answers := make(chan answer, len(reqs))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, r := range reqs {
		go func() {
			resp, err := client.Do(r)
			if err != nil {
				answers <- answer{}
				return
			}
			got, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			answers <- answer{status: resp.StatusCode, body: got}
		}()
	}
	close(w.desk.block)
	first := <-answers
	for range len(reqs) - 1 {
		if a := <-answers; a.status != 200 || !bytes.Equal(a.body, first.body) {
			t.Fatalf("%d and %d, or other receipts", first.status, a.status)
		}
	}
	w.wantTaken(1)
}

func TestOptionsErrors(t *testing.T) {
	for _, o := range []inbound.Options{{}, {Desk: &desk{}}, {Desk: &desk{}, Ring: &signature.Ring{}, Party: func(string) (freeze.Party, bool) { return freeze.Party{}, false }}} {
		if _, err := inbound.NewDoor(o); err == nil {
			t.Errorf("%+v: accepted", o)
		}
	}
}
