package parquet

import (
	"bytes"
	"slices"
	"strconv"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/haltwire/haltwire/sources/table"
)

// kind is how the cells of a column are read.
type kind uint8

const (
	texts   kind = iota
	values       // rendered as text
	objects      // rendered as a JSON object
)

// readable returns how cells of a type are read, and whether they can be.
func readable(t arrow.DataType) (kind, bool) {
	switch t.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.BINARY, arrow.LARGE_BINARY, arrow.FIXED_SIZE_BINARY:
		return texts, true
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64,
		arrow.FLOAT32, arrow.FLOAT64, arrow.BOOL, arrow.DECIMAL128, arrow.DECIMAL256, arrow.TIMESTAMP, arrow.DATE32, arrow.DATE64:
		return values, true
	case arrow.DICTIONARY:
		k, ok := readable(t.(*arrow.DictionaryType).ValueType)
		return k, ok && k == texts
	case arrow.MAP:
		m := t.(*arrow.MapType)
		key, okKey := readable(m.KeyType())
		item, okItem := readable(m.ItemType())
		return objects, okKey && okItem && key == texts && item == texts
	}
	return 0, false
}

// cells is a column of a record batch: text gives memory of the batch, append renders
// a value. One of them is nil. Neither is asked for a null.
type cells struct {
	array  arrow.Array
	text   func(row int) []byte
	append func(dst []byte, row int) []byte
}

// cellsOf returns how a column is read; ok false says that it cannot be.
func cellsOf(a arrow.Array) (cells, bool) {
	c := cells{array: a}
	switch a := a.(type) {
	case *array.String:
		c.text = func(row int) []byte { return bytesOf(a.Value(row)) }
	case *array.LargeString:
		c.text = func(row int) []byte { return bytesOf(a.Value(row)) }
	case *array.Binary:
		c.text = a.Value
	case *array.LargeBinary:
		c.text = a.Value
	case *array.FixedSizeBinary:
		c.text = a.Value
	case *array.Dictionary:
		values, ok := cellsOf(a.Dictionary())
		if !ok || values.text == nil {
			return c, false
		}
		c.text = func(row int) []byte { return values.text(a.GetValueIndex(row)) }
	case *array.Map:
		c.append = mapOf(a)
	default:
		c.append = valueOf(a)
	}
	return c, c.text != nil || c.append != nil
}

// valueOf renders numbers, booleans and times; nil = another type.
func valueOf(a arrow.Array) func(dst []byte, row int) []byte {
	switch a := a.(type) {
	case *array.Float64:
		return func(dst []byte, row int) []byte { return strconv.AppendFloat(dst, a.Value(row), 'f', -1, 64) }
	case *array.Float32:
		return func(dst []byte, row int) []byte { return strconv.AppendFloat(dst, float64(a.Value(row)), 'f', -1, 32) }
	case *array.Boolean:
		return func(dst []byte, row int) []byte { return strconv.AppendBool(dst, a.Value(row)) }
	case *array.Int64:
		return func(dst []byte, row int) []byte { return strconv.AppendInt(dst, a.Value(row), 10) }
	case *array.Int32:
		return func(dst []byte, row int) []byte { return strconv.AppendInt(dst, int64(a.Value(row)), 10) }
	case *array.Uint32:
		return func(dst []byte, row int) []byte { return strconv.AppendUint(dst, uint64(a.Value(row)), 10) }
	case *array.Uint64:
		return func(dst []byte, row int) []byte { return strconv.AppendUint(dst, a.Value(row), 10) }
	case *array.Int16, *array.Int8, *array.Uint16, *array.Uint8:
		return func(dst []byte, row int) []byte { return append(dst, a.ValueStr(row)...) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(dst []byte, row int) []byte { return appendDecimal128(dst, a.Value(row), scale) }
	case *array.Decimal256:
		scale := a.DataType().(*arrow.Decimal256Type).Scale
		return func(dst []byte, row int) []byte { return appendDecimal(dst, a.Value(row).ToString(scale)) }
	case *array.Timestamp:
		unit := a.DataType().(*arrow.TimestampType).Unit
		return func(dst []byte, row int) []byte {
			return a.Value(row).ToTime(unit).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
		}
	case *array.Date32:
		return func(dst []byte, row int) []byte { return a.Value(row).ToTime().AppendFormat(dst, "2006-01-02") }
	case *array.Date64:
		return func(dst []byte, row int) []byte { return a.Value(row).ToTime().AppendFormat(dst, "2006-01-02") }
	}
	return nil
}

// appendDecimal128 is appendDecimal of n / 10^scale; ToString goes over big.Int, which
// costs ten times as much as what fits into a word.
func appendDecimal128(dst []byte, n decimal128.Num, scale int32) []byte {
	if n.HighBits() != 0 || scale < 0 || scale > 18 {
		return appendDecimal(dst, n.ToString(scale))
	}
	var buf [40]byte
	digits := strconv.AppendUint(buf[:0], n.LowBits(), 10)
	for len(digits) <= int(scale) {
		digits = slices.Insert(digits, 0, '0')
	}
	whole := len(digits) - int(scale)
	dst = append(dst, digits[:whole]...)
	fraction := bytes.TrimRight(digits[whole:], "0")
	if len(fraction) == 0 {
		return dst
	}
	return append(append(dst, '.'), fraction...)
}

// appendDecimal appends a decimal without zeros at its end, which would count as
// digits.
func appendDecimal(dst []byte, s string) []byte {
	n, point := len(s), false
	for i := range len(s) {
		point = point || s[i] == '.'
	}
	for point && n > 0 && s[n-1] == '0' {
		n--
	}
	if point && n > 0 && s[n-1] == '.' {
		n--
	}
	return append(dst, s[:n]...)
}

// mapOf renders maps from text to text as objects; nil = other maps.
func mapOf(a *array.Map) func(dst []byte, row int) []byte {
	keys, okKeys := cellsOf(a.Keys())
	items, okItems := cellsOf(a.Items())
	if !okKeys || !okItems || keys.text == nil || items.text == nil {
		return nil
	}
	return func(dst []byte, row int) []byte {
		from, to := a.ValueOffsets(row)
		return table.Object(dst, int(to-from), func(i int) (key, val []byte) {
			at := int(from) + i
			if !items.array.IsNull(at) {
				val = items.text(at)
			}
			return keys.text(at), val
		})
	}
}

// bytesOf returns the memory of a text, which nobody may change.
func bytesOf(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s))
}
