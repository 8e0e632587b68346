package crash_test

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/crash/world"
	"github.com/haltwire/haltwire/sinks/desk"
)

// TestCrash kills haltwire with SIGKILL at random instants under load, and
// ClickHouse once, and compares what is left with what was said.
func TestCrash(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d kills", seed, kills)
	rng := rand.New(rand.NewPCG(seed, 2))
	w := world.New(t, world.Options{Binary: binary, Session: time.Second})
	gb, in := w.Partners["GB"], w.Instance("in")
	gb.ReplyTo(in.PartnerURL)
	f := w.Traffic(seed, 0.04)

	in.Start()
	stop := f.Start(t.Context(), rate)
	killing(t, w, in, rng, kills/2, false)
	stop()
	before := settle(t, w, in, f)

	closed := closeSome(t, in, gb, f)
	stop = f.Start(t.Context(), rate)
	again(t, f, closed)
	killing(t, w, in, rng, kills-kills/2, true)
	stop()
	again(t, f, closed)
	e := settle(t, w, in, f)
	t.Logf("ClickHouse came back %d times", w.EngineRestarts())
	t.Logf("%d reports, %d hits, %d dead letters, %d requests; before %d hits", len(e.Reports), len(e.Hits), len(e.Dead), len(e.Requested), len(before.Hits))
	t.Logf("%d hits were overturned by corrections, %d stand in alerts, by rule %v", e.Superseded, e.Evidence, e.Rules)
	enough(t, w, in, e)
	for account, messages := range closed {
		if got := gb.Requests(account); !maps.Equal(got, messages) {
			t.Errorf("closed subject %s: requests %v became %v", account, messages, got)
			for _, r := range f.About(account) {
				t.Logf("said about it: %s", r.Value)
			}
		}
	}
}

// enough checks that what the run met can prove something.
func enough(t *testing.T, w *world.World, in *world.Instance, e world.Expectation) {
	t.Helper()
	for what, n := range map[string]int{
		"requests": len(e.Requested) - 100, "hits overturned by corrections": e.Superseded - 10,
		"swaps": e.Rules["swapped"] - 20, "crowds": e.Rules["crowd"] - 20, "payments without a login": e.Rules["unseen"] - 3, "refused payments": e.Rules["refused"] - 3,
		"starts from a snapshot": in.Said("windows are restored") - kills/10, "starts from Kafka alone": in.Said("there is no snapshot of windows") - 2,
	} {
		if n < 0 {
			t.Errorf("too few %s, by %d: the run proves nothing", what, -n)
		}
	}
	for what, query := range map[string]string{
		"late hits":                             "SELECT count() FROM v_hits WHERE late AND rule IN ('swapped', 'crowd')",
		"cases changed later":                   "SELECT count() FROM v_hits WHERE changed != ''",
		"hits in alerts overturned by evidence": "SELECT count() FROM v_hits_overturned WHERE reason = 'later_evidence' AND alert_id != ''",
		"hits overturned by evidence":           "SELECT count() FROM v_hits_overturned WHERE reason = 'later_evidence'",
	} {
		got, err := w.Query(query)
		if err != nil || len(got) != 1 || got[0] == "0" {
			t.Errorf("%s: %v, %v: the run proves nothing", what, got, err)
		}
		t.Logf("%s: %s", what, got)
	}
}

// killing kills the running instance n times and starts it again at once: while it
// starts, restores and replays, soon after it owns partitions, or soon after a
// snapshot counts. Now and then there is no snapshot to start from.
func killing(t *testing.T, w *world.World, in *world.Instance, rng *rand.Rand, n int, engine bool) {
	t.Helper()
	for i := range n {
		started := time.Now()
		world.Eventually(t, time.Minute, "it has come far enough to be killed", func() string {
			switch {
			case i%2 == 1 && !in.Owns():
				return "no partition is owned"
			case i%10 == 3 && !in.Kept().After(started):
				return "there is no new snapshot"
			}
			return ""
		})
		wait(t, time.Duration(50+rng.IntN(1450))*time.Millisecond)
		in.Kill()
		if i%7 == 5 {
			in.Forget()
		}
		in.Start()
		if engine && i == n/2 {
			w.KillEngine() // its keeper brings it back
		}
	}
}

