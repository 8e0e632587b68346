package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan/index"
	"github.com/haltwire/haltwire/rules/plan/kernel"
	"github.com/haltwire/haltwire/rules/plan/past"
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
	past     *past.Past
	at       map[string]int32 // position in rules by id
	rank     []int            // by position: the order in which rules decide on a row; nil = any
}

// outcome is what decides on a row where a rule's guard is true.
type outcome struct {
	weights []weight
	score   kernel.Number // nil = sum of the weights
	cases   []kernel.Truth
	trivial bool    // neither weights nor score nor cases
	watches []int   // windows of the store that its conditions read, ascending
	counts  []int32 // rules whose hits it counts
	open    bool    // it or a rule whose hits it counts reads a window
}

// weight is points for a condition, or for what another rule says of the row.
type weight struct {
	when   kernel.Truth // nil = by a rule
	points decimal.D
	rule   int32 // position in Plan.Rules; -1 = not judged
	by     lang.Weight
}

// New compiles the rules of set that are judged, live and shadow ones, and what
// they look into; lookups nil means that there are no lists and tables. An error
// is a defect of the loader, not of a rule file: it names the rule.
func New(set *lang.Set, lookups *lookup.Set) (*Plan, error) {
	p := &Plan{set: set, compiler: kernel.ForSet(set, lookups), at: map[string]int32{}}
	for _, r := range set.Rules {
		if r.Status.Judged() {
			p.at[r.ID] = int32(len(p.rules))
			p.rules = append(p.rules, r)
		}
	}
	p.rank = p.order()
	var conditions []index.Rule
	for _, r := range p.rules {
		o, err := p.outcome(r)
		if err != nil {
			return nil, fmt.Errorf("plan rule %s: %w", r.ID, err)
		}
		p.outcomes = append(p.outcomes, o)
		conditions = append(conditions, index.Rule{On: r.On, Conjuncts: conjuncts(r)})
	}
	var err error
	if p.index, err = index.New(set.Schema, conditions, p.compiler); err != nil {
		return nil, fmt.Errorf("plan rules: %w", err)
	}
	if p.past, err = p.windows(p.compiler); err != nil {
		return nil, fmt.Errorf("plan rules: %w", err)
	}
	p.watch()
	if p.writer, err = newWriter(p, lookups); err != nil {
		return nil, err
	}
	p.columns = set.Schema.Projection()
	for i, read := range p.compiler.Reads() {
		p.columns[i] = p.columns[i] || read
	}
	return p, nil
}

// windows compiles the windows of judged rules for frames of c.
func (p *Plan) windows(c *kernel.Compiler) (*past.Past, error) {
	var used, about []int
	for _, r := range p.rules {
		for _, u := range r.Windows {
			used = append(used, u.Win)
		}
		about = append(about, r.About...)
	}
	return past.New(p.set, append(used, about...), about, c)
}

// order returns the rank of every rule when some count the hits of others.
func (p *Plan) order() []int {
	if !slices.ContainsFunc(p.rules, func(r *lang.Rule) bool {
		return slices.ContainsFunc(r.Weights, func(w lang.Weight) bool { return w.Rule != "" })
	}) {
		return nil
	}
	rank := make([]int, len(p.rules))
	for i, at := range p.set.Order {
		if pos, ok := p.at[p.set.Rules[at].ID]; ok {
			rank[pos] = i
		}
	}
	return rank
}

// Columns returns one flag a schema column, set for those that judging needs:
// the projection for the decoder. The caller must not change it.
func (p *Plan) Columns() []bool { return p.columns }

// Rules returns the rules that are judged; Match.Rule is a position in it.
func (p *Plan) Rules() []*lang.Rule { return p.rules }

// Windowed reports whether a judged rule looks into windows: such a plan judges
// right only with a State.
func (p *Plan) Windowed() bool { return !p.past.Empty() }

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

func (p *Plan) outcome(r *lang.Rule) (outcome, error) {
	c := p.compiler
	o := outcome{trivial: len(r.Weights) == 0 && r.Score == nil && len(r.Cases) == 0}
	var err error
	for _, w := range r.Weights {
		out := weight{points: w.Points, rule: -1, by: w}
		if at, ok := p.at[w.Rule]; ok {
			out.rule = at
		}
		if w.Rule == "" {
			if out.when, err = c.Truth(w.When); err != nil {
				return o, fmt.Errorf("weight %s: %w", w.Name, err)
			}
		}
		o.weights = append(o.weights, out)
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
