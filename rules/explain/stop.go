package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/lang"
)

// stop is a condition that has to become want.
type stop struct {
	node *lang.Node
	want bool
}

// stops are conditions that have to become something together.
type stops struct {
	all   []stop
	never int // how many of them are constants, which never change
}

func (s stops) and(t stops) stops {
	out := stops{slices.Clone(s.all), s.never + t.never}
	for _, x := range t.all {
		if !slices.ContainsFunc(out.all, func(y stop) bool { return x.want == y.want && x.node.Key == y.node.Key }) {
			out.all = append(out.all, x)
		}
	}
	return out
}

// fewer returns the one of two ways that needs less; of two bounds of one number
// or time the one that is nearer.
func (e *evaluator) fewer(s, t stops) stops {
	switch {
	case t.never != s.never:
		if t.never < s.never {
			return t
		}
	case len(t.all) < len(s.all), len(t.all) == len(s.all) && e.nearer(t, s):
		return t
	}
	return s
}

// nearer reports whether s and t are each a bound of the same value, and s is the
// nearer one.
func (e *evaluator) nearer(s, t stops) bool {
	if len(s.all) != 1 || len(t.all) != 1 {
		return false
	}
	a, b := s.all[0].node, t.all[0].node
	if a.Op < lang.Eq || a.Op > lang.Ge || b.Op < lang.Eq || b.Op > lang.Ge || a.Args[0].Key != b.Args[0].Key {
		return false
	}
	value, x, y := e.value(a.Args[0]), e.value(a.Args[1]), e.value(b.Args[1])
	switch {
	case value.Type != x.Type || value.Type != y.Type:
		return false
	case value.Type == lang.Number:
		return gap(value, x).Cmp(gap(value, y)) < 0
	}
	return max(value.Int-x.Int, x.Int-value.Int) < max(value.Int-y.Int, y.Int-value.Int)
}

// gap returns |a - b|.
func gap(a, b lang.Value) decimal.D {
	d, _ := a.Num.Sub(b.Num)
	if d.Sign() < 0 {
		return d.Neg()
	}
	return d
}

// stopsOf returns the fewest conditions that keep n from being want, true or false:
// were each what is wanted of it, so would n. What is unknown keeps a conjunction
// from being true as well as what is false.
func (e *evaluator) stopsOf(n *lang.Node, want bool) stops {
	if t := e.truth(n); t == True && want || t == False && !want {
		return stops{}
	}
	switch n.Op {
	case lang.And, lang.Or:
		return e.stopsOfAll(n, want)
	case lang.Not:
		return e.stopsOf(n.Args[0], !want)
	case lang.Cond:
		yes := e.stopsOf(n.Args[0], true).and(e.stopsOf(n.Args[1], want))
		return e.fewer(yes, e.stopsOf(n.Args[0], false).and(e.stopsOf(n.Args[2], want)))
	case lang.Coalesce:
		if e.truth(n.Args[0]) == Unknown {
			return e.fewer(e.stopsOf(n.Args[1], want), e.stopsOf(n.Args[0], want))
		}
		return e.stopsOf(n.Args[0], want)
	}
	out := stops{all: []stop{{n, want}}}
	if n.Op == lang.Const || n.Op == lang.Missing {
		out.never = 1
	}
	return out
}

func (e *evaluator) stopsOfAll(n *lang.Node, want bool) stops {
	if (n.Op == lang.And) == want { // every one counts
		var out stops
		for _, a := range n.Args {
			out = out.and(e.stopsOf(a, want))
		}
		return out
	}
	out := e.stopsOf(n.Args[0], want)
	for _, a := range n.Args[1:] {
		out = e.fewer(out, e.stopsOf(a, want))
	}
	return out
}

// why returns the fewest conditions that keep the rule silent.
func (e *evaluator) why(x *Explanation, on bool) []Stop {
	var all []Stop
	if !on {
		text := fmt.Sprintf("kind is %s; the rule is on %s", x.Report.Kind, strings.Join(x.Rule.On, ", "))
		all = append(all, Stop{Part: "kind", Want: True, Truth: False, Text: "kind in on", Off: Off{Text: text}})
	}
	if e.rule.Guard != nil {
		all = append(all, e.named("when", e.stopsOf(e.rule.Guard, true), x)...)
	}
	var best stops
	name := ""
	for i, c := range e.rule.Cases {
		s := e.stopsOf(c.When, true)
		if i > 0 {
			s = e.fewer(best, s)
		}
		if i == 0 || !slices.Equal(s.all, best.all) {
			best, name = s, c.Name
		}
	}
	return append(all, e.named("case "+name, best, x)...)
}

