package apply

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// steps is how often the approval of a proposal is asked for: of officers, of the next
// approver, of the head.
const steps = 3

// timersOfRequest lists the timers of a request beside the confirmation: approval (T1),
// the partner's acceptance (T3) and decision (T4), and validity (T6).
func timersOfRequest(a *Alert, by Schedule) []Timer {
	if a.Direction != caselog.Out {
		return nil
	}
	out := timersOfApproval(a, by)
	r := a.Request()
	if r == nil || a.instructs() { // a recall has clocks of its own
		return out
	}
	add := func(when bool, name string, due int64) {
		if when && due > 0 {
			out = append(out, Timer{Alert: a.ID, Name: name, About: r.ID, Due: due})
		}
	}
	waits := slices.Contains([]State{Sent, Received}, a.State) && a.At.Accepted == 0
	add(waits && r.Delivered > 0, "T3", by.After(a.Party, "T3", a.Urgency, r.Delivered))
	if a.At.Accepted > 0 {
		add(a.State == Accepted, "T4", by.After(a.Party, "T4", a.Urgency, a.At.Accepted+a.Paused))
	}
	add(slices.Contains([]State{Sent, Received, Accepted, InfoNeeded}, a.State), "T6", r.ValidUntil)
	return out
}

// timersOfApproval call for the approval of a proposal, or of an amendment.
func timersOfApproval(a *Alert, by Schedule) []Timer {
	from, about := int64(0), ""
	r := a.Request()
	switch {
	case a.State == Proposed && a.Party != caselog.Nobody:
		from = a.At.Opened
	case a.Unsaid() && !a.served():
		about = r.ID
		for _, t := range a.Tasks {
			if t.Kind == "amend" && t.Done == "" {
				from = t.At
			}
		}
	}
	if from == 0 {
		return nil
	}
	var out []Timer
	for n := 1; n <= steps; n++ {
		name := fmt.Sprintf("T1/%d", n)
		out = append(out, Timer{Alert: a.ID, Name: name, About: about, Due: by.After(a.Party, name, a.Urgency, from)})
	}
	return out
}

// timersOfConfirmation ring at confirm_by, and then up the chain until somebody
// confirms. Nobody takes the request back by himself.
func timersOfConfirmation(a *Alert, by Schedule) []Timer {
	if a.Direction != caselog.Out || !a.Provisional || a.Confirmed || !a.Open() || a.ConfirmBy == 0 {
		return nil
	}
	out := []Timer{{Alert: a.ID, Name: "T5", Due: a.ConfirmBy}}
	rung := 0
	for _, name := range a.Overdue {
		if strings.HasPrefix(name, "T5") {
			rung++
		}
	}
	if rung == 0 {
		return out
	}
	name := fmt.Sprintf("T5/%d", rung+1)
	start, step := by.After(a.Party, "T5", a.Urgency, a.ConfirmBy), by.After(a.Party, name, a.Urgency, a.ConfirmBy)
	if step == 0 {
		return out
	}
	return append(out, Timer{Alert: a.ID, Name: name, Due: a.ConfirmBy + max(step-start, 0)})
}

// requestRang draws the consequences of a timer that ran out.
func (f *fold) requestRang(a *Alert, d caselog.OverdueData) {
	name, step, _ := strings.Cut(d.Timer, "/")
	switch name {
	case "T1", "T5":
		a.call(d.Timer+d.About, step)
	case "T6":
		a.State = Lapsed
		a.silence("T3", "T4", "T6")
		f.task(a, "lapsed", d.About)
	}
}

// call names the least role that an overdue task calls, by the step of its timer.
func (a *Alert) call(about, step string) {
	role := map[string]caselog.Role{"": caselog.RoleOfficer, "1": caselog.RoleOfficer, "2": caselog.RoleSupervisor}[step]
	if role == "" {
		role = caselog.RoleHead
	}
	for i := range a.Tasks {
		if t := &a.Tasks[i]; t.Kind == "overdue" && t.About == about && t.Done == "" {
			t.For = role
		}
	}
}

// silence closes the tasks of timers whose names begin so, for which nobody waits any
// more.
func (a *Alert) silence(timers ...string) {
	for i := range a.Tasks {
		t := &a.Tasks[i]
		rang := func(name string) bool { return strings.HasPrefix(t.About, name) }
		if t.Kind == "overdue" && t.Done == "" && slices.ContainsFunc(timers, rang) {
			t.Done = "desk"
		}
	}
}

// silenceMessage closes the tasks of a receipt that has come.
func (a *Alert) silenceMessage(m *Message) {
	a.doneAbout("overdue", "T2"+m.ID)
	a.doneAbout("overdue", timerTaken+m.ID)
	a.doneAbout("transmit", m.ID)
}

// asks reports whether the message is one of those that carry a request.
func asks(t freeze.Type) bool { return t == freeze.TypeRequest || t == freeze.TypeAmendment }
