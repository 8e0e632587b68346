package window

import (
	"math/bits"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/rules/window/slab"
)

// view is the entries that count for one read.
type view struct {
	t   *table
	a   *slab.Arena
	run []byte
	sel []int32 // entries of run, by order
	cut bool

	dropped int64 // entries at or before it may have been dropped
}

// loose reports whether an entry that was dropped may be newer than one that
// counts: the newest were taken back since.
func (v *view) loose() bool { return len(v.sel) > 0 && timeOf(v.at(v.sel[0])) <= v.dropped }

func (v *view) at(i int32) []byte { return v.t.at(v.run, int(i)) }

// ReadAsOf fills out, one column a value of window w, one row a row of q.
func (s *Store) ReadAsOf(w int, r *Reports, q *Read, out []Column) {
	t := s.tables[w]
	for i, a := range t.def.Values {
		out[i].Reset(t.def.Kind(a))
	}
	for from := 0; from < len(q.Rows); from += touchRows {
		to := min(from+touchRows, len(q.Rows))
		s.warm(t, &q.Keys, from, to)
		for i := from; i < to; i++ {
			v := s.look(t, r, q, i, s.hashes[i-from], s.words[i-from])
			for j, a := range t.def.Values {
				var seen *Column
				if a.Func == Seen {
					seen = &q.Seen[j]
				}
				s.value(&v, a, seen, i, &out[j])
				if v.cut {
					out[j].MarkCut()
				}
			}
		}
	}
}

// look returns the entries that count for row i of q, whose key has a hash and is
// probably where word says.
func (s *Store) look(t *table, r *Reports, q *Read, i int, hash uint64, word uint32) view {
	sh := int(hash >> 58)
	p := &t.parts[sh]
	row := int(q.Rows[i])
	ms := r.Time[row]
	v := view{t: t, a: &s.shards[sh].arena, dropped: max(s.floor, t.evicted)}
	v.cut = ms-t.def.Within < v.dropped
	at, ok := p.keys.Guess(word, uint32(hash), q.Keys.At(i))
	if !ok {
		return v
	}
	slot := p.keys.Slot(at)
	var n int
	v.run, n = t.run(v.a, slot)
	if slab.Flags(slot)&flagCut != 0 && ms-t.def.Within < p.cuts[at] {
		v.cut, v.dropped = true, max(v.dropped, p.cuts[at])
	}
	to := t.after(v.run, n, ms-t.def.Until)
	from := t.after(v.run, to, ms-t.def.Within)
	s.pick(&v, r, q, i, from, to)
	return v
}

// pick selects of the entries [from, to) those that count.
func (s *Store) pick(v *view, r *Reports, q *Read, i, from, to int) {
	d := &v.t.def
	var self uint64
	if !d.Self {
		self = s.identity(r, int(q.Rows[i]))
	}
	filter := q.Filter != nil && from < to
	if filter {
		from = s.filter(v, q, i, from, to)
	}
	s.sel = s.sel[:0]
	for j := from; j < to; j++ {
		if filter && !s.keep.Has(j-from) || !d.Self && word(v.at(int32(j)), entryID) == self {
			continue
		}
		s.sel = append(s.sel, int32(j))
	}
	v.sel = s.sel
	if d.OncePer {
		s.once(v)
	}
	if n := len(v.sel); d.Last > 0 && n >= d.Last {
		v.sel = v.sel[n-d.Last:]
		v.cut = v.cut && (d.OncePer || v.loose())
	}
}

// filter asks q.Filter which of the newest of the entries [from, to) count; keep says.
// It returns the first that it was asked about.
func (s *Store) filter(v *view, q *Read, i, from, to int) int {
	d := &v.t.def
	if to-from > MaxScan {
		from = to - MaxScan
		v.cut, v.dropped = true, max(v.dropped, timeOf(v.at(int32(from-1))))
	}
	for len(s.cols) < len(d.Filter) {
		s.cols = append(s.cols, Column{})
	}
	for c, arg := range d.Filter {
		s.cols[c].Reset(d.Args[arg])
		for j := from; j < to; j++ {
			v.t.lay.append(v.a, v.at(int32(j)), arg, &s.cols[c])
		}
	}
	s.keep = s.keep[:0]
	for j := range to - from {
		s.keep = mark(s.keep, j, true)
	}
	q.Filter(i, s.cols[:len(d.Filter)], s.keep)
	return from
}

// append adds an argument of an entry to a column.
func (l *layout) append(a *slab.Arena, e []byte, arg int, to *Column) {
	if !l.has(e, arg) {
		to.AppendMissing()
		return
	}
	at := l.cell[arg]
	switch l.kinds[arg] {
	case Bool:
		to.AppendBool(l.isTrue(e, arg))
	case Text:
		to.AppendText(textAt(a, e, at))
	case Number:
		to.AppendNumber(numberAt(a, e, at))
	case Time:
		to.AppendTime(int64(word(e, at)))
	}
}

// once leaves of the entries with an equal once_per text the first.
func (s *Store) once(v *view) {
	l := &v.t.lay
	s.set.reset(len(v.sel))
	s.kept = s.kept[:0]
	for _, j := range v.sel {
		e := v.at(j)
		if l.flags(e)>>l.onceBit&1 != 0 {
			at := s.set.probe(cellHash(e, l.once))
			for s.set.slots[at] > 0 && !sameText(v.a, v.at(s.set.slots[at]-1), e, l.once) {
				at = s.set.next(at)
			}
			if s.set.slots[at] > 0 {
				continue
			}
			s.set.slots[at] = j + 1
		}
		s.kept = append(s.kept, j)
	}
	v.sel = s.kept
}

// Entries appends the reports that count in window w for row i of q, the newest
// limit in the order of time, and adds a row each to cols, as Definition.Args. It
// reports whether reports are missing by the limit or a cut. Names are valid until
// the store changes.
func (s *Store) Entries(w int, r *Reports, q *Read, i, limit int, cols []Column, entries []Entry) (all []Entry, cut bool) {
	t := s.tables[w]
	v := s.look(t, r, q, i, xxh3.HashSeed(q.Keys.At(i), s.opts.Seed), 0)
	if n := len(v.sel); n > limit {
		v.sel, v.cut = v.sel[n-limit:], true
	}
	for _, j := range v.sel {
		e := v.at(j)
		out := Entry{Time: timeOf(e)}
		if len(cols) > 0 {
			out.Row = cols[0].Rows
		}
		if t.lay.name > 0 {
			out.Reporter, out.ID = splitName(bytesAt(v.a, word32(e, t.lay.name)))
		}
		for arg := range cols {
			t.lay.append(v.a, e, arg, &cols[arg])
		}
		entries = append(entries, out)
	}
	return entries, v.cut
}

// set is a hash table of small numbers, 0 = empty, used and cleared again and
// again.
type set struct {
	slots []int32
	shift int
}

// reset makes the table empty, with room for n.
func (s *set) reset(n int) {
	size := 1 << bits.Len(uint(2*n))
	if cap(s.slots) < size {
		s.slots = make([]int32, size)
	}
	s.slots = s.slots[:size]
	clear(s.slots)
	s.shift = 64 - bits.Len(uint(size-1))
}

// probe returns where a hash is looked for first, next where after that.
func (s *set) probe(hash uint64) int { return int(hash * 0x9E3779B97F4A7C15 >> s.shift) }

func (s *set) next(at int) int { return (at + 1) & (len(s.slots) - 1) }
