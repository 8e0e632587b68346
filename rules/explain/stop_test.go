package explain

import (
	"fmt"
	"math/bits"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// guess is a random condition over leaves that stand in it once each.
type guess struct {
	t      *rapid.T
	eval   *evaluator
	leaves []*lang.Node
	values map[string]lang.Value
	absent bool // ?? may stand in it
}

func (g *guess) tree(depth int) *lang.Node {
	n := &lang.Node{Type: lang.Bool}
	op := lang.Column
	if depth > 0 {
		ops := []lang.Op{lang.And, lang.Or, lang.Not, lang.Cond, lang.Column}
		if g.absent {
			ops = append(ops, lang.Coalesce)
		}
		op = rapid.SampledFrom(ops).Draw(g.t, "op")
	}
	n.Op = op
	for range map[lang.Op]int{lang.And: 2, lang.Or: 3, lang.Not: 1, lang.Cond: 3, lang.Coalesce: 2}[op] {
		n.Args = append(n.Args, g.tree(depth-1))
	}
	n.Key = fmt.Sprint(op, len(g.leaves), n.Args)
	if op == lang.Column {
		n.Key = fmt.Sprint("x", len(g.leaves))
		g.leaves = append(g.leaves, n)
		g.values[n.Key] = rapid.SampledFrom([]lang.Value{{}, {Type: lang.Bool}, {Type: lang.Bool, Bool: true}}).Draw(g.t, "value")
	}
	g.eval.nodes[n] = func(*kernel.Frame) lang.Value { return g.value(n) }
	return n
}

func (g *guess) value(n *lang.Node) lang.Value {
	if n.Op == lang.Column {
		return g.values[n.Key]
	}
	args := make([]lang.Value, len(n.Args))
	for i, a := range n.Args {
		args[i] = g.value(a)
	}
	v, _ := lang.Evaluator(n)(args)
	return v
}

// makes reports whether n becomes want when leaves become what set says.
func (g *guess) makes(n *lang.Node, want bool, set map[string]bool) bool {
	before := map[string]lang.Value{}
	for k, b := range set {
		before[k] = g.values[k]
		g.values[k] = lang.Value{Type: lang.Bool, Bool: b}
	}
	v := g.value(n)
	for k, b := range before {
		g.values[k] = b
	}
	return v.Type == lang.Bool && v.Bool == want
}

// TestStops: were each stop as it is wanted, so would the condition be; and no
// fewer leaves can do it.
func TestStops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &guess{t: t, eval: &evaluator{nodes: map[*lang.Node]kernel.Any{}}, values: map[string]lang.Value{}, absent: rapid.Bool().Draw(t, "absent")}
		root := g.tree(2)
		want := rapid.Bool().Draw(t, "want")
		got := g.eval.stopsOf(root, want)
		set := map[string]bool{}
		for _, s := range got.all {
			set[s.node.Key] = s.want
		}
		if !g.makes(root, want, set) {
			t.Fatalf("%s with %v does not become %t by %v", root.Key, g.values, want, set)
		}
		if g.absent || len(g.leaves) > 9 {
			return
		}
		for chosen := range 1 << len(g.leaves) {
			if bits.OnesCount(uint(chosen)) < len(got.all) && g.any(root, want, chosen) {
				t.Fatalf("%s with %v needs %v, and the leaves %b do", root.Key, g.values, set, chosen)
			}
		}
	})
}

// any reports whether some values of the chosen leaves make n want.
func (g *guess) any(n *lang.Node, want bool, chosen int) bool {
	for values := range 1 << len(g.leaves) {
		if values&^chosen != 0 {
			continue
		}
		set := map[string]bool{}
		for i, l := range g.leaves {
			if chosen>>i&1 == 1 {
				set[l.Key] = values>>i&1 == 1
			}
		}
		if g.makes(n, want, set) {
			return true
		}
	}
	return false
}

// TestNever: a constant never changes, so the other way is taken.
func TestNever(t *testing.T) {
	e := &evaluator{nodes: map[*lang.Node]kernel.Any{}}
	leaf := func(op lang.Op, key string) *lang.Node {
		n := &lang.Node{Op: op, Type: lang.Bool, Key: key}
		e.nodes[n] = func(*kernel.Frame) lang.Value { return lang.Value{Type: lang.Bool} }
		return n
	}
	or := &lang.Node{Op: lang.Or, Type: lang.Bool, Key: "or", Args: []*lang.Node{leaf(lang.Const, "false"), leaf(lang.Column, "vip")}}
	e.nodes[or] = e.nodes[or.Args[0]]
	if s := e.stopsOf(or, true); len(s.all) != 1 || s.all[0].node.Key != "vip" {
		t.Errorf("stops %v", s.all)
	}
}

func TestDistance(t *testing.T) {
	number := func(s string) lang.Value {
		d, err := decimal.ParseSigned([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return lang.Value{Type: lang.Number, Num: d}
	}
	text := func(s string) lang.Value { return lang.Value{Type: lang.Text, Text: s} }
	ms := func(typ lang.Type, n int64) lang.Value { return lang.Value{Type: typ, Int: n} }
	for name, c := range map[string]struct {
		op   lang.Op
		a, b lang.Value
		want bool
		off  Off
	}{
		"below":        {lang.Ge, number("4500"), number("5000.5"), true, Off{By: "500.5", Text: "x is 4500: 500.5 too small"}},
		"above":        {lang.Lt, number("7"), number("-3"), true, Off{By: "10", Text: "x is 7: 10 too great"}},
		"the bound":    {lang.Gt, number("5"), number("5"), true, Off{By: "0", Text: "x is 5: it must be more"}},
		"under a not":  {lang.Ge, number("5"), number("5"), false, Off{By: "0", Text: "x is 5: it must be less"}},
		"other text":   {lang.Eq, text("IN"), text("GB"), true, Off{Nearest: "GB", Text: `x is "IN", not "GB"`}},
		"that text":    {lang.Ne, text("GB"), text("GB"), true, Off{Text: `x is "GB"`}},
		"early":        {lang.Gt, ms(lang.Time, 0), ms(lang.Time, 90_061_001), true, Off{By: "1d1h1m1s1ms", Text: "x is 1970-01-01T00:00:00.000Z: 1d1h1m1s1ms too early"}},
		"long":         {lang.Le, ms(lang.Duration, 7_200_000), ms(lang.Duration, 3_600_000), true, Off{By: "1h", Text: "x is 2h: 1h too long"}},
		"38 digits":    {lang.Le, number("99999999999999999999"), number("-99999999999999999999"), true, Off{By: "more than 38 digits", Text: "x is 99999999999999999999: more than 38 digits too great"}},
		"equal, false": {lang.Eq, number("5"), number("5"), false, Off{By: "0", Text: "x is 5: it must be another"}},
	} {
		e := &evaluator{set: &lang.Set{}, nodes: map[*lang.Node]kernel.Any{}}
		x, y := &lang.Node{Op: lang.Column, Type: c.a.Type, Key: "x"}, &lang.Node{Op: lang.Const, Type: c.b.Type, Value: c.b}
		e.nodes[x], e.nodes[y] = func(*kernel.Frame) lang.Value { return c.a }, func(*kernel.Frame) lang.Value { return c.b }
		if off := e.distance(&lang.Node{Op: c.op, Args: []*lang.Node{x, y}}, c.want); fmt.Sprint(off) != fmt.Sprint(c.off) {
			t.Errorf("%s: %+v, want %+v", name, off, c.off)
		}
	}
}
