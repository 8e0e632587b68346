package app

import (
	"errors"
	"fmt"
	"io"

	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/ruletest"
	"github.com/haltwire/haltwire/rules/spec"
)

// ErrNoTests says that a folder of rules has no test.
var ErrNoTests = errors.New("no test was run: tests stand under tests: of a rule")

// Test runs the tests of o.Rules; Input, Dead and Out are not looked at. The error
// is ErrBadRules when rules or tests have errors, ErrNoTests when nothing was run.
func Test(o EvalOptions) (*ruletest.Summary, error) {
	if o.Schema == nil {
		o.Schema = event.Default()
	}
	tree, findings, err := spec.Read(o.Rules)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	language := o.Language
	language.Schema, language.Kinds = o.Schema, o.Kinds
	set, more := lang.Check(tree, language)
	suites, wrong := ruletest.Parse(tree, o.Schema)
	findings = append(append(findings, more...), wrong...)
	findings.Sort()
	if findings.Errors() > 0 {
		return nil, errors.Join(writeErrors(o.Log, findings), ErrBadRules)
	}
	s, err := ruletest.Run(set, suites, ruletest.Options{Decoders: o.testDecoders, Lookups: o.Lookups})
	if err == nil && len(s.Results) == 0 {
		err = ErrNoTests
	}
	return s, err
}

// writeErrors leaves warnings to check.
func writeErrors(w io.Writer, all lang.Diagnostics) error {
	var bad lang.Diagnostics
	for _, d := range all {
		if d.Level == spec.Error {
			bad = append(bad, d)
		}
	}
	return bad.WriteText(w)
}

// testDecoders returns what reads the reports of tests: the codec of eval, to which
// tests may give derived columns. Of the rates only the base currency is known: what a
// test shows must not depend on the day.
func (o *EvalOptions) testDecoders(p *plan.Plan) whole.Decoders {
	return ruleset.Decoders(lang.Options{Schema: o.Schema, Kinds: o.Kinds}, o.Rates.BaseOnly(), p)
}
