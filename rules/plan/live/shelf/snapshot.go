package shelf

import (
	"encoding/binary"
	"errors"
	"slices"
)

// ErrSnapshot says that bytes are not a whole shelf.
var ErrSnapshot = errors.New("not a whole snapshot of candidates")

// rowHead is what a report takes in a snapshot before its verdicts.
const rowHead = 8 + 4 + 16 + 4*8 + 4 + 4 + 8 + 1 + 3*4 + 2

// AppendTo appends everything that is kept to b, in little-endian: the blocks, the
// reports with their verdicts, the keys. Whoever stores it makes sure that it is
// whole when it is read.
func (s *Shelf) AppendTo(b []byte) []byte {
	blockOf := map[int32]uint32{}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.blocks.order)))
	for i, at := range s.blocks.order {
		blockOf[at] = uint32(i)
		o := &s.blocks.all[at]
		b = append(b, flag(o.packed))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(o.data)))
		b = append(b, o.data...)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.by)))
	ordinal, n := make([]uint32, len(s.rows)), uint32(0)
	s.All(func(ref Ref, r *Report) {
		ordinal[ref] = n
		n++
		b = s.appendRow(b, ref, r, blockOf[r.block])
	})
	return s.appendKeys(b, ordinal)
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

func (s *Shelf) appendRow(b []byte, ref Ref, r *Report, block uint32) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, r.Identity)
	b = append(le.AppendUint32(b, r.Version.Revision), r.Version.Hash[:]...)
	for _, n := range []int64{r.Time, r.Record, r.Offset, r.Again} {
		b = le.AppendUint64(b, uint64(n))
	}
	b = le.AppendUint32(le.AppendUint32(b, uint32(r.Source)), uint32(r.CauseSource))
	b = append(le.AppendUint64(b, uint64(r.CauseOffset)), flag(r.Evidence))
	for _, n := range []uint32{block, r.at, r.length} {
		b = le.AppendUint32(b, n)
	}
	b = le.AppendUint16(b, r.count)
	for i := range int(r.count) {
		b = append(b, s.verdict(ref, i)...)
	}
	return b
}

func (s *Shelf) appendKeys(b []byte, ordinal []uint32) []byte {
	at, n := len(b), uint32(0)
	b = binary.LittleEndian.AppendUint32(b, 0)
	for key, e := range s.keys.by {
		links := []link{{ref: e.ref, generation: e.generation}}
		if e.ref < 0 {
			links = s.keys.lists[-1-e.ref]
		}
		n++
		b = binary.LittleEndian.AppendUint64(b, key)
		count := len(b)
		b = binary.LittleEndian.AppendUint32(b, 0)
		for _, l := range links {
			if s.rows[l.ref].generation == l.generation {
				b = binary.LittleEndian.AppendUint32(b, ordinal[l.ref])
			}
		}
		binary.LittleEndian.PutUint32(b[count:], uint32(len(b)-count-4)/4)
	}
	binary.LittleEndian.PutUint32(b[at:], n)
	return b
}

// Restore puts what AppendTo wrote on s, which must be empty. After an error s must
// not be used.
func (s *Shelf) Restore(b []byte) error {
	r := &reader{b: b}
	for range r.count(5) {
		packed := r.take(1)
		data := r.take(int(r.word32()))
		if r.bad || len(data) > 2*maxBlock {
			return ErrSnapshot
		}
		s.blocks.restore(slices.Clone(data), packed[0] != 0)
	}
	for range r.count(rowHead) {
		if !s.restoreRow(r) {
			return ErrSnapshot
		}
	}
	for range r.count(12) {
		key := r.word()
		for range r.count(4) {
			ref := r.word32()
			if int(ref) >= len(s.rows) || !s.rows[ref].Candidate() {
				return ErrSnapshot
			}
			s.Watch(key, Ref(ref))
		}
	}
	if r.bad || len(r.b) > 0 {
		return ErrSnapshot
	}
	s.blocks.free = append(s.blocks.free, s.blocks.vacant()...)
	return nil
}

func (s *Shelf) restoreRow(r *reader) bool {
	row := Report{Identity: r.word(), generation: 1}
	row.Version.Revision = r.word32()
	copy(row.Version.Hash[:], r.take(16))
	row.Time, row.Record, row.Offset, row.Again = int64(r.word()), int64(r.word()), int64(r.word()), int64(r.word())
	row.Source, row.CauseSource, row.CauseOffset = int32(r.word32()), int32(r.word32()), int64(r.word())
	evidence := r.take(1)
	block, at, length := r.word32(), r.word32(), r.word32()
	n := r.take(2)
	if r.bad || int(block) >= len(s.blocks.all) || uint64(at)+uint64(length) > 2*maxBlock {
		return false
	}
	if _, twice := s.by[row.Identity]; twice {
		return false
	}
	ref := Ref(len(s.rows))
	row.block, row.at, row.length = int32(block), at, length
	s.rows, s.by[row.Identity] = append(s.rows, row), ref
	s.blocks.join(row.block, ref)
	s.Prove(ref, evidence[0] != 0)
	verdicts := make([]Verdict, binary.LittleEndian.Uint16(n))
	for i := range verdicts {
		v := r.take(verdictBytes)
		if r.bad {
			return false
		}
		verdicts[i] = verdictOf(v)
	}
	s.Judge(ref, verdicts)
	return true
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

func (r *reader) word() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) word32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// count reads how many things of at least size bytes follow.
func (r *reader) count(size int) int {
	n := int(r.word32())
	if n*size > len(r.b) {
		r.bad, r.b = true, nil
		return 0
	}
	return n
}
