package window

import (
	"cmp"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/rules/window/slab"
)

// touchRows is how many rows have their memory touched before they are worked on,
// so that the cache misses of one row overlap with those of others.
const touchRows = 32

// identity returns the hash that a report is known by.
func (s *Store) identity(r *Reports, row int) uint64 {
	return xxh3.HashSeed(r.ID.At(row), xxh3.HashSeed(r.Reporter.At(row), s.opts.Seed))
}

// identityOf returns what identity does, from Accept if it was there.
func (s *Store) identityOf(r *Reports, row int32) uint64 {
	if s.accepted == r && int(row) < len(s.known) && s.known[row] != 0 {
		return s.known[row]
	}
	return s.identity(r, int(row))
}

func (v version) compare(w version) int {
	return cmp.Or(cmp.Compare(v.revision, w.revision), cmp.Compare(v.hash, w.hash))
}

// Accept appends a verdict a row to verdicts (rows nil = every row of r). A later
// row of the batch can make an earlier one Superseded. r must stay as it is until
// the batch is fed. The store remembers what is
// fed, every revision and, under Options.All, everything: a report that feeds
// nothing and has no revision is otherwise forgotten, and so may be left out.
func (s *Store) Accept(r *Reports, rows []int32, verdicts []Verdict) []Verdict {
	if rows == nil {
		s.every = s.every[:0]
		for i := range r.Time {
			s.every = append(s.every, int32(i))
		}
		rows = s.every
	}
	s.hashes = s.hashes[:0]
	s.accepted, s.known = r, slices.Grow(s.known[:0], len(r.Time))[:len(r.Time)]
	clear(s.known)
	s.set.reset(len(rows))
	again := false
	from := len(verdicts)
	for i, row := range rows {
		if i%touchRows == 0 {
			s.warmPlaces(r, rows[i:min(i+touchRows, len(rows))])
		}
		id, v := s.hashes[i], r.version(row)
		verdict := s.accept(id, v)
		at := s.inBatch(id)
		if j := s.set.slots[at]; j > 0 {
			again = true
			verdict = s.settle(id, v, r.version(rows[j-1]), verdict)
		}
		if verdict != Superseded {
			s.set.slots[at] = int32(i + 1)
		}
		verdicts = append(verdicts, verdict)
	}
	if again {
		s.supersede(r, rows, verdicts[from:])
	}
	return verdicts
}

// warmPlaces hashes the identities of some rows and asks for the memory of their
// places.
func (s *Store) warmPlaces(r *Reports, rows []int32) {
	for _, row := range rows {
		id := s.identity(r, int(row))
		s.known[row] = id
		s.hashes = append(s.hashes, id)
		s.places.Prefetch(id)
	}
}

func (r *Reports) version(row int32) version {
	return version{revision: r.Revision[row], hash: r.Hash[row], time: r.Time[row]}
}

// inBatch returns where the row of an identity stands, or belongs, in the set of
// those of the batch; it holds the greatest version so far.
func (s *Store) inBatch(id uint64) int {
	at := s.set.probe(id)
	for s.set.slots[at] > 0 && s.hashes[s.set.slots[at]-1] != id {
		at = s.set.next(at)
	}
	return at
}

// settle decides between a version and the greatest before it in the batch.
func (s *Store) settle(id uint64, v, earlier version, verdict Verdict) Verdict {
	switch c := v.compare(earlier); {
	case c > 0:
		s.remember(id, v)
		return Replaced
	case c == 0:
		return Repeated
	}
	return Superseded
}

// supersede corrects the verdicts of rows that a later row of the batch replaced.
func (s *Store) supersede(r *Reports, rows []int32, verdicts []Verdict) {
	for i, row := range rows {
		at := s.inBatch(s.hashes[i])
		if j := s.set.slots[at]; j > 0 && r.version(row).compare(r.version(rows[j-1])) < 0 {
			verdicts[i] = Superseded
		}
	}
}

