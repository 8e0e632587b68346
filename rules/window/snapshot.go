package window

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/window/slab"
)

// A snapshot of a shard is, in little-endian: magic, format, seed, shard, floor,
// offsets, the versions remembered of identities whose upper six bits are the
// shard, and each window with its columns and keys; at the end xxh3-64 of all
// before. A window says how long it is, so that one that is gone can be left out.
const (
	magic  = "HWWS"
	format = 2
)

// ErrSnapshot says that bytes are not a whole snapshot of this format.
var ErrSnapshot = errors.New("not a whole window snapshot")

// Snapshot writes a shard with the offsets of the sources that it contains, which
// are the caller's own bytes.
func (s *Store) Snapshot(to io.Writer, shard int, offsets []byte) error {
	b := append([]byte(magic), format)
	b = binary.LittleEndian.AppendUint64(b, s.opts.Seed)
	b = append(b, byte(shard))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.floor))
	b = appendBytes(b, offsets)
	b = s.appendVersions(b, shard)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.tables)))
	for _, t := range s.tables {
		b = t.appendTo(b, &s.shards[shard].arena, shard)
	}
	b = binary.LittleEndian.AppendUint64(b, xxh3.Hash(b))
	if _, err := to.Write(b); err != nil {
		return fmt.Errorf("write window snapshot of shard %d: %w", shard, err)
	}
	return nil
}

func appendBytes(b, s []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

func (s *Store) appendVersions(b []byte, shard int) []byte {
	at, n := len(b), uint32(0)
	b = binary.LittleEndian.AppendUint32(b, 0)
	for id, v := range s.versions {
		if int(id>>58) != shard {
			continue
		}
		n++
		b = binary.LittleEndian.AppendUint64(b, id)
		b = binary.LittleEndian.AppendUint32(b, v.revision)
		b = binary.LittleEndian.AppendUint64(b, v.hash)
		b = binary.LittleEndian.AppendUint64(b, uint64(v.time))
	}
	setWord32(b, at, n)
	return b
}

// signature names the columns of a table.
func (t *table) signature() []byte {
	b := []byte{0, 0}
	if t.lay.once > 0 {
		b[0] = 1
	}
	if t.lay.name > 0 {
		b[1] = 1
	}
	for _, k := range t.lay.kinds {
		b = append(b, byte(k))
	}
	return b
}

func (t *table) appendTo(b []byte, a *slab.Arena, shard int) []byte {
	p := &t.parts[shard]
	b = appendBytes(b, []byte(t.def.Key))
	b = appendBytes(b, t.signature())
	at := len(b)
	b = binary.LittleEndian.AppendUint64(b, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.evicted))
	b = binary.LittleEndian.AppendUint32(b, uint32(p.keys.Len()))
	for i := range p.keys.Slots() {
		if !p.keys.Live(i) {
			continue
		}
		slot := p.keys.Slot(i)
		cut := int64(-1)
		if c, ok := p.cuts[i]; ok {
			cut = c
		}
		run, n := t.run(a, slot)
		b = appendBytes(b, p.keys.Key(slot))
		b = binary.LittleEndian.AppendUint64(b, uint64(cut))
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
		for j := range n {
			b = t.lay.appendEntry(b, a, t.at(run, j))
		}
	}
	setWord(b, at, uint64(len(b)-at-8))
	return b
}

func (l *layout) appendEntry(b []byte, a *slab.Arena, e []byte) []byte {
	head := entryCells
	if l.wide {
		head += wideCells
	}
	b = append(b, e[:head]...)
	if l.name > 0 {
		b = appendBytes(b, bytesAt(a, word32(e, l.name)))
	}
	if l.once > 0 && l.flags(e)>>l.onceBit&1 != 0 {
		b = appendBytes(b, textAt(a, e, l.once))
	}
	for i, k := range l.kinds {
		if k == Bool || !l.has(e, i) {
			continue
		}
		switch k {
		case Text:
			b = appendBytes(b, textAt(a, e, l.cell[i]))
		case Number:
			d := numberAt(a, e, l.cell[i])
			b = binary.LittleEndian.AppendUint64(b, d.Lo)
			b = binary.LittleEndian.AppendUint64(b, uint64(d.Hi))
		case Time:
			b = append(b, e[l.cell[i]:l.cell[i]+8]...)
		}
	}
	return b
}

