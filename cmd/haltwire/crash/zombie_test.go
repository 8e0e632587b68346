package crash_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/crash/world"
)

const (
	// fresh is the age of a read-back at which no attempt may start any more.
	fresh = 5 * time.Second
	// rest is how long a way is left alone after some failures: before it is over a,
	// awake again, would try nothing.
	rest = 30 * time.Second
	// rounding is that of the signed time, which counts whole seconds.
	rounding = time.Second
)

// TestZombie freezes one of two owners while messages of its partitions wait for
// a partner, until the other has delivered them, and wakes it.
func TestZombie(t *testing.T) {
	w := world.New(t, world.Options{Binary: binary, Session: 3 * time.Second})
	a, b, gb := w.Instance("a"), w.Instance("b"), w.Partners["GB"]
	gb.ReplyTo(b.PartnerURL)
	f := w.Traffic(uint64(time.Now().UnixNano()), 0.08)
	a.Start()
	a.WaitReady()
	b.Start()
	b.WaitReady()
	stop := f.Start(t.Context(), rate)
	world.Eventually(t, time.Minute, "both own partitions of the case log", func() string {
		via := map[string]int{}
		for _, x := range gb.Arrivals() {
			via[x.Via]++
		}
		if via["a"] == 0 || via["b"] == 0 {
			return fmt.Sprint(via)
		}
		return ""
	})
	gb.Break(world.Status(http.StatusServiceUnavailable, 0))
	pending := map[string]bool{}
	world.Eventually(t, time.Minute, "messages of a wait", func() string {
		pending = waiting(gb, "a")
		if len(pending) < 3 { // after some failures the way is left alone: more do not come
			return fmt.Sprintf("%d wait", len(pending))
		}
		return ""
	})

	a.Signal(syscall.SIGSTOP)
	stopped := time.Now()
	gb.Break(nil)
	pending = waiting(gb, "a")
	world.Eventually(t, 2*time.Minute, "b delivers what a had", func() string {
		left := len(pending)
		for _, x := range gb.Arrivals() {
			if pending[x.Message] && !x.Fault && x.Via == "b" && x.At.After(stopped) {
				left--
			}
		}
		if left > 0 || time.Since(stopped) < rest+2*time.Second {
			return fmt.Sprintf("%d of %d left", left, len(pending))
		}
		return ""
	})
	woken := time.Now()
	a.Signal(syscall.SIGCONT)
	world.Eventually(t, time.Minute, "a owns partitions again", func() string {
		for _, x := range gb.Arrivals() {
			if x.Via == "a" && x.At.After(woken.Add(time.Second)) {
				return ""
			}
		}
		return "no request came from it"
	})
	stop()
	settle(t, w, b, f)
	a.WaitReady()
	judgeZombie(t, gb, w.Attempts(), pending, woken)
}

// waiting returns the messages that came over via and were never taken.
func waiting(p *world.Partner, via string) map[string]bool {
	out, taken := map[string]bool{}, map[string]bool{}
	for _, a := range p.Arrivals() {
		if !a.Fault {
			taken[a.Message] = true
		} else if a.Via == via {
			out[a.Message] = true
		}
	}
	for m := range taken {
		delete(out, m)
	}
	return out
}

// judgeZombie compares what came over a after it woke with the case log.
func judgeZombie(t *testing.T, gb *world.Partner, log []world.Attempt, pending map[string]bool, woken time.Time) {
	t.Helper()
	owner := ownerOf(t, gb, log, "a")
	type won struct{ at []time.Time }
	wins, lost, pointless := map[string]*won{}, 0, 0
	for _, x := range log {
		if !strings.HasPrefix(x.Owner, owner+"/") {
			continue
		}
		if x.Appended.After(woken) && pending[x.MessageID] {
			pointless++
		}
		if !x.First {
			lost++
			continue
		}
		if wins[x.MessageID] == nil {
			wins[x.MessageID] = &won{}
		}
		wins[x.MessageID].at = append(wins[x.MessageID].at, x.Appended)
	}
	sent := map[string]int{}
	for _, x := range gb.Arrivals() {
		if x.Via != "a" {
			continue
		}
		sent[x.Message]++
		if age := x.At.Sub(x.Created); age > fresh+rounding {
			t.Errorf("attempt at %s was sent %s after its read-back", x.Message, age)
		}
		if x.At.Before(woken) {
			continue
		}
		if pending[x.Message] {
			t.Errorf("a sent %s after it woke, though b had delivered it", x.Message)
		}
		if wins[x.Message] == nil || !anyRecent(wins[x.Message].at, x.At) {
			t.Errorf("a sent %s after it woke without a first attempt on the log in the %s before", x.Message, fresh)
		}
	}
	for message, n := range sent {
		if wins[message] == nil || n > len(wins[message].at) {
			t.Errorf("a sent %s %d times with %v first attempts on the log", message, n, wins[message])
		}
	}
	if pointless == 0 {
		t.Error("a wrote no attempt after it woke: the fault has proved nothing")
	}
	t.Logf("%d messages waited; after it woke, a wrote %d attempts at them; %d of its attempts were not the first of their number", len(pending), pointless, lost)
}

func anyRecent(at []time.Time, now time.Time) bool {
	for _, x := range at {
		if age := now.Sub(x); age >= -rounding && age <= fresh+rounding {
			return true
		}
	}
	return false
}

// ownerOf returns the name under which an instance writes attempts: that of a
// message which came over its port alone.
func ownerOf(t *testing.T, gb *world.Partner, log []world.Attempt, via string) string {
	t.Helper()
	ports := map[string]string{}
	for _, x := range gb.Arrivals() {
		if ports[x.Message] == "" {
			ports[x.Message] = x.Via
		} else if ports[x.Message] != x.Via {
			ports[x.Message] = "-"
		}
	}
	owners := map[string]map[string]bool{}
	for _, x := range log {
		name, _, _ := strings.Cut(x.Owner, "/")
		if owners[x.MessageID] == nil {
			owners[x.MessageID] = map[string]bool{}
		}
		owners[x.MessageID][name] = true
	}
	for message, from := range ports {
		if from == via && len(owners[message]) == 1 {
			for name := range owners[message] {
				return name
			}
		}
	}
	t.Fatalf("no message came over %s alone", via)
	return ""
}
