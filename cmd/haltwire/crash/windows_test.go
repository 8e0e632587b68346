package crash_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/crash/world"
)

// windowRules are rules over the busy keys of the traffic: one that only rises, with
// cases, one that late evidence overturns, the same one settling, and one that counts
// everything that ever came.
const windowRules = `id: crash-crowd
version: 1
status: live
title: Many payments of one bank
owner: desk
severity: low
on: bank.transfer
windows:
  past: {from: bank.transfer, key: reporter, within: 2s, values: {n: count(), sum: sum(base_amount)}}
cases:
  - {name: many, when: past.n > 40}
  - {name: few, when: past.n > 15 && past.sum > 1000}
---
id: crash-lull
version: 1
status: live
title: Few payments of one bank
owner: desk
severity: low
on: bank.transfer
windows:
  past: {from: bank.transfer, key: reporter, within: 30ms, values: {n: count()}}
when: past.n < 2
---
id: crash-lull-settled
version: 1
status: live
title: Few payments of one bank, for sure
owner: desk
severity: low
on: bank.transfer
settle: 2s
windows:
  past: {from: bank.transfer, key: reporter, within: 30ms, values: {n: count()}}
when: past.n < 2
---
id: crash-all
version: 1
status: live
title: A payment of a bank with many before it
owner: desk
severity: low
on: bank.transfer
windows:
  past: {from: bank.transfer, key: reporter, within: 90d, values: {n: count()}}
when: past.n > 300
`

// TestCrashWindows kills haltwire while rules with windows judge, between a snapshot
// and the next, between judging and the commit, and takes its snapshots away now and
// then. What stands in the end is what the whole input says at once.
func TestCrashWindows(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d kills", seed, windowKills)
	rng := rand.New(rand.NewPCG(seed, 3))
	w := world.New(t, world.Options{Binary: binary, Session: time.Second})
	if err := os.WriteFile(filepath.Join(w.RulesDir(), "crash.yaml"), []byte(windowRules), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(w.RulesDir())
	in := w.Instance("in")
	w.Partners["GB"].ReplyTo(in.PartnerURL)
	f := w.Traffic(seed, 0.04)
	in.Start()
	stop := f.Start(t.Context(), rate)
	for i := range windowKills {
		life := time.Duration(200+rng.IntN(2000)) * time.Millisecond
		if i%2 > 0 { // long enough for a snapshot of which all is committed
			life += 7 * time.Second
			world.Eventually(t, time.Minute, "partitions are owned after a kill", func() string {
				if !in.Owns() {
					return "not yet"
				}
				return ""
			})
		}
		wait(t, life)
		in.Kill()
		if i%5 == 4 {
			if err := os.RemoveAll(filepath.Join(dir, "state-in")); err != nil {
				t.Fatal(err)
			}
		}
		in.Start()
	}
	stop()
	e := settle(t, w, in, f)
	t.Logf("%d reports, %d hits", len(e.Reports), len(e.Hits))
	for _, rule := range []string{"crash-crowd", "crash-lull", "crash-lull-settled", "crash-all"} {
		got, err := w.Query(fmt.Sprintf("SELECT count() FROM v_hits WHERE rule = '%s'", rule))
		if err != nil || len(got) != 1 || got[0] == "0" {
			t.Errorf("%s has %v hits: the traffic is too thin to prove anything; error %v", rule, got, err)
		}
		t.Logf("%s: %v hits", rule, got)
	}
	log, err := os.ReadFile(filepath.Join(dir, "in.log"))
	if err != nil {
		t.Fatal(err)
	}
	restored, filled := strings.Count(string(log), "windows are restored"), strings.Count(string(log), "there is no snapshot of windows")
	t.Logf("%d starts from a snapshot, %d from Kafka alone", restored, filled)
	if restored == 0 || filled == 0 {
		t.Error("both ways to start must have been taken")
	}
}
