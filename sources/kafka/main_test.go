package kafka_test

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sources/kafka"
)

func TestMain(m *testing.M) {
	kafka.Bound(0)
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func logger(t testing.TB) *slog.Logger {
	level := slog.LevelError + 4 // faults are what these tests make
	if testing.Verbose() {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
}
