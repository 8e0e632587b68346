package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/demo"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
	"github.com/haltwire/haltwire/sources/kafka"
)

func TestMain(m *testing.M) {
	enginetest.Main()
	kafka.Bound(0)
	os.Exit(m.Run())
}

// TestDemoBalances plays a short demo and checks that nothing got lost between
// the reporters, the views of both countries and the border.
func TestDemoBalances(t *testing.T) {
	var out, notes bytes.Buffer
	t.Chdir(t.TempDir())
	const dir = "kept" // as people name it
	err := demo.Run(t.Context(), demo.Options{For: 6 * time.Second, Rate: 2000, JSON: true, Dir: dir, Out: &out, Notes: &notes})
	if err != nil {
		t.Fatal(err)
	}
	var s demo.Summary
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil || d.More() {
		t.Fatalf("stdout is not one summary: %v", err)
	}
	in, gb := s.Countries["IN"], s.Countries["GB"]
	for code, c := range s.Countries {
		if c.Reports == 0 || c.Stored.Reports != c.Reports-c.Dead || c.Stored.Hits != c.Hits {
			t.Errorf("%s: read %d reports (%d dead) and made %d hits; stored are %d and %d", code, c.Reports, c.Dead, c.Hits, c.Stored.Reports, c.Stored.Hits)
		}
		if out := c.AlertsOut; out.Sent != out.Received || out.Received != out.Decided {
			t.Errorf("%s: alerts out %+v did not all come to rest", code, out)
		}
		if c.AlertsIn.Received != c.AlertsIn.Answered {
			t.Errorf("%s: alerts in %+v are not all answered", code, c.AlertsIn)
		}
	}
	if in.AlertsOut.Received == 0 || in.AlertsOut.Received != gb.AlertsIn.Received || gb.AlertsOut.Received != in.AlertsIn.Received {
		t.Errorf("what one country sent is not what the other received: %+v, %+v", in, gb)
	}
	if s.Seconds < 6 || s.Receipt.P50 <= 0 || s.Receipt.P99 < s.Receipt.P50 {
		t.Errorf("%d seconds, receipts %+v", s.Seconds, s.Receipt)
	}
	for _, file := range []string{"IN/kafka", "GB/kafka", "IN/clickhouse", "GB/clickhouse"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Errorf("a country has no folder of its own: %v", err)
		}
	}
}

// TestDemoStops ends a demo as Ctrl-C does, in the middle, and looks for what it
// might leave behind.
func TestDemoStops(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	var out bytes.Buffer
	if err := demo.Run(ctx, demo.Options{Rate: 200, JSON: true, Out: &out, Notes: &out}); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	children, err := os.ReadFile(filepath.Join("/proc/self/task", "self", "children"))
	if err == nil && len(bytes.TrimSpace(children)) > 0 {
		t.Errorf("child processes left behind: %s", children)
	}
}
