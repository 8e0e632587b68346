package ruletest

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
)

// RuleCoverage is what the tests of a rule have seen of it.
type RuleCoverage struct {
	Rule        string `json:"rule"`
	Hit         bool   `json:"hit"`
	Cases       []Seen `json:"cases"`
	Weights     []Seen `json:"weights"`
	Comparisons []Seen `json:"comparisons"` // of when, weights and cases, each once
}

// Seen says what a condition was on the reports of tests. Cases are only ever
// true: they decide the hit.
type Seen struct {
	What    string `json:"what"`
	True    bool   `json:"true"`
	False   bool   `json:"false"`
	Unknown bool   `json:"unknown"`
	Sure    bool   `json:"sure"` // it cannot be unknown
}

// Full reports whether the condition was all that it can be.
func (s Seen) Full() bool { return s.True && s.False && (s.Unknown || s.Sure) }

// coverage asks for RuleCoverage. Its probes fire on every report of the rule's
// kinds. The points of their weights are powers of two, so the score tells which
// are true.
type coverage struct {
	RuleCoverage
	rule   *lang.Rule
	asked  []*lang.Node // one a probe weight: weights of the rule, then comparisons
	scores []scoreTerm  // comparisons of the score, asked of the score itself
}

// scoreTerm is a comparison of the score.
type scoreTerm struct {
	at      int // in Comparisons
	program *lang.Program
}

// perProbe bounds the weights of a probe: 2^60 has 19 digits, decimals hold 20.
const perProbe = 60

// probeID and scoreID name probes; no rule can be called so.
const (
	probeID = "probe#%04d"
	scoreID = "score#"
)

func newCoverage(set *lang.Set, r *lang.Rule) *coverage {
	c := &coverage{rule: r, RuleCoverage: RuleCoverage{Rule: r.ID, Cases: []Seen{}, Weights: []Seen{}, Comparisons: []Seen{}}}
	for _, k := range r.Cases {
		c.Cases = append(c.Cases, Seen{What: k.Name})
	}
	for _, w := range r.Weights {
		c.Weights = append(c.Weights, Seen{What: w.Name})
		c.asked = append(c.asked, w.When) // nil = by another rule
	}
	known := map[string]bool{}
	add := func(n *lang.Node) {
		for _, x := range comparisons(n, nil) {
			if !known[x.Key] {
				known[x.Key] = true
				c.compare(set, x)
			}
		}
	}
	add(r.Guard)
	for _, w := range r.Weights {
		add(w.When)
	}
	for _, k := range r.Cases {
		add(k.When)
	}
	return c
}

// compare adds a comparison.
func (c *coverage) compare(set *lang.Set, n *lang.Node) {
	at := len(c.Comparisons)
	scored := false
	n.Walk(func(m *lang.Node) bool { scored = scored || m.Op == lang.Score; return !scored })
	if scored {
		p, err := lang.Compile(n)
		if err != nil || !onlyScore(n) {
			return // the score beside fields: no report tells it alone
		}
		c.scores = append(c.scores, scoreTerm{at, p})
	}
	c.Comparisons = append(c.Comparisons, Seen{What: set.Text(c.rule, n), Sure: c.sure(set, n)})
	if scored {
		n = nil
	}
	c.asked = append(c.asked, n)
}

// sure reports whether n cannot be unknown: it asks for absence, or reads nothing but
// what every report has and a score that is a sum.
func (c *coverage) sure(set *lang.Set, n *lang.Node) bool {
	sure := func(m *lang.Node) bool { return c.sure(set, m) }
	switch n.Op {
	case lang.IsMissing, lang.Const:
		return true
	case lang.Column:
		return set.Schema.Columns[n.Col].Required
	case lang.Score:
		return c.rule.Score == nil
	case lang.Coalesce:
		return slices.ContainsFunc(n.Args, sure)
	case lang.Eq, lang.Ne, lang.Lt, lang.Le, lang.Gt, lang.Ge, lang.In, lang.Contains, lang.StartsWith, lang.EndsWith, lang.Matches:
		return !slices.ContainsFunc(n.Args, func(m *lang.Node) bool { return !sure(m) })
	}
	return false
}

