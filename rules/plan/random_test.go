package plan_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// schema is the built-in one and a column of the type that it lacks.
func schema() *event.Schema {
	s, err := event.NewSchema(event.Column{Name: "vip", Type: event.Bool, Path: "vip"})
	if err != nil {
		panic(err)
	}
	return s
}

// The vocabularies are small so that random rules and reports often meet.
var (
	kinds     = []string{"bank.transfer", "bank.recall", "telecom.sim_swap"}
	countries = []string{"GB", "IN", "DE", "FR"}
	words     = []string{"", "a", "ab", "abc", "gift", "a gift", "é"}
	numbers   = []string{"0", "1", "2", "2.5", "100", "99999999999999999999.5", "0.000000000000000001"}
	times     = []int64{0, 1_000, 86_400_000, 1_700_000_000_000}
)

// texts, amounts and instants are the columns that random rules use.
var (
	texts    = []string{"kind", "currency", "creditor.account_country", "debtor.account_country", "rail", "creditor.account", "narrative", "debtor.name"}
	amounts  = []string{"amount", "base_amount", "layer", "creditor.lat"}
	instants = []string{"occurred_at", "creditor.opened_at", "payment.settlement_date"}
)

func dec(s string) decimal.D {
	d, err := decimal.ParseSigned([]byte(s))
	if err != nil {
		panic(err)
	}
	return d
}

// filler makes batches as a decoder does: dictionaries live on between batches.
type filler struct {
	schema *event.Schema
	dicts  map[int]*event.Dict
}

func newFiller() *filler { return &filler{schema(), map[int]*event.Dict{}} }

func (f *filler) setSymbol(b *event.Batch, row int, name, value string) {
	col := f.schema.Must(name)
	if f.dicts[col] == nil {
		f.dicts[col] = event.NewDict()
	}
	b.Columns[col].SetCode(row, f.dicts[col].Code([]byte(value)))
}

// batch returns random rows; about a third of all values is missing, and some
// columns are missing altogether.
func (f *filler) batch(t *rapid.T, rows int) *event.Batch {
	b := event.NewBatch(f.schema, nil)
	recs := &event.Records{}
	b.Reset(recs)
	empty := map[string]bool{}
	for _, name := range slices.Concat(texts[1:], amounts, instants[1:], []string{"vip", "extra"}) {
		empty[name] = rapid.IntRange(0, 9).Draw(t, "empty "+name) == 0
	}
	for r := range rows {
		recs.Offsets, recs.Times, recs.Values = append(recs.Offsets, int64(r)), append(recs.Times, 0), append(recs.Values, nil)
		f.row(t, b, r, func(name string) bool {
			return !empty[name] && rapid.IntRange(0, 2).Draw(t, "has "+name) > 0
		})
		b.Accept(r)
	}
	b.Finish()
	for col, d := range f.dicts {
		if !b.Columns[col].Empty() {
			d.Bind(&b.Columns[col])
		}
	}
	return b
}

func (f *filler) row(t *rapid.T, b *event.Batch, r int, has func(string) bool) {
	column := func(name string) *event.Vector { return &b.Columns[f.schema.Must(name)] }
	f.setSymbol(b, r, "kind", rapid.SampledFrom(kinds).Draw(t, "kind"))
	column("occurred_at").SetTime(r, rapid.SampledFrom(times).Draw(t, "time"))
	for _, name := range texts[1:] {
		if !has(name) {
			continue
		}
		value := rapid.SampledFrom(slices.Concat(countries, words)).Draw(t, name)
		if column(name).Type == event.Symbol {
			if value != "" { // no decoder makes an empty symbol: it is missing
				f.setSymbol(b, r, name, value)
			}
		} else {
			column(name).SetText(r, []byte(value))
		}
	}
	for _, name := range amounts[:2] {
		if has(name) {
			column(name).SetDecimal(r, dec(rapid.SampledFrom(numbers).Draw(t, name)))
		}
	}
	if has("layer") {
		column("layer").SetUint(r, rapid.Uint32Range(0, 3).Draw(t, "layer"))
	}
	if has("creditor.lat") {
		column("creditor.lat").SetFloat(r, rapid.SampledFrom([]float64{-1.25, 0, 2.5}).Draw(t, "lat"))
	}
	if has("creditor.opened_at") {
		column("creditor.opened_at").SetTime(r, rapid.SampledFrom(times).Draw(t, "opened"))
	}
	if has("payment.settlement_date") {
		column("payment.settlement_date").SetDate(r, rapid.Int32Range(0, 2).Draw(t, "date"))
	}
	if has("vip") {
		column("vip").SetBool(r, rapid.Bool().Draw(t, "vip"))
	}
	if has("extra") {
		column("extra").AddEntry(r, []byte("ref"), []byte(rapid.SampledFrom(words).Draw(t, "ref")))
	}
}

