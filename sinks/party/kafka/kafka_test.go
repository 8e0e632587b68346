package kafka_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/kafka"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

func TestMain(m *testing.M) {
	// sarama's metrics start one ticker per process, for ever.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

const (
	messageID = "U3A5VHP66CSQRGMDHUPYCP5QKM-Q001"
	toGB      = "haltwire.to.gb-fiu"
	fromGB    = "haltwire.from.gb-fiu"
)

func sample(t *testing.T) []byte {
	t.Helper()
	body, err := os.ReadFile("../../freeze/testdata/messages/request.json")
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func key(t *testing.T, kid string) (signature.Key, signature.Set) {
	t.Helper()
	k, err := signature.NewKey(kid)
	if err != nil {
		t.Fatal(err)
	}
	data, err := k.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.ParseSet(data)
	if err != nil {
		t.Fatal(err)
	}
	return k, s
}

// door answers as told and remembers what it was given.
type door struct {
	mu      sync.Mutex
	letters []delivery.Letter
	replies []delivery.Reply // the last one stays
}

func (d *door) Take(_ context.Context, l delivery.Letter) delivery.Reply {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.letters = append(d.letters, l)
	r := d.replies[0]
	if len(d.replies) > 1 {
		d.replies = d.replies[1:]
	}
	return r
}

func (d *door) ids() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, l := range d.letters {
		out = append(out, l.MessageID)
	}
	return out
}

// world is one broker with the two topics, our side IN and the partner GB.
type world struct {
	t        *testing.T
	brokers  []string
	producer sarama.SyncProducer
	in, gb   signature.Key
	ring     *signature.Ring // as GB has it
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOn(t, kafkatest.Fake(t, 1, kfake.SeedTopics(1, toGB, fromGB)).ListenAddrs())
}

func worldOn(t *testing.T, brokers []string) *world {
	t.Helper()
	w := &world{t: t, brokers: brokers}
	w.producer = w.newProducer()
	var in signature.Set
	w.in, in = key(t, "in-1")
	w.gb, _ = key(t, "gb-1")
	ring, err := signature.NewRing(map[string]signature.Set{"IN-FIU": in})
	if err != nil {
		t.Fatal(err)
	}
	w.ring = ring
	return w
}

func (w *world) client() *sarama.Config {
	w.t.Helper()
	c, err := (conn.Config{Brokers: w.brokers}).Sarama()
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) newProducer() sarama.SyncProducer {
	w.t.Helper()
	c := w.client()
	conn.Idempotent(c)
	p, err := sarama.NewSyncProducer(w.brokers, c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = p.Close() })
	return p
}

func (w *world) send(k signature.Key, id string, body []byte) delivery.Result {
	w.t.Helper()
	s, err := kafka.NewSender(kafka.Config{Out: toGB, In: fromGB}, kafka.Options{Party: "GB-FIU", Self: "IN-FIU", Key: k, Producer: w.producer})
	if err != nil {
		w.t.Fatal(err)
	}
	return s.Send(context.Background(), delivery.Attempt{MessageID: id, Type: freeze.TypeRequest, Body: body})
}

// receive runs GB's receiver until the test or stop ends it.
func (w *world) receive(d *door) (stop func()) {
	w.t.Helper()
	r, err := kafka.NewReceiver(kafka.Config{Out: fromGB, In: toGB}, kafka.ReceiverOptions{
		Party: "IN-FIU", Self: "GB-FIU", Key: w.gb, Ring: w.ring, Door: d, Producer: w.producer,
		Brokers: w.brokers, Client: w.client(), Group: "gb",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				w.t.Error(err)
			}
		})
	}
	w.t.Cleanup(stop)
	return stop
}

// records reads n records from the start of a topic.
func (w *world) records(topic string, n int) []*sarama.ConsumerMessage {
	w.t.Helper()
	c, err := sarama.NewConsumer(w.brokers, w.client())
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	p, err := c.ConsumePartition(topic, 0, sarama.OffsetOldest)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	var out []*sarama.ConsumerMessage
	deadline := time.After(20 * time.Second)
	for len(out) < n {
		select {
		case m := <-p.Messages():
			out = append(out, m)
		case <-deadline:
			w.t.Fatalf("%d of %d records on %s", len(out), n, topic)
		}
	}
	return out
}

