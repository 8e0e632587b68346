package backtest

import (
	"cmp"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
)

// Difference is in what two sets differ: a is the first, b the second.
type Difference struct {
	Same    int              `json:"same"`   // hits of both, with the same case
	OnlyA   int              `json:"only_a"` //
	OnlyB   int              `json:"only_b"` //
	Other   int              `json:"other_case"`
	Reports ReportDifference `json:"reports"` // whatever the rule
	Rules   []RuleDifference `json:"rules"`   // that differ, by id
	List    []Change         `json:"list"`    // the first, by (occurred_at, reporter, report_id, rule)
	More    int              `json:"more"`    // that List has no room for
}

// ReportDifference counts reports by which set has a hit on them.
type ReportDifference struct {
	Both  int `json:"both"`
	OnlyA int `json:"only_a"`
	OnlyB int `json:"only_b"`
}

// RuleDifference is in what two sets differ about a rule.
type RuleDifference struct {
	Rule  string `json:"rule"`
	Same  int    `json:"same"`
	OnlyA int    `json:"only_a"`
	OnlyB int    `json:"only_b"`
	Other int    `json:"other_case"`
}

// Change is a hit that one set has and the other lacks, or has with another case.
type Change struct {
	What       string  `json:"what"` // only_a | only_b | other_case
	Rule       string  `json:"rule"`
	Reporter   string  `json:"reporter"`
	ReportID   string  `json:"report_id"`
	Kind       string  `json:"kind"`
	OccurredAt string  `json:"occurred_at"`
	CaseA      *string `json:"case_a"` // nil = no hit; "" = a rule without cases
	CaseB      *string `json:"case_b"`
}

// Compare returns in what a and b differ, at most limit changes in full. Excepted
// hits are none.
func Compare(a, b *Standing, limit int) *Difference {
	d := &Difference{List: []Change{}, Rules: []RuleDifference{}}
	rules := map[string]*RuleDifference{}
	hitA, hitB := map[string]bool{}, map[string]bool{}
	walk(a, b, func(x, y *strike) {
		rule := ""
		if x != nil {
			rule = a.rules[x.rule].ID
			hitA[a.reportName(x)] = true
		}
		if y != nil {
			rule = b.rules[y.rule].ID
			hitB[b.reportName(y)] = true
		}
		r := rules[rule]
		if r == nil {
			r = &RuleDifference{Rule: rule}
			rules[rule] = r
		}
		if r.count(a, b, x, y) {
			if len(d.List) < limit {
				d.List = append(d.List, change(a, b, x, y))
			} else {
				d.More++
			}
		}
	})
	for _, r := range rules {
		d.Same, d.OnlyA, d.OnlyB, d.Other = d.Same+r.Same, d.OnlyA+r.OnlyA, d.OnlyB+r.OnlyB, d.Other+r.Other
		if r.OnlyA+r.OnlyB+r.Other > 0 {
			d.Rules = append(d.Rules, *r)
		}
	}
	slices.SortFunc(d.Rules, func(x, y RuleDifference) int { return cmp.Compare(x.Rule, y.Rule) })
	for name := range hitA {
		if hitB[name] {
			d.Reports.Both++
		}
	}
	d.Reports.OnlyA, d.Reports.OnlyB = len(hitA)-d.Reports.Both, len(hitB)-d.Reports.Both
	return d
}

// count counts a pair and reports whether it differs.
func (r *RuleDifference) count(a, b *Standing, x, y *strike) bool {
	switch {
	case y == nil:
		r.OnlyA++
	case x == nil:
		r.OnlyB++
	case a.texts.at(x.name) != b.texts.at(y.name):
		r.Other++
	default:
		r.Same++
		return false
	}
	return true
}

func (c *Collector) reportName(h *strike) string { return nameOf(c.texts.at(h.reporter), h.report) }

// walk calls do for every hit of a or b, in their order, with both where they meet.
func walk(a, b *Standing, do func(x, y *strike)) {
	i, j := a.next(0), b.next(0)
	for i < len(a.strikes) || j < len(b.strikes) {
		order := 0
		switch {
		case i == len(a.strikes):
			order = 1
		case j == len(b.strikes):
			order = -1
		default:
			order = between(a, b, &a.strikes[i], &b.strikes[j])
		}
		var x, y *strike
		if order <= 0 {
			x = &a.strikes[i]
			i = a.next(i + 1)
		}
		if order >= 0 {
			y = &b.strikes[j]
			j = b.next(j + 1)
		}
		do(x, y)
	}
}

// next returns the position of the first hit from i on that is not excepted.
func (s *Standing) next(i int) int {
	for i < len(s.strikes) && s.strikes[i].excepted {
		i++
	}
	return i
}

func between(a, b *Standing, x, y *strike) int {
	return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(a.texts.at(x.reporter), b.texts.at(y.reporter)),
		cmp.Compare(x.report, y.report), cmp.Compare(a.rules[x.rule].ID, b.rules[y.rule].ID))
}

func change(a, b *Standing, x, y *strike) Change {
	c := Change{What: "other_case"}
	from, of := a, x
	if x == nil {
		from, of = b, y
		c.What = "only_b"
	} else {
		name := a.texts.at(x.name)
		c.CaseA = &name
	}
	if y == nil {
		c.What = "only_a"
	} else {
		name := b.texts.at(y.name)
		c.CaseB = &name
	}
	c.Rule, c.Reporter, c.ReportID = from.rules[of.rule].ID, from.texts.at(of.reporter), of.report
	c.Kind, c.OccurredAt = from.texts.at(of.kind), event.FormatTime(of.at)
	return c
}