// Nodes are made here as lang makes them: keys say all that a node means.

func node(op lang.Op, typ lang.Type, args ...*lang.Node) *lang.Node {
	keys := make([]string, len(args))
	for i, a := range args {
		keys[i] = a.Key
	}
	return &lang.Node{Op: op, Type: typ, Args: args, Key: fmt.Sprintf("%d(%s)", op, strings.Join(keys, ","))}
}

func col(s *event.Schema, name string) *lang.Node {
	i := s.Must(name)
	typ := map[event.Type]lang.Type{
		event.Text: lang.Text, event.Symbol: lang.Text, event.Decimal: lang.Number, event.Uint: lang.Number,
		event.Float: lang.Number, event.Time: lang.Time, event.Date: lang.Time, event.Bool: lang.Bool,
	}[s.Columns[i].Type]
	return &lang.Node{Op: lang.Column, Type: typ, Col: i, Key: name}
}

func lit(v lang.Value) *lang.Node {
	return &lang.Node{Op: lang.Const, Type: v.Type, Value: v, Key: fmt.Sprintf("%d:%q:%s:%d:%v", v.Type, v.Text, v.Num, v.Int, v.Bool)}
}

func text(s string) *lang.Node   { return lit(lang.Value{Type: lang.Text, Text: s}) }
func number(s string) *lang.Node { return lit(lang.Value{Type: lang.Number, Num: dec(s)}) }

func in(x *lang.Node, values ...string) *lang.Node {
	n := node(lang.In, lang.Bool, x)
	slices.Sort(values)
	for _, v := range slices.Compact(values) {
		n.Set = append(n.Set, lang.Value{Type: lang.Text, Text: v})
	}
	n.Key += fmt.Sprintf("in%q", values)
	return n
}

func call(name string, typ lang.Type, args ...*lang.Node) *lang.Node {
	n := node(lang.Call, typ, args...)
	n.Name, n.Key = name, name+n.Key
	return n
}

// grower draws random nodes.
type grower struct {
	t     *rapid.T
	s     *event.Schema
	score bool // conditions of cases may use the score
	wins  []*lang.Window
}

func (g grower) pick(n int) int { return rapid.IntRange(0, n-1).Draw(g.t, "pick") }

func (g grower) from(names []string) string { return rapid.SampledFrom(names).Draw(g.t, "from") }

func (g grower) truth(depth int) *lang.Node {
	if depth == 0 {
		return g.leaf()
	}
	switch g.pick(12) {
	case 0, 1, 2, 3:
		return node(lang.And, lang.Bool, g.truth(depth-1), g.truth(depth-1), g.truth(depth-1))
	case 4, 5:
		return node(lang.Or, lang.Bool, g.truth(depth-1), g.truth(depth-1))
	case 6:
		return node(lang.Not, lang.Bool, g.truth(depth-1))
	case 7:
		return node(lang.IsMissing, lang.Bool, g.truth(depth-1))
	case 8:
		return node(lang.Coalesce, lang.Bool, g.truth(depth-1), g.truth(depth-1))
	case 9:
		return node(lang.Cond, lang.Bool, g.truth(depth-1), g.truth(depth-1), g.truth(depth-1))
	case 10:
		return node(lang.Eq, lang.Bool, g.truth(depth-1), g.truth(depth-1))
	}
	return g.leaf()
}

func (g grower) comparison() lang.Op {
	return lang.Eq + lang.Op(g.pick(int(lang.Ge-lang.Eq)+1))
}

