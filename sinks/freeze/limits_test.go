package freeze_test

import (
	"slices"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestMaxTextIsThatOfTheSchema asks for texts, and for what is none.
func TestMaxTextIsThatOfTheSchema(t *testing.T) {
	for path, want := range map[string]int{
		"legal.facts": 2000, "legal.domestic_equivalent": 500, "legal.predicate_offence.text": 500, "legal.requested_basis.code": 64,
		"subject.account.sub_account": 64, "payments.complaint_ref": 64, "sender_ref": 64,
		"legal": 0, "legal.nothing": 0, "legal.ml_suspicion": 0, "legal.facts.text": 0, "": 0, "urgency": 0,
	} {
		if got := freeze.MaxText(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

func TestRefusalCodesAreThoseThatPass(t *testing.T) {
	codes := freeze.RefusalCodes()
	if len(codes) != 22 || codes[0] != "no_power" || codes[21] != "other" || slices.Contains(codes, "victim_withdrew") {
		t.Errorf("codes %v", codes)
	}
}
