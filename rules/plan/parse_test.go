package plan_test

import (
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/spec"
)

// parse returns the node of an expression of any type, or what is wrong with it.
// A condition is read as a rule's guard, a number as a score; of anything else
// the rule language says no more than whether it is missing.
func parse(s *event.Schema, source string) (*lang.Node, lang.Diagnostics) {
	guard := func(text string) (*lang.Node, lang.Diagnostics) {
		r, ds := parseRule(s, "when: |2-\n"+indent(text)+"\n")
		if r == nil {
			return nil, ds
		}
		return r.Guard, ds
	}
	n, ds := guard(source)
	if n != nil || len(ds) > 0 && !strings.Contains(ds[0].Message, "must be true or false") {
		return n, ds
	}
	if r, _ := parseRule(s, "score: |2-\n"+indent(source)+"\n"); r != nil {
		return r.Score, nil
	}
	if n, _ := guard("(" + source + ") == nil"); n != nil {
		return n, nil
	}
	return nil, ds
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// parseRule returns the rule that has body beside what every rule needs; nil
// when it has an error.
func parseRule(s *event.Schema, body string) (*lang.Rule, lang.Diagnostics) {
	const head = "id: one\nversion: 1\nstatus: live\ntitle: One\nowner: desk\nseverity: low\ntypology: [sim-swap]\non: bank.*\n"
	if !strings.HasPrefix(body, "when:") {
		body = "when: kind == \"bank.transfer\"\n" + body
	}
	tree, ds := spec.Parse([]*spec.File{spec.NewFile("one.yaml", []byte(head+body))})
	set, more := lang.Check(tree, lang.Options{Schema: s})
	ds = append(ds, more...)
	if ds.Errors() > 0 || len(set.Rules) != 1 {
		return nil, ds
	}
	return set.Rules[0], ds
}
