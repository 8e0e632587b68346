package intake

import (
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// TrailMarks returns what Apply may know of onward movements out of an account that
// left keeps.
func TrailMarks(root *caselog.Root, trail []freeze.Hop, left freeze.Servicer) []caselog.HopMark {
	var out []caselog.HopMark
	for i, h := range trail {
		out = append(out, caselog.HopMark{
			ItemID: h.ItemID, ParentItems: h.ParentItems, Money: h.Money, Credited: h.Credited, Country: h.To.AccountCountry,
			Refs: marksOfHop(root, h, Left(trail, i, left)), Account: accountMark(root, freeze.Subject{Account: h.To.Account, Servicer: h.To.Servicer}),
			HandledBy: h.HandledBy, OnwardUse: h.OnwardUse,
		})
	}
	return out
}

// Left returns who keeps the account that the money of a hop left: that of the hop
// before it, where the trail goes on, else first.
func Left(trail []freeze.Hop, index int, first freeze.Servicer) freeze.Servicer {
	for _, before := range trail {
		if before.ItemID != trail[index].ItemID && slices.Contains(trail[index].ParentItems, before.ItemID) {
			return before.To.Servicer
		}
	}
	return first
}

// marksOfHop marks the references of a hop as those of a payment are: the debtor's
// servicer is the one that the money left.
func marksOfHop(root *caselog.Root, h freeze.Hop, left freeze.Servicer) []string {
	refs := h.Refs
	if left.BIC == "" && left.ClearingID == "" {
		refs = freeze.Refs{UETR: refs.UETR, TxHash: refs.TxHash}
	}
	return Marks(root, refs, left, h.ExecutedAt.UTC().Format(time.DateOnly))
}
