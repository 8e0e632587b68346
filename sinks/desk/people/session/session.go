// Package session owns the sessions of people who logged in: random ids, two
// time-outs, a bound. They live in the memory of this process, so a restart ends
// them all. It must not know cookies, HTTP or what a session's owner may do.
package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

const (
	// 8 sessions of one person are more browsers than one has.
	maxPerOwner = 8
	idSize      = 32 // bytes: 256 random bits
)

// Session is somebody who logged in. V is what the caller keeps with it.
type Session[V any] struct {
	Owner   string
	CSRF    string    // 256 random bits that a page repeats
	Began   time.Time //
	Used    time.Time // last
	Expires time.Time // at the latest
	Value   V
}

// Limits are the time-outs of sessions and their number.
type Limits struct {
	Idle    time.Duration // a session that nobody uses for so long is over
	Longest time.Duration // none lasts longer, however much it is used
	Most    int           // sessions at all; beginning one looks at all of them
}

// Store holds the sessions. Safe for concurrent use.
type Store[V any] struct {
	limits Limits

	mu   sync.Mutex
	byID map[[sha256.Size]byte]*Session[V] // by the hash of the id: a dump of the memory logs nobody in
}

// New returns an empty store.
func New[V any](l Limits) *Store[V] {
	return &Store[V]{limits: l, byID: map[[sha256.Size]byte]*Session[V]{}}
}

// Begin makes a session and returns its id, which is always new. Whoever has too
// many sessions loses the one that was not used for the longest time.
func (s *Store[V]) Begin(owner string, value V, now time.Time) (id string, made Session[V]) {
	id, csrf := random(), random()
	made = Session[V]{Owner: owner, CSRF: csrf, Began: now, Used: now, Expires: now.Add(s.limits.Longest), Value: value}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweepLocked(now)
	if s.countLocked(owner) >= maxPerOwner {
		s.evictLocked(func(of *Session[V]) bool { return of.Owner == owner })
	}
	if len(s.byID) >= s.limits.Most {
		s.evictLocked(func(*Session[V]) bool { return true })
	}
	kept := made
	s.byID[sha256.Sum256([]byte(id))] = &kept
	return id, made
}

// Use returns the session of an id and counts as use; false where there is none
// any more.
func (s *Store[V]) Use(id string, now time.Time) (Session[V], bool) {
	key := sha256.Sum256([]byte(id))
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byID[key]
	if found == nil {
		return Session[V]{}, false
	}
	if s.over(found, now) {
		delete(s.byID, key)
		return Session[V]{}, false
	}
	if now.After(found.Used) {
		found.Used = now
	}
	return *found, true
}

// End ends the session of an id, if there is one.
func (s *Store[V]) End(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, sha256.Sum256([]byte(id)))
}

// Of returns the session that an owner began last, and false where there is none.
func (s *Store[V]) Of(owner string, now time.Time) (Session[V], bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var last *Session[V]
	for _, one := range s.byID {
		if one.Owner == owner && !s.over(one, now) && (last == nil || one.Began.After(last.Began)) {
			last = one
		}
	}
	if last == nil {
		return Session[V]{}, false
	}
	return *last, true
}

// Len returns how many sessions are held, those that are over included.
func (s *Store[V]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID)
}

func (s *Store[V]) over(one *Session[V], now time.Time) bool {
	return !now.Before(one.Expires) || now.Sub(one.Used) >= s.limits.Idle
}

func (s *Store[V]) sweepLocked(now time.Time) {
	for key, one := range s.byID {
		if s.over(one, now) {
			delete(s.byID, key)
		}
	}
}

func (s *Store[V]) countLocked(owner string) int {
	n := 0
	for _, one := range s.byID {
		if one.Owner == owner {
			n++
		}
	}
	return n
}

func (s *Store[V]) evictLocked(which func(*Session[V]) bool) {
	var oldest [sha256.Size]byte
	var used time.Time
	found := false
	for key, one := range s.byID {
		if which(one) && (!found || one.Used.Before(used)) {
			oldest, used, found = key, one.Used, true
		}
	}
	if found {
		delete(s.byID, oldest)
	}
}

func random() string {
	b := make([]byte, idSize)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}
