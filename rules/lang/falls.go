package lang

import (
	"slices"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// trend says what becomes of a value when windows get more entries. Of a
// condition: steady = nothing, rising = once true it stays true, falling = once
// false it stays false. Of a number or time: it does not get less, or not more,
// once it is there.
type trend uint8

const (
	steady  trend = 0
	rising  trend = 1
	falling trend = 2
	open    trend = rising | falling
)

func (t trend) flip() trend {
	if t == rising || t == falling {
		return open - t
	}
	return t
}

// trends judges the nodes of one rule.
type trends struct {
	set    *Set
	rule   *Rule
	others map[string]*Rule
	known  map[*Node]trend
}

// falls finds what can be overturned in every rule, in the order in which they
// are judged, and demands settling or a person's approval of those that can.
func (l *loader) falls(set *Set) {
	others := map[string]*Rule{}
	for _, r := range set.Rules {
		others[r.ID] = r
	}
	for _, i := range set.Order {
		r := set.Rules[i]
		t := &trends{set: set, rule: r, others: others, known: map[*Node]trend{}}
		if len(r.Windows) > 0 || t.counts(r) {
			r.Falls = t.conditions()
		}
		l.settled(l.rules[r.ID], r)
	}
}

// conditions returns what of the rule can fall, as text.
func (t *trends) conditions() []string {
	var out []string
	add := func(n *Node) {
		conjuncts := []*Node{n}
		if n != nil && n.Op == And {
			conjuncts = n.Args
		}
		for _, c := range conjuncts {
			if c == nil || t.of(c)&falling == 0 {
				continue
			}
			if s := t.set.Text(t.rule, c); !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	add(t.rule.Guard)
	scored := ""
	for _, c := range t.rule.Cases {
		if reads(c.When, Score) && t.of(c.When)&falling != 0 {
			scored = t.set.Text(t.rule, c.When)
		} else {
			add(c.When)
		}
	}
	out = append(out, t.overtaken()...)
	if scored == "" {
		return out
	}
	weights := t.weights()
	if len(weights) == 0 {
		weights = []string{scored}
	}
	return append(out, weights...)
}

// overtaken returns the cases that can become true before a graver one that held,
// so that the hit gets milder.
func (t *trends) overtaken() []string {
	var out []string
	grave := func(c Case) int {
		rank := 2 * slices.Index([]string{"low", "medium", "high", "critical"}, c.Severity)
		if c.Alert != nil {
			rank++
		}
		return rank
	}
	for i, c := range t.rule.Cases {
		if t.of(c.When) == steady {
			continue
		}
		for _, later := range t.rule.Cases[i+1:] {
			if grave(later) > grave(c) {
				out = append(out, "case "+c.Name+" before the graver case "+later.Name)
				break
			}
		}
	}
	return out
}

// weights returns which weights can fall, as text.
func (t *trends) weights() []string {
	var out []string
	for _, w := range t.rule.Weights {
		switch {
		case t.weight(w)&falling == 0:
		case w.Rule != "":
			out = append(out, "weight "+w.Name+": the outcome of "+w.Rule)
		default:
			out = append(out, "weight "+w.Name+": "+t.set.Text(t.rule, w.When))
		}
	}
	return out
}

// weight returns the trend of the points of w.
func (t *trends) weight(w Weight) trend {
	if w.Rule != "" {
		other := t.others[w.Rule]
		switch {
		case other == nil || len(other.Windows) == 0 && !t.counts(other):
			return steady
		case len(other.Falls) > 0 || len(w.ByCase) > 0:
			return open
		case w.Hit.Sign() < 0:
			return falling
		}
		return rising
	}
	switch t.of(w.When) {
	case steady:
		return steady
	case rising:
		if w.Points.Sign() < 0 {
			return falling
		}
		return rising
	}
	return open
}

// counts reports whether a rule counts others.
func (t *trends) counts(r *Rule) bool {
	return slices.ContainsFunc(r.Weights, func(w Weight) bool { return w.Rule != "" })
}

// score returns the trend of the rule's score.
func (t *trends) score() trend {
	if t.rule.Score != nil {
		return t.of(t.rule.Score)
	}
	sum := steady
	for _, w := range t.rule.Weights {
		sum |= t.weight(w)
	}
	return sum
}

// of returns the trend of a node, judging each once: nodes are shared.
func (t *trends) of(n *Node) trend {
	if n == nil || len(n.Args) == 0 && n.Op < Score {
		return steady
	}
	found, ok := t.known[n]
	if !ok {
		found = t.judge(n)
		t.known[n] = found
	}
	return found
}

func (t *trends) judge(n *Node) trend {
	switch n.Op {
	case Windowed:
		return t.value(n)
	case Score:
		return t.score()
	case RuleHit:
		return t.weight(Weight{Rule: n.Name, Hit: decimal.FromInt(1), ByCase: make([]CasePoints, len(n.Source))})
	case And, Or, Add:
		return t.join(n.Args)
	case Not, Neg:
		return t.of(n.Args[0]).flip()
	case Sub:
		return t.of(n.Args[0]) | t.of(n.Args[1]).flip()
	case Lt, Le, Gt, Ge, Eq, Ne:
		return t.comparison(n)
	case Mul, Div:
		return t.scaled(n)
	case IsMissing, Coalesce:
		return t.absence(n)
	}
	return t.rare(n)
}

func (t *trends) join(args []*Node) trend {
	all := steady
	for _, a := range args {
		all |= t.of(a)
	}
	return all
}

// absence returns the trend of x == nil and of x ?? y.
func (t *trends) absence(n *Node) trend {
	x := n.Args[0]
	switch {
	case t.join(n.Args) == steady:
		return steady
	case n.Op == IsMissing && t.neverMissing(x):
		return steady
	case n.Op == IsMissing && x.Op == Windowed:
		return falling
	case n.Op == Coalesce && (t.neverMissing(x) || n.Args[1].isBool(false)):
		return t.of(x)
	}
	return open
}

// rare returns the trend of the rarer operations.
func (t *trends) rare(n *Node) trend {
	all := t.join(n.Args)
	switch {
	case all == steady, n.Op == Call && (n.Name == "hours" || n.Name == "max" || n.Name == "min"):
		return all
	case n.Op == Cond:
		return t.conditional(n)
	}
	return open
}

// scaled returns the trend of a product with, or a quotient by, a constant.
func (t *trends) scaled(n *Node) trend {
	a, b := n.Args[0], n.Args[1]
	if n.Op == Mul && a.isConst() {
		a, b = b, a
	}
	switch {
	case t.of(a)|t.of(b) == steady:
		return steady
	case !b.isConst() || b.Value.Num.Sign() == 0:
		return open
	case b.Value.Num.Sign() < 0:
		return t.of(a).flip()
	}
	return t.of(a)
}

// conditional returns the trend of c ? a : b.
func (t *trends) conditional(n *Node) trend {
	c, a, b := n.Args[0], n.Args[1], n.Args[2]
	if t.of(c) == steady {
		return t.of(a) | t.of(b)
	}
	if !a.isConst() || a.Type != Number || c.Op != Coalesce && c.Op != RuleHit {
		return open
	}
	rest := t.of(b)
	switch {
	case !b.isConst():
		return open
	case t.of(c) == rising && a.Value.Num.Cmp(b.Value.Num) >= 0:
		return rising | rest
	case t.of(c) == rising:
		return falling
	}
	return open
}

// comparison returns the trend of a comparison.
func (t *trends) comparison(n *Node) trend {
	left, right := t.of(n.Args[0]), t.of(n.Args[1])
	if left|right == steady {
		return steady
	}
	switch n.Op {
	case Gt, Ge:
		return left | right.flip()
	case Lt, Le:
		return left.flip() | right
	}
	v, c := n.Args[0], n.Args[1]
	if !c.isConst() || left != rising {
		return open
	}
	equal := open
	switch {
	case c.Type == Bool && c.Value.Bool:
		equal = rising
	case c.Type == Bool, c.Type == Number && c.Value.Num.Sign() == 0 && t.neverMissing(v):
		equal = falling // it begins at 0 or false
	}
	if n.Op == Ne {
		return equal.flip()
	}
	return equal
}

// neverMissing reports whether a value of a window is there as soon as the key
// is.
func (t *trends) neverMissing(n *Node) bool {
	if n.Op != Windowed {
		return false
	}
	f := t.set.Windows[n.Win].Values[n.Col].Func
	return f == "count" || f == "distinct" || f == "sum" || f == "seen"
}

// value returns the trend of a value of a window.
func (t *trends) value(n *Node) trend {
	w := t.set.Windows[n.Win]
	a := w.Values[n.Col]
	if a.Func == "count" && a.Arg == nil {
		return rising
	}
	if w.OncePer == nil && a.Func == "max" && a.Arg.Key == "occurred_at" {
		return rising
	}
	if w.Last > 0 || w.OncePer != nil {
		return open // another entry can take the place of one that counted
	}
	switch a.Func {
	case "count", "distinct", "max", "seen":
		return rising
	case "min":
		return falling
	case "sum":
		if neverNegative(t.set.Schema, a.Arg) {
			return rising
		}
	}
	return open
}

// neverNegative reports whether a number cannot be below zero: amounts and whole
// columns, sums and products of them.
func neverNegative(s *event.Schema, n *Node) bool {
	switch n.Op {
	case Const:
		return n.Value.Num.Sign() >= 0
	case Column:
		c := s.Columns[n.Col]
		return c.Type == event.Uint || c.Type == event.Decimal
	case Add, Mul, Coalesce:
		return neverNegative(s, n.Args[0]) && neverNegative(s, n.Args[1])
	case Call:
		return n.Name == "abs" || n.Name == "len"
	}
	return false
}
