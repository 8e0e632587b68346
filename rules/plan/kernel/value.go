package kernel

import (
	"maps"
	"slices"
	"strings"

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

// Fallible reports whether evaluating n can fail at run time.
func Fallible(n *lang.Node) bool {
	return n.Op == lang.Call || n.Op == lang.Opaque || slices.ContainsFunc(n.Args, Fallible)
}

// function compiles a fallible node: all its operands are evaluated, in order,
// as expr's machine does, so that both count the same failures. A failure counts
// as a run-time error and makes the result missing.
func (c *Compiler) function(n *lang.Node) (Any, error) {
	if len(n.Args) == 0 && n.Op != lang.Call && n.Op != lang.Opaque {
		return nil, unsupported(n)
	}
	args := make([]Any, len(n.Args))
	for i, a := range n.Args {
		var err error
		if args[i], err = c.Any(a); err != nil {
			return nil, err
		}
	}
	apply := lang.Evaluator(n)
	absent := n.Op == lang.Coalesce || n.Op == lang.IsMissing
	return func(f *Frame) lang.Value {
		base, cuts := len(f.args), f.cuts
		for _, a := range args {
			v := a(f) // uses the stack above what stands there, and leaves it as it was
			f.args = append(f.args, v)
		}
		if absent && f.cuts != cuts { // it may be there, but for the cut
			f.args = f.args[:base]
			return lang.Value{}
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

// Digests returns a line a list or table that what w keeps of a report depends on,
// with the digest of its contents; "" when it depends on none.
func (c *Compiler) Digests(w *lang.Window) string {
	lines := map[string]bool{}
	look := func(n *lang.Node) bool {
		switch {
		case c.lookups == nil:
		case n.Op == lang.InList:
			lines["list "+n.Name+" "+c.lookups.Lists()[n.Name]+"\n"] = true
		case n.Op == lang.Cell:
			lines["table "+n.Name+" "+c.lookups.Tables()[n.Name]+"\n"] = true
		}
		return true
	}
	for _, parts := range w.KeyBy {
		for _, n := range parts {
			n.Walk(look)
		}
	}
	for _, n := range []*lang.Node{w.Where, w.Dynamic, w.OncePer} {
		n.Walk(look)
	}
	for _, a := range w.Values {
		a.Arg.Walk(look)
	}
	return strings.Join(slices.Sorted(maps.Keys(lines)), "")
}
