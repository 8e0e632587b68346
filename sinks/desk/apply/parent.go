package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// amended takes in what an inbound alert needs of the instruction that serves
// it. The latest word of a parent counts.
func (f *fold) amended() {
	var kind struct {
		Edit bool `json:"edit"`
	}
	if f.data(&kind) && kind.Edit {
		f.edited()
		return
	}
	var d caselog.AmendedData
	if !f.data(&d) {
		return
	}
	if f.s.outdated(d) {
		f.repeat()
		return
	}
	if d.Recall {
		f.recallAmended(d)
		return
	}
	a := f.s.joined(d)
	if a == nil {
		if len(d.Payments) == 0 {
			f.liftEnded(d)
			return
		}
		a = f.open(f.Root.AlertID(f.s.Key, uint32(len(f.s.Alerts)+1)), d.CaseID)
	}
	f.on(a)
	f.parent(a, d)
	f.applied()
}

// joined returns the open episode, whose instruction d is about, or nil. Until version 5
// an earlier one that people had reopened was passed over.
func (s *Subject) joined(d caselog.AmendedData) *Alert {
	for i := len(s.Alerts) - 1; i >= 0; i-- {
		if s.Alerts[i].Open() {
			return s.Alerts[i]
		}
		if d.Fold < hitSince {
			return nil
		}
	}
	return nil
}

func (f *fold) parent(a *Alert, d caselog.AmendedData) {
	i := slices.IndexFunc(a.Parents, func(p *Parent) bool { return p.Alert == d.Parent && p.Key == d.ParentKey })
	if i < 0 {
		a.Parents = append(a.Parents, &Parent{Alert: d.Parent, Key: d.ParentKey})
		i = len(a.Parents) - 1
	}
	p := a.Parents[i]
	p.By, p.Needs, p.Amounts, p.Until = d.By, nil, map[string]freeze.Money{}, d.Until
	p.Lift, p.Since, p.Freed, p.Heard = d.Lift, 0, false, false
	p.Asks, p.Basis, p.Urgency, p.StateAt = d.Ask, d.Basis, d.Urgency, d.StateAt
	if d.StateAt.IsZero() { // until then what a parent asked for outlived its need
		a.Asks = union(a.Asks, d.Ask)
		a.Urgency, a.Basis = d.Urgency, d.Basis
	}
	if a.Offence == "" {
		a.Offence = d.Offence
	}
	for n, pay := range d.Payments {
		f.payment(a, pay, Source{d.Personal, n}, "")
		item := a.item(pay)
		p.Needs = append(p.Needs, item.ID)
		if pay.Amount != nil {
			p.Amounts[item.ID] = *pay.Amount
		}
	}
	a.share()
	a.Items = slices.DeleteFunc(a.Items, func(i *Item) bool { return !a.needed(i) })
	if !d.StateAt.IsZero() {
		a.join()
	}
	f.serve(a)
	p.hears(a, d.Fold)
}

// hears says what the parent hears at once, because the bank has nothing to change: that
// nothing is held for it, or what the bank said of what it asks for anew.
func (p *Parent) hears(a *Alert, version int) {
	r := a.Request()
	same := r != nil && a.Open() && r.Content == a.Content()
	p.Freed = p.Lift && (r == nil || same)
	p.Again = version >= againSince && same && len(p.Needs) > 0 && a.Outcome != nil && !p.Told.IsZero()
	if p.Again {
		p.Told = freeze.Time{}
	}
}

// serve moves the alert of an instruction by what its parents need.
func (f *fold) serve(a *Alert) {
	switch {
	case a.learnt(): // what a partner found is not approved with it
	case a.State == Proposed && a.alone(): // nor what hits of ours ask for
		f.task(a, "serve", "")
	case (a.State == Proposed || a.State == AwaitingConsent) && len(a.Items) > 0:
		a.State = Approved
		f.block(a, "", "")
		first(&a.At.Approved, f.r.Appended)
	case len(a.Items) == 0 && a.Request() != nil: // nobody needs it any more
		a.State = Withdrawing
	case len(a.Items) == 0 && a.waits():
		a.State = AwaitingConsent
	case len(a.Items) == 0:
		f.close(a, "withdrawn")
	}
}

