package conformance_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/conformance"
	"github.com/haltwire/haltwire/sinks/party/kafka"
	"github.com/haltwire/haltwire/sinks/party/webhook"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// partner is a party at the other end of a webhook.
type partner struct {
	t   *testing.T
	key signature.Key

	mu   sync.Mutex
	now  handler // nil = receipts
	seen map[string][]byte
	log  bytes.Buffer
}

func (p *partner) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(text)
}

func (p *partner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	now := p.now
	if now == nil {
		p.seen[r.Header.Get("Idempotency-Key")] = body
	}
	p.mu.Unlock()
	if now == nil {
		now = p.receipts(p.key, freeze.LevelReceived, nil)
	}
	now(w, r, body)
}

// receipts answers with receipts of that key, with a change that makes them false.
func (p *partner) receipts(k signature.Key, level freeze.Level, change func(*freeze.Receipt)) handler {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		them := freeze.Party{PartyID: "GB-FIU", Kind: "fiu", Country: "GB"}
		us := freeze.Party{PartyID: "IN-FIU", Kind: "fiu", Country: "IN"}
		receipt := delivery.NewReceipt(level, r.Header.Get("Idempotency-Key"), freeze.DigestOf(body), nil, them, us, "test", time.Now())
		if level == freeze.LevelRejected {
			receipt.Reject = &freeze.Reject{Code: freeze.CodeNotCompetent, Text: "another FIU"}
		}
		if change != nil {
			change(receipt)
		}
		jws, err := delivery.SealReceipt(k, receipt)
		if err != nil {
			p.t.Error(err)
		}
		w.Header().Set("Content-Type", "application/jose")
		if level == freeze.LevelRejected {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		_, _ = w.Write(jws)
	}
}

// becomes lets the partner do something else until back is called.
func (p *partner) becomes(h handler) func() func() {
	return func() func() {
		p.mu.Lock()
		p.now = h
		p.mu.Unlock()
		return func() {
			p.mu.Lock()
			p.now = nil
			p.mu.Unlock()
		}
	}
}

func newKey(t *testing.T, kid string) (signature.Key, signature.Set) {
	t.Helper()
	k, err := signature.NewKey(kid)
	must(t, err)
	text, err := k.PublicJWKS()
	must(t, err)
	set, err := signature.ParseSet(text)
	must(t, err)
	return k, set
}

func webhookWorld(t *testing.T) *conformance.World {
	ours, _ := newKey(t, "in-1")
	theirs, set := newKey(t, "gb-1")
	stranger, _ := newKey(t, "gb-1")
	ring, err := signature.NewRing(map[string]signature.Set{"GB-FIU": set})
	must(t, err)
	p := &partner{t: t, key: theirs, seen: map[string][]byte{}}
	server := httptest.NewServer(p)
	s, err := webhook.New(webhook.Config{URL: server.URL + "/partner/v1/messages", AllowPrivate: true},
		webhook.Options{Party: "GB-FIU", Key: ours, Ring: ring, Log: slog.New(slog.NewTextHandler(p, nil))})
	must(t, err)
	t.Cleanup(func() { s.Close(); server.Close() })
	hang := make(chan struct{})
	status := func(code int, head ...string) handler {
		return func(w http.ResponseWriter, _ *http.Request, body []byte) {
			for i := 0; i+1 < len(head); i += 2 {
				w.Header().Set(head[i], head[i+1])
			}
			w.WriteHeader(code)
			_, _ = w.Write(body) // a partner that echoes: nothing of it is told on
		}
	}
	return &conformance.World{
		Sender: s, Blind: true,
		Arrived: func() map[string][]byte {
			p.mu.Lock()
			defer p.mu.Unlock()
			out := map[string][]byte{}
			for k, v := range p.seen {
				out[k] = v
			}
			return out
		},
		Exact: func(id string) []byte { p.mu.Lock(); defer p.mu.Unlock(); return p.seen[id] },
		Away:  p.becomes(status(http.StatusServiceUnavailable)),
		Asks:  p.becomes(status(http.StatusTooManyRequests, "Retry-After", "1")),
		Hangs: func() func() {
			back := p.becomes(func(_ http.ResponseWriter, r *http.Request, _ []byte) {
				select {
				case <-hang:
				case <-r.Context().Done():
				}
			})()
			return func() { close(hang); back() }
		},
		Forges: []func() func(){
			p.becomes(p.receipts(stranger, freeze.LevelReceived, nil)),
			p.becomes(p.receipts(theirs, freeze.LevelReceived, func(r *freeze.Receipt) { r.Digest = freeze.DigestOf([]byte("other")) })),
			p.becomes(p.receipts(theirs, freeze.LevelReceived, func(r *freeze.Receipt) { r.Sender.PartyID = "AE-FIU" })),
			p.becomes(status(http.StatusOK, "Content-Type", "application/jose")),
			p.becomes(status(http.StatusFound, "Location", "http://127.0.0.1:1/")),
		},
		Rejects: p.becomes(p.receipts(theirs, freeze.LevelRejected, nil)),
		Said:    func() string { p.mu.Lock(); defer p.mu.Unlock(); return p.log.String() },
	}
}

func kafkaWorld(t *testing.T) *conformance.World {
	const to = "haltwire.to.gb-fiu"
	brokers := kafkatest.Fake(t, 1, kfake.SeedTopics(1, to)).ListenAddrs()
	client := func() *sarama.Config {
		c, err := (conn.Config{Brokers: brokers}).Sarama()
		must(t, err)
		return c
	}
	c := client()
	conn.Idempotent(c)
	producer, err := sarama.NewSyncProducer(brokers, c)
	must(t, err)
	t.Cleanup(func() { _ = producer.Close() })
	key, _ := newKey(t, "in-1")
	s, err := kafka.NewSender(kafka.Config{Out: to, In: "from"}, kafka.Options{Party: "GB-FIU", Self: "IN-FIU", Key: key, Producer: producer})
	must(t, err)
	arrived := func() map[string][]byte { return recordsOf(t, brokers, client(), to) }
	return &conformance.World{
		Sender: s, Word: conformance.Later, Blind: true, Arrived: arrived, Exact: func(id string) []byte { return arrived()[id] },
	}
}

// recordsOf returns the records of a topic, each message once, by its id.
func recordsOf(t *testing.T, brokers []string, c *sarama.Config, topic string) map[string][]byte {
	t.Helper()
	client, err := sarama.NewClient(brokers, c)
	must(t, err)
	defer client.Close()
	end, err := client.GetOffset(topic, 0, sarama.OffsetNewest)
	must(t, err)
	out := map[string][]byte{}
	if end == 0 {
		return out
	}
	consumer, err := sarama.NewConsumerFromClient(client)
	must(t, err)
	defer consumer.Close()
	p, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
	must(t, err)
	defer p.Close()
	for m := range p.Messages() {
		for _, h := range m.Headers {
			if string(h.Key) == "ce_id" {
				out[string(h.Value)] = m.Value
			}
		}
		if m.Offset+1 >= end {
			break
		}
	}
	return out
}
