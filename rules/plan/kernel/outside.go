package kernel

import (
	"slices"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/window"
)

// Windows answers for the windows of the row that a frame is at.
type Windows interface {
	// ReadWindow returns the values of window win (an index of Set.Windows) as of
	// the row that f is at, one column a value and one row each; false when a part
	// of the key is missing. The columns are valid until the next row. It is
	// called once a row and window.
	ReadWindow(f *Frame, win int) ([]window.Column, bool)
}

// Entry is Node.Win of a Windowed node that stands for column Col of Frame.Entries.
const Entry = -1

// past is what a window said of the row of its epoch.
type past struct {
	epoch uint32
	errs  uint32
	cols  []window.Column // nil = the key is missing
}

// Window returns the values of window win on f's row, one column a value and one
// row each; nil when a part of its key is missing.
func (f *Frame) Window(win int) []window.Column {
	p := &f.pasts[win]
	if p.epoch == f.epoch {
		f.Errs += int(p.errs)
		return p.cols
	}
	before := f.Errs
	var cols []window.Column
	if f.Windows != nil {
		if got, ok := f.Windows.ReadWindow(f, win); ok {
			cols = got
		}
	}
	*p = past{f.epoch, uint32(f.Errs - before), cols}
	return cols
}

// value returns the column and the row of it that a Windowed node reads; nil when
// it is missing. What a cut makes missing counts in f.cuts.
func (f *Frame) value(win, col int) (c *window.Column, row int) {
	if win == Entry {
		c, row = &f.Entries[col], f.Entry
	} else if cols := f.Window(win); cols != nil {
		c = &cols[col]
	}
	switch {
	case c == nil:
		return nil, 0
	case !c.Has(row):
		if win != Entry && c.IsCut(row) {
			f.cuts++
		}
		return nil, 0
	}
	return c, row
}

// windowedNumber reads a number, time or duration of a window. A lower bound is
// missing here: only a comparison knows what it is worth.
func (c *Compiler) windowedNumber(n *lang.Node) Number {
	read := c.bound(n)
	return func(f *Frame) Num {
		v, cut := read(f)
		if cut {
			f.cuts++
			return Num{}
		}
		return v
	}
}

// bound reads a number of a window and whether it is only a lower bound of it.
func (c *Compiler) bound(n *lang.Node) func(f *Frame) (v Num, cut bool) {
	win, col := n.Win, n.Col
	if n.Type != lang.Number {
		return func(f *Frame) (Num, bool) {
			v, row := f.value(win, col)
			if v == nil {
				return Num{}, false
			}
			return Num{FromMS(v.Int[row]), true}, false
		}
	}
	lower := n.Win != Entry && slices.Contains([]string{"count", "distinct", "sum"}, c.set.Windows[win].Values[col].Func)
	return func(f *Frame) (Num, bool) {
		v, row := f.value(win, col)
		if v == nil {
			return Num{}, false
		}
		return Num{v.Num[row], true}, lower && v.IsCut(row)
	}
}

func (c *Compiler) windowedText(n *lang.Node) Text {
	win, col := n.Win, n.Col
	return func(f *Frame) (string, bool) {
		v, row := f.value(win, col)
		if v == nil {
			return "", false
		}
		return view(v.Text(row)), true
	}
}

func (c *Compiler) windowedTruth(n *lang.Node) Truth {
	win, col := n.Win, n.Col
	return func(f *Frame) Tri {
		v, row := f.value(win, col)
		if v == nil {
			return Unknown
		}
		return Of(v.True.Has(row))
	}
}

// boundScore returns the score and whether it is only a lower bound.
func boundScore(f *Frame) (v Num, cut bool) {
	if f.Bound == Unsure {
		f.cuts++
		return Num{}, false
	}
	return f.Score, f.Bound == AtLeast
}

// exactScore returns the score where a lower bound says nothing.
func exactScore(f *Frame) Num {
	v, cut := boundScore(f)
	if cut {
		f.cuts++
		return Num{}
	}
	return v
}

