package app

import (
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"

	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/rules/spec"
)

// setOf returns a set of rules that differ in nothing but their ids, versions and
// status.
func setOf(t *testing.T, rules string) *ruleset.Set {
	t.Helper()
	tree, findings := spec.Parse([]*spec.File{spec.NewFile("rules.yaml", []byte(rules))})
	set, more := lang.Check(tree, lang.Options{})
	if findings.Errors()+more.Errors() > 0 {
		t.Fatal(findings, more)
	}
	p, err := plan.New(set, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &ruleset.Set{Rules: set, Plan: p}
}

// TestSince: a rule judges from the activation of its meaning on, and goes on doing so
// over activations that leave it as it is.
func TestSince(t *testing.T) {
	const body = "\ntitle: t\nowner: o\nseverity: low\non: bank.transfer\nwhen: base_amount > 5\n"
	rule := func(id, version, status string) string {
		return "---\nid: " + id + "\nversion: " + version + "\nstatus: " + status + body
	}
	p := event.Partition{Topic: "t", ID: 1}
	at := func(offset int64) map[event.Partition]int64 { return map[event.Partition]int64{p: offset} }
	first := setOf(t, rule("old", "1", "live")+rule("raised", "1", "live")+rule("tried", "1", "shadow"))
	second := setOf(t, rule("old", "1", "live")+rule("raised", "2", "live")+rule("tried", "1", "live")+rule("added", "1", "live"))
	s := since(nil).next(nil, first, nil).next(first, second, at(10)).next(second, second, at(20))
	for rule, from := range map[string]int64{"old": 0, "raised": 10, "tried": 10, "added": 10} {
		for _, offset := range []int64{0, 9, 10, 19, 20} {
			pos := event.Position{Topic: p.Topic, Partition: p.ID, Offset: offset}
			said, err := s.heed(&hit.Judgement{Hits: []*hit.Hit{{Rule: rule, Position: pos}}, Overturned: []hit.Overturned{{Rule: rule, Position: pos}}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if want := offset >= from; (len(said.Hits) == 1) != want || (len(said.Overturned) == 1) != want {
				t.Errorf("%s at %d: %d hits and %d overturned", rule, offset, len(said.Hits), len(said.Overturned))
			}
			elsewhere := event.Position{Topic: "t", Partition: 2, Offset: offset}
			if !s.heard(rule, elsewhere) {
				t.Errorf("%s does not judge a partition that came later", rule)
			}
		}
	}
}
