package kernel

import (
	"strconv"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// number compiles n without sharing.
func (c *Compiler) number(n *lang.Node) (Number, error) {
	switch n.Op {
	case lang.Windowed:
		return c.windowedNumber(n), nil
	case lang.Cell:
		return c.cellNumber(n)
	}
	if Fallible(n) {
		fn, err := c.function(n)
		return func(f *Frame) Num {
			v := fn(f)
			return Num{constant(v), v.Type == lang.Number || v.Type == lang.Time || v.Type == lang.Duration}
		}, err
	}
	switch n.Op {
	case lang.Const:
		d := constant(n.Value)
		return func(*Frame) Num { return Num{d, true} }, nil
	case lang.Missing:
		return func(*Frame) Num { return Num{} }, nil
	case lang.Score:
		return exactScore, nil
	case lang.Column:
		return c.numberOf(n)
	case lang.Add, lang.Sub, lang.Mul, lang.Div, lang.Mod:
		return c.arithmetic(n)
	case lang.Neg:
		return c.negative(n)
	case lang.Coalesce:
		return c.coalesceNumber(n)
	case lang.Cond:
		return c.condNumber(n)
	}
	return nil, unsupported(n)
}

func (c *Compiler) numberOf(n *lang.Node) (Number, error) {
	c.reads[n.Col] = true
	col := n.Col
	if c.schema.Columns[col].Type == event.Float {
		return func(f *Frame) Num {
			v := f.column(col)
			if !v.Has(f.Row) {
				return Num{}
			}
			d, err := decimal.ParseSigned(strconv.AppendFloat(nil, v.F64[f.Row], 'f', -1, 64))
			return Num{d, err == nil}
		}, nil
	}
	if t := numberColumn(col, c.schema.Columns[col].Type); t != nil {
		return t, nil
	}
	return nil, unsupported(n)
}

func (c *Compiler) arithmetic(n *lang.Node) (Number, error) {
	a, b, err := c.numbers(n)
	if err != nil {
		return nil, err
	}
	if n.Args[0].Type != lang.Number && n.Args[1].Type != lang.Number && (n.Op == lang.Add || n.Op == lang.Sub) {
		return shift(n.Op, a, b), nil
	}
	if n.Type != lang.Number {
		return nil, unsupported(n)
	}
	return binary(n.Op, a, b), nil
}

func (c *Compiler) numbers(n *lang.Node) (a, b Number, err error) {
	if a, err = c.Number(n.Args[0]); err == nil {
		b, err = c.Number(n.Args[1])
	}
	return a, b, err
}

func (c *Compiler) negative(n *lang.Node) (Number, error) {
	a, err := c.Number(n.Args[0])
	return func(f *Frame) Num {
		x := a(f)
		x.D = x.D.Neg()
		return x
	}, err
}

func (c *Compiler) coalesceNumber(n *lang.Node) (Number, error) {
	a, b, err := c.numbers(n)
	return func(f *Frame) Num {
		cuts := f.cuts
		if x := a(f); x.OK || f.cuts != cuts {
			return x
		}
		return b(f)
	}, err
}

func (c *Compiler) condNumber(n *lang.Node) (Number, error) {
	when, err := c.Truth(n.Args[0])
	if err != nil {
		return nil, err
	}
	yes, err := c.Number(n.Args[1])
	if err != nil {
		return nil, err
	}
	no, err := c.Number(n.Args[2])
	return func(f *Frame) Num {
		switch when(f) {
		case True:
			return yes(f)
		case False:
			return no(f)
		}
		return Num{}
	}, err
}

// text compiles n without sharing.
func (c *Compiler) text(n *lang.Node) (Text, error) {
	switch n.Op {
	case lang.Windowed:
		return c.windowedText(n), nil
	case lang.Cell:
		return c.cellText(n)
	}
	if Fallible(n) {
		fn, err := c.function(n)
		return func(f *Frame) (string, bool) {
			v := fn(f)
			return v.Text, v.Type == lang.Text
		}, err
	}
	switch n.Op {
	case lang.Const:
		s := n.Value.Text
		return func(*Frame) (string, bool) { return s, true }, nil
	case lang.Missing:
		return func(*Frame) (string, bool) { return "", false }, nil
	case lang.Column:
		c.reads[n.Col] = true
		if t := textColumn(n.Col, c.schema.Columns[n.Col].Type); t != nil {
			return t, nil
		}
	case lang.Extra:
		col := c.schema.Must("extra")
		c.reads[col] = true
		return extra(col, n.Name), nil
	case lang.Concat:
		a, b, err := c.texts2(n)
		return concat(a, b), err
	case lang.Coalesce:
		a, b, err := c.texts2(n)
		return func(f *Frame) (string, bool) {
			cuts := f.cuts
			if s, ok := a(f); ok || f.cuts != cuts {
				return s, ok
			}
			return b(f)
		}, err
	case lang.Cond:
		return c.condText(n)
	}
	return nil, unsupported(n)
}

func (c *Compiler) texts2(n *lang.Node) (a, b Text, err error) {
	if a, err = c.Text(n.Args[0]); err == nil {
		b, err = c.Text(n.Args[1])
	}
	return a, b, err
}

func (c *Compiler) condText(n *lang.Node) (Text, error) {
	when, err := c.Truth(n.Args[0])
	if err != nil {
		return nil, err
	}
	yes, err := c.Text(n.Args[1])
	if err != nil {
		return nil, err
	}
	no, err := c.Text(n.Args[2])
	return func(f *Frame) (string, bool) {
		switch when(f) {
		case True:
			return yes(f)
		case False:
			return no(f)
		}
		return "", false
	}, err
}
