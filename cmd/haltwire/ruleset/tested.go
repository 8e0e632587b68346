package ruleset

import (
	"context"
	"fmt"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/ruletest"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
)

// shownTests is how many failures an error tells.
const shownTests = 10

// Test runs the tests that stand in the files of rules, as `haltwire test` does.
// Those of rules that before has too, with the same meaning, tests and lists, are
// left out: they have passed. before may be nil. The error is ErrTests with the
// first failures when some fail, and that of ctx when it ends first.
func (s *Set) Test(ctx context.Context, before *Set) error {
	sum, err := ruletest.Run(s.Rules, s.changed(before), ruletest.Options{Decoders: s.decoders, Lookups: s.Lookups, Go: ctx.Err})
	if err != nil {
		return fmt.Errorf("run tests of rules: %w", err)
	}
	if sum.Failed() == 0 {
		return nil
	}
	var text strings.Builder
	shown := 0
	for _, r := range sum.Results {
		if len(r.Failures) == 0 || shown == shownTests {
			continue
		}
		shown++
		f := r.Failures[0]
		fmt.Fprintf(&text, "\n%s:%d: %s: %q: %s %s: want %s, got %s", f.File, f.Line, r.Rule, r.Name, f.Label, f.What, f.Want, f.Got)
	}
	return fmt.Errorf("%w: %d of %d, nothing is changed:%s", ErrTests, sum.Failed(), len(sum.Results), text.String())
}

// Retests reports whether s has tests whose outcome is not known from before, the set
// in force; nil = none is, and nothing is asked.
func (s *Set) Retests(before *Set) bool { return before != nil && len(s.changed(before)) > 0 }

// changed returns the suites whose outcome may differ from what it was in before.
func (s *Set) changed(before *Set) []*ruletest.Suite {
	if before == nil || before.Digests.Lists != s.Digests.Lists || before.Digests.Rates != s.Digests.Rates {
		return s.suites
	}
	hashes := map[string]string{}
	for _, r := range before.Rules.Rules {
		hashes[r.ID] = r.Hash
	}
	same := map[string]bool{}
	for _, r := range s.Rules.Rules {
		same[r.ID] = hashes[r.ID] == r.Hash && before.tests[r.ID] == s.tests[r.ID]
	}
	for again := true; again; { // a rule that counts another's hits changes with it
		again = false
		for _, r := range s.Rules.Rules {
			for _, w := range r.Weights {
				if w.Rule != "" && same[r.ID] && !same[w.Rule] {
					same[r.ID], again = false, true
				}
			}
		}
	}
	var out []*ruletest.Suite
	for _, suite := range s.suites {
		if !same[suite.Rule] {
			out = append(out, suite)
		}
	}
	return out
}

// decoders returns what reads the reports of tests, which may give derived columns. Only
// the base currency is known: what a test shows must not depend on the day's rates.
func (s *Set) decoders(p *plan.Plan) whole.Decoders {
	return Decoders(s.language, s.Rates.BaseOnly(), p)
}

// Decoders returns what reads the reports of tests for p: native JSON, to which
// tests may give derived columns.
func Decoders(o lang.Options, rates codec.Rates, p *plan.Plan) whole.Decoders {
	schema := o.Schema
	if schema == nil {
		schema = event.Default()
	}
	narrow := codec.Options{Schema: schema, Project: p.Columns(), Kinds: o.Kinds, Rates: rates, Derived: true}
	wide := narrow
	wide.Project = schema.Whole()
	return whole.Decoders{Plan: jsoncodec.New(narrow).Decode, Whole: jsoncodec.New(wide).Decode, About: jsoncodec.New(wide).Decode}
}
