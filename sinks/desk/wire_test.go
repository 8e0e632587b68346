package desk_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/policy"
)

func one(t *testing.T, d *desk.Desk) desk.View {
	t.Helper()
	all := d.List(desk.Filter{})
	if len(all) != 1 {
		t.Fatalf("%d alerts, want 1: %s", len(all), asJSON(all))
	}
	return all[0]
}

func state(d *desk.Desk) string {
	all := d.List(desk.Filter{})
	if len(all) == 0 {
		return ""
	}
	return all[0].State
}

func TestHitBecomesReceiptedRequest(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	in.start(t, setup{brokers: fake(t)}, []policy.Party{gb.party(agreement())}, gb)
	gb.start(t, setup{brokers: fake(t)}, []policy.Party{in.party(agreement())}, in)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00")}))
	eventually(t, "the request is received", func() bool { return state(in.desk) == "received" })

	a := one(t, in.desk)
	if !a.Provisional || !a.Automatic || a.Party != "GB-FIU" || a.Totals[0].Disputed != "18000.00" {
		t.Errorf("alert %s", asJSON(a))
	}
	b := one(t, gb.desk)
	if b.State != "received" || b.Direction != "in" || b.ID != a.ID {
		t.Errorf("the partner has %s", asJSON(b))
	}
	message, err := in.desk.Show(t.Context(), a.ID)
	must(t, err)
	for _, secret := range []string{"V. Victim", "910000000001", "sim-swap-then-abroad", "WALLET", "1930-1", "000000000042"} {
		if strings.Contains(message.Messages[0].Body, secret) {
			t.Errorf("the request tells %q: %s", secret, message.Messages[0].Body)
		}
	}
}
