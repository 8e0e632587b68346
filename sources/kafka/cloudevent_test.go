package kafka_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/IBM/sarama"
	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/twmb/franz-go/pkg/kfake"
	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
	"github.com/haltwire/haltwire/sources/kafka"
)

// TestBinaryModeBecomesStructured reads CloudEvents in binary mode from a topic that
// may hold them, and from one that may not.
func TestBinaryModeBecomesStructured(t *testing.T) {
	cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(1, "events", "reports"))
	head := func(pairs ...string) (out []sarama.RecordHeader) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, sarama.RecordHeader{Key: []byte(pairs[i]), Value: []byte(pairs[i+1])})
		}
		return out
	}
	usual := []string{"ce_specversion", "1.0", "ce_id", "E\"1", "content-type", "application/json", "other", "x"}
	for _, c := range []struct {
		name, topic, value string
		headers            []sarama.RecordHeader
		want               string
	}{
		{"binary", "events", `{"a":1}`, head(usual...), `{"specversion":"1.0","id":"E\"1","datacontenttype":"application/json","data":{"a":1}}`},
		{"data that is no JSON", "events", "\x00\x01", head(usual...), `{"specversion":"1.0","id":"E\"1","datacontenttype":"application/json","data_base64":"AAE="}`},
		{"no data", "events", "", head(usual[:4]...), `{"specversion":"1.0","id":"E\"1"}`},
		{"a header twice", "events", "1", head("ce_specversion", "1.0", "ce_id", "a", "ce_id", "b"), `{"specversion":"1.0","id":"a","id":"b","data":1}`},
		{"a header that is no UTF-8", "events", "1", head("ce_specversion", "1.0", "ce_id", "\xff"), "{\"specversion\":\"1.0\",\"id\":\"\xff\",\"data\":1}"},
		{"structured", "events", `{"specversion":"1.0"}`, head("content-type", "application/cloudevents+json"), `{"specversion":"1.0"}`},
		{"another topic", "reports", `{"a":1}`, head(usual...), `{"a":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := produce(t, cluster.ListenAddrs(), &sarama.ProducerMessage{Topic: c.topic, Value: sarama.StringEncoder(c.value), Headers: c.headers, Timestamp: time.Now()})
			o := options(t, cluster.ListenAddrs(), "g", c.topic)
			o.Topics[0].CloudEvents = c.topic == "events"
			reader, err := kafka.NewReader(o, kafka.ReaderOptions{Loop: "detect"})
			if err != nil {
				t.Fatal(err)
			}
			r := run(t, reader)
			r.Add(event.Partition{Topic: c.topic}, from)
			records := r.next(t)
			defer records.Release()
			if got := string(records.Values[0]); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// produce writes one record and returns its offset.
func produce(t *testing.T, brokers []string, m *sarama.ProducerMessage) int64 {
	t.Helper()
	config, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		t.Fatal(err)
	}
	conn.Idempotent(config)
	p, err := sarama.NewSyncProducer(brokers, config)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	_, offset, err := p.SendMessage(m)
	if err != nil {
		t.Fatal(err)
	}
	return offset
}

// TestStructuredIsWhatWasSent lets the CloudEvents SDK read what binary mode
// becomes.
func TestStructuredIsWhatWasSent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[!-~][ -~äöü€]{0,20}`)
		id, subject, extension := text.Draw(rt, "id"), text.Draw(rt, "subject"), text.Draw(rt, "extension")
		data := rapid.SampledFrom([]string{`{"a":1}`, `[]`, `"x"`, "\x00\xff", ""}).Draw(rt, "data")
		headers := []*sarama.RecordHeader{
			{Key: []byte("ce_specversion"), Value: []byte("1.0")}, {Key: []byte("ce_id"), Value: []byte(id)},
			{Key: []byte("ce_type"), Value: []byte("com.example.someevent")}, {Key: []byte("ce_source"), Value: []byte("/mycontext")},
			{Key: []byte("ce_time"), Value: []byte("2018-04-05T03:56:24Z")}, {Key: []byte("ce_subject"), Value: []byte(subject)},
			{Key: []byte("ce_myextension"), Value: []byte(extension)}, {Key: []byte("content-type"), Value: []byte("application/json")},
		}
		var e cloudevents.Event
		if err := json.Unmarshal(kafka.Structured([]byte(data), headers), &e); err != nil {
			rt.Fatal(err)
		}
		if err := e.Validate(); err != nil {
			rt.Fatal(err)
		}
		if e.ID() != id || e.Subject() != subject || e.Extensions()["myextension"] != extension || e.Time().Unix() != 1522900584 || string(e.Data()) != data {
			rt.Fatalf("got %s", e)
		}
	})
}
