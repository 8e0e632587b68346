package apply

import (
	"slices"
	"sort"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Chain is where the money of an alert is, as its partner tells it, through the
// alerts that follow what moved on.
type Chain struct {
	Alert   string           `json:"alert_id"`
	Item    string           `json:"item_id,omitempty"` // the hop that led here
	Arrived freeze.Money     `json:"arrived,omitzero"`  // by that hop
	Amounts []freeze.Amounts `json:"amounts"`           // of the latest outcome
	Follows []Chain          `json:"follows,omitempty"`
	// Wrong lists what does not add up, as "what: id".
	Wrong []string `json:"wrong,omitempty"`
}

// ChainOf returns the chain of an alert. child returns the alert that follows a hop,
// nil where there is none.
func ChainOf(a *Alert, child func(*Hop) *Alert) Chain {
	return chainOf(a, nil, child, map[string]bool{})
}

func chainOf(a *Alert, by *Hop, child func(*Hop) *Alert, seen map[string]bool) Chain {
	c := Chain{Alert: a.ID, Amounts: []freeze.Amounts{}}
	if by != nil {
		c.Item, c.Arrived = by.ItemID, by.Arrived()
	}
	if seen[a.ID] || a.Outcome == nil { // money that comes back, or of which nobody has told yet
		return c
	}
	seen[a.ID] = true
	c.Amounts = freeze.AmountsOf(a.Outcome.Funds)
	c.check(a, by)
	for _, h := range a.Trail {
		if next := child(h); next != nil && !h.Gone {
			c.Follows = append(c.Follows, chainOf(next, h, child, seen))
		}
	}
	return c
}

// check notes what of one alert does not add up.
func (c *Chain) check(a *Alert, by *Hop) {
	if !a.Outcome.Balanced {
		c.Wrong = append(c.Wrong, "amounts: "+a.OutcomeID)
	}
	var trail []freeze.Hop
	for _, h := range a.Trail {
		if !h.Gone {
			trail = append(trail, freeze.Hop{ItemID: h.ItemID, ParentItems: h.ParentItems, Money: h.Money})
		}
	}
	for _, item := range freeze.Untraced(a.Outcome.Funds, trail) {
		c.Wrong = append(c.Wrong, "moved_on: "+item)
	}
	for _, i := range a.Items {
		if by == nil || !slices.ContainsFunc(i.Facts, func(x *Fact) bool { return x.Item == by.ItemID }) {
			continue
		}
		if sum, told := credited(a.Outcome.Funds, i.ID, c.Arrived.Currency); told && sum.Cmp(c.Arrived.Amount) != 0 {
			c.Wrong = append(c.Wrong, "credited: "+i.ID)
		}
	}
}

// credited sums the funds of an item in a currency, and reports whether there are any.
func credited(funds []freeze.Fund, item, currency string) (sum freeze.Dec, told bool) {
	sum = "0"
	for _, f := range funds {
		if f.ItemID == item && f.Disposition != "not_credited" && f.Money.Currency == currency {
			sum, told = sum.Add(f.Money.Amount), true
		}
	}
	return sum, told
}

// Balanced reports whether everything adds up, through all alerts of the chain.
func (c Chain) Balanced() bool {
	return len(c.Wrong) == 0 && !slices.ContainsFunc(c.Follows, func(x Chain) bool { return !x.Balanced() })
}

// Totals sums the chain by currency: what moved on is onward at the alert that it left,
// and credited again, in the currency that arrived, at the one that tells where it is.
func (c Chain) Totals() []freeze.Amounts {
	by := map[string]freeze.Amounts{}
	c.sum(by)
	out := make([]freeze.Amounts, 0, len(by))
	for _, a := range by {
		out = append(out, a)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Currency < out[j].Currency })
	return out
}

func (c Chain) sum(by map[string]freeze.Amounts) {
	for _, a := range c.Amounts {
		s, known := by[a.Currency]
		if !known {
			s = freeze.Amounts{Currency: a.Currency, Credited: "0", Held: "0", Returned: "0", Onward: "0", Lost: "0", Unaccounted: "0"}
		}
		s.Credited, s.Held, s.Returned = s.Credited.Add(a.Credited), s.Held.Add(a.Held), s.Returned.Add(a.Returned)
		s.Onward, s.Lost, s.Unaccounted = s.Onward.Add(a.Onward), s.Lost.Add(a.Lost), s.Unaccounted.Add(a.Unaccounted)
		by[a.Currency] = s
	}
	for _, x := range c.Follows {
		x.sum(by)
	}
}
