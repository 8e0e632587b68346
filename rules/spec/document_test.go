package spec_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/spec"
)

// TestWholeRule reads a rule that has every key of the format.
func TestWholeRule(t *testing.T) {
	data, err := os.ReadFile("testdata/whole-rule.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tree, findings := spec.Parse([]*spec.File{spec.NewFile("sim-swap-then-abroad.yaml", data)})
	for _, f := range findings {
		t.Error(f.String())
	}
	if len(tree.Rules) != 1 || len(tree.Libraries) != 1 || len(tree.Exceptions) != 1 {
		t.Fatalf("%+v", tree)
	}
	r := tree.Rules[0]
	for _, c := range []struct{ got, want string }{
		{r.ID.Text, "sim-swap-then-abroad"},
		{r.Params[0].Values[0].Text, "5000.00"},
		{r.Windows[0].ByKind[0].Kind.Text, "telecom.sim_swap"},
		{r.Windows[0].ByKind[0].Key[0].Text, "subscriber.phone"},
		{r.Windows[1].Key[1].Text, "currency"},
		{r.Windows[1].Self.Text, "false"},
		{r.Windows[1].Values[1].Value.Text, "seen(creditor.uid)"},
		{r.Weights[2].Rule.Text, "mule-fan-in"},
		{r.Weights[2].Hit.Text, "40"},
		{r.Cases[1].Severity.Text, "high"},
		{r.Alert.Ask[1].Text, "trace"},
		{r.Settle.Text, "5s"},
		{tree.Libraries[0].Let[0].Value.Text, "a != b"},
		{tree.Exceptions[0].Until.Text, "2026-12-31"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if r.Tests == nil || r.Defaults == nil {
		t.Error("tests and defaults are lost")
	}
	// Every scalar stands where its span says.
	for _, s := range []spec.Scalar{r.Title, r.When, r.Windows[1].Where, r.Weights[0].When, r.Alert.Facts} {
		if got := string(data[s.Span.From:s.Span.To]); !strings.Contains(got, strings.Fields(s.Text)[0]) {
			t.Errorf("span %q of %q", got, s.Text)
		}
	}
}

// TestSub finds every word of a text in the file, whatever the YAML style.
func TestSub(t *testing.T) {
	for _, value := range []string{
		"alpha beta gämma == delta", "|\n  alpha beta\n\n    gämma == delta", ">-\n  alpha\n  beta gämma\n  == delta",
		"'alpha beta ''x'' gämma == delta'", `"alpha \"beta\" gämma == delta"`, "alpha\n  beta gämma ==\n  delta", "|+2\n   alpha beta gämma == delta\n",
	} {
		text := "id: abc\nwhen: " + value + "\n"
		tree, _ := spec.Parse([]*spec.File{spec.NewFile("abc.yaml", []byte(text))})
		s := tree.Rules[0].When
		words := regexp.MustCompile(`[\pL]+|==`).FindAllStringIndex(s.Text, -1)
		if len(words) < 5 {
			t.Errorf("%q: %d words", s.Text, len(words))
		}
		for _, w := range words {
			span := s.Sub(w[0], w[1])
			if got := text[span.From:span.To]; got != s.Text[w[0]:w[1]] {
				t.Errorf("%q: %q stands at %q", value, s.Text[w[0]:w[1]], got)
			}
		}
	}
}