func (g grower) leaf() *lang.Node {
	if len(g.wins) > 0 && g.pick(2) == 0 {
		return g.windowLeaf()
	}
	switch g.pick(14) {
	case 0, 1, 2:
		return node(lang.Eq, lang.Bool, col(g.s, g.from(texts)), text(g.from(slices.Concat(countries, words, kinds))))
	case 3:
		return in(g.text(1), g.from(countries), g.from(countries), g.from(words))
	case 4:
		return in(col(g.s, g.from(texts)), g.from(countries), g.from(words), g.from(kinds))
	case 5:
		x := col(g.s, g.from(texts))
		switch g.pick(4) {
		case 0:
			x = call("upper", lang.Text, x)
		case 1:
			x = call("lower", lang.Text, x)
		}
		if g.pick(4) == 0 {
			return node(lang.Matches, lang.Bool, x, text(g.from([]string{"^a", "(gi)+f?", "g|b", "A.*C", "(?i)gift"})))
		}
		return node(lang.Contains+lang.Op(g.pick(3)), lang.Bool, x, text(g.from(append([]string{"GIFT", "É", "B"}, words...))))
	case 6:
		return node(lang.Contains+lang.Op(g.pick(3)), lang.Bool, g.text(1), g.text(1))
	case 7:
		return node(lang.Matches, lang.Bool, g.text(1), text(g.from([]string{"^a", "[gi]f", "B$"})))
	case 8, 9:
		return node(lang.Lt+lang.Op(g.pick(4)), lang.Bool, g.number(1), number(g.from(numbers)))
	case 10:
		return node(g.comparison(), lang.Bool, g.number(1), g.number(1))
	case 11:
		return node(g.comparison(), lang.Bool, g.time(), lit(lang.Value{Type: lang.Time, Int: rapid.SampledFrom(times).Draw(g.t, "ms")}))
	case 12:
		return col(g.s, "vip")
	}
	return node(g.comparison(), lang.Bool, g.text(1), g.text(1))
}

func (g grower) text(depth int) *lang.Node {
	switch c := g.pick(10); {
	case depth > 0 && c == 0:
		return node(lang.Concat, lang.Text, g.text(depth-1), g.text(depth-1))
	case depth > 0 && c == 1:
		return node(lang.Coalesce, lang.Text, g.text(depth-1), g.text(depth-1))
	case depth > 0 && c == 2:
		return node(lang.Cond, lang.Text, g.leaf(), g.text(depth-1), g.text(depth-1))
	case depth > 0 && c == 3:
		return call("upper", lang.Text, g.text(depth-1))
	case c == 4:
		return &lang.Node{Op: lang.Extra, Type: lang.Text, Name: "ref", Key: "extra.ref"}
	case c == 5:
		return text(g.from(words))
	}
	return col(g.s, g.from(texts))
}

func (g grower) number(depth int) *lang.Node {
	if len(g.wins) > 0 && g.pick(4) == 0 {
		return g.numberOutside()
	}
	switch c := g.pick(12); {
	case depth > 0 && c < 5:
		return node(lang.Add+lang.Op(c), lang.Number, g.number(depth-1), g.number(depth-1))
	case depth > 0 && c == 5:
		return node(lang.Neg, lang.Number, g.number(depth-1))
	case depth > 0 && c == 6:
		return node(lang.Coalesce, lang.Number, g.number(depth-1), g.number(depth-1))
	case depth > 0 && c == 7:
		return call("decimal", lang.Number, g.text(depth-1))
	case c == 8 && g.score:
		return &lang.Node{Op: lang.Score, Type: lang.Number, Key: "score"}
	case c == 9:
		return number(g.from(numbers))
	}
	return col(g.s, g.from(amounts))
}

func (g grower) time() *lang.Node {
	t := col(g.s, g.from(instants))
	if g.pick(3) == 0 {
		return node(lang.Add, lang.Time, t, lit(lang.Value{Type: lang.Duration, Int: 1_000}))
	}
	return t
}

// rules draws some rules, of which later ones share conditions with earlier ones.
func (g grower) rules(most int) []*lang.Rule {
	var all []*lang.Rule
	for i := range rapid.IntRange(1, most).Draw(g.t, "rules") {
		r := g.rule(i)
		if i > 0 {
			before := all[g.pick(i)]
			switch g.pick(4) {
			case 0:
				r.Cases = before.Cases
			case 1:
				if before.Guard != nil && r.Guard != nil {
					r.Guard = node(lang.And, lang.Bool, before.Guard, r.Guard)
				}
			case 2:
				r.Guard, r.On = before.Guard, before.On
			}
		}
		all = append(all, r)
	}
	return all
}

// rule draws a rule with or without guard, cases, weights and score.
func (g grower) rule(i int) *lang.Rule {
	r := &lang.Rule{ID: fmt.Sprintf("rule-%03d", i), Version: 1, Status: lang.Live}
	r.On = slices.Compact(slices.Sorted(slices.Values([]string{g.from(kinds), g.from(kinds)})))
	if g.pick(5) > 0 {
		r.Guard = g.truth(2)
	}
	for i := range g.pick(3) {
		r.Weights = append(r.Weights, lang.Weight{Name: fmt.Sprint("w", i), When: g.truth(1), Points: dec(g.from(numbers))})
	}
	if g.pick(6) == 0 {
		r.Score = g.number(1)
	}
	g.score = g.pick(2) == 0
	for i := range g.pick(3) {
		r.Cases = append(r.Cases, lang.Case{Name: fmt.Sprint("c", i), When: g.truth(1)})
	}
	return r
}
