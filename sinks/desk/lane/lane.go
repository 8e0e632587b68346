// Package lane owns the order in which messages are tried at one party: the
// most urgent first, none before its time, and a party that is away delays
// nobody else's messages.
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
	Queued   time.Time // among equals the oldest goes first
	// Alive ends when the job is no longer ours: it is then dropped.
	Alive context.Context //nolint:containedctx // the life of the job, not of a call
	// Try makes one attempt and returns how long to wait before the next one, or
	// a negative wait when the job is done.
	Try func(ctx context.Context) time.Duration

	after   time.Time
	running bool
}

// Lane is one party's lane. Safe for concurrent use.
type Lane struct {
	workers int

	mu   sync.Mutex
	jobs map[string]*Job
	wake chan struct{}
}

// New returns a lane that makes at most workers attempts at the same time.
func New(workers int) *Lane {
	return &Lane{workers: workers, jobs: map[string]*Job{}, wake: make(chan struct{}, workers)}
}

// Offer puts a job on the lane unless one with its id is there and alive.
func (l *Lane) Offer(j Job) {
	l.mu.Lock()
	old := l.jobs[j.ID]
	if old == nil || old.Alive.Err() != nil && !old.running {
		l.jobs[j.ID] = &j
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Depth returns how many jobs wait or run.
func (l *Lane) Depth() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.jobs)
}

// Run works until ctx ends and every attempt under way has returned.
func (l *Lane) Run(ctx context.Context) {
	var done sync.WaitGroup
	for range l.workers {
		done.Add(1)
		go func() {
			defer done.Done()
			l.work(ctx)
		}()
	}
	done.Wait()
}

func (l *Lane) work(ctx context.Context) {
	for ctx.Err() == nil {
		j, wait := l.take(time.Now())
		if j != nil {
			l.put(j, j.Try(ctx))
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// idle is how long a worker sleeps without anything to wait for.
const idle = time.Second

// take returns the job to try now, or how long there is none.
func (l *Lane) take(now time.Time) (*Job, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var best *Job
	wait := idle
	for id, j := range l.jobs {
		switch {
		case j.running:
		case j.Alive.Err() != nil:
			delete(l.jobs, id)
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
}
