package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/lang"
)

// TestFaults warns of a rule that fails often, once, and not of one that seldom does.
func TestFaults(t *testing.T) {
	var log bytes.Buffer
	f := newFaults(telemetry.Discard(), slog.New(slog.NewTextHandler(&log, nil)), []*lang.Rule{{ID: "seldom"}, {ID: "often"}})
	now := f.looked
	if f.due(50, now.Add(time.Second)) {
		t.Error("due after a second")
	}
	f.look([]uint64{40, 50}) // of 50 reports: too few to judge
	if !f.due(950, now.Add(measureEvery)) || f.due(0, now.Add(measureEvery)) {
		t.Error("due once when the time has come")
	}
	f.last = []uint64{0, 0}
	f.look([]uint64{10, 11}) // of 1,000
	f.look([]uint64{10, 12})
	if text := log.String(); strings.Count(text, "WARN") != 1 || !strings.Contains(text, "rule=often errors=11 reports=1000") {
		t.Errorf("log:\n%s", text)
	}
}
