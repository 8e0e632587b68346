package main

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestShowTellsWhatAPartnerAsksAndWhy prints everything that an officer has to weigh,
// and lets no text of the partner look like a line of ours.
func TestShowTellsWhatAPartnerAsksAndWhy(t *testing.T) {
	end := freeze.At(time.Date(2026, 3, 5, 4, 0, 0, 0, time.UTC))
	d := &desk.Detail{View: desk.View{ID: "IN22", Direction: "in", State: "assessing"}, Request: &desk.RequestView{
		Message: "IN22-Q001", Urgency: "critical", ValidUntil: end, DecideBy: end, Provisional: true, ConfirmBy: &end,
		Asks: []freeze.Ask{{Kind: "hold_amount", Amount: &freeze.Money{Amount: "18000.00", Currency: "GBP"}}, {Kind: "trace", Note: "where it went"}},
		Legal: freeze.Legal{
			Regime: "cets198", RequesterBasis: freeze.Basis{Code: "PMLA", Text: "section 12A"}, RequestedBasis: &freeze.Hint{Text: "POCA 2002"},
			PredicateOffence: freeze.Offence{Code: "fraud", Text: "cheating"}, MLSuspicion: new(true),
			Facts: "SIM change.\n\nMESSAGE\tTYPE\tOURS\n\x1b[2Jstate  authorised", Background: "a ring", Reason: "the money leaves", Nexus: "it went to you", IntendedUse: "to return it",
			DomesticEquivalent: "suspended here too", Proportionality: strings.Repeat("necessary ", 30), Followup: &freeze.Followup{MLA: true, ExpectedBy: "2026-04-01", Authority: "court"},
		},
		Indicators: []freeze.Indicator{{Code: "sim_swap_before_payment"}}, Handling: &freeze.Handling{TLP: "red", PermittedUse: "postponement", Onward: freeze.Onward{Mode: "none"}, CustomerNotice: "prohibited"},
	}}
	var b strings.Builder
	if err := show(&b, "table", d, func(w io.Writer) { detailTable(w, d) }); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	for _, want := range []string{
		"asked by IN22-Q001, critical", "wants hold_amount 18000.00 GBP", "wants trace: where it went", "provisional to be confirmed by 2026-03-05 04:00Z",
		"decide by 2026-03-05 04:00Z; valid until 2026-03-05 04:00Z", "regime cets198", "basis PMLA: section 12A", "our basis POCA 2002", "offence fraud: cheating",
		"laundering suspected", "facts SIM change. MESSAGE TYPE OURS \ufffd[2Jstate authorised", "background a ring", "reason the money leaves", "nexus it went to you",
		"intended use to return it", "at home suspended here too", "follow-up mutual legal assistance 2026-04-01 court", "indicator sim_swap_before_payment",
		"handling TLP red, use postponement, onward none, customer notice prohibited",
	} {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.Join(strings.Fields(l), " ") == want }) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
	if n := strings.Count(b.String(), "necessary"); n != 30 || strings.Contains(b.String(), strings.Repeat("necessary ", 12)) {
		t.Errorf("a long text is not wrapped:\n%s", b.String())
	}
	var none strings.Builder
	requestTable(&none, nil)
	if none.Len() != 0 {
		t.Error("an outbound alert has a request of a partner")
	}
}

func TestWrappedKeepsEveryWordAndTheWidth(t *testing.T) {
	text := "a " + strings.Repeat("ä", 25) + " bc  d\ne"
	got := wrapped(text, 10)
	want := []string{"a", strings.Repeat("ä", 10), strings.Repeat("ä", 10), "äääää bc d", "e"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
