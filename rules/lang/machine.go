package lang

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"github.com/haltwire/haltwire/pipeline/decimal"
)

// machine evaluates the text of an Opaque node on expr's VM. It is safe for
// concurrent use.
type machine struct {
	program *vm.Program
	names   []string // of the arguments
	result  Type
}

var errNoValue = errors.New("no value")

// newMachine compiles o.Source over o.Args. Checked on plain types, its operators
// are then replaced by exact, null-aware functions.
func newMachine(o *Node) (*machine, error) {
	m := &machine{}
	env := types.Map{}
	for i, a := range o.Args {
		name := "x" + strconv.Itoa(i)
		m.names = append(m.names, name)
		env[name] = types.TypeOf(plainType(a.Type))
	}
	config := conf.New(env)
	config.Optimize = false
	config.MaxNodes = 4 * maxNodes
	for _, f := range Functions() {
		if f.Name != "len" { // expr's own takes lists too
			config.Functions[f.Name] = nativeFunction(f)
		}
	}
	tree, err := checker.ParseCheck(o.Source, config)
	if err != nil {
		return nil, err
	}
	m.result = resultType(tree.Node.Type())
	patch := &exact{config: config}
	ast.Walk(&tree.Node, patch)
	m.program, err = compiler.Compile(tree, config)
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return m, nil
}

// eval runs the machine on the values of its arguments, which are all there.
func (m *machine) eval(args []Value) (Value, bool) {
	env := make(map[string]any, len(args)+1)
	env[workName] = &work{left: maxWork}
	for i, a := range args {
		env[m.names[i]] = toNative(a)
	}
	out, err := vm.Run(m.program, env)
	if err != nil {
		return Value{}, false
	}
	v, ok := fromNative(out)
	if v.Type != m.result && m.result != Any {
		return Value{}, ok && v.Type == Invalid
	}
	return v, ok
}

// nativeFunction returns f for the VM.
func nativeFunction(f Function) *builtin.Function {
	apply := strict(f.apply)
	return &builtin.Function{
		Name: f.Name,
		Func: func(args ...any) (any, error) { return native(apply, args) },
		Validate: func(args []reflect.Type) (reflect.Type, error) {
			if len(args) < len(f.Args) || len(args) > len(f.Args) && !f.Many {
				return nil, fmt.Errorf("%s takes %d arguments, not %d", f.Name, len(f.Args), len(args))
			}
			return reflect.TypeOf(plainType(f.Result)), nil
		},
	}
}

// native calls f with values of the VM.
func native(f eval, args []any) (any, error) {
	vals := make([]Value, len(args))
	for i, a := range args {
		v, ok := fromNative(a)
		if !ok {
			return nil, errNoValue
		}
		vals[i] = v
	}
	v, ok := f(vals)
	if !ok {
		return nil, errNoValue
	}
	return toNative(v), nil
}

// exact replaces expr's operators, which compute in floating point and fail on
// what is missing, and its functions, which no report's length bounds, by functions.
type exact struct{ config *conf.Config }

// Visit implements ast.Visitor.
func (e *exact) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.PredicateNode:
		if t := x.Node.Type(); t != nil && t.Kind() == reflect.Bool {
			x.Node = e.call("truth", truth, nil, x.Node)
		}
	case *ast.UnaryNode:
		op := Not
		if x.Operator == "-" {
			op = Neg
		}
		if _, literal := x.Node.(*ast.IntegerNode); !literal && x.Operator != "+" {
			*n = e.call("unary "+x.Operator, nativeOp(op), nil, x.Node)
		}
	case *ast.BinaryNode:
		*n = e.binary(x)
	case *ast.BuiltinNode:
		*n = e.function(x, x.Name, x.Arguments)
	case *ast.CallNode:
		if id, ok := x.Callee.(*ast.IdentifierNode); ok {
			*n = e.function(x, id.Value, x.Arguments)
		}
	case *ast.FloatNode:
		if v, ok := fromNative(x.Value); ok {
			*n = &ast.ConstantNode{Value: v.Num}
		}
	}
}

