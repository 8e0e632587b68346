package event

import "encoding/binary"

// Bounds of a dictionary before it starts anew, against senders of ever new
// values: 65,536 values, about 4 MB a column when they are short, and 16 MiB of
// text when they are not.
const (
	MaxDict      = 1 << 16
	MaxDictBytes = 16 << 20
)

// recent is how many values a dictionary finds without its map, by a cheap hash:
// 6 KiB a column, against 20 ns for the map.
const recent = 256

// shape is the length and the outer bytes of a text: all of it up to 16 bytes.
type shape struct {
	head, tail uint64
	size       uint32
}

// entry is a value that was found lately.
type entry struct {
	shape
	code uint32
}

// Dict gives codes to the values of one Symbol column, for as long as its
// decoder lives. It only grows within a generation, so a plan that has judged
// the first n values needs to judge only those behind them.
type Dict struct {
	values     []string
	codes      map[string]uint32
	generation uint64
	bytes      int
	slots      [recent]entry
}

// NewDict returns a dictionary whose code 0 means missing.
func NewDict() *Dict {
	d := &Dict{}
	d.restart()
	return d
}

func (d *Dict) restart() {
	d.values = []string{""}
	d.codes = map[string]uint32{}
	d.generation++
	d.bytes = 0
	d.slots = [recent]entry{}
}

// Code returns the code of s, giving it a new one at first sight. The empty text
// is the missing value, code 0.
func (d *Dict) Code(s []byte) uint32 {
	if c := d.Find(s); c != 0 || len(s) == 0 {
		return c
	}
	c := uint32(len(d.values))
	v := string(s)
	d.values = append(d.values, v)
	d.codes[v] = c
	d.bytes += len(v)
	return c
}

// Find returns the code of s, 0 when the dictionary does not have it. Bytes
// behind s, within its capacity, may be read.
func (d *Dict) Find(s []byte) uint32 {
	h := shapeOf(s)
	if e := &d.slots[h.slot()]; e.shape == h && (len(s) <= 16 || d.values[e.code] == string(s)) {
		return e.code
	}
	return d.find(s, h)
}

// find is Find with the map.
func (d *Dict) find(s []byte, h shape) uint32 {
	c, ok := d.codes[string(s)]
	if ok {
		d.slots[h.slot()] = entry{shape: h, code: c}
	}
	return c
}

// Value returns the value of a code.
func (d *Dict) Value(code uint32) string { return d.values[code] }

// shapeOf reads a short text with one load and a mask where the bytes behind it
// can be read: branches on its length would be hard to predict.
func shapeOf(s []byte) shape {
	n := len(s)
	h := shape{size: uint32(n)}
	switch {
	case n > 8:
		h.head, h.tail = binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[n-8:])
	case cap(s) >= 8:
		h.head = binary.LittleEndian.Uint64(s[:8]) & prefixes[n]
	default:
		for i, c := range s {
			h.head |= uint64(c) << (8 * i)
		}
	}
	return h
}

// prefixes[n] masks the first n bytes of a word.
var prefixes = [9]uint64{0, 1<<8 - 1, 1<<16 - 1, 1<<24 - 1, 1<<32 - 1, 1<<40 - 1, 1<<48 - 1, 1<<56 - 1, 1<<64 - 1} //nolint:gochecknoglobals // a table that nobody writes

// slot mixes h. Two values of one slot cost a look into the map, nothing else.
func (h shape) slot() uint8 {
	return uint8(((h.head ^ h.tail*31) + uint64(h.size)) * 0x9E3779B97F4A7C15 >> 56)
}

// NextBatch starts a new generation when the dictionary is full, and reports
// whether it did. A codec calls it between batches, never within one.
func (d *Dict) NextBatch() bool {
	if len(d.values) > MaxDict || d.bytes > MaxDictBytes {
		d.restart()
		return true
	}
	return false
}

// Bind gives v the values that its codes mean. They may be read while the
// dictionary grows.
func (d *Dict) Bind(v *Vector) { v.Values, v.Generation = d.values, d.generation }
