package apply

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// A hop that nobody follows by itself waits: it is a fact of the alert like any other,
// and officers decide about all that wait at once. The reasons, Hop.Waits.
const (
	waitsNotGranted = "not_granted" // the partner forbids its use
	waitsServed     = "served"      // what an instruction finds belongs to the request that it serves
	waitsEnded      = "ended"       // the alert was over when it came
	waitsMany       = "many"        // the alert follows as many accounts as it may by itself
	waitsBudget     = "budget"      // the partner's words have opened as many alerts as they may
)

// Onward is the budget, in caselog.BudgetData, of the alerts that a partner's words open.
const Onward = "onward"

// AllWaiting is the code of the act follow about every hop that waits.
const AllWaiting = "all"

// maxLeads bounds the accounts of an alert's trail that are followed by themselves: a
// word of a partner must not open alerts without end, and what leads to more accounts
// is for people to look at.
const maxLeads = 20

// maxLed bounds the hops of an alert that are followed by themselves, to whatever
// account: each is a fact there, and the partner is asked about it.
const maxLed = 100

// followsAtOnce bounds the hops that an owner tells of at a time, so that the other
// alerts of its partition have their turn in between.
const followsAtOnce = 16

// maxHops bounds the hops that are kept of a trail: more than an outcome holds. What
// the partner has taken back, and nobody followed, goes first.
const maxHops = 1000

// place decides whether a child alert follows what is said of a hop by itself, or
// officers decide.
func (f *fold) place(a *Alert, h *Hop, m caselog.HopMark) {
	if h.Outcome != "" && h.Account != m.Account {
		h.turn(f.r.Appended)
	}
	turned := h.ChildKey != "" && h.Lead != m.Account
	if turned {
		h.detach()
	}
	before := h.Onward && !turned
	h.Onward = h.ChildKey != ""
	if h.Onward || h.Decided || m.HandledBy == "responder" {
		h.Waits = ""
		return
	}
	h.Waits = a.why(h, m, before)
	h.Onward = h.Waits == ""
}

// why says why officers decide about a hop that has no child, "" where they need not.
func (a *Alert) why(h *Hop, m caselog.HopMark, before bool) string {
	switch {
	case m.OnwardUse == "not_granted":
		return waitsNotGranted
	case a.served():
		return waitsServed
	case h.Waits == waitsMany || h.Waits == waitsBudget: // until officers decide
		return h.Waits
	case before:
		return ""
	case a.ended():
		return waitsEnded
	case !a.leads(h, m.Account):
		return waitsMany
	}
	return ""
}

// leads reports whether one account more may be followed by itself, or it is followed
// already.
func (a *Alert) leads(h *Hop, account string) bool {
	seen, former, led := map[string]bool{}, 0, 0
	for _, x := range a.Trail {
		former += len(slices.DeleteFunc(slices.Clone(x.Children), func(c *HopChild) bool { return c.Key == x.ChildKey }))
		if x.Onward {
			led++
		}
		if x != h && (x.Onward || x.Wanted) && !x.Gone {
			seen[x.Account] = true
		}
	}
	return led < maxLed && (seen[account] || len(seen)+former < maxLeads)
}

// Opens reports whether to follow the hop opens an alert that no other hop of this one
// has opened, without an officer's word.
func (a *Alert) Opens(h *Hop) bool {
	if h.Decided || h.ChildKey != "" {
		return false
	}
	return !slices.ContainsFunc(a.Trail, func(x *Hop) bool { return x != h && x.ChildKey != "" && x.Lead == h.Account })
}

// Waiting lists the hops that officers decide about.
func (a *Alert) Waiting() []*Hop {
	var out []*Hop
	for _, h := range a.Trail {
		if h.Waits != "" && !h.Gone {
			out = append(out, h)
		}
	}
	return out
}

// waiting asks officers, once for all, about the hops that wait. Of those that they
// have seen and left it asks no more.
func (f *fold) waiting(a *Alert) {
	fresh := false
	for _, h := range a.Trail {
		if h.Waits == "" || h.Gone {
			h.Asking = h.Asking && h.Waits != ""
			continue
		}
		fresh, h.Asking = fresh || !h.Asking, true
	}
	open := slices.ContainsFunc(a.Tasks, func(t Task) bool { return t.Kind == taskTrail && t.Done == "" && a.Hop(t.About) == nil })
	switch {
	case fresh && !open:
		f.task(a, taskTrail, a.OutcomeID)
	case len(a.Waiting()) == 0:
		a.settleTrail()
	}
}