// compareBound compares a number of a window or a score, which may be a lower bound: the
// result is known when no greater number could change it.
func (c *Compiler) compareBound(n *lang.Node, yes [3]Tri) (Truth, error) {
	a := boundScore
	if n.Args[0].Op == lang.Windowed {
		a = c.bound(n.Args[0])
	}
	b, err := c.Number(n.Args[1])
	return func(f *Frame) Tri {
		x, cut := a(f)
		y := b(f)
		if !x.OK || !y.OK {
			return Unknown
		}
		at := 1 + x.D.Cmp(y.D)
		if cut && (yes[at] != yes[2] || at == 0 && yes[1] != yes[0]) {
			f.cuts++
			return Unknown
		}
		return yes[at]
	}, err
}

// listed compiles x in lists.NAME, as of the report's time.
func (c *Compiler) listed(n *lang.Node) (Truth, error) {
	x, err := c.Text(n.Args[0])
	at := c.schema.Must("occurred_at")
	c.reads[at] = true
	var list *lookup.List
	if c.lookups != nil {
		list = c.lookups.List(n.Name)
	}
	return func(f *Frame) Tri {
		s, ok := x(f)
		if !ok {
			return Unknown
		}
		return Of(list != nil && list.Has(bytesOf(s), f.column(at).I64[f.Row]))
	}, err
}

// cell compiles tables.NAME[key].column, as of the report's time.
func (c *Compiler) cell(n *lang.Node) (func(f *Frame) (lookup.Value, bool), error) {
	key, err := c.Text(n.Args[0])
	at := c.schema.Must("occurred_at")
	c.reads[at] = true
	var table *lookup.Table
	if c.lookups != nil {
		table = c.lookups.Table(n.Name)
	}
	col, ok := 0, false
	if table != nil {
		col, _, ok = table.Column(n.Source)
	}
	return func(f *Frame) (lookup.Value, bool) {
		k, has := key(f)
		if !has || !ok {
			return lookup.Value{}, false
		}
		return table.Cell(bytesOf(k), col, f.column(at).I64[f.Row])
	}, err
}

func (c *Compiler) cellNumber(n *lang.Node) (Number, error) {
	read, err := c.cell(n)
	if n.Type == lang.Number {
		return func(f *Frame) Num { v, ok := read(f); return Num{v.Num, ok} }, err
	}
	return func(f *Frame) Num { v, ok := read(f); return Num{FromMS(v.Ms), ok} }, err
}

func (c *Compiler) cellText(n *lang.Node) (Text, error) {
	read, err := c.cell(n)
	return func(f *Frame) (string, bool) { v, ok := read(f); return v.Text, ok }, err
}

func (c *Compiler) cellTruth(n *lang.Node) (Truth, error) {
	read, err := c.cell(n)
	return func(f *Frame) Tri {
		if v, ok := read(f); ok {
			return Of(v.Bool)
		}
		return Unknown
	}, err
}

// outside compiles what is not a report's; nil when n is.
func (c *Compiler) outside(n *lang.Node) (Truth, error) {
	switch n.Op {
	case lang.Windowed:
		return c.windowedTruth(n), nil
	case lang.InList:
		return c.listed(n)
	case lang.Cell:
		return c.cellTruth(n)
	case lang.RuleHit:
		return ruleHit(n), nil
	}
	return nil, nil
}

// ruleHit compiles "rule Name hits this report".
func ruleHit(n *lang.Node) Truth {
	rule, name := n.Name, n.Source
	return func(f *Frame) Tri {
		if f.Doubt != nil && f.Doubt(rule, name) {
			f.cuts++
			return Unknown
		}
		return Of(f.Hits != nil && f.Hits(rule, name))
	}
}

// Outside reports whether n reads anything but the report: windows, lists,
// tables, hits of other rules.
func Outside(n *lang.Node) bool {
	switch n.Op {
	case lang.Windowed, lang.InList, lang.Cell, lang.RuleHit:
		return true
	}
	return slices.ContainsFunc(n.Args, Outside)
}

// Windowed reports whether n reads a window.
func Windowed(n *lang.Node) bool {
	return n.Op == lang.Windowed || slices.ContainsFunc(n.Args, Windowed)
}