// binary returns an operation that is exact, or one of expr's on texts that takes
// the work of reading its left side.
func (e *exact) binary(x *ast.BinaryNode) ast.Node {
	if x.Operator == "in" {
		return e.call("in", nativeIn, nil, x.Left, x.Right)
	}
	if op, ok := binaryOp(x.Operator); ok {
		return e.call("binary "+x.Operator, nativeOp(op), nil, x.Left, x.Right)
	}
	if searches(x.Operator) {
		x.Left = e.call("search "+x.Operator, pass, searching(x.Operator), x.Left)
	}
	return x
}

// call returns a call of f with the work that is left; the node keeps the Go type
// that expr's compiler looks at, any.
func (e *exact) call(name string, f nativeCall, before func(args []any) int, args ...ast.Node) ast.Node {
	e.config.Functions[name] = &builtin.Function{Name: name, Func: worked(f, before)}
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: append(slices.Clone(args), &ast.IdentifierNode{Value: workName})}
}

func binaryOp(operator string) (Op, bool) {
	op, ok := map[string]Op{
		"==": Eq, "!=": Ne, "<": Lt, "<=": Le, ">": Gt, ">=": Ge,
		"+": Add, "-": Sub, "*": Mul, "/": Div, "%": Mod,
		"&&": And, "and": And, "||": Or, "or": Or,
	}[operator]
	return op, ok
}

// truth makes what is unknown false, for predicates of the VM's loops.
func truth(args ...any) (any, error) { return args[0] == true, nil }

// nativeOp returns an operation of the typed tree for the VM. Whole numbers that
// both sides had stay whole, since expr indexes with them.
func nativeOp(op Op) func(args ...any) (any, error) {
	return func(args ...any) (any, error) {
		n := &Node{Op: op, Type: Bool, Args: make([]*Node, len(args))}
		whole := true
		for i, a := range args {
			v, ok := fromNative(a)
			if !ok {
				return nil, errNoValue
			}
			n.Args[i] = &Node{Type: v.Type}
			_, isInt := a.(int)
			whole = whole && isInt
		}
		if mixed(n) {
			return op == Ne, mixedError(op)
		}
		if op >= Add && op <= Neg {
			n.Type = n.Args[0].Type
			if n.Type == Text {
				n.Op = Concat
			}
		}
		out, err := native(evaluator(n), args)
		if d, ok := out.(decimal.D); ok && whole {
			if i, exact := integer(d); exact {
				return i, err
			}
		}
		return out, err
	}
}

// mixed reports whether the arguments of n are there and of different types.
func mixed(n *Node) bool {
	return len(n.Args) == 2 && n.Args[0].Type != n.Args[1].Type && n.Args[0].Type != Invalid && n.Args[1].Type != Invalid
}

// mixedError returns why two values of different types cannot be combined: they
// can only be compared for equality.
func mixedError(op Op) error {
	if op == Eq || op == Ne {
		return nil
	}
	return errNoValue
}

// nativeIn reports whether the first value is in the second, a list or mapping.
func nativeIn(args ...any) (any, error) {
	x, ok := fromNative(args[0])
	if !ok || x.Type == Invalid {
		return nil, nil
	}
	list := reflect.ValueOf(args[1])
	if !list.IsValid() || list.Kind() != reflect.Slice {
		return nil, errNoValue
	}
	for i := range list.Len() {
		if y, ok := fromNative(list.Index(i).Interface()); ok && y.Type == x.Type && compareValues(x, y) == 0 {
			return true, nil
		}
	}
	return false, nil
}

// integer returns d as an int when it is whole and fits.
func integer(d decimal.D) (int, bool) {
	i, err := strconv.Atoi(d.String())
	return i, err == nil
}