// accept returns what a version is to what the store knows of its report, and
// takes back what another one fed.
func (s *Store) accept(id uint64, v version) Verdict {
	known, ok := version{}, false
	if len(s.versions) > 0 {
		known, ok = s.versions[id]
	}
	s.found = s.places.Find(id, s.found[:0])
	if !ok {
		known, ok = s.fed(id, v.hash, v.time)
	}
	if !ok {
		if v.revision > 0 || s.opts.All {
			s.remember(id, v)
		}
		return Fresh
	}
	c := v.compare(known)
	if c > 0 {
		s.remember(id, v)
		known = v
	}
	s.takeBack(id, known)
	switch {
	case c > 0:
		return Replaced
	case c == 0:
		return Repeated
	}
	return Superseded
}

// remember keeps a version until the clock is past it.
func (s *Store) remember(id uint64, v version) {
	v.time = max(v.time, s.clock)
	s.versions[id] = v
}

// fed returns the greatest version of an identity among the found places. hash
// completes what entries keep of it.
func (s *Store) fed(id, hash uint64, ms int64) (v version, ok bool) {
	for _, p := range s.found {
		t := s.byID[p.Table]
		a, slot := &s.shards[p.Shard].arena, t.parts[p.Shard].keys.Slot(p.Slot)
		if i, is := t.find(a, slot, id, clampTime(ms)); is {
			run, _ := t.run(a, slot)
			v, ok = version{hash: max(v.hash, known(t.at(run, i), hash))}, true
		}
	}
	return v, ok
}

// known returns the content hash of an entry: the given one if it may be that.
func known(e []byte, hash uint64) uint64 {
	h := word32(e, entryHash)
	if h == short(hash) {
		return hash
	}
	return uint64(h) << 32
}

// takeBack removes the entries of an identity at the found places unless they are
// of the version that counts.
func (s *Store) takeBack(id uint64, v version) {
	for _, p := range s.found {
		t := s.byID[p.Table]
		a, slot := &s.shards[p.Shard].arena, t.parts[p.Shard].keys.Slot(p.Slot)
		i, is := t.find(a, slot, id, clampTime(v.time))
		if !is {
			continue
		}
		run, _ := t.run(a, slot)
		e := t.at(run, i)
		if word32(e, entryHash) == short(v.hash) {
			continue
		}
		s.touched(t, p.Shard, p.Slot, timeOf(e))
		t.cut(a, slot, i)
		s.places.Remove(id, p)
	}
}

// Feed enters reports into window w. Rows that Accept called Superseded must not
// be among them.
func (s *Store) Feed(w int, r *Reports, f *Feed) {
	t := s.tables[w]
	for from := 0; from < len(f.Rows); from += touchRows {
		to := min(from+touchRows, len(f.Rows))
		s.ids = s.ids[:0]
		for i := from; i < to; i++ {
			id := s.identityOf(r, f.Rows[i])
			s.ids = append(s.ids, id)
			s.places.PrefetchIn(id, t.id)
		}
		s.warm(t, &f.Keys, from, to)
		for i := from; i < to; i++ {
			s.feed(t, r, f, i, i-from)
		}
	}
	s.bound()
	s.compact()
}

// warm hashes the keys of some rows and asks for the memory that they will need, a
// kind of it at a time: the index, the slots, and where the entries begin and end.
// No step waits for what another row has to bring. words says where the keys
// probably are.
func (s *Store) warm(t *table, keys *Texts, from, to int) {
	s.hashes, s.words = s.hashes[:0], s.words[:0]
	for i := from; i < to; i++ {
		h := xxh3.HashSeed(keys.At(i), s.opts.Seed)
		s.hashes = append(s.hashes, h)
		t.parts[h>>58].keys.Prefetch(uint32(h))
	}
	for _, h := range s.hashes {
		k := t.parts[h>>58].keys
		w := k.Touch(uint32(h))
		s.words = append(s.words, w)
		if slot := k.Touched(w); slot != nil {
			slab.Prefetch(slot)
			slab.Prefetch(slot[slab.Body-1:])
		}
	}
	for i, h := range s.hashes {
		if slot := t.parts[h>>58].keys.Touched(s.words[i]); slot != nil {
			t.prefetchEdges(&s.shards[h>>58].arena, slot)
		}
	}
}

