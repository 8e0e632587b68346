// Package lockout owns how often somebody may fail to log in. It counts by text
// (an account, an address), in memory, and must not know what a login is.
package lockout

import (
	"sync"
	"time"
)

// Limits say when a key is locked, and for how long.
type Limits struct {
	After int           // failures, each less than For after the one before
	For   time.Duration // the first time; twice as long each time after it
	Keys  int           // held at most; a new one beyond it looks at all of them
}

// maxDoubling gives 32 times the first lock: 8 hours for 15 minutes.
const maxDoubling = 5

// Counter counts failures by key. Safe for concurrent use.
type Counter struct {
	limits Limits

	mu   sync.Mutex
	keys map[string]*count
}

type count struct {
	failed int       // since the last success or lock
	locks  int       // since the last success
	until  time.Time // locked until
	last   time.Time // try
}

// New returns a counter that has seen nothing.
func New(l Limits) *Counter { return &Counter{limits: l, keys: map[string]*count{}} }

// Try begins a try and counts it as failed, so that tries side by side are as many
// as tries one after the other. A key that is locked returns when it may try
// again, and false. Whoever calls tells the success with Reset.
func (c *Counter) Try(key string, now time.Time) (again time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.keyLocked(key, now)
	if now.Before(k.until) {
		return k.until, false
	}
	if now.Sub(k.last) >= c.limits.For {
		k.failed = 0
	}
	if now.Sub(k.last) >= c.limits.For<<(maxDoubling+1) {
		k.locks = 0
	}
	k.last = now
	if k.failed++; k.failed >= c.limits.After {
		k.until = now.Add(c.limits.For << min(k.locks, maxDoubling))
		k.failed = 0
		k.locks++
	}
	return time.Time{}, true
}

// Until returns until when a key is locked, and false where it is not.
func (c *Counter) Until(key string, now time.Time) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.keys[key]; k != nil && now.Before(k.until) {
		return k.until, true
	}
	return time.Time{}, false
}

// Reset forgets the failures of a key.
func (c *Counter) Reset(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, key)
}

// Back takes back a try that was counted and did not happen.
func (c *Counter) Back(key string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch k := c.keys[key]; {
	case k == nil:
	case k.failed > 0:
		k.failed--
	case now.Before(k.until) && k.locks > 0: // the try was the one that locked
		k.until, k.failed = now, c.limits.After-1
		k.locks--
	}
}

// Len returns how many keys are held.
func (c *Counter) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.keys)
}

// keyLocked returns the count of a key. A full counter forgets what is old, else
// the key that failed the longest time ago and is not locked, else the oldest.
func (c *Counter) keyLocked(key string, now time.Time) *count {
	if k := c.keys[key]; k != nil {
		return k
	}
	if len(c.keys) >= c.limits.Keys {
		c.evictLocked(now)
	}
	k := &count{}
	c.keys[key] = k
	return k
}

func (c *Counter) evictLocked(now time.Time) {
	old := now.Add(-c.limits.For << maxDoubling)
	var victim string
	var worst *count
	for key, k := range c.keys {
		if k.last.Before(old) && !now.Before(k.until) {
			delete(c.keys, key)
			continue
		}
		if worst == nil || lessWorth(k, worst, now) {
			victim, worst = key, k
		}
	}
	if len(c.keys) >= c.limits.Keys {
		delete(c.keys, victim)
	}
}

func lessWorth(a, b *count, now time.Time) bool {
	if locked := now.Before(a.until); locked != now.Before(b.until) {
		return !locked
	}
	return a.last.Before(b.last)
}
