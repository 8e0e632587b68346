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

// WindowRow is a Row that knows the windows of its report. For other rows every
// value of a window is missing.
type WindowRow interface {
	// Window returns Values[col] of Set.Windows[win], false when it is missing.
	Window(win, col int) (Value, bool)
}

// JudgedRow is a Row that feeds a window while another report is judged.
type JudgedRow interface {
	// This returns column col of the judged report, false when it is missing.
	This(col int) (Value, bool)
}

// LookupRow is a Row that can look into lists and tables as of its report's time.
// For other rows no list has a member and no table a row.
type LookupRow interface {
	// InList reports whether the list has x.
	InList(list, x string) bool
	// Cell returns a column of the row of key, false when it is missing.
	Cell(table, key, column string) (Value, bool)
}

// HitRow is a Row that knows which rules hit its report.
type HitRow interface {
	// Hit reports whether rule hits, with the case called name unless it is "".
	Hit(rule, name string) bool
}

// Program is a node compiled to expr's VM, every operation a null-aware function
// call: the oracle of rules/plan and its fallback. It is safe for concurrent use.
type Program struct {
	program *vm.Program
	leaves  []*Node // nodes that the row answers, each once
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

// run is one evaluation: the row, and how many operations failed.
type run struct {
	row    Row
	failed int
}

func (c *programCompiler) node(n *Node) ast.Node {
	switch n.Op {
	case Const:
		return &ast.ConstantNode{Value: n.Value}
	case Missing:
		return &ast.ConstantNode{Value: Value{}}
	case Column, Extra, Score, Windowed, This, RuleHit:
		return &ast.IdentifierNode{Value: c.leaf(n)}
	}
	args := []ast.Node{&ast.IdentifierNode{Value: "run"}}
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
		c.program.leaves = append(c.program.leaves, n)
		c.program.names = append(c.program.names, name)
	}
	return name
}

// function returns the operation of n for the VM.
func function(n *Node) func(args ...any) (any, error) {
	if n.Op == InList || n.Op == Cell {
		return func(args ...any) (any, error) { return lookUp(n, args[0].(*run).row, args[1].(Value)), nil }
	}
	apply := evaluator(n)
	return func(args ...any) (any, error) {
		vals := make([]Value, len(args)-1)
		for i, a := range args[1:] {
			vals[i] = a.(Value)
		}
		v, ok := apply(vals)
		if !ok {
			args[0].(*run).failed++
			return Value{}, nil
		}
		return v, nil
	}
}

// Eval evaluates the program on a row. The value is the zero Value when it is
// missing.
func (p *Program) Eval(row Row) (Value, State) {
	now := &run{row: row}
	env := make(map[string]any, len(p.names)+1)
	env["run"] = now
	for i, n := range p.leaves {
		env[p.names[i]] = read(n, row)
	}
	out, err := vm.Run(p.program, env)
	v, ok := out.(Value)
	switch {
	case err != nil || !ok || now.failed > 0:
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
	return readMore(n, row)
}

// readMore reads what not every row has.
func readMore(n *Node, row Row) Value {
	var v Value
	ok := false
	switch n.Op {
	case Windowed:
		if r, is := row.(WindowRow); is {
			v, ok = r.Window(n.Win, n.Col)
		}
	case This:
		if r, is := row.(JudgedRow); is {
			v, ok = r.This(n.Col)
		}
	case RuleHit:
		r, is := row.(HitRow)
		v, ok = boolean(is && r.Hit(n.Name, n.Source)), true
	}
	if !ok {
		return Value{}
	}
	return v
}

// lookUp returns the membership or cell that n asks for.
func lookUp(n *Node, row Row, x Value) Value {
	r, is := row.(LookupRow)
	switch {
	case x.Type == Invalid:
		return Value{}
	case n.Op == InList:
		return boolean(is && r.InList(n.Name, x.Text))
	case is:
		if v, ok := r.Cell(n.Name, x.Text, n.Source); ok {
			return v
		}
	}
	return Value{}
}
