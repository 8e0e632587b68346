package index

import "math/bits"

// table maps keys to buckets: open addressing, at most half full. Key 0 does
// not occur, since no kind has class 0.
type table struct {
	slots []slot
	shift int
}

type slot struct {
	key    uint64
	bucket int32
}

func newTable(n int) table {
	size := max(8, 1<<bits.Len(uint(2*n)))
	return table{slots: make([]slot, size), shift: 64 - bits.TrailingZeros(uint(size))}
}

// golden is 2^64 divided by the golden ratio: Knuth, TAOCP 6.4, multiplicative
// hashing. The key is folded first, as its low bits are often constant.
const golden = 0x9e3779b97f4a7c15

func (t *table) home(key uint64) int {
	return int((key ^ key>>29) * golden >> t.shift)
}

func (t *table) put(key uint64, bucket int32) {
	i := t.home(key)
	for t.slots[i].key != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = slot{key, bucket}
}

// find returns the bucket of key, -1 when it has none.
func (t *table) find(key uint64) int32 {
	i := t.home(key)
	for {
		s := &t.slots[i]
		switch s.key {
		case key:
			return s.bucket
		case 0:
			return -1
		}
		i = (i + 1) & (len(t.slots) - 1)
	}
}
