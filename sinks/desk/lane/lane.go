// Package lane owns the order in which messages are tried at one party: the
// most urgent first, none before its time, and a party that is away delays
// nobody else's messages. It also knows which ways to the party work.
//
// It must not know what a message is nor how it is sent. The caller offers at
// most one job of an alert at a time, so a lane cannot reorder an alert.
package lane

import (
	"context"
	"sync"
	"time"
)

// Job is one message on its way. ID is unique in a lane.
type Job struct {
	ID       string
	Priority int       // smaller goes first
	Queued   time.Time // among equals those tried least go first, the oldest of them before the others
	// Alive ends when the job is no longer ours: it is then dropped.
	Alive context.Context //nolint:containedctx // the life of the job, not of a call
	// Try makes one attempt and returns how long to wait before the next one, or
	// a negative wait when the job is done.
	Try func(ctx context.Context) time.Duration

	after   time.Time
	running bool
	tried   int // how often it came back
}

// Lane is one party's lane. Safe for concurrent use.
type Lane struct {
	workers int

	mu   sync.Mutex
	jobs map[string]*Job

	wake, urge chan struct{} // urge wakes the worker of the most urgent
}

// New returns a lane that makes at most workers attempts at the same time. Of several
// workers one takes only the most urgent jobs: others that hang do not hold them up.
func New(workers int) *Lane {
	return &Lane{workers: workers, jobs: map[string]*Job{}, wake: make(chan struct{}, workers), urge: make(chan struct{}, 1)}
}

// Offer puts a job on the lane unless one with its id is there and alive.
func (l *Lane) Offer(j Job) {
	l.mu.Lock()
	old := l.jobs[j.ID]
	if old == nil || old.Alive.Err() != nil && !old.running {
		l.jobs[j.ID] = &j
	}
	l.mu.Unlock()
	nudge(l.wake)
	if j.Priority == 0 {
		nudge(l.urge)
	}
}

func nudge(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// Depth returns how many jobs wait or run.
func (l *Lane) Depth() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.jobs)
}

// Oldest returns when the job that waits longest was queued, zero without any.
func (l *Lane) Oldest() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	var oldest time.Time
	for _, j := range l.jobs {
		if oldest.IsZero() || j.Queued.Before(oldest) {
			oldest = j.Queued
		}
	}
	return oldest
}

// Next returns when a job is tried again, and whether it is on the lane. Zero is now.
func (l *Lane) Next(id string) (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.jobs[id]
	if j == nil {
		return time.Time{}, false
	}
	return j.after, true
}

// Run works until ctx ends and every attempt under way has returned.
func (l *Lane) Run(ctx context.Context) {
	var done sync.WaitGroup
	for i := range l.workers {
		done.Add(1)
		go func() {
			defer done.Done()
			l.work(ctx, i == 0 && l.workers > 1)
		}()
	}
	done.Wait()
}

func (l *Lane) work(ctx context.Context, urgent bool) {
	wake := l.wake
	if urgent {
		wake = l.urge
	}
	for ctx.Err() == nil {
		j, wait := l.take(time.Now(), urgent)
		if j != nil {
			l.put(j, j.Try(ctx))
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// idle is how long a worker sleeps without anything to wait for.
const idle = time.Second

// take returns the job to try now, or how long there is none; urgent looks for none
// but the most urgent.
func (l *Lane) take(now time.Time, urgent bool) (*Job, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var best *Job
	wait := idle
	for id, j := range l.jobs {
		switch {
		case j.running:
		case j.Alive.Err() != nil:
			delete(l.jobs, id)
		case urgent && j.Priority > 0:
		case j.after.After(now):
			wait = min(wait, j.after.Sub(now))
		case best == nil || j.before(best):
			best = j
		}
	}
	if best != nil {
		best.running = true
	}
	return best, wait
}

func (j *Job) before(o *Job) bool {
	if j.Priority != o.Priority {
		return j.Priority < o.Priority
	}
	if j.tried != o.tried { // what the party cannot answer does not keep others from being tried
		return j.tried < o.tried
	}
	return j.Queued.Before(o.Queued)
}

func (l *Lane) put(j *Job, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j.running = false
	if wait < 0 || j.Alive.Err() != nil {
		delete(l.jobs, j.ID)
		return
	}
	j.after = time.Now().Add(wait)
	j.tried++
}