// onlyScore reports whether n reads nothing but the score.
func onlyScore(n *lang.Node) bool {
	only := true
	n.Walk(func(m *lang.Node) bool {
		switch m.Op {
		case lang.Column, lang.Extra, lang.Windowed, lang.InList, lang.Cell, lang.RuleHit, lang.Opaque, lang.Call:
			only = false
		}
		return only
	})
	return only
}

// comparisons returns the conditions that n is made of.
func comparisons(n *lang.Node, out []*lang.Node) []*lang.Node {
	switch {
	case n == nil || n.Type != lang.Bool || n.Op == lang.Const:
		return out
	case slices.Contains([]lang.Op{lang.And, lang.Or, lang.Not, lang.Coalesce, lang.Cond}, n.Op):
		for _, a := range n.Args {
			out = comparisons(a, out)
		}
		return out
	}
	return append(out, n)
}

// probing returns alone with the probes behind its rules.
func (c *coverage) probing(alone *lang.Set) *lang.Set {
	out := *alone
	out.Rules, out.Order = slices.Clone(alone.Rules), slices.Clone(alone.Order)
	add := func(r *lang.Rule) {
		r.Version, r.Status, r.On, r.Windows = 1, lang.Live, c.rule.On, c.rule.Windows
		out.Order = append(out.Order, len(out.Rules))
		out.Rules = append(out.Rules, r)
	}
	for i := 0; i < len(c.asked); i += perProbe {
		probe := &lang.Rule{ID: fmt.Sprintf(probeID, i/perProbe)}
		for j, n := range c.asked[i:min(i+perProbe, len(c.asked))] {
			w := lang.Weight{Name: fmt.Sprint(i + j), When: n, Points: decimal.FromInt(1 << j)}
			switch at := i + j; {
			case n == nil && at < len(c.Weights):
				w.Rule, w.Hit = c.rule.Weights[at].Rule, w.Points
			case n == nil:
				continue
			}
			probe.Weights = append(probe.Weights, w)
		}
		add(probe)
	}
	add(&lang.Rule{ID: scoreID, Guard: c.rule.Guard, Weights: c.rule.Weights, Score: c.rule.Score})
	return &out
}

// see takes what probes have found.
func (c *coverage) see(hits []*hit.Hit) {
	for _, h := range hits {
		if h.Rule == scoreID {
			c.score(h.Score)
			continue
		}
		var probe int
		if n, err := fmt.Sscanf(h.Rule, probeID, &probe); n == 1 && err == nil {
			c.probe(h, probe*perProbe)
		}
	}
}

// probe notes what the weights from a position on were on one report.
func (c *coverage) probe(h *hit.Hit, from int) {
	points := h.Score
	for j := min(perProbe, len(c.asked)-from) - 1; j >= 0; j-- {
		at, one := from+j, decimal.FromInt(1<<j)
		if c.asked[at] == nil && at >= len(c.Weights) {
			continue // of the score
		}
		s := c.at(at)
		switch {
		case points.Cmp(one) >= 0:
			s.True = true
			points, _ = points.Sub(one)
		case slices.Contains(h.Unknown, fmt.Sprint(at)):
			s.Unknown = true
		default:
			s.False = true
		}
	}
}

// at returns what was seen of what was asked at a position.
func (c *coverage) at(i int) *Seen {
	if i < len(c.Weights) {
		return &c.Weights[i]
	}
	return &c.Comparisons[i-len(c.Weights)]
}

// score notes what comparisons of the score were on a report.
func (c *coverage) score(d decimal.D) {
	for _, t := range c.scores {
		s := &c.Comparisons[t.at]
		switch v, state := t.program.Eval(lang.BatchRow{Points: &d}); {
		case state != lang.Known || v.Type != lang.Bool:
			s.Unknown = true
		case v.Bool:
			s.True = true
		default:
			s.False = true
		}
	}
}

// hits notes which cases decided.
func (c *coverage) hits(got map[string]Outcome) {
	for _, o := range got {
		c.Hit = true
		for i := range c.Cases {
			c.Cases[i].True = c.Cases[i].True || c.Cases[i].What == o["case"]
		}
	}
}
