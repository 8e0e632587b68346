package desk

import (
	"fmt"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// TestBudgetsCountTheLastDay spends and asks at moments of the log's clock.
func TestBudgetsCountTheLastDay(t *testing.T) {
	hour := time.Hour.Milliseconds()
	alert := func(id, rule string, budget int, at int64) *apply.Alert {
		return &apply.Alert{ID: id, Hits: []*apply.Hit{{Rule: rule, Budget: budget}, {Rule: "gone", Budget: 1, Gone: true}}, At: apply.Times{Updated: at}}
	}
	const key = caselog.Key("out/GB-FIU/S1")
	for _, c := range []struct {
		name   string
		limits Budgets
		sent   []caselog.Key // of rule r, one an hour from hour 1 on
		ask    *apply.Alert
		what   string // budget that is used up, "" = none
		count  int
	}{
		{"no limits", Budgets{}, []caselog.Key{key, key, key}, alert("A", "r", 0, 4*hour), "", 0},
		{"rule below", Budgets{Rule: 3}, []caselog.Key{key, key}, alert("A", "r", 0, 4*hour), "", 0},
		{"rule full", Budgets{Rule: 2}, []caselog.Key{key, key}, alert("A", "r", 0, 4*hour), "rule", 2},
		{"its own budget goes before", Budgets{Rule: 1}, []caselog.Key{key, key}, alert("A", "r", 3, 4*hour), "", 0},
		{"its own is full", Budgets{}, []caselog.Key{key, key}, alert("A", "r", 2, 4*hour), "rule", 2},
		{"another rule", Budgets{Rule: 1}, []caselog.Key{key}, alert("A", "q", 0, 4*hour), "", 0},
		{"party full", Budgets{Party: 2}, []caselog.Key{"out/GB-FIU/S2", "out/GB-FIU/S3"}, alert("A", "q", 0, 4*hour), "party", 2},
		{"another party", Budgets{Party: 1}, []caselog.Key{"out/AE-FIU/S2"}, alert("A", "q", 0, 4*hour), "", 0},
		{"account full at any party", Budgets{Subject: 1}, []caselog.Key{"out/AE-FIU/S1"}, alert("A", "q", 0, 4*hour), "subject", 1},
		{"a day later one is left", Budgets{Rule: 2}, []caselog.Key{key, key}, alert("A", "r", 0, 25*hour), "", 0},
	} {
		s := newSpending()
		for i, k := range c.sent {
			s.spend(int64(i+1)*hour, "X", budgetKeys(k, alert("X", "r", 0, 0)))
		}
		over := s.take(c.limits, key, c.ask)
		switch {
		case c.what == "" && over != nil, c.what != "" && (over == nil || over.What != c.what || over.Count != c.count):
			t.Errorf("%s: %+v", c.name, over)
		}
	}
}

// TestBudgetsHoldWhatIsAboutToGoOut asks for more than there is in one moment.
func TestBudgetsHoldWhatIsAboutToGoOut(t *testing.T) {
	s := newSpending()
	passed := 0
	for _, id := range []string{"A", "B", "C", "D"} {
		for range 2 { // an owner that tries again takes nothing more
			if s.take(Budgets{Party: 2}, "out/GB-FIU/S1", &apply.Alert{ID: id, At: apply.Times{Updated: 1}}) == nil {
				passed++
			}
		}
	}
	if passed != 4 {
		t.Errorf("%d passed, want two alerts twice", passed)
	}
	s.spend(2, "A", []string{"party/GB-FIU"})
	if len(s.reserved) != 1 || s.count["party/GB-FIU"] != 1 {
		t.Errorf("%+v", s)
	}
	s.spend(2+budgetOver.Milliseconds()+1, "E", []string{"party/GB-FIU"})
	if len(s.reserved) != 0 || s.count["party/GB-FIU"] != 1 || len(s.sent) != 1 {
		t.Errorf("after a day %+v", s)
	}
}

// TestReservationsAreCountedOnce holds that nothing stays counted of what went out, or
// came to nothing for a day.
func TestReservationsAreCountedOnce(t *testing.T) {
	const key = caselog.Key("out/GB-FIU/S1")
	day := budgetOver.Milliseconds()
	s := newSpending()
	ask := func(id string, at int64) *caselog.BudgetData {
		return s.take(Budgets{Party: 3}, key, &apply.Alert{ID: id, At: apply.Times{Updated: at}})
	}
	for _, id := range []string{"A", "B", "A", "C", "B"} {
		if over := ask(id, 1); over != nil {
			t.Fatalf("%s: %+v", id, over)
		}
	}
	s.spend(2, "A", budgetKeys(key, &apply.Alert{ID: "A"}))
	if over := ask("D", 3); over == nil || over.Count != 3 {
		t.Errorf("one sent and two reserved: %+v", over)
	}
	if over := ask("E", day+1+sweepEvery.Milliseconds()); over != nil {
		t.Errorf("a day later: %+v", over)
	}
	s.spend(2*day, "E", budgetKeys(key, &apply.Alert{ID: "E"}))
	s.spend(4*day, "F", nil)
	if len(s.held) != 0 || len(s.reserved) != 0 || len(s.count) != 0 {
		t.Errorf("left: held %v, reserved %v, count %v", s.held, s.reserved, s.count)
	}
}

// BenchmarkBudgets asks for the last of 10,000 requests of one moment.
func BenchmarkBudgets(b *testing.B) {
	s := newSpending()
	a := &apply.Alert{ID: "A", Hits: []*apply.Hit{{Rule: "r"}}, At: apply.Times{Updated: 1}}
	for i := range 10_000 {
		s.reserve(fmt.Sprint(i), spent{1, budgetKeys("out/GB-FIU/S1", a)})
	}
	for b.Loop() {
		if over := s.take(Budgets{Party: 20_000}, "out/GB-FIU/S1", a); over != nil {
			b.Fatalf("%+v", over)
		}
	}
}
