package lang

import (
	"slices"
	"strconv"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// opNames are the names of operations in keys.
func (op Op) String() string {
	return [...]string{"const", "missing", "column", "extra", "and", "or", "not", "==", "!=", "<", "<=", ">", ">=", "in",
		"contains", "startsWith", "endsWith", "matches", "+", "-", "*", "/", "%", "neg", "concat", "??", "isMissing", "?:",
		"call", "opaque", "score", "window", "this", "inList", "cell", "ruleHit"}[op]
}

// String returns the name of the type as rule authors read it.
func (t Type) String() string {
	return [...]string{"nothing", "bool", "text", "number", "time", "duration", "list", "value"}[t]
}

// typeOf returns the type that a column has in expressions.
func typeOf(t event.Type) Type {
	switch t {
	case event.Text, event.Symbol:
		return Text
	case event.Decimal, event.Uint, event.Float:
		return Number
	case event.Time, event.Date:
		return Time
	case event.Bool:
		return Bool
	}
	return Invalid
}

func text(s string) Value          { return Value{Type: Text, Text: s} }
func number(d decimal.D) Value     { return Value{Type: Number, Num: d} }
func boolean(b bool) Value         { return Value{Type: Bool, Bool: b} }
func instant(ms int64) Value       { return Value{Type: Time, Int: ms} }
func span(ms int64) Value          { return Value{Type: Duration, Int: ms} }
func constant(v Value) *Node       { return &Node{Op: Const, Type: v.Type, Value: v, Key: v.key()} }
func missing() *Node               { return &Node{Op: Missing, Key: "nil"} }
func (n *Node) isConst() bool      { return n.Op == Const }
func (n *Node) isBool(b bool) bool { return n.Op == Const && n.Type == Bool && n.Value.Bool == b }

// key returns a text that is equal for equal values of one type.
func (v Value) key() string {
	switch v.Type {
	case Text:
		return strconv.Quote(v.Text)
	case Number:
		return v.Num.String()
	case Bool:
		return strconv.FormatBool(v.Bool)
	case Time:
		return "@" + event.FormatTime(v.Int)
	case Duration:
		return strconv.FormatInt(v.Int, 10) + "ms"
	}
	return "nil"
}

func column(s *event.Schema, i int) *Node {
	c := s.Columns[i]
	return &Node{Op: Column, Type: typeOf(c.Type), Col: i, Key: c.Name}
}

func extra(name string) *Node {
	return &Node{Op: Extra, Type: Text, Name: name, Key: "extra[" + strconv.Quote(name) + "]"}
}

// operation returns op over args, evaluated when all of them are constants.
func operation(op Op, t Type, args ...*Node) *Node {
	n := &Node{Op: op, Type: t, Args: args}
	n.Key = op.String() + "(" + keys(args, false) + ")"
	return n.fold()
}

// call returns a call of a function.
func call(name string, t Type, args ...*Node) *Node {
	n := &Node{Op: Call, Type: t, Name: name, Args: args}
	n.Key = name + "(" + keys(args, false) + ")"
	return n.fold()
}

// fold evaluates n when it depends on nothing.
func (n *Node) fold() *Node {
	vals := make([]Value, len(n.Args))
	for i, a := range n.Args {
		if !a.isConst() {
			return n
		}
		vals[i] = a.Value
	}
	v, ok := evaluator(n)(vals)
	if !ok || v.Type == Invalid {
		return n
	}
	return constant(v)
}

func keys(args []*Node, sorted bool) string {
	ks := make([]string, len(args))
	for i, a := range args {
		ks[i] = a.Key
	}
	if sorted {
		slices.Sort(ks)
	}
	return strings.Join(ks, ", ")
}

// connective returns the flat And or Or of args, without repeated ones. The
// order of args does not matter to its key.
func connective(op Op, args ...*Node) *Node {
	neutral := op == And
	n := &Node{Op: op, Type: Bool}
	seen := map[string]bool{}
	for _, a := range args {
		parts := []*Node{a}
		if a.Op == op {
			parts = a.Args
		}
		for _, p := range parts {
			if p.isBool(!neutral) {
				return p
			}
			if !seen[p.Key] && !p.isBool(neutral) {
				seen[p.Key] = true
				n.Args = append(n.Args, p)
			}
		}
	}
	switch len(n.Args) {
	case 0:
		return constant(boolean(neutral))
	case 1:
		return n.Args[0]
	}
	n.Key = op.String() + "(" + keys(n.Args, true) + ")"
	return n
}

// opposite maps each comparison to the one that is true when it is false.
func opposite(op Op) (Op, bool) {
	switch op {
	case Eq:
		return Ne, true
	case Ne:
		return Eq, true
	case Lt:
		return Ge, true
	case Ge:
		return Lt, true
	case Gt:
		return Le, true
	case Le:
		return Gt, true
	}
	return op, false
}

// mirror maps each comparison to the one that means the same with its operands
// exchanged.
func mirror(op Op) Op {
	switch op {
	case Lt:
		return Gt
	case Gt:
		return Lt
	case Le:
		return Ge
	case Ge:
		return Le
	}
	return op
}

// negate returns not n, pushed down to comparisons: De Morgan holds in Kleene's
// logic, and a comparison and its opposite are unknown together.
func negate(n *Node) *Node {
	if op, ok := opposite(n.Op); ok {
		return operation(op, Bool, n.Args...)
	}
	switch n.Op {
	case And, Or:
		args := make([]*Node, len(n.Args))
		for i, a := range n.Args {
			args[i] = negate(a)
		}
		return connective(And+Or-n.Op, args...)
	case Not:
		return n.Args[0]
	}
	return operation(Not, Bool, n)
}

// comparison returns left op right with a constant on the right, and equal
// operands in one order.
func comparison(op Op, left, right *Node) *Node {
	swap := left.isConst() && !right.isConst()
	if left.isConst() == right.isConst() && left.Key > right.Key {
		swap = true
	}
	if swap {
		left, right, op = right, left, mirror(op)
	}
	return operation(op, Bool, left, right)
}

// membership returns left in the set of vals, sorted and distinct.
func membership(left *Node, vals []Value) *Node {
	set := slices.Clone(vals)
	slices.SortFunc(set, compareValues)
	set = slices.Compact(set)
	if len(set) == 1 {
		return comparison(Eq, left, constant(set[0]))
	}
	ks := make([]string, len(set))
	for i, v := range set {
		ks[i] = v.key()
	}
	n := &Node{Op: In, Type: Bool, Args: []*Node{left}, Set: set}
	n.Key = "in(" + left.Key + ", [" + strings.Join(ks, ", ") + "])"
	return n.fold()
}

// Walk calls f for n and every node below it, parents first, until f returns
// false for a node, whose children are then left out.
func (n *Node) Walk(f func(*Node) bool) {
	if n == nil || !f(n) {
		return
	}
	for _, a := range n.Args {
		a.Walk(f)
	}
}

// Columns returns the schema columns of its own report that n reads, ascending.
// Extra members read the column called extra, lists and tables the time; what
// windows read and This is not among them.
func (n *Node) Columns(s *event.Schema) []int {
	var cols []int
	n.Walk(func(m *Node) bool {
		switch m.Op {
		case Column:
			cols = append(cols, m.Col)
		case Opaque:
			cols = append(cols, m.Reads...)
		case Extra:
			cols = append(cols, s.Must("extra"))
		case InList, Cell:
			cols = append(cols, s.Must("occurred_at"))
		}
		return true
	})
	slices.Sort(cols)
	return slices.Compact(cols)
}
