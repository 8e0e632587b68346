package lang

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"

	"github.com/haltwire/haltwire/rules/spec"
)

// aggregateForm says what an aggregate takes and gives.
type aggregateForm struct {
	name    string
	takes   []Type // nil = no argument
	none    bool   // its argument may be absent
	gives   Type   // Invalid = the type of the argument
	meaning string
	missing string
	example string
}

// aggregates returns what may stand in values of a window.
func aggregates() []aggregateForm {
	scalars := []Type{Bool, Text, Number, Time, Duration}
	ordered := []Type{Number, Time, Duration}
	const empty = "no entry has a value"
	return []aggregateForm{
		{"avg", []Type{Number}, false, Number, "The mean of a number over the entries, rounded once.", empty, "avg(base_amount)"},
		{"count", []Type{Bool}, true, Number, "How many entries there are, or for how many a condition is true.", "", `count(kind == "telecom.sim_swap")`},
		{"distinct", scalars, false, Number, "How many different values there are, exactly.", "", "distinct(creditor.uid)"},
		{"first", scalars, false, Invalid, "The value of the earliest entry that has one.", empty, "first(creditor.name)"},
		{"last", scalars, false, Invalid, "The value of the latest entry that has one.", empty, "last(creditor.name)"},
		{"max", ordered, false, Invalid, "The greatest value.", empty, "max(occurred_at)"},
		{"min", ordered, false, Invalid, "The least value.", empty, "min(occurred_at)"},
		{"ratio", []Type{Bool}, false, Number, "For which part, 0 to 1, of the entries where it is known a condition is true.", "it is known of no entry", `ratio(status == "refused")`},
		{"seen", scalars, false, Bool, "Whether an entry has the value that the judged report has.", "the judged report has none", "seen(creditor.uid)"},
		{"stddev", []Type{Number}, false, Number, "The standard deviation of a number over the entries (of the population), rounded once.", empty, "stddev(base_amount)"},
		{"sum", []Type{Number}, false, Number, "The sum of a number over the entries.", "", "sum(base_amount)"},
	}
}

func aggregateNames() []string {
	var ns []string
	for _, a := range aggregates() {
		ns = append(ns, a.name)
	}
	return ns
}

func aggregateNamed(name string) (aggregateForm, bool) {
	all := aggregates()
	i := slices.IndexFunc(all, func(a aggregateForm) bool { return a.name == name })
	if i < 0 {
		return aggregateForm{}, false
	}
	return all[i], true
}

// valuesConfig returns what expr's parser needs to know in values of windows,
// where count and others are no functions over arrays.
func valuesConfig() *conf.Config {
	c := parserConfig()
	for _, name := range aggregateNames() {
		c.Functions[name] = nil
	}
	return c
}

// windowValues reads the values of a window. Equal ones are one value.
func (l *loader) windowValues(w *spec.Window, win *Window, b *windowBinding, sc *scope) {
	found := map[string]string{} // name → key of its aggregate
	for _, v := range w.Values {
		if !v.Value.Present() {
			continue
		}
		a := l.aggregate(v.Value, sc)
		if a == nil {
			continue
		}
		found[v.Name.Text] = a.Key
		if !slices.ContainsFunc(win.Values, func(o Aggregate) bool { return o.Key == a.Key }) {
			win.Values = append(win.Values, *a)
		}
		l.mixedCurrencies(v.Value, a, win)
	}
	slices.SortFunc(win.Values, func(a, b Aggregate) int { return cmp.Compare(a.Key, b.Key) })
	for name, key := range found {
		b.values[name] = slices.IndexFunc(win.Values, func(a Aggregate) bool { return a.Key == key })
	}
}

// aggregate checks one value of a window. It returns nil when it is wrong.
func (c *language) aggregate(s spec.Scalar, sc *scope) *Aggregate {
	r := &rewriter{language: c, scope: sc, text: s, params: map[*Node]*binding{}}
	tree := r.parse()
	if tree == nil {
		return nil
	}
	call, ok := tree.(*ast.CallNode)
	if !ok {
		r.notAggregate(tree)
		return nil
	}
	id, _ := call.Callee.(*ast.IdentifierNode)
	if id == nil {
		r.notAggregate(tree)
		return nil
	}
	form, ok := aggregateNamed(id.Value)
	if !ok {
		r.notAggregate(tree)
		return nil
	}
	return r.formed(call, form)
}

func (r *rewriter) notAggregate(n ast.Node) {
	r.at(n, "a value of a window is one aggregate and nothing around it", "one of count, sum, min, max, avg, distinct, first, last, ratio, stddev, seen; calculate with it under let:")
}

// formed checks the argument of an aggregate.
func (r *rewriter) formed(n *ast.CallNode, form aggregateForm) *Aggregate {
	out := &Aggregate{Func: form.name, Type: form.gives, Key: form.name + "()"}
	if len(n.Arguments) == 0 && form.none {
		return out
	}
	if len(n.Arguments) != 1 {
		r.at(n, fmt.Sprintf("%s of a window takes one value, not %d", form.name, len(n.Arguments)), "for example: "+form.example)
		return nil
	}
	arg := n.Arguments[0]
	x := r.node(arg)
	if x == nil || r.failed {
		return nil
	}
	switch {
	case x.isConst() || x.Op == Missing:
		r.at(arg, form.name+" of a constant says nothing about the reports", "for example: "+form.example)
		return nil
	case !slices.Contains(form.takes, x.Type):
		r.at(arg, fmt.Sprintf("%s needs a %s, and this is a %s", form.name, listTypes(form.takes), x.Type), "for example: "+form.example)
		return nil
	}
	out.Arg = x
	if form.gives == Invalid {
		out.Type = x.Type
	}
	out.Key = form.name + "(" + x.Key + ")"
	return out
}

// listTypes names types for a message.
func listTypes(ts []Type) string {
	out := ""
	for i, t := range ts {
		switch {
		case i == 0:
		case i == len(ts)-1:
			out += " or "
		default:
			out += ", "
		}
		out += t.String()
	}
	return out
}

// mixedCurrencies warns about a sum over amounts whose currencies may differ.
func (l *loader) mixedCurrencies(s spec.Scalar, a *Aggregate, win *Window) {
	if a.Arg == nil || !slices.Contains([]string{"sum", "avg", "min", "max", "stddev"}, a.Func) {
		return
	}
	for _, col := range a.Arg.Columns(l.schema) {
		name := l.schema.Columns[col].Name
		currency := moneyColumns()[name]
		if currency == "" || l.oneCurrency(l.schema.Must(currency), win) {
			continue
		}
		l.warning(place(s, name), fmt.Sprintf("%s over %s of whatever currency each report has", a.Func, name),
			fmt.Sprintf("take base_amount, or add %s to the key, or to where: %s == \"INR\"", currency, currency))
	}
}

// oneCurrency reports whether all entries of a key have one value in a column.
func (l *loader) oneCurrency(col int, win *Window) bool {
	is := func(n *Node) bool { return n.Op == Column && n.Col == col }
	inKey := len(win.KeyBy) > 0
	for _, parts := range win.KeyBy {
		inKey = inKey && slices.ContainsFunc(parts, is)
	}
	pinned := false
	for _, where := range []*Node{win.Where, win.Dynamic} {
		where.Walk(func(n *Node) bool {
			pinned = pinned || n.Op == Eq && (is(n.Args[0]) || is(n.Args[1]))
			return !pinned && n.Op != Or
		})
	}
	return inKey || pinned
}
