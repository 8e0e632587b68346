package lane_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sinks/desk/lane"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// trace notes the order of attempts.
type trace struct {
	mu  sync.Mutex
	ids []string
}

func (t *trace) add(id string) {
	t.mu.Lock()
	t.ids = append(t.ids, id)
	t.mu.Unlock()
}

func (t *trace) list() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.ids...)
}

func once(t *trace, id string) func(context.Context) time.Duration {
	return func(context.Context) time.Duration { t.add(id); return -1 }
}

// run works a lane in a bubble of its own time until the body has returned.
func run(t *testing.T, l *lane.Lane, body func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	body(ctx)
	cancel()
	<-done
}

// pass lets time go by: every test here runs in a bubble of synctest, whose clock moves
// on when nobody can do anything before.
func pass(d time.Duration) { <-time.After(d) }

func TestUrgentGoesFirstThenOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := lane.New(1), &trace{}
		now := time.Now()
		for _, j := range []lane.Job{{ID: "normal", Priority: 2, Queued: now}, {ID: "young", Queued: now.Add(time.Second)}, {ID: "old", Queued: now}, {ID: "high", Priority: 1, Queued: now}} {
			j.Alive, j.Try = t.Context(), once(seen, j.ID)
			l.Offer(j)
		}
		run(t, l, func(context.Context) { synctest.Wait() })
		if got := seen.list(); len(got) != 4 || got[0] != "old" || got[1] != "young" || got[2] != "high" || got[3] != "normal" {
			t.Errorf("order %v", got)
		}
	})
}

func TestJobWaitsAndOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := lane.New(1), &trace{}
		start, left := time.Now(), 2
		var last time.Duration
		l.Offer(lane.Job{ID: "failing", Alive: t.Context(), Queued: start, Try: func(context.Context) time.Duration {
			seen.add("failing")
			last = time.Since(start)
			if left--; left < 0 {
				return -1
			}
			return 10 * time.Second
		}})
		l.Offer(lane.Job{ID: "next", Priority: 2, Queued: start, Alive: t.Context(), Try: once(seen, "next")})
		run(t, l, func(context.Context) { pass(25 * time.Second) })
		if got := seen.list(); len(got) != 4 || got[1] != "next" {
			t.Errorf("order %v", got)
		}
		if last != 20*time.Second || l.Depth() != 0 {
			t.Errorf("last try after %s, %d jobs left", last, l.Depth())
		}
	})
}

// TestWhatAlwaysFailsLetsOthersGoFirst shares a way that lets one attempt through every
// 30 s among two old jobs that fail for ever and a new one: the next attempt is the new
// job's.
func TestWhatAlwaysFailsLetsOthersGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen, open := lane.New(4), &trace{}, time.Now()
		var mu sync.Mutex
		try := func(id string) func(context.Context) time.Duration {
			return func(context.Context) time.Duration {
				mu.Lock()
				defer mu.Unlock()
				if time.Now().Before(open) {
					return time.Until(open)
				}
				seen.add(id)
				open = time.Now().Add(30 * time.Second)
				return 30 * time.Second
			}
		}
		start := time.Now()
		for _, id := range []string{"a", "b"} {
			l.Offer(lane.Job{ID: id, Queued: start, Alive: t.Context(), Try: try(id)})
		}
		run(t, l, func(context.Context) {
			pass(100 * time.Second)
			before := len(seen.list())
			l.Offer(lane.Job{ID: "new", Queued: time.Now(), Alive: t.Context(), Try: try("new")})
			pass(30 * time.Second)
			if got := seen.list()[before:]; len(got) != 1 || got[0] != "new" {
				t.Errorf("after the new job came, tried %v", got)
			}
		})
	})
}

func TestKnownJobIsNotOfferedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := lane.New(4), &trace{}
		var running, most atomic.Int32
		j := lane.Job{ID: "one", Alive: t.Context(), Try: func(context.Context) time.Duration {
			most.Store(max(most.Load(), running.Add(1)))
			seen.add("one")
			pass(time.Second)
			running.Add(-1)
			return -1
		}}
		run(t, l, func(context.Context) {
			for range 10 {
				l.Offer(j)
				pass(50 * time.Millisecond)
			}
			pass(2 * time.Second)
		})
		if len(seen.list()) != 1 || most.Load() != 1 {
			t.Errorf("tried %d times, %d at once", len(seen.list()), most.Load())
		}
	})
}

func TestJobOfAnotherOwnerIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := lane.New(2), &trace{}
		gone, lose := context.WithCancel(t.Context())
		lose()
		l.Offer(lane.Job{ID: "a", Alive: gone, Try: once(seen, "old owner")})
		l.Offer(lane.Job{ID: "a", Alive: t.Context(), Try: once(seen, "new owner")})
		l.Offer(lane.Job{ID: "b", Alive: gone, Try: once(seen, "lost")})
		run(t, l, func(context.Context) { pass(2 * time.Second) })
		if got := seen.list(); len(got) != 1 || got[0] != "new owner" || l.Depth() != 0 {
			t.Errorf("tried %v, %d jobs left", got, l.Depth())
		}
	})
}

func TestRunWaitsForAttemptsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lane.New(1)
		ended := false
		l.Offer(lane.Job{ID: "a", Alive: t.Context(), Try: func(ctx context.Context) time.Duration {
			<-ctx.Done()
			pass(time.Second)
			ended = true
			return -1
		}})
		run(t, l, func(context.Context) { synctest.Wait() })
		if !ended {
			t.Error("Run returned before the attempt")
		}
	})
}

// TestUrgentNeedsNoFreeWorker hangs as many jobs as others may have workers for.
func TestUrgentNeedsNoFreeWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, seen := lane.New(4), &trace{}
		hang := make(chan struct{})
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			l.Offer(lane.Job{ID: id, Priority: 1, Queued: time.Now(), Alive: t.Context(), Try: func(context.Context) time.Duration { <-hang; return -1 }})
		}
		run(t, l, func(context.Context) {
			synctest.Wait()
			begun := time.Now()
			l.Offer(lane.Job{ID: "urgent", Queued: time.Now().Add(time.Hour), Alive: t.Context(), Try: once(seen, "urgent")})
			synctest.Wait()
			if got := seen.list(); len(got) != 1 {
				pass(2 * time.Second)
				synctest.Wait()
			}
			if got := seen.list(); len(got) != 1 || time.Since(begun) > time.Second {
				t.Errorf("%v after %s", got, time.Since(begun))
			}
			if l.Oldest().IsZero() || l.Depth() != 5 {
				t.Errorf("oldest %s, %d wait", l.Oldest(), l.Depth())
			}
			if _, there := l.Next("a"); !there {
				t.Error("a hanging job is not on the lane")
			}
			close(hang)
		})
	})
}

func TestWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns []bool
		w := lane.NewWay(30*time.Second, func(works bool) { turns = append(turns, works) })
		attempt := func(r lane.Result, hold time.Duration) time.Duration {
			done, wait := w.Begin()
			if done != nil {
				done(r, hold)
			}
			return wait
		}
		for range 20 { // aside says nothing, and one success ends a row of failures
			attempt(lane.Aside, 0)
			attempt(lane.Failed, 0)
			attempt(lane.Worked, 0)
		}
		for range 5 {
			if s := w.State(); s.State != "open" {
				t.Fatalf("closed after fewer than five failures: %+v", s)
			}
			attempt(lane.Failed, 0)
		}
		s := w.State()
		if wait := attempt(lane.Worked, 0); wait != 30*time.Second || s.State != "broken" || s.Next == 0 || s.Since == 0 {
			t.Errorf("five failures: wait %s, %+v", wait, s)
		}
		pass(30*time.Second + time.Millisecond)
		if s := w.State(); s.State != "trying" {
			t.Errorf("after its rest: %+v", s)
		}
		done, _ := w.Begin()
		if other, wait := w.Begin(); other != nil || wait <= 0 {
			t.Error("two messages find out at the same time")
		}
		done(lane.Failed, 0)
		if b := w.Broken(); b < 30*time.Second || w.State().State != "broken" {
			t.Errorf("broken for %s", b)
		}
		pass(31 * time.Second)
		attempt(lane.Aside, 0) // does not use the one attempt up
		if wait := attempt(lane.Worked, time.Minute); wait != 0 {
			t.Errorf("the probe waits %s", wait)
		}
		if s := w.State(); s.State != "held" || w.Broken() != 0 {
			t.Errorf("the party wants a minute: %+v", s)
		}
		if wait := attempt(lane.Worked, 0); wait != time.Minute {
			t.Errorf("held for %s", wait)
		}
		pass(time.Minute)
		if wait := attempt(lane.Worked, 0); wait != 0 || w.State().State != "open" {
			t.Errorf("after that: %s, %+v", wait, w.State())
		}
		if len(turns) != 2 || turns[0] || !turns[1] {
			t.Errorf("turns %v", turns)
		}
	})
}
