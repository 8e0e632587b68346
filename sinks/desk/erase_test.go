package desk_test

import (
	"testing"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/policy"
)

// TestErasure erases a subject over real Kafka: nothing of it can be read again, by
// this instance or by one that starts afterwards, and a report that comes later is
// served as if it were the first.
func TestErasure(t *testing.T) {
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	ledger := newLedger()
	s := setup{brokers: fake(t), change: func(o *desk.Options) { o.Role, o.Ledger = roles, ledger }}
	stop := in.start(t, s, []policy.Party{gb.party(people())}, gb)
	appendHit(t, in.desk, report("TX-1", "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00"))
	eventually(t, "a proposal", func() bool { return state(in.desk) == "proposed" })
	id := one(t, in.desk).ID
	turnedDown(t, in.desk, id, "close it first", desk.Action{Do: "erase", As: "S1"})
	act(t, in.desk, id, desk.Action{Do: "reject", As: "O1", Reason: "known"})
	turnedDown(t, in.desk, id, "takes a supervisor", desk.Action{Do: "erase", As: "O1"})
	act(t, in.desk, id, desk.Action{Do: "erase", As: "S1", Reason: "order of the court"})
	act(t, in.desk, id, desk.Action{Do: "erase", As: "H1", Reason: "order of the court"})
	eventually(t, "erasure", func() bool { return one(t, in.desk).At.Erased > 0 })
	readable(t, in.desk, id, false)
	turnedDown(t, in.desk, id, "erased already", desk.Action{Do: "erase", As: "S1"})
	must(t, in.desk.Recorded(t.Context()))
	erased, alerts, items := kept[caselog.ErasedRow](ledger), kept[caselog.AlertRow](ledger), kept[caselog.PaymentRow](ledger)
	if len(erased) != 1 || erased[0].Alerts[0] != id || len(alerts) != 1 || alerts[0].SubjectID != "" || alerts[0].ErasedAt == 0 || len(items) != 1 || items[0].UETR != "" {
		t.Errorf("the ledger was told %s, %s, %s", asJSON(erased), asJSON(alerts), asJSON(items))
	}

	stop()
	in.start(t, s, []policy.Party{gb.party(people())}, gb)
	readable(t, in.desk, id, false)
	appendHit(t, in.desk, report("TX-2", "d23f0824-128b-4f33-8c5c-7fd0a6a3a450", "5.00"))
	eventually(t, "a second alert", func() bool { return len(in.desk.List(desk.Filter{State: "proposed"})) == 1 })
	readable(t, in.desk, in.desk.List(desk.Filter{State: "proposed"})[0].ID, true)
}

// readable checks whether the desk can say what an alert is about.
func readable(t *testing.T, d *desk.Desk, id string, want bool) {
	t.Helper()
	detail, err := d.Show(t.Context(), id)
	must(t, err)
	if got := detail.Subject != nil && detail.Subject.Account.ID != "" || len(detail.Items) > 0; got != want {
		t.Errorf("tells what it is about: %t, want %t: %+v %+v", got, want, detail.Subject, detail.Items)
	}
}
