package event

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// wrap returns the columns of b that are not Empty as an Arrow record over the
// same memory.
func wrap(b *Batch) arrow.Record {
	var fields []arrow.Field
	var cols []arrow.Array
	for i := range b.Columns {
		v := &b.Columns[i]
		if v.Empty() {
			continue
		}
		arr := v.array(b.Rows)
		fields = append(fields, arrow.Field{Name: b.Schema.Columns[i].Name, Type: arr.DataType(), Nullable: true})
		cols = append(cols, arr)
	}
	rec := array.NewRecord(arrow.NewSchema(fields, nil), cols, int64(b.Rows))
	for _, c := range cols {
		c.Release()
	}
	return rec
}

// bytesOf returns the memory of s as bytes.
func bytesOf[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

func buffer[T any](s []T) *memory.Buffer { return memory.NewBufferBytes(bytesOf(s)) }

// array wraps v as an Arrow array of rows rows.
func (v *Vector) array(rows int) arrow.Array {
	valid := buffer(v.Valid)
	var data *array.Data
	switch v.Type {
	case Text:
		data = textData(v, rows)
	case Symbol:
		return v.dictionary(rows)
	case Decimal:
		data = array.NewData(&arrow.Decimal128Type{Precision: 38, Scale: 18}, rows, []*memory.Buffer{valid, buffer(v.Dec)}, nil, array.UnknownNullCount, 0)
	case Time:
		data = array.NewData(&arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, rows, []*memory.Buffer{valid, buffer(v.I64)}, nil, array.UnknownNullCount, 0)
	case Date:
		data = array.NewData(arrow.FixedWidthTypes.Date32, rows, []*memory.Buffer{valid, buffer(v.I32)}, nil, array.UnknownNullCount, 0)
	case Uint:
		data = array.NewData(arrow.PrimitiveTypes.Uint32, rows, []*memory.Buffer{valid, buffer(v.U32)}, nil, array.UnknownNullCount, 0)
	case Float:
		data = array.NewData(arrow.PrimitiveTypes.Float64, rows, []*memory.Buffer{valid, buffer(v.F64)}, nil, array.UnknownNullCount, 0)
	case Bool:
		data = array.NewData(arrow.FixedWidthTypes.Boolean, rows, []*memory.Buffer{valid, buffer(v.True)}, nil, array.UnknownNullCount, 0)
	case Map:
		data = v.mapData(rows, valid)
	}
	defer data.Release()
	return array.MakeFromData(data)
}

func textData(v *Vector, rows int) *array.Data {
	return array.NewData(arrow.BinaryTypes.String, rows, []*memory.Buffer{buffer(v.Valid), buffer(v.Off), memory.NewBufferBytes(v.Data)}, nil, array.UnknownNullCount, 0)
}

// entryData wraps the keys or values of a map: none is missing, and Arrow panics
// on keys that do not say so.
func entryData(v *Vector, rows int) *array.Data {
	return array.NewData(arrow.BinaryTypes.String, rows, []*memory.Buffer{nil, buffer(v.Off), memory.NewBufferBytes(v.Data)}, nil, 0, 0)
}

// dictionary wraps codes and values; code 0 is null in Valid.
func (v *Vector) dictionary(rows int) arrow.Array {
	values := array.NewStringBuilder(memory.DefaultAllocator)
	defer values.Release()
	values.AppendValues(v.Values, nil)
	dict := values.NewArray()
	defer dict.Release()
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: arrow.BinaryTypes.String}
	data := array.NewDataWithDictionary(typ, rows, []*memory.Buffer{buffer(v.Valid), buffer(v.Codes)}, array.UnknownNullCount, 0, dict.Data().(*array.Data))
	defer data.Release()
	return array.NewDictionaryData(data)
}

func (v *Vector) mapData(rows int, valid *memory.Buffer) *array.Data {
	n := v.Keys.rows
	typ := arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String)
	v.Keys.finish(n)
	v.Vals.finish(n)
	keys, vals := entryData(v.Keys, n), entryData(v.Vals, n)
	defer keys.Release()
	defer vals.Release()
	entries := array.NewData(typ.Elem(), n, []*memory.Buffer{nil}, []arrow.ArrayData{keys, vals}, 0, 0)
	defer entries.Release()
	return array.NewData(typ, rows, []*memory.Buffer{valid, buffer(v.Off)}, []arrow.ArrayData{entries}, array.UnknownNullCount, 0)
}