// wait lets the load work on for d.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// settle drains everything and compares the sets.
func settle(t *testing.T, w *world.World, in *world.Instance, f *world.Traffic) world.Expectation {
	t.Helper()
	in.WaitReady()
	e := f.Expect()
	w.Stored(e, 90*time.Second)
	w.Asked(w.Partners["GB"], e, time.Minute)
	return e
}

// closeSome has officers withdraw some alerts and confirm others, and returns
// the accounts of all closed alerts with the messages that were sent about them.
func closeSome(t *testing.T, in *world.Instance, gb *world.Partner, f *world.Traffic) map[string]map[string]bool {
	t.Helper()
	const some = 8
	quiet(t, in)
	withdrawn := 0
	for i, a := range alerts(t, in, desk.Filter{Direction: "out", Party: gb.ID, State: "decided"}) {
		if i >= 2*some {
			break
		}
		if i%2 == 1 {
			act(t, in, a.ID, "confirm", "O1")
			continue
		}
		act(t, in, a.ID, "withdraw", "O1")
		if _, err := in.Officers.Act(t.Context(), a.ID, desk.Action{Do: "withdraw", As: "O1", Reason: "Alone"}); err == nil {
			t.Errorf("alert %s: one officer withdrew it twice", a.ID)
		}
		act(t, in, a.ID, "withdraw", "O2")
		withdrawn++
	}
	if withdrawn < some {
		t.Fatalf("only %d alerts could be withdrawn", withdrawn)
	}
	quiet(t, in)
	closed := closedAccounts(t, in, gb, f, 4*some)
	t.Logf("%d subjects are closed, %d of them withdrawn", len(closed), withdrawn)
	return closed
}

// closedAccounts returns up to n accounts whose alerts are closed, with the
// messages that were sent about them. An account with an alert that a correction
// ended before anybody was asked is none: more evidence would open another.
func closedAccounts(t *testing.T, in *world.Instance, gb *world.Partner, f *world.Traffic, n int) map[string]map[string]bool {
	t.Helper()
	closed, overturned := map[string]map[string]bool{}, map[string]bool{}
	for _, a := range alerts(t, in, desk.Filter{Direction: "out", Party: gb.ID, State: "closed"}) {
		d, err := in.Officers.Show(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		account := d.Subject.Account.ID
		overturned[account] = overturned[account] || a.Ending == "overturned"
		if !f.Recent(account) && len(closed) < n {
			closed[account] = gb.Requests(account)
		}
	}
	maps.DeleteFunc(closed, func(account string, _ map[string]bool) bool { return overturned[account] })
	return closed
}

// quiet waits until no alert is on its way: every one that went out by itself is
// decided or closed, and what was withdrawn is closed.
func quiet(t *testing.T, in *world.Instance) {
	t.Helper()
	world.Eventually(t, time.Minute, "alerts come to rest", func() string {
		for _, s := range []string{"approved", "sent", "received", "withdrawing"} {
			if left := alerts(t, in, desk.Filter{Direction: "out", State: s}); len(left) > 0 {
				return s + " " + left[0].ID
			}
		}
		return ""
	})
}

func alerts(t *testing.T, in *world.Instance, f desk.Filter) []desk.View {
	t.Helper()
	list, err := in.Officers.List(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func act(t *testing.T, in *world.Instance, alert, do, as string) {
	t.Helper()
	if _, err := in.Officers.Act(t.Context(), alert, desk.Action{Do: do, As: as, Reason: "Read and found right"}); err != nil {
		t.Fatalf("%s %s by %s: %v", do, alert, as, err)
	}
}

// again says once more everything about closed subjects.
func again(t *testing.T, f *world.Traffic, closed map[string]map[string]bool) {
	t.Helper()
	for account := range closed {
		f.Send(t.Context(), f.About(account)...)
	}
}
