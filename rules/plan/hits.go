package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan/kernel"
	"github.com/haltwire/haltwire/rules/plan/past"
)

// writer turns matches into hits. What it reads beyond the conditions of rules is
// no part of Plan.Columns.
type writer struct {
	plan     *Plan
	compiler *kernel.Compiler
	at       places
	past     *past.Past
	scripts  []script // one a rule
}

// script is what the hit of one rule needs evaluated.
type script struct {
	weights    []kernel.Truth // as in the rule; nil = by another rule, never unknown
	exceptions []exception    // that name the rule
	facts      [][]sentence   // of the rule, then of each case
}

type exception struct {
	when  kernel.Truth
	until int64
}

// sentence is a piece of a facts template: an expression, or literal text.
type sentence struct {
	text  string
	value kernel.Any
}

func newWriter(p *Plan, lookups *lookup.Set) (*writer, error) {
	w := &writer{plan: p, compiler: kernel.ForSet(p.set, lookups), at: newPlaces(p.set.Schema)}
	var err error
	if w.past, err = p.windows(w.compiler); err != nil {
		return nil, fmt.Errorf("plan hits: %w", err)
	}
	for _, r := range p.rules {
		s, err := w.script(r)
		if err != nil {
			return nil, fmt.Errorf("plan hits of rule %s: %w", r.ID, err)
		}
		w.scripts = append(w.scripts, s)
	}
	return w, nil
}

func (w *writer) script(r *lang.Rule) (script, error) {
	var s script
	for _, x := range r.Weights {
		if x.Rule != "" {
			s.weights = append(s.weights, nil)
			continue
		}
		t, err := w.compiler.Truth(x.When)
		if err != nil {
			return s, err
		}
		s.weights = append(s.weights, t)
	}
	for _, x := range w.plan.set.Exceptions {
		if !slices.Contains(x.Rules, r.ID) {
			continue
		}
		e := exception{until: x.Until}
		if x.When != nil {
			t, err := w.compiler.Truth(x.When)
			if err != nil {
				return s, err
			}
			e.when = t
		}
		s.exceptions = append(s.exceptions, e)
	}
	outcomes := []lang.Outcome{r.Outcome}
	for _, c := range r.Cases {
		outcomes = append(outcomes, c.Outcome)
	}
	for _, o := range outcomes {
		f, err := w.template(o.Alert)
		if err != nil {
			return s, err
		}
		s.facts = append(s.facts, f)
	}
	return s, nil
}

