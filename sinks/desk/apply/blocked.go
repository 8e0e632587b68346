package apply

import (
	"fmt"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// taskBlocked asks people to make it possible that something goes out: about the field
// for want of which it does not, about the outcome of a partner whose movements lead to
// accounts that nobody can be asked about, and before blockedSince about a movement.
const taskBlocked = "blocked"

// nobodyToAsk notes that there is no party for the account that a hop leads to.
func (f *fold) nobodyToAsk(a *Alert, h *Hop, d caselog.FollowedData) {
	if h.Blocked == d.Blocked {
		f.repeat()
		return
	}
	h.Blocked = d.Blocked
	f.applied()
	if d.Fold < blockedSince {
		f.task(a, taskBlocked, h.ItemID)
		return
	}
	if a.blockedTrail() == nil {
		f.task(a, taskBlocked, h.Outcome)
	}
	a.countBlocked()
}

// unblocked lets a hop be followed that had no child before.
func (f *fold) unblocked(a *Alert, h *Hop) {
	if h.Blocked == "" {
		f.repeat()
		return
	}
	h.Blocked = ""
	a.doneAbout(taskBlocked, h.ItemID)
	a.countBlocked()
	f.applied()
}

// blockedTrail returns the open task about the hops that are blocked, or nil.
func (a *Alert) blockedTrail() *Task {
	for i := range a.Tasks {
		if t := &a.Tasks[i]; t.Kind == taskBlocked && t.Done == "" && a.Inbound(t.About) != nil {
			return t
		}
	}
	return nil
}

// countBlocked says in the task about the hops that are blocked how many they are, and
// closes it when there are none.
func (a *Alert) countBlocked() {
	t := a.blockedTrail()
	if t == nil {
		return
	}
	n := 0
	for _, h := range a.Trail {
		if h.Blocked != "" && !h.Gone {
			n++
		}
	}
	switch n {
	case 0:
		t.Done = "desk"
	case 1:
		t.Why = []string{"1 onward movement leads to an account that nobody can be asked about: " + addAPartner}
	default:
		t.Why = []string{fmt.Sprintf("%d onward movements lead to accounts that nobody can be asked about: %s", n, addAPartner)}
	}
}

const addAPartner = "the config has no partner of the country whose agreement covers what is asked; add one, and after a restart they are followed"

// goesOut closes the tasks about what kept the alert itself from going out.
func (a *Alert) goesOut() {
	trail := a.blockedTrail()
	for i := range a.Tasks {
		if t := &a.Tasks[i]; t != trail && t.Kind == taskBlocked && t.Done == "" {
			t.Done = "desk"
		}
	}
}
