package app

import (
	"log/slog"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	broker "github.com/haltwire/haltwire/sources/embedded"
)

// TestLogs asks a broker what it holds: since when, up to where, and where reading
// begins for windows of some length.
func TestLogs(t *testing.T) {
	b, err := broker.New(broker.Options{Dir: t.TempDir(), Topics: []broker.Topic{{Name: "a", Partitions: 2}, {Name: "b", Partitions: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	brokers, err := b.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Stop(t.Context()) })
	k := config.Kafka{Config: conn.Config{Brokers: brokers}, Topics: []config.Topic{{Name: "a"}, {Name: "b"}}}
	l, err := openLogs(k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.close() })
	now := time.Now().Truncate(time.Millisecond)
	at := func(ago time.Duration) int64 { return now.Add(-ago).UnixMilli() }
	a0, a1, b0 := event.Partition{Topic: "a"}, event.Partition{Topic: "a", ID: 1}, event.Partition{Topic: "b"}

	if got, err := l.coverage(t.Context(), now.Add(-time.Hour)); err != nil || got < at(0) {
		t.Errorf("nothing is there: coverage %d, error %v", got, err)
	}
	fill(t, brokers, a0, now.Add(-10*time.Hour), now.Add(-8*time.Hour), now.Add(-2*time.Hour), now.Add(-time.Hour))
	fill(t, brokers, b0, now.Add(-3*time.Hour))
	if ends, err := l.ends(); err != nil || len(ends) != 3 || ends[a0] != 4 || ends[a1] != 0 || ends[b0] != 1 {
		t.Errorf("ends %v, error %v", ends, err)
	}
	for _, c := range []struct {
		p    event.Partition
		ago  time.Duration
		want int64
	}{{a0, 11 * time.Hour, 0}, {a0, 9 * time.Hour, 1}, {a0, 8 * time.Hour, 1}, {a0, time.Minute, 4}, {a1, time.Hour, 0}} {
		if got, err := l.since(c.p, now.Add(-c.ago)); err != nil || got != c.want {
			t.Errorf("since %s ago %s begins at %d, error %v, want %d", c.ago, c.p, got, err, c.want)
		}
	}
	coverage := func(name string, wanted, want time.Duration) {
		t.Helper()
		if got, err := l.coverage(t.Context(), now.Add(-wanted)); err != nil || got != at(want) {
			t.Errorf("%s: since %s ago all is held, error %v, want %s", name, now.Sub(time.UnixMilli(got)), err, want)
		}
	}
	coverage("the system is younger", 20*time.Hour, 10*time.Hour)
	coverage("no more is wanted", 5*time.Hour, 5*time.Hour)

	app := &App{config: &config.Config{}, logs: l, log: slog.New(slog.DiscardHandler)}
	app.config.Rules.Windows.Warm = config.WarmKafka
	begin := func(name string, p event.Partition, committed, want int64) {
		t.Helper()
		if got, err := app.begin(t.Context(), p, committed); err != nil || got != want {
			t.Errorf("%s: begins at %d, error %v, want %d", name, got, err, want)
		}
	}
	begin("no windows", a0, 3, 3)
	app.reading = &memory{longest: 90 * time.Minute}
	begin("an hour and a half before the last that is committed", a0, 4, 2)
	begin("before one that is older", a0, 3, 2)
	begin("all of it", a0, 1, 0)
	app.reading.begin = map[event.Partition]int64{a0: 1}
	begin("the snapshot", a0, 4, 1)
	begin("the snapshot is ahead of what is committed", a0, 0, 0)
	begin("a partition that the snapshot has not", b0, 1, 0)
	app.config.Rules.Windows.Warm = config.WarmNone
	begin("a partition that the snapshot has not, and no reading back", b0, 1, 1)

	admin, err := sarama.NewClusterAdminFromClient(l.client)
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.DeleteRecords("a", map[int32]int64{0: 2}); err != nil {
		t.Fatal(err)
	}
	begin("the snapshot is older than the log", a0, 4, 2)
	coverage("a part is gone", 20*time.Hour, 2*time.Hour)
	coverage("what is gone is not wanted", time.Hour, time.Hour)
	if _, ok, err := l.timeOf(t.Context(), a0, 4); ok || err != nil {
		t.Errorf("behind the end there is a record: error %v", err)
	}
}

// fill writes a record for each time.
func fill(t *testing.T, brokers []string, p event.Partition, times ...time.Time) {
	t.Helper()
	c, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		t.Fatal(err)
	}
	c.Producer.Return.Successes, c.Producer.Partitioner = true, sarama.NewManualPartitioner
	producer, err := sarama.NewSyncProducer(brokers, c)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	for _, at := range times {
		if _, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: p.Topic, Partition: p.ID, Timestamp: at, Value: sarama.StringEncoder("{}")}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLockDir keeps a second user out of a folder until the first has left.
func TestLockDir(t *testing.T) {
	dir := t.TempDir() + "/windows"
	first, err := lockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockDir(dir); err == nil {
		t.Error("two have the folder")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := lockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}
