package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/rules/spec"
)

func newScope() *scope {
	return &scope{params: map[string]*binding{}, lets: map[string]*binding{}, windows: map[string]*windowBinding{}}
}

// about reads which payments an alert is for.
func (l *loader) about(a *spec.Alert, out *Alert, sc *scope) {
	out.This, out.About = false, nil
	for _, s := range a.About {
		if s.Text == "this" {
			out.This = true
			continue
		}
		b := sc.windows[s.Text]
		if b == nil {
			names := append(slices.Sorted(maps.Keys(sc.windows)), "this")
			l.error(s.Span, fmt.Sprintf("about: there is no window %s", s.Text), spec.DidYouMean(s.Text, names))
			continue
		}
		if b.win == nil {
			continue // reported where it stands
		}
		if i := l.register(b); !slices.Contains(out.About, i) {
			out.About = append(out.About, i)
		}
		if !slices.ContainsFunc(b.win.From, func(kind string) bool { return fills(kind, fillers("amount")) }) {
			l.warning(s.Span, "reports of "+strings.Join(b.win.From, ", ")+" have no amount: an alert about them asks for nothing", "name this, or a window of payments")
		}
	}
}

// fills reports whether a kind is of one of the families, or of an unknown one.
func fills(kind string, families []string) bool {
	family, _, _ := strings.Cut(kind, ".")
	return slices.Contains(families, family) || !slices.Contains(builtInFamilies(), family)
}

// Nodes calls f for every expression of the rule: its guard, weights, score,
// cases and facts.
func (r *Rule) Nodes(f func(*Node)) {
	call := func(n *Node) {
		if n != nil {
			f(n)
		}
	}
	facts := func(a *Alert) {
		if a == nil {
			return
		}
		for _, p := range a.Facts {
			call(p.Expr)
		}
	}
	call(r.Guard)
	call(r.Score)
	for _, w := range r.Weights {
		call(w.When)
	}
	facts(r.Alert)
	for _, c := range r.Cases {
		call(c.When)
		facts(c.Alert)
	}
}

// Nodes calls f for every expression of the window.
func (w *Window) Nodes(f func(*Node)) {
	nodes := []*Node{w.Where, w.Dynamic, w.OncePer}
	for _, kind := range w.From {
		nodes = append(nodes, w.KeyBy[kind]...)
	}
	nodes = append(nodes, w.Match...)
	for _, a := range w.Values {
		nodes = append(nodes, a.Arg)
	}
	for _, n := range nodes {
		if n != nil {
			f(n)
		}
	}
}