// Restore reads what Snapshot wrote into the store, whose shard must be empty,
// and returns the shard and its offsets. Windows that the store no longer has, or
// has with other columns, are left out. A store that is empty takes the seed of
// the snapshot; afterwards all must have the same. An error, which is ErrSnapshot
// for bytes that are not whole, leaves the shard empty.
func (s *Store) Restore(from io.Reader) (shard int, offsets []byte, err error) {
	b, err := io.ReadAll(from)
	if err != nil {
		return 0, nil, fmt.Errorf("read window snapshot: %w", err)
	}
	if len(b) < len(magic)+9 || string(b[:len(magic)]) != magic || xxh3.Hash(b[:len(b)-8]) != word(b, len(b)-8) {
		return 0, nil, ErrSnapshot
	}
	if b[len(magic)] != format {
		return 0, nil, fmt.Errorf("window snapshot has format %d, this program reads %d", b[len(magic)], format)
	}
	r := &reader{b: b[len(magic)+1 : len(b)-8]}
	seed := r.word()
	shard = int(r.byte())
	if r.bad || shard >= Shards {
		return 0, nil, ErrSnapshot
	}
	if err := s.ready(seed, shard); err != nil {
		return shard, nil, err
	}
	offsets, bad := s.restore(r, shard)
	if bad {
		for _, t := range s.tables {
			s.clear(t, shard)
		}
		return shard, nil, ErrSnapshot
	}
	return shard, offsets, nil
}

// ready reports why a snapshot cannot be restored.
func (s *Store) ready(seed uint64, shard int) error {
	empty := len(s.versions) == 0
	for _, t := range s.tables {
		if t.parts[shard].keys.Len() > 0 {
			return fmt.Errorf("restore window snapshot: shard %d is not empty", shard)
		}
		empty = empty && t.entries == 0
	}
	if empty {
		s.opts.Seed = seed
	}
	if seed != s.opts.Seed {
		return fmt.Errorf("restore window snapshot: shard %d has another seed than the store", shard)
	}
	return nil
}

func (s *Store) restore(r *reader, shard int) (offsets []byte, bad bool) {
	s.floor = max(s.floor, int64(r.word()))
	offsets = slices.Clone(r.bytes())
	for range r.count(28) {
		id := r.word()
		s.versions[id] = version{revision: r.word32(), hash: r.word(), time: int64(r.word())}
	}
	for range r.count(16) {
		key, signature := r.bytes(), r.bytes()
		block := &reader{b: r.take(int(r.word()))}
		i := slices.IndexFunc(s.tables, func(t *table) bool { return t.def.Key == string(key) })
		if i >= 0 && string(s.tables[i].signature()) == string(signature) {
			s.restoreTable(s.tables[i], block, shard)
			r.bad = r.bad || block.bad
		}
	}
	return offsets, r.bad || len(r.b) > 0
}

func (s *Store) restoreTable(t *table, r *reader, shard int) {
	p, a := &t.parts[shard], &s.shards[shard].arena
	t.evicted = max(t.evicted, int64(r.word()))
	for range r.count(16) {
		key, cut, n := r.bytes(), int64(r.word()), r.count(entryCells)
		hash := xxh3.HashSeed(key, s.opts.Seed)
		at, ok := p.keys.Insert(uint32(hash), key)
		if r.bad || !ok {
			r.bad = true
			return
		}
		slot := p.keys.Slot(at)
		t.reserve(a, slot, n)
		for i := range n {
			e := t.open(a, slot, i)
			t.entries++
			t.readEntry(r, a, e)
			s.places.Add(word(e, entryID), slab.Place{Table: t.id, Shard: shard, Slot: at})
		}
		if cut >= 0 {
			s.cutAt(t, shard, at, cut)
		}
	}
}

// reserve makes room for n entries in a new slot.
func (t *table) reserve(a *slab.Arena, slot []byte, n int) {
	if n > t.lay.inline {
		t.resize(a, slot, n)
	}
}

// readEntry fills e, whole even where the bytes end.
func (t *table) readEntry(r *reader, a *slab.Arena, e []byte) {
	l := &t.lay
	clear(e)
	head := entryCells
	if l.wide {
		head += wideCells
	}
	copy(e, r.take(head))
	if l.name > 0 {
		setWord32(e, l.name, putBytes(a, r.bytes()))
	}
	if l.once > 0 && l.flags(e)>>l.onceBit&1 != 0 {
		setWord(e, l.once, putText(a, r.bytes()))
	}
	for i, k := range l.kinds {
		if k == Bool || !l.has(e, i) {
			continue
		}
		switch k {
		case Text:
			setWord(e, l.cell[i], putText(a, r.bytes()))
		case Number:
			d := decimal.D{Lo: r.word(), Hi: int64(r.word())}
			t.negative[i] = t.negative[i] || d.Sign() < 0
			setWord48(e, l.cell[i], putNumber(a, d))
		case Time:
			setWord(e, l.cell[i], r.word())
		}
	}
}

// reader takes values off bytes; beyond the end it gives zeros and is bad.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) word() uint64 {
	if b := r.take(8); b != nil {
		return word(b, 0)
	}
	return 0
}

func (r *reader) word32() uint32 {
	if b := r.take(4); b != nil {
		return word32(b, 0)
	}
	return 0
}

func (r *reader) bytes() []byte { return r.take(int(r.word32())) }

// count reads how many things of at least size bytes follow.
func (r *reader) count(size int) int {
	n := int(r.word32())
	if n*size > len(r.b) {
		r.bad, r.b = true, nil
		return 0
	}
	return n
}
