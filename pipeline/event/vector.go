package event

import (
	"slices"

	"github.com/haltwire/haltwire/pipeline/decimal"
)

// Bits is a bitmap, bit i of word i/64 for row i: Arrow's layout on a
// little-endian machine.
type Bits []uint64

// Has reports whether bit i is set.
func (b Bits) Has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }

// words returns how many words n bits take.
func words(n int) int { return (n + 63) >> 6 }

// wipe clears all bits from n on.
func (b Bits) wipe(n int) {
	if w := n >> 6; w < len(b) {
		b[w] &= 1<<(n&63) - 1
		clear(b[w+1:])
	}
}

// Vector is one column of a batch. While a codec fills it, rows arrive in
// rising order and those left out are missing; after Finish it is immutable and
// has exactly Batch.Rows rows. Which slices are used depends on the type:
//
//	Text    Off (rows+1), Data
//	Symbol  Codes (0 = missing), Values, Generation
//	Decimal Dec    Time I64    Date I32    Uint U32    Float F64
//	Bool    True
//	Map     Off (rows+1) into Keys and Vals
//
// A vector that no row set is Empty: its slices are nil and every row of it is
// missing. Readers check Empty once a batch, not Valid once a row.
//
// The first value of a batch gives every slice the length of the whole run, all
// zero, so that a value is one store and a missing row of fixed width is nothing
// at all. Until Finish the slices are longer than the rows.
type Vector struct {
	Type  Type
	rows  int  // rows filled so far
	room  int  // rows that fit into the slices
	run   int  // rows to make room for: the length of the run, 0 = unknown
	Valid Bits // bit set = the row has a value; always rows long after Finish

	Off  []int32
	Data []byte

	Codes      []uint32
	Values     []string // Values[code]; Values[0] = ""
	Generation uint64   // equal generations of a column share a prefix of Values

	Dec  []decimal.D
	I64  []int64
	I32  []int32
	U32  []uint32
	F64  []float64
	True Bits

	Keys, Vals *Vector // Text, one row an entry
}

// Empty reports whether no row has a value.
func (v *Vector) Empty() bool { return v == nil || v.rows == 0 }

// Has reports whether row i has a value.
func (v *Vector) Has(i int) bool { return !v.Empty() && v.Valid.Has(i) }

// Text returns the bytes of row i of a Text vector, nil when missing; they are
// the batch's own and must not be changed or kept.
func (v *Vector) Text(i int) []byte {
	if !v.Has(i) {
		return nil
	}
	return v.Data[v.Off[i]:v.Off[i+1]]
}

// String returns row i of a Text or Symbol vector, "" when missing.
func (v *Vector) String(i int) string {
	switch {
	case v.Empty():
		return ""
	case v.Type == Symbol:
		return v.Values[v.Codes[i]]
	}
	return string(v.Text(i))
}

// grow makes room for row, and for the whole run at once.
func (v *Vector) grow(row int) { v.resize(max(row+1, v.run, 2*v.room, 64)) }

// resize gives the slices of v the length of n rows; new ones are zero.
func (v *Vector) resize(n int) {
	v.room = n
	v.Valid = extend(v.Valid, words(n))
	switch v.Type {
	case Text, Map:
		v.Off = extend(v.Off, n+1)
	case Symbol:
		v.Codes = extend(v.Codes, n)
	case Decimal:
		v.Dec = extend(v.Dec, n)
	case Time:
		v.I64 = extend(v.I64, n)
	case Date:
		v.I32 = extend(v.I32, n)
	case Uint:
		v.U32 = extend(v.U32, n)
	case Float:
		v.F64 = extend(v.F64, n)
	case Bool:
		v.True = extend(v.True, words(n))
	}
}

// extend returns s with length n: cut, or with zeros behind.
func extend[S ~[]T, T any](s S, n int) S {
	old := len(s)
	if n <= old {
		return s[:n]
	}
	s = slices.Grow(s, n-old)[:n]
	clear(s[old:])
	return s
}

// gap gives the rows from v.rows up to row, which are missing, the offsets of
// empty texts.
func (v *Vector) gap(row int) {
	if v.Type != Text && v.Type != Map {
		return
	}
	end := v.Off[v.rows]
	for i := v.rows; i < row; i++ {
		v.Off[i+1] = end
	}
}

// start makes row the last one, with a value.
func (v *Vector) start(row int) {
	if row >= v.room {
		v.grow(row)
	}
	v.Valid[row>>6] |= 1 << (row & 63)
	v.rows = row + 1
}

// SetText sets row of a Text vector to a copy of s. Bytes behind s, within its
// capacity, may be read.
func (v *Vector) SetText(row int, s []byte) {
	if row >= v.room {
		v.grow(row)
	}
	if row != v.rows {
		v.gap(row)
	}
	v.push(s)
	v.Off[row+1] = int32(len(v.Data))
	v.Valid[row>>6] |= 1 << (row & 63)
	v.rows = row + 1
}

