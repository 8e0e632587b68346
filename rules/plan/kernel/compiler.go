package kernel

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
)

// Truth reads a truth value.
type Truth func(f *Frame) Tri

// What one evaluation costs, in comparisons of a number: used to order
// conjuncts and to decide what is worth remembering.
const (
	costColumn  = 1
	costText    = 3
	costSearch  = 8
	costBig     = 15 // arithmetic beyond 128 bits
	costExtra   = 20
	costMatches = 60
	costCall    = 80
	costOpaque  = 400
	costWindow  = 100_000 // after everything else
	costCached  = 10      // from here on a sub-expression is remembered for the row
)

// Compiler makes closures that share slots of one kind of frame. It is used by
// one goroutine; afterwards Frame may be called by many.
type Compiler struct {
	schema   *event.Schema
	truths   map[string]Truth // by Node.Key, so that equal meaning shares a closure
	nums     map[string]Number
	texts    map[string]Text
	symbols  int // predicates over a Symbol column
	slots    int // remembered truth values
	numSlots int
	reads    []bool
	set      *lang.Set   // whose windows are read
	lookups  *lookup.Set // nil = none
}

// NewCompiler returns a compiler for reports of schema, without windows, lists and
// tables.
func NewCompiler(schema *event.Schema) *Compiler {
	return newCompiler(&lang.Set{Schema: schema})
}

// ForSet returns a compiler for the expressions of a set that look into lists and
// tables, nil meaning that there are none.
func ForSet(set *lang.Set, lookups *lookup.Set) *Compiler {
	c := newCompiler(set)
	c.lookups = lookups
	return c
}

func newCompiler(set *lang.Set) *Compiler {
	schema := set.Schema
	return &Compiler{
		schema: schema, set: set,
		truths: map[string]Truth{}, nums: map[string]Number{}, texts: map[string]Text{},
		reads: make([]bool, len(schema.Columns)),
	}
}

// Reads returns one flag a schema column, set for those that closures read.
func (c *Compiler) Reads() []bool { return c.reads }

// Frame returns a frame for the closures made so far.
func (c *Compiler) Frame() *Frame {
	return &Frame{
		truth: make([]cached[Tri], c.slots),
		nums:  make([]cached[Num], c.numSlots),
		table: make([]table, c.symbols),
		dicts: make([]dict, len(c.schema.Columns)),
		pasts: make([]past, len(c.set.Windows)),
	}
}

// Truth compiles a Bool node.
func (c *Compiler) Truth(n *lang.Node) (Truth, error) {
	if t, ok := c.truths[n.Key]; ok {
		return t, nil
	}
	t, err := c.truth(n)
	if err != nil {
		return nil, err
	}
	if col, ok := c.symbolPredicate(n); ok {
		t = c.judgedByValue(t, col)
	} else if Cost(n) >= costCached && !fleeting(n) {
		t = c.remembered(t)
	}
	c.truths[n.Key] = t
	return t, nil
}

// Number compiles a Number, Time or Duration node.
func (c *Compiler) Number(n *lang.Node) (Number, error) {
	if t, ok := c.nums[n.Key]; ok {
		return t, nil
	}
	t, err := c.number(n)
	if err != nil {
		return nil, err
	}
	if Cost(n) >= costCached && !fleeting(n) {
		t = c.rememberedNumber(t)
	}
	c.nums[n.Key] = t
	return t, nil
}

// Text compiles a Text node.
func (c *Compiler) Text(n *lang.Node) (Text, error) {
	if t, ok := c.texts[n.Key]; ok {
		return t, nil
	}
	t, err := c.text(n)
	if err == nil {
		c.texts[n.Key] = t
	}
	return t, err
}

// scored reports whether n reads the score, which is another one for each rule.
func scored(n *lang.Node) bool {
	return n.Op == lang.Score || slices.ContainsFunc(n.Args, scored)
}

// fleeting reports whether n has more than one value a row.
func fleeting(n *lang.Node) bool { return scored(n) || ofEntry(n) }

