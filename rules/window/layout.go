package window

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/window/slab"
)

// An entry is a row of fixed width: six bytes of time and flags, the hash of the
// report's identity, the upper half of its content hash, then what the definition
// asks for. Texts over seven bytes, of which three bytes of a hash stay in the
// cell, and numbers that do not fit in a cell stand in the arena.
const (
	entryID    = 6
	entryHash  = 14
	entryCells = 18

	timeBits  = 43 // ms until the year 2248
	headBits  = 48
	flagBits  = headBits - timeBits
	maxTime   = 1<<timeBits - 1
	shortText = 7
	far       = 0xFF // first byte of a text in the arena

	textCells, numberCells, timeCells, nameCells, wideCells = 8, 6, 8, 4, 4

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
	cell   []int // offset of each argument; a Bool has no bytes there
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
	take := func(n int) int { l.stride += n; return l.stride - n }
	if l.onceBit >= flagBits {
		l.wide = true
		take(wideCells)
	}
	if d.OncePer {
		l.once = take(textCells)
	}
	for _, k := range d.Args {
		l.cell = append(l.cell, take([...]int{Bool: 0, Text: textCells, Number: numberCells, Time: timeCells}[k]))
	}
	if d.ordered() {
		l.name = take(nameCells)
	}
	l.inline = max(1, inlineBytes/l.stride)
	return l
}

func word(b []byte, at int) uint64         { return binary.LittleEndian.Uint64(b[at:]) }
func setWord(b []byte, at int, v uint64)   { binary.LittleEndian.PutUint64(b[at:], v) }
func word32(b []byte, at int) uint32       { return binary.LittleEndian.Uint32(b[at:]) }
func setWord32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }

// word48 and setWord48 are of six bytes.
func word48(b []byte, at int) uint64 {
	return uint64(binary.LittleEndian.Uint32(b[at:])) | uint64(binary.LittleEndian.Uint16(b[at+4:]))<<32
}

func setWord48(b []byte, at int, v uint64) {
	binary.LittleEndian.PutUint32(b[at:], uint32(v))
	binary.LittleEndian.PutUint16(b[at+4:], uint16(v>>32))
}

func timeOf(e []byte) int64 { return int64(word48(e, 0) >> flagBits) }

// short is what an entry keeps of a content hash: enough to tell two versions of a
// report apart, and which is the greater, but once in 2^32.
func short(hash uint64) uint32 { return uint32(hash >> 32) }

// clampTime returns t inside what an entry can hold.
func clampTime(t int64) int64 { return min(max(t, 0), maxTime) }

func (l *layout) flags(e []byte) uint64 {
	if l.wide {
		return uint64(word32(e, entryCells))
	}
	return word48(e, 0) & (1<<flagBits - 1)
}

func (l *layout) setHead(e []byte, t int64, flags, id, hash uint64) {
	if l.wide {
		setWord32(e, entryCells, uint32(flags))
		flags = 0
	}
	setWord48(e, 0, uint64(t)<<flagBits|flags)
	setWord(e, entryID, id)
	setWord32(e, entryHash, short(hash))
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

// A number in a cell is one bit that says whether it stands in the arena, two of
// scale, and a signed count of units of 10^-scale; or the reference.
const (
	farNumber  = 1
	scaleShift = 1
	unitsShift = 3
	unitsMax   = 1<<(48-unitsShift-1) - 1
)

// units returns the unit of each scale in units of a decimal: 1, a hundredth, a
// ten-thousandth and 10^-8.
func units(scale uint64) uint64 {
	switch scale & 3 {
	case 0:
		return 1_000_000_000_000_000_000
	case 1:
		return 10_000_000_000_000_000
	case 2:
		return 100_000_000_000_000
	}
	return 10_000_000_000
}

// shortNumber returns the cell of a number that fits.
func shortNumber(d decimal.D) (uint64, bool) {
	neg := d.Hi < 0
	if neg {
		d = d.Neg()
	}
	for scale := range uint64(4) {
		unit := units(scale)
		if uint64(d.Hi) >= unit {
			return 0, false
		}
		q, r := bits.Div64(uint64(d.Hi), d.Lo, unit)
		if q > unitsMax {
			return 0, false
		}
		if r == 0 {
			if neg {
				q = -q
			}
			return (q<<unitsShift | scale<<scaleShift) & (1<<48 - 1), true
		}
	}
	return 0, false
}

func putNumber(a *slab.Arena, d decimal.D) uint64 {
	if c, ok := shortNumber(d); ok {
		return c
	}
	ref := a.Alloc(2)
	b := a.Bytes(ref, 2)
	setWord(b, 0, d.Lo)
	setWord(b, 8, uint64(d.Hi))
	return uint64(ref)<<unitsShift | farNumber
}

func numberAt(a *slab.Arena, e []byte, at int) decimal.D {
	c := word48(e, at)
	if c&farNumber != 0 {
		b := a.Bytes(uint32(c>>unitsShift), 2)
		return decimal.D{Lo: word(b, 0), Hi: int64(word(b, 8))}
	}
	v := int64(c<<16) >> (16 + unitsShift)
	n := uint64(v)
	if v < 0 {
		n = -n
	}
	hi, lo := bits.Mul64(n, units(c>>scaleShift))
	d := decimal.D{Lo: lo, Hi: int64(hi)}
	if v < 0 {
		d = d.Neg()
	}
	return d
}

// clearCell makes a missing argument's cell zero.
func (l *layout) clearCell(e []byte, arg int) {
	at := l.cell[arg]
	switch l.kinds[arg] {
	case Text, Time:
		setWord(e, at, 0)
	case Number:
		setWord48(e, at, 0)
	}
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
			if c := word48(e, l.cell[i]); c&farNumber != 0 {
				a.Free(uint32(c>>unitsShift), 2)
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
		case k == Number && word48(e, at)&farNumber != 0:
			setWord48(e, at, putNumber(to, numberAt(from, e, at)))
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
	switch l.kinds[arg] {
	case Text:
		return sameText(a, x, y, at)
	case Number:
		cx, cy := word48(x, at), word48(y, at)
		return cx == cy || cx&cy&farNumber != 0 && numberAt(a, x, at) == numberAt(a, y, at)
	}
	return word(x, at) == word(y, at)
}
