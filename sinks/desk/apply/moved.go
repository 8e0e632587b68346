package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// A partner corrects where money went: the hop keeps its id and leads to another
// account. The alert of the first account is then no child of the hop any more. It is
// told so, whichever of the words about it came first, and the hop is followed anew.

// endMoved ends an alert that only a partner's fact proposed, of which it says now that
// it is about another account.
const endMoved = "moved"

// HopChild is an alert that was told of a hop.
type HopChild struct {
	Key   caselog.Key `json:"key"`
	Alert string      `json:"alert"`
	Own   bool        `json:"own,omitempty"`  // reports of ours prove the hop
	Left  bool        `json:"left,omitempty"` // it knows that the hop leads elsewhere
}

func (h *Hop) child(key caselog.Key) *HopChild {
	for _, c := range h.Children {
		if c.Key == key {
			return c
		}
	}
	return nil
}

// turn notes that the hop leads to another account. Whoever was told of it may have been
// told again, by an owner that died before it could note so.
func (h *Hop) turn(now int64) {
	h.Moved = now
	for _, c := range h.Children {
		c.Left = false
	}
}

// detach takes the hop from its child: it leads to another account.
func (h *Hop) detach() {
	h.knows(h.ChildKey)
	h.To, h.ChildKey, h.Child, h.Told, h.Lead, h.Own = "", "", "", "", "", false
	h.Consent, h.Asked, h.Answer, h.Passed, h.Blocked, h.Decided = "", "", "", false, "", false
}

// knows notes that an alert was told of the hop, though the hop leads elsewhere.
func (h *Hop) knows(key caselog.Key) {
	c := h.child(key)
	if c == nil {
		c = &HopChild{Key: key}
		h.Children = append(h.Children, c)
	}
	c.Left = false
}

// stale returns an alert that still takes the hop for its own and must not, or nil.
func (h *Hop) stale() *HopChild {
	for _, c := range h.Children {
		if c.Key != h.ChildKey && !c.Left {
			return c
		}
	}
	return nil
}

// childHeard notes on the parent that an alert was told of the hop. It may say so
// before our own note of what it was told is there, or long after the hop has gone on.
func (f *fold) childHeard(h *Hop, d caselog.FollowedData) {
	c := h.child(d.ChildKey)
	if c != nil && c.Alert == d.Child && c.Own == d.Own && (h.ChildKey != d.ChildKey || h.Child == d.Child && h.Own == d.Own) {
		f.repeat()
		return
	}
	if c == nil {
		c = &HopChild{Key: d.ChildKey}
		h.Children = append(h.Children, c)
	}
	c.Alert, c.Own = d.Child, d.Own
	if h.ChildKey == d.ChildKey {
		h.Child, h.Own = d.Child, d.Own
	}
	f.applied()
}

// leftBehind notes on the parent that an alert knows that the hop leads elsewhere.
func (f *fold) leftBehind(h *Hop, d caselog.FollowedData) {
	c := h.child(d.ChildKey)
	if c == nil || c.Left || c.Key == h.ChildKey || d.StateAt.UnixMilli() < h.Moved {
		f.repeat()
		return
	}
	c.Left = true
	f.applied()
}

// movedOff takes in, on the key of the account that a hop was said to lead to, that it
// leads elsewhere. What has gone out of it is for people; what has not does not.
func (f *fold) movedOff(d caselog.FollowedData) {
	a, i, x := f.s.fact(d.Parent, d.Mark.ItemID)
	if x == nil {
		f.refuse("no such fact")
		return
	}
	f.on(a)
	if older := d.StateAt.Before(x.StateAt.Time); older || x.Consent == caselog.ConsentMoved {
		if !older {
			x.StateAt = d.StateAt
		}
		f.repeat()
		return
	}
	before := a.Content()
	x.StateAt, x.Consent = d.StateAt, caselog.ConsentMoved
	a.doneAbout("overdue", "T9"+x.Item)
	a.doneAbout("conditions", x.Item)
	f.applied()
	if !a.Open() || a.kept(i) || len(i.Usable()) > 0 {
		return
	}
	if a.Request() != nil && slices.Contains(a.Items, i) {
		f.task(a, "contradiction", x.Item)
		return
	}
	f.takeBack(a, i, x)
	if a.Request() == nil && len(a.Items) == 0 && a.Standing() == 0 && !a.waits() {
		f.close(a, endMoved)
		return
	}
	f.settle(a, before, a.Blocked)
}

// elsewhere has people look, in an alert that goes on, at what partners say went to
// another account since.
func (f *fold) elsewhere(a *Alert) {
	for _, i := range a.Items {
		for _, x := range i.Facts {
			if x.Consent == caselog.ConsentMoved && !a.kept(i) {
				f.task(a, "contradiction", x.Item)
			}
		}
	}
}