func header(m *sarama.ConsumerMessage, name string) string {
	for _, h := range m.Headers {
		if string(h.Key) == name {
			return string(h.Value)
		}
	}
	return ""
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("never: " + what)
		}
	}
}

func TestSendWritesTheFrozenBytesAndACloudEvent(t *testing.T) {
	w, body := newWorld(t), sample(t)
	r := w.send(w.in, messageID, body)
	if r.Verdict != delivery.Delivered || !r.Awaiting || r.Receipt != nil {
		t.Fatalf("got %+v", r)
	}
	m := w.records(toGB, 1)[0]
	if string(m.Value) != string(body) || string(m.Key) != "U3A5VHP66CSQRGMDHUPYCP5QKM" {
		t.Fatalf("key %s, value %s", m.Key, m.Value)
	}
	for name, want := range map[string]string{"ce_specversion": "1.0", "ce_id": messageID, "ce_type": "haltwire.freeze.request", "ce_source": "/IN-FIU", "content-type": "application/json"} {
		if got := header(m, name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if _, err := w.ring.Party("IN-FIU").VerifyDetached([]byte(header(m, "signature")), body); err != nil {
		t.Fatal(err)
	}
	if _, err := freeze.ParseTime(header(m, "ce_time")); err != nil {
		t.Fatal(err)
	}
}

func TestReceiverTakesInAndSendsTheReceiptBack(t *testing.T) {
	t.Run("in process", func(t *testing.T) { takesInAndSendsBack(t, newWorld(t)) })
	t.Run("Apache Kafka", func(t *testing.T) {
		server := kafkatest.Start(t)
		server.CreateTopic(t, toGB, 1, nil)
		server.CreateTopic(t, fromGB, 1, nil)
		takesInAndSendsBack(t, worldOn(t, server.Addresses()))
	})
}

func takesInAndSendsBack(t *testing.T, w *world) {
	t.Helper()
	body := sample(t)
	d := &door{replies: []delivery.Reply{
		{Status: http.StatusServiceUnavailable, RetryAfter: time.Millisecond},
		{Status: http.StatusOK, JWS: []byte("receipt.of.message")},
		{Status: http.StatusUnprocessableEntity, JWS: []byte("rejection.of.message")},
	}}
	stop := w.receive(d)
	w.send(w.in, messageID, body)
	w.send(w.in, "U3A5VHP66CSQRGMDHUPYCP5QKM-Q002", []byte("{}"))
	got := w.records(fromGB, 2)
	if string(got[0].Value) != "receipt.of.message" || header(got[0], "ce_id") != messageID+"-R1" || header(got[0], "content-type") != "application/jose" {
		t.Fatalf("%s %s", header(got[0], "ce_id"), got[0].Value)
	}
	if header(got[1], "ce_id") != "U3A5VHP66CSQRGMDHUPYCP5QKM-Q002-R3" {
		t.Fatalf("%s %s", header(got[1], "ce_id"), got[1].Value)
	}
	d.mu.Lock()
	l := d.letters[1]
	d.mu.Unlock()
	if l.Party != "IN-FIU" || l.Channel != kafka.Channel || l.MessageID != messageID || string(l.Body) != string(body) || l.ContentType != "application/json" {
		t.Fatalf("letter %+v", l)
	}
	stop()
	again := &door{replies: []delivery.Reply{{Status: http.StatusNoContent}}}
	w.receive(again)
	w.send(w.in, "U3A5VHP66CSQRGMDHUPYCP5QKM-Q003", body)
	eventually(t, "the third message", func() bool { return len(again.ids()) > 0 })
	if ids := again.ids(); len(ids) != 1 || ids[0] != "U3A5VHP66CSQRGMDHUPYCP5QKM-Q003" {
		t.Fatalf("after a restart it read %v", ids)
	}
}

// TestReceiverReadsAgainWhatWasNotDone stops while the door cannot take a
// message in; the next receiver must see it.
func TestReceiverReadsAgainWhatWasNotDone(t *testing.T) {
	w := newWorld(t)
	d := &door{replies: []delivery.Reply{{Status: http.StatusServiceUnavailable}}}
	stop := w.receive(d)
	w.send(w.in, messageID, sample(t))
	eventually(t, "a first try", func() bool { return len(d.ids()) > 0 })
	stop()
	d = &door{replies: []delivery.Reply{{Status: http.StatusOK, JWS: []byte("a.b.c")}}}
	w.receive(d)
	w.records(fromGB, 1)
}

func TestReceiverDropsForgeries(t *testing.T) {
	w, body := newWorld(t), sample(t)
	d := &door{replies: []delivery.Reply{{Status: http.StatusNoContent}}}
	stranger, _ := key(t, "in-1")
	w.send(stranger, "U3A5VHP66CSQRGMDHUPYCP5QKM-Q001", body)
	unknown, _ := key(t, "xx-1")
	w.send(unknown, "U3A5VHP66CSQRGMDHUPYCP5QKM-Q002", body)
	good, err := signature.SignDetached(w.in, body)
	if err != nil {
		t.Fatal(err)
	}
	raw := func(value []byte, signatures ...string) {
		m := &sarama.ProducerMessage{Topic: toGB, Value: sarama.ByteEncoder(value)}
		for _, s := range signatures {
			m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte("signature"), Value: []byte(s)})
		}
		if _, _, err := w.producer.SendMessage(m); err != nil {
			t.Fatal(err)
		}
	}
	raw(append(body, ' '), string(good))
	raw(body)
	raw(body, string(good), string(good))
	w.receive(d)
	w.send(w.in, "U3A5VHP66CSQRGMDHUPYCP5QKM-Q009", body)
	eventually(t, "the good message", func() bool { return len(d.ids()) > 0 })
	if ids := d.ids(); len(ids) != 1 || ids[0] != "U3A5VHP66CSQRGMDHUPYCP5QKM-Q009" {
		t.Fatalf("the door was given %v", ids)
	}
}

