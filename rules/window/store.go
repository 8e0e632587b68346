package window

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/window/exact"
	"github.com/haltwire/haltwire/rules/window/slab"
)

// Options are the bounds of a store. A zero bound is none.
type Options struct {
	Entries int    // per key and window; the newest stay
	Keys    int    // over all windows
	Bytes   int64  // over all windows
	Dirty   bool   // keep what Dirty tells; without it nothing is kept
	All     bool   // remember the version of every accepted report, also of those that feed nothing (Accept)
	Seed    uint64 // of all hashes; 0 = random
}

// Reports are the identities, versions and times of the rows of a batch.
type Reports struct {
	Reporter Texts
	ID       Texts
	Revision []uint32
	Hash     []uint64 // the first 8 bytes of the content hash, big-endian
	Time     []int64  // occurred_at, ms
}

// Verdict is what Accept says of a report.
type Verdict uint8

// The verdicts.
const (
	Fresh      Verdict = iota // not seen before, or not remembered
	Repeated                  // this very version is known; feeding it again changes nothing
	Replaced                  // an earlier version was known and is taken back
	Superseded                // a later version is known: neither feed nor judge it
)

// Feed are the reports that feed a window.
type Feed struct {
	Rows []int32  // of the Reports, rising
	Keys Texts    // whole keys: equal bytes are the same key, so parts must be delimited; at most 64 KiB
	Once Texts    // once_per; empty without Definition.OncePer
	Args []Column // as Definition.Args
}

// Read are reports whose windows are read as of their own time.
type Read struct {
	Rows []int32  // of the Reports
	Keys Texts    // none missing
	Seen []Column // as Definition.Values; used for Seen only: the judged report's argument

	// Filter, unless nil, clears the bits of keep for the entries that do not count
	// for row i (of Rows). The columns are those of Definition.Filter, one row an
	// entry in the order of time; they are valid during the call.
	Filter func(i int, entries []Column, keep event.Bits)
}

// Entry is a report that counts in a window.
type Entry struct {
	Reporter, ID []byte // nil unless Definition.Identify
	Time         int64
	Row          int // of the columns that Entries filled
}

// Stats counts what a store holds and what it cut.
type Stats struct {
	Keys, Entries int64
	Bytes         int64 // of keys, entries and indexes
	Held          int64 // bytes taken from the system for keys and entries; idle memory over a third is given back
	CutEntries    int64 // dropped over Options.Entries
	CutByBound    int64 // entries dropped, or refused on arrival, over Options.Keys or Options.Bytes
	Evicted       int64
	Remembered    int64 // versions kept apart from entries, about 48 bytes each and not in Bytes; Evict alone ends them
}

// Shards is the fixed number of parts that keys are split into by hash.
const Shards = 64

// Store is the state of a set of windows. It has one owner.
type Store struct {
	opts     Options
	tables   []*table // by the index of its window
	byID     []*table // by table.id, nil = free
	shards   [Shards]shard
	places   slab.Places
	versions map[uint64]version
	floor    int64 // entries at or before it were dropped over a bound; the least int64 = none
	clock    int64 // of the last Evict
	dirty    []touch
	accepted *Reports
	scratch
	stats Stats // what is counted only
}

// version is what is remembered of a report beside its entries: revisions, and
// reports of which several versions came.
type version struct {
	revision uint32
	hash     uint64
	time     int64 // occurred_at, or the clock when it was remembered if that is later
}

// scratch is memory that calls use again.
type scratch struct {
	found  []slab.Place
	every  []int32
	hashes []uint64
	ids    []uint64
	words  []uint32
	known  []uint64 // identities of the rows of accepted; 0 = not known
	name   []byte
	sel    []int32
	kept   []int32
	set    set
	keep   event.Bits
	cols   []Column
	dev    exact.Deviation
}

// New returns an empty store of windows, which Feed and ReadAsOf name by index.
func New(windows []Definition, o Options) (*Store, error) {
	if o.Seed == 0 {
		o.Seed = rand.Uint64() | 1
	}
	s := &Store{opts: o, versions: map[uint64]version{}, floor: math.MinInt64}
	if _, err := s.Replace(windows); err != nil {
		return nil, err
	}
	return s, nil
}

