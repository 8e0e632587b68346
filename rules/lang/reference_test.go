package lang_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/spec"
)

// TestReference holds the list of functions to this: every one has a meaning, an
// example that checks, and says when it is missing.
func TestReference(t *testing.T) {
	var names []string
	for _, e := range lang.Reference() {
		names = append(names, e.Where+" "+e.Name)
		if e.Meaning == "" || e.Missing == "" || !strings.HasPrefix(e.Signature, e.Name+"(") {
			t.Errorf("%+v", e)
		}
		if e.Where == lang.InExpressions && e.Example != "" {
			if _, findings := lang.Expression(e.Example, vocabulary()); len(findings) > 0 {
				t.Errorf("%s: %v", e.Example, findings)
			}
		}
		if e.Where == lang.InValues {
			checkValue(t, e.Example)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("a function stands twice: %q", names)
	}
	for _, f := range []string{"age", "country_of", "is_iban", "e164", "similar", "local_hour", "weekend", "distance_km", "hours", "decimal", "contains_any", "abs", "min", "max"} {
		if !slices.Contains(names, lang.InExpressions+" "+f) {
			t.Errorf("%s is not in the reference", f)
		}
	}
}

func checkValue(t *testing.T, value string) {
	t.Helper()
	text := fmt.Sprintf("library: lib\nwindows:\n  w:\n    from: bank.transfer\n    key: debtor.uid\n    within: 5d\n    values:\n      v: |\n        %s\n", value)
	tree, findings := spec.Parse([]*spec.File{spec.NewFile("x.yaml", []byte(text))})
	_, more := lang.Check(tree, vocabulary())
	for _, f := range append(findings, more...) {
		if !strings.Contains(f.Message, "no kind of report") && !strings.Contains(f.Message, "is not fed by") {
			t.Errorf("%s: %s", value, f)
		}
	}
}
