package kafka_test

import (
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
	"github.com/haltwire/haltwire/sources/kafka"
	"github.com/haltwire/haltwire/sources/sourcetest"
)

func TestConformFake(t *testing.T) {
	brokers := kafkatest.Fake(t, 3).ListenAddrs()
	t.Run("fetch", func(t *testing.T) { sourcetest.Conform(t, brokers, "fetch", newFetching) })
	t.Run("messages", func(t *testing.T) { sourcetest.Conform(t, brokers, "messages", newOracle) })
}

func TestConformKafka(t *testing.T) {
	brokers := kafkatest.Start(t).Addresses()
	t.Run("fetch", func(t *testing.T) { sourcetest.Conform(t, brokers, "fetch", newFetching) })
	t.Run("messages", func(t *testing.T) { sourcetest.Conform(t, brokers, "messages", newOracle) })
}

func options(t testing.TB, brokers []string, group, topic string) kafka.Options {
	return kafka.Options{
		Conn: conn.Config{Brokers: brokers}, Group: group, Session: 6 * time.Second,
		Topics: []kafka.Topic{{Name: topic, Codec: "json"}}, Log: logger(t),
	}
}

func newFetching(t testing.TB, brokers []string, group, topic string) (sourcetest.Source, sourcetest.Reader) {
	t.Helper()
	o := options(t, brokers, group, topic)
	source, err := kafka.NewSource(o)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := kafka.NewReader(o, kafka.ReaderOptions{Loop: "detect", Aligned: true})
	if err != nil {
		t.Fatal(err)
	}
	return source, reader
}
