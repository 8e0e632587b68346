package inbound

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiters holds a token bucket per party; parties come from the keys that are
// configured, so the map is bounded by them.
type limiters struct {
	perSecond float64
	burst     int

	mu sync.Mutex
	by map[string]*rate.Limiter
}

// wait returns 0 when the party may go on, else how long it should wait.
func (l *limiters) wait(party string, now time.Time) time.Duration {
	l.mu.Lock()
	bucket := l.by[party]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Limit(l.perSecond), l.burst)
		l.by[party] = bucket
	}
	l.mu.Unlock()
	r := bucket.ReserveN(now, 1)
	d := r.DelayFrom(now)
	if d > 0 {
		r.CancelAt(now)
	}
	return d
}

// shares counts the bodies that are being read by party.
type shares struct {
	mu sync.Mutex
	by map[string]int
}

// take reports whether the party reads fewer than most; if so the caller must call
// leave.
func (s *shares) take(party string, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[party] >= most {
		return false
	}
	s.by[party]++
	return true
}

func (s *shares) leave(party string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[party]--; s.by[party] == 0 {
		delete(s.by, party)
	}
}

// flights keeps apart those who handle the same message at the same time.
type flights struct {
	mu sync.Mutex
	by map[string]*flight
}

type flight struct {
	free  chan struct{} // holds one token while nobody is in
	users int
}

// lock waits for the others with that id, or for ctx to end, which is the
// error. Without an error the caller must call unlock.
func (f *flights) lock(ctx context.Context, id string) (unlock func(), err error) {
	f.mu.Lock()
	l := f.by[id]
	if l == nil {
		l = &flight{free: make(chan struct{}, 1)}
		l.free <- struct{}{}
		f.by[id] = l
	}
	l.users++
	f.mu.Unlock()
	select {
	case <-l.free:
		return func() { l.free <- struct{}{}; f.leave(id, l) }, nil
	case <-ctx.Done():
		f.leave(id, l)
		return nil, fmt.Errorf("wait for another delivery of %s: %w", id, ctx.Err())
	}
}

func (f *flights) leave(id string, l *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(f.by, id)
	}
}

// rejections remembers the last rejecting receipts that are on no log.
type rejections struct {
	mu   sync.Mutex
	by   map[string][]byte
	ring []string // oldest first
}

const maxRejections = 1024 // about 1 MB

func (r *rejections) find(key string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.by[key]
}

func (r *rejections) keep(key string, jws []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ring) == maxRejections {
		delete(r.by, r.ring[0])
		r.ring = r.ring[1:]
	}
	r.by[key] = jws
	r.ring = append(r.ring, key)
}
