package kernel

import (
	"sort"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// truth compiles n without sharing.
func (c *Compiler) truth(n *lang.Node) (Truth, error) {
	if t, err := c.outside(n); t != nil || err != nil {
		return t, err
	}
	if Fallible(n) {
		fn, err := c.function(n)
		return func(f *Frame) Tri {
			if v := fn(f); v.Type == lang.Bool {
				return Of(v.Bool)
			}
			return Unknown
		}, err
	}
	switch n.Op {
	case lang.Const:
		t := Of(n.Value.Bool)
		return func(*Frame) Tri { return t }, nil
	case lang.Missing:
		return func(*Frame) Tri { return Unknown }, nil
	case lang.Column:
		return c.flag(n)
	case lang.And, lang.Or:
		return c.connective(n)
	case lang.Not:
		a, err := c.Truth(n.Args[0])
		return func(f *Frame) Tri { return a(f).not() }, err
	case lang.Eq, lang.Ne, lang.Lt, lang.Le, lang.Gt, lang.Ge:
		return c.comparison(n)
	case lang.In:
		return c.membership(n)
	case lang.Contains, lang.StartsWith, lang.EndsWith, lang.Matches:
		return c.search(n)
	case lang.Coalesce, lang.Cond:
		return c.choice(n)
	case lang.IsMissing:
		return c.absence(n)
	}
	return nil, unsupported(n)
}

// flag reads a Bool column.
func (c *Compiler) flag(n *lang.Node) (Truth, error) {
	col := n.Col
	c.reads[col] = true
	if c.schema.Columns[col].Type != event.Bool {
		return nil, unsupported(n)
	}
	return func(f *Frame) Tri {
		v := f.column(col)
		if !v.Has(f.Row) {
			return Unknown
		}
		return Of(v.True.Has(f.Row))
	}, nil
}

// connective compiles And and Or, cheapest operand first: Kleene's connectives
// do not care about order.
func (c *Compiler) connective(n *lang.Node) (Truth, error) {
	args := append([]*lang.Node(nil), n.Args...)
	sort.SliceStable(args, func(i, j int) bool { return Cost(args[i]) < Cost(args[j]) })
	parts := make([]Truth, len(args))
	for i, a := range args {
		t, err := c.Truth(a)
		if err != nil {
			return nil, err
		}
		parts[i] = t
	}
	stop, other := False, True
	if n.Op == lang.Or {
		stop, other = True, False
	}
	return func(f *Frame) Tri {
		r := other
		for _, p := range parts {
			switch p(f) {
			case stop:
				return stop
			case Unknown:
				r = Unknown
			}
		}
		return r
	}, nil
}

// accepts returns for an order of -1, 0 or +1, shifted by one, whether op holds.
func accepts(op lang.Op) [3]Tri {
	a := map[lang.Op][3]bool{
		lang.Eq: {false, true, false}, lang.Ne: {true, false, true},
		lang.Lt: {true, false, false}, lang.Le: {true, true, false},
		lang.Gt: {false, false, true}, lang.Ge: {false, true, true},
	}[op]
	return [3]Tri{Of(a[0]), Of(a[1]), Of(a[2])}
}

func (c *Compiler) comparison(n *lang.Node) (Truth, error) {
	yes := accepts(n.Op)
	switch n.Args[0].Type {
	case lang.Number, lang.Time, lang.Duration:
		if op := n.Args[0].Op; op == lang.Windowed || op == lang.Score {
			return c.compareBound(n, yes)
		}
		return c.compareNumbers(n, yes)
	case lang.Text:
		return c.compareTexts(n, yes)
	case lang.Bool:
		a, err := c.Truth(n.Args[0])
		if err != nil {
			return nil, err
		}
		b, err := c.Truth(n.Args[1])
		return func(f *Frame) Tri {
			x, y := a(f), b(f)
			if x == Unknown || y == Unknown {
				return Unknown
			}
			return yes[1+int(x)-int(y)]
		}, err
	}
	return nil, unsupported(n)
}

func (c *Compiler) compareNumbers(n *lang.Node, yes [3]Tri) (Truth, error) {
	if n.Args[1].Op == lang.Const {
		a, err := c.Number(n.Args[0])
		k := constant(n.Args[1].Value)
		return func(f *Frame) Tri {
			x := a(f)
			if !x.OK {
				return Unknown
			}
			return yes[1+x.D.Cmp(k)]
		}, err
	}
	a, b, err := c.numbers(n)
	return func(f *Frame) Tri {
		x, y := a(f), b(f)
		if !x.OK || !y.OK {
			return Unknown
		}
		return yes[1+x.D.Cmp(y.D)]
	}, err
}

func (c *Compiler) compareTexts(n *lang.Node, yes [3]Tri) (Truth, error) {
	a, b, err := c.texts2(n)
	if n.Op == lang.Eq || n.Op == lang.Ne {
		same, differ := yes[1], yes[0]
		return func(f *Frame) Tri {
			x, ok := a(f)
			if !ok {
				return Unknown
			}
			y, ok := b(f)
			switch {
			case !ok:
				return Unknown
			case x == y:
				return same
			}
			return differ
		}, err
	}
	return func(f *Frame) Tri {
		x, ok := a(f)
		if !ok {
			return Unknown
		}
		y, ok := b(f)
		if !ok {
			return Unknown
		}
		return yes[1+strings.Compare(x, y)]
	}, err
}

// membership compiles x in [constants].
func (c *Compiler) membership(n *lang.Node) (Truth, error) {
	if len(n.Args) != 1 {
		return nil, unsupported(n)
	}
	switch n.Args[0].Type {
	case lang.Text:
		a, err := c.Text(n.Args[0])
		set := make(map[string]struct{}, len(n.Set))
		for _, v := range n.Set {
			set[v.Text] = struct{}{}
		}
		return func(f *Frame) Tri {
			x, ok := a(f)
			if !ok {
				return Unknown
			}
			_, in := set[x]
			return Of(in)
		}, err
	case lang.Number, lang.Time, lang.Duration:
		a, err := c.Number(n.Args[0])
		set := make(map[decimal.D]struct{}, len(n.Set))
		for _, v := range n.Set {
			set[constant(v)] = struct{}{}
		}
		return func(f *Frame) Tri {
			x := a(f)
			if !x.OK {
				return Unknown
			}
			_, in := set[x.D]
			return Of(in)
		}, err
	case lang.Bool:
		return c.membershipOfFlag(n)
	}
	return nil, unsupported(n)
}

func (c *Compiler) membershipOfFlag(n *lang.Node) (Truth, error) {
	a, err := c.Truth(n.Args[0])
	in := [3]Tri{Unknown, False, False}
	for _, v := range n.Set {
		in[Of(v.Bool)] = True
	}
	return func(f *Frame) Tri { return in[a(f)] }, err
}

// search compiles the text operators.
func (c *Compiler) search(n *lang.Node) (Truth, error) {
	if n.Op == lang.Matches {
		return c.matches(n)
	}
	do := map[lang.Op]func(s, t string) bool{
		lang.Contains: strings.Contains, lang.StartsWith: strings.HasPrefix, lang.EndsWith: strings.HasSuffix,
	}[n.Op]
	a, b, err := c.texts2(n)
	return func(f *Frame) Tri {
		x, ok := a(f)
		if !ok {
			return Unknown
		}
		y, ok := b(f)
		if !ok {
			return Unknown
		}
		return Of(do(x, y))
	}, err
}

func (c *Compiler) matches(n *lang.Node) (Truth, error) {
	if n.Args[1].Op != lang.Const {
		return nil, unsupported(n)
	}
	p, err := lang.NewPattern(n.Args[1].Value.Text)
	if err != nil {
		return nil, err
	}
	a, err := c.Text(n.Args[0])
	return func(f *Frame) Tri {
		x, ok := a(f)
		if !ok {
			return Unknown
		}
		found, ok := p.Match(x)
		if !ok {
			f.Errs++
			return Unknown
		}
		return Of(found)
	}, err
}

// choice compiles a ?? b and c ? a : b of type Bool.
func (c *Compiler) choice(n *lang.Node) (Truth, error) {
	parts := make([]Truth, len(n.Args))
	for i, a := range n.Args {
		t, err := c.Truth(a)
		if err != nil {
			return nil, err
		}
		parts[i] = t
	}
	if n.Op == lang.Coalesce {
		return func(f *Frame) Tri {
			cuts := f.cuts
			if t := parts[0](f); t != Unknown || f.cuts != cuts {
				return t
			}
			return parts[1](f)
		}, nil
	}
	return func(f *Frame) Tri {
		switch parts[0](f) {
		case True:
			return parts[1](f)
		case False:
			return parts[2](f)
		}
		return Unknown
	}, nil
}

// absence compiles x == nil; what is missing for a cut may be there.
func (c *Compiler) absence(n *lang.Node) (Truth, error) {
	known, err := c.known(n.Args[0])
	return func(f *Frame) Tri {
		cuts := f.cuts
		switch {
		case known(f):
			return False
		case f.cuts != cuts:
			return Unknown
		}
		return True
	}, err
}

// known compiles "n is not missing".
func (c *Compiler) known(n *lang.Node) (func(f *Frame) bool, error) {
	switch n.Type {
	case lang.Bool:
		t, err := c.Truth(n)
		return func(f *Frame) bool { return t(f) != Unknown }, err
	case lang.Text:
		t, err := c.Text(n)
		return func(f *Frame) bool { _, ok := t(f); return ok }, err
	case lang.Number, lang.Time, lang.Duration:
		t, err := c.Number(n)
		return func(f *Frame) bool { return t(f).OK }, err
	}
	return func(*Frame) bool { return false }, nil // nil itself
}
