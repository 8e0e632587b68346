package plan_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
)

// part returns rows [from, to) of b as a batch of their own, with the same
// dictionaries.
func part(b *event.Batch, from, to int) *event.Batch {
	p := event.NewBatch(b.Schema, nil)
	p.Reset(&event.Records{Offsets: b.Records.Offsets[from:to], Times: b.Records.Times[from:to], Values: b.Records.Values[from:to]})
	for r := from; r < to; r++ {
		for c := range b.Columns {
			copyCell(&p.Columns[c], r-from, &b.Columns[c], r)
		}
		p.Accept(r - from)
	}
	p.Finish()
	for c := range p.Columns {
		if v := &p.Columns[c]; v.Type == event.Symbol && !v.Empty() {
			v.Values, v.Generation = b.Columns[c].Values, b.Columns[c].Generation
		}
	}
	return p
}

func copyCell(to *event.Vector, row int, from *event.Vector, r int) {
	if !from.Has(r) {
		return
	}
	switch from.Type {
	case event.Text:
		to.SetText(row, from.Text(r))
	case event.Symbol:
		to.SetCode(row, from.Codes[r])
	case event.Decimal:
		to.SetDecimal(row, from.Dec[r])
	case event.Time:
		to.SetTime(row, from.I64[r])
	case event.Date:
		to.SetDate(row, from.I32[r])
	case event.Uint:
		to.SetUint(row, from.U32[r])
	case event.Float:
		to.SetFloat(row, from.F64[r])
	case event.Bool:
		to.SetBool(row, from.True.Has(r))
	case event.Map:
		for i := from.Off[r]; i < from.Off[r+1]; i++ {
			to.AddEntry(row, from.Keys.Text(int(i)), from.Vals.Text(int(i)))
		}
	}
}

// TestSplit judges the same rows as one batch and as several: the matches are
// the same, whatever the evaluator remembers between batches.
func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFiller()
		g := grower{t: t, s: f.schema}
		rules := g.rules(8)
		p := newPlan(t, f.schema, rules...)
		b := f.batch(t, rapid.IntRange(1, 10).Draw(t, "rows"))
		whole := slices.Clone(plan.NewEvaluator(p).Eval(b))
		e := plan.NewEvaluator(p)
		var parts []plan.Match
		for from := 0; from < b.Rows; {
			to := min(b.Rows, from+rapid.IntRange(1, 4).Draw(t, "size"))
			for _, m := range e.Eval(part(b, from, to)) {
				m.Row += int32(from)
				parts = append(parts, m)
			}
			from = to
		}
		if !slices.Equal(whole, parts) {
			t.Fatalf("whole %v, in parts %v", whole, parts)
		}
	})
}

// TestDictionaryRestart fills a dictionary until it starts anew, so that codes
// come to mean other values.
func TestDictionaryRestart(t *testing.T) {
	f := newFiller()
	country := "creditor.account_country"
	p := newPlan(t, f.schema,
		&lang.Rule{ID: "equal", Status: lang.Live, On: kinds, Guard: node(lang.Eq, lang.Bool, col(f.schema, country), text("GB"))},
		&lang.Rule{ID: "search", Status: lang.Live, On: kinds, Guard: node(lang.StartsWith, lang.Bool, col(f.schema, country), text("G"))})
	e := plan.NewEvaluator(p)
	one := func(value string) []plan.Match {
		b := event.NewBatch(f.schema, nil)
		b.Reset(&event.Records{Offsets: []int64{0}, Times: []int64{0}, Values: [][]byte{nil}})
		f.setSymbol(b, 0, "kind", kinds[0])
		f.setSymbol(b, 0, country, value)
		b.Accept(0)
		b.Finish()
		for c, d := range f.dicts {
			d.Bind(&b.Columns[c])
		}
		return e.Eval(b)
	}
	for round := range 3 {
		if n := len(one("IN")); n != 0 {
			t.Fatalf("round %d: IN has %d matches", round, n)
		}
		if n := len(one("GB")); n != 2 {
			t.Fatalf("round %d: GB has %d matches", round, n)
		}
		d := f.dicts[f.schema.Must(country)]
		for i := range event.MaxDict {
			d.Code(fmt.Appendf(nil, "%d", i))
		}
		if n := len(one("GA")); n != 1 { // a code beyond what a predicate remembers
			t.Fatalf("round %d: GA has %d matches", round, n)
		}
		d.NextBatch()
		f.setSymbol(event.NewBatch(f.schema, nil), 0, country, "XX") // code 1 was IN
	}
}

