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

func newTrailed(t *testing.T) *trailed {
	t.Helper()
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
	word := func(n, version int, trail ...caselog.HopMark) {
		out := &caselog.OutcomeData{MessageMark: caselog.MessageMark{AlertID: a.ID, MessageID: freeze.ResponderID(a.ID, uint32(n)), Type: freeze.TypeOutcome}}
		out.OutcomeOf, out.Decision, out.Balanced, out.AsOf, out.Fold = freeze.RequesterID(a.ID, 1), "partly", true, freeze.At(time.UnixMilli(1772424000000+int64(n))), version
		out.Trail = trail
		say(caselog.Outcome, out)
	}
	hops := func(prefix string, n, accounts int) []caselog.HopMark {
		var out []caselog.HopMark
		for i := range n {
			out = append(out, caselog.HopMark{ItemID: fmt.Sprintf("%s%03d", prefix, i), Money: amount, Country: "AE", Account: fmt.Sprint(prefix, i%accounts), HandledBy: "nobody", OnwardUse: "to_be_asked"})
		}
		return out
	}
	return &trailed{t: t, a: a, s: func() *apply.Subject { return s }, say: say, word: word, hops: hops}
}

// trailed is an alert whose request went out, and what the partner may say of it.
type trailed struct {
	t    *testing.T
	a    *apply.Alert
	s    func() *apply.Subject
	say  func(caselog.Type, any)
	word func(n, version int, trail ...caselog.HopMark)
	hops func(prefix string, n, accounts int) []caselog.HopMark
}

// follow does what is due about hops until nothing is, and returns how many events at a
// time that takes at most, and how many alerts are opened.
func (x *trailed) follow() (most, opened int) {
	x.t.Helper()
	seen := map[caselog.Key]bool{}
	for {
		n := 0
		for _, e := range apply.Due(x.s()) {
			if e.Kind != apply.Follow {
				continue
			}
			n++
			child := caselog.Key("out/AE-FIU/" + e.Hop.Account)
			seen[child] = true
			x.say(caselog.TrailFollowed, &caselog.FollowedData{AlertID: x.a.ID, Mark: e.Hop.HopMark, Content: e.Hop.Mark, To: "AE-FIU", ChildKey: child, Consent: caselog.ConsentNeeded, Fold: apply.Version})
		}
		if most = max(most, n); n == 0 {
			return most, len(seen)
		}
	}
}

func (x *trailed) officer(act caselog.OfficerData) {
	x.t.Helper()
	act.AlertID, act.By, act.Role, act.Act, act.Fold = x.a.ID, "O1", caselog.RoleOfficer, apply.ActFollow, apply.Version
	x.say(caselog.ApprovalGiven, &act)
}

// tasks lists what the open tasks about the trail are about.
func (x *trailed) tasks() []string {
	var out []string
	for _, k := range x.a.Tasks {
		if k.Kind == "trail" && k.Done == "" {
			out = append(out, k.About)
		}
	}
	return out
}

// TestOneWordOpensAlertsWithinABound takes in an outcome with as many onward movements as
// a message may have: some are followed, some at a time, and officers are asked once
// about every other one.
func TestOneWordOpensAlertsWithinABound(t *testing.T) {
	x := newTrailed(t)
	x.word(1, apply.Version, x.hops("N", 500, 500)...)
	most, opened := x.follow()
	if most > 16 || opened != 20 || len(x.a.Waiting()) != 480 || len(x.tasks()) != 1 || x.tasks()[0] != freeze.ResponderID(x.a.ID, 1) {
		t.Errorf("%d at once, %d opened, %d wait, tasks %v", most, opened, len(x.a.Waiting()), x.tasks())
	}
	x.word(2, apply.Version, append(x.hops("N", 500, 500)[:499], x.hops("M", 1, 1)...)...) // one of them has another name
	if _, opened := x.follow(); opened != 0 || len(x.a.Waiting()) != 480 || len(x.tasks()) != 1 {
		t.Errorf("%d more are opened, %d wait, tasks %v", opened, len(x.a.Waiting()), x.tasks())
	}
	x.officer(caselog.OfficerData{Items: []string{"N020"}})
	if _, opened := x.follow(); opened != 1 || len(x.a.Waiting()) != 479 || len(x.tasks()) != 1 {
		t.Errorf("%d are followed, %d wait, tasks %v", opened, len(x.a.Waiting()), x.tasks())
	}
	x.officer(caselog.OfficerData{Code: apply.AllWaiting})
	if most, opened := x.follow(); most > 16 || opened != 479 || len(x.a.Waiting()) != 0 || len(x.tasks()) != 0 {
		t.Errorf("%d at once, %d are followed, %d wait, tasks %v", most, opened, len(x.a.Waiting()), x.tasks())
	}
}

