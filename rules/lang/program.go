package lang

import (
	"fmt"
	"strconv"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// State says what came of an evaluation.
type State uint8

// The states. After Failed the value is still the right one: an operand whose
// computation failed counts as missing.
const (
	Known   State = iota // the value is there; a condition is true or false
	Unknown              // the value is missing; a condition is unknown
	Failed               // as Known or Unknown, and something failed on the way
)

// Row is one report as a Program reads it.
type Row interface {
	// Value returns column col, false when it is missing. Dates are the ms of
	// their midnight UTC.
	Value(col int) (Value, bool)
	// Extra returns a member that the schema does not name.
	Extra(name string) (string, bool)
	// Score returns the score of the rule, false where there is none.
	Score() (decimal.D, bool)
}

// Program is a node compiled to expr's VM, every operation a null-aware function
// call: the oracle of rules/plan and its fallback. It is safe for concurrent use.
type Program struct {
	program *vm.Program
	columns []*Node // Column, Extra and Score nodes, each once
	names   []string
}

// Compile returns the program of n.
func Compile(n *Node) (*Program, error) {
	c := &programCompiler{config: conf.New(map[string]any{}), seen: map[string]string{}, program: &Program{}}
	c.config.Optimize = false
	root := c.node(n)
	p, err := compiler.Compile(&parser.Tree{Node: root, Source: file.NewSource(n.Key)}, c.config)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", n.Key, err)
	}
	c.program.program = p
	return c.program, nil
}

// programCompiler builds expr's tree of a node.
type programCompiler struct {
	config  *conf.Config
	seen    map[string]string // key of a leaf → name of its variable
	program *Program
	calls   int
}

// failures counts what failed in one evaluation.
type failures struct{ n int }

func (c *programCompiler) node(n *Node) ast.Node {
	switch n.Op {
	case Const:
		return &ast.ConstantNode{Value: n.Value}
	case Missing:
		return &ast.ConstantNode{Value: Value{}}
	case Column, Extra, Score:
		return &ast.IdentifierNode{Value: c.leaf(n)}
	}
	args := []ast.Node{&ast.IdentifierNode{Value: "failures"}}
	for _, a := range n.Args {
		args = append(args, c.node(a))
	}
	name := "f" + strconv.Itoa(c.calls)
	c.calls++
	c.config.Functions[name] = &builtin.Function{Name: name, Func: function(n)}
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args}
}

func (c *programCompiler) leaf(n *Node) string {
	name, ok := c.seen[n.Key]
	if !ok {
		name = "c" + strconv.Itoa(len(c.seen))
		c.seen[n.Key] = name
		c.program.columns = append(c.program.columns, n)
		c.program.names = append(c.program.names, name)
	}
	return name
}

// function returns the operation of n for the VM.
func function(n *Node) func(args ...any) (any, error) {
	apply := evaluator(n)
	return func(args ...any) (any, error) {
		vals := make([]Value, len(args)-1)
		for i, a := range args[1:] {
			vals[i] = a.(Value)
		}
		v, ok := apply(vals)
		if !ok {
			args[0].(*failures).n++
			return Value{}, nil
		}
		return v, nil
	}
}

// Eval evaluates the program on a row. The value is the zero Value when it is
// missing.
func (p *Program) Eval(row Row) (Value, State) {
	failed := &failures{}
	env := make(map[string]any, len(p.names)+1)
	env["failures"] = failed
	for i, n := range p.columns {
		env[p.names[i]] = read(n, row)
	}
	out, err := vm.Run(p.program, env)
	v, ok := out.(Value)
	switch {
	case err != nil || !ok || failed.n > 0:
		return v, Failed
	case v.Type == Invalid:
		return v, Unknown
	}
	return v, Known
}

func read(n *Node, row Row) Value {
	switch n.Op {
	case Column:
		if v, ok := row.Value(n.Col); ok {
			return v
		}
	case Extra:
		if s, ok := row.Extra(n.Name); ok {
			return text(s)
		}
	case Score:
		if d, ok := row.Score(); ok {
			return number(d)
		}
	}
	return Value{}
}

// BatchRow is a row of a batch as a Program reads it.
type BatchRow struct {
	Batch  *event.Batch
	Row    int
	Points *decimal.D // the score, nil where there is none
}

// Value implements Row.
func (r BatchRow) Value(col int) (Value, bool) {
	v := &r.Batch.Columns[col]
	if !v.Has(r.Row) {
		return Value{}, false
	}
	switch v.Type {
	case event.Text, event.Symbol:
		return text(v.String(r.Row)), true
	case event.Decimal:
		return number(v.Dec[r.Row]), true
	case event.Time:
		return instant(v.I64[r.Row]), true
	case event.Date:
		return instant(int64(v.I32[r.Row]) * 86_400_000), true
	case event.Uint:
		return number(fromInt(int64(v.U32[r.Row]))), true
	case event.Float:
		return fromNative(v.F64[r.Row])
	case event.Bool:
		return boolean(v.True.Has(r.Row)), true
	}
	return Value{}, false
}

// Extra implements Row.
func (r BatchRow) Extra(name string) (string, bool) {
	v := &r.Batch.Columns[r.Batch.Schema.Must("extra")]
	if !v.Has(r.Row) {
		return "", false
	}
	for i := v.Off[r.Row]; i < v.Off[r.Row+1]; i++ {
		if string(v.Keys.Text(int(i))) == name {
			return v.Vals.String(int(i)), true
		}
	}
	return "", false
}

// Score implements Row.
func (r BatchRow) Score() (decimal.D, bool) {
	if r.Points == nil {
		return decimal.D{}, false
	}
	return *r.Points, true
}
