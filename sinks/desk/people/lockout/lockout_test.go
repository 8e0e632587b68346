package lockout_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/desk/people/lockout"
)

func start() time.Time { return time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC) }

func TestLocksAndDoubles(t *testing.T) {
	c := lockout.New(lockout.Limits{After: 3, For: time.Minute, Keys: 100})
	now := start()
	wait := time.Minute
	for round := range 8 {
		for range 3 {
			if again, ok := c.Try("a", now); !ok {
				t.Fatalf("round %d: locked until %v before three failures", round, again)
			}
		}
		again, ok := c.Try("a", now)
		if ok || again.Sub(now) != wait {
			t.Fatalf("round %d: ok %v, again in %v, want %v", round, ok, again.Sub(now), wait)
		}
		if until, locked := c.Until("a", now); !locked || until != again {
			t.Errorf("round %d: until %v, %v", round, until, locked)
		}
		if _, ok := c.Try("b", now); !ok {
			t.Error("another key is locked too")
		}
		c.Reset("b")
		now = again
		wait = min(2*wait, 32*time.Minute)
	}
	c.Reset("a")
	for range 3 {
		c.Try("a", now)
	}
	if again, _ := c.Try("a", now); again.Sub(now) != time.Minute {
		t.Errorf("after a success locked for %v", again.Sub(now))
	}
}

func TestOldFailuresAreForgotten(t *testing.T) {
	c := lockout.New(lockout.Limits{After: 2, For: time.Minute, Keys: 100})
	for n := range 10 {
		if _, ok := c.Try("a", start().Add(time.Duration(n)*time.Minute)); !ok {
			t.Fatalf("try %d, each a minute after the one before: locked", n)
		}
	}
}

func TestBackUndoesATry(t *testing.T) {
	c := lockout.New(lockout.Limits{After: 2, For: time.Minute, Keys: 100})
	for n := range 10 {
		if _, ok := c.Try("a", start()); !ok {
			t.Fatalf("locked by try %d, all taken back", n)
		}
		c.Back("a", start())
	}
	c.Back("never tried", start())
	c.Try("a", start())
	for n := range 10 { // the try that locks is taken back too
		if _, ok := c.Try("a", start()); !ok {
			t.Fatalf("locked by try %d", n)
		}
		c.Back("a", start())
	}
	c.Try("a", start())
	if _, ok := c.Try("a", start()); ok {
		t.Error("two failures do not lock any more")
	}
}

func TestTriesSideBySideAreCounted(t *testing.T) {
	c := lockout.New(lockout.Limits{After: 5, For: time.Minute, Keys: 100})
	var let atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, ok := c.Try("a", start()); ok {
				let.Add(1)
			}
		})
	}
	all.Wait()
	if let.Load() != 5 {
		t.Errorf("%d tries were let through, want 5", let.Load())
	}
}

// TestGuessesAreFew is the law: whatever the times, an account without a success has
// no more than twice After guesses in any stretch as long as For.
func TestGuessesAreFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := lockout.Limits{After: rapid.IntRange(1, 6).Draw(t, "after"), For: time.Minute, Keys: 100}
		c, now := lockout.New(limits), start()
		var let []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "tries") {
			now = now.Add(time.Duration(rapid.IntRange(0, 70_000).Draw(t, "ms")) * time.Millisecond)
			if _, ok := c.Try("a", now); ok {
				let = append(let, now)
			}
		}
		for i := 0; i+2*limits.After < len(let); i++ {
			if let[i+2*limits.After].Sub(let[i]) < limits.For {
				t.Fatalf("guesses %d to %d are %v apart", i, i+2*limits.After, let[i+2*limits.After].Sub(let[i]))
			}
		}
	})
}

func TestCounterIsBoundedAndKeepsTheLocked(t *testing.T) {
	c := lockout.New(lockout.Limits{After: 2, For: time.Hour, Keys: 100})
	c.Try("victim", start())
	c.Try("victim", start())
	for n := range 200 {
		c.Try(fmt.Sprint(n), start().Add(time.Duration(n)*time.Millisecond))
	}
	if c.Len() > 100 {
		t.Errorf("%d keys are held", c.Len())
	}
	if _, locked := c.Until("victim", start().Add(time.Minute)); !locked {
		t.Error("many names made a lock be forgotten")
	}
}
