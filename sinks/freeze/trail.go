package freeze

import "slices"

// Untraced returns the items whose money that moved on is not the money of the hops
// that continue them, in the order of the funds. A hop may continue several items,
// so items that share hops are summed together; hops that continue other hops count
// there, not here.
func Untraced(funds []Fund, trail []Hop) []string {
	groups := groupsOf(funds, trail)
	var out []string
	for _, f := range funds {
		g := groups[f.ItemID]
		if g != nil && !g.even() && !slices.Contains(out, f.ItemID) {
			out = append(out, f.ItemID)
		}
	}
	return out
}

// group is a set of items whose money moved on together: by currency, what funds
// say, and what hops say.
type group struct{ moved, seen map[string]Dec }

func (g *group) even() bool {
	for currency, moved := range g.moved {
		if moved.Cmp(g.seen[currency]) != 0 {
			return false
		}
	}
	for currency, seen := range g.seen {
		if _, known := g.moved[currency]; !known && !seen.Zero() {
			return false
		}
	}
	return true
}

// groupsOf returns the groups by item. Items without moved_on and without a hop are
// in none.
func groupsOf(funds []Fund, trail []Hop) map[string]*group {
	items := map[string]bool{}
	for _, f := range funds {
		items[f.ItemID] = true
	}
	groups := map[string]*group{}
	of := func(item string) *group {
		if groups[item] == nil {
			groups[item] = &group{map[string]Dec{}, map[string]Dec{}}
		}
		return groups[item]
	}
	for _, h := range trail {
		from := slices.DeleteFunc(slices.Clone(h.ParentItems), func(item string) bool { return !items[item] })
		if len(from) == 0 {
			continue
		}
		first := of(from[0])
		for _, item := range from[1:] {
			merge(groups, first, of(item))
		}
		first.seen[h.Money.Currency] = first.seen[h.Money.Currency].Add(h.Money.Amount)
	}
	for _, f := range funds {
		if f.Disposition == "moved_on" {
			g := of(f.ItemID)
			g.moved[f.Money.Currency] = g.moved[f.Money.Currency].Add(f.Money.Amount)
		}
	}
	return groups
}

// merge makes two groups one.
func merge(groups map[string]*group, into, from *group) {
	if into == from {
		return
	}
	for currency, sum := range from.seen {
		into.seen[currency] = into.seen[currency].Add(sum)
	}
	for item, g := range groups {
		if g == from {
			groups[item] = into
		}
	}
}
