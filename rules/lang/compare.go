package lang

import (
	"fmt"
	"regexp/syntax"
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// compare rewrites a comparison, including those with nil, which ask whether a
// value is missing.
func (r *rewriter) compare(n *ast.BinaryNode) *Node {
	op := map[string]Op{"==": Eq, "!=": Ne, "<": Lt, "<=": Le, ">": Gt, ">=": Ge}[n.Operator]
	a, b := r.node(n.Left), r.node(n.Right)
	if a == nil || b == nil {
		return nil
	}
	if a.Op == Missing || b.Op == Missing {
		return r.isMissing(n, op, a, b)
	}
	return r.compared(n, op, r.beside(a, n.Left, b), r.beside(b, n.Right, a))
}

// compared returns a op b when that means something; either may be nil.
func (r *rewriter) compared(n *ast.BinaryNode, op Op, a, b *Node) *Node {
	switch {
	case a == nil || b == nil:
		return nil
	case a.Type == Any || b.Type == Any:
		return r.opaque(n)
	case a.Type != b.Type:
		return r.mismatch(n, a, b)
	case a.Type == Bool && op != Eq && op != Ne:
		return r.at(n, "true and false have no order", "write ==, != or not")
	case a.Type == List:
		return r.opaque(n)
	case !r.listed(a, n.Left, b) || !r.listed(b, n.Right, a):
		return nil
	}
	return comparison(op, a, b)
}

func (r *rewriter) isMissing(n *ast.BinaryNode, op Op, a, b *Node) *Node {
	if a.Op == Missing {
		a = b
	}
	switch {
	case op != Eq && op != Ne:
		return r.at(n, "nil has no order", "write x == nil to ask whether it is missing")
	case a.Op == Missing || a.isConst():
		return r.at(n, "a constant is never missing", "compare a field with nil")
	case op == Ne:
		return negate(operation(IsMissing, Bool, a))
	}
	return operation(IsMissing, Bool, a)
}

func (r *rewriter) mismatch(n *ast.BinaryNode, a, b *Node) *Node {
	fix := ""
	for _, pair := range [][2]*Node{{a, b}, {b, a}} {
		lit, other := pair[0], pair[1]
		switch {
		case lit.isConst() && lit.Type == Number && other.Type == Text:
			fix = "write it as a text: " + strconv.Quote(lit.Value.Num.String())
		case lit.isConst() && lit.Type == Number && other.Type == Duration:
			fix = `write a duration with its unit: "30d"; or hours(x)`
		case lit.isConst() && lit.Type == Number && other.Type == Time:
			fix = `write a time as a text: "2026-01-31" or "2026-01-31T08:00:00Z"`
		case other.Type == Bool:
			fix = "a condition stands by itself, without == "
		}
	}
	return r.at(n, fmt.Sprintf("a %s cannot be compared with a %s", a.Type, b.Type), fix)
}

// in rewrites membership in a literal list, a list param, a range or extra.
func (r *rewriter) in(n *ast.BinaryNode) *Node {
	if id, ok := n.Right.(*ast.IdentifierNode); ok && id.Value == "extra" {
		if key, ok := n.Left.(*ast.StringNode); ok {
			return negate(operation(IsMissing, Bool, extra(key.Value)))
		}
	}
	x := r.node(n.Left)
	if x == nil {
		return nil
	}
	if x.Op == Missing {
		return r.at(n.Left, "nil is in no list", "write x == nil")
	}
	if list := r.listParam(n.Right); list != nil {
		return r.inParams(n, x, list)
	}
	if startsWithName(n.Right, "lists") {
		return r.inNamedList(n, x)
	}
	switch right := n.Right.(type) {
	case *ast.ArrayNode:
		return r.inList(n, x, right)
	case *ast.BinaryNode:
		if right.Operator == ".." {
			return r.inRange(n, x, right)
		}
	}
	return r.inValue(n)
}

// listParam returns the values of the list param that n names, nil when it names
// none.
func (r *rewriter) listParam(n ast.Node) []*binding {
	names, _, ok := path(n)
	if !ok || len(names) != 2 || names[0] != "params" || r.scope.params[names[1]] == nil {
		return nil
	}
	return r.scope.params[names[1]].list
}

// inValue rewrites membership in something that is no list in the text.
func (r *rewriter) inValue(n *ast.BinaryNode) *Node {
	y := r.node(n.Right)
	if y == nil {
		return nil
	}
	switch y.Type {
	case Text:
		return r.at(n.Right, "in needs a list behind it, and this is a text", "write a contains b to search in a text")
	case List, Any:
		return r.opaque(n)
	}
	return r.at(n.Right, fmt.Sprintf("in needs a list behind it, and this is a %s", y.Type), `write x in ["a", "b"]`)
}

// inList makes one set of the constants of a list, and comparisons of the rest.
func (r *rewriter) inList(n *ast.BinaryNode, x *Node, list *ast.ArrayNode) *Node {
	var vals []Value
	var parts []*Node
	ok := true
	for _, item := range list.Nodes {
		y := r.node(item)
		if y == nil {
			ok = false
			continue
		}
		if y.Op == Missing {
			r.at(item, "nil is in no list", "write x == nil or x in […]")
			ok = false
			continue
		}
		left := x
		if x.isConst() {
			left = r.beside(x, n.Left, y)
		}
		y = r.beside(y, item, x)
		switch {
		case y == nil || left == nil || !r.listed(y, item, x):
			ok = false
		case y.Type != left.Type:
			r.at(item, fmt.Sprintf("a %s is never in a list beside a %s", left.Type, y.Type), "")
			ok = false
		case y.isConst() && !left.isConst():
			vals = append(vals, y.Value)
		default:
			parts = append(parts, comparison(Eq, left, y))
		}
	}
	if !ok {
		return nil
	}
	if len(list.Nodes) == 0 {
		return r.at(list, "nothing is in an empty list", "")
	}
	if len(vals) > 0 {
		parts = append(parts, membership(x, vals))
	}
	return connective(Or, parts...)
}

func (r *rewriter) inParams(n *ast.BinaryNode, x *Node, list []*binding) *Node {
	var vals []Value
	for _, b := range list {
		c := *b.node
		r.params[&c] = b
		y := r.beside(&c, n.Right, x)
		if y == nil || !r.listed(y, n.Right, x) {
			return nil
		}
		if y.Type != x.Type {
			return r.at(n.Right, fmt.Sprintf("the list has a %s (%s), and the left side is a %s", y.Type, b.text, x.Type), "")
		}
		vals = append(vals, y.Value)
	}
	return membership(x, vals)
}

// maxRange bounds the whole numbers of a range.
const maxRange = 10_000

func (r *rewriter) inRange(n *ast.BinaryNode, x *Node, rng *ast.BinaryNode) *Node {
	a, aok := rng.Left.(*ast.IntegerNode)
	b, bok := rng.Right.(*ast.IntegerNode)
	switch {
	case !aok || !bok:
		return r.at(rng, "a range needs whole numbers on both sides", "write a <= x && x <= b")
	case x.Type != Number:
		return r.at(n.Left, fmt.Sprintf("only a number is in a range, and this is a %s", x.Type), "")
	case b.Value < a.Value:
		return r.at(rng, "nothing is in a range that ends before it begins", "")
	case b.Value-a.Value >= maxRange:
		return r.at(rng, fmt.Sprintf("a range of more than %d numbers", maxRange), "write a <= x && x <= b")
	}
	vals := make([]Value, 0, b.Value-a.Value+1)
	for i := a.Value; i <= b.Value; i++ {
		vals = append(vals, number(fromInt(int64(i))))
	}
	return membership(x, vals)
}

// Bounds of a regular expression.
const (
	maxPattern = 1000 // bytes
	maxProgram = 2000 // instructions
)

func (r *rewriter) textual(n *ast.BinaryNode) *Node {
	a, b := r.node(n.Left), r.node(n.Right)
	if a == nil || b == nil {
		return nil
	}
	a, b = r.asText(a), r.asText(b)
	for i, x := range []*Node{a, b} {
		if x.Type != Text {
			return r.at([]ast.Node{n.Left, n.Right}[i], fmt.Sprintf("%s needs texts, and this is a %s", n.Operator, x.Type), "")
		}
	}
	op := map[string]Op{"contains": Contains, "startsWith": StartsWith, "endsWith": EndsWith, "matches": Matches}[n.Operator]
	if op == Matches && !r.pattern(n.Right, b) {
		return nil
	}
	return operation(op, Bool, a, b)
}

// pattern checks a regular expression.
func (r *rewriter) pattern(at ast.Node, n *Node) bool {
	if !n.isConst() {
		r.at(at, "the pattern of matches must be a literal text", "write it in quotes; contains takes any text")
		return false
	}
	if len(n.Value.Text) > maxPattern {
		r.at(at, fmt.Sprintf("a pattern of more than %d bytes", maxPattern), "use contains_any, or several patterns")
		return false
	}
	re, err := syntax.Parse(n.Value.Text, syntax.Perl)
	if err != nil {
		r.at(at, "wrong pattern: "+err.Error(), "patterns are RE2: no look-around and no back references")
		return false
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil || len(prog.Inst) > maxProgram {
		r.at(at, fmt.Sprintf("a pattern that compiles to more than %d steps", maxProgram), "lower its repetitions")
		return false
	}
	return true
}
