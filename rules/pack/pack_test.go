package pack_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/ruletest"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sources/codec"
)

// typologies is the list that the rules choose their words from.
func typologies() []string {
	return []string{"account-takeover", "authorised-push-payment", "business-email-compromise", "call-forwarding", "card-testing", "cash-out",
		"cross-border", "crypto", "dormant-account", "fan-in", "fan-out", "impersonation", "investment-scam", "layering", "mule-account",
		"new-account", "new-payee", "pass-through", "remote-access", "revenue-share", "romance-scam", "shared-device", "sim-box", "sim-swap",
		"smishing", "structuring", "wangiri"}
}

// TestStrict holds the shipped rules to what check --strict demands with the lock
// of the folder, and to what their readers need.
func TestStrict(t *testing.T) {
	set, findings, err := lang.LoadLocked(".", lang.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f.String())
	}
	approvals, used := map[string]int{}, map[string]bool{}
	for _, r := range set.Rules {
		if !strings.HasSuffix(r.Owner, "-desk") {
			t.Errorf("%s: the owner %s is no desk", r.ID, r.Owner)
		}
		if r.Status != lang.Live && r.Status != lang.Shadow {
			t.Errorf("%s is shipped as %s", r.ID, r.Status)
		}
		if len(r.Typology) == 0 {
			t.Errorf("%s has no typology", r.ID)
		}
		for _, word := range r.Typology {
			used[word] = true
			if !slices.Contains(typologies(), word) {
				t.Errorf("%s: the typology list has no %s", r.ID, word)
			}
		}
		if r.Alert != nil {
			approvals[r.Alert.Approval]++
			if r.Alert.Approval == "auto" && len(r.Windows) > 0 {
				t.Errorf("%s acts by itself on what several reports say", r.ID)
			}
		}
		if len(r.Falls) > 0 && r.Settle == 0 {
			t.Errorf("%s can be overturned and does not settle", r.ID)
		}
	}
	for _, word := range typologies() {
		if !used[word] {
			t.Errorf("no rule is about %s", word)
		}
	}
	if len(set.Rules) < 40 || approvals["auto"] < 5 || approvals["two_person"] < 3 {
		t.Errorf("%d rules with approvals %v", len(set.Rules), approvals)
	}
}

// read returns the documents of the folder.
func read(t *testing.T) *spec.Tree {
	t.Helper()
	tree, findings, err := spec.Read(".")
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	return tree
}

// run runs the tests of the rules of tree as the command does with a rates file.
func run(tree *spec.Tree, rates codec.Rates) (*ruletest.Summary, lang.Diagnostics, error) {
	o := lang.Options{Now: time.Now()}
	set, findings := lang.Check(tree, o)
	suites, wrong := ruletest.Parse(tree, event.Default())
	if findings = append(findings, wrong...); findings.Errors() > 0 {
		return nil, findings, nil
	}
	s, err := ruletest.Run(set, suites, ruletest.Options{
		Decoders: func(p *plan.Plan) whole.Decoders { return ruleset.Decoders(o, rates, p) },
	})
	return s, findings, err
}

// TestFull runs the tests of all rules and demands that they have seen everything,
// and that every rule has a test in which nothing hits.
func TestFull(t *testing.T) {
	tree := read(t)
	s, findings, err := run(tree, codec.Rates{})
	if err != nil || s == nil {
		t.Fatal(err, findings)
	}
	failures(t, s)
	for _, c := range s.Coverage {
		if !c.Hit {
			t.Errorf("%s has never hit", c.Rule)
		}
		for _, x := range slices.Concat(c.Cases, c.Weights) {
			if !x.True {
				t.Errorf("%s: %s was never true", c.Rule, x.What)
			}
		}
		for _, x := range c.Comparisons {
			if !x.Full() {
				t.Errorf("%s: %s: true %t, false %t, unknown %t", c.Rule, x.What, x.True, x.False, x.Unknown)
			}
		}
	}
	suites, _ := ruletest.Parse(tree, event.Default())
	silent := map[string]bool{}
	for _, suite := range suites {
		for _, one := range suite.Tests {
			silent[suite.Rule] = silent[suite.Rule] || len(one.Expect) == 0
		}
	}
	for _, r := range tree.Rules {
		if !silent[r.ID.Text] {
			t.Errorf("%s has no test in which it is silent", r.ID.Text)
		}
		if len(r.References) == 0 || len(r.FalsePositives.Text) < 20 {
			t.Errorf("%s: references %v, false positives %q", r.ID.Text, texts(r.References), r.FalsePositives.Text)
		}
	}
}

func failures(t *testing.T, s *ruletest.Summary) {
	t.Helper()
	for _, r := range s.Results {
		for _, f := range r.Failures {
			t.Errorf("%s:%d: %s: %q: %s: %s: want %s, got %s", f.File, f.Line, r.Rule, r.Name, f.Label, f.What, f.Want, f.Got)
		}
	}
}

// TestRates shows that what the tests of rules say does not depend on the rates of
// who runs them: haltwire runs them before it takes a set or a rates file.
func TestRates(t *testing.T) {
	rates, err := codec.LoadRates("USD", strings.NewReader("valid_from,currency,rate\n2020-01-01,USD,1\n2020-01-01,GBP,9000\n2020-01-01,INR,9000\n2020-01-01,EUR,0.0001\n"))
	if err != nil {
		t.Fatal(err)
	}
	s, findings, err := run(read(t), rates)
	if err != nil || s == nil {
		t.Fatal(err, findings)
	}
	failures(t, s)
}

func texts(ss []spec.Scalar) []string {
	var out []string
	for _, s := range ss {
		out = append(out, s.Text)
	}
	return out
}
