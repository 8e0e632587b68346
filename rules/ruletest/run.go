package ruletest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/spec"
)

// Options are the means of running tests.
type Options struct {
	// Decoders returns decoders of native JSON for the columns of p, which take
	// derived columns from records.
	Decoders func(p *plan.Plan) whole.Decoders
	Lookups  *lookup.Set // nil = none
	// Go is asked before each test; its error ends the run. nil = never.
	Go func() error
}

// Failure is one way in which a test failed. Label is empty when it is not about
// one report.
type Failure struct {
	Label string `json:"label,omitempty"`
	What  string `json:"what"`
	Want  string `json:"want"`
	Got   string `json:"got"`
	File  string `json:"file"`
	Line  int    `json:"line"`
}

// Result is what came of one test.
type Result struct {
	Rule     string        `json:"rule"`
	Name     string        `json:"name"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Took     time.Duration `json:"-"`
	Failures []Failure     `json:"failures"` // empty = passed
}

// Summary is what came of all tests.
type Summary struct {
	Results  []Result       `json:"results"`
	Coverage []RuleCoverage `json:"coverage"`
}

// Failed returns how many tests failed.
func (s *Summary) Failed() int {
	n := 0
	for _, r := range s.Results {
		if len(r.Failures) > 0 {
			n++
		}
	}
	return n
}

// Run runs the tests of suites by the rules of set. An error means that tests
// could not be run at all.
func Run(set *lang.Set, suites []*Suite, o Options) (*Summary, error) {
	out := &Summary{Results: []Result{}, Coverage: []RuleCoverage{}}
	tested := map[string]*Suite{}
	for _, s := range suites {
		tested[s.Rule] = s
	}
	for _, r := range set.Rules {
		s := tested[r.ID]
		if s == nil {
			s = &Suite{Rule: r.ID}
		}
		if err := out.rule(set, r, s, o); err != nil {
			return nil, fmt.Errorf("test rule %s: %w", r.ID, err)
		}
	}
	return out, nil
}

// rule runs the tests of one rule.
func (s *Summary) rule(set *lang.Set, r *lang.Rule, suite *Suite, o Options) error {
	cover := newCoverage(set, r)
	if len(suite.Tests) > 0 {
		alone := isolate(set, r)
		judge, err := newJudge(alone, o)
		if err != nil {
			return err
		}
		probe, err := newJudge(cover.probing(alone), o)
		if err != nil {
			return err
		}
		for _, t := range suite.Tests {
			if o.Go != nil {
				if err := o.Go(); err != nil {
					return err
				}
			}
			res, err := judge.test(r, t, cover)
			if err != nil {
				return fmt.Errorf("%q: %w", t.Name, err)
			}
			s.Results = append(s.Results, res)
			hits, _, err := probe.hits(t, order{given: all(len(t.Reports))})
			if err != nil {
				return fmt.Errorf("%q: %w", t.Name, err)
			}
			cover.see(hits)
		}
	}
	s.Coverage = append(s.Coverage, cover.RuleCoverage)
	return nil
}

// isolate returns a set of r and the rules that its weights count, all live.
func isolate(set *lang.Set, r *lang.Rule) *lang.Set {
	out := set.Alone(slices.Index(set.Rules, r), func(*lang.Rule) lang.Status { return lang.Live })
	out.Exceptions = nil
	return out
}

// judge judges the reports of tests by one plan.
type judge struct {
	plan     *plan.Plan
	schema   *event.Schema
	decoders whole.Decoders
}

func newJudge(set *lang.Set, o Options) (*judge, error) {
	p, err := plan.New(set, o.Lookups)
	if err != nil {
		return nil, err
	}
	return &judge{plan: p, schema: set.Schema, decoders: o.Decoders(p)}, nil
}

// order is one way in which the reports of a test arrive.
type order struct {
	name   string
	given  []int // positions in Test.Reports
	single bool  // a report a batch
}

func all(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// orders returns the ways in which n reports arrive, the given order first.
func orders(n int) []order {
	given := all(n)
	reversed := slices.Clone(given)
	slices.Reverse(reversed)
	out := []order{{name: "in the given order", given: given}, {name: "in the reversed order", given: reversed}}
	for seed := range uint64(3) {
		shuffled := slices.Clone(given)
		random := rand.New(rand.NewPCG(seed, 5)) //nolint:gosec // a fixed order, no secret
		random.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		out = append(out, order{name: fmt.Sprintf("in the shuffled order %d", seed+1), given: shuffled})
	}
	return append(out, order{name: "with every report doubled", given: append(slices.Clone(given), given...)},
		order{name: "with a report a batch", given: given, single: true})
}

// hits returns the hits on the reports of t, and the first that is refused.
func (j *judge) hits(t *Test, o order) ([]*hit.Hit, *refusal, error) {
	w, err := whole.New(j.plan, j.schema, whole.Options{Decoders: j.decoders})
	if err != nil {
		return nil, nil, err
	}
	size := max(1, len(o.given))
	if o.single {
		size = 1
	}
	offset := int64(0)
	for part := range slices.Chunk(o.given, size) {
		recs := &event.Records{Topic: "test", Codec: "json"}
		for _, i := range part {
			recs.Values = append(recs.Values, t.Reports[i].Raw)
			recs.Offsets = append(recs.Offsets, offset)
			recs.Times = append(recs.Times, event.AsOccurred)
			recs.Bytes += len(t.Reports[i].Raw)
			offset++
		}
		recs.Next, recs.High = offset, offset
		_, dead, err := w.Add(recs)
		if err != nil {
			return nil, nil, err
		}
		if len(dead) > 0 {
			return nil, &refusal{t.Reports[part[dead[0].Offset-recs.Offsets[0]]], dead[0]}, nil
		}
	}
	hits, err := w.Hits()
	return hits, nil, err
}

// refusal is a report of a test that the codec does not take.
type refusal struct {
	report Report
	dead   event.Dead
}

// test runs one test in every order.
func (j *judge) test(r *lang.Rule, t *Test, cover *coverage) (Result, error) {
	began := time.Now() // how long a test took is told, never judged by
	place := t.Place.Diagnostic(spec.Error, "", "")
	res := Result{Rule: r.ID, Name: t.Name, File: place.File, Line: place.Start.Line, Failures: []Failure{}}
	labels := map[event.Hash]string{}
	for _, x := range t.Reports {
		labels[event.ContentHash(x.Raw)] = x.Label
	}
	var first map[string]Outcome
	for i, o := range orders(len(t.Reports)) {
		hits, refused, err := j.hits(t, o)
		if err != nil {
			return res, err
		}
		if refused != nil {
			res.fail(refused.report.Label, refused.report.Place, "report", "a report that can be read", refused.dead.Message)
			break
		}
		got := map[string]Outcome{}
		for _, h := range hits {
			if h.Rule == r.ID {
				got[labels[h.Hash]] = outcome(h)
			}
		}
		if i == 0 {
			first = got
			cover.hits(got)
			res.compare(t, got)
			continue
		}
		res.same(t, o, first, got)
	}
	res.Took = time.Since(began)
	return res, nil
}

func (r *Result) fail(label string, at spec.Span, what, want, got string) {
	d := at.Diagnostic(spec.Error, "", "")
	r.Failures = append(r.Failures, Failure{Label: label, What: what, Want: want, Got: got, File: d.File, Line: d.Start.Line})
}

// compare holds what came against what the test expects.
func (r *Result) compare(t *Test, got map[string]Outcome) {
	named := map[string]bool{}
	for _, x := range t.Expect {
		named[x.Label] = true
		o, ok := got[x.Label]
		if !ok {
			r.fail(x.Label, x.Place, "hit", "a hit", "no hit")
			continue
		}
		for _, f := range x.Facts {
			if !f.holds(o) {
				r.fail(x.Label, f.Place, f.Name, told(f.Want), o.tell(f.Name))
			}
		}
	}
	for _, x := range t.Reports {
		if o, ok := got[x.Label]; ok && !named[x.Label] {
			r.fail(x.Label, x.Place, "hit", "no hit", o.String())
		}
	}
}

func told(text string) string {
	if text == "" {
		return "missing"
	}
	return text
}

// tell returns a fact for people.
func (o Outcome) tell(name string) string {
	if strings.HasPrefix(name, "alert.") && o["alerts"] != "1" {
		return o["alerts"] + " alerts: " + o.String()
	}
	return told(o[name])
}

// same demands that what came in another order is what came in the given one.
func (r *Result) same(t *Test, o order, first, got map[string]Outcome) {
	for _, x := range t.Reports {
		want, had := first[x.Label]
		now, has := got[x.Label]
		if had == has && maps.Equal(want, now) {
			continue
		}
		r.fail(x.Label, x.Place, o.name, "in the given order: "+orNone(want, had), orNone(now, has))
	}
}

func orNone(o Outcome, ok bool) string {
	if !ok {
		return "no hit"
	}
	return o.String()
}
