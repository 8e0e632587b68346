package app

import (
	"context"
	"log/slog"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/clickhouse"
)

// gate is the store behind its migrations: writes wait until the tables are
// there, so that haltwire starts, detects and alerts while ClickHouse is away.
type gate struct {
	store *clickhouse.Store
	open  chan struct{}
}

func newGate(store *clickhouse.Store) *gate { return &gate{store: store, open: make(chan struct{})} }

// run makes the tables, trying until ClickHouse is there or ctx ends.
func (g *gate) run(ctx context.Context, log *slog.Logger) {
	var wait fault.Backoff
	for {
		err := g.store.Migrate(ctx)
		if err == nil {
			close(g.open)
			return
		}
		log.Warn("clickhouse is not ready; reports wait in Kafka", telemetry.Error, err)
		if fault.Sleep(ctx, wait.Next(0)) != nil {
			return
		}
	}
}

// wait blocks until the tables are there or ctx ends.
func (g *gate) wait(ctx context.Context) error {
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ready reports whether the tables are there.
func (g *gate) ready() bool {
	select {
	case <-g.open:
		return true
	default:
		return false
	}
}

// Insert implements pipeline.Archive.
func (g *gate) Insert(ctx context.Context, b *event.Batch, token string) ([]event.Dead, error) {
	if err := g.wait(ctx); err != nil {
		return nil, err
	}
	return g.store.Insert(ctx, b, token)
}
