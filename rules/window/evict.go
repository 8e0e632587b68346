package window

import (
	"cmp"
	"slices"

	"github.com/haltwire/haltwire/rules/window/slab"
)

// touch is a change of a key.
type touch struct {
	table *table
	shard int32
	slot  uint32
	time  int64
}

// dirtyRoom is how many touches are kept before equal keys are made one: 32 MiB.
const dirtyRoom = 1 << 20

func (s *Store) touched(t *table, sh int, slot uint32, ms int64) {
	if !s.opts.Dirty {
		return
	}
	s.dirty = append(s.dirty, touch{table: t, shard: int32(sh), slot: slot, time: ms})
	if n := len(s.dirty); n >= dirtyRoom && n == cap(s.dirty) {
		s.coalesce()
	}
}

// coalesce leaves of each key the least time.
func (s *Store) coalesce() {
	slices.SortFunc(s.dirty, func(a, b touch) int {
		return cmp.Or(cmp.Compare(a.table.id, b.table.id), cmp.Compare(a.shard, b.shard), cmp.Compare(a.slot, b.slot), cmp.Compare(a.time, b.time))
	})
	s.dirty = slices.CompactFunc(s.dirty, func(a, b touch) bool {
		return a.table == b.table && a.shard == b.shard && a.slot == b.slot
	})
}

// Dirty calls f for each key that changed since the last call, with the least
// time of what was fed or taken back; the key is valid during the call. It must be
// asked before Evict and Replace, which forget. f may read the store.
func (s *Store) Dirty(f func(w int, key []byte, from int64)) {
	s.coalesce()
	for _, d := range s.dirty {
		k := d.table.parts[d.shard].keys
		if w := slices.Index(s.tables, d.table); w >= 0 && k.Live(d.slot) {
			f(w, k.Key(k.Slot(d.slot)), d.time)
		}
	}
	s.dirty = s.dirty[:0]
}

// keepNewest drops the oldest entries of a key over Options.Entries.
func (s *Store) keepNewest(t *table, sh int, at uint32) {
	p := &t.parts[sh]
	slot := p.keys.Slot(at)
	over := int(slab.Word(slot, slotCount)) - s.opts.Entries
	if s.opts.Entries <= 0 || over <= 0 {
		return
	}
	run, _ := t.run(&s.shards[sh].arena, slot)
	s.cutAt(t, sh, at, timeOf(t.at(run, over-1)))
	s.forget(t, sh, at, over)
	s.stats.CutEntries += int64(over)
}

// cutAt notes that a slot lost an entry of a time.
func (s *Store) cutAt(t *table, sh int, at uint32, ms int64) {
	p := &t.parts[sh]
	slot := p.keys.Slot(at)
	if f := slab.Flags(slot); f&flagCut != 0 {
		ms = max(ms, p.cuts[at])
	} else {
		slab.SetFlags(slot, f|flagCut)
	}
	if p.cuts == nil {
		p.cuts = map[uint32]int64{}
	}
	p.cuts[at] = ms
}

// Evict drops what no read at or after clock-lateness can need: entries with
// time <= clock - lateness - Within, and remembered versions as old. Reads as of
// before clock-lateness are cut from then on. The clock follows the record time of
// the input, never occurred_at.
func (s *Store) Evict(clock, lateness int64) {
	s.dirty = s.dirty[:0]
	s.clock = max(s.clock, clock)
	longest := int64(0)
	for _, t := range s.tables {
		longest = max(longest, t.def.Within)
		t.evicted = max(t.evicted, clock-lateness-t.def.Within)
		s.stats.Evicted += s.sweep(t, t.evicted)
	}
	for id, v := range s.versions {
		if v.time <= clock-lateness-longest {
			delete(s.versions, id)
		}
	}
	s.compact()
}

// sweep drops the entries of a table with time <= cutoff and keys that are left
// without any, and returns how many entries these were.
func (s *Store) sweep(t *table, cutoff int64) (dropped int64) {
	for sh := range t.parts {
		p, a := &t.parts[sh], &s.shards[sh].arena
		for i := range p.keys.Slots() {
			if !p.keys.Live(i) {
				continue
			}
			slot := p.keys.Slot(i)
			run, n := t.run(a, slot)
			if old := t.after(run, n, cutoff); old > 0 {
				s.forget(t, sh, i, old)
				dropped += int64(old)
				n -= old
			}
			s.tidy(t, sh, i, n, cutoff)
		}
	}
	return dropped
}

