package embedded_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sources/embedded"
)

func TestMain(m *testing.M) {
	// sarama's metrics library keeps one ticker for the life of the process.
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

const wait = 20 * time.Second

func TestNewRefusesWhatCannotRun(t *testing.T) {
	for _, options := range []embedded.Options{
		{},
		{Dir: "x", Topics: []embedded.Topic{{Name: "t"}}},
		{Dir: "x", Topics: []embedded.Topic{{Partitions: 1}}},
	} {
		if _, err := embedded.New(options); err == nil {
			t.Errorf("New(%+v) gave no error", options)
		}
	}
}

func TestStopWithoutStartAndTwice(t *testing.T) {
	broker, _ := start(t, embedded.Options{Dir: t.TempDir() + "/k"})
	for range 2 {
		if err := broker.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	idle, err := embedded.New(embedded.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := idle.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestOneProcessADirectory(t *testing.T) {
	dir := t.TempDir() + "/k"
	start(t, embedded.Options{Dir: dir})
	second, err := embedded.New(embedded.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Fatalf("error = %v", err)
	}
}

func TestRecordsHeadersAndOffsetsSurviveARestart(t *testing.T) {
	options := embedded.Options{Dir: t.TempDir() + "/k", SyncWrites: true,
		Topics: []embedded.Topic{{Name: "reports", Partitions: 2}}}
	broker, addresses := start(t, options)
	produce(t, addresses, "reports", 100)
	if got := consume(t, addresses, "reports", 100); got[0].Headers == nil {
		t.Error("headers are lost")
	}
	commit(t, addresses, "archive", "reports", 40, "to=60")
	if err := broker.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}

	_, addresses = start(t, options)
	consume(t, addresses, "reports", 100)
	admin := newAdmin(t, addresses)
	offsets, err := admin.ListConsumerGroupOffsets("archive", map[string][]int32{"reports": {0}})
	if err != nil {
		t.Fatal(err)
	}
	block := offsets.GetBlock("reports", 0)
	if block.Offset != 40 || block.Metadata != "to=60" {
		t.Errorf("offset %d, metadata %q", block.Offset, block.Metadata)
	}
}

func TestLogAppendTime(t *testing.T) {
	for kind, old := range map[string]bool{"CreateTime": true, "LogAppendTime": false} {
		t.Run(kind, func(t *testing.T) {
			_, addresses := start(t, embedded.Options{Dir: t.TempDir() + "/k", Topics: []embedded.Topic{
				{Name: "cases", Partitions: 2, Configs: map[string]string{"message.timestamp.type": kind, "retention.ms": "-1"}},
			}})
			produce(t, addresses, "cases", 10)
			for _, message := range consume(t, addresses, "cases", 10) {
				if isOld := time.Since(message.Timestamp) > time.Minute; isOld != old {
					t.Fatalf("timestamp %s, old = %v, want %v", message.Timestamp, isOld, old)
				}
			}
		})
	}
}

func TestTopicConfigs(t *testing.T) {
	_, addresses := start(t, embedded.Options{Dir: t.TempDir() + "/k", Topics: []embedded.Topic{
		{Name: "plain", Partitions: 3},
		{Name: "kept", Partitions: 1, Configs: map[string]string{"retention.ms": "-1"}},
		{Name: "keys", Partitions: 1, Configs: map[string]string{"cleanup.policy": "compact"}},
	}})
	admin := newAdmin(t, addresses)
	want := map[string]map[string]string{
		"plain": {"retention.ms": "86400000", "retention.bytes": "67108864"},
		"kept":  {"retention.ms": "-1", "retention.bytes": "-1"},
		"keys":  {"cleanup.policy": "compact"},
	}
	for topic, values := range want {
		entries, err := admin.DescribeConfig( //nolint:staticcheck // one topic is all that is asked
			sarama.ConfigResource{Type: sarama.TopicResource, Name: topic})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, entry := range entries {
			got[entry.Name] = entry.Value
		}
		for name, value := range values {
			if got[name] != value {
				t.Errorf("%s: %s = %q, want %q", topic, name, got[name], value)
			}
		}
	}
}

func TestCooperativeStickyGroup(t *testing.T) {
	_, addresses := start(t, embedded.Options{Dir: t.TempDir() + "/k",
		Topics: []embedded.Topic{{Name: "reports", Partitions: 4}}})
	produce(t, addresses, "reports", 200)
	first := join(t, addresses, "detect", "reports")
	first.waitFor(t, 200, 4)
	second := join(t, addresses, "detect", "reports")
	second.waitFor(t, 0, 2)
	first.waitFor(t, 200, 2)
	first.leave(t)
	second.waitFor(t, 0, 4)
	second.leave(t)
}

func start(t *testing.T, options embedded.Options) (*embedded.Broker, []string) {
	t.Helper()
	broker, err := embedded.New(options)
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := broker.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return broker, addresses
}

func settings(t *testing.T, addresses []string) *sarama.Config {
	t.Helper()
	config, err := conn.Config{Brokers: addresses}.Sarama()
	if err != nil {
		t.Fatal(err)
	}
	return config
}
