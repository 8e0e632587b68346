package block

import (
	"encoding/binary"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/haltwire/haltwire/pipeline/event"
)

// The native format of LowCardinality: a version before the column, then the
// width of the keys with two flags, the dictionary and the keys.
const (
	sharedDictionaries = 1
	updateDictionary   = 1<<9 | 1<<10 // additional keys, and this is a new dictionary
)

// symbols is a LowCardinality(String) column. Its dictionary holds the values
// that occur in the block, in the order of their first row: the dictionary of a
// decoder only grows and may hold 65,536 values of which a small block uses ten.
type symbols struct {
	values []string // of the decoder, by code
	seen   []uint32 // codes by key
	keys   []byte   // 1, 2 or 4 bytes a row
	width  int
}

// symbols returns rows [from, to) of v.
func (c *column) symbols(v *event.Vector, from, to int) symbols {
	if len(c.remap) < len(v.Values) {
		c.remap = append(c.remap, make([]uint32, len(v.Values)-len(c.remap))...)
	}
	codes := v.Codes[from:to]
	c.seen = c.seen[:0]
	for _, code := range codes {
		if c.remap[code] == 0 {
			c.seen = append(c.seen, code)
			c.remap[code] = uint32(len(c.seen))
		}
	}
	s := symbols{values: v.Values, seen: c.seen, width: 1}
	c.keys = c.keys[:0]
	switch n := len(c.seen); {
	case n <= 1<<8:
		for _, code := range codes {
			c.keys = append(c.keys, byte(c.remap[code]-1))
		}
	case n <= 1<<16:
		s.width = 2
		for _, code := range codes {
			c.keys = binary.LittleEndian.AppendUint16(c.keys, uint16(c.remap[code]-1))
		}
	default:
		s.width = 4
		for _, code := range codes {
			c.keys = binary.LittleEndian.AppendUint32(c.keys, c.remap[code]-1)
		}
	}
	for _, code := range c.seen {
		c.remap[code] = 0
	}
	s.keys = c.keys
	return s
}

func (s symbols) Type() proto.ColumnType { return "LowCardinality(String)" }
func (s symbols) Rows() int              { return len(s.keys) / s.width }

// EncodeState writes what precedes the column.
func (s symbols) EncodeState(b *proto.Buffer) { b.PutInt64(sharedDictionaries) }

func (s symbols) head(b *proto.Buffer) {
	b.PutInt64(updateDictionary | int64(s.width>>1)) // 0, 1, 2 = 1, 2, 4 bytes a key
	b.PutInt64(int64(len(s.seen)))
	for _, code := range s.seen {
		b.PutString(s.values[code])
	}
	b.PutInt64(int64(s.Rows()))
}

func (s symbols) EncodeColumn(b *proto.Buffer) {
	s.head(b)
	b.PutRaw(s.keys)
}

func (s symbols) WriteColumn(w *proto.Writer) {
	w.ChainBuffer(s.head)
	w.ChainWrite(s.keys)
}
