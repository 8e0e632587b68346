package desk_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/policy"
)

// TestUnknownTextsAreRefusedWithThoseThereAre misspells a text of every act in both
// directions: the refusal lists what the act takes, and nothing is on the log.
func TestUnknownTextsAreRefusedWithThoseThereAre(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	id := arrives(t, c)
	for direction, d := range map[string]*desk.Desk{"out": c.in.desk, "in": c.gb.desk} {
		before, err := d.Events(t.Context(), id, -1, 500)
		must(t, err)
		for _, do := range desk.Acts() {
			_, err := d.Act(t.Context(), id, desk.Action{Do: do, As: "O1", Texts: map[string]string{"Reasn": "x"}})
			if err == nil || !strings.Contains(err.Error(), `text "Reasn"`) {
				t.Errorf("%s %s: %v", direction, do, err)
				continue
			}
			for _, known := range desk.TextsOf(direction, do) {
				if known.Name != desk.FieldText && !strings.Contains(err.Error(), known.Name) {
					t.Errorf("%s %s: %v says nothing of %s", direction, do, err, known.Name)
				}
			}
		}
		after, err := d.Events(t.Context(), id, -1, 500)
		must(t, err)
		if slices.ContainsFunc(after[len(before):], func(e desk.EventView) bool { return e.By != "" }) {
			t.Errorf("%s: something was written: %s", direction, asJSON(after[len(before):]))
		}
	}
}

// TestTextsOfARequestAreThoseThatAreWrittenIntoIt compares the list with what the fold
// takes, and has every text of every act a sentence.
func TestTextsOfARequestAreThoseThatAreWrittenIntoIt(t *testing.T) {
	var edit []string
	for _, x := range desk.TextsOf("out", apply.ActEdit) {
		edit = append(edit, x.Name)
	}
	if !slices.Equal(edit, apply.Editable()) {
		t.Errorf("listed %v, written %v", edit, apply.Editable())
	}
	names := desk.TextNames()
	for _, direction := range []string{"out", "in"} {
		for _, do := range desk.Acts() {
			for _, x := range desk.TextsOf(direction, do) {
				if !strings.HasSuffix(x.About, ".") || x.Name != desk.FieldText && !slices.Contains(names, x.Name) {
					t.Errorf("%s %s: %+v", direction, do, x)
				}
			}
		}
	}
}

// TestTextsThatAreListedAreTaken writes every text of an edit.
func TestTextsThatAreListedAreTaken(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	in.start(t, setup{brokers: fake(t)}, []policy.Party{gb.party(agreement())}, gb)
	h := report("TX-1", uetr1, "18000.00")
	h.Approval = "two_person"
	must(t, in.desk.Append(t.Context(), []*hit.Hit{h}))
	eventually(t, "a proposal", func() bool { return state(in.desk) == "proposed" })
	texts := map[string]string{}
	for _, x := range desk.TextsOf("out", apply.ActEdit) {
		texts[x.Name] = "written into " + x.Name
	}
	act(t, in.desk, one(t, in.desk).ID, desk.Action{Do: "edit", As: "O1", Texts: texts})
}