// Judged returns the positions in Windows of those that rules which are judged
// use, ascending.
func (s *Set) Judged() []int {
	var all []int
	for _, r := range s.Rules {
		if r.Status.Judged() {
			for _, w := range r.Windows {
				all = append(all, w.Win)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// uses fills in which windows, lists and tables a rule uses.
func (l *loader) uses(r *spec.Rule, rule *Rule, sc *scope) {
	cols := map[int]map[int]bool{}
	nodes := 0
	lists, tables := map[string]bool{}, map[string]bool{}
	look := func(n *Node) {
		n.Walk(func(m *Node) bool {
			nodes++
			switch m.Op {
			case Windowed:
				if cols[m.Win] == nil {
					cols[m.Win] = map[int]bool{}
				}
				cols[m.Win][m.Col] = true
			case InList:
				lists[m.Name] = true
			case Cell:
				tables[m.Name] = true
			}
			return nodes <= maxRule
		})
	}
	rule.Nodes(look)
	if nodes > maxRule {
		l.error(r.ID.Span, fmt.Sprintf("the rule expands to more than %d nodes", maxRule), "split it")
	}
	rule.About = aboutAny(rule)
	l.windowUses(r, rule, sc, cols)
	for _, u := range rule.Windows {
		l.windows[u.Win].Nodes(look)
	}
	rule.Lists, rule.Tables = slices.Sorted(maps.Keys(lists)), slices.Sorted(maps.Keys(tables))
}

// maxRule bounds the nodes of all expressions of a rule.
const maxRule = 50_000

// aboutAny returns the windows that any alert of a rule is about.
func aboutAny(rule *Rule) []int {
	var all []int
	if rule.Alert != nil {
		all = append(all, rule.Alert.About...)
	}
	for _, c := range rule.Cases {
		if c.Alert != nil {
			all = append(all, c.Alert.About...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// windowUses fills in rule.Windows from the columns of windows that it reads.
func (l *loader) windowUses(r *spec.Rule, rule *Rule, sc *scope, cols map[int]map[int]bool) {
	done := map[int]bool{}
	for _, b := range l.inOrder(r, sc) {
		if b.win == nil || b.index < 0 || done[b.index] {
			continue
		}
		about := slices.Contains(rule.About, b.index)
		if cols[b.index] == nil && !about {
			continue
		}
		done[b.index] = true
		u := WindowUse{Name: b.name.Text, Win: b.index}
		for _, v := range b.order {
			if col := b.values[v.Text]; col >= 0 && (cols[b.index][col] || about) {
				u.Values = append(u.Values, ValueUse{v.Text, col})
			}
		}
		rule.Windows = append(rule.Windows, u)
		l.neverMatched(b, rule)
	}
	if len(rule.Windows) > maxWindows {
		l.error(r.ID.Span, fmt.Sprintf("the rule reads %d windows; at most %d", len(rule.Windows), maxWindows), "split it, or use values of one window")
	}
}

// inOrder returns the windows that a rule can name: those of its libraries, then
// its own.
func (l *loader) inOrder(r *spec.Rule, sc *scope) []*windowBinding {
	var out []*windowBinding
	add := func(ws []*spec.Window) {
		for _, w := range ws {
			if b := sc.windows[w.Name.Text]; b != nil && !slices.Contains(out, b) {
				out = append(out, b)
			}
		}
	}
	for _, use := range r.Use {
		if lib := l.libraries[use.Text]; lib != nil {
			add(lib.Windows)
		}
	}
	add(r.Windows)
	return out
}

// neverMatched warns about a window whose match no kind of the rule fills.
func (l *loader) neverMatched(b *windowBinding, rule *Rule) {
	for _, m := range b.win.Match {
		for _, col := range m.Columns(l.schema) {
			name := l.schema.Columns[col].Name
			by := fillers(name)
			if by == nil || len(rule.On) == 0 || slices.ContainsFunc(rule.On, func(kind string) bool { return fills(kind, by) }) {
				continue
			}
			l.warning(b.name.Span, fmt.Sprintf("%s is never filled by %s, so every value of %s is missing for %s", name, strings.Join(rule.On, ", "), b.name.Text, rule.ID), "match: the same entity as the judged report names it")
		}
	}
}

// reviewWindow warns about what is allowed in a window and probably not meant.
func (l *loader) reviewWindow(w *spec.Window, win *Window) {
	for _, kind := range win.From {
		for _, part := range win.KeyBy[kind] {
			for _, col := range part.Columns(l.schema) {
				name := l.schema.Columns[col].Name
				if by := fillers(name); by != nil && !fills(kind, by) {
					l.warning(w.Name.Span, fmt.Sprintf("%s is never filled by %s, which feeds nothing then", name, kind), "kinds that fill it: "+strings.Join(by, ".*, ")+".*")
				}
			}
		}
	}
	const fix = "add it under from:"
	l.kindsOutside(w.Where, win.Where, win.From, "the window is not fed by ", fix)
	if win.Where != nil {
		l.currencies(w.Where, win.Where, []*Node{win.Where})
	}
	for _, v := range w.Values {
		for _, a := range win.Values {
			if strings.HasPrefix(v.Value.Text, a.Func) {
				l.kindsOutside(v.Value, a.Arg, win.From, "the window is not fed by ", fix)
			}
		}
	}
	if w.Self.Present() && win.Until > 0 {
		l.warning(w.Self.Span, "until leaves the judged report out in any case", "remove self:")
	}
}

// budget refuses windows that would keep more than the budget, by the rates that
// are measured or given.
func (l *loader) budget(set *Set) {
	o := l.options.Budget
	if o.Bytes <= 0 {
		return
	}
	var total float64
	greatest, size := -1, 0.0
	for _, i := range set.Judged() {
		s := set.Windows[i].Size(o)
		total += s
		if s > size {
			greatest, size = i, s
		}
	}
	if total <= float64(o.Bytes) || greatest < 0 {
		return
	}
	for _, r := range set.Rules {
		for _, u := range r.Windows {
			if u.Win != greatest || !r.Status.Judged() {
				continue
			}
			for _, b := range l.libraryOrRule(l.rules[r.ID], u.Name) {
				l.error(b.Within.Span, fmt.Sprintf("windows would keep %s, and the budget is %s; this one keeps %s: %.1f reports/s over %s",
					bytesText(total), bytesText(float64(o.Bytes)), bytesText(size), set.Windows[greatest].rate(o), durationOf(set.Windows[greatest].Within)),
					"shorten within, feed it by fewer kinds, or raise the budget of the config")
				return
			}
		}
	}
}

// libraryOrRule returns the window that a rule calls name.
func (l *loader) libraryOrRule(r *spec.Rule, name string) []*spec.Window {
	all := slices.Clone(r.Windows)
	for _, use := range r.Use {
		if lib := l.libraries[use.Text]; lib != nil {
			all = append(all, lib.Windows...)
		}
	}
	return slices.DeleteFunc(all, func(w *spec.Window) bool { return w.Name.Text != name })
}

func (w *Window) rate(o Budget) float64 {
	sum := 0.0
	for _, kind := range w.From {
		sum += o.Rates[kind]
	}
	return sum
}

// Size returns about how many bytes the window keeps at the rates of o: every
// report that a kind in From brings, for Within and the lateness, 32 bytes an
// entry and 16 a value that needs its own.
func (w *Window) Size(o Budget) float64 {
	seconds := (float64(w.Within) + float64(o.Lateness.Milliseconds())) / 1000
	entry := 32
	args := map[string]bool{}
	for _, a := range w.Values {
		if a.Arg != nil && !args[a.Arg.Key] {
			args[a.Arg.Key] = true
			entry += 16
		}
	}
	return w.rate(o) * seconds * float64(entry)
}

func bytesText(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if n < 1024 {
			return fmt.Sprintf("%.1f %s", n, unit)
		}
		n /= 1024
	}
	return fmt.Sprintf("%.1f TiB", n)
}
