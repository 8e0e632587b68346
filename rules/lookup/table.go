package lookup

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
)

// Value is a cell of a table.
type Value struct {
	Kind Kind
	Text string
	Num  decimal.D // Decimal, Int
	Ms   int64     // Time, Unix ms
	Bool bool
}

// Table is one loaded table, immutable.
type Table struct {
	names  []string // columns that can be read, sorted
	kinds  []Kind
	rows   map[string][]row // by key, by from
	cells  []cells          // one a column
	digest string
}

// row is one row of a key.
type row struct {
	span
	at int32 // of the cells
}

// cells are the cells of a column; one slice is used.
type cells struct {
	has  []bool
	text []string
	num  []decimal.D
	ms   []int64
	yes  []bool
}

// ReadTable reads a table from CSV: the key column, the columns of the spec, and
// from and until if it has them. Empty cells are missing.
func ReadTable(spec TableSpec, from io.Reader) (*Table, error) {
	t := &Table{names: slices.Sorted(maps.Keys(spec.Columns)), rows: map[string][]row{}}
	for _, name := range t.names {
		k := spec.Columns[name]
		switch k {
		case Text, Decimal, Int, Time, Bool:
		default:
			return nil, fmt.Errorf("column %s: type %q: write text, decimal, int, time or bool", name, k)
		}
		t.kinds = append(t.kinds, k)
	}
	t.cells = make([]cells, len(t.names))
	r, err := newRows(spec.File, from, append([]string{spec.Key}, t.names...)...)
	if err != nil {
		return nil, err
	}
	var lines []string
	for rec := r.next(); rec != nil; rec = r.next() {
		key, ok := r.value(rec, spec.Key, spec.Normalise)
		p, timely := r.span(rec)
		if t.fill(r, rec) && ok && timely {
			lines = append(lines, t.add(r, key, p))
		}
	}
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	t.digest = digest(fmt.Sprintf("table %s %v %v\n", spec.Key, t.names, t.kinds), lines)
	return t, nil
}

// add enters the row whose cells were filled last, and returns its canonical text.
func (t *Table) add(r *rows, key string, p span) string {
	at := r.n - 1
	for _, other := range t.rows[key] {
		if p.from < other.until && other.from < p.until {
			r.fail("%q has a row already that holds at the same time", key)
			break
		}
	}
	list := append(t.rows[key], row{span: p, at: int32(at)})
	slices.SortFunc(list, func(a, b row) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	t.rows[key] = list
	var b strings.Builder
	fmt.Fprintf(&b, "%d:%s %d %d", len(key), key, p.from, p.until)
	for c := range t.names {
		if v, ok := t.cell(at, c); ok {
			fmt.Fprintf(&b, " %d:%s %s %d %v", len(v.Text), v.Text, v.Num, v.Ms, v.Bool)
		} else {
			b.WriteString(" -")
		}
	}
	return b.String() + "\n"
}

// fill reads the cells of a row; false after a failure.
func (t *Table) fill(r *rows, rec []string) bool {
	good := true
	for i, name := range t.names {
		s := r.text(rec, name)
		if len(s) > MaxText {
			r.fail("%s has %d bytes, at most %d", name, len(s), MaxText)
			good = false
		}
		if err := t.cells[i].push(t.kinds[i], s, r.n); err != nil {
			r.fail("%s: %v", name, err)
			good = false
		}
	}
	return good
}

// push makes s cell n-1, and those before it that are not there missing.
func (c *cells) push(k Kind, s string, n int) error {
	v, err := parse(k, s)
	c.has = grow(c.has, n, s != "" && err == nil)
	switch k {
	case Text:
		c.text = grow(c.text, n, v.Text)
	case Decimal, Int:
		c.num = grow(c.num, n, v.Num)
	case Time:
		c.ms = grow(c.ms, n, v.Ms)
	case Bool:
		c.yes = grow(c.yes, n, v.Bool)
	}
	return err
}

func grow[T any](s []T, n int, v T) []T {
	var zero T
	for len(s) < n-1 {
		s = append(s, zero)
	}
	return append(s, v)
}

func parse(k Kind, s string) (v Value, err error) {
	if s == "" {
		return v, nil
	}
	switch k {
	case Text:
		v.Text = strings.Clone(s)
	case Decimal:
		if v.Num, err = decimal.ParseSigned([]byte(s)); err != nil {
			err = fmt.Errorf("%q: %w", s, err)
		}
	case Int:
		if v.Num, err = decimal.ParseSigned([]byte(s)); err != nil || strings.Contains(s, ".") {
			err = fmt.Errorf("%q is no whole number", s)
		}
	case Time:
		v.Ms, err = parseTime(s)
	case Bool:
		v.Bool = s == "true"
		if s != "true" && s != "false" {
			err = fmt.Errorf("%q: write true or false", s)
		}
	}
	return v, err
}

// Columns returns the columns that can be read and their kinds.
func (t *Table) Columns() map[string]Kind {
	out := make(map[string]Kind, len(t.names))
	for i, name := range t.names {
		out[name] = t.kinds[i]
	}
	return out
}

// Column returns the number of a column and its kind, false when there is none.
func (t *Table) Column(name string) (col int, kind Kind, ok bool) {
	i, ok := slices.BinarySearch(t.names, name)
	if !ok {
		return 0, "", false
	}
	return i, t.kinds[i], true
}

// Cell returns the value of a column in the row of key at the time, Unix ms, false
// when there is no such row or the cell is empty.
func (t *Table) Cell(key []byte, col int, at int64) (Value, bool) {
	for _, r := range t.rows[string(key)] {
		if r.has(at) {
			return t.cell(int(r.at), col)
		}
	}
	return Value{}, false
}

func (t *Table) cell(at, col int) (Value, bool) {
	c := &t.cells[col]
	if !c.has[at] {
		return Value{}, false
	}
	v := Value{Kind: t.kinds[col]}
	switch v.Kind {
	case Text:
		v.Text = c.text[at]
	case Decimal, Int:
		v.Num = c.num[at]
	case Time:
		v.Ms = c.ms[at]
	case Bool:
		v.Bool = c.yes[at]
	}
	return v, true
}

// Digest returns the hex SHA-256 of the table's meaning: columns and rows.
func (t *Table) Digest() string { return t.digest }
