package lang

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"

	"github.com/haltwire/haltwire/rules/spec"
)

// Bounds of one expression.
const (
	maxText  = 16 << 10 // bytes
	maxNodes = 2000     // of expr's tree
	maxDepth = 100
	maxTree  = 10_000 // nodes of the lets that it uses, expanded
)

// rewriter turns one parsed expression into the typed tree. Its methods return
// nil where they have reported an error.
type rewriter struct {
	*language
	scope  *scope
	text   spec.Scalar
	depth  int
	nodes  int                // of the lets used so far
	params map[*Node]*binding // the params that Const nodes come from
	failed bool
}

// expression parses and rewrites a text. It returns nil when the text is wrong;
// what is wrong is in the diagnostics.
func (c *language) expression(s spec.Scalar, sc *scope) (*Node, ast.Node) {
	r := &rewriter{language: c, scope: sc, text: s, params: map[*Node]*binding{}}
	tree := r.parse()
	if tree == nil {
		return nil, nil
	}
	n := r.node(tree)
	if r.failed || n == nil {
		return nil, tree
	}
	return n, tree
}

// condition returns the expression of s, which must be true or false.
func (c *language) condition(s spec.Scalar, sc *scope) *Node {
	n, tree := c.expression(s, sc)
	if n == nil {
		return nil
	}
	r := &rewriter{language: c, scope: sc, text: s}
	switch {
	case n.Op == Missing || n.isBool(false):
		r.at(tree, "this is never true", "")
		return nil
	case n.Type != Bool:
		r.at(tree, fmt.Sprintf("this is a %s; a condition must be true or false", n.Type), "compare it with something")
		return nil
	}
	return n
}

// at reports an error at a node of expr's tree.
func (r *rewriter) at(n ast.Node, message, fix string) *Node {
	return r.fail(n.Location(), message, fix)
}

// fail reports an error at a place of the text and returns nil.
func (r *rewriter) fail(at file.Location, message, fix string) *Node {
	r.failed = true
	*r.out = append(*r.out, r.text.Sub(r.offset(at.From), r.offset(at.To)).Diagnostic(spec.Error, message, fix))
	return nil
}

// offset returns the byte offset of a character of the text: expr counts
// characters.
func (r *rewriter) offset(char int) int {
	at := 0
	for ; char > 0 && at < len(r.text.Text); char-- {
		_, n := utf8.DecodeRuneInString(r.text.Text[at:])
		at += n
	}
	return at
}

// source returns the text of a node that is one token.
func (r *rewriter) source(n ast.Node) string {
	at := n.Location()
	return r.text.Text[r.offset(at.From):r.offset(at.To)]
}

// node rewrites any node.
func (r *rewriter) node(n ast.Node) *Node {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > maxDepth {
		return r.at(n, fmt.Sprintf("nested deeper than %d", maxDepth), "name parts of it under let:")
	}
	switch n := n.(type) {
	case *ast.UnaryNode:
		return r.unary(n)
	case *ast.BinaryNode:
		return r.binary(n)
	case *ast.ConditionalNode:
		return r.conditional(n)
	case *ast.CallNode:
		return r.call(n)
	case *ast.BuiltinNode:
		return r.builtin(n)
	case *ast.SliceNode:
		return r.opaque(n)
	}
	return r.leaf(n)
}

// leaf rewrites literals and names, and refuses what means nothing in a rule.
func (r *rewriter) leaf(n ast.Node) *Node {
	switch n := n.(type) {
	case *ast.NilNode:
		return missing()
	case *ast.BoolNode:
		return constant(boolean(n.Value))
	case *ast.StringNode:
		return constant(text(n.Value))
	case *ast.IntegerNode, *ast.FloatNode:
		return r.number(n)
	case *ast.IdentifierNode:
		return r.identifier(n)
	case *ast.ChainNode:
		return r.node(n.Node)
	case *ast.MemberNode:
		return r.member(n)
	case *ast.VariableDeclaratorNode:
		return r.at(n, "let inside an expression is refused", "name it under let: of the rule")
	case *ast.SequenceNode:
		return r.at(n, "; separates nothing here", "write one expression")
	case *ast.ArrayNode:
		return r.at(n, "a list stands only behind in", `write x in ["a", "b"]`)
	case *ast.MapNode:
		return r.at(n, "a mapping means nothing here", "")
	}
	return r.at(n, "this is not available in rules", "")
}

func (r *rewriter) unary(n *ast.UnaryNode) *Node {
	x := r.node(n.Node)
	if x == nil {
		return nil
	}
	switch n.Operator {
	case "not", "!":
		if x.Op == Missing {
			return x
		}
		if x.Type != Bool {
			return r.at(n, fmt.Sprintf("not needs true or false, and this is a %s", x.Type), "write x == nil to ask whether it is missing")
		}
		return negate(x)
	case "-", "+":
		if x.Type != Number {
			return r.at(n, fmt.Sprintf("%s needs a number, and this is a %s", n.Operator, x.Type), "")
		}
		if n.Operator == "+" {
			return x
		}
		return operation(Neg, Number, x)
	}
	return r.at(n, n.Operator+" is not available in rules", "")
}

