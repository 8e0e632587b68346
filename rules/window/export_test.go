package window

import (
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/window/slab"
)

// Compact copies every shard into new memory, idle or not.
func (s *Store) Compact() {
	for sh := range s.shards {
		s.compactShard(sh)
	}
}

// Kept returns what an entry gives back of a number, and whether its cell holds it.
func Kept(d decimal.D) (back decimal.D, inCell bool) {
	var a slab.Arena
	e := make([]byte, numberCells)
	setWord48(e, 0, putNumber(&a, d))
	return numberAt(&a, e, 0), a.Live() == 0
}