// TestManyMovementsToOneAccount are bounded too: each is a fact there.
func TestManyMovementsToOneAccount(t *testing.T) {
	x := newTrailed(t)
	for n := range 5 {
		x.word(n+1, apply.Version, x.hops(fmt.Sprint("N", n, "-"), 400, 1)...)
		x.follow()
	}
	led := 0
	for _, h := range x.a.Trail {
		if h.ChildKey != "" {
			led++
		}
	}
	if led != 100 || len(x.tasks()) != 1 || len(x.a.Trail) > 1000 || len(x.a.Waiting()) != 400 {
		t.Errorf("%d are followed, %d wait, %d are kept, tasks %v", led, len(x.a.Waiting()), len(x.a.Trail), x.tasks())
	}
}

// TestEarlierOutcomesKeepTheirMeaning takes in the same without a version: as long as
// the log is read, it says what it said.
func TestEarlierOutcomesKeepTheirMeaning(t *testing.T) {
	x := newTrailed(t)
	x.word(1, 0, x.hops("N", 500, 500)...)
	if _, opened := x.follow(); opened != 50 || len(x.tasks()) != 450 || len(x.a.Waiting()) != 0 {
		t.Errorf("%d are followed, %d wait, %d tasks", opened, len(x.a.Waiting()), len(x.tasks()))
	}
}

// TestBudgetOfAPartysWord holds back what has not opened an alert, once and for all that
// is there, and asks nothing of what officers want.
func TestBudgetOfAPartysWord(t *testing.T) {
	x := newTrailed(t)
	x.word(1, apply.Version, x.hops("N", 3, 3)...)
	over := &caselog.BudgetData{AlertID: x.a.ID, What: apply.Onward, Of: "GB-FIU", Limit: 1, Count: 1}
	first := x.a.Trail[0]
	x.say(caselog.TrailFollowed, &caselog.FollowedData{AlertID: x.a.ID, Mark: first.HopMark, Content: first.Mark, To: "AE-FIU", ChildKey: "out/AE-FIU/N0", Consent: caselog.ConsentNeeded, Fold: apply.Version})
	x.say(caselog.BudgetExceeded, over)
	if _, opened := x.follow(); opened != 0 || len(x.a.Waiting()) != 2 || len(x.tasks()) != 1 || x.a.Overflow == nil || x.a.Exceeded != nil || x.a.Overflow.Limit != 1 {
		t.Errorf("%d are followed, %d wait, tasks %v, %+v", opened, len(x.a.Waiting()), x.tasks(), x.a.Overflow)
	}
	x.officer(caselog.OfficerData{About: "N001"})
	if h := x.a.Hop("N001"); x.a.Opens(h) {
		t.Error("a budget is asked about what an officer wants")
	}
	x.officer(caselog.OfficerData{Code: apply.AllWaiting})
	if _, opened := x.follow(); opened != 2 || len(x.tasks()) != 0 || x.a.Overflow != nil {
		t.Errorf("%d are followed, tasks %v", opened, x.tasks())
	}
}

// TestNumberOfAWovenTrail counts the hops of a trail in which each continues all before
// it: every hop is looked at once.
func TestNumberOfAWovenTrail(t *testing.T) {
	x := newTrailed(t)
	trail := x.hops("N", 400, 400)
	for i := range trail {
		for n := max(0, i-100); n < i; n++ {
			trail[i].ParentItems = append(trail[i].ParentItems, trail[n].ItemID)
		}
	}
	x.word(1, apply.Version, trail...)
	if a, b := x.a.Number(x.a.Hop("N003")), x.a.Number(x.a.Hop("N399")); a != 4 || b != 255 {
		t.Errorf("hops %d and %d", a, b)
	}
}
