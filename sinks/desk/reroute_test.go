package desk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/policy"
)

// TestAlertWithoutAPartyGoesOnWhenThereIsOne starts without a partner for the
// account's country, and again with one.
func TestAlertWithoutAPartyGoesOnWhenThereIsOne(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	s := setup{brokers: fake(t), partitions: 3}
	gb.start(t, setup{brokers: fake(t)}, []policy.Party{in.party(agreement())}, in)
	stop := in.start(t, s, nil)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00"), report("TX-2", uetr2, "9500.00")}))
	eventually(t, "the alert waits", func() bool { return len(in.desk.List(desk.Filter{})) == 1 && one(t, in.desk).Hits == 2 })
	old := one(t, in.desk)
	if old.Party != "-" || old.Blocked != "route" || !strings.Contains(old.BlockedWhy, "no partner of its country") || !tasked(old, "blocked") {
		t.Errorf("alert %s", asJSON(old))
	}
	stop()

	stop = in.start(t, s, []policy.Party{gb.party(agreement())}, gb)
	eventually(t, "the request is received", func() bool { return find(in.desk, "out", "GB-FIU").State == "received" })
	v := find(in.desk, "out", "GB-FIU")
	if v.Payments != 2 || v.CaseID != old.CaseID || v.Totals[0].Disputed != "27500.00" {
		t.Errorf("the new alert %s", asJSON(v))
	}
	eventually(t, "the old alert is over", func() bool { return find(in.desk, "out", "-").Ending == "rerouted" })
	if was := find(in.desk, "out", "-"); was.State != "closed" || was.MovedTo != v.ID || tasked(was, "blocked") {
		t.Errorf("the old alert %s", asJSON(was))
	}
	stop()
	in.start(t, s, []policy.Party{gb.party(agreement())}, gb)
	if n := len(in.desk.List(desk.Filter{})); n != 2 {
		t.Errorf("%d alerts after another start", n)
	}
}

// TestGateIsCheckedAgainAfterARestart starts with an agreement that covers what
// nobody wrote the grounds for, and again with one that does not.
func TestGateIsCheckedAgainAfterARestart(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	s := setup{brokers: fake(t)}
	gb.start(t, setup{brokers: fake(t)}, []policy.Party{in.party(agreement())}, in)
	wide := agreement()
	wide.Asks = append(wide.Asks, "suspend_account")
	stop := in.start(t, s, []policy.Party{gb.party(wide)}, gb)
	h := report("TX-1", uetr1, "18000.00")
	h.Ask = append(h.Ask, "suspend_account")
	must(t, in.desk.Append(t.Context(), []*hit.Hit{h}))
	eventually(t, "the alert is there", func() bool { return len(in.desk.List(desk.Filter{})) == 1 })
	eventually(t, "the alert is blocked", func() bool { return one(t, in.desk).Blocked != "" })
	if _, err := in.desk.Act(t.Context(), one(t, in.desk).ID, desk.Action{Do: "approve", As: "O1"}); !errors.Is(err, desk.ErrRefused) {
		t.Errorf("approved what cannot go out: %v", err)
	}
	if v := one(t, in.desk); v.Blocked != "legal.proportionality" || !strings.Contains(v.BlockedWhy, "needed under bilateral") || !strings.Contains(v.BlockedWhy, "GB-FIU") {
		t.Errorf("alert %s", asJSON(v))
	}
	stop()
	stop = in.start(t, s, []policy.Party{gb.party(wide)}, gb)
	if v := one(t, in.desk); v.Blocked != "legal.proportionality" {
		t.Errorf("the same config let it go: %s", asJSON(v))
	}
	stop()
	in.start(t, s, []policy.Party{gb.party(agreement())}, gb)
	eventually(t, "nothing blocks it", func() bool { return one(t, in.desk).Blocked == "" })
	eventually(t, "the request is received", func() bool { return state(in.desk) == "received" })
	if v := one(t, in.desk); v.Blocked != "" || v.BlockedWhy != "" || tasked(v, "blocked") {
		t.Errorf("alert %s", asJSON(v))
	}
}
