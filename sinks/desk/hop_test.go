package desk_test

import (
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestLaterHopOfOurOwnReportsIsAsked lets a rule tell of a payment of a mule. No
// partner told of it, so nobody knows an item that it continues: it is asked all
// the same, and the instruction that serves it names the item that it serves.
func TestLaterHopOfOurOwnReportsIsAsked(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	h := report("TX-1", uetr1, "18000.00")
	h.Alerts[0].Payments[0].Hop = 2
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{h}))
	eventually(t, "GB has the request", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "received" })
	authoriseFrom(t, c, "IN-FIU")
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	order, ok := c.stub.messages()[0].(*freeze.Request)
	if !ok {
		t.Fatalf("the bank got %T", c.stub.messages()[0])
	}
	id := one(t, c.in.desk).ID
	if p := order.Payments[0]; p.Hop != 2 || len(p.ParentItems) != 1 || p.ParentItems[0] != freeze.ItemID(id, 1) {
		t.Errorf("the instruction says %s", asJSON(p))
	}
	if v := find(c.gb.desk, "out", "BANK-A"); v.Blocked != "" {
		t.Errorf("blocked: %s", asJSON(v))
	}
}