// TestNoAllocation judges warm batches without allocating.
func TestNoAllocation(t *testing.T) {
	p := newPool(3)
	b := benchBatch(p)
	e := plan.NewEvaluator(newPlan(t, b.Schema, benchRules(p, b.Schema, 2_000)...))
	if len(e.Eval(b)) == 0 {
		t.Fatal("nothing matches")
	}
	if n := testing.AllocsPerRun(5, func() { e.Eval(b) }); n > 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

// TestErrors counts run-time errors a rule and report, and they cost no batch.
func TestErrors(t *testing.T) {
	f := newFiller()
	narrative := col(f.schema, "narrative")
	fee := node(lang.Gt, lang.Bool, call("decimal", lang.Number, narrative), number("1"))
	twice := node(lang.Or, lang.Bool, fee, node(lang.Lt, lang.Bool, call("decimal", lang.Number, narrative), number("-1")))
	p := newPlan(t, f.schema,
		&lang.Rule{ID: "a", Status: lang.Live, On: kinds, Guard: fee},
		&lang.Rule{ID: "b", Status: lang.Live, On: kinds, Guard: twice},
		&lang.Rule{ID: "c", Status: lang.Live, On: kinds, Guard: node(lang.IsMissing, lang.Bool, fee)})
	b := event.NewBatch(f.schema, nil)
	b.Reset(&event.Records{})
	for r, s := range []string{"5", "x", "0", "y"} {
		f.setSymbol(b, r, "kind", kinds[0])
		b.Columns[narrative.Col].SetText(r, []byte(s))
		b.Accept(r)
	}
	b.Finish()
	for c, d := range f.dicts {
		d.Bind(&b.Columns[c])
	}
	e := plan.NewEvaluator(p)
	want := []plan.Match{{Row: 0, Rule: 0, Case: -1}, {Row: 0, Rule: 1, Case: -1}, {Row: 1, Rule: 2, Case: -1}, {Row: 3, Rule: 2, Case: -1}}
	if got := e.Eval(b); !slices.Equal(got, want) {
		t.Errorf("matches %v, want %v", got, want)
	}
	if got := e.Errors(); !slices.Equal(got, []uint64{2, 2, 2}) {
		t.Errorf("errors %v, want 2 a rule", got)
	}
}

// TestManyShapes has more combinations of hashed columns than an index has
// groups, lists longer than an entry has keys, and rules without any access.
func TestManyShapes(t *testing.T) {
	s := schema()
	var symbols []string
	for _, c := range s.Columns {
		if c.Type == event.Symbol && c.Name != "kind" {
			symbols = append(symbols, c.Name)
		}
	}
	p := newPool(5)
	var rules []*lang.Rule
	add := func(guard *lang.Node) {
		rules = append(rules, &lang.Rule{ID: fmt.Sprintf("rule-%03d", len(rules)), Status: lang.Live, On: []string{"bank.transfer"}, Guard: guard})
	}
	for i, x := range symbols {
		for _, y := range symbols[i+1:] {
			add(node(lang.And, lang.Bool, node(lang.Eq, lang.Bool, col(s, x), text(p.bic())), in(col(s, y), p.bic(), p.bic())))
		}
	}
	long := make([]string, 40_000)
	for i := range long {
		long[i] = fmt.Sprintf("HW%02dGB2L", i)
	}
	add(in(col(s, "creditor.bic"), long...))
	add(nil)
	add(node(lang.Eq, lang.Bool, col(s, "creditor.bic"), col(s, "debtor.bic")))
	b := part(benchBatch(p), 0, 300)
	e := plan.NewEvaluator(newPlan(t, s, rules...))
	if got, want := e.Eval(b), expect(b, rules); !slices.Equal(got, want) {
		t.Errorf("%d matches, want %d", len(got), len(want))
	}
}

// TestBenchRules checks that what the benchmarks measure is right.
func TestBenchRules(t *testing.T) {
	p := newPool(9)
	b := part(benchBatch(p), 0, 200)
	rules := append(benchRules(p, b.Schema, 1_000), structuringRules(p, b.Schema, 300)...)
	rules = append(append(rules, textRules(p, b.Schema, 100)...), openRules(p, b.Schema, 20)...)
	got := plan.NewEvaluator(newPlan(t, b.Schema, rules...)).Eval(b)
	if want := expect(b, rules); !slices.Equal(got, want) {
		t.Errorf("matches %v, want %v", got, want)
	}
}

// TestShared lets several goroutines judge by one plan at once.
func TestShared(t *testing.T) {
	p := newPool(4)
	b := part(benchBatch(p), 0, 2_000)
	shared := newPlan(t, b.Schema, benchRules(p, b.Schema, 500)...)
	want := slices.Clone(plan.NewEvaluator(shared).Eval(b))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			e := plan.NewEvaluator(shared)
			for range 3 {
				if got := e.Eval(b); !slices.Equal(got, want) {
					t.Errorf("%d matches, want %d", len(got), len(want))
				}
			}
		})
	}
	wg.Wait()
}