// symbolPredicate reports whether n depends on exactly one column, a Symbol, and
// on nothing else that differs from row to row.
func (c *Compiler) symbolPredicate(n *lang.Node) (int, bool) {
	col := -1
	var only func(n *lang.Node) bool
	only = func(n *lang.Node) bool {
		switch n.Op {
		case lang.Column:
			if c.schema.Columns[n.Col].Type != event.Symbol || col >= 0 && col != n.Col {
				return false
			}
			col = n.Col
		case lang.Extra, lang.Opaque, lang.Score, lang.Call, lang.Windowed, lang.InList, lang.Cell, lang.RuleHit:
			return false
		}
		for _, a := range n.Args {
			if !only(a) {
				return false
			}
		}
		return true
	}
	return col, only(n) && col >= 0
}

// judgedByValue makes t, which depends on Symbol column col alone, remember its
// answer for each code of the dictionary.
func (c *Compiler) judgedByValue(t Truth, col int) Truth {
	id := c.symbols
	c.symbols++
	return func(f *Frame) Tri {
		v := f.column(col)
		if v.Empty() {
			return t(f)
		}
		code := int(v.Codes[f.Row])
		if code >= maxTable {
			return t(f)
		}
		tab := &f.table[id]
		if version := f.dicts[col].version; tab.version != version {
			clear(tab.judged)
			tab.version = version
		}
		if code >= len(tab.judged) {
			tab.grow(code, len(v.Values))
		}
		if j := tab.judged[code]; j != notYet {
			return j - judgedYet
		}
		r := t(f)
		tab.judged[code] = r + judgedYet
		return r
	}
}

// grow makes room for code in a table of a dictionary of n values.
func (t *table) grow(code, n int) {
	size := min(max(n, code+1), maxTable)
	t.judged = append(t.judged, make([]Tri, size-len(t.judged))...)
}

// remembered makes t evaluate once a row, whichever rules ask.
func (c *Compiler) remembered(t Truth) Truth {
	id := c.slots
	c.slots++
	return func(f *Frame) Tri {
		s := &f.truth[id]
		if s.epoch == f.epoch {
			f.Errs += int(s.errs)
			f.cuts += int(s.cuts)
			return s.value
		}
		before, cuts := f.Errs, f.cuts
		v := t(f)
		*s = cached[Tri]{f.epoch, uint16(f.Errs - before), uint16(f.cuts - cuts), v}
		return v
	}
}

func (c *Compiler) rememberedNumber(t Number) Number {
	id := c.numSlots
	c.numSlots++
	return func(f *Frame) Num {
		s := &f.nums[id]
		if s.epoch == f.epoch {
			f.Errs += int(s.errs)
			f.cuts += int(s.cuts)
			return s.value
		}
		before, cuts := f.Errs, f.cuts
		v := t(f)
		*s = cached[Num]{f.epoch, uint16(f.Errs - before), uint16(f.cuts - cuts), v}
		return v
	}
}

// Cost estimates what evaluating n once costs, in comparisons of a number.
func Cost(n *lang.Node) int {
	sum := 0
	for _, a := range n.Args {
		sum += Cost(a)
	}
	switch n.Op {
	case lang.Const, lang.Missing, lang.Score:
		return 0
	case lang.Windowed:
		return costWindow
	case lang.Extra, lang.RuleHit:
		return costExtra
	case lang.InList, lang.Cell:
		return sum + costExtra
	case lang.Contains:
		return sum + costSearch
	case lang.In, lang.StartsWith, lang.EndsWith, lang.Concat:
		return sum + costText
	case lang.Div, lang.Mul:
		return sum + costBig
	case lang.Matches:
		return sum + costMatches
	case lang.Call:
		return sum + costCall
	case lang.Opaque:
		return costOpaque
	case lang.Eq, lang.Ne:
		if n.Args[0].Type == lang.Text {
			return sum + costText
		}
	}
	return sum + costColumn
}

// constant returns the value of a Const as Number carries it.
func constant(v lang.Value) decimal.D {
	if v.Type == lang.Number {
		return v.Num
	}
	return FromMS(v.Int)
}

func unsupported(n *lang.Node) error {
	return fmt.Errorf("compile %s: operation %d of type %d has no meaning here", n.Key, n.Op, n.Type)
}

// Read notes that schema column col is read.
func (c *Compiler) Read(col int) { c.reads[col] = true }
