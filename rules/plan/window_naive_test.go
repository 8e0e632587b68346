package plan_test

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// history is every report of an input, without any state: what RULES §2 says of
// windows is looked up in it again and again.
type history struct {
	b      *event.Batch
	latest []int // rows that are the latest version of their report
	set    *lang.Set
}

func (h *history) text(r int, name string) string {
	return h.b.Columns[h.b.Schema.Must(name)].String(r)
}

func (h *history) time(r int) int64 { return h.b.Columns[h.b.Schema.Must("occurred_at")].I64[r] }

func (h *history) revision(r int) uint32 {
	if v := &h.b.Columns[h.b.Schema.Must("revision")]; v.Has(r) {
		return v.U32[r]
	}
	return 0
}

func (h *history) ref(r int) string { return h.text(r, "reporter") + "/" + h.text(r, "report_id") }

func newHistory(b *event.Batch, set *lang.Set) *history {
	h := &history{b: b, set: set}
	best := map[string]int{}
	for r := range b.Rows {
		o, ok := best[h.ref(r)]
		x, y := b.Hash(r), [16]byte{}
		if ok {
			y = b.Hash(o)
		}
		if !ok || cmp.Or(cmp.Compare(h.revision(o), h.revision(r)), slices.Compare(y[:], x[:])) < 0 {
			best[h.ref(r)] = r
		}
	}
	for _, r := range best {
		h.latest = append(h.latest, r)
	}
	slices.SortFunc(h.latest, func(a, c int) int {
		return cmp.Or(cmp.Compare(h.time(a), h.time(c)), strings.Compare(h.text(a, "reporter"), h.text(c, "reporter")), strings.Compare(h.text(a, "report_id"), h.text(c, "report_id")))
	})
	return h
}

// fixed returns n with everything that is no column of row r in place: this. of
// row judged, values of windows, lists and tables.
func (h *history) fixed(r, judged int, n *lang.Node) *lang.Node {
	if n == nil {
		return nil
	}
	switch n.Op {
	case lang.This:
		return known(n.Type, cell(h.b, judged, n.Col))
	case lang.Windowed:
		return known(n.Type, h.value(r, n.Win, n.Col))
	case lang.InList, lang.Cell:
		key := naive(h.b, r, nil, h.fixed(r, judged, n.Args[0]))
		return known(n.Type, h.lookUp(n, key, h.time(r)))
	}
	m := *n
	m.Args = make([]*lang.Node, len(n.Args))
	for i, a := range n.Args {
		m.Args[i] = h.fixed(r, judged, a)
	}
	return &m
}

// lookUp knows what outside writes into the files.
func (h *history) lookUp(n *lang.Node, key any, at int64) any {
	switch {
	case key == nil:
		return nil
	case n.Op == lang.Cell && key == "GB":
		return big.NewRat(2, 1)
	case n.Op == lang.Cell:
		return nil
	}
	return key == "GB" || key == "a" && at >= 1_000 && at < 86_400_000
}

// known returns a constant of type t.
func known(t lang.Type, v any) *lang.Node {
	out := lang.Value{Type: t}
	switch x := v.(type) {
	case nil:
		return &lang.Node{Op: lang.Missing, Type: t}
	case bool:
		out.Bool = x
	case string:
		out.Text = x
	case int64:
		out.Int = x
	case *big.Rat:
		out.Num = dec(x.FloatString(18))
	}
	return &lang.Node{Op: lang.Const, Type: t, Value: out}
}

func (h *history) parts(r int, nodes []*lang.Node) []any {
	var all []any
	for _, n := range nodes {
		v := naive(h.b, r, nil, n)
		if v == nil {
			return nil
		}
		all = append(all, v)
	}
	return all
}

// entries returns the rows in a window of row judged; false when its key is missing.
func (h *history) entries(judged, win int) (rows []int, ok bool) {
	w := h.set.Windows[win]
	want := h.parts(judged, w.Match)
	if want == nil {
		return nil, false
	}
	t := h.time(judged)
	for _, r := range h.latest {
		key := h.parts(r, w.KeyBy[h.text(r, "kind")])
		in := h.time(r) > t-w.Within && h.time(r) <= t-w.Until && (w.Self || r != judged)
		same := slices.EqualFunc(key, want, func(a, b any) bool { return order(a, b) == 0 })
		if !in || key == nil || !same || !h.counts(r, judged, w.Where) || !h.counts(r, judged, w.Dynamic) {
			continue
		}
		rows = append(rows, r)
	}
	return h.few(w, rows), true
}

func (h *history) counts(r, judged int, where *lang.Node) bool {
	return where == nil || naive(h.b, r, nil, h.fixed(r, judged, where)) == true
}

// few applies once_per and last.
func (h *history) few(w *lang.Window, rows []int) []int {
	if w.OncePer != nil {
		seen := map[any]bool{}
		rows = slices.DeleteFunc(rows, func(r int) bool {
			v := naive(h.b, r, nil, w.OncePer)
			again := v != nil && seen[v]
			seen[v] = true
			return again
		})
	}
	if w.Last > 0 && len(rows) > w.Last {
		rows = rows[len(rows)-w.Last:]
	}
	return rows
}

// value returns a value of a window for row judged.
func (h *history) value(judged, win, col int) any {
	rows, ok := h.entries(judged, win)
	if !ok {
		return nil
	}
	a := h.set.Windows[win].Values[col]
	if a.Arg == nil {
		return big.NewRat(int64(len(rows)), 1)
	}
	var vals []any
	for _, r := range rows {
		if v := naive(h.b, r, nil, h.fixed(r, judged, a.Arg)); v != nil {
			vals = append(vals, v)
		}
	}
	if a.Func == "seen" {
		mine := naive(h.b, judged, nil, h.fixed(judged, judged, a.Arg))
		if mine == nil {
			return nil
		}
		return slices.ContainsFunc(vals, func(v any) bool { return order(v, mine) == 0 })
	}
	return aggregate(a.Func, vals)
}

func aggregate(name string, vals []any) any {
	switch name {
	case "count", "ratio":
		yes := int64(len(slices.DeleteFunc(slices.Clone(vals), func(v any) bool { return v == false })))
		if name == "count" {
			return big.NewRat(yes, 1)
		}
		if len(vals) > 0 {
			return fitting(big.NewRat(yes, int64(len(vals))))
		}
		return nil
	case "distinct":
		slices.SortFunc(vals, order)
		return big.NewRat(int64(len(slices.CompactFunc(vals, func(a, b any) bool { return order(a, b) == 0 }))), 1)
	case "sum", "avg":
		sum := new(big.Rat)
		for _, v := range vals {
			sum.Add(sum, v.(*big.Rat))
		}
		if name == "sum" {
			return fitting(sum)
		}
		if len(vals) > 0 {
			return fitting(sum.Quo(sum, big.NewRat(int64(len(vals)), 1)))
		}
		return nil
	}
	if len(vals) == 0 {
		return nil
	}
	switch name {
	case "min":
		return slices.MinFunc(vals, order)
	case "max":
		return slices.MaxFunc(vals, order)
	case "first":
		return vals[0]
	}
	return vals[len(vals)-1]
}

// expect returns a line a hit.
func (h *history) expect() []string {
	var all []string
	for _, r := range h.latest {
		cases := map[string]string{} // rule that hits → its case
		for _, at := range h.set.Order {
			rule := h.set.Rules[at]
			fixed := h.rule(r, rule, cases)
			m, ok := expectRule(h.b, r, fixed)
			if !ok {
				continue
			}
			name, outcome := "", rule.Outcome
			if m.Case >= 0 {
				name, outcome = rule.Cases[m.Case].Name, rule.Cases[m.Case].Outcome
			}
			cases[rule.ID] = name
			all = append(all, fmt.Sprintf("%s %s v%d case %q score %s values %v about %v", h.ref(r), rule.ID, h.revision(r), name, m.Score, h.values(r, rule), h.about(r, outcome.Alert)))
		}
	}
	slices.Sort(all)
	return all
}

// rule returns a rule about row r alone, after those of Order before it.
func (h *history) rule(r int, rule *lang.Rule, cases map[string]string) *lang.Rule {
	out := *rule
	out.Guard, out.Score = h.fixed(r, r, rule.Guard), h.fixed(r, r, rule.Score)
	out.Weights, out.Cases = nil, nil
	for _, w := range rule.Weights {
		if w.Rule != "" {
			name, ok := cases[w.Rule]
			if !ok {
				continue
			}
			w.Points, w.When = w.PointsOf(name), known(lang.Bool, true)
		} else {
			w.When = h.fixed(r, r, w.When)
		}
		out.Weights = append(out.Weights, w)
	}
	for _, c := range rule.Cases {
		c.When = h.fixed(r, r, c.When)
		out.Cases = append(out.Cases, c)
	}
	return &out
}

func (h *history) values(r int, rule *lang.Rule) []string {
	var all []string
	for _, u := range rule.Windows {
		for _, v := range u.Values {
			a := h.set.Windows[u.Win].Values[v.Col]
			all = append(all, fmt.Sprintf("%s.%s=%v", u.Name, v.Name, shown(a.Type, h.value(r, u.Win, v.Col))))
		}
	}
	return all
}

// shown returns a value as hits keep it.
func shown(t lang.Type, v any) any {
	switch x := v.(type) {
	case *big.Rat:
		return dec(x.FloatString(18))
	case int64:
		return event.FormatTime(x)
	}
	return v
}

// about returns the times of the reports that an alert is for.
func (h *history) about(r int, a *lang.Alert) []int64 {
	times := []int64{}
	if a == nil {
		return times
	}
	rows := map[int]bool{r: a.This}
	for _, win := range a.About {
		in, _ := h.entries(r, win)
		for _, e := range in {
			rows[e] = true
		}
	}
	for e, in := range rows {
		if in {
			times = append(times, h.time(e))
		}
	}
	slices.Sort(times)
	return times
}
