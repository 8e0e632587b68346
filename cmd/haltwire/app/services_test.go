package app

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
	"github.com/haltwire/haltwire/sources/kafka"
)

func TestMain(m *testing.M) {
	enginetest.Main()
	kafka.Bound(0)
	os.Exit(m.Run())
}

// TestEngineComesBack kills the embedded engine under a store that goes on using
// the same address.
func TestEngineComesBack(t *testing.T) {
	c := config.Default()
	c.Embedded.ClickHouse.Enabled, c.Embedded.ClickHouse.Dir = true, t.TempDir()
	s, err := startServices(t.Context(), c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() { watched <- s.watch(ctx, slog.New(slog.DiscardHandler)) }()
	store, err := clickhouse.New(c.ClickHouse, clickhouse.Options{Schema: event.Default()})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.engine.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	deadline := time.NewTimer(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for _, _, _, err = store.Counts(t.Context()); err != nil; _, _, _, err = store.Counts(t.Context()) {
		select {
		case <-deadline.C:
			t.Fatalf("the engine did not come back: %v", err)
		case <-tick.C:
		}
	}
	cancel()
	if err := <-watched; err != nil {
		t.Error(err)
	}
	if err := store.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}