type broken struct{ err error }

func (b broken) SendMessage(*sarama.ProducerMessage) (int32, int64, error) { return 0, 0, b.err }

func TestSendWithoutABroker(t *testing.T) {
	k, _ := key(t, "in-1")
	a := delivery.Attempt{MessageID: messageID, Type: freeze.TypeRequest, Body: sample(t)}
	for _, c := range []struct {
		err     error
		verdict delivery.Verdict
		reason  string
	}{
		{sarama.ErrOutOfBrokers, delivery.Retry, "produce"},
		{sarama.ErrTopicAuthorizationFailed, delivery.Retry, "produce"},
		{sarama.ErrMessageSizeTooLarge, delivery.Permanent, "too_large"},
	} {
		s, err := kafka.NewSender(kafka.Config{Out: "a", In: "b"}, kafka.Options{Key: k, Producer: broken{c.err}})
		if err != nil {
			t.Fatal(err)
		}
		if r := s.Send(context.Background(), a); r.Verdict != c.verdict || r.Reason != c.reason {
			t.Errorf("%v: %+v", c.err, r)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if r := s.Send(ctx, a); r.Verdict != delivery.Retry || r.Reason != "stopping" {
			t.Errorf("stopping: %+v", r)
		}
		if r := s.Send(context.Background(), delivery.Attempt{}); r.Verdict != delivery.Permanent {
			t.Errorf("empty: %+v", r)
		}
	}
}

func TestErrorsOfNew(t *testing.T) {
	for _, c := range []kafka.Config{{}, {Out: "a"}, {In: "a"}, {Out: "a", In: "a"}} {
		if _, err := kafka.NewSender(c, kafka.Options{Producer: broken{}}); err == nil {
			t.Errorf("sender with %+v", c)
		}
		if _, err := kafka.NewReceiver(c, kafka.ReceiverOptions{}); err == nil {
			t.Errorf("receiver with %+v", c)
		}
	}
	_, err := kafka.NewSender(kafka.Config{Out: "a", In: "b"}, kafka.Options{})
	_, err2 := kafka.NewReceiver(kafka.Config{Out: "a", In: "b"}, kafka.ReceiverOptions{})
	if errors.Join(err, err2) == nil || err == nil || err2 == nil {
		t.Error("without producer:", err, err2)
	}
}
