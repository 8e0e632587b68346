package index

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// finish lays the entries out in the order in which a scan reads them.
func (b *builder) finish() {
	x := b.index
	keys := make([]uint64, 0, len(b.waiting))
	for k := range b.waiting {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	x.table = newTable(len(keys))
	for i, k := range keys {
		x.table.put(k, int32(i))
		from := int32(len(x.lists))
		b.layOut(b.waiting[k])
		x.buckets = append(x.buckets, bucket{from, int32(len(x.lists))})
	}
	for i := range x.columns {
		c := &x.columns[i]
		for j := range c.masks {
			c.masks[j] |= ^c.users
		}
		if c.typ == event.Text {
			x.texts |= c.users
		}
	}
}

func (b *builder) layOut(lists map[listKey][]waiting) {
	order := make([]listKey, 0, len(lists))
	for lk := range lists {
		order = append(order, lk)
	}
	slices.SortFunc(order, func(p, q listKey) int { return cmp.Or(cmp.Compare(p.source, q.source), cmp.Compare(p.op, q.op)) })
	for _, lk := range order {
		if lk.source < 0 {
			b.layOutTree(lists[lk])
		} else {
			b.layOutBounds(lk, lists[lk])
		}
	}
}

// minShared is from how many entries on a residual is worth a list of its own.
const minShared = 4

// layOutBounds lays out lists whose bounds hold for a beginning of them: one for
// each residual that several entries have, one for the others.
func (b *builder) layOutBounds(lk listKey, ws []waiting) {
	uses := map[int32]int{}
	for _, w := range ws {
		uses[w.residual]++
	}
	shared := func(w waiting) int32 {
		if uses[w.residual] < minShared {
			return -1
		}
		return w.residual
	}
	rising := (&atom{op: lk.op}).rising()
	slices.SortStableFunc(ws, func(p, q waiting) int {
		c := p.limit.Cmp(q.limit)
		if !rising {
			c = -c
		}
		return cmp.Or(cmp.Compare(shared(p), shared(q)), c)
	})
	for len(ws) > 0 {
		l := list{source: lk.source, op: lk.op, shared: shared(ws[0]), blocks: -1, from: int32(len(b.index.entries))}
		n := 0
		for ; n < len(ws) && shared(ws[n]) == l.shared; n++ {
			w := ws[n]
			if l.shared >= 0 {
				w.residual = -1
			}
			b.put(w)
		}
		l.to = int32(len(b.index.entries))
		if l.shared < 0 && n >= 2*blockSize {
			l.blocks = b.blocks(ws[:n])
		}
		b.index.lists = append(b.index.lists, l)
		ws = ws[n:]
	}
}

// blockSize is how many entries have a ceiling together.
const blockSize = 32

// blocks notes for each block of ws the value above which none of it is true:
// rules about amounts just below a threshold are passed over in blocks.
func (b *builder) blocks(ws []waiting) int32 {
	at := int32(len(b.index.ceilings))
	for block := range slices.Chunk(ws, blockSize) {
		top := *block[0].ceiling()
		for _, w := range block[1:] {
			if c := w.ceiling(); c.Cmp(top) > 0 {
				top = *c
			}
		}
		b.index.ceilings = append(b.index.ceilings, top)
	}
	return at
}

// ceiling returns the greatest value of which w can be true.
func (w waiting) ceiling() *decimal.D {
	if w.under != nil {
		return w.under
	}
	return &decimal.D{Lo: math.MaxUint64, Hi: math.MaxInt64}
}

func (b *builder) put(w waiting) {
	b.index.entries = append(b.index.entries, w.entry)
	b.index.limits = append(b.index.limits, w.limit)
}

// layOutTree lays out a list without bounds. Conjuncts that many entries have
// come first in all of them, and cheap ones before dear ones, so that entries
// with the same beginning share its steps.
func (b *builder) layOutTree(ws []waiting) {
	x := b.index
	uses := map[string]int{}
	for _, w := range ws {
		for _, n := range w.left {
			uses[n.Key]++
		}
	}
	for i := range ws {
		left := slices.Clone(ws[i].left)             // cheapest first already
		sort.SliceStable(left, func(i, j int) bool { // windows last: they are read only where all else is true
			p, q := left[i], left[j]
			if p, q := kernel.Windowed(p), kernel.Windowed(q); p != q {
				return q
			}
			return uses[p.Key] > uses[q.Key]
		})
		ws[i].left = left
	}
	slices.SortStableFunc(ws, func(p, q waiting) int {
		return slices.CompareFunc(p.left, q.left, func(m, n *lang.Node) int { return strings.Compare(m.Key, n.Key) })
	})
	l := list{source: -1, shared: -1, blocks: -1, from: int32(len(x.entries)), first: int32(len(x.steps))}
	n := b.putThrough(ws, 0)
	l.to = l.from + int32(n)
	b.grow(ws[n:], 0)
	l.last = int32(len(x.steps))
	x.lists = append(x.lists, l)
}

// putThrough puts the entries at the start of ws that need no conjunct beyond
// depth and returns how many they are.
func (b *builder) putThrough(ws []waiting, depth int) int {
	n := 0
	for n < len(ws) && len(ws[n].left) == depth {
		b.put(ws[n])
		n++
	}
	return n
}

// grow makes the steps for ws, which share their first depth conjuncts and have
// more.
func (b *builder) grow(ws []waiting, depth int) {
	x := b.index
	for len(ws) > 0 {
		test := ws[0].left[depth]
		same := 1
		for same < len(ws) && ws[same].left[depth].Key == test.Key {
			same++
		}
		at := len(x.steps)
		past := kernel.Windowed(test) && (depth == 0 || !kernel.Windowed(ws[0].left[depth-1]))
		x.steps = append(x.steps, step{test: b.truth(test), past: past, from: int32(len(x.entries))})
		n := b.putThrough(ws[:same], depth+1)
		x.steps[at].to = int32(len(x.entries))
		b.grow(ws[n:same], depth+1)
		x.steps[at].end, x.steps[at].skip = int32(len(x.entries)), int32(len(x.steps))
		ws = ws[same:]
	}
}