// Replace makes the store one of other windows, keeps the state of those whose
// Key and columns did not change, and returns which those are.
func (s *Store) Replace(windows []Definition) (kept []bool, err error) {
	if len(windows) > slab.MaxTables {
		return nil, fmt.Errorf("%d windows, at most %d", len(windows), slab.MaxTables)
	}
	for i := range windows {
		if err := windows[i].validate(); err != nil {
			return nil, fmt.Errorf("window %d: %w", i, err)
		}
	}
	if err := distinctKeys(windows); err != nil {
		return nil, err
	}
	old := map[string]*table{}
	for _, t := range s.tables {
		old[t.def.Key] = t
	}
	next, kept := make([]*table, len(windows)), make([]bool, len(windows))
	for i, d := range windows {
		if t := old[d.Key]; t != nil && t.fits(&d) {
			t.def = d
			next[i], kept[i] = t, true
			delete(old, d.Key)
		}
	}
	s.Dirty(func(int, []byte, int64) {})
	for _, t := range s.tables {
		if old[t.def.Key] == t {
			s.discard(t)
		}
	}
	for i, d := range windows {
		if next[i] == nil {
			next[i] = newTable(d, s.takeID(), &s.shards)
			s.byID[next[i].id] = next[i]
		}
	}
	s.tables = next
	return kept, nil
}

func distinctKeys(windows []Definition) error {
	seen := map[string]bool{}
	for i, d := range windows {
		if seen[d.Key] {
			return fmt.Errorf("window %d: its key %q is another's too", i, d.Key)
		}
		seen[d.Key] = true
	}
	return nil
}

// fits reports whether entries of t have what d keeps.
func (t *table) fits(d *Definition) bool {
	return slices.Equal(t.def.Args, d.Args) && t.def.OncePer == d.OncePer && t.def.ordered() == d.ordered()
}

func (s *Store) takeID() int {
	i := slices.Index(s.byID, nil)
	if i < 0 {
		i = len(s.byID)
		s.byID = append(s.byID, nil)
	}
	return i
}

// discard drops the state of a table.
func (s *Store) discard(t *table) {
	for sh := range t.parts {
		s.clear(t, sh)
	}
	s.byID[t.id] = nil
}

// clear drops a table's keys of a shard.
func (s *Store) clear(t *table, sh int) {
	p := &t.parts[sh]
	for i := range p.keys.Slots() {
		if p.keys.Live(i) {
			slot := p.keys.Slot(i)
			_, n := t.run(&s.shards[sh].arena, slot)
			s.forget(t, sh, i, n)
			s.remove(t, sh, i)
		}
	}
	p.cuts = nil
}

// forget drops the first n entries of a slot and their places.
func (s *Store) forget(t *table, sh int, i uint32, n int) {
	a, slot := &s.shards[sh].arena, t.parts[sh].keys.Slot(i)
	run, _ := t.run(a, slot)
	for j := range n {
		s.places.Remove(word(t.at(run, j), entryID), slab.Place{Table: t.id, Shard: sh, Slot: i})
	}
	t.drop(a, slot, n)
}

// remove takes a slot without entries out of its table.
func (s *Store) remove(t *table, sh int, i uint32) {
	p := &t.parts[sh]
	slot := p.keys.Slot(i)
	if ref := slab.Word(slot, slotRef); ref != 0 {
		s.shards[sh].arena.Free(ref, slab.Units(int(slab.Word(slot, slotCap))*t.lay.stride))
	}
	delete(p.cuts, i)
	p.keys.Remove(i)
}

// Stats returns what the store holds.
func (s *Store) Stats() Stats {
	n := s.stats
	n.Remembered = int64(len(s.versions))
	n.Keys, n.Bytes = s.size()
	for i := range s.shards {
		n.Held += s.shards[i].arena.Held()
	}
	for _, t := range s.tables {
		n.Entries += t.entries
	}
	return n
}

// size returns keys and bytes.
func (s *Store) size() (keys, bytes int64) {
	bytes = s.places.Bytes()
	for i := range s.shards {
		bytes += s.shards[i].arena.Live()
	}
	for _, t := range s.tables {
		for i := range t.parts {
			keys += int64(t.parts[i].keys.Len())
			bytes += t.parts[i].keys.Bytes()
		}
	}
	return keys, bytes
}