func (w *writer) template(a *lang.Alert) ([]sentence, error) {
	if a == nil {
		return nil, nil
	}
	var all []sentence
	for _, part := range a.Facts {
		s := sentence{text: part.Text}
		if part.Expr != nil {
			var err error
			if s.value, err = w.compiler.Any(part.Expr); err != nil {
				return nil, err
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// Hits returns the hits of matches, whose rows are rows of b, in their order. b
// needs all columns. The hits own their memory. Their digests name the rules
// only; who knows the lists and rates in force adds those. Every window is
// missing: State.Hits knows them.
func (p *Plan) Hits(b *event.Batch, matches []Match) []*hit.Hit {
	hits, err := p.hits(b, matches, nil)
	if err != nil {
		panic(err) // invariant: only a state's reports can be missing
	}
	return hits
}

// hits returns the hits of matches with what s remembers, unless it is nil.
func (p *Plan) hits(b *event.Batch, matches []Match, s *State) ([]*hit.Hit, error) {
	if len(matches) == 0 {
		return nil, nil
	}
	f := p.writer.compiler.Frame()
	if s != nil {
		f.Windows = s.writing
	}
	f.Bind(b)
	hits := make([]*hit.Hit, 0, len(matches))
	for _, m := range matches {
		f.Start(int(m.Row))
		h, err := p.writer.hit(f, b, m, s)
		if err != nil {
			return nil, fmt.Errorf("write hit of %s on %s/%s: %w", p.rules[m.Rule].ID, h.Reporter, h.ReportID, err)
		}
		hits = append(hits, h)
	}
	return hits, nil
}

func (w *writer) hit(f *kernel.Frame, b *event.Batch, m Match, state *State) (h *hit.Hit, err error) {
	rule, s := w.plan.rules[m.Rule], &w.scripts[m.Rule]
	name, outcome := "", rule.Outcome
	if m.Case >= 0 {
		name, outcome = rule.Cases[m.Case].Name, rule.Cases[m.Case].Outcome
	}
	r := int(m.Row)
	h = &hit.Hit{
		Rule: rule.ID, Version: rule.Version, Status: hit.Status(rule.Status), Title: rule.Title, Owner: rule.Owner, Budget: rule.Budget,
		Case: name, Rank: int(max(m.Case, 0)), Score: m.Score, Severity: outcome.Severity, Typology: outcome.Typology,
		Reporter: w.at.text(b, r, w.at.reporter), ReportID: w.at.text(b, r, w.at.reportID),
		Hash: b.Hash(r), Kind: w.at.text(b, r, w.at.kind),
		OccurredAt: b.Columns[w.at.occurredAt].I64[r], RecordTime: b.RecordTime(r),
		Position: b.Position(r), Trace: trace(b, r),
		Digests: hit.Digests{Rules: w.plan.digest()},
	}
	if v := &b.Columns[w.at.revision]; v.Has(r) {
		h.Revision = v.U32[r]
	}
	h.ID = hit.ID(h.Rule, h.Version, h.Reporter, h.ReportID, h.Revision, h.Hash)
	for i, t := range s.weights {
		if t != nil && t(f) == kernel.Unknown {
			h.Unknown = append(h.Unknown, rule.Weights[i].Name)
		}
	}
	h.Excepted = s.covers(f, h.OccurredAt)
	h.Values, h.Cut = w.values(f, rule)
	if a := outcome.Alert; a != nil {
		h.Ask, h.Approval, h.PredicateOffence = a.Ask, a.Approval, a.PredicateOffence
		h.Facts = fill(f, s.facts[m.Case+1])
		if h.Status == hit.Live && !h.Excepted {
			cut := false
			h.Alerts, cut, err = w.alerts(f, b, a, state)
			h.Cut = h.Cut || cut
		}
	}
	return h, err
}

// covers reports whether an exception covers the report of f.
func (s *script) covers(f *kernel.Frame, occurred int64) bool {
	return slices.ContainsFunc(s.exceptions, func(e exception) bool {
		return occurred < e.until && (e.when == nil || e.when(f) == kernel.True)
	})
}

func trace(b *event.Batch, r int) string {
	if b.Records.Trace == nil {
		return ""
	}
	return string(b.Records.Trace[b.Index[r]])
}

// fill returns a facts template with its values.
func fill(f *kernel.Frame, template []sentence) string {
	var out strings.Builder
	for _, s := range template {
		if s.value == nil {
			out.WriteString(s.text)
		} else {
			out.WriteString(spoken(s.value(f)))
		}
	}
	return out.String()
}

// spoken returns v as a fact says it: decimals exactly, times as RFC 3339 with
// milliseconds, durations in the largest unit that says them exactly.
func spoken(v lang.Value) string {
	switch v.Type {
	case lang.Bool:
		return strconv.FormatBool(v.Bool)
	case lang.Text:
		return v.Text
	case lang.Number:
		return v.Num.String()
	case lang.Time:
		return event.FormatTime(v.Int)
	case lang.Duration:
		return spokenDuration(v.Int)
	}
	return "unknown"
}

func spokenDuration(ms int64) string {
	for _, u := range []struct {
		name string
		ms   int64
	}{{"d", 86_400_000}, {"h", 3_600_000}, {"m", 60_000}, {"s", 1000}} {
		if ms%u.ms == 0 && ms != 0 {
			return strconv.FormatInt(ms/u.ms, 10) + u.name
		}
	}
	return strconv.FormatInt(ms, 10) + "ms"
}
