package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan/kernel"
	"github.com/haltwire/haltwire/rules/plan/past"
	"github.com/haltwire/haltwire/rules/window"
)

// evaluator computes every node of a rule on one report by the plan's kernel, over
// windows of its own.
type evaluator struct {
	set     *lang.Set
	rule    *lang.Rule
	scored  *lang.Node // the score of the rule, weights by their names; nil = the sum
	lookups *lookup.Set
	nodes   map[*lang.Node]kernel.Any // nil = has no value of its own
	lets    map[string]string         // key of a let's node → its name
	feeder  *past.Feeder              // nil without windows
	reader  *past.Reader
	frame   *kernel.Frame
}

func newEvaluator(set *lang.Set, rule *lang.Rule, o Options) (*evaluator, error) {
	e := &evaluator{set: set, rule: rule, lookups: o.Lookups, nodes: map[*lang.Node]kernel.Any{}, lets: map[string]string{}}
	c := kernel.ForSet(set, o.Lookups)
	for _, n := range e.roots() {
		n.Walk(func(m *lang.Node) bool {
			if _, done := e.nodes[m]; !done {
				e.nodes[m], _ = c.Any(m) // what cannot stand alone is shown without a value
			}
			return true
		})
	}
	for _, l := range rule.Lets {
		if len(l.Node.Args) > 0 {
			e.lets[l.Node.Key] = l.Name
		}
	}
	e.scored = e.byName(rule.Score)
	used := slices.Clone(rule.About)
	for _, u := range rule.Windows {
		used = append(used, u.Win)
	}
	p, err := past.New(set, used, used, c)
	if err != nil {
		return nil, err
	}
	e.frame = c.Frame()
	if p.Empty() {
		return e, nil
	}
	bounds := o.Windows
	bounds.All = true // as plan/whole
	store, err := window.New(p.Definitions(), bounds)
	if err != nil {
		return nil, err
	}
	e.feeder, e.reader = p.NewFeeder(store, c.Frame()), p.NewReader(store)
	e.frame.Windows = e.reader
	return e, nil
}

// roots returns every expression of the rule on the judged report.
func (e *evaluator) roots() []*lang.Node {
	all := []*lang.Node{e.rule.Guard, e.rule.Score}
	for _, w := range e.rule.Weights {
		all = append(all, w.When)
	}
	for _, c := range e.rule.Cases {
		all = append(all, c.When)
	}
	for _, l := range e.rule.Lets {
		all = append(all, l.Node)
	}
	for _, u := range e.rule.Windows {
		all = append(all, e.set.Windows[u.Win].Match...)
	}
	for _, x := range e.set.Exceptions {
		if slices.Contains(x.Rules, e.rule.ID) {
			all = append(all, x.When)
		}
	}
	return slices.DeleteFunc(all, func(n *lang.Node) bool { return n == nil })
}

// byName returns a score with its weights as leaves that have their names.
func (e *evaluator) byName(n *lang.Node) *lang.Node {
	if n == nil || len(n.Args) == 0 {
		return n
	}
	out := *n
	if name := e.weightOf(n); name != "" {
		out = lang.Node{Op: lang.Column, Type: n.Type, Key: name}
	}
	out.Args = make([]*lang.Node, len(out.Args))
	for i, a := range n.Args[:len(out.Args)] {
		out.Args[i] = e.byName(a)
	}
	e.nodes[&out] = e.nodes[n]
	return &out
}

// weightOf returns the name of the weight whose points n is, "" when it is none:
// nothing else in a score asks for the condition of a weight, or the hit of its
// rule, in this form.
func (e *evaluator) weightOf(n *lang.Node) string {
	for _, w := range e.rule.Weights {
		if (w.When != nil || w.Rule != "") && w.Node().Key == n.Key {
			return w.Name
		}
	}
	return ""
}

func (e *evaluator) feed(b *event.Batch) {
	if e.feeder != nil {
		e.feeder.Feed(b)
	}
}

// bind makes the only row of b the report, which other rules hit with cases.
func (e *evaluator) bind(b *event.Batch, others map[string]string) {
	e.frame.Bind(b)
	e.frame.Start(0)
	e.frame.Hits = func(rule, name string) bool {
		got, ok := others[rule]
		return ok && (name == "" || name == got)
	}
}

// value returns what n is on the report, the zero Value when it is missing.
func (e *evaluator) value(n *lang.Node) lang.Value {
	f := e.nodes[n]
	if f == nil {
		return lang.Value{}
	}
	v := f(e.frame)
	v.Text = strings.Clone(v.Text)
	return v
}

func (e *evaluator) truth(n *lang.Node) Truth {
	if n == nil {
		return True
	}
	return truthOf(e.value(n))
}

