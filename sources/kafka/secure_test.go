package kafka_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
	"github.com/haltwire/haltwire/sources/kafka"
)

// TestSecure owns, reads and commits over TLS and with SASL: every connection is
// dialled by this package.
func TestSecure(t *testing.T) {
	server := kafkatest.Start(t, kafkatest.Options{SASL: true, TLS: true})
	server.CreateTopic(t, "secure", 1, map[string]string{"message.timestamp.type": "LogAppendTime", "retention.ms": "3600000"})
	// The second record does not fit what may be decompressed: it is isolated over
	// the secured connection.
	fill(t, server.Addresses(), "secure", 0, 10)
	explode(t, server.Addresses(), "secure")
	fill(t, server.Addresses(), "secure", 0, 10)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(kafkatest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]conn.Config{
		"tls": {Brokers: []string{server.TLSAddress()}, TLS: conn.TLS{Enabled: true, CA: server.CA()}},
		"plain": {Brokers: []string{server.SASLAddress()},
			SASL: conn.SASL{Mechanism: conn.SASLPlain, User: kafkatest.User, PasswordFile: password}},
		"scram": {Brokers: []string{server.SASLAddress()},
			SASL: conn.SASL{Mechanism: conn.SASLScramSHA512, User: kafkatest.User, PasswordFile: password}},
	} {
		t.Run(name, func(t *testing.T) { readOwned(t, c, "g-"+name) })
	}
}

// readOwned becomes the owner of topic secure, reads it and commits.
func readOwned(t *testing.T, c conn.Config, group string) {
	o := options(t, nil, group, "secure")
	o.Conn = c
	source, err := kafka.NewSource(o)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := kafka.NewReader(o, kafka.ReaderOptions{Loop: "detect", Aligned: true})
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, reader)
	ctx, cancel := context.WithCancel(t.Context())
	var member sync.WaitGroup
	defer member.Wait()
	defer cancel()
	member.Go(func() {
		if err := source.Run(ctx, func(ctx context.Context, p event.Partition, from int64) {
			r.Add(p, from)
			<-ctx.Done()
		}); err != nil {
			t.Error(err)
		}
	})
	total, dead := 0, 0
	for total < 20 {
		records := r.next(t)
		total, dead = total+records.Len(), dead+len(records.Dead)
		if n := records.Len(); n > 0 && time.Since(time.UnixMilli(records.Times[n-1])) > time.Hour {
			t.Errorf("record time is %d: not when the broker appended it", records.Times[n-1])
		}
		records.Release()
	}
	if total != 20 || dead != 1 {
		t.Errorf("read %d records and %d dead batches, want 20 and 1", total, dead)
	}
	p := event.Partition{Topic: "secure"}
	if err := source.Commit(ctx, map[event.Partition]int64{p: 21}); err != nil {
		t.Errorf("commit: %v", err)
	}
	if keeps, err := source.Retention(ctx, "secure"); err != nil || keeps != time.Hour {
		t.Errorf("retention %v, %v; want 1 h", keeps, err)
	}
	if _, err := source.Retention(ctx, "nowhere"); err == nil {
		t.Error("a topic that does not exist has a retention")
	}
	if err := source.Commit(ctx, map[event.Partition]int64{{Topic: "secure", ID: 7}: 1}); fault.Of(err) != fault.Fenced {
		t.Errorf("commit of a partition that is not owned: %v, want Fenced", err)
	}
}

// explode writes one record that is 40 times as large in memory as on the wire.
func explode(t testing.TB, brokers []string, topic string) {
	t.Helper()
	config, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		t.Fatal(err)
	}
	conn.Idempotent(config)
	config.Producer.Compression, config.Producer.MaxMessageBytes = sarama.CompressionGZIP, 64<<20
	producer, err := sarama.NewSyncProducer(brokers, config)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	if _, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.ByteEncoder(make([]byte, 20<<20))}); err != nil {
		t.Fatal(err)
	}
}

// TestOptions refuses what cannot work, and opens nothing.
func TestOptions(t *testing.T) {
	good := options(t, []string{"127.0.0.1:1"}, "g", "t")
	for name, spoil := range map[string]func(*kafka.Options){
		"no brokers":     func(o *kafka.Options) { o.Conn.Brokers = nil },
		"no port":        func(o *kafka.Options) { o.Conn.Brokers = []string{"localhost"} },
		"no group":       func(o *kafka.Options) { o.Group = "" },
		"no topics":      func(o *kafka.Options) { o.Topics = nil },
		"sasl no secret": func(o *kafka.Options) { o.Conn.SASL.Mechanism = conn.SASLPlain },
	} {
		o := good
		spoil(&o)
		_, err1 := kafka.NewSource(o)
		_, err2 := kafka.NewReader(o, kafka.ReaderOptions{})
		_, err3 := kafka.NewCursor(o)
		if err1 == nil || err2 == nil || err3 == nil {
			t.Errorf("%s: %v, %v, %v", name, err1, err2, err3)
		}
	}
	cursor, err := kafka.NewCursor(good)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := cursor.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestCursor keeps offset and text over instances, and says so when a broker
// takes neither.
func TestCursor(t *testing.T) {
	brokers := kafkatest.Fake(t, 3, kfake.SeedTopics(4, "t")).ListenAddrs()
	o := options(t, brokers, "g", "t")
	p := event.Partition{Topic: "t", ID: 3}
	for i, want := range []struct {
		offset int64
		text   string
	}{{-1, ""}, {0, "to=9 v=1"}, {10, ""}, {5, "back"}} {
		cursor, err := kafka.NewCursor(o)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if err := cursor.Save(t.Context(), p, want.offset, want.text); err != nil {
				t.Fatal(err)
			}
		}
		offset, text, err := cursor.Load(t.Context(), p)
		if err != nil || offset != want.offset || text != want.text {
			t.Errorf("%d %q %v, want %v", offset, text, err, want)
		}
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if err := cursor.Save(done, p, 99, ""); !errors.Is(err, context.Canceled) {
			t.Errorf("saved after the end of ctx: %v", err)
		}
		if err := cursor.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
