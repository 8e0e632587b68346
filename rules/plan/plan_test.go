package plan_test

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
)

// expect returns what RULES §1 says of rules on b, by the naive interpreter.
func expect(b *event.Batch, rules []*lang.Rule) []plan.Match {
	var all []plan.Match
	for r := range b.Rows {
		for i, rule := range rules {
			if m, ok := expectRule(b, r, rule); ok {
				m.Row, m.Rule = int32(r), int32(i)
				all = append(all, m)
			}
		}
	}
	return all
}

func expectRule(b *event.Batch, r int, rule *lang.Rule) (plan.Match, bool) {
	m := plan.Match{Case: -1}
	if !slices.Contains(rule.On, cell(b, r, b.Schema.Must("kind")).(string)) {
		return m, false
	}
	if rule.Guard != nil && naive(b, r, nil, rule.Guard) != true {
		return m, false
	}
	score := naiveScore(b, r, rule)
	if score != nil {
		m.Score = dec(score.(*big.Rat).FloatString(18))
	}
	if len(rule.Cases) == 0 {
		return m, true
	}
	for i, c := range rule.Cases {
		if naive(b, r, score, c.When) == true {
			m.Case = int16(i)
			return m, true
		}
	}
	return m, false
}

func naiveScore(b *event.Batch, r int, rule *lang.Rule) any {
	if rule.Score != nil {
		return naive(b, r, nil, rule.Score)
	}
	var sum any = new(big.Rat)
	for _, w := range rule.Weights {
		if sum != nil && naive(b, r, nil, w.When) == true {
			sum = fitting(new(big.Rat).Add(sum.(*big.Rat), rational(w.Points)))
		}
	}
	return sum
}

func newPlan(t interface{ Fatal(...any) }, s *event.Schema, rules ...*lang.Rule) *plan.Plan {
	p, err := plan.New(&lang.Set{Rules: rules, Schema: s}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAgainstNaive compares whole outcomes on random rules and batches, several
// batches an evaluator, so that what it remembers between them is tested too.
func TestAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFiller()
		g := grower{t: t, s: f.schema}
		rules := g.rules(12)
		e := plan.NewEvaluator(newPlan(t, f.schema, rules...))
		for range 3 {
			b := f.batch(t, rapid.IntRange(0, 8).Draw(t, "rows"))
			got, want := e.Eval(b), expect(b, rules)
			if !slices.Equal(got, want) {
				t.Fatalf("matches %v, want %v", got, want)
			}
			if rapid.IntRange(0, 4).Draw(t, "restart") == 0 {
				clear(f.dicts) // as a decoder does when a dictionary is full
			}
		}
	})
}

// TestScoreIsARules has two rules whose cases say the same of different scores.
func TestScoreIsARules(t *testing.T) {
	f := newFiller()
	score := &lang.Node{Op: lang.Score, Type: lang.Number, Key: "score"}
	doubled := node(lang.Ge, lang.Bool, node(lang.Mul, lang.Number, score, number("2")), number("100"))
	rule := func(id, points string) *lang.Rule {
		return &lang.Rule{ID: id, Status: lang.Live, On: kinds, Cases: []lang.Case{{Name: "c", When: doubled}},
			Weights: []lang.Weight{{Name: "w", When: node(lang.IsMissing, lang.Bool, col(f.schema, "rail")), Points: dec(points)}}}
	}
	p := newPlan(t, f.schema, rule("a", "40"), rule("b", "50"), rule("c", "0"))
	got := plan.NewEvaluator(p).Eval(f.reports(map[string]string{"kind": kinds[0], "occurred_at": "1"}))
	if want := []plan.Match{{Rule: 1, Score: dec("50")}}; !slices.Equal(got, want) {
		t.Errorf("matches %v, want %v", got, want)
	}
}
