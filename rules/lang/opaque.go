package lang

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"

	"github.com/haltwire/haltwire/pipeline/decimal"
)

// moment stands for a time or duration in sub-trees for the VM: a type of its
// own that nothing of expr's takes.
type moment struct{ ms int64 }

// opaque keeps a sub-tree for the VM. Whatever in it can be an operation of the
// typed tree becomes an argument, x0, x1 …; what is left is judged by expr's
// checker on plain types.
func (r *rewriter) opaque(n ast.Node) *Node {
	in := &inputs{rewriter: r}
	body := in.node(n)
	if r.failed {
		return nil
	}
	o := &Node{Op: Opaque, Args: in.args, Source: body.String()}
	machine, err := newMachine(o)
	if err != nil {
		r.machineError(n, err)
		return nil
	}
	o.Type = machine.result
	for _, a := range in.args {
		o.Reads = append(o.Reads, a.Columns(r.schema)...)
	}
	slices.Sort(o.Reads)
	o.Reads = slices.Compact(o.Reads)
	o.Key = "opaque(" + strconv.Quote(o.Source) + ", " + keys(o.Args, false) + ")"
	return o
}

// machineError reports what expr's checker said about a sub-tree. Its place is in
// the rewritten text, so the finding is about the whole sub-tree.
func (r *rewriter) machineError(n ast.Node, err error) {
	message := err.Error()
	var e *file.Error
	if errors.As(err, &e) {
		message = e.Message
	}
	for _, w := range [][2]string{{"[]interface {}", "list"}, {"[]string", "list"}, {"interface {}", "value"}, {"lang.moment", "time"}, {"float64", "number"}, {"string", "text"}, {"bool", "true or false"}, {"an integer", "a whole number"}} {
		message = strings.ReplaceAll(message, w[0], w[1])
	}
	r.at(n, message, "")
}

// inputs takes the arguments of an opaque node out of its tree.
type inputs struct {
	*rewriter
	args  []*Node
	inner bool // in the condition of a loop over a list
}

// node returns n with its native parts replaced by arguments.
func (in *inputs) node(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return in.argument(n)
	case *ast.MemberNode:
		if _, root, ok := path(n); ok && isIdentifier(root) || startsWithName(n, "tables") {
			return in.argument(n)
		}
		c := *n
		c.Node, c.Property = in.node(n.Node), in.node(n.Property)
		return &c
	case *ast.BinaryNode:
		return in.binary(n)
	case *ast.CallNode:
		return in.call(n)
	case *ast.BuiltinNode:
		return in.builtin(n)
	case *ast.ChainNode, *ast.UnaryNode, *ast.PredicateNode:
		return in.around(n)
	case *ast.SliceNode:
		c := *n
		c.Node = in.node(n.Node)
		c.From, c.To = in.optional(n.From), in.optional(n.To)
		return &c
	case *ast.ConditionalNode:
		c := *n
		c.Cond, c.Exp1, c.Exp2 = in.node(n.Cond), in.node(n.Exp1), in.node(n.Exp2)
		return &c
	case *ast.ArrayNode:
		c := *n
		c.Nodes = in.all(n.Nodes)
		return &c
	case *ast.PointerNode, *ast.NilNode, *ast.BoolNode, *ast.StringNode, *ast.IntegerNode, *ast.FloatNode:
		return n
	}
	in.leaf(n) // which refuses it
	return n
}

// around returns a node of one operand with the operand's parts replaced.
func (in *inputs) around(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.ChainNode:
		c := *n
		c.Node = in.node(n.Node)
		return &c
	case *ast.UnaryNode:
		c := *n
		c.Node = in.node(n.Node)
		return &c
	case *ast.PredicateNode:
		if in.inner {
			in.at(n, "a loop over a list inside another one is refused: it costs the product of both", "ask of one list only, or count entries in a window")
			return n
		}
		in.inner = true
		c := *n
		c.Node = in.node(n.Node)
		in.inner = false
		return &c
	}
	return n
}

func isIdentifier(n ast.Node) bool { _, ok := n.(*ast.IdentifierNode); return ok }

func (in *inputs) optional(n ast.Node) ast.Node {
	if n == nil {
		return nil
	}
	return in.node(n)
}

