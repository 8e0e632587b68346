package app_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/ruletest"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
)

const head = "id: large\nversion: 1\nstatus: live\ntitle: t\nowner: o\nseverity: low\non: bank.transfer\nwhen: amount >= 100\n"

// load parses a rule with its tests.
func load(t *testing.T, text string) (*lang.Set, []*ruletest.Suite) {
	t.Helper()
	tree, bad := spec.Parse([]*spec.File{spec.NewFile("large.yaml", []byte(text))})
	set, more := lang.Check(tree, lang.Options{})
	suites, wrong := ruletest.Parse(tree, event.Default())
	if bad = append(append(bad, more...), wrong...); bad.Errors() > 0 {
		t.Fatal(bad)
	}
	return set, suites
}

func decoder(project []bool) plan.Decode {
	return jsoncodec.New(codec.Options{Schema: event.Default(), Project: project, Derived: true}).Decode
}

// TestOrderIsAFailure makes the outcome depend on order, by a decoder that loses the
// first report of an input, and expects a failure that shows both outcomes.
func TestOrderIsAFailure(t *testing.T) {
	set, suites := load(t, head+`tests:
  - name: both
    given: {a: {amount: 100}, b: {amount: 200}}
    expect: {b: {}}
`)
	lossy := func(p *plan.Plan) whole.Decoders {
		narrow, wide := decoder(p.Columns()), decoder(event.Default().Whole())
		first := func(recs *event.Records) (*event.Batch, []event.Dead) {
			if recs.Len() > 1 || recs.Offsets[0] == 0 {
				cut := *recs
				cut.Offsets, cut.Times, cut.Values = recs.Offsets[1:], recs.Times[1:], recs.Values[1:]
				recs = &cut
			}
			return narrow(recs)
		}
		return whole.Decoders{Plan: first, Whole: wide, About: wide}
	}
	s, err := ruletest.Run(set, suites, ruletest.Options{Decoders: lossy})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"large.yaml:11: large: \"both\": a: in the reversed order\n    want in the given order: no hit\n    got  hit ",
		"large.yaml:11: large: \"both\": b: in the reversed order\n    want in the given order: hit ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
}