// ofEntry reports whether n reads an entry of a window, of which a row has many.
func ofEntry(n *lang.Node) bool {
	return n.Op == lang.Windowed && n.Win == Entry || slices.ContainsFunc(n.Args, ofEntry)
}

// Value returns row i of a column of a window as rules see it; the zero Value
// when it is missing. Texts are the column's own.
func Value(c *window.Column, i int, typ lang.Type) lang.Value {
	if !c.Has(i) {
		return lang.Value{}
	}
	switch c.Kind {
	case window.Bool:
		return lang.Value{Type: lang.Bool, Bool: c.True.Has(i)}
	case window.Text:
		return lang.Value{Type: lang.Text, Text: view(c.Text(i))}
	case window.Number:
		return lang.Value{Type: lang.Number, Num: c.Num[i]}
	}
	return lang.Value{Type: typ, Int: c.Int[i]}
}

// Kind returns the kind of window column that keeps values of a type.
func Kind(t lang.Type) (window.Kind, bool) {
	switch t {
	case lang.Bool:
		return window.Bool, true
	case lang.Text:
		return window.Text, true
	case lang.Number:
		return window.Number, true
	case lang.Time, lang.Duration:
		return window.Time, true
	}
	return 0, false
}

// Append compiles n to what adds its value, or a missing row, to a column of its
// kind.
func (c *Compiler) Append(n *lang.Node) (func(f *Frame, to *window.Column), error) {
	switch n.Type {
	case lang.Bool:
		t, err := c.Truth(n)
		return func(f *Frame, to *window.Column) {
			if v := t(f); v != Unknown {
				to.AppendBool(v == True)
				return
			}
			to.AppendMissing()
		}, err
	case lang.Text:
		t, err := c.Text(n)
		return func(f *Frame, to *window.Column) {
			if s, ok := t(f); ok {
				to.AppendText(bytesOf(s))
				return
			}
			to.AppendMissing()
		}, err
	case lang.Number, lang.Time, lang.Duration:
		t, err := c.Number(n)
		number := n.Type == lang.Number
		return func(f *Frame, to *window.Column) {
			switch v := t(f); {
			case !v.OK:
				to.AppendMissing()
			case number:
				to.AppendNumber(v.D)
			default:
				to.AppendTime(MS(v.D))
			}
		}, err
	}
	return nil, unsupported(n)
}

// Key compiles n to what appends its value to the bytes of a key, so that two
// lists of values are equal when their bytes are; false when it is missing.
func (c *Compiler) Key(n *lang.Node) (func(f *Frame, key []byte) ([]byte, bool), error) {
	switch n.Type {
	case lang.Text:
		t, err := c.Text(n)
		return func(f *Frame, key []byte) ([]byte, bool) {
			s, ok := t(f)
			return append(appendUint(key, uint64(len(s)), 4), s...), ok
		}, err
	case lang.Bool:
		t, err := c.Truth(n)
		return func(f *Frame, key []byte) ([]byte, bool) {
			v := t(f)
			return append(key, byte(v)), v != Unknown
		}, err
	case lang.Number, lang.Time, lang.Duration:
		t, err := c.Number(n)
		return func(f *Frame, key []byte) ([]byte, bool) {
			v := t(f)
			return appendDecimal(key, v.D), v.OK
		}, err
	}
	return nil, unsupported(n)
}

func appendUint(key []byte, n uint64, bytes int) []byte {
	for range bytes {
		key = append(key, byte(n))
		n >>= 8
	}
	return key
}

func appendDecimal(key []byte, d decimal.D) []byte {
	return appendUint(appendUint(key, d.Lo, 8), uint64(d.Hi), 8)
}

// Column notes that a column of the schema is read and returns its index.
func (c *Compiler) Column(name string) int {
	i := c.schema.Must(name)
	c.reads[i] = true
	return i
}

// TextColumn compiles what reads a text column of the schema.
func (c *Compiler) TextColumn(name string) Text {
	i := c.Column(name)
	return textColumn(i, c.schema.Columns[i].Type)
}