// prefetchEdges asks for where the entries of a slot begin and end.
func (t *table) prefetchEdges(a *slab.Arena, slot []byte) {
	from, n := int(slab.Word(slot, slotStart))*t.lay.stride, int(slab.Word(slot, slotCount))*t.lay.stride
	ref := slab.Word(slot, slotRef)
	if n == 0 || ref == 0 {
		slab.Prefetch(slot[len(slot)-1:])
		return
	}
	b := a.Bytes(ref, slab.Units(from+n))
	slab.Prefetch(b[from:])
	slab.Prefetch(b[from+n-1:])
}

// feed enters row i of f, for which ids, hashes and words have position j.
func (s *Store) feed(t *table, r *Reports, f *Feed, i, j int) {
	hash, id := s.hashes[j], s.ids[j]
	row := int(f.Rows[i])
	ms := clampTime(r.Time[row])
	if ms <= s.floor {
		s.refuse(t, f, i)
		return
	}
	sh := int(hash >> 58)
	p, a := &t.parts[sh], &s.shards[sh].arena
	at, ok := p.keys.Guess(s.words[j], uint32(hash), f.Keys.At(i))
	if !ok {
		if at, ok = p.keys.Insert(uint32(hash), f.Keys.At(i)); !ok {
			s.floor = max(s.floor, ms)
			s.refuse(t, f, i)
			return
		}
	}
	if t.lay.name > 0 {
		s.name = appendName(s.name[:0], r.Reporter.At(row), r.ID.At(row))
	}
	slot := p.keys.Slot(at)
	run, n := t.run(a, slot)
	pos, there := t.place(a, run, n, ms, id, s.name)
	var e []byte
	if there {
		if e = t.at(run, pos); word32(e, entryHash) == short(r.Hash[row]) {
			return
		}
		t.lay.release(a, e)
	} else {
		e = t.open(a, slot, pos)
		t.entries++
		s.places.Add(id, slab.Place{Table: t.id, Shard: sh, Slot: at})
	}
	s.fill(t, a, e, f, i, ms, id, r.Hash[row])
	s.touched(t, sh, at, ms)
	s.keepNewest(t, sh, at)
}

// refuse counts row i as dropped over a bound.
func (s *Store) refuse(t *table, f *Feed, i int) {
	s.stats.CutByBound++
	for arg, k := range t.lay.kinds {
		c := &f.Args[arg]
		t.negative[arg] = t.negative[arg] || k == Number && c.Has(i) && c.Num[i].Sign() < 0
	}
}

// fill writes entry e.
func (s *Store) fill(t *table, a *slab.Arena, e []byte, f *Feed, i int, ms int64, id, hash uint64) {
	l := &t.lay
	var flags uint64
	if l.once > 0 && i < f.Once.Len() && f.Once.Has(i) {
		flags |= 1 << l.onceBit
		setWord(e, l.once, putText(a, f.Once.At(i)))
	}
	if l.name > 0 {
		setWord32(e, l.name, putBytes(a, s.name))
	}
	for arg, k := range l.kinds {
		c := &f.Args[arg]
		if !c.Has(i) {
			l.clearCell(e, arg)
			continue
		}
		flags |= 1 << l.valid[arg]
		switch k {
		case Bool:
			if c.True.Has(i) {
				flags |= 1 << l.truth[arg]
			}
		case Text:
			setWord(e, l.cell[arg], putText(a, c.Text(i)))
		case Number:
			t.negative[arg] = t.negative[arg] || c.Num[i].Sign() < 0
			setWord48(e, l.cell[arg], putNumber(a, c.Num[i]))
		case Time:
			setWord(e, l.cell[arg], uint64(c.Int[i]))
		}
	}
	l.setHead(e, ms, flags, id, hash)
}