func (e *evaluator) named(part string, s stops, x *Explanation) []Stop {
	var out []Stop
	for _, st := range s.all {
		stop := Stop{Part: part, Want: truthOf(lang.Value{Type: lang.Bool, Bool: st.want}), Truth: e.truth(st.node), Text: e.text(st.node), Let: e.lets[st.node.Key], Off: e.off(st.node, st.want)}
		if mentions(st.node, lang.Score) {
			stop.Off.Text += unscored(x)
		}
		out = append(out, stop)
	}
	return out
}

// unscored names the weights that add nothing.
func unscored(x *Explanation) string {
	var names []string
	for _, w := range x.Weights {
		if w.Adds.Sign() != 0 || w.Points.Sign() <= 0 {
			continue
		}
		names = append(names, fmt.Sprintf("%s (%s, %s)", w.Name, w.Points, w.Truth))
	}
	if len(names) == 0 {
		return ""
	}
	return "; weights that add nothing: " + strings.Join(names, ", ")
}

func mentions(n *lang.Node, op lang.Op) bool {
	return n.Op == op || slices.ContainsFunc(n.Args, func(a *lang.Node) bool { return mentions(a, op) })
}

// off says how far a condition is from being want.
func (e *evaluator) off(n *lang.Node, want bool) Off {
	if e.truth(n) == Unknown {
		return e.unknown(n)
	}
	switch n.Op {
	case lang.Eq, lang.Ne, lang.Lt, lang.Le, lang.Gt, lang.Ge:
		return e.distance(n, want)
	case lang.In:
		return e.outOfSet(n, want)
	case lang.InList:
		return Off{Text: fmt.Sprintf("%s is %s, which is %s lists.%s", e.text(n.Args[0]), e.shown(n.Args[0]), inOrNot(want), n.Name)}
	case lang.IsMissing:
		if want {
			return Off{Text: fmt.Sprintf("%s is %s", e.text(n.Args[0]), e.shown(n.Args[0]))}
		}
		return Off{Text: e.text(n.Args[0]) + " is missing"}
	case lang.Contains, lang.StartsWith, lang.EndsWith, lang.Matches:
		return Off{Text: fmt.Sprintf("%s is %s", e.text(n.Args[0]), e.shown(n.Args[0]))}
	case lang.RuleHit:
		return Off{Text: fmt.Sprintf("%s is %t", e.text(n), !want)}
	}
	return Off{Text: fmt.Sprintf("%s is %t", e.text(n), !want)}
}

// inOrNot says where a value is that should be, or should not be, in a set.
func inOrNot(want bool) string {
	if want {
		return "not in"
	}
	return "in"
}

// maxShown is how many characters of a text people are shown.
const maxShown = 60

// shown returns the value of n for people.
func (e *evaluator) shown(n *lang.Node) string { return shown(e.value(n)) }

func shown(v lang.Value) string { return Said(v.Type.String(), plain(v)) }

// Said returns the value of a node or field for people.
func Said(typ string, v any) string {
	s, ok := v.(string)
	switch {
	case v == nil:
		return "missing"
	case ok && typ == lang.Text.String():
		return quoted(s)
	}
	return fmt.Sprint(v)
}

func quoted(s string) string {
	if r := []rune(s); len(r) > maxShown {
		s = string(r[:maxShown]) + "…"
	}
	return `"` + s + `"`
}

// unknown names what makes n unknown.
func (e *evaluator) unknown(n *lang.Node) Off {
	var out Off
	var texts []string
	for _, m := range e.blame(n) {
		name := e.text(m)
		if slices.Contains(out.Missing, name) {
			continue
		}
		out.Missing = append(out.Missing, name)
		texts = append(texts, name+e.because(m))
	}
	out.Text = strings.Join(texts, "; ")
	return out
}

