package shelf

import (
	"regexp"
	"time"
)

// Trim drops what was added before that moment and is not needed by anything
// that was added since, from all collections, and returns how many versions it
// dropped. Needed is the last version of each object that a version that stays
// names, directly or over others. So a report goes with everything that only it
// refers to, and one that was amended lately stays whole.
//
// A reader sees no difference but that things are gone. A filling anew that
// leaves older messages out comes to the same, but for the moments of what is
// shared with them.
func (s *Shelf) Trim(before time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	dropped := 0
	names := regexp.MustCompile(`[a-z][a-z0-9-]*--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	for name, c := range s.all {
		kept := c.kept(before, names)
		dropped += len(c.entries) - len(kept.entries)
		s.all[name] = kept
	}
	return dropped
}

// kept returns what stays of a collection.
func (c *collection) kept(before time.Time, names *regexp.Regexp) *collection {
	stays := make([]bool, len(c.entries))
	var next []int // those that stay, of which the references are to be followed
	stay := func(at int) {
		if !stays[at] {
			stays[at] = true
			next = append(next, at)
		}
	}
	for at := range c.entries {
		if !c.entries[at].Added.Before(before) {
			stay(at)
		}
	}
	for len(next) > 0 {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		for _, id := range names.FindAll(c.entries[at].Body, -1) {
			if chain := c.byID[string(id)]; len(chain) > 0 {
				stay(chain[len(chain)-1])
			}
		}
	}
	out := &collection{byID: map[string][]int{}, last: c.last}
	for at, e := range c.entries {
		if stays[at] {
			out.byID[e.ID] = append(out.byID[e.ID], len(out.entries))
			out.entries = append(out.entries, e)
			out.bytes += len(e.Body)
		}
	}
	return out
}
