package window

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/window/slab"
)

// An entry is a row of fixed width: time and flags, the hash of the report's
// identity, its content hash, then what the definition asks for. Texts over seven
// bytes, of which three bytes of a hash stay in the cell, and numbers that do not fit in 63 bits of millionths stand in the arena.
const (
	entryID    = 8
	entryHash  = 16
	entryCells = 24

	timeBits  = 43 // ms until the year 2248
	flagBits  = 64 - timeBits
	maxTime   = 1<<timeBits - 1
	shortText = 7
	far       = 0xFF // first byte of a text in the arena

	// A slot keeps its first entries inline: what fits into this many bytes, one at
	// least.
	inlineBytes = 48
)

// layout says where an entry has what.
type layout struct {
	stride int
	wide   bool  // flags have a word of their own at entryCells
	valid  []int // bit of each argument's validity
	truth  []int // bit of each Bool argument's value
	once   int   // offset of the once_per text, 0 = none; onceBit says whether it has one
	name   int   // offset of the reference to reporter and report_id, 0 = none
	cell   []int // offset of each argument, 0 for Bool
	kinds  []Kind
	inline int // entries inside a slot

	onceBit int
}

func newLayout(d *Definition) layout {
	l := layout{kinds: d.Args, stride: entryCells}
	for _, k := range d.Args {
		l.valid = append(l.valid, l.onceBit)
		l.onceBit++
		l.truth = append(l.truth, l.onceBit)
		if k == Bool {
			l.onceBit++
		}
	}
	if l.onceBit >= flagBits {
		l.wide = true
		l.stride += 8
	}
	take := func() int { l.stride += 8; return l.stride - 8 }
	if d.OncePer {
		l.once = take()
	}
	for _, k := range d.Args {
		at := 0
		if k != Bool {
			at = take()
		}
		l.cell = append(l.cell, at)
	}
	if d.ordered() {
		l.name = l.stride
		l.stride += 4
	}
	l.inline = max(1, inlineBytes/l.stride)
	return l
}

func word(b []byte, at int) uint64         { return binary.LittleEndian.Uint64(b[at:]) }
func setWord(b []byte, at int, v uint64)   { binary.LittleEndian.PutUint64(b[at:], v) }
func word32(b []byte, at int) uint32       { return binary.LittleEndian.Uint32(b[at:]) }
func setWord32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }

func timeOf(e []byte) int64 { return int64(word(e, 0) >> flagBits) }

// clampTime returns t inside what an entry can hold.
func clampTime(t int64) int64 { return min(max(t, 0), maxTime) }

func (l *layout) flags(e []byte) uint64 {
	if l.wide {
		return word(e, entryCells)
	}
	return word(e, 0) & (1<<flagBits - 1)
}

func (l *layout) setHead(e []byte, t int64, flags, id, hash uint64) {
	if l.wide {
		setWord(e, entryCells, flags)
		flags = 0
	}
	setWord(e, 0, uint64(t)<<flagBits|flags)
	setWord(e, entryID, id)
	setWord(e, entryHash, hash)
}

func (l *layout) has(e []byte, arg int) bool { return l.flags(e)>>l.valid[arg]&1 != 0 }

func (l *layout) isTrue(e []byte, arg int) bool { return l.flags(e)>>l.truth[arg]&1 != 0 }

// textCell returns the cell of a short text, or the half of a long one's that is
// not the reference: texts are unequal when their cells differ in it.
func textCell(s []byte) (cell uint64, short bool) {
	if len(s) > shortText {
		return xxh3.Hash(s)<<8&0xFFFFFFFF | far, false
	}
	for i, c := range s {
		cell |= uint64(c) << (8 * (i + 1))
	}
	return cell | uint64(len(s)), true
}

// putText makes a cell of a text.
func putText(a *slab.Arena, s []byte) uint64 {
	c, short := textCell(s)
	if !short {
		c |= uint64(putBytes(a, s)) << 32
	}
	return c
}

// sameText reports whether two cells at an offset hold the same text.
func sameText(a *slab.Arena, x, y []byte, at int) bool {
	cx, cy := word(x, at), word(y, at)
	return cx == cy || cx&0xFF == far && uint32(cx) == uint32(cy) && bytes.Equal(textAt(a, x, at), textAt(a, y, at))
}

// putBytes puts s with its length before it, a varint, into the arena.
func putBytes(a *slab.Arena, s []byte) uint32 {
	var head [binary.MaxVarintLen64]byte
	h := binary.PutUvarint(head[:], uint64(len(s)))
	n := slab.Units(h + len(s))
	ref := a.Alloc(n)
	b := a.Bytes(ref, n)
	copy(b[copy(b, head[:h]):], s)
	return ref
}

// lengths returns how long the bytes at ref and their head are.
func lengths(a *slab.Arena, ref uint32) (head, n int) {
	v, h := binary.Uvarint(a.Bytes(ref, 1))
	return h, int(v)
}

