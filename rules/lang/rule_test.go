package lang_test

import (
	"reflect"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/spec"
)

const wholeRule = `library: places
let:
  abroad: debtor.account_country != creditor.account_country
---
id: whole
version: 3
status: shadow
title: A title
owner: desk
severity: medium
typology: [one-word]
on: [bank.*, telecom.call]
use: [places]
params: {floor: 100, words: [gift, card]}
let:
  large: base_amount > params.floor
weights:
  a: {when: abroad, points: 10.5}
  b: {when: large, points: 20}
score: (a + b) * 2
when: contains_any(narrative, params.words)
cases:
  - name: freeze
    when: score >= 60 and large
    severity: critical
    alert: {approval: auto, facts: "Got {base_amount}."}
  - name: ask
    when: score > 0
    typology: [another]
alert:
  subject: creditor
  ask: [trace]
  amount: settled_amount ?? amount
  predicate_offence: theft
---
exception: pooled
rules: [whole]
when: abroad == nil or creditor.account == "1"
until: 2026-06-30T12:00:00Z
reason: Because.
owner: desk
`

func load(t *testing.T, text string, o lang.Options) *lang.Set {
	t.Helper()
	tree, findings := spec.Parse([]*spec.File{spec.NewFile("rules.yaml", []byte(text))})
	set, more := lang.Check(tree, o)
	for _, f := range append(findings, more...) {
		if f.Level == spec.Error {
			t.Fatal(f.String())
		}
	}
	return set
}

func TestRule(t *testing.T) {
	text := replace(wholeRule, "when: abroad == nil or creditor.account", "when: creditor.account")
	set := load(t, text, lang.Options{})
	r := set.Rules[0]
	s := event.Default()
	money := func(amount, currency string) lang.MoneyRef {
		return lang.MoneyRef{Amount: s.Must(amount), Currency: s.Must(currency)}
	}
	alert := &lang.Alert{Subject: "creditor", Ask: []string{"trace"}, Approval: "two_person", PredicateOffence: "theft", This: true,
		Amount: []lang.MoneyRef{money("settled_amount", "settled_currency"), money("amount", "currency")}}
	if want := (lang.Outcome{Severity: "medium", Typology: []string{"one-word"}, Alert: alert}); !reflect.DeepEqual(r.Outcome, want) {
		t.Errorf("outcome %+v", r.Outcome)
	}
	freeze, ask := r.Cases[0], r.Cases[1]
	if freeze.Severity != "critical" || freeze.Alert.Approval != "auto" || freeze.Alert.PredicateOffence != "theft" || len(freeze.Alert.Facts) != 3 || freeze.Alert.Facts[1].Expr.Key != "base_amount" {
		t.Errorf("freeze %+v %+v", freeze, freeze.Alert)
	}
	if ask.Severity != "medium" || ask.Typology[0] != "another" || !reflect.DeepEqual(ask.Alert, alert) {
		t.Errorf("ask %+v", ask)
	}
	if len(r.On) != 12 || r.Version != 3 || r.Status != lang.Shadow || r.Weights[0].Points.String() != "10.5" {
		t.Errorf("rule %+v", r)
	}
	if want := "*(+(?:(??(!=(creditor.account_country, debtor.account_country), false), 10.5, 0), ?:(??(>(base_amount, 100), false), 20, 0)), 2)"; r.Score.Key != want {
		t.Errorf("score %s", r.Score.Key)
	}
	if x := set.Exceptions[0]; x.Until != 1782820800000 || x.When.Key != `==(creditor.account, "1")` || x.Rules[0] != "whole" {
		t.Errorf("exception %+v", x)
	}
}

func replace(text, old, with string) string {
	for i := 0; i+len(old) <= len(text); i++ {
		if text[i:i+len(old)] == old {
			return text[:i] + with + text[i+len(old):]
		}
	}
	panic("the text has no " + old) // a mistake of the test itself
}

const plain = `id: one
version: 1
status: live
title: t
owner: o
severity: high
on: bank.transfer
params: {floor: 5}
when: base_amount > params.floor
alert: {subject: creditor}
`

// TestHash: what can change a hit changes the hash, what cannot does not.
func TestHash(t *testing.T) {
	hash := func(text string) string { return load(t, text, lang.Options{}).Rules[0].Hash }
	base := hash(plain)
	for _, c := range []struct {
		old, with string
		same      bool
	}{
		{"title: t", "title: other", true},
		{"status: live", "status: draft", true},
		{"version: 1", "version: 2", true},
		{"when: base_amount > params.floor", "when: 5.0   < base_amount", true},
		{"when: base_amount > params.floor", "when: not (base_amount <= params.floor)", true},
		{"on: bank.transfer", "on: [bank.transfer, bank.transfer]", true},
		{"floor: 5", "floor: 6", false},
		{"severity: high", "severity: low", false},
		{"on: bank.transfer", "on: bank.*", false},
		{"subject: creditor", "subject: debtor", false},
		{"subject: creditor", "subject: creditor, approval: auto", false},
		{"subject: creditor", "subject: creditor, amount: amount", false},
		{"subject: creditor", `subject: creditor, facts: "x"`, false},
	} {
		if got := hash(replace(plain, c.old, c.with)); (got == base) != c.same {
			t.Errorf("%s: hash same = %v, want %v", c.with, got == base, c.same)
		}
	}
}

// TestParams sets params from outside, as a backtest does.
func TestParams(t *testing.T) {
	for _, o := range []map[string]string{{"floor": "70"}, {"one/floor": "70", "floor": "1"}} {
		if got := load(t, plain, lang.Options{Params: o}).Rules[0].Guard.Key; got != ">(base_amount, 70)" {
			t.Errorf("%v: %s", o, got)
		}
	}
}

// TestConfiguredVocabulary: fields and kinds of the configuration are like
// built-in ones.
func TestConfiguredVocabulary(t *testing.T) {
	s, err := event.NewSchema(event.Column{Name: "branch", Type: event.Symbol}, event.Column{Name: "risk.points", Type: event.Decimal})
	if err != nil {
		t.Fatal(err)
	}
	n, findings := lang.Expression(`branch == "north" and risk.points > 5`, lang.Options{Schema: s})
	if n == nil || n.Key != `and(==(branch, "north"), >(risk.points, 5))` {
		t.Errorf("%v %v", n, findings)
	}
	if cols := n.Columns(s); len(cols) != 2 || cols[1] != len(s.Columns)-1 {
		t.Errorf("columns %v", cols)
	}
}

// TestFunctions: every function says what it does, and its example is right.
func TestFunctions(t *testing.T) {
	for _, f := range lang.Functions() {
		if f.Meaning == "" || f.Example == "" {
			t.Errorf("%s is not described", f.Name)
		}
		if n, findings := lang.Expression(f.Example, lang.Options{}); n == nil {
			t.Errorf("%s: %v", f.Example, findings)
		}
	}
}
