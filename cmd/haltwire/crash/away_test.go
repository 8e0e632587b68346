package crash_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/crash/world"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
)

// memory bounds what haltwire may hold while ClickHouse is away: 600 MB.
const memory = 600 << 20

// TestClickHouseAway takes ClickHouse away under load: alerts keep flowing, windows
// go on and what later evidence says is said, and afterwards every row is there.
func TestClickHouseAway(t *testing.T) {
	w := world.New(t, world.Options{Binary: binary, Unkept: true})
	in := w.Instance("in")
	w.Partners["GB"].ReplyTo(in.PartnerURL)
	f := w.Traffic(uint64(time.Now().UnixNano()), 0.04)
	in.Start()
	in.WaitReady()
	stop := f.Start(t.Context(), rate)
	wait(t, 8*time.Second)

	w.KillEngine()
	gone := time.Now()
	largest := watch(t, in, away)
	back := time.Now()
	before, during := receipts(t, in, time.Time{}, gone), receipts(t, in, gone, back)
	t.Logf("report to receipt: median %s of %d before, %s of %d while ClickHouse was away; memory %d MB", middle(before), len(before), middle(during), len(during), largest>>20)
	if len(before) < 10 || len(during) < 20 {
		t.Fatalf("%d alerts before and %d during: too few to judge", len(before), len(during))
	}
	if limit := 3*middle(before) + 200*time.Millisecond; middle(during) > limit {
		t.Errorf("while ClickHouse is away alerts take %s, more than %s", middle(during), limit)
	}
	later := w.Later(gone, back)
	t.Logf("meanwhile later evidence said %v", later)
	if later[caselog.Hit] < 5 || later[caselog.HitChanged] == 0 || later[caselog.HitOverturned] == 0 {
		t.Errorf("while ClickHouse was away later evidence made, raised and ended only %v", later)
	}
	w.RestartEngine()
	stop()
	settle(t, w, in, f)
}

// watch looks at memory and readiness for d and returns the most memory.
func watch(t *testing.T, in *world.Instance, d time.Duration) int64 {
	t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var largest int64
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		if r, status := in.Ready(t.Context()); status != http.StatusOK {
			t.Fatalf("not ready while ClickHouse is away: %d %+v", status, r)
		}
		largest = max(largest, in.Memory())
	}
	if largest > memory {
		t.Errorf("%d MB of memory, more than %d MB", largest>>20, int64(memory)>>20)
	}
	return largest
}

// receipts returns, sorted, how long each request took from the report to its
// receipt, of reports between two moments.
func receipts(t *testing.T, in *world.Instance, from, to time.Time) []time.Duration {
	t.Helper()
	var out []time.Duration
	for _, a := range alerts(t, in, desk.Filter{Direction: "out"}) {
		if at := time.UnixMilli(a.At.Record); a.Automatic && a.At.Received > 0 && at.After(from) && at.Before(to) {
			out = append(out, time.Duration(a.At.Received-a.At.Record)*time.Millisecond)
		}
	}
	slices.Sort(out)
	return out
}

func middle(sorted []time.Duration) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

// TestBrokerAway kills the broker under load; haltwire goes on by itself when it
// is back.
func TestBrokerAway(t *testing.T) {
	w := world.New(t, world.Options{Binary: binary})
	in := w.Instance("in")
	gb := w.Partners["GB"]
	gb.ReplyTo(in.PartnerURL)
	f := w.Traffic(uint64(time.Now().UnixNano()), 0.04)
	in.Start()
	in.WaitReady()
	stop := f.Start(t.Context(), rate)
	wait(t, 4*time.Second)
	w.Kafka.Kill(t)
	wait(t, 10*time.Second)
	w.Kafka.Restart(t)
	back := time.Now()
	world.Eventually(t, time.Minute, "requests go out again", func() string {
		all := gb.Arrivals()
		if n := len(all); n == 0 || all[n-1].At.Before(back) {
			return fmt.Sprintf("none of %d since", n)
		}
		return ""
	})
	t.Logf("the first request came %s after the broker was back", time.Since(back).Round(time.Millisecond))
	wait(t, 2*time.Second)
	stop()
	settle(t, w, in, f)
}
