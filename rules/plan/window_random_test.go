package plan_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/rules/lang"
)

// windows draws some windows, whose keys say all that they mean.
func (g grower) windows(most int) []*lang.Window {
	var all []*lang.Window
	for i := range rapid.IntRange(1, most).Draw(g.t, "windows") {
		all = append(all, g.window(i))
	}
	return all
}

func (g grower) window(i int) *lang.Window {
	w := &lang.Window{Key: fmt.Sprint("window ", i), KeyBy: map[string][]*lang.Node{}, Self: g.pick(2) == 0}
	w.From = slices.Compact(slices.Sorted(slices.Values([]string{g.from(kinds), g.from(kinds)})))
	w.Match = g.key()
	for _, kind := range w.From {
		w.KeyBy[kind] = w.Match
		if w.Match[0].Type == lang.Text && g.pick(3) == 0 {
			w.KeyBy[kind] = append([]*lang.Node{col(g.s, g.from(texts))}, w.Match[1:]...)
		}
	}
	if g.pick(3) == 0 {
		w.Where = g.truth(1)
	}
	if g.pick(3) == 0 {
		w.Dynamic = g.dynamic()
	}
	w.Within = rapid.SampledFrom([]int64{1_001, 86_400_000, 86_400_001, 2_000_000_000_000}).Draw(g.t, "within")
	w.Until = rapid.SampledFrom([]int64{0, 0, 0, 1_000}).Draw(g.t, "until")
	if g.pick(4) == 0 {
		w.Last = 1 + g.pick(2)
	}
	if g.pick(4) == 0 {
		w.OncePer = g.text(0)
	}
	w.Values = g.aggregates()
	return w
}

func (g grower) key() []*lang.Node {
	switch g.pick(4) {
	case 0:
		return []*lang.Node{col(g.s, "amount")}
	case 1:
		return []*lang.Node{col(g.s, g.from(texts)), col(g.s, "kind")}
	}
	return []*lang.Node{col(g.s, g.from([]string{"kind", "currency", "rail"}))}
}

// dynamic draws a condition with `this.`.
func (g grower) dynamic() *lang.Node {
	this := func(name string) *lang.Node {
		n := *col(g.s, name)
		n.Op, n.Key = lang.This, "this."+name
		return &n
	}
	amount := node(g.comparison(), lang.Bool, g.number(1), this(g.from(amounts)))
	name := node(g.comparison(), lang.Bool, g.text(1), this(g.from(texts)))
	switch g.pick(4) {
	case 0:
		return amount
	case 1:
		return node(lang.Or, lang.Bool, g.truth(1), name)
	case 2:
		return node(lang.Eq, lang.Bool, this("currency"), text("GB"))
	}
	return node(lang.And, lang.Bool, node(lang.Coalesce, lang.Bool, amount, g.truth(0)), name)
}

func (g grower) aggregates() []lang.Aggregate {
	all := []lang.Aggregate{{Func: "count", Type: lang.Number}}
	n := 1 + g.pick(4)
	if g.pick(6) == 0 {
		n = 28 // more than an entry of the store has room for
	}
	for range n {
		a := lang.Aggregate{Func: g.from([]string{"count", "sum", "min", "max", "avg", "distinct", "first", "last", "ratio", "seen"}), Type: lang.Number}
		switch a.Func {
		case "count", "ratio":
			a.Arg = g.truth(1)
		case "sum", "avg":
			a.Arg = g.number(1)
		case "min", "max":
			a.Arg = rapid.SampledFrom([]*lang.Node{col(g.s, "occurred_at"), col(g.s, "amount"), g.number(1)}).Draw(g.t, "arg")
			a.Type = a.Arg.Type
		default:
			a.Arg = rapid.SampledFrom([]*lang.Node{col(g.s, "vip"), col(g.s, "amount"), col(g.s, "creditor.account"), col(g.s, "occurred_at"), g.text(1)}).Draw(g.t, "arg")
			if a.Func == "first" || a.Func == "last" {
				a.Type = a.Arg.Type
			}
		}
		if a.Func == "seen" {
			a.Type = lang.Bool
		}
		a.Key = a.Func + "(" + a.Arg.Key + ")"
		all = append(all, a)
	}
	return all
}

// value draws a value of a window.
func (g grower) value() *lang.Node {
	win := g.pick(len(g.wins))
	c := g.pick(len(g.wins[win].Values))
	return &lang.Node{Op: lang.Windowed, Type: g.wins[win].Values[c].Type, Win: win, Col: c, Key: fmt.Sprintf("window(%d).%d", win, c)}
}

func (g grower) windowLeaf() *lang.Node {
	if g.pick(5) == 0 {
		return g.inList()
	}
	switch v := g.value(); v.Type {
	case lang.Bool:
		return v
	case lang.Text:
		return node(g.comparison(), lang.Bool, v, g.text(0))
	case lang.Time:
		return node(g.comparison(), lang.Bool, v, g.time())
	default:
		return node(g.comparison(), lang.Bool, v, number(g.from(numbers)))
	}
}

// numberOutside draws a number of a window or a table.
func (g grower) numberOutside() *lang.Node {
	for range 3 {
		if v := g.value(); v.Type == lang.Number {
			return v
		}
	}
	return &lang.Node{Op: lang.Cell, Type: lang.Number, Name: "limits", Source: "floor", Args: []*lang.Node{col(g.s, "currency")}, Key: "tables.limits[currency].floor"}
}

func (g grower) inList() *lang.Node {
	x := g.text(1)
	return &lang.Node{Op: lang.InList, Type: lang.Bool, Name: "some", Args: []*lang.Node{x}, Key: "in(" + x.Key + ", lists.some)"}
}

// set draws a set of rules with windows, which count one another's hits.
func (g grower) set(most int) *lang.Set {
	plain := g
	s := &lang.Set{Schema: g.s, Windows: plain.windows(3)}
	g.wins = s.Windows
	s.Rules = g.rules(most)
	s.Order = rapid.Permutation(positions(len(s.Rules))).Draw(g.t, "order")
	for i, at := range s.Order {
		r := s.Rules[at]
		for w := range s.Windows {
			use := lang.WindowUse{Name: fmt.Sprint("w", w), Win: w}
			for c := range s.Windows[w].Values {
				use.Values = append(use.Values, lang.ValueUse{Name: fmt.Sprint("v", c), Col: c})
			}
			r.Windows = append(r.Windows, use)
		}
		if i > 0 && g.pick(2) == 0 {
			g.link(r, s.Rules[s.Order[g.pick(i)]])
		}
		if g.pick(3) == 0 {
			r.About = []int{g.pick(len(s.Windows))}
			r.Alert = &lang.Alert{Subject: "creditor", This: g.pick(2) == 0, About: r.About}
			for c := range r.Cases {
				r.Cases[c].Alert = r.Alert
			}
		}
	}
	return s
}

// link makes r count the hits of another rule.
func (g grower) link(r, other *lang.Rule) {
	w := lang.Weight{Name: "linked", Rule: other.ID, Hit: dec("10")}
	for _, c := range other.Cases[:min(1, len(other.Cases))] {
		w.ByCase = append(w.ByCase, lang.CasePoints{Case: c.Name, Points: dec("2.5")})
	}
	r.Weights = append(r.Weights, w)
}

func positions(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
