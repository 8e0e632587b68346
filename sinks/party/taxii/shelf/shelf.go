package shelf

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"
)

// ErrFull is the error of an Append that would exceed the bounds of a
// collection. Nothing of it was added.
var ErrFull = errors.New("collection is full")

// Entry is one version of one object.
type Entry struct {
	ID string
	// Type and Spec are the object's type and spec_version.
	Type, Spec string
	// Version is modified, created where there is no modified, and the moment of
	// the addition where there is neither (TAXII 2.1, 5.3.1): Append sets it then.
	Version time.Time
	// Created and Revoked are the object's; Created is zero where it has none.
	Created time.Time
	Revoked bool
	// Added is set by Append, in microseconds.
	Added time.Time
	// Body is the object's JSON. Nobody changes it.
	Body []byte
}

// Bounds limit each collection of a shelf.
type Bounds struct {
	// Objects is the number of versions, 200,000 by default.
	Objects int
	// Bytes is the sum of the bodies, 512 MiB by default.
	Bytes int
}

// Shelf holds collections. It is safe for concurrent use.
type Shelf struct {
	bounds Bounds

	mu  sync.RWMutex
	all map[string]*collection
}

// collection is a list in the order of Added, and where the versions of each
// object are in it.
type collection struct {
	entries []Entry
	byID    map[string][]int
	bytes   int
	last    time.Time // Added of the last entry, also when it was dropped
}

// New returns an empty shelf.
func New(b Bounds) *Shelf {
	if b.Objects <= 0 {
		b.Objects = 200_000
	}
	if b.Bytes <= 0 {
		b.Bytes = 512 << 20
	}
	return &Shelf{bounds: b, all: map[string]*collection{}}
}

// Append adds entries to a collection, all of them or none, at that moment or,
// where the collection has something later already, a microsecond after it; each
// further entry a microsecond after the one before. The same calls in the same
// order give the same moments. The versions of an object must come in their
// order.
func (s *Shelf) Append(_ context.Context, name string, at time.Time, entries []Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.all[name]
	if c == nil {
		c = &collection{byID: map[string][]int{}}
		s.all[name] = c
	}
	size := 0
	for _, e := range entries {
		size += len(e.Body)
	}
	if len(c.entries)+len(entries) > s.bounds.Objects || c.bytes+size > s.bounds.Bytes {
		return fmt.Errorf("append to %s: %w", name, ErrFull)
	}
	at = at.UTC().Truncate(time.Microsecond)
	for _, e := range entries {
		if !c.last.IsZero() && !at.After(c.last) {
			at = c.last.Add(time.Microsecond)
		}
		c.last = at
		if e.Added = at; e.Version.IsZero() {
			e.Version = at
		}
		c.byID[e.ID] = append(c.byID[e.ID], len(c.entries))
		c.entries = append(c.entries, e)
	}
	c.bytes += size
	return nil
}

// Last returns the version of an object that was added last, and whether there
// is one.
func (s *Shelf) Last(_ context.Context, name, id string) (Entry, bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.all[name]
	if c == nil || len(c.byID[id]) == 0 {
		return Entry{}, false, nil
	}
	at := c.byID[id]
	return c.entries[at[len(at)-1]], true, nil
}

// Page returns the first entries of a collection that a query asks for, in the
// order in which they were added, and whether there are more. A collection that
// was never added to is an empty one.
func (s *Shelf) Page(_ context.Context, name string, q Query) (Page, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.all[name]
	if c == nil {
		return Page{}, nil
	}
	return c.page(q), nil
}

func (c *collection) page(q Query) Page {
	var out Page
	size := 0
	for _, at := range c.candidates(q) {
		e := &c.entries[at]
		if !c.matches(at, q) {
			continue
		}
		full := q.Limit > 0 && len(out.Entries) == q.Limit || q.Bytes > 0 && len(out.Entries) > 0 && size+len(e.Body) > q.Bytes
		if full {
			out.More = true
			break
		}
		size += len(e.Body)
		out.Entries = append(out.Entries, *e)
	}
	return out
}

// candidates yields the positions after q.After at which a match may be.
func (c *collection) candidates(q Query) iter.Seq2[int, int] {
	first, _ := slices.BinarySearchFunc(c.entries, q.After, func(e Entry, after time.Time) int {
		if e.Added.After(after) {
			return 1
		}
		return -1
	})
	if len(q.IDs) == 0 {
		return func(yield func(int, int) bool) {
			for at := first; at < len(c.entries) && yield(0, at); at++ {
			}
		}
	}
	var list []int
	for _, id := range q.IDs {
		for _, at := range c.byID[id] {
			if at >= first {
				list = append(list, at)
			}
		}
	}
	slices.Sort(list)
	return slices.All(slices.Compact(list))
}
