package lang

import (
	"errors"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
)

// Bounds of what one report may cost, since whoever sends it chooses how long its
// texts are.
const (
	// MaxText is how long a text may become by +; a longer one is missing. Bytes: as
	// many as a report has.
	MaxText = 1 << 20
	// maxWork is how much one evaluation on the VM may look at and make. Bytes of
	// text, and eight for each value.
	maxWork = 64 << 20
)

var errWork = errors.New("too much work for one report")

// workName is what the VM calls the work that is left; no argument is called so.
const workName = "work"

// work is what is left of maxWork in one evaluation.
type work struct{ left int }

func (w *work) take(n int) error {
	if n > w.left {
		w.left = 0
		return errWork
	}
	w.left -= n
	return nil
}

// bulk returns what looking at x once costs.
func bulk(x any) int {
	switch x := x.(type) {
	case string:
		return 8 + len(x)
	case []string:
		return 8 + 8*len(x)
	case []any:
		return 8 + 8*len(x)
	}
	return 8
}

// nativeCall is a function of the VM.
type nativeCall func(args ...any) (any, error)

// worked returns f with one more argument, the work that is left, of which it takes
// what its arguments and its result cost. before says what f is going to make, when
// that may be far more than its arguments.
func worked(f nativeCall, before func(args []any) int) nativeCall {
	return func(args ...any) (any, error) {
		last := len(args) - 1
		left, ok := args[last].(*work)
		if !ok {
			return nil, errWork
		}
		args = args[:last]
		cost := 0
		for _, a := range args {
			cost += bulk(a)
		}
		if before != nil {
			cost += before(args)
		}
		if err := left.take(cost); err != nil {
			return nil, err
		}
		out, err := f(args...)
		if err != nil || before != nil {
			return out, err
		}
		return out, left.take(bulk(out))
	}
}

// builtinCall returns a function of expr's as the VM calls it, nil for loops.
func builtinCall(name string) nativeCall {
	i, ok := builtin.Index[name]
	if !ok {
		return nil
	}
	f := builtin.Builtins[i]
	switch {
	case f.Predicate:
		return nil
	case name == "uniq":
		return uniq(f.Func)
	case f.Func != nil:
		return f.Func
	case f.Safe != nil:
		return func(args ...any) (any, error) { out, _, err := f.Safe(args...); return out, err }
	case f.Fast != nil:
		return func(args ...any) (any, error) { return f.Fast(args[0]), nil }
	}
	return nil
}

// makes returns what a function of expr's is going to make, nil when that is about
// as much as its arguments.
func makes(name string) func(args []any) int {
	switch name {
	case "join":
		return joined
	case "replace":
		return replaced
	case "flatten":
		return flattened
	case "uniq":
		return compared
	}
	return nil
}

func joined(args []any) int {
	n, separator := 0, 0
	if len(args) > 1 {
		separator = bulk(args[1])
	}
	list := reflect.ValueOf(args[0])
	if list.Kind() != reflect.Slice {
		return 0
	}
	for i := range list.Len() {
		n += bulk(list.Index(i).Interface()) + separator
	}
	return n
}

func replaced(args []any) int {
	s, ok := args[0].(string)
	from, isText := args[1].(string)
	if !ok || !isText {
		return 0
	}
	return len(s) + strings.Count(s, from)*bulk(args[2])
}

func flattened(args []any) int {
	n := 0
	if list, ok := args[0].([]any); ok {
		for _, x := range list {
			n += bulk(x) + flattened([]any{x})
		}
	}
	return n
}

// compared returns what comparing each item of a list with each other costs, which
// lists of texts do without.
func compared(args []any) int {
	if list, ok := args[0].([]any); ok && !allTexts(list) {
		return 8 * len(list) * len(list)
	}
	return joined(args)
}

func allTexts(list []any) bool {
	for _, x := range list {
		if _, ok := x.(string); !ok {
			return false
		}
	}
	return true
}

// uniq returns what finds the different items of a list: texts by hash, other
// values as expr compares them, each with each.
func uniq(other nativeCall) nativeCall {
	return func(args ...any) (any, error) {
		var texts []string
		switch list := args[0].(type) {
		case []string:
			texts = list
		case []any:
			if !allTexts(list) {
				return other(args...)
			}
			for _, x := range list {
				texts = append(texts, x.(string))
			}
		default:
			return other(args...)
		}
		seen, out := make(map[string]bool, len(texts)), []any{}
		for _, s := range texts {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
		return out, nil
	}
}

// pass returns its argument; as a worked function it takes the work of looking at it.
func pass(args ...any) (any, error) { return args[0], nil }

// searching returns what searching a text by an operator costs beside reading it: a
// pattern keeps many places in mind at each character.
func searching(operator string) func(args []any) int {
	times := 0
	if operator == "matches" {
		times = 31
	}
	return func(args []any) int { return times * bulk(args[0]) }
}

// searches reports whether an operator of expr's looks through its left side.
func searches(operator string) bool {
	switch operator {
	case "contains", "startsWith", "endsWith", "matches":
		return true
	}
	return false
}

// function returns a worked function in the place of n, a call of one of ours or of
// expr's; loops stay.
func (e *exact) function(n ast.Node, name string, args []ast.Node) ast.Node {
	if f, ok := FunctionNamed(name); ok && name != "len" {
		return e.call("worked "+name, nativeFunction(f).Func, nil, args...)
	}
	if f := builtinCall(name); f != nil {
		return e.call("worked "+name, f, makes(name), args...)
	}
	return n
}