// taskTrail asks officers whether hops are followed: about an outcome of the partner,
// and before onwardSince about a hop.
const taskTrail = "trail"

// settleTrail closes the question about hops of which none waits any more.
func (a *Alert) settleTrail() {
	a.Overflow = nil
	for i := range a.Tasks {
		if t := &a.Tasks[i]; t.Kind == taskTrail && t.Done == "" && a.Hop(t.About) == nil {
			t.Done = "desk"
		}
	}
}

// overflow takes in that a partner's words have opened as many alerts as they may: what
// has not opened one waits.
func (f *fold) overflow(a *Alert, d caselog.BudgetData) {
	held := false
	for _, h := range a.Trail {
		if h.due() && a.Opens(h) {
			h.Onward, h.Waits, held = false, waitsBudget, true
		}
	}
	if !held {
		f.repeat()
		return
	}
	a.Overflow = &Exceeded{What: d.What, Of: d.Of, Limit: d.Limit, Count: d.Count}
	f.waiting(a)
	f.applied()
}

// chosen lists the hops that officers mean: one, several, or all that wait.
func (a *Alert) chosen(d caselog.OfficerData) []*Hop {
	switch {
	case d.About != "":
		return []*Hop{a.Hop(d.About)}
	case len(d.Items) == 0 && d.Code == AllWaiting:
		return a.Waiting()
	}
	var out []*Hop
	for _, id := range d.Items {
		out = append(out, a.Hop(id))
	}
	return out
}

// want has a hop followed.
func (a *Alert) want(h *Hop) {
	h.Wanted, h.Decided, h.Blocked, h.Waits = true, true, "", ""
	h.Mark = h.content()
	a.doneAbout(taskTrail, h.ItemID)
	a.doneAbout(taskBlocked, h.ItemID)
	a.countBlocked()
	if len(a.Waiting()) == 0 {
		a.settleTrail()
	}
}

func forbidFollow(a *Alert, d caselog.OfficerData) string {
	if d.About != "" || d.Fold < onwardSince {
		return a.unfollowable(d.About)
	}
	if len(d.Items) == 0 && d.Code != AllWaiting {
		return "say which movement: about is an item_id, items are several, code all is every one that waits"
	}
	if len(d.Items) == 0 && len(a.Waiting()) == 0 {
		return "no movement waits for a decision"
	}
	for i, id := range d.Items {
		if slices.Contains(d.Items[:i], id) {
			return id + ": it stands there twice"
		}
		if why := a.unfollowable(id); why != "" {
			return fmt.Sprintf("%s: %s", id, why)
		}
	}
	return ""
}

// unfollowable says why a hop cannot be followed, or nothing.
func (a *Alert) unfollowable(id string) string {
	h := a.Hop(id)
	switch {
	case h == nil || h.Gone:
		return "the partner tells of no such movement: about is the item_id of one on the trail"
	case h.ChildKey != "":
		return "this movement is followed already"
	case (h.Wanted || h.Onward) && h.Blocked == "" && h.Waits == "":
		return "this movement is about to be followed"
	}
	return ""
}

// dueFollows adds what children are to be told of hops, some at a time, and what those
// are to be told that hops have left.
func (a *Alert) dueFollows(add func(Effect)) {
	n := 0
	for _, h := range a.Trail {
		if h.due() {
			if n++; n <= followsAtOnce {
				add(Effect{Kind: Follow, About: h.ItemID, Hop: h})
			}
			continue
		}
		if c := h.stale(); c != nil {
			add(Effect{Kind: Leave, About: h.ItemID, Hop: h, Child: c.Key})
		}
	}
}

// forgetHops drops the oldest hops that the partner has taken back and that led nowhere,
// where there are too many: a partner may give every hop a new name with every word.
func (a *Alert) forgetHops() {
	over := len(a.Trail) - maxHops
	a.Trail = slices.DeleteFunc(a.Trail, func(h *Hop) bool {
		if over <= 0 || !h.Gone || h.ChildKey != "" || len(h.Children) > 0 || h.Wanted || h.Asked != "" {
			return false
		}
		over--
		return true
	})
}
