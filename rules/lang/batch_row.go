package lang

import (
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// BatchRow is a row of a batch as a Program reads it.
type BatchRow struct {
	Batch  *event.Batch
	Row    int
	Points *decimal.D // the score, nil where there is none

	Windows func(win, col int) (Value, bool) // nil = every value is missing
	Judged  *BatchRow                        // what this. reads; nil = all missing
	Lookups Lookups                          // nil = empty lists and tables
	Hits    func(rule, name string) bool     // nil = no rule hits
}

// Lookups are lists and tables whose rows hold at certain times.
type Lookups interface {
	// Listed reports whether the list has x at a time in Unix ms.
	Listed(list, x string, at int64) bool
	// Cell returns a column of the row that key has at a time in Unix ms, false
	// when it is missing.
	Cell(table, key, column string, at int64) (Value, bool)
}

// Window implements WindowRow.
func (r BatchRow) Window(win, col int) (Value, bool) {
	if r.Windows == nil {
		return Value{}, false
	}
	return r.Windows(win, col)
}

// This implements JudgedRow.
func (r BatchRow) This(col int) (Value, bool) {
	if r.Judged == nil {
		return Value{}, false
	}
	return r.Judged.Value(col)
}

// at returns the time of the report.
func (r BatchRow) at() int64 {
	return r.Batch.Columns[r.Batch.Schema.Must("occurred_at")].I64[r.Row]
}

// InList implements LookupRow.
func (r BatchRow) InList(list, x string) bool {
	return r.Lookups != nil && r.Lookups.Listed(list, x, r.at())
}

// Cell implements LookupRow.
func (r BatchRow) Cell(table, key, column string) (Value, bool) {
	if r.Lookups == nil {
		return Value{}, false
	}
	return r.Lookups.Cell(table, key, column, r.at())
}

// Hit implements HitRow.
func (r BatchRow) Hit(rule, name string) bool { return r.Hits != nil && r.Hits(rule, name) }

// Value implements Row.
func (r BatchRow) Value(col int) (Value, bool) {
	v := &r.Batch.Columns[col]
	if !v.Has(r.Row) {
		return Value{}, false
	}
	switch v.Type {
	case event.Text, event.Symbol:
		return text(v.String(r.Row)), true
	case event.Decimal:
		return number(v.Dec[r.Row]), true
	case event.Time:
		return instant(v.I64[r.Row]), true
	case event.Date:
		return instant(int64(v.I32[r.Row]) * 86_400_000), true
	case event.Uint:
		return number(fromInt(int64(v.U32[r.Row]))), true
	case event.Float:
		return fromNative(v.F64[r.Row])
	case event.Bool:
		return boolean(v.True.Has(r.Row)), true
	}
	return Value{}, false
}

// Extra implements Row.
func (r BatchRow) Extra(name string) (string, bool) {
	v := &r.Batch.Columns[r.Batch.Schema.Must("extra")]
	if !v.Has(r.Row) {
		return "", false
	}
	for i := v.Off[r.Row]; i < v.Off[r.Row+1]; i++ {
		if string(v.Keys.Text(int(i))) == name {
			return v.Vals.String(int(i)), true
		}
	}
	return "", false
}

// Score implements Row.
func (r BatchRow) Score() (decimal.D, bool) {
	if r.Points == nil {
		return decimal.D{}, false
	}
	return *r.Points, true
}
