package kafka_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
	"github.com/haltwire/haltwire/sources/kafka"
)

// TestEnded: a partition has ended when all of its log has been returned, which is
// known anew with every answer, and not when it has only been read.
func TestEnded(t *testing.T) {
	cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(2, "t"))
	full, bare := event.Partition{Topic: "t", ID: 0}, event.Partition{Topic: "t", ID: 1}
	fill(t, cluster.ListenAddrs(), "t", 0, 10)
	r := start(t, cluster.ListenAddrs(), "t", kafka.ReaderOptions{Loop: "detect", Aligned: true})
	ended := func(p event.Partition) bool { _, ok := r.Ended(p); return ok }
	if ended(full) || !r.Away(full) {
		t.Error("a partition that is not read has ended, or is expected")
	}
	r.Add(full, 0)
	r.Add(bare, 0)
	wait(t, func() bool { return ended(bare) && r.Used() > 0 })
	if ended(full) {
		t.Error("a partition of which a run waits has ended")
	}
	r.next(t).Release()
	wait(t, func() bool { return ended(full) })
	fill(t, cluster.ListenAddrs(), "t", 0, 1)
	wait(t, func() bool { return !ended(full) })
	r.next(t).Release()
	wait(t, func() bool { return ended(full) })
	wait(t, func() bool { age, ok := r.Ended(bare); return ok && age < 50*time.Millisecond })
	r.Remove(bare)
	if ended(bare) {
		t.Error("a partition that was removed has ended")
	}
}

// TestAway: nobody waits for a partition whose next record is gone, and, after a
// while, for one whose leader is.
func TestAway(t *testing.T) {
	cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(2, "t"))
	gone, sound := event.Partition{Topic: "t", ID: 0}, event.Partition{Topic: "t", ID: 1}
	fill(t, cluster.ListenAddrs(), "t", 0, 10)
	if err := cluster.DeleteRecords("t", 0, 5); err != nil {
		t.Fatal(err)
	}
	r := start(t, cluster.ListenAddrs(), "t", kafka.ReaderOptions{Loop: "detect", Aligned: true})
	r.Add(gone, 1)
	r.Add(sound, 0)
	wait(t, func() bool { return r.Away(gone) })
	wait(t, func() bool { _, ok := r.Ended(sound); return ok })
	if r.Away(sound) {
		t.Error("a partition that is answered for is away")
	}
	cluster.Close()
	closed := time.Now()
	wait(t, func() bool { return r.Away(sound) })
	if took := time.Since(closed); took < 9*time.Second {
		t.Errorf("away after %v", took)
	}
}

// TestOthers asks for the partitions of others and for what is committed for them.
func TestOthers(t *testing.T) {
	cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(2, "t"))
	source, err := kafka.NewSource(options(t, cluster.ListenAddrs(), "g", "t"))
	if err != nil {
		t.Fatal(err)
	}
	own, stop := joined(t, source)
	defer stop()
	for range 2 {
		<-own
	}
	all, err := source.Partitions(t.Context())
	want := []event.Partition{{Topic: "t", ID: 0}, {Topic: "t", ID: 1}}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("partitions %v, %v", all, err)
	}
	if err := source.Commit(t.Context(), map[event.Partition]int64{all[1]: 7}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{-1, 7} {
		if got, err := source.Committed(t.Context(), all[i]); err != nil || got != want {
			t.Errorf("committed for %v: %d, %v, want %d", all[i], got, err, want)
		}
	}
}

// joined runs source until stop; own tells of every partition that it gets.
func joined(t *testing.T, source *kafka.Source) (own <-chan event.Partition, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	got, done := make(chan event.Partition, 8), make(chan struct{})
	go func() {
		defer close(done)
		if err := source.Run(ctx, func(ctx context.Context, p event.Partition, _ int64) {
			got <- p
			<-ctx.Done()
		}); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	return got, func() { cancel(); <-done }
}