// outdated reports whether a later word of the parent is known: an owner that has lost
// its partition wrote this one.
func (s *Subject) outdated(d caselog.AmendedData) bool {
	return !d.StateAt.IsZero() && slices.ContainsFunc(s.Alerts, func(a *Alert) bool {
		return slices.ContainsFunc(a.Parents, func(p *Parent) bool {
			return p.Alert == d.Parent && p.Key == d.ParentKey && d.StateAt.Before(p.StateAt.Time)
		})
	})
}

// join makes an instruction ask for what those ask for who still need it: parents,
// reports of ours that stand, and facts that may be used. The order of the asks stays.
// Once nobody needs anything it stays as it was.
func (a *Alert) join() {
	var asks []string
	needed, most := false, ""
	for _, p := range a.Parents {
		if len(p.Needs) == 0 {
			continue
		}
		needed = true
		asks, a.Basis = union(asks, p.Asks), p.Basis
		if most == "" || severity(p.Urgency) > severity(most) {
			most = p.Urgency
		}
	}
	if !needed {
		return
	}
	if a.Standing() == 0 && !a.learnt() {
		a.Urgency = most
	}
	for _, h := range a.Hits {
		if !h.Gone {
			asks = union(asks, h.Ask)
		}
	}
	for _, i := range a.Items {
		for _, x := range i.Usable() {
			asks = union(asks, x.Ask)
		}
	}
	a.Asks = union(slices.DeleteFunc(slices.Clone(a.Asks), func(ask string) bool { return !slices.Contains(asks, ask) }), asks)
	a.override()
}

// liftEnded takes in that a parent needs nothing any more of an instruction that
// is over.
func (f *fold) liftEnded(d caselog.AmendedData) {
	for i := len(f.s.Alerts) - 1; d.Lift && i >= 0; i-- {
		a := f.s.Alerts[i]
		for _, p := range a.Parents {
			if p.Alert != d.Parent || p.Key != d.ParentKey {
				continue
			}
			f.on(a)
			p.Needs, p.Lift, p.Heard, p.StateAt = nil, true, false, d.StateAt
			for _, m := range a.Messages {
				if m.Type == freeze.TypeWithdrawal {
					p.Since = m.Sequence
				}
			}
			f.applied()
			return
		}
	}
	f.refuse("nothing to lift")
}

// leftOut notes from which message on the bank knows what parents no longer need.
func (a *Alert) leftOut(d caselog.QueuedData) {
	for _, p := range a.Parents {
		if p.Lift && !p.Freed && p.Since == 0 && (d.Type == freeze.TypeWithdrawal || d.Content == a.Content()) {
			p.Since = d.Sequence
		}
	}
}

// letGo notes that the bank has answered such a message. When nobody needs the
// hold any more, an answer with a measure in force is none.
func (a *Alert) letGo(d caselog.OutcomeData) {
	if a.State == Withdrawing && inForce(d.Measures) {
		return
	}
	for _, id := range []string{d.OutcomeOf, d.InReplyTo} {
		m := a.Message(id)
		for _, p := range a.Parents {
			if m != nil && p.Lift && p.Since > 0 && m.Sequence >= p.Since {
				p.Freed = true
			}
		}
	}
}

// freed reports whether a parent is to hear that the bank has let go.
func (a *Alert) freed(p *Parent) bool {
	return p.Lift && !p.Heard && (p.Freed || a.State == Closed)
}

// ordered reports whether others still need the instruction.
func (a *Alert) ordered() bool {
	return slices.ContainsFunc(a.Parents, func(p *Parent) bool { return len(p.Needs) > 0 })
}

// Reported reports whether the alert rests on reports of ours too: a hit stands, or an
// item is asked for because one stood.
func (a *Alert) Reported() bool {
	return a.Standing() > 0 || slices.ContainsFunc(a.Items, func(i *Item) bool { return len(i.Reports) > 0 })
}

// alone reports whether hits of ours ask for something that no officer has
// approved yet: what authorised the need of a parent does not cover it.
func (a *Alert) alone() bool {
	return a.Reported() && a.Request() == nil && len(a.Officers(ActRequest)) < a.need(ActRequest)
}
