package apply_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestOneWordOpensAlertsWithinABound takes in an outcome with as many onward movements as
// a message may have: some are followed, and officers are told of every other one.
func TestOneWordOpensAlertsWithinABound(t *testing.T) {
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	m, key := apply.Machine{Root: root}, caselog.Key("out/GB-FIU/S")
	var s *apply.Subject
	say := func(kind caselog.Type, data any) {
		t.Helper()
		event, err := caselog.New(fmt.Sprint(kind), kind, key, time.UnixMilli(1772424000000), data)
		if err != nil {
			t.Fatal(err)
		}
		var v apply.Verdict
		if s, v = m.Fold(s, apply.Record{Event: event, Appended: 1772424000000}); !v.Applied {
			t.Fatalf("%s: %+v", kind, v)
		}
	}
	amount := freeze.Money{Amount: "100.00", Currency: "GBP"}
	say(caselog.Hit, &caselog.HitData{HitID: "H1", Evidence: "E1", Severity: "high", Ask: []string{"hold_amount"}, Approval: "auto", Fold: apply.Version, Payments: []caselog.PaymentMark{{Key: "P1", Amount: &amount}}})
	a := s.Alerts[0]
	say(caselog.MessageQueued, &caselog.QueuedData{
		AlertID: a.ID, MessageID: freeze.RequesterID(a.ID, 1), Sequence: 1, Type: freeze.TypeRequest, Content: a.Content(), Approval: &caselog.ApprovalData{Mode: "none"}, Provisional: true, Fold: 1,
	})
	const hops = 500 // the most that a message may hold (freeze.Outcome)
	out := &caselog.OutcomeData{MessageMark: caselog.MessageMark{AlertID: a.ID, MessageID: freeze.ResponderID(a.ID, 1), Type: freeze.TypeOutcome}}
	out.OutcomeOf, out.Decision, out.Balanced = freeze.RequesterID(a.ID, 1), "partly", true
	for n := range hops {
		out.Trail = append(out.Trail, caselog.HopMark{ItemID: fmt.Sprintf("%s-N%03d", a.ID, n), Money: amount, Country: "AE", HandledBy: "nobody", OnwardUse: "to_be_asked"})
	}
	say(caselog.Outcome, out)
	followed, left := 0, 0
	for _, e := range apply.Due(s) {
		if e.Kind == apply.Follow {
			followed++
		}
	}
	for _, x := range a.Tasks {
		if x.Kind == "trail" {
			left++
		}
	}
	if followed == 0 || followed > 50 || followed+left != hops {
		t.Errorf("%d are followed, %d are tasks, of %d", followed, left, hops)
	}
}