func (in *inputs) all(ns []ast.Node) []ast.Node {
	out := make([]ast.Node, len(ns))
	for i, n := range ns {
		out[i] = in.node(n)
	}
	return out
}

// argument makes n an argument.
func (in *inputs) argument(n ast.Node) ast.Node {
	x := in.rewriter.node(n)
	if x == nil {
		return n
	}
	i := slices.IndexFunc(in.args, func(a *Node) bool { return a.Key == x.Key && a.Type == x.Type })
	if i < 0 {
		i = len(in.args)
		in.args = append(in.args, x)
	}
	return &ast.IdentifierNode{Value: "x" + strconv.Itoa(i)}
}

func (in *inputs) binary(n *ast.BinaryNode) ast.Node {
	c := *n
	switch n.Operator {
	case "matches":
		s, ok := n.Right.(*ast.StringNode)
		if !ok {
			in.at(n.Right, "the pattern of matches must be a literal text", "write it in quotes; contains takes any text")
			return n
		}
		if !in.pattern(n.Right, constant(text(s.Value))) {
			return n
		}
	case "..":
		a, aok := n.Left.(*ast.IntegerNode)
		b, bok := n.Right.(*ast.IntegerNode)
		if !aok || !bok || b.Value-a.Value >= maxRange {
			in.at(n, fmt.Sprintf("a range needs whole numbers on both sides, at most %d of them", maxRange), "")
		}
		return n
	case "**", "^":
		in.at(n, "powers are refused: they are not exact", "multiply")
		return n
	}
	if n.Operator == "in" && startsWithName(n.Right, "lists") {
		return in.argument(n)
	}
	c.Left, c.Right = in.node(n.Left), in.node(n.Right)
	return &c
}

func (in *inputs) call(n *ast.CallNode) ast.Node {
	id, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || slices.Contains([]string{"age", "contains_any", "distance_km", "local_hour", "weekend"}, id.Value) {
		return in.argument(n)
	}
	c := *n
	c.Arguments = in.all(n.Arguments)
	return &c
}

func (in *inputs) builtin(n *ast.BuiltinNode) ast.Node {
	if !slices.Contains(machineFunctions(), n.Name) && n.Name != "len" && n.Name != "hasPrefix" && n.Name != "hasSuffix" {
		no := refusedFunction(n.Name)
		if no == nil {
			no = &refusal{why: n.Name + "() is not available in rules"}
		}
		in.at(n, no.why, no.fix)
		return n
	}
	c := *n
	c.Arguments = in.all(n.Arguments)
	return &c
}

// plainType returns the Go type that expr's checker sees for t.
func plainType(t Type) any {
	switch t {
	case Bool:
		return false
	case Text:
		return ""
	case Number:
		return float64(0)
	}
	return moment{}
}

// resultType returns what an expression of a Go type is in the typed tree.
func resultType(t reflect.Type) Type {
	switch {
	case t == reflect.TypeFor[moment]():
		return Any
	case t == nil || t.Kind() == reflect.Interface:
		return Any
	case t.Kind() == reflect.Bool:
		return Bool
	case t.Kind() == reflect.String:
		return Text
	case t.Kind() == reflect.Int || t.Kind() == reflect.Float64:
		return Number
	case t.Kind() == reflect.Slice:
		return List
	}
	return Any
}

// toNative returns v as the VM's functions see it.
func toNative(v Value) any {
	switch v.Type {
	case Bool:
		return v.Bool
	case Text:
		return v.Text
	case Number:
		return v.Num
	case Time, Duration:
		return moment{v.Int}
	}
	return nil
}

// fromNative returns a value of the VM, false when it is none of a report's.
func fromNative(x any) (Value, bool) {
	switch x := x.(type) {
	case nil:
		return Value{}, true
	case bool:
		return boolean(x), true
	case string:
		return text(x), true
	case decimal.D:
		return number(x), true
	case int:
		return number(fromInt(int64(x))), true
	case float64:
		d, err := decimal.ParseSigned(strconv.AppendFloat(nil, x, 'f', -1, 64))
		return number(d), err == nil
	case moment:
		return instant(x.ms), true
	}
	return Value{}, false
}