// tidy removes a slot without entries, unless a cut that still matters is noted
// at it, and gives memory back that a slot with n entries does not need.
func (s *Store) tidy(t *table, sh int, i uint32, n int, cutoff int64) {
	p, a := &t.parts[sh], &s.shards[sh].arena
	slot := p.keys.Slot(i)
	if slab.Flags(slot)&flagCut != 0 && p.cuts[i] <= cutoff {
		delete(p.cuts, i)
		slab.SetFlags(slot, slab.Flags(slot)&^flagCut)
	}
	if n == 0 && slab.Flags(slot)&flagCut == 0 {
		s.remove(t, sh, i)
		return
	}
	if room := int(slab.Word(slot, slotCap)); slab.Word(slot, slotRef) != 0 && 2*n < room {
		t.resize(a, slot, n)
	}
}

// looseBytes is how much of a shard's memory may lie idle at least: 4 MiB in all.
const looseBytes = 64 << 10

// compact copies the shards of which a third lies idle into new memory: keys that
// grow leave extents behind that fit no other.
func (s *Store) compact() {
	for sh := range s.shards {
		a := &s.shards[sh].arena
		if a.Held()-a.Live() < a.Live()/2+looseBytes {
			continue
		}
		s.compactShard(sh)
	}
}

func (s *Store) compactShard(sh int) {
	a := &s.shards[sh].arena
	var next slab.Arena
	for _, t := range s.tables {
		p := &t.parts[sh]
		for i := range p.keys.Slots() {
			if p.keys.Live(i) {
				t.relocate(a, &next, p.keys, p.keys.Slot(i))
			}
		}
	}
	*a = next
}

// relocate copies what a slot has in an arena into another.
func (t *table) relocate(from, to *slab.Arena, keys *slab.Keys, slot []byte) {
	run, n := t.run(from, slot)
	for j := range n {
		t.lay.relocate(from, to, t.at(run, j))
	}
	keys.Relocate(slot, to)
	if slab.Word(slot, slotRef) == 0 {
		return
	}
	slab.SetWord(slot, slotStart, 0)
	if n <= t.lay.inline {
		copy(slot[slab.Body:], run)
		slab.SetWord(slot, slotRef, 0)
		slab.SetWord(slot, slotCap, 0)
		return
	}
	room := t.lay.room(n + n/8)
	ref := to.Alloc(slab.Units(room * t.lay.stride))
	copy(to.Bytes(ref, slab.Units(room*t.lay.stride)), run)
	slab.SetWord(slot, slotRef, ref)
	slab.SetWord(slot, slotCap, uint32(room))
}

// bound drops what is oldest in all windows when the store holds more keys or
// bytes than it may, down to nine tenths of that.
func (s *Store) bound() {
	if s.opts.Keys <= 0 && s.opts.Bytes <= 0 {
		return
	}
	for range 8 {
		keys, bytes := s.size()
		byKeys := s.opts.Keys > 0 && keys > int64(s.opts.Keys)
		byBytes := s.opts.Bytes > 0 && bytes > s.opts.Bytes
		switch {
		case byKeys:
			s.lift(s.times(true), 1-0.9*float64(s.opts.Keys)/float64(keys))
		case byBytes:
			s.lift(s.times(false), 1-0.9*float64(s.opts.Bytes)/float64(bytes))
		default:
			return
		}
	}
}

// sampled is how many times a bound is chosen from at most: 8 MiB.
const sampled = 1 << 20

// times returns the times of a sample of the entries, or of the newest of each of
// a sample of keys.
func (s *Store) times(newest bool) []int64 {
	var out []int64
	keys, _ := s.size()
	every := uint32(1 + keys/(sampled/4))
	for _, t := range s.tables {
		for sh := range t.parts {
			p := &t.parts[sh]
			for i := uint32(0); i < p.keys.Slots(); i += every {
				run, n := t.run(&s.shards[sh].arena, p.keys.Slot(i))
				if !p.keys.Live(i) || n == 0 {
					continue
				}
				from := 0
				if newest {
					from = n - 1
				}
				for step := 1 + (n-from)/1024; from < n; from += step {
					out = append(out, timeOf(t.at(run, from)))
				}
			}
		}
	}
	return out
}

// lift raises the floor so that a share of the sample is at or below it, and
// drops what is.
func (s *Store) lift(sample []int64, share float64) {
	if len(sample) > 0 {
		slices.Sort(sample)
		s.floor = max(s.floor, sample[min(len(sample)-1, int(share*float64(len(sample))))])
	}
	for _, t := range s.tables {
		s.stats.CutByBound += s.sweep(t, s.floor)
	}
}
