package plan

import (
	"fmt"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/index"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// Plan is a set of rules ready to judge batches. Immutable and safe for
// concurrent use.
type Plan struct {
	set      *lang.Set
	rules    []*lang.Rule // those that are judged, in the order of the set
	outcomes []outcome    // one a rule
	compiler *kernel.Compiler
	index    *index.Index
	columns  []bool
	writer   *writer
}

// outcome is what decides on a row where a rule's guard is true.
type outcome struct {
	weights []weight
	score   kernel.Number // nil = sum of the weights
	cases   []kernel.Truth
	trivial bool // neither weights nor score nor cases
}

type weight struct {
	when   kernel.Truth
	points decimal.D
}

// New compiles the rules of set that are judged: live and shadow ones. An error
// is a defect of the loader, not of a rule file: it names the rule.
func New(set *lang.Set) (*Plan, error) {
	p := &Plan{set: set, compiler: newCompiler(set.Schema)}
	var conditions []index.Rule
	for _, r := range set.Rules {
		if !r.Status.Judged() {
			continue
		}
		o, err := newOutcome(p.compiler, r)
		if err != nil {
			return nil, fmt.Errorf("plan rule %s: %w", r.ID, err)
		}
		p.rules = append(p.rules, r)
		p.outcomes = append(p.outcomes, o)
		conditions = append(conditions, index.Rule{On: r.On, Conjuncts: conjuncts(r)})
	}
	var err error
	if p.index, err = index.New(set.Schema, conditions, p.compiler); err != nil {
		return nil, fmt.Errorf("plan rules: %w", err)
	}
	if p.writer, err = newWriter(p); err != nil {
		return nil, err
	}
	p.columns = set.Schema.Projection()
	for i, read := range p.compiler.Reads() {
		p.columns[i] = p.columns[i] || read
	}
	return p, nil
}

// Columns returns one flag a schema column, set for those that judging needs:
// the projection for the decoder. The caller must not change it.
func (p *Plan) Columns() []bool { return p.columns }

// Rules returns the rules that are judged; Match.Rule is a position in it.
func (p *Plan) Rules() []*lang.Rule { return p.rules }

// Digest returns the digest of the set, lower-case hex.
func (p *Plan) Digest() string { return p.set.Digest }

// digest returns the digest as hits name it.
func (p *Plan) digest() string { return "sha256:" + p.set.Digest }

// conjuncts returns what must be true for r to fire: its guard, and one of its
// cases where they do not depend on the score.
func conjuncts(r *lang.Rule) []*lang.Node {
	all := index.Conjuncts(r.Guard)
	if len(r.Cases) == 0 {
		return all
	}
	for _, c := range r.Cases {
		if index.Mentions(c.When, lang.Score) {
			return all
		}
	}
	if len(r.Cases) == 1 {
		return append(all, index.Conjuncts(r.Cases[0].When)...)
	}
	return append(all, anyCase(r.Cases))
}

// anyCase returns the disjunction of the cases' conditions.
func anyCase(cases []lang.Case) *lang.Node {
	or := &lang.Node{Op: lang.Or, Type: lang.Bool}
	keys := make([]string, 0, len(cases))
	for _, c := range cases {
		if c.When.Op == lang.Or {
			or.Args = append(or.Args, c.When.Args...)
		} else {
			or.Args = append(or.Args, c.When)
		}
		keys = append(keys, c.When.Key)
	}
	or.Key = "cases(" + strings.Join(keys, ", ") + ")" // no function has this name
	return or
}

func newOutcome(c *kernel.Compiler, r *lang.Rule) (outcome, error) {
	o := outcome{trivial: len(r.Weights) == 0 && r.Score == nil && len(r.Cases) == 0}
	var err error
	for _, w := range r.Weights {
		when, err := c.Truth(w.When)
		if err != nil {
			return o, fmt.Errorf("weight %s: %w", w.Name, err)
		}
		o.weights = append(o.weights, weight{when, w.Points})
	}
	if r.Score != nil {
		if o.score, err = c.Number(r.Score); err != nil {
			return o, fmt.Errorf("score: %w", err)
		}
	}
	for _, k := range r.Cases {
		when, err := c.Truth(k.When)
		if err != nil {
			return o, fmt.Errorf("case %s: %w", k.Name, err)
		}
		o.cases = append(o.cases, when)
	}
	return o, nil
}

// decide returns the case that applies on the row of f, -1 for a rule without
// cases, and the score. ok is false when no case is true.
func (o *outcome) decide(f *kernel.Frame) (which int16, score decimal.D, ok bool) {
	if o.trivial {
		return -1, score, true
	}
	f.Score = o.sum(f)
	if len(o.cases) == 0 {
		return -1, f.Score.D, true
	}
	for i, when := range o.cases {
		if when(f) == kernel.True {
			return int16(i), f.Score.D, true
		}
	}
	return 0, score, false
}

// sum returns the score of the row of f.
func (o *outcome) sum(f *kernel.Frame) kernel.Num {
	if o.score != nil {
		return o.score(f)
	}
	total := kernel.Num{OK: true}
	for _, w := range o.weights {
		if w.when(f) != kernel.True {
			continue
		}
		if total.D, total.OK = total.D.Add(w.points); !total.OK {
			return kernel.Num{}
		}
	}
	return total
}

func newCompiler(s *event.Schema) *kernel.Compiler { return kernel.NewCompiler(s) }
