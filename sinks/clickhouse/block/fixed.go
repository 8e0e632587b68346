package block

import (
	"unsafe"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/haltwire/haltwire/pipeline/event"
)

// fixed is a column whose values lie in memory as the native format wants them
// on a little-endian machine.
type fixed struct {
	typ   proto.ColumnType
	rows  int
	nulls []byte // nil = not Nullable
	data  []byte
}

func (f fixed) Type() proto.ColumnType { return f.typ }
func (f fixed) Rows() int              { return f.rows }

func (f fixed) EncodeColumn(b *proto.Buffer) {
	b.PutRaw(f.nulls)
	b.PutRaw(f.data)
}

func (f fixed) WriteColumn(w *proto.Writer) {
	if len(f.nulls) > 0 {
		w.ChainWrite(f.nulls)
	}
	w.ChainWrite(f.data)
}

// memory returns the memory of s as bytes.
func memory[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// Types of columns in the native format, written as the server writes them: an
// equal text spares it a conversion.
const (
	timeType    = "DateTime64(3, 'UTC')"
	decimalType = "Decimal(38, 18)"
)

// nullable returns data as a Nullable column with the validity of v.
func (c *column) nullable(v *event.Vector, typ proto.ColumnType, data []byte, from, to int) fixed {
	c.nulls = c.nulls[:0]
	for r := from; r < to; r++ {
		c.nulls = append(c.nulls, 1-byte(v.Valid[r>>6]>>(r&63))&1)
	}
	return fixed{typ: proto.ColumnTypeNullable.Sub(typ), rows: to - from, nulls: c.nulls, data: data}
}

// input returns rows [from, to) of v as a column.
func (c *column) input(v *event.Vector, s event.Column, from, to int) proto.ColInput {
	switch v.Type {
	case event.Text:
		return texts{v.Off[from : to+1], v.Data}
	case event.Symbol:
		return c.symbols(v, from, to)
	case event.Decimal:
		return c.nullable(v, decimalType, memory(v.Dec[from:to]), from, to)
	case event.Time:
		if s.Required {
			return fixed{typ: timeType, rows: to - from, data: memory(v.I64[from:to])}
		}
		return c.nullable(v, timeType, memory(v.I64[from:to]), from, to)
	case event.Date:
		return c.nullable(v, proto.ColumnTypeDate32, memory(v.I32[from:to]), from, to)
	case event.Float:
		return c.nullable(v, proto.ColumnTypeFloat64, memory(v.F64[from:to]), from, to)
	case event.Bool:
		c.keys = c.keys[:0]
		for r := from; r < to; r++ {
			c.keys = append(c.keys, byte(v.True[r>>6]>>(r&63))&1)
		}
		return c.nullable(v, proto.ColumnTypeBool, c.keys, from, to)
	case event.Map:
		return maps{v, from, to}
	}
	if s.Name == "revision" { // missing = 0: it orders versions
		return fixed{typ: proto.ColumnTypeUInt32, rows: to - from, data: memory(v.U32[from:to])}
	}
	return c.nullable(v, proto.ColumnTypeUInt32, memory(v.U32[from:to]), from, to)
}

// hashes is a FixedString(16) column.
func hashes(h []event.Hash) fixed {
	return fixed{typ: "FixedString(16)", rows: len(h), data: memory(h)}
}
