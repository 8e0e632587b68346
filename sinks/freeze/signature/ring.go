package signature

import (
	"crypto/ed25519"
	"fmt"
	"sync/atomic"
)

// Ring holds the key sets of all parties. Replace swaps them as a whole, so a
// reader sees the old sets or the new ones and never a mixture; all methods are
// safe for concurrent use.
type Ring struct{ now atomic.Pointer[ringState] }

type ringState struct {
	owner map[string]string // key id → party
	sets  map[string]Set    // party → its keys
}

// NewRing returns a ring of the given sets by party.
func NewRing(sets map[string]Set) (*Ring, error) {
	r := &Ring{}
	return r, r.Replace(sets)
}

// Replace puts new sets in place of the old ones. When a key id belongs to two
// parties it returns an error and the old sets stay.
func (r *Ring) Replace(sets map[string]Set) error {
	next := &ringState{owner: map[string]string{}, sets: map[string]Set{}}
	for party, set := range sets {
		next.sets[party] = set
		for kid := range set.keys {
			if other, taken := next.owner[kid]; taken {
				return fmt.Errorf("replace keys: key id %q belongs to both %s and %s", kid, other, party)
			}
			next.owner[kid] = party
		}
	}
	r.now.Store(next)
	return nil
}

// Party returns the key set of a party, empty when there is none.
func (r *Ring) Party(party string) Set {
	if s := r.now.Load(); s != nil {
		return s.sets[party]
	}
	return Set{}
}

// find returns the party that a key id belongs to, and the key.
func (r *Ring) find(kid string) (string, ed25519.PublicKey, bool) {
	s := r.now.Load()
	if s == nil {
		return "", nil, false
	}
	party, ok := s.owner[kid]
	return party, s.sets[party].keys[kid], ok
}

// Keys returns the public keys of the set.
func (s Set) Keys() []ed25519.PublicKey {
	var out []ed25519.PublicKey
	for _, k := range s.keys {
		out = append(out, k)
	}
	return out
}