func truthOf(v lang.Value) Truth {
	switch {
	case v.Type != lang.Bool:
		return Unknown
	case v.Bool:
		return True
	}
	return False
}

func (e *evaluator) text(n *lang.Node) string { return e.set.Text(e.rule, n) }

// node returns n with its value and those of its operands.
func (e *evaluator) node(n *lang.Node) *Node {
	if n == nil {
		return nil
	}
	out := &Node{Text: e.text(n), Type: n.Type.String(), Op: n.Op.String(), Let: e.lets[n.Key]}
	before := e.frame.Errs
	v := e.value(n)
	failed := e.frame.Errs != before
	for _, a := range operands(n) {
		child := e.node(a)
		failed = failed && !child.broken()
		out.Args = append(out.Args, child)
	}
	out.Error = failed
	if n.Op == lang.Windowed {
		v, out.Bound = e.windowed(n)
	}
	if n.Type == lang.Bool {
		out.Truth = truthOf(v)
	}
	out.Value = plain(v)
	if compares(n) && out.Truth != True {
		off := e.off(n, true)
		out.Off = &off
	}
	return out
}

// broken reports whether something in n failed.
func (n *Node) broken() bool {
	return n.Error || slices.ContainsFunc(n.Args, (*Node).broken)
}

// compares reports whether n is a condition that no smaller one explains.
func compares(n *lang.Node) bool {
	switch n.Op {
	case lang.And, lang.Or, lang.Not, lang.Cond, lang.Coalesce, lang.Const, lang.Missing:
		return false
	}
	return n.Type == lang.Bool
}

// operands returns what of n is shown below it.
func operands(n *lang.Node) []*lang.Node {
	switch {
	case n.Op == lang.Call && (n.Name == "local_hour" || n.Name == "weekend"):
		return n.Args[1:2] // the others are the time and the zones of the configuration
	}
	return n.Args
}

// windowed returns a value of a window as it stands, and whether it is a lower
// bound or missing for a cut.
func (e *evaluator) windowed(n *lang.Node) (lang.Value, bool) {
	cols := e.frame.Window(n.Win)
	if cols == nil {
		return lang.Value{}, false
	}
	v := kernel.Value(&cols[n.Col], 0, n.Type)
	v.Text = strings.Clone(v.Text)
	lower := slices.Contains([]string{"count", "distinct", "sum"}, e.set.Windows[n.Win].Values[n.Col].Func)
	return v, cols[n.Col].IsCut(0) && (lower || v.Type == lang.Invalid)
}

// field returns a named value.
func field(name string, v lang.Value) Field {
	return Field{Name: name, Type: v.Type.String(), Value: plain(v)}
}

// plain returns v as JSON and people read it.
func plain(v lang.Value) any {
	switch v.Type {
	case lang.Bool:
		return v.Bool
	case lang.Text:
		return v.Text
	case lang.Number:
		return v.Num
	case lang.Time:
		return event.FormatTime(v.Int)
	case lang.Duration:
		return duration(v.Int)
	}
	return nil
}

// duration returns ms as people say it: 1d2h3m4s, 250ms.
func duration(ms int64) string {
	if ms < 0 {
		return "-" + duration(-ms)
	}
	if ms == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range []struct {
		name string
		ms   int64
	}{{"d", 86_400_000}, {"h", 3_600_000}, {"m", 60_000}, {"s", 1000}, {"ms", 1}} {
		if n := ms / u.ms; n > 0 {
			b.WriteString(strconv.FormatInt(n, 10) + u.name)
			ms %= u.ms
		}
	}
	return b.String()
}

// outside lets programs of package lang look into lists and tables.
type outside struct{ *lookup.Set }

// Listed implements lang.Lookups.
func (o outside) Listed(list, x string, at int64) bool {
	l := o.List(list)
	return l != nil && l.Has([]byte(x), at)
}

// Cell implements lang.Lookups.
func (o outside) Cell(table, key, column string, at int64) (lang.Value, bool) {
	t := o.Table(table)
	if t == nil {
		return lang.Value{}, false
	}
	col, _, ok := t.Column(column)
	if !ok {
		return lang.Value{}, false
	}
	v, ok := t.Cell([]byte(key), col, at)
	if !ok {
		return lang.Value{}, false
	}
	switch v.Kind {
	case lookup.Text:
		return lang.Value{Type: lang.Text, Text: v.Text}, true
	case lookup.Time:
		return lang.Value{Type: lang.Time, Int: v.Ms}, true
	case lookup.Bool:
		return lang.Value{Type: lang.Bool, Bool: v.Bool}, true
	}
	return lang.Value{Type: lang.Number, Num: v.Num}, true
}
