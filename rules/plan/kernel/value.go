package kernel

import (
	"fmt"

	"github.com/haltwire/haltwire/rules/lang"
)

// Any reads a value of any type; missing is the zero Value. Texts in it are the
// batch's or the frame's own until the next row.
type Any func(f *Frame) lang.Value

// Any compiles a node of any type.
func (c *Compiler) Any(n *lang.Node) (Any, error) {
	switch n.Type {
	case lang.Bool:
		t, err := c.Truth(n)
		return func(f *Frame) lang.Value {
			if v := t(f); v != Unknown {
				return lang.Value{Type: lang.Bool, Bool: v == True}
			}
			return lang.Value{}
		}, err
	case lang.Text:
		t, err := c.Text(n)
		return func(f *Frame) lang.Value {
			if s, ok := t(f); ok {
				return lang.Value{Type: lang.Text, Text: s}
			}
			return lang.Value{}
		}, err
	case lang.Number:
		t, err := c.Number(n)
		return func(f *Frame) lang.Value {
			if v := t(f); v.OK {
				return lang.Value{Type: lang.Number, Num: v.D}
			}
			return lang.Value{}
		}, err
	case lang.Time, lang.Duration:
		t, err := c.Number(n)
		typ := n.Type
		return func(f *Frame) lang.Value {
			if v := t(f); v.OK {
				return lang.Value{Type: typ, Int: MS(v.D)}
			}
			return lang.Value{}
		}, err
	}
	if n.Op == lang.Missing {
		return func(*Frame) lang.Value { return lang.Value{} }, nil
	}
	return c.function(n)
}

// function compiles a call of a function or an opaque sub-tree. A failure counts
// as a run-time error and makes the result missing.
func (c *Compiler) function(n *lang.Node) (Any, error) {
	switch n.Op {
	case lang.Call:
		return c.call(n)
	case lang.Opaque:
		return c.opaque(n)
	}
	return nil, unsupported(n)
}

func (c *Compiler) call(n *lang.Node) (Any, error) {
	args := make([]Any, len(n.Args))
	for i, a := range n.Args {
		var err error
		if args[i], err = c.Any(a); err != nil {
			return nil, err
		}
	}
	apply := lang.Evaluator(n)
	return func(f *Frame) lang.Value {
		base := len(f.args)
		for _, a := range args {
			v := a(f) // may use the stack above base + what stands there
			f.args = append(f.args, v)
		}
		v, ok := apply(f.args[base:])
		f.args = f.args[:base]
		if !ok {
			f.Errs++
			return lang.Value{}
		}
		return v
	}, nil
}

func (c *Compiler) opaque(n *lang.Node) (Any, error) {
	return nil, fmt.Errorf("compile %s: nothing evaluates it", n.Key)
}
