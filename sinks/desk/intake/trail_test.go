package intake_test

import (
	"slices"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestHopHasTheMarksOfTheReportAboutIt holds that a hop and a report of the same
// payment meet: the references of both are those of the bank that the money left.
func TestHopHasTheMarksOfTheReportAboutIt(t *testing.T) {
	root := maker(t).Root
	at := time.Date(2026, 3, 2, 4, 30, 0, 0, time.UTC)
	left, to, next := freeze.Servicer{BIC: "HWBAGB2LXXX"}, freeze.Servicer{BIC: "HWBDAEAD"}, freeze.Servicer{BIC: "HWBESGSG"}
	refs := freeze.Refs{UETR: "u", TransactionID: "t", EndToEndID: "e", RRN: "r"}
	hop := func(id string, to freeze.Servicer, parents ...string) freeze.Hop {
		return freeze.Hop{ItemID: id, ParentItems: parents, To: freeze.HopTo{Account: freeze.Account{Scheme: "iban", ID: id}, Servicer: to, AccountCountry: "AE"}, ExecutedAt: freeze.At(at), Refs: refs}
	}
	trail := []freeze.Hop{hop("N1", to, "P1"), hop("N2", next, "N1")}
	for name, c := range map[string]struct {
		first freeze.Servicer
		index int
		from  freeze.Servicer
		marks int
	}{
		"of the account that was asked about": {left, 0, left, 4},
		"of a hop, from the account before":   {left, 1, to, 4},
		"nobody knows whom it left":           {freeze.Servicer{}, 0, freeze.Servicer{}, 1},
		"but of a hop of a hop":               {freeze.Servicer{}, 1, to, 4},
	} {
		got := intake.TrailMarks(root, trail, c.first)[c.index].Refs
		want := intake.Marks(root, refs, c.from, "2026-03-02")
		if c.from.BIC == "" {
			want = intake.Marks(root, freeze.Refs{UETR: "u"}, c.from, "2026-03-02")
		}
		if len(got) != c.marks || !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	a, b := intake.TrailMarks(root, trail, left)[0], intake.TrailMarks(root, []freeze.Hop{hop("N9", to, "P1")}, left)[0]
	if a.Account == "" || a.Account == b.Account {
		t.Errorf("marks of accounts %q and %q", a.Account, b.Account)
	}
}
