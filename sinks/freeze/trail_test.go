package freeze_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
)

func moved(item, disposition, amount, currency string) freeze.Fund {
	return freeze.Fund{ItemID: item, Disposition: disposition, Money: freeze.Money{Amount: freeze.Dec(amount), Currency: currency}}
}

func hopOf(id, amount, currency string, parents ...string) freeze.Hop {
	return freeze.Hop{ItemID: id, ParentItems: parents, Money: freeze.Money{Amount: freeze.Dec(amount), Currency: currency}}
}

func TestUntraced(t *testing.T) {
	funds := []freeze.Fund{
		moved("P1", "held", "15500", "GBP"), moved("P1", "moved_on", "2500.00", "GBP"), moved("P2", "moved_on", "8500", "GBP"), moved("P3", "moved_on", "7", "GBP"), moved("P4", "held", "1", "GBP"),
	}
	for name, c := range map[string]struct {
		trail []freeze.Hop
		want  []string
	}{
		"everything":             {[]freeze.Hop{hopOf("N1", "11000", "GBP", "P1", "P2"), hopOf("N2", "7.00", "GBP", "P3")}, nil},
		"no trail":               {nil, []string{"P1", "P2", "P3"}},
		"less":                   {[]freeze.Hop{hopOf("N1", "10999", "GBP", "P1", "P2"), hopOf("N2", "7", "GBP", "P3")}, []string{"P1", "P2"}},
		"more":                   {[]freeze.Hop{hopOf("N1", "11000", "GBP", "P1", "P2"), hopOf("N2", "8", "GBP", "P3")}, []string{"P3"}},
		"other currency":         {[]freeze.Hop{hopOf("N1", "11000", "GBP", "P1", "P2"), hopOf("N2", "7", "EUR", "P3")}, []string{"P3"}},
		"several hops":           {[]freeze.Hop{hopOf("N1", "2500", "GBP", "P1"), hopOf("N2", "8507", "GBP", "P2", "P3")}, nil},
		"a hop of a hop":         {[]freeze.Hop{hopOf("N1", "11007", "GBP", "P1", "P2", "P3"), hopOf("N2", "500", "AED", "N1")}, nil},
		"hops that share":        {[]freeze.Hop{hopOf("N1", "5000", "GBP", "P1", "P2"), hopOf("N2", "6007", "GBP", "P2", "P3")}, nil},
		"a hop that nobody left": {[]freeze.Hop{hopOf("N1", "11000", "GBP", "P1", "P2"), hopOf("N2", "7", "GBP", "P3"), hopOf("N3", "5", "GBP", "P4")}, []string{"P4"}},
	} {
		if got := freeze.Untraced(funds, c.trail); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestUntracedFindsAnyDifference cuts what moved on into hops, in any way, and then
// changes one of them by a cent.
func TestUntracedFindsAnyDifference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var funds []freeze.Fund
		var trail []freeze.Hop
		for i := range rapid.IntRange(1, 4).Draw(rt, "items") {
			item, sum := fmt.Sprint("P", i), 0
			for j := range rapid.IntRange(1, 3).Draw(rt, "hops") {
				part := rapid.IntRange(1, 100000).Draw(rt, "part")
				sum += part
				trail = append(trail, hopOf(fmt.Sprint("N", i, j), cents(part), "GBP", item))
			}
			funds = append(funds, moved(item, "moved_on", cents(sum), "GBP"))
		}
		if got := freeze.Untraced(funds, trail); len(got) > 0 {
			rt.Fatalf("%v do not add up: %v %v", got, funds, trail)
		}
		h := &trail[rapid.IntRange(0, len(trail)-1).Draw(rt, "which")]
		h.Money.Amount = h.Money.Amount.Add("0.01")
		if got := freeze.Untraced(funds, trail); !slices.Equal(got, h.ParentItems) {
			rt.Fatalf("%v, want %v", got, h.ParentItems)
		}
	})
}

func cents(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }
