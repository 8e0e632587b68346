package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/propagation"

	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// Door takes verified letters; *inbound.Door is one. Take blocks until the
// message is on the case log or refused.
type Door interface {
	Take(ctx context.Context, l delivery.Letter) delivery.Reply
}

// ReceiverOptions is what code passes to NewReceiver.
type ReceiverOptions struct {
	// Party is the configured id of the party whose topic is read, Self ours.
	Party, Self string
	// Key signs the records that carry receipts.
	Key signature.Key
	// Ring holds the keys of the party.
	Ring *signature.Ring
	// Door takes the messages in.
	Door Door
	// Producer writes the receipts to the party's topic; owned by the caller.
	Producer Producer
	// Brokers, Client and Group are how the topic is read. Client is a copy of
	// its own (conn.Config.Sarama).
	Brokers []string
	Client  *sarama.Config
	Group   string
	// Metrics gets one count a refused record; nil discards.
	Metrics *telemetry.Metrics
	// Log gets what was refused; nil discards.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Receiver reads the topic from one party.
type Receiver struct {
	config Config
	opt    ReceiverOptions
}

// NewReceiver validates; it opens nothing.
func NewReceiver(c Config, opt ReceiverOptions) (*Receiver, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if opt.Door == nil || opt.Producer == nil || opt.Ring == nil || opt.Client == nil || opt.Group == "" {
		return nil, errors.New("kafka channel: door, producer, ring, client and group are needed")
	}
	if opt.Metrics == nil {
		opt.Metrics = telemetry.Discard()
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Receiver{config: c, opt: opt}, nil
}

// Run reads the topic until ctx ends; then it returns nil. It joins a consumer
// group and comes back after every failure, with growing waits. A record is
// committed when its message is on the case log and its receipt on the party's
// topic, so that a crash repeats it and loses none.
func (r *Receiver) Run(ctx context.Context) error {
	var wait fault.Backoff
	for ctx.Err() == nil {
		if err := r.session(ctx, &wait); err != nil && ctx.Err() == nil {
			r.opt.Log.WarnContext(ctx, "read topic of partner", telemetry.Party, r.opt.Party, telemetry.Topic, r.config.In, telemetry.Error, err)
			pause(ctx, wait.Next(0))
		}
	}
	return nil
}

func (r *Receiver) session(ctx context.Context, wait *fault.Backoff) (err error) {
	group, err := sarama.NewConsumerGroup(r.opt.Brokers, r.opt.Group, r.opt.Client)
	if err != nil {
		return fmt.Errorf("join group %s: %w", r.opt.Group, err)
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for err := range group.Errors() {
			r.opt.Log.WarnContext(ctx, "read topic of partner", telemetry.Party, r.opt.Party, telemetry.Error, err)
		}
	}()
	defer func() {
		err = errors.Join(err, group.Close())
		<-drained
	}()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{r.config.In}, &claims{r}); err != nil {
			return fmt.Errorf("consume %s: %w", r.config.In, err)
		}
		wait.Reset()
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// claims is the handler of a group session.
type claims struct{ r *Receiver }

// Setup implements sarama.ConsumerGroupHandler.
func (*claims) Setup(sarama.ConsumerGroupSession) error { return nil }

// Cleanup implements sarama.ConsumerGroupHandler.
func (*claims) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim implements sarama.ConsumerGroupHandler: one record after the
// other, each committed when it is done.
func (c *claims) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case <-s.Context().Done():
			return nil
		case m, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			if !c.r.handle(s.Context(), m) {
				return nil // stopping: the record stays uncommitted
			}
			s.MarkMessage(m, "")
			s.Commit()
		}
	}
}

// handle takes a record to its end, and reports whether it got there: false
// only when ctx ended first.
func (r *Receiver) handle(ctx context.Context, m *sarama.ConsumerMessage) bool {
	header := headers(m)
	ctx = propagation.TraceContext{}.Extract(ctx, header)
	if _, err := r.opt.Ring.Party(r.opt.Party).VerifyDetached([]byte(header["signature"]), m.Value); err != nil {
		r.refuse(ctx, m, header["ce_id"], http.StatusUnauthorized, err.Error())
		return true
	}
	letter := delivery.Letter{Party: r.opt.Party, Channel: Channel, MessageID: header["ce_id"],
		ContentType: header["content-type"], Body: m.Value, ReceivedAt: r.opt.Now()}
	var wait fault.Backoff
	for ctx.Err() == nil {
		after, done := r.take(ctx, m, letter)
		if done {
			return true
		}
		pause(ctx, wait.Next(after))
	}
	return false
}

// take hands the letter in and sends the receipt back, once.
func (r *Receiver) take(ctx context.Context, m *sarama.ConsumerMessage, l delivery.Letter) (after time.Duration, done bool) {
	reply := r.opt.Door.Take(ctx, l)
	switch {
	case reply.Status == http.StatusServiceUnavailable || reply.Status == http.StatusTooManyRequests:
		return reply.RetryAfter, false
	case reply.JWS != nil:
		if err := r.answer(ctx, l, reply); err != nil {
			r.opt.Log.WarnContext(ctx, "send receipt", telemetry.Party, r.opt.Party, telemetry.Message, l.MessageID, telemetry.Error, err)
			return 0, false
		}
	case reply.Status >= http.StatusBadRequest: // the door has counted it
		r.opt.Log.WarnContext(ctx, "record of partner dropped", telemetry.Party, r.opt.Party, telemetry.Topic, m.Topic,
			telemetry.Partition, m.Partition, telemetry.Offset, m.Offset, telemetry.Reason, reply.Reason)
	}
	return 0, true
}

func (r *Receiver) answer(ctx context.Context, l delivery.Letter, reply delivery.Reply) error {
	level := freeze.LevelReceived
	if reply.Status == http.StatusUnprocessableEntity {
		level = freeze.LevelRejected
	}
	a := delivery.Attempt{MessageID: freeze.ReceiptID(l.MessageID, level), Type: freeze.TypeReceipt, Body: reply.JWS}
	m, err := record(ctx, r.config.Out, r.opt.Self, r.opt.Key, a, r.opt.Now())
	if err != nil {
		return fmt.Errorf("write receipt of %s: %w", l.MessageID, err)
	}
	if _, _, err := r.opt.Producer.SendMessage(m); err != nil {
		return fmt.Errorf("produce receipt of %s: %w", l.MessageID, err)
	}
	return nil
}

// refuse counts a record that nobody may read any further.
func (r *Receiver) refuse(ctx context.Context, m *sarama.ConsumerMessage, id string, status int, reason string) {
	r.opt.Metrics.Inbound.Add(ctx, 1, telemetry.Attr(telemetry.Party, r.opt.Party, telemetry.Result, fmt.Sprint(status)))
	r.opt.Log.WarnContext(ctx, "record of partner refused", telemetry.Party, r.opt.Party, telemetry.Message, id, telemetry.Topic, m.Topic,
		telemetry.Partition, m.Partition, telemetry.Offset, m.Offset, telemetry.Reason, reason)
}

// headers reads the headers of a record; of two with one name neither counts,
// so that nobody chooses which one is verified.
func headers(m *sarama.ConsumerMessage) propagation.MapCarrier {
	out, seen := propagation.MapCarrier{}, map[string]bool{}
	for _, h := range m.Headers {
		name := string(h.Key)
		if seen[name] {
			delete(out, name)
			continue
		}
		seen[name] = true
		out[name] = string(h.Value)
	}
	return out
}
