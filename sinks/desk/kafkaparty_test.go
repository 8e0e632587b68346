package desk_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/kafka"
	"github.com/haltwire/haltwire/sinks/policy"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

const toGB, fromGB = "haltwire.to.gb", "haltwire.from.gb"

// shared is a broker that two parties write to each other on.
type shared struct {
	brokers  []string
	producer sarama.SyncProducer
}

func newShared(t *testing.T) *shared {
	t.Helper()
	s := &shared{brokers: kafkatest.Fake(t, 1, kfake.SeedTopics(1, toGB, fromGB)).ListenAddrs()}
	c := s.client(t)
	conn.Idempotent(c)
	var err error
	s.producer, err = sarama.NewSyncProducer(s.brokers, c)
	must(t, err)
	t.Cleanup(func() { _ = s.producer.Close() })
	return s
}

func (s *shared) client(t *testing.T) *sarama.Config {
	t.Helper()
	c, err := (conn.Config{Brokers: s.brokers}).Sarama()
	must(t, err)
	return c
}

// over returns the channel from one end to another.
func (s *shared) over(t *testing.T, from, to *end, c kafka.Config) func(*desk.Options) {
	t.Helper()
	sender, err := kafka.NewSender(c, kafka.Options{Party: to.self.ID, Self: from.self.ID, Key: from.key, Producer: s.producer})
	must(t, err)
	return func(o *desk.Options) {
		o.Channels = map[string][]desk.Channel{to.self.ID: {{Kind: kafka.Channel, Sender: sender}}}
	}
}

// listen takes in what another end writes, with the door of a desk that runs.
func (s *shared) listen(t *testing.T, here, there *end, c kafka.Config) {
	t.Helper()
	ring := ringOf(t, there)
	door, err := inbound.NewDoor(inbound.Options{
		Self: here.self.Party(), Environment: "test", Key: here.key, Ring: ring, Desk: here.desk, PerSecond: 1000, Burst: 1000,
		Party: func(string) (freeze.Party, bool) { return there.self.Party(), true },
	})
	must(t, err)
	r, err := kafka.NewReceiver(c, kafka.ReceiverOptions{
		Party: there.self.ID, Self: here.self.ID, Key: here.key, Ring: ring, Door: door, Producer: s.producer,
		Brokers: s.brokers, Client: s.client(t), Group: here.self.ID + ".from." + there.self.ID, Log: logger(t),
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
}

// TestKafkaCarriesBothWays lets two desks talk over topics alone: a request is received
// and taken up, and what breaks the contract comes back as a signed rejection that
// names the field.
func TestKafkaCarriesBothWays(t *testing.T) {
	t.Parallel()
	s := newShared(t)
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	ours, theirs := kafka.Config{Out: toGB, In: fromGB}, kafka.Config{Out: fromGB, In: toGB}
	in.start(t, setup{brokers: fake(t), change: s.over(t, in, gb, ours)}, []policy.Party{gb.party(agreement())}, gb)
	gb.start(t, setup{brokers: fake(t), change: s.over(t, gb, in, theirs)}, []policy.Party{in.party(agreement())}, in)
	s.listen(t, in, gb, ours)
	s.listen(t, gb, in, theirs)

	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the receipt came back", func() bool { return state(in.desk) == "received" })
	v := one(t, in.desk)
	act(t, gb.desk, v.ID, desk.Action{Do: "accept", As: "O1"})
	eventually(t, "it is taken up", func() bool { return state(in.desk) == "accepted" })

	shown, err := in.desk.Show(t.Context(), v.ID)
	must(t, err)
	id := freeze.RequesterID("B"+v.ID[1:], 1)
	broken := bytes.ReplaceAll([]byte(shown.Messages[0].Body), []byte(v.ID), []byte("B"+v.ID[1:]))
	broken = bytes.Replace(broken, []byte(`"urgency":"critical"`), []byte(`"urgency":"soon"`), 1)
	sender, err := kafka.NewSender(ours, kafka.Options{Party: "GB-FIU", Self: "IN-FIU", Key: in.key, Producer: s.producer})
	must(t, err)
	if r := sender.Send(t.Context(), delivery.Attempt{MessageID: id, Type: freeze.TypeRequest, Body: broken}); r.Verdict != delivery.Delivered {
		t.Fatalf("%+v", r)
	}
	receipt := s.answerTo(t, gb, id)
	if receipt.Level != freeze.LevelRejected || receipt.Reject == nil || receipt.Reject.Code != freeze.CodeSchema || receipt.Reject.Field != "urgency" {
		t.Errorf("the answer is %s", asJSON(receipt))
	}
	if err := delivery.CheckReceipt(receipt, id, freeze.DigestOf(broken)); err != nil {
		t.Error(err)
	}
	if n := len(gb.desk.List(desk.Filter{})); n != 1 {
		t.Errorf("GB has %d alerts", n)
	}
}

// answerTo waits for the receipt of a message on the topic from GB, and verifies it.
func (s *shared) answerTo(t *testing.T, gb *end, id string) *freeze.Receipt {
	t.Helper()
	set, err := signature.ParseSet(jwks(t, gb))
	must(t, err)
	consumer, err := sarama.NewConsumer(s.brokers, s.client(t))
	must(t, err)
	defer consumer.Close()
	p, err := consumer.ConsumePartition(fromGB, 0, sarama.OffsetOldest)
	must(t, err)
	defer p.Close()
	for {
		select {
		case m := <-p.Messages():
			r, err := delivery.OpenReceipt(set, "GB-FIU", m.Value)
			if err == nil && r.ReceiptOf == id {
				return r
			}
		case <-t.Context().Done():
			t.Fatal("no answer came")
		}
	}
}
