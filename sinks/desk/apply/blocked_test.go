package apply_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// block notes of every hop that is due that nobody can be asked about it.
func (x *trailed) block(version int) {
	x.t.Helper()
	for _, h := range x.due() {
		x.say(caselog.TrailFollowed, &caselog.FollowedData{AlertID: x.a.ID, Mark: h.HopMark, Content: h.Mark, Blocked: "route", Fold: version})
	}
}

// due lists the hops that are due, however many at a time.
func (x *trailed) due() []*apply.Hop {
	var out []*apply.Hop
	for _, e := range apply.Due(x.s()) {
		if e.Kind == apply.Follow {
			out = append(out, e.Hop)
		}
	}
	return out
}

// blocked lists the open tasks about what is blocked.
func (x *trailed) blocked() []apply.Task {
	var out []apply.Task
	for _, k := range x.a.Tasks {
		if k.Kind == "blocked" && k.Done == "" {
			out = append(out, k)
		}
	}
	return out
}

// TestBlockedMovementsAreOneTask finds nobody to ask about five hundred accounts: people
// have one task, about the outcome, that says how many they are, until there are none.
func TestBlockedMovementsAreOneTask(t *testing.T) {
	x := newTrailed(t)
	x.word(1, apply.Version, x.hops("N", 500, 500)...)
	x.officer(caselog.OfficerData{Code: apply.AllWaiting})
	for len(x.due()) > 0 {
		x.block(apply.Version)
	}
	tasks := x.blocked()
	if len(tasks) != 1 || tasks[0].About != freeze.ResponderID(x.a.ID, 1) || len(tasks[0].Why) != 1 || !strings.HasPrefix(tasks[0].Why[0], "500 onward movements") {
		t.Fatalf("tasks %v", tasks)
	}
	x.word(2, apply.Version, x.hops("N", 500, 500)[:3]...) // the others are no more
	if tasks := x.blocked(); len(tasks) != 1 || !strings.HasPrefix(tasks[0].Why[0], "3 onward movements") {
		t.Errorf("tasks %v", tasks)
	}
	free := func(hop string) {
		x.say(caselog.TrailFollowed, &caselog.FollowedData{AlertID: x.a.ID, Mark: caselog.HopMark{ItemID: hop}})
	}
	free("N000")
	x.officer(caselog.OfficerData{About: "N001"})
	if tasks := x.blocked(); len(tasks) != 1 || !strings.HasPrefix(tasks[0].Why[0], "1 onward movement leads") {
		t.Errorf("tasks %v", tasks)
	}
	x.say(caselog.Blocked, &caselog.BlockedData{AlertID: x.a.ID, Field: "legal.facts"}) // of the alert, which comes and goes
	x.say(caselog.Blocked, &caselog.BlockedData{AlertID: x.a.ID})
	if tasks := x.blocked(); len(tasks) != 1 || tasks[0].About != freeze.ResponderID(x.a.ID, 1) {
		t.Errorf("tasks %v", tasks)
	}
	free("N002")
	if tasks := x.blocked(); len(tasks) != 0 {
		t.Errorf("tasks %v", tasks)
	}
	x.block(apply.Version) // those that go on have nobody yet again
	if tasks := x.blocked(); len(tasks) != 1 || tasks[0].About != freeze.ResponderID(x.a.ID, 2) || !strings.HasPrefix(tasks[0].Why[0], "3 onward movements") {
		t.Errorf("tasks %v", tasks)
	}
}

// TestBlockedMovementIsLookedAtAgainElsewhere lets the partner correct the account of a
// movement that nobody can be asked about: it is followed anew, and the task ends.
func TestBlockedMovementIsLookedAtAgainElsewhere(t *testing.T) {
	x := newTrailed(t)
	hops := x.hops("N", 2, 2)
	x.word(1, apply.Version, hops...)
	x.block(apply.Version)
	if len(x.due()) > 0 || len(x.blocked()) != 1 {
		t.Fatalf("due %v, tasks %v", x.due(), x.blocked())
	}
	hops[0].Account = "another"
	x.word(2, apply.Version, hops...)
	if due := x.due(); len(due) != 1 || due[0].ItemID != "N000" {
		t.Errorf("due %v", due)
	}
	if tasks := x.blocked(); len(tasks) != 1 || !strings.HasPrefix(tasks[0].Why[0], "1 onward movement leads") {
		t.Errorf("tasks %v", tasks)
	}
}

// TestEarlierBlockedMovementsKeepTheirTasks reads the events of before: a task a movement.
func TestEarlierBlockedMovementsKeepTheirTasks(t *testing.T) {
	x := newTrailed(t)
	x.word(1, 8, x.hops("N", 3, 3)...)
	x.block(8)
	tasks := x.blocked()
	if len(tasks) != 3 || tasks[0].About != "N000" || tasks[0].Why != nil {
		t.Fatalf("tasks %v", tasks)
	}
	x.say(caselog.TrailFollowed, &caselog.FollowedData{AlertID: x.a.ID, Mark: caselog.HopMark{ItemID: "N000"}})
	x.officer(caselog.OfficerData{About: "N001"})
	if tasks := x.blocked(); len(tasks) != 1 || tasks[0].About != "N002" {
		t.Errorf("tasks %v", tasks)
	}
}

// TestTrailKeepsAnOutcomeOnce takes in five hundred movements: the alert has the sealed
// outcome once, and each movement finds it.
func TestTrailKeepsAnOutcomeOnce(t *testing.T) {
	x := newTrailed(t)
	first, second := strings.Repeat("a", 457<<10), strings.Repeat("b", 457<<10)
	for n, sealed := range []string{first, second} {
		o := &caselog.OutcomeData{MessageMark: caselog.MessageMark{AlertID: x.a.ID, MessageID: freeze.ResponderID(x.a.ID, uint32(n+1)), Type: freeze.TypeOutcome}, Personal: sealed}
		o.OutcomeOf, o.Decision, o.Balanced, o.AsOf, o.Fold = freeze.RequesterID(x.a.ID, 1), "partly", true, freeze.At(time.UnixMilli(1772424000000+int64(n))), apply.Version
		o.Trail = x.hops("N", 500-n, 500)
		x.say(caselog.Outcome, o)
	}
	text, err := json.Marshal(x.s())
	if err != nil {
		t.Fatal(err)
	}
	if most := 3 * len(first); len(text) > most { // two outcomes, and what is not sealed of them
		t.Errorf("the state has %d bytes as text, want at most %d", len(text), most)
	}
	for i, h := range x.a.Trail {
		want := second
		if i == 499 { // the latest outcome has it no more
			want = first
		}
		if x.a.Sealed(h.Outcome) != want {
			t.Errorf("hop %s has another outcome", h.ItemID)
		}
	}
	if x.a.Sealed(x.a.OutcomeID) != second || x.a.Sealed("other") != "" {
		t.Error("the outcome that counts is another one")
	}
}
