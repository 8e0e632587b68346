package signature

import (
	"sync"
	"time"
)

// NonceShare is how many live nonces a key may have in a server: 50 messages a
// second for the 300 s of a signature, and a third more; about 3 MB a busy key.
const NonceShare = 20000

// Nonces remembers the nonces of each key until the signatures that carried
// them have expired. It is bounded per key: when a key's share is full of live
// nonces it refuses new ones rather than forget an old one.
type Nonces struct {
	perKey int

	mu   sync.Mutex
	seen map[string]map[string]time.Time // key id → nonce → end of validity
}

// NewNonces returns a store for at most perKey live nonces a key; one takes
// about 150 bytes.
func NewNonces(perKey int) *Nonces {
	return &Nonces{perKey: perKey, seen: map[string]map[string]time.Time{}}
}

// Use marks a nonce as used until the given time. It returns false, false for
// one that was used before, and false, true when the store is full.
func (n *Nonces) Use(kid, nonce string, until, now time.Time) (fresh, full bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	mine := n.seen[kid]
	if mine == nil {
		mine = map[string]time.Time{}
		n.seen[kid] = mine
	}
	if end, used := mine[nonce]; used && !now.After(end) {
		return false, false
	}
	if len(mine) >= n.perKey {
		sweep(mine, now)
	}
	if len(mine) >= n.perKey {
		return false, true
	}
	mine[nonce] = until
	return true, false
}

func sweep(m map[string]time.Time, now time.Time) {
	for nonce, end := range m {
		if now.After(end) {
			delete(m, nonce)
		}
	}
}
