package event

import "github.com/haltwire/haltwire/pipeline/decimal"

// Bits is a bitmap, bit i of word i/64 for row i: Arrow's layout on a
// little-endian machine.
type Bits []uint64

// Has reports whether bit i is set.
func (b Bits) Has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }

func (b *Bits) set(i int) {
	for len(*b) <= i>>6 {
		*b = append(*b, 0)
	}
	(*b)[i>>6] |= 1 << (i & 63)
}

// truncate clears all bits from n on.
func (b *Bits) truncate(n int) {
	words := (n + 63) >> 6
	if len(*b) > words {
		*b = (*b)[:words]
	}
	if n&63 != 0 && len(*b) == words {
		(*b)[words-1] &= 1<<(n&63) - 1
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
type Vector struct {
	Type  Type
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

	rows int // rows filled so far
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

// gap makes rows up to row missing.
func (v *Vector) gap(row int) {
	for ; v.rows < row; v.rows++ {
		v.blank()
	}
}

// blank appends one missing row.
func (v *Vector) blank() {
	switch v.Type {
	case Text:
		if len(v.Off) == 0 {
			v.Off = append(v.Off, 0)
		}
		v.Off = append(v.Off, int32(len(v.Data)))
	case Map:
		if len(v.Off) == 0 {
			v.Off = append(v.Off, 0)
		}
		v.Off = append(v.Off, v.entries())
	case Symbol:
		v.Codes = append(v.Codes, 0)
	case Decimal:
		v.Dec = append(v.Dec, decimal.D{})
	case Time:
		v.I64 = append(v.I64, 0)
	case Date:
		v.I32 = append(v.I32, 0)
	case Uint:
		v.U32 = append(v.U32, 0)
	case Float:
		v.F64 = append(v.F64, 0)
	}
}

func (v *Vector) entries() int32 {
	if v.Keys == nil {
		return 0
	}
	return int32(v.Keys.rows)
}

func (v *Vector) start(row int) {
	if v.rows != row {
		v.gap(row)
	}
	if w := row >> 6; w < len(v.Valid) {
		v.Valid[w] |= 1 << (row & 63)
	} else {
		v.Valid.set(row)
	}
	v.rows = row + 1
}

// SetText sets row of a Text vector to a copy of s.
func (v *Vector) SetText(row int, s []byte) {
	v.start(row)
	if len(v.Off) == 0 {
		v.Off = append(v.Off, 0)
	}
	v.Data = append(v.Data, s...)
	v.Off = append(v.Off, int32(len(v.Data)))
}

// SetCode sets row of a Symbol vector to a code of its decoder's Dict.
func (v *Vector) SetCode(row int, code uint32) { v.start(row); v.Codes = append(v.Codes, code) }

// SetDecimal sets row of a Decimal vector.
func (v *Vector) SetDecimal(row int, d decimal.D) { v.start(row); v.Dec = append(v.Dec, d) }

// SetTime sets row of a Time vector, Unix ms.
func (v *Vector) SetTime(row int, ms int64) { v.start(row); v.I64 = append(v.I64, ms) }

// SetDate sets row of a Date vector, days since 1970-01-01.
func (v *Vector) SetDate(row int, days int32) { v.start(row); v.I32 = append(v.I32, days) }

// SetUint sets row of a Uint vector.
func (v *Vector) SetUint(row int, n uint32) { v.start(row); v.U32 = append(v.U32, n) }

// SetFloat sets row of a Float vector.
func (v *Vector) SetFloat(row int, f float64) { v.start(row); v.F64 = append(v.F64, f) }

// SetBool sets row of a Bool vector.
func (v *Vector) SetBool(row int, b bool) {
	v.start(row)
	if b {
		v.True.set(row)
	}
}

// AddEntry adds one entry to row of a Map vector. Entries of a row follow each
// other; the row is valid from its first entry on.
func (v *Vector) AddEntry(row int, key, val []byte) {
	if v.Keys == nil {
		v.Keys, v.Vals = &Vector{Type: Text}, &Vector{Type: Text}
	}
	if v.rows <= row {
		v.start(row)
		if len(v.Off) == 0 {
			v.Off = append(v.Off, 0)
		}
		v.Off = append(v.Off, int32(v.Keys.rows))
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
	v.rows = n
	v.Valid.truncate(n)
	switch v.Type {
	case Text:
		v.Off = v.Off[:n+1]
		v.Data = v.Data[:v.Off[n]]
	case Map:
		v.Off = v.Off[:n+1]
		v.Keys.Truncate(int(v.Off[n]))
		v.Vals.Truncate(int(v.Off[n]))
	case Symbol:
		v.Codes = v.Codes[:n]
	case Decimal:
		v.Dec = v.Dec[:n]
	case Time:
		v.I64 = v.I64[:n]
	case Date:
		v.I32 = v.I32[:n]
	case Uint:
		v.U32 = v.U32[:n]
	case Float:
		v.F64 = v.F64[:n]
	case Bool:
		v.True.truncate(n)
	}
}

// reset empties v and keeps its memory.
func (v *Vector) reset() {
	v.Truncate(0)
	v.Values = nil
	if v.Type == Text || v.Type == Map {
		v.Off = v.Off[:0]
	}
}

// finish fills v up to rows, so that every slice of it has its full length.
func (v *Vector) finish(rows int) {
	any := false
	for _, w := range v.Valid {
		any = any || w != 0
	}
	if !any {
		v.reset()
		return
	}
	v.gap(rows)
	for len(v.Valid) < (rows+63)>>6 {
		v.Valid = append(v.Valid, 0)
	}
	for v.Type == Bool && len(v.True) < (rows+63)>>6 {
		v.True = append(v.True, 0)
	}
}