// wide is the length up to which a text is copied as if it had that length, a UUID
// and most accounts and names: three vector moves, where a copy of the exact length
// is a call and a branch on the length that is hard to predict.
const wide = 48

// push appends s to Data.
func (v *Vector) push(s []byte) {
	n := len(v.Data)
	if len(s) > wide || cap(s) < wide || cap(v.Data)-n < wide {
		v.Data = append(v.Data, s...)
		return
	}
	*(*[wide]byte)(v.Data[n : n+wide]) = *(*[wide]byte)(s[:wide])
	v.Data = v.Data[:n+len(s)]
}

// SetJoined sets row of a Text vector to head and tail, one behind the other.
func (v *Vector) SetJoined(row int, head, tail []byte) {
	if row >= v.room {
		v.grow(row)
	}
	if row != v.rows {
		v.gap(row)
	}
	v.push(head)
	v.push(tail)
	v.Off[row+1] = int32(len(v.Data))
	v.Valid[row>>6] |= 1 << (row & 63)
	v.rows = row + 1
}

// SetCode sets row of a Symbol vector to a code of its decoder's Dict.
func (v *Vector) SetCode(row int, code uint32) { v.start(row); v.Codes[row] = code }

// SetDecimal sets row of a Decimal vector.
func (v *Vector) SetDecimal(row int, d decimal.D) { v.start(row); v.Dec[row] = d }

// SetTime sets row of a Time vector, Unix ms.
func (v *Vector) SetTime(row int, ms int64) { v.start(row); v.I64[row] = ms }

// SetDate sets row of a Date vector, days since 1970-01-01.
func (v *Vector) SetDate(row int, days int32) { v.start(row); v.I32[row] = days }

// SetUint sets row of a Uint vector.
func (v *Vector) SetUint(row int, n uint32) { v.start(row); v.U32[row] = n }

// SetFloat sets row of a Float vector.
func (v *Vector) SetFloat(row int, f float64) { v.start(row); v.F64[row] = f }

// SetBool sets row of a Bool vector.
func (v *Vector) SetBool(row int, b bool) {
	v.start(row)
	if b {
		v.True[row>>6] |= 1 << (row & 63)
	}
}

// AddEntry adds one entry to row of a Map vector. Entries of a row follow each
// other; the row is valid from its first entry on.
func (v *Vector) AddEntry(row int, key, val []byte) {
	if v.Keys == nil {
		v.Keys, v.Vals = &Vector{Type: Text}, &Vector{Type: Text}
	}
	if v.rows <= row {
		if row >= v.room {
			v.grow(row)
		}
		v.gap(row)
		v.start(row)
	}
	n := v.Keys.rows
	v.Keys.SetText(n, key)
	v.Vals.SetText(n, val)
	v.Off[row+1] = int32(n + 1)
}

// Truncate drops the rows from n on: a record that turned out bad.
func (v *Vector) Truncate(n int) {
	if v.rows <= n {
		return
	}
	last := v.rows
	v.rows = n
	v.Valid.wipe(n)
	switch v.Type {
	case Text:
		v.Data = v.Data[:v.Off[n]]
	case Map:
		v.Keys.Truncate(int(v.Off[n]))
		v.Vals.Truncate(int(v.Off[n]))
	case Symbol:
		clear(v.Codes[n:last])
	case Decimal:
		clear(v.Dec[n:last])
	case Time:
		clear(v.I64[n:last])
	case Date:
		clear(v.I32[n:last])
	case Uint:
		clear(v.U32[n:last])
	case Float:
		clear(v.F64[n:last])
	case Bool:
		v.True.wipe(n)
	}
}

// reset empties v and keeps its memory; run is the length of the run to come.
func (v *Vector) reset(run int) {
	v.run = run
	if v.room == 0 {
		return
	}
	v.resize(0)
	v.rows, v.Values, v.Off, v.Data = 0, nil, v.Off[:0], v.Data[:0]
	if v.Keys != nil {
		v.Keys.reset(0)
		v.Vals.reset(0)
	}
}

// finish gives every slice of v the length of rows.
func (v *Vector) finish(rows int) {
	if v.rows > rows {
		v.Truncate(rows)
	}
	if !v.any() {
		v.reset(0)
		v.Values = nil
		return
	}
	if rows > v.room {
		v.resize(rows)
	}
	v.gap(rows)
	v.resize(rows)
	v.rows = rows
}

// any reports whether a row has a value.
func (v *Vector) any() bool {
	for _, w := range v.Valid {
		if w != 0 {
			return true
		}
	}
	return false
}
