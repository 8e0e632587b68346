package window

import (
	"math"
	"sort"

	"github.com/haltwire/haltwire/rules/window/slab"
)

// The words of a slot, and its flags beside slab's own.
const (
	slotRef   = 0 // extent of the entries; 0 = inline
	slotCap   = 1 // entries that the extent holds
	slotStart = 2 // entries before it were dropped
	slotCount = 3

	flagCut = 2 // shard.cuts has the newest time that was dropped
)

// shard is one of the parts of a store.
type shard struct {
	arena slab.Arena
}

// part is a table's share of a shard.
type part struct {
	keys *slab.Keys
	cuts map[uint32]int64 // slot → newest time dropped over Options.Entries; rare
}

// table is the state of one window.
type table struct {
	def      Definition
	lay      layout
	id       int // what places name it by
	parts    [Shards]part
	entries  int64
	evicted  int64  // entries at or before it may be gone; the least int64 = none
	negative []bool // argument had a value below 0, so that a cut sum is no lower bound
}

func newTable(d Definition, id int, shards *[Shards]shard) *table {
	t := &table{def: d, lay: newLayout(&d), id: id, evicted: math.MinInt64, negative: make([]bool, len(d.Args))}
	for i := range t.parts {
		t.parts[i].keys = slab.NewKeys(&shards[i].arena, t.lay.inline*t.lay.stride)
	}
	return t
}

// run returns the memory of a slot's entries from the first that is not dropped,
// and how many there are.
func (t *table) run(a *slab.Arena, slot []byte) ([]byte, int) {
	n, stride := int(slab.Word(slot, slotCount)), t.lay.stride
	ref := slab.Word(slot, slotRef)
	if ref == 0 {
		return slot[slab.Body : slab.Body+n*stride], n
	}
	from := int(slab.Word(slot, slotStart)) * stride
	return a.Bytes(ref, slab.Units(from+n*stride))[from : from+n*stride], n
}

// at returns entry i of a run.
func (t *table) at(run []byte, i int) []byte { return run[i*t.lay.stride : (i+1)*t.lay.stride] }

// after returns the first of n entries with time > ms.
func (t *table) after(run []byte, n int, ms int64) int {
	if n == 0 || timeOf(t.at(run, n-1)) <= ms {
		return n
	}
	if n <= 8 {
		i := n - 1
		for i > 0 && timeOf(t.at(run, i-1)) > ms {
			i--
		}
		return i
	}
	return sort.Search(n, func(i int) bool { return timeOf(t.at(run, i)) > ms })
}

// open makes room for an entry at position i of a slot and returns its memory.
func (t *table) open(a *slab.Arena, slot []byte, i int) []byte {
	n, stride := int(slab.Word(slot, slotCount)), t.lay.stride
	room, start := t.lay.inline, 0
	if slab.Word(slot, slotRef) != 0 {
		room, start = int(slab.Word(slot, slotCap)), int(slab.Word(slot, slotStart))
	}
	if start+n == room {
		if start > 0 && start >= n/8 {
			t.slide(a, slot)
		} else {
			t.resize(a, slot, n+spare(n))
		}
	}
	slab.SetWord(slot, slotCount, uint32(n+1))
	run, _ := t.run(a, slot)
	copy(run[(i+1)*stride:], run[i*stride:n*stride])
	return t.at(run, i)
}

// spare returns how many more entries than n an extent is made for: few, because
// most keys have few.
func spare(n int) int { return min((n+1)/2, 2+n/8) }

// slide moves the entries of a slot to the front of its extent.
func (t *table) slide(a *slab.Arena, slot []byte) {
	run, n := t.run(a, slot)
	slab.SetWord(slot, slotStart, 0)
	to := a.Bytes(slab.Word(slot, slotRef), slab.Units(n*t.lay.stride))
	copy(to, run)
}

// resize moves the entries of a slot into an extent for room of them, or inline.
func (t *table) resize(a *slab.Arena, slot []byte, room int) {
	run, n := t.run(a, slot)
	stride := t.lay.stride
	ref, was := slab.Word(slot, slotRef), int(slab.Word(slot, slotCap))
	if room <= t.lay.inline {
		copy(slot[slab.Body:], run)
		slab.SetWord(slot, slotRef, 0)
		slab.SetWord(slot, slotCap, 0)
	} else {
		room = t.lay.room(room)
		to := a.Alloc(slab.Units(room * stride))
		copy(a.Bytes(to, slab.Units(room*stride)), run[:n*stride])
		slab.SetWord(slot, slotRef, to)
		slab.SetWord(slot, slotCap, uint32(room))
	}
	slab.SetWord(slot, slotStart, 0)
	if ref != 0 {
		a.Free(ref, slab.Units(was*stride))
	}
}

// room returns how many entries an extent for n of them has room for.
func (l *layout) room(n int) int { return slab.Size(slab.Units(n*l.stride)) * slab.Unit / l.stride }

// drop takes the first n entries of a slot away; their arena is released.
func (t *table) drop(a *slab.Arena, slot []byte, n int) {
	run, have := t.run(a, slot)
	for i := range n {
		t.lay.release(a, t.at(run, i))
	}
	t.entries -= int64(n)
	if slab.Word(slot, slotRef) == 0 {
		copy(run, run[n*t.lay.stride:])
	} else {
		slab.SetWord(slot, slotStart, slab.Word(slot, slotStart)+uint32(n))
	}
	slab.SetWord(slot, slotCount, uint32(have-n))
}

// cut takes entry i out of a slot.
func (t *table) cut(a *slab.Arena, slot []byte, i int) {
	run, n := t.run(a, slot)
	t.lay.release(a, t.at(run, i))
	copy(run[i*t.lay.stride:], run[(i+1)*t.lay.stride:])
	slab.SetWord(slot, slotCount, uint32(n-1))
	t.entries--
}

// before reports whether entry e comes before the report with time, identity and
// name; equal identities are neither before nor after.
func (t *table) before(a *slab.Arena, e []byte, ms int64, id uint64, name []byte) bool {
	if at := timeOf(e); at != ms {
		return at < ms
	}
	if t.lay.name > 0 && word(e, entryID) != id {
		if c := compareNames(bytesAt(a, word32(e, t.lay.name)), name); c != 0 {
			return c < 0
		}
	}
	return word(e, entryID) < id
}

// place returns where an entry of a report stands or belongs, and whether it is
// there.
func (t *table) place(a *slab.Arena, run []byte, n int, ms int64, id uint64, name []byte) (int, bool) {
	i := n
	if n > 0 && !t.before(a, t.at(run, n-1), ms, id, name) {
		i = sort.Search(n, func(i int) bool { return !t.before(a, t.at(run, i), ms, id, name) })
	}
	if i < n {
		e := t.at(run, i)
		return i, timeOf(e) == ms && word(e, entryID) == id
	}
	return i, false
}

// find returns the entry of an identity in a slot, looking at a time first.
func (t *table) find(a *slab.Arena, slot []byte, id uint64, ms int64) (int, bool) {
	run, n := t.run(a, slot)
	for i := t.after(run, n, ms) - 1; i >= 0 && timeOf(t.at(run, i)) == ms; i-- {
		if word(t.at(run, i), entryID) == id {
			return i, true
		}
	}
	for i := range n {
		if word(run, i*t.lay.stride+entryID) == id {
			return i, true
		}
	}
	return 0, false
}
