package deadletter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/deadletter"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func dead(offset int64, reason event.Reason, raw string) event.Dead {
	return event.Dead{
		Position: event.Position{Topic: "reports", Partition: 1, Offset: offset}, Time: 1_700_000_000_123,
		Codec: "json", Reason: reason, Field: "amount", Message: "too many digits", Raw: []byte(raw),
	}
}

func TestEncode(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"text", `{"a":"é"}`, `{"topic":"reports","partition":1,"offset":7,"time":"2023-11-14T22:13:20.123Z","codec":"json","reason":"precision","field":"amount","message":"too many digits","raw":"{\"a\":\"é\"}"}`},
		{"bytes", "\xff\x00", `{"topic":"reports","partition":1,"offset":7,"time":"2023-11-14T22:13:20.123Z","codec":"json","reason":"precision","field":"amount","message":"too many digits","raw_base64":"/wA="}`},
		{"nothing", "", `{"topic":"reports","partition":1,"offset":7,"time":"2023-11-14T22:13:20.123Z","codec":"json","reason":"precision","field":"amount","message":"too many digits","raw":""}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := dead(7, event.Precision, tt.raw)
			got, err := deadletter.Encode(d)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			back, err := deadletter.Decode(got)
			if err != nil {
				t.Fatal(err)
			}
			if back.Position != d.Position || back.Time != d.Time || !bytes.Equal(back.Raw, d.Raw) || back.Reason != d.Reason {
				t.Errorf("came back as %+v", back)
			}
			if !json.Valid(got) {
				t.Error("not JSON")
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, value := range []string{"", "{", `{"time":"yesterday"}`} {
		if _, err := deadletter.Decode([]byte(value)); err == nil {
			t.Errorf("%q was taken for a letter", value)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]deadletter.Options{
		"no brokers": {Topic: "dead"},
		"no topic":   {Conn: conn.Config{Brokers: []string{"127.0.0.1:1"}}},
	} {
		if _, err := deadletter.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestReplay appends letters, one of them twice, reads them and sends the ones
// asked for to their topic again.
func TestReplay(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	topic := open(t, brokers)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	letters := []event.Dead{dead(1, event.Syntax, "{"), dead(2, event.Precision, `{"n":2}`), dead(3, event.BadBatch, "\xff")}
	for _, l := range [][]event.Dead{letters, letters[1:2], nil} {
		if err := topic.Append(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[event.Position]int{}
	if err := topic.Each(ctx, func(d event.Dead) error { seen[d.Position]++; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 3 || seen[letters[1].Position] != 2 {
		t.Errorf("letters on the topic: %v", seen)
	}
	sent, err := topic.Replay(ctx, func(d event.Dead) bool { return d.Reason != event.Syntax })
	if err != nil || sent != 1 {
		t.Fatalf("sent %d, %v; want the one that is neither a batch nor left out", sent, err)
	}
	if got := first(t, brokers, "reports"); string(got.Value) != `{"n":2}` || string(got.Headers[0].Value) != "reports/1/2" {
		t.Errorf("replayed %q with %v", got.Value, got.Headers)
	}
}

func TestStop(t *testing.T) {
	topic, err := deadletter.New(deadletter.Options{Conn: conn.Config{Brokers: []string{"127.0.0.1:1"}}, Topic: "dead"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := topic.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := topic.Append(t.Context(), []event.Dead{dead(1, event.Syntax, "{")}); err == nil {
		t.Error("appended after Stop")
	}
}

func open(t *testing.T, brokers []string) *deadletter.Topic {
	t.Helper()
	config, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sarama.NewClusterAdmin(brokers, config)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, name := range []string{"reports", "dead"} {
		if err := admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false); err != nil {
			t.Fatal(err)
		}
	}
	topic, err := deadletter.New(deadletter.Options{Conn: conn.Config{Brokers: brokers}, Topic: "dead"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := topic.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return topic
}

// first returns the first record of a topic with one partition.
func first(t *testing.T, brokers []string, topic string) *sarama.ConsumerMessage {
	t.Helper()
	config, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := sarama.NewConsumer(brokers, config)
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	records, err := consumer.ConsumePartition(topic, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	select {
	case m := <-records.Messages():
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was replayed")
		return nil
	}
}

// TestSmallTopic appends a letter that is larger than its topic takes: the
// beginning of it is kept, and the letter beside it whole.
func TestSmallTopic(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	topic := open(t, brokers)
	config, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sarama.NewClusterAdmin(brokers, config)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	limit := "100000"
	if err := admin.AlterConfig(sarama.TopicResource, "dead", map[string]*string{"max.message.bytes": &limit}, false); err != nil {
		t.Fatal(err)
	}
	large := dead(1, event.TooLarge, string(bytes.Repeat([]byte("0123456789abcdef"), 1<<16)))
	large.Raw = noise(1 << 20)
	if err := topic.Append(t.Context(), []event.Dead{large, dead(2, event.Syntax, "{")}); err != nil {
		t.Fatal(err)
	}
	seen := map[int64]event.Dead{}
	if err := topic.Each(t.Context(), func(d event.Dead) error { seen[d.Offset] = d; return nil }); err != nil {
		t.Fatal(err)
	}
	if got := seen[1].Raw; len(got) < 16<<10 || !bytes.HasPrefix(large.Raw, got) {
		t.Errorf("kept %d bytes of the large letter", len(got))
	}
	if string(seen[2].Raw) != "{" {
		t.Errorf("kept %q of the small letter", seen[2].Raw)
	}
}

// noise returns n bytes that do not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}
