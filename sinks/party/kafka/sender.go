package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/propagation"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// Channel is the name of the channel in events, metrics and Inbound.
const Channel = "kafka"

// Config is a channel of kind kafka as the user writes it.
type Config struct {
	// Out is the topic to the party, In the one from it.
	Out string `yaml:"out"`
	In  string `yaml:"in"`
}

// Validate reports what is missing.
func (c Config) Validate() error {
	if c.Out == "" || c.In == "" || c.Out == c.In {
		return errors.New("kafka channel: out and in must name two topics")
	}
	return nil
}

// Producer writes one record and returns when all replicas have it. A
// sarama.SyncProducer is one; it must wait for all acks (conn.Idempotent).
type Producer interface {
	SendMessage(*sarama.ProducerMessage) (partition int32, offset int64, err error)
}

// Options is what code passes to NewSender.
type Options struct {
	// Party is the configured id of the party, Self our own.
	Party, Self string
	// Key signs the records.
	Key signature.Key
	// Producer is owned by the caller.
	Producer Producer
	// Metrics gets one count an attempt; nil discards.
	Metrics *telemetry.Metrics
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Sender makes attempts at one party's topic. It is safe for concurrent use.
type Sender struct {
	topic string
	opt   Options
}

// NewSender validates; it opens nothing.
func NewSender(c Config, opt Options) (*Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if opt.Producer == nil {
		return nil, errors.New("kafka channel: a producer is needed")
	}
	if opt.Metrics == nil {
		opt.Metrics = telemetry.Discard()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Sender{topic: c.Out, opt: opt}, nil
}

// Send writes the message to the party's topic. Delivered means that it is
// there; the party's receipt comes by the Receiver, therefore Awaiting is set,
// except for receipts. It blocks for as long as the producer does; ctx is looked
// at before only, since a record on its way cannot be called back.
func (s *Sender) Send(ctx context.Context, a delivery.Attempt) delivery.Result {
	start := s.opt.Now()
	r := s.attempt(ctx, a)
	r.Elapsed = s.opt.Now().Sub(start)
	s.opt.Metrics.Attempts.Add(ctx, 1, telemetry.Attr(telemetry.Party, s.opt.Party, telemetry.Channel, Channel, telemetry.Result, r.Reason))
	return r
}

func (s *Sender) attempt(ctx context.Context, a delivery.Attempt) delivery.Result {
	if err := ctx.Err(); err != nil {
		return delivery.Result{Verdict: delivery.Retry, Reason: "stopping", Detail: err.Error()}
	}
	if len(a.Body) == 0 || len(a.Body) > freeze.MaxSize {
		return delivery.Result{Verdict: delivery.Permanent, Reason: "too_large", Detail: "body out of bounds"}
	}
	created := a.Created
	if created.IsZero() {
		created = s.opt.Now()
	}
	m, err := record(ctx, s.topic, s.opt.Self, s.opt.Key, a, created)
	if err != nil {
		return delivery.Result{Verdict: delivery.Permanent, Reason: "request", Detail: err.Error()}
	}
	_, _, err = s.opt.Producer.SendMessage(m)
	switch {
	case errors.Is(err, sarama.ErrMessageSizeTooLarge):
		return delivery.Result{Verdict: delivery.Permanent, Reason: "too_large", Detail: err.Error()}
	case err != nil:
		return delivery.Result{Verdict: delivery.Retry, Reason: "produce", Detail: err.Error()}
	}
	return delivery.Result{Verdict: delivery.Delivered, Reason: "taken", Awaiting: a.Type != freeze.TypeReceipt}
}

// record builds the record of a message; its key is the alert id, so that the
// messages of an alert keep their order.
func record(ctx context.Context, topic, self string, key signature.Key, a delivery.Attempt, at time.Time) (*sarama.ProducerMessage, error) {
	sig, err := signature.SignDetached(key, a.Body)
	if err != nil {
		return nil, err
	}
	content := "application/json"
	if a.Type == freeze.TypeReceipt {
		content = "application/jose"
	}
	id, _ := freeze.ParseID(a.MessageID)
	m := &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(id.AlertID), Value: sarama.ByteEncoder(a.Body)}
	add := func(name, value string) {
		m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte(name), Value: []byte(value)})
	}
	add("ce_specversion", "1.0")
	add("ce_id", a.MessageID)
	add("ce_source", "/"+self)
	add("ce_type", "haltwire.freeze."+string(a.Type))
	add("ce_time", freeze.At(at).String())
	add("content-type", content)
	add("signature", string(sig))
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	for _, name := range carrier.Keys() {
		add(name, carrier.Get(name))
	}
	return m, nil
}
