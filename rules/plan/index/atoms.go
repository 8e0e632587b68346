package index

import (
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// maxAlternatives bounds how many entries the disjunctions of one rule make; a
// disjunction that would exceed it is left to the residual.
const maxAlternatives = 64

// Bounds of the keys that value lists make. A key takes about 400 bytes while a
// plan is built: all long lists together 400 MB at the most.
const (
	freeKeys = 64      // of an entry; these are not counted
	maxKeys  = 1 << 15 // of an entry
	allKeys  = 1 << 20 // of all entries with more than freeKeys
)

// atom is a condition that a table can answer for all rules at once. Exactly
// one of its three forms is used.
type atom struct {
	col    int      // equal: values; contains: needle
	values []string // equal to one of these, sorted
	needle string   // contains this; values is nil
	fold   fold     // of the text before it is searched for needle

	source *lang.Node // bound: source op limit; col is -1
	op     lang.Op
	limit  decimal.D
}

// branch is one way in which a conjunct can be true.
type branch struct {
	atoms []*atom
	exact bool // the atoms say all that the conjunct says
}

// Conjuncts returns the operands of the conjunction that n is; none for nil.
func Conjuncts(n *lang.Node) []*lang.Node {
	switch {
	case n == nil:
		return nil
	case n.Op == lang.And:
		var all []*lang.Node
		for _, a := range n.Args {
			all = append(all, Conjuncts(a)...)
		}
		return all
	}
	return []*lang.Node{n}
}

// branches returns the ways in which n can be true: nil when it has no atoms.
func branches(s *event.Schema, n *lang.Node) []branch {
	switch n.Op {
	case lang.Or:
		return disjunction(s, n)
	case lang.And:
		return conjunction(s, n)
	}
	if a := newAtom(s, n); a != nil {
		return []branch{{atoms: []*atom{a}, exact: a.needle == "" || n.Op == lang.Contains}}
	}
	return nil
}

func disjunction(s *event.Schema, n *lang.Node) []branch {
	var all []branch
	for _, a := range n.Args {
		b := branches(s, a)
		if b == nil || len(all)+len(b) > 4*maxAlternatives {
			return nil
		}
		all = append(all, b...)
	}
	all = unite(all)
	if len(all) > maxAlternatives {
		return nil
	}
	return all
}

// unite makes one branch of those that compare one and the same column with
// constants: a == "x" or a == "y" is a in ["x", "y"].
func unite(all []branch) []branch {
	byCol := map[int]*atom{}
	var out []branch
	for _, b := range all {
		if len(b.atoms) != 1 || b.atoms[0].values == nil || !b.exact {
			out = append(out, b)
			continue
		}
		a := b.atoms[0]
		if into := byCol[a.col]; into != nil {
			into.values = append(into.values, a.values...)
			slices.Sort(into.values)
			into.values = slices.Compact(into.values)
			continue
		}
		byCol[a.col] = a
		out = append(out, b)
	}
	return out
}

// conjunction handles an And below an Or: the operand with the fewest branches
// stands for all, joined with the operands that have one branch.
func conjunction(s *event.Schema, n *lang.Node) []branch {
	one := branch{exact: true}
	var many []branch
	for _, a := range n.Args {
		switch b := branches(s, a); {
		case len(b) == 1:
			one.atoms = append(one.atoms, b[0].atoms...)
			one.exact = one.exact && b[0].exact
		case b != nil && (many == nil || len(b) < len(many)):
			many = b
			one.exact = false
		default:
			one.exact = false
		}
	}
	if len(one.atoms) > 0 {
		return []branch{one}
	}
	for i := range many {
		many[i].exact = false
	}
	return many
}

// newAtom returns n as an atom, or nil.
func newAtom(s *event.Schema, n *lang.Node) *atom {
	switch n.Op {
	case lang.Eq:
		if isText(s, n.Args[0]) && n.Args[1].Op == lang.Const {
			return &atom{col: n.Args[0].Col, values: []string{n.Args[1].Value.Text}}
		}
	case lang.In:
		if len(n.Args) == 1 && isText(s, n.Args[0]) && len(n.Set) > 0 {
			a := &atom{col: n.Args[0].Col}
			for _, v := range n.Set {
				a.values = append(a.values, v.Text)
			}
			slices.Sort(a.values)
			a.values = slices.Compact(a.values)
			return a
		}
	case lang.Contains, lang.StartsWith, lang.EndsWith, lang.Matches:
		return newNeedle(s, n)
	case lang.Lt, lang.Le, lang.Gt, lang.Ge:
		return newBound(n)
	}
	return nil
}

func isText(s *event.Schema, n *lang.Node) bool {
	if n.Op != lang.Column {
		return false
	}
	t := s.Columns[n.Col].Type
	return t == event.Symbol || t == event.Text
}

// newBound returns a comparison of a number, time or duration of the report with a
// constant.
func newBound(n *lang.Node) *atom {
	x, k := n.Args[0], n.Args[1]
	if k.Op != lang.Const || Mentions(x, lang.Score) || kernel.Fallible(x) || kernel.Outside(x) {
		return nil
	}
	switch k.Value.Type {
	case lang.Number:
		return &atom{col: -1, source: x, op: n.Op, limit: k.Value.Num}
	case lang.Time, lang.Duration:
		return &atom{col: -1, source: x, op: n.Op, limit: decimal.D{Lo: uint64(k.Value.Int), Hi: k.Value.Int >> 63}}
	}
	return nil
}

// Mentions reports whether op stands anywhere in n.
func Mentions(n *lang.Node, op lang.Op) bool {
	if n.Op == op {
		return true
	}
	return slices.ContainsFunc(n.Args, func(a *lang.Node) bool { return Mentions(a, op) })
}

// intersect returns what two sorted lists share.
func intersect(a, b []string) []string {
	var both []string
	for _, s := range a {
		if _, ok := slices.BinarySearchFunc(b, s, strings.Compare); ok {
			both = append(both, s)
		}
	}
	return both
}