func (r *rewriter) binary(n *ast.BinaryNode) *Node {
	switch n.Operator {
	case "and", "&&", "or", "||":
		return r.connect(n)
	case "==", "!=", "<", "<=", ">", ">=":
		return r.compare(n)
	case "in":
		return r.in(n)
	case "contains", "startsWith", "endsWith", "matches":
		return r.textual(n)
	case "+", "-", "*", "/", "%":
		return r.arithmetic(n)
	case "??":
		return r.coalesce(n)
	case "**", "^":
		return r.at(n, "powers are refused: they are not exact", "multiply")
	case "..":
		return r.at(n, "a range stands only behind in", "write 1 <= x && x <= 5")
	}
	return r.at(n, n.Operator+" is not available in rules", "")
}

// connect rewrites a whole chain of one connective at once, however long.
func (r *rewriter) connect(n *ast.BinaryNode) *Node {
	op := connectives(n.Operator)
	args := make([]*Node, 0, 2)
	for _, operand := range chain(n, op) {
		x := r.node(operand)
		switch {
		case x == nil:
		case x.Type != Bool && x.Op != Missing:
			r.at(operand, fmt.Sprintf("%s needs true or false on both sides, and this is a %s", n.Operator, x.Type), "compare it with something")
		case x.Op == Missing:
			r.at(operand, "nil is neither true nor false", "write x == nil to ask whether it is missing")
		default:
			args = append(args, x)
		}
	}
	if r.failed {
		return nil
	}
	return connective(op, args...)
}

// connectives returns And, Or, or Const for any other operator.
func connectives(operator string) Op {
	switch operator {
	case "and", "&&":
		return And
	case "or", "||":
		return Or
	}
	return Const
}

// chain returns the operands of a chain of op, left to right.
func chain(n ast.Node, op Op) []ast.Node {
	var out []ast.Node
	for {
		b, ok := n.(*ast.BinaryNode)
		if !ok || connectives(b.Operator) != op {
			out = append(out, n)
			break
		}
		if right, ok := b.Right.(*ast.BinaryNode); ok && connectives(right.Operator) == op {
			rest := chain(right, op)
			slices.Reverse(rest)
			out = append(out, rest...)
		} else {
			out = append(out, b.Right)
		}
		n = b.Left
	}
	slices.Reverse(out)
	return out
}

func (r *rewriter) conditional(n *ast.ConditionalNode) *Node {
	c, a, b := r.node(n.Cond), r.node(n.Exp1), r.node(n.Exp2)
	if c == nil || a == nil || b == nil {
		return nil
	}
	if c.Type != Bool {
		return r.at(n.Cond, fmt.Sprintf("the condition before ? must be true or false, and this is a %s", c.Type), "")
	}
	a, b, t := r.unify(a, n.Exp1, b, n.Exp2)
	if a == nil {
		return nil
	}
	return operation(Cond, t, c, a, b)
}

func (r *rewriter) coalesce(n *ast.BinaryNode) *Node {
	a, b := r.node(n.Left), r.node(n.Right)
	if a == nil || b == nil {
		return nil
	}
	if b.Op == Missing {
		return a
	}
	if a.Op == Missing || a.isConst() {
		return r.at(n, "the left side of ?? is "+map[bool]string{true: "always", false: "never"}[a.isConst()]+" there", "write the field on the left: amount ?? 0")
	}
	a, b, t := r.unify(a, n.Left, b, n.Right)
	if a == nil {
		return nil
	}
	return operation(Coalesce, t, a, b)
}

// unify gives two values one type; either may be nil.
func (r *rewriter) unify(a *Node, an ast.Node, b *Node, bn ast.Node) (*Node, *Node, Type) {
	switch {
	case a.Op == Missing:
		return a, b, b.Type
	case b.Op == Missing:
		return a, b, a.Type
	}
	a, b = r.beside(a, an, b), r.beside(b, bn, a)
	if a == nil || b == nil {
		return nil, nil, Invalid
	}
	if a.Type != b.Type {
		r.at(bn, fmt.Sprintf("this is a %s, and the other side is a %s", b.Type, a.Type), "both sides must be of one type")
		return nil, nil, Invalid
	}
	return a, b, a.Type
}

func (r *rewriter) arithmetic(n *ast.BinaryNode) *Node {
	a, b := r.node(n.Left), r.node(n.Right)
	if a == nil || b == nil {
		return nil
	}
	op := map[string]Op{"+": Add, "-": Sub, "*": Mul, "/": Div, "%": Mod}[n.Operator]
	a, b = r.durationBeside(a, n.Left, b), r.durationBeside(b, n.Right, a)
	if a == nil || b == nil {
		return nil
	}
	if a.Op == Missing || b.Op == Missing {
		return r.at(n, "nil has no value to calculate with", "write x ?? 0 for a value that may be missing")
	}
	if a.Type == Duration && b.Type == Time && op == Add {
		a, b = b, a
	}
	if result := combined(op, a.Type, b.Type); result != Invalid {
		if result == Text {
			op = Concat
		}
		return operation(op, result, a, b)
	}
	return r.at(n, fmt.Sprintf("%s cannot combine a %s and a %s", n.Operator, a.Type, b.Type), "")
}

// combined returns the type of a op b, Invalid when they cannot be combined.
func combined(op Op, a, b Type) Type {
	switch {
	case a == Number && b == Number:
		return Number
	case op != Add && op != Sub:
		return Invalid
	case a == Text && b == Text && op == Add:
		return Text
	case a == Time && b == Time && op == Sub:
		return Duration
	case b == Duration && (a == Time || a == Duration):
		return a
	}
	return Invalid
}
