package ruleset_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/benchmarks/load/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

func TestRulesLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rules")
	rules := ruleset.New(300)
	if err := ruleset.Write(dir, rules); err != nil {
		t.Fatal(err)
	}
	set, findings, err := lang.Load(dir, lang.Options{Schema: event.Default()})
	if err != nil || findings.Errors() > 0 {
		t.Fatalf("load: %v %v", err, findings)
	}
	if len(set.Rules) != len(rules) {
		t.Errorf("%d rules loaded of %d", len(set.Rules), len(rules))
	}
	if !reflect.DeepEqual(rules, ruleset.New(300)) {
		t.Error("the same number gives other rules")
	}
}

func TestSQL(t *testing.T) {
	r := ruleset.Rule{Kinds: []string{"bank.transfer"}, Conditions: []ruleset.Condition{
		{Column: "a.b", Op: ruleset.In, Values: []string{"x", "y"}},
		{Column: "n", Op: ruleset.AtLeast, Values: []string{"1.50"}, Number: true},
		{Column: "t", Op: ruleset.Contains, Values: []string{"w"}},
		{Column: "t", Op: ruleset.StartsWith, Values: []string{"w"}},
	}}
	got := r.SQL(func(c string) string { return strings.ReplaceAll(c, ".", "_") })
	want := `(kind = 'bank.transfer' AND a_b IN ('x', 'y') AND n >= toDecimal128('1.50', 18) AND position(t, 'w') > 0 AND startsWith(t, 'w'))`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
