package crash_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/crash/world"
)

// TestCrashStandby kills one of two instances of a group at random moments; the
// other one takes over with windows that have seen everything, and nothing is lost
// or said twice.
func TestCrashStandby(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 5))
	w := world.New(t, world.Options{Binary: binary, Session: 2 * time.Second})
	a, b, gb := w.Instance("a"), w.Instance("b"), w.Partners["GB"]
	gb.ReplyTo(b.PartnerURL)
	f := w.Traffic(seed, 0.04)
	a.Start()
	a.WaitReady()
	b.Start()
	b.WaitReady()
	stop := f.Start(t.Context(), rate)
	for round := range 3 {
		world.Eventually(t, time.Minute, "both own partitions", func() string {
			if !a.Owns() || !b.Owns() {
				return fmt.Sprintf("a %t, b %t", a.Owns(), b.Owns())
			}
			return ""
		})
		wait(t, time.Duration(500+rng.IntN(2500))*time.Millisecond)
		before := b.Said("take partition over")
		a.Kill()
		world.Eventually(t, time.Minute, "the other takes over", func() string {
			if b.Said("take partition over") == before {
				return "not yet"
			}
			return ""
		})
		if round == 2 {
			break
		}
		a.Start()
	}
	wait(t, time.Duration(rng.IntN(1500))*time.Millisecond)
	stop()
	e := settle(t, w, b, f)
	t.Logf("%d reports, %d hits, %d stand in alerts, by rule %v", len(e.Reports), len(e.Hits), e.Evidence, e.Rules)
	for _, rule := range []string{"swapped", "crowd", "lull"} {
		if e.Rules[rule] < 10 {
			t.Errorf("only %d hits of %s: the run proves nothing", e.Rules[rule], rule)
		}
	}
}