// because says why m has no value.
func (e *evaluator) because(m *lang.Node) string {
	if m.Op != lang.Windowed {
		if len(m.Args) > 0 && m.Op != lang.Cell {
			return " could not be computed"
		}
		return " is missing"
	}
	v, cut := e.windowed(m)
	switch {
	case cut && v.Type != lang.Invalid:
		return fmt.Sprintf(" is at least %s: the window was cut", shown(v))
	case cut:
		return " is missing: the window was cut"
	case e.frame.Window(m.Win) == nil:
		return " is missing: a part of the window's key is"
	}
	return " is missing: nothing in the window has it"
}

// blame returns the leaves that make n missing; n itself when its computation
// failed.
func (e *evaluator) blame(n *lang.Node) []*lang.Node {
	if e.value(n).Type != lang.Invalid {
		return nil
	}
	args := n.Args
	if n.Op == lang.Cond {
		switch e.truth(n.Args[0]) {
		case True:
			args = n.Args[1:2]
		case False:
			args = n.Args[2:]
		default:
			args = n.Args[:1]
		}
	}
	var all []*lang.Node
	for _, a := range args {
		all = append(all, e.blame(a)...)
	}
	if len(all) == 0 && n.Op != lang.Missing {
		return []*lang.Node{n}
	}
	return all
}

// distance says how far the two sides of a comparison are from each other.
func (e *evaluator) distance(n *lang.Node, want bool) Off {
	a, b := e.value(n.Args[0]), e.value(n.Args[1])
	name, constant := e.text(n.Args[0]), n.Args[1].Op == lang.Const
	is := fmt.Sprintf("%s is %s", name, shown(a))
	other := ""
	if !constant {
		other = fmt.Sprintf(", %s is %s", e.text(n.Args[1]), shown(b))
	}
	if a.Type == lang.Text || a.Type == lang.Bool {
		if !constant {
			return Off{Text: is + other}
		}
		if equal := (n.Op == lang.Eq) == want; equal {
			return Off{Nearest: fmt.Sprint(plain(b)), Text: fmt.Sprintf("%s, not %s", is, shown(b))}
		}
		return Off{Text: is}
	}
	by, sign := difference(a, b)
	if sign == 0 {
		is += other + ": it must be " + map[bool]map[lang.Op]string{
			true:  {lang.Gt: "more", lang.Lt: "less", lang.Ne: "another"},
			false: {lang.Ge: "less", lang.Le: "more", lang.Eq: "another"},
		}[want][n.Op]
		return Off{By: by, Text: is}
	}
	return Off{By: by, Text: fmt.Sprintf("%s%s: %s %s", is, other, by, direction(a.Type, sign))}
}

// difference returns |a - b| and the sign of a - b.
func difference(a, b lang.Value) (by string, sign int) {
	if a.Type == lang.Number {
		d, ok := a.Num.Sub(b.Num)
		sign = a.Num.Cmp(b.Num)
		if sign < 0 {
			d = d.Neg()
		}
		if !ok {
			return "more than 38 digits", sign
		}
		return d.String(), sign
	}
	d := a.Int - b.Int
	switch {
	case d < 0:
		return duration(-d), -1
	case d > 0:
		return duration(d), 1
	}
	return duration(0), 0
}

func direction(t lang.Type, sign int) string {
	words := map[lang.Type][2]string{lang.Number: {"too small", "too great"}, lang.Time: {"too early", "too late"}, lang.Duration: {"too short", "too long"}}[t]
	if sign < 0 {
		return words[0]
	}
	return words[1]
}

// outOfSet names the nearest of the values that would do.
func (e *evaluator) outOfSet(n *lang.Node, want bool) Off {
	v := e.value(n.Args[0])
	out := Off{Text: fmt.Sprintf("%s is %s", e.text(n.Args[0]), shown(v))}
	if !want {
		return out
	}
	switch v.Type {
	case lang.Text:
		var words []string
		for _, s := range n.Set {
			words = append(words, s.Text)
		}
		out.Nearest = code.Nearest(words, v.Text)
	case lang.Number:
		var least decimal.D
		for i, s := range n.Set {
			d := gap(v, s)
			if i == 0 || d.Cmp(least) < 0 {
				least, out.Nearest, out.By = d, s.Num.String(), d.String()
			}
		}
	}
	if out.Nearest != "" {
		out.Text += "; nearest is " + out.Nearest
	}
	return out
}
