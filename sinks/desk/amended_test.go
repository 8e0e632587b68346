package desk_test

import (
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/policy"
)

// TestAmendmentIsReceivedThenAccepted amends a request that the partner's desk
// has taken up: its machine says received, its officer accepted.
func TestAmendmentIsReceivedThenAccepted(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	in.start(t, setup{brokers: fake(t)}, []policy.Party{gb.party(agreement())}, gb)
	gb.start(t, setup{brokers: fake(t)}, []policy.Party{in.party(agreement())}, in)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "GB has the request", func() bool { return state(gb.desk) == "received" })
	id := one(t, in.desk).ID
	act(t, gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	eventually(t, "it is accepted", func() bool { return state(in.desk) == "accepted" })

	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-2", uetr2, "9500.00")}))
	eventually(t, "people are asked", func() bool { return tasked(one(t, in.desk), "amend") })
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O1"})
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O2"})
	eventually(t, "the amendment is received", func() bool { return receiptOf(t, in.desk, id, "-Q002") == "received" })
	if !tasked(one(t, gb.desk), "amended") {
		t.Errorf("GB has no task: %s", asJSON(one(t, gb.desk)))
	}
	act(t, gb.desk, id, desk.Action{Do: "accept", As: "O2"})
	eventually(t, "the amendment is accepted", func() bool { return receiptOf(t, in.desk, id, "-Q002") == "accepted" })
}

// receiptOf returns the level of the receipt of a message of ours.
func receiptOf(t *testing.T, d *desk.Desk, alert, suffix string) string {
	t.Helper()
	v, err := d.Show(t.Context(), alert)
	must(t, err)
	for _, m := range v.Messages {
		if m.ID == alert+suffix {
			return m.Receipt
		}
	}
	return ""
}
