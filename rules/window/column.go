package window

import (
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// Kind is the type of the values of a column.
type Kind uint8

// The kinds.
const (
	Bool   Kind = iota
	Text        // bytes
	Number      // decimal.D
	Time        // ms, also for durations
)

// Texts is a column of texts: row i is Data[Off[i]:Off[i+1]]. The zero value has
// no rows. A nil Valid means that every row has a value.
type Texts struct {
	Off   []int32
	Data  []byte
	Valid event.Bits
}

// Len returns the number of rows.
func (t *Texts) Len() int { return max(0, len(t.Off)-1) }

// At returns the bytes of row i, which stay the column's own.
func (t *Texts) At(i int) []byte { return t.Data[t.Off[i]:t.Off[i+1]] }

// Has reports whether row i has a value.
func (t *Texts) Has(i int) bool { return t.Valid == nil || t.Valid.Has(i) }

// Reset leaves no rows, and keeps the memory.
func (t *Texts) Reset() { t.Off, t.Data, t.Valid = t.Off[:0], t.Data[:0], t.Valid[:0] }

// Append adds a row.
func (t *Texts) Append(s []byte) {
	t.Data = append(t.Data, s...)
	t.Close(true)
}

// AppendMissing adds a row without a value.
func (t *Texts) AppendMissing() { t.Close(false) }

// Close makes a row of what was appended to Data since the last one; ok false
// makes it missing.
func (t *Texts) Close(ok bool) {
	if len(t.Off) == 0 {
		t.Off = append(t.Off, 0)
	}
	t.Valid = mark(t.Valid, len(t.Off)-1, ok)
	t.Off = append(t.Off, int32(len(t.Data)))
}

// Column is one column of arguments or of results. Which slice holds the values
// depends on Kind: True, Texts, Num or Int.
type Column struct {
	Kind  Kind
	Rows  int
	Valid event.Bits // bit set = the row has a value
	Cut   event.Bits // results only: bit set = the window was cut, the value a lower bound or missing

	True event.Bits // Bool
	Off  []int32    // Text: Rows+1 offsets into Data
	Data []byte
	Num  []decimal.D
	Int  []int64 // Time
}

// Has reports whether row i has a value.
func (c *Column) Has(i int) bool { return c.Valid.Has(i) }

// IsCut reports whether the window of row i was cut.
func (c *Column) IsCut(i int) bool { return c.Cut.Has(i) }

// Text returns the bytes of row i of a Text column; they stay the column's own.
func (c *Column) Text(i int) []byte { return c.Data[c.Off[i]:c.Off[i+1]] }

// Reset leaves no rows of the given kind, and keeps the memory.
func (c *Column) Reset(k Kind) {
	*c = Column{Kind: k, Valid: c.Valid[:0], Cut: c.Cut[:0], True: c.True[:0], Off: append(c.Off[:0], 0), Data: c.Data[:0], Num: c.Num[:0], Int: c.Int[:0]}
}

// AppendMissing adds a row without a value.
func (c *Column) AppendMissing() {
	switch c.Kind {
	case Bool:
		c.True = mark(c.True, c.Rows, false)
	case Text:
		c.Off = append(c.Off, int32(len(c.Data)))
	case Number:
		c.Num = append(c.Num, decimal.D{})
	case Time:
		c.Int = append(c.Int, 0)
	}
	c.add(false)
}

// AppendBool adds a row to a Bool column.
func (c *Column) AppendBool(v bool) { c.True = mark(c.True, c.Rows, v); c.add(true) }

// AppendText adds a row to a Text column.
func (c *Column) AppendText(s []byte) {
	c.Data = append(c.Data, s...)
	c.Off = append(c.Off, int32(len(c.Data)))
	c.add(true)
}

// AppendNumber adds a row to a Number column.
func (c *Column) AppendNumber(d decimal.D) { c.Num = append(c.Num, d); c.add(true) }

// AppendTime adds a row to a Time column.
func (c *Column) AppendTime(ms int64) { c.Int = append(c.Int, ms); c.add(true) }

// MarkCut says that the window of the last row was cut.
func (c *Column) MarkCut() { c.Cut[(c.Rows-1)>>6] |= 1 << ((c.Rows - 1) & 63) }

func (c *Column) add(ok bool) {
	c.Valid = mark(c.Valid, c.Rows, ok)
	c.Cut = mark(c.Cut, c.Rows, false)
	c.Rows++
}

// mark appends bit i, the next one, to b.
func mark(b event.Bits, i int, on bool) event.Bits {
	if i&63 == 0 {
		b = append(b, 0)
	}
	if on {
		b[i>>6] |= 1 << (i & 63)
	}
	return b
}
