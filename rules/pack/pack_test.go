package pack_test

import (
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/lang"
)

// TestStrict holds the shipped rules to what check --strict demands, and to what
// the demo needs: several of each way of approval.
func TestStrict(t *testing.T) {
	set, findings, err := lang.Load(".", lang.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f.String())
	}
	approvals := map[string]int{}
	for _, r := range set.Rules {
		if len(r.Typology) == 0 {
			t.Errorf("%s has no typology", r.ID)
		}
		if r.Alert != nil {
			approvals[r.Alert.Approval]++
		}
	}
	if len(set.Rules) < 12 || approvals["auto"] < 5 || approvals["two_person"] < 3 {
		t.Errorf("%d rules with approvals %v", len(set.Rules), approvals)
	}
}
