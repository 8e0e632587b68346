package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/spec"
)

// byRule returns a weight by the outcome of another rule.
func (l *loader) byRule(r *spec.Rule, w *spec.Weight, sc *scope) Weight {
	out := Weight{Name: w.Name.Text, Rule: w.Rule.Text}
	other := l.rules[w.Rule.Text]
	if other == nil || w.Rule.Text == r.ID.Text {
		l.noRule(r, w)
		return out
	}
	l.countable(r, w, other)
	if w.Hit.Present() {
		out.Hit = l.points(w.Hit, sc)
	}
	var names []string
	for _, c := range other.Cases {
		names = append(names, c.Name.Text)
	}
	for _, p := range w.ByCase {
		if !slices.Contains(names, p.Name.Text) {
			fix := spec.DidYouMean(p.Name.Text, append(names, "hit"))
			l.error(p.Name.Span, fmt.Sprintf("the rule %s has no case %s", other.ID.Text, p.Name.Text), fix)
		}
		out.ByCase = append(out.ByCase, CasePoints{p.Name.Text, l.points(p.Value, sc)})
	}
	return out
}

// noRule reports a weight by a rule that does not exist or is itself.
func (l *loader) noRule(r *spec.Rule, w *spec.Weight) {
	if w.Rule.Text == r.ID.Text {
		l.error(w.Rule.Span, "a rule cannot count its own hits", "")
		return
	}
	l.error(w.Rule.Span, "there is no rule "+w.Rule.Text, spec.DidYouMean(w.Rule.Text, slices.Sorted(maps.Keys(l.rules))))
}

// countable reports a rule whose hits another rule must not count, or never sees.
func (l *loader) countable(r *spec.Rule, w *spec.Weight, other *spec.Rule) {
	mine, its := Status(r.Status.Text), Status(other.Status.Text)
	switch {
	case mine == Live && its == Shadow:
		l.error(w.Rule.Span, "a live rule cannot count the shadow rule "+other.ID.Text+": what is tried out would decide alerts", "make "+other.ID.Text+" live, or this rule shadow")
	case mine.Judged() && !its.Judged():
		l.error(w.Rule.Span, fmt.Sprintf("the rule %s is %s and never hits", other.ID.Text, its), "remove the weight")
	}
	var kinds []string
	for _, s := range other.On {
		kinds = append(kinds, l.kinds.Expand(s.Text)...)
	}
	shared := len(kinds) == 0
	for _, s := range r.On {
		for _, kind := range l.kinds.Expand(s.Text) {
			shared = shared || slices.Contains(kinds, kind)
		}
	}
	if !shared {
		l.warning(w.Rule.Span, other.ID.Text+" is on "+strings.Join(kinds, ", ")+": it never hits a report that this rule is on", "a weight counts hits of the same report only")
	}
}

// points returns the number of points that s says.
func (l *loader) points(s spec.Scalar, sc *scope) decimal.D {
	d, err := decimal.ParseSigned([]byte(s.Text))
	if err == nil {
		return d
	}
	n, _ := l.expression(s, sc)
	if n == nil {
		return d
	}
	if n.Op != Const || n.Type != Number {
		l.error(s.Span, fmt.Sprintf("points must be a number, not %q", s.Text), "")
		return d
	}
	return n.Value.Num
}

// Node returns what the name of a weight stands for in a score: its points when
// its condition is true, else 0.
func (w Weight) Node() *Node {
	zero := constant(number(decimal.D{}))
	if w.Rule == "" {
		return operation(Cond, Number, operation(Coalesce, Bool, w.When, constant(boolean(false))), constant(number(w.Points)), zero)
	}
	n := operation(Cond, Number, ruleHit(w.Rule, ""), constant(number(w.Hit)), zero)
	for _, c := range slices.Backward(w.ByCase) {
		n = operation(Cond, Number, ruleHit(w.Rule, c.Case), constant(number(c.Points)), n)
	}
	return n
}

// ruleHit returns the condition that a rule hits the report, with a case unless
// it is "".
func ruleHit(rule, name string) *Node {
	return &Node{Op: RuleHit, Type: Bool, Name: rule, Source: name, Key: fmt.Sprintf("hit(%q, %q)", rule, name)}
}

// order sorts the rules so that each comes after those that its weights count,
// and reports cycles.
func (l *loader) order(set *Set) {
	at := make(map[string]int, len(set.Rules))
	for i, r := range set.Rules {
		at[r.ID] = i
	}
	o := &ordering{loader: l, set: set, at: at, state: make([]uint8, len(set.Rules))}
	for i := range set.Rules {
		o.visit(i)
	}
	set.Order = o.out
}

// ordering is a walk through the rules along their weights.
type ordering struct {
	*loader
	set   *Set
	at    map[string]int
	state []uint8 // 0 = not met, 1 = on the path, 2 = done
	path  []string
	out   []int
}

func (o *ordering) visit(i int) {
	r := o.set.Rules[i]
	if o.state[i] == 2 {
		return
	}
	o.state[i] = 1
	o.path = append(o.path, r.ID)
	for _, w := range r.Weights {
		j, known := o.at[w.Rule]
		switch {
		case w.Rule == "" || !known:
		case o.state[j] == 1:
			o.cycle(r, w)
		default:
			o.visit(j)
		}
	}
	o.path = o.path[:len(o.path)-1]
	o.state[i] = 2
	o.out = append(o.out, i)
}

// cycle reports that a weight leads back to a rule that leads to it.
func (o *ordering) cycle(r *Rule, w Weight) {
	from := slices.Index(o.path, w.Rule)
	for _, s := range o.rules[r.ID].Weights {
		if s.Name.Text == w.Name {
			o.error(s.Rule.Span, "rules count one another in a circle: "+strings.Join(o.path[from:], " → ")+" → "+w.Rule, "take one of the weights out")
		}
	}
}
