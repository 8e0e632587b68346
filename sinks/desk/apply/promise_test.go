package apply_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// agreed is a schedule of hours, without calendars.
type agreed struct{}

func (agreed) After(_, timer, _ string, from int64) int64 {
	within := map[string]time.Duration{
		"T3in": time.Hour, "T4in": 24 * time.Hour, "release": 30 * time.Minute, "info": 4 * time.Hour, "T5": time.Hour, "T5/2": 90 * time.Minute, "T5/3": 2 * time.Hour,
	}[timer]
	if within == 0 {
		return 0
	}
	return from + within.Milliseconds()
}

func (agreed) Before(string, int64, int64) []int64 { return nil }

// TestPromisesToAPartner lists the timers of direction in, state by state: our clock of
// deciding ends when the partner asked us to, and stands still while it owes an answer.
func TestPromisesToAPartner(t *testing.T) {
	hour := int64(3600000)
	at := apply.Times{Received: hour, Accepted: 2 * hour}
	for _, c := range []struct {
		name  string
		alert apply.Alert
		want  string
	}{
		{"nobody took it up", apply.Alert{Direction: "in", State: apply.Received, At: at}, "T3in 2h"},
		{"by our agreement", apply.Alert{Direction: "in", State: apply.Accepted, At: at}, "T4in 26h"},
		{"the partner wants it earlier", apply.Alert{Direction: "in", State: apply.Assessing, At: at, DecideBy: 10 * hour}, "T4in 10h"},
		{"later does not matter", apply.Alert{Direction: "in", State: apply.Instructed, At: at, DecideBy: 100 * hour}, "T4in 26h"},
		{"what it stood still is added", apply.Alert{Direction: "in", State: apply.Assessing, At: at, DecideBy: 10 * hour, Paused: 3 * hour}, "T4in 13h"},
		{"it stands still", apply.Alert{Direction: "in", State: apply.InfoNeeded, At: at, PausedSince: 3 * hour}, ""},
		{"the bank has answered", apply.Alert{Direction: "in", State: apply.BankAnswered, At: at, BankAt: 5 * hour, OutcomeID: "B"}, "release B 5h30m"},
		{"the answer may go", apply.Alert{Direction: "in", State: apply.BankAnswered, At: at, BankAt: 5 * hour, Released: true}, ""},
		{"one person ordered it", apply.Alert{Direction: "in", State: apply.Answered, At: at, Hold: &apply.Hold{By: "S1", At: 4 * hour}}, "T5 5h, T5/2 5h30m, T5/3 6h"},
		{"two stand behind it", apply.Alert{Direction: "in", State: apply.Answered, At: at, Hold: &apply.Hold{By: "S1", At: 4 * hour, Confirmed: "O2"}}, ""},
		{"we owe an answer", apply.Alert{Direction: "out", State: apply.InfoNeeded, PausedSince: hour, OutcomeID: "A"}, "info A 5h"},
	} {
		c.alert.ID = "A1"
		var got []string
		for _, timer := range apply.Timers(&apply.Subject{Alerts: []*apply.Alert{&c.alert}}, agreed{}) {
			due := strings.TrimSuffix((time.Duration(timer.Due) * time.Millisecond).String(), "0s")
			due = strings.Replace(due, "h0m", "h", 1)
			got = append(got, strings.TrimSpace(strings.Join(strings.Fields(fmt.Sprint(timer.Name, " ", timer.About, " ", due)), " ")))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}