func bytesAt(a *slab.Arena, ref uint32) []byte {
	h, n := lengths(a, ref)
	return a.Bytes(ref, slab.Units(h+n))[h : h+n]
}

func freeBytes(a *slab.Arena, ref uint32) {
	h, n := lengths(a, ref)
	a.Free(ref, slab.Units(h+n))
}

// textAt returns the text of the cell at an offset of an entry.
func textAt(a *slab.Arena, e []byte, at int) []byte {
	if e[at] != far {
		return e[at+1 : at+1+int(e[at])]
	}
	return bytesAt(a, word32(e, at+4))
}

func freeText(a *slab.Arena, e []byte, at int) {
	if e[at] == far {
		freeBytes(a, word32(e, at+4))
	}
}

// micro is 10^12: units of a decimal in a millionth.
const micro = 1_000_000_000_000

// shortNumber returns the cell of a number that has at most six places and fits.
func shortNumber(d decimal.D) (uint64, bool) {
	neg := d.Hi < 0
	if neg {
		d = d.Neg()
	}
	if uint64(d.Hi) >= micro {
		return 0, false
	}
	q, r := bits.Div64(uint64(d.Hi), d.Lo, micro)
	if r != 0 || q >= 1<<62 {
		return 0, false
	}
	if neg {
		q = -q
	}
	return q << 1, true
}

func putNumber(a *slab.Arena, d decimal.D) uint64 {
	if c, ok := shortNumber(d); ok {
		return c
	}
	ref := a.Alloc(2)
	b := a.Bytes(ref, 2)
	setWord(b, 0, d.Lo)
	setWord(b, 8, uint64(d.Hi))
	return uint64(ref)<<1 | 1
}

func numberAt(a *slab.Arena, e []byte, at int) decimal.D {
	c := word(e, at)
	if c&1 != 0 {
		b := a.Bytes(uint32(c>>1), 2)
		return decimal.D{Lo: word(b, 0), Hi: int64(word(b, 8))}
	}
	v := int64(c) >> 1
	if v < 0 {
		hi, lo := bits.Mul64(uint64(-v), micro)
		return decimal.D{Lo: lo, Hi: int64(hi)}.Neg()
	}
	hi, lo := bits.Mul64(uint64(v), micro)
	return decimal.D{Lo: lo, Hi: int64(hi)}
}

// name is reporter and report_id as an entry keeps them: the length of the first,
// then both.
func appendName(dst, reporter, id []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(reporter)))
	return append(append(dst, reporter...), id...)
}

func splitName(b []byte) (reporter, id []byte) {
	n := 4 + int(word32(b, 0))
	return b[4:n], b[n:]
}

// compareNames orders by reporter, then report_id.
func compareNames(a, b []byte) int {
	ra, ia := splitName(a)
	rb, ib := splitName(b)
	if c := bytes.Compare(ra, rb); c != 0 {
		return c
	}
	return bytes.Compare(ia, ib)
}

// release frees what an entry has in the arena.
func (l *layout) release(a *slab.Arena, e []byte) {
	if l.name > 0 {
		freeBytes(a, word32(e, l.name))
	}
	if l.once > 0 && l.flags(e)>>l.onceBit&1 != 0 {
		freeText(a, e, l.once)
	}
	for i, k := range l.kinds {
		if k == Bool || !l.has(e, i) {
			continue
		}
		switch k {
		case Text:
			freeText(a, e, l.cell[i])
		case Number:
			if c := word(e, l.cell[i]); c&1 != 0 {
				a.Free(uint32(c>>1), 2)
			}
		}
	}
}

// relocate puts what an entry has in an arena into another.
func (l *layout) relocate(from, to *slab.Arena, e []byte) {
	if l.name > 0 {
		setWord32(e, l.name, putBytes(to, bytesAt(from, word32(e, l.name))))
	}
	if l.once > 0 && l.flags(e)>>l.onceBit&1 != 0 && e[l.once] == far {
		setWord32(e, l.once+4, putBytes(to, textAt(from, e, l.once)))
	}
	for i, k := range l.kinds {
		if k == Bool || !l.has(e, i) {
			continue
		}
		at := l.cell[i]
		switch {
		case k == Text && e[at] == far:
			setWord32(e, at+4, putBytes(to, textAt(from, e, at)))
		case k == Number && word(e, at)&1 != 0:
			setWord(e, at, putNumber(to, numberAt(from, e, at)))
		}
	}
}

// equal reports whether two entries have the same value of an argument that both
// have.
func (l *layout) equal(a *slab.Arena, x, y []byte, arg int) bool {
	if l.kinds[arg] == Bool {
		return l.isTrue(x, arg) == l.isTrue(y, arg)
	}
	at := l.cell[arg]
	if word(x, at) == word(y, at) {
		return true
	}
	switch l.kinds[arg] {
	case Text:
		return sameText(a, x, y, at)
	case Number:
		return word(x, at)&word(y, at)&1 != 0 && numberAt(a, x, at) == numberAt(a, y, at)
	}
	return false
}
