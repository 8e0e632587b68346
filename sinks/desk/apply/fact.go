package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// What only a partner told of is held: it stands in Alert.Held and not in
// Alert.Items, so that nothing that goes to a party can be made of it. It becomes an
// item when the partner consents, or when a report of ours tells of the same payment.

// fact returns what the partner of a parent told of a hop, with its item, or nil.
func (a *Alert) fact(parent, hop string) (*Item, *Fact) {
	for _, i := range slices.Concat(a.Items, a.Held, a.Shed) {
		for _, x := range i.Facts {
			if x.Parent == parent && x.Item == hop {
				return i, x
			}
		}
	}
	return nil, nil
}

// fact returns it with its alert.
func (s *Subject) fact(parent, hop string) (*Alert, *Item, *Fact) {
	for _, a := range s.Alerts {
		if i, x := a.fact(parent, hop); x != nil {
			return a, i, x
		}
	}
	return nil, nil, nil
}

// proven reports whether reports of ours that stand tell of the item.
func (a *Alert) proven(i *Item) bool {
	return slices.ContainsFunc(i.Reports, func(key string) bool {
		h := a.evidence(key)
		return h != nil && !h.Gone
	})
}

// kept reports whether an item is for us to use whatever partners say: reports of
// ours tell of it, or another alert needs it.
func (a *Alert) kept(i *Item) bool {
	return a.proven(i) || slices.ContainsFunc(a.Parents, func(p *Parent) bool { return slices.Contains(p.Needs, i.ID) })
}

// fact takes in what a partner found: into the open alert of the account, else into a
// new one. Told again it changes what the partner changed.
func (f *fold) fact(d caselog.FollowedData) {
	if a, i, x := f.s.fact(d.Parent, d.Mark.ItemID); x != nil {
		f.on(a)
		f.factAgain(a, i, x, d)
		return
	}
	a := f.s.open()
	if a == nil {
		a = f.open(f.Root.AlertID(f.s.Key, uint32(len(f.s.Alerts)+1)), d.CaseID)
		a.State = AwaitingConsent
	}
	f.on(a)
	x := &Fact{Parent: d.Parent, ParentKey: d.ParentKey, Item: d.Mark.ItemID, At: f.r.Appended}
	x.tell(d)
	i := match(a.Items, caselog.PaymentMark{Refs: d.Mark.Refs})
	if i == nil {
		i = match(a.Held, caselog.PaymentMark{Refs: d.Mark.Refs})
	}
	if i == nil {
		i = &Item{Added: f.r.Appended}
		a.Held = append(a.Held, i)
	}
	i.Facts = append(i.Facts, x)
	i.Refs = union(i.Refs, d.Mark.Refs)
	f.release(a)
	f.applied()
}

// open returns the open alert, or nil.
func (s *Subject) open() *Alert {
	for _, a := range s.Alerts {
		if a.Open() {
			return a
		}
	}
	return nil
}

// tell makes d what the partner says now.
func (x *Fact) tell(d caselog.FollowedData) {
	x.StateAt = d.StateAt
	x.From, x.Party, x.Outcome, x.Hop, x.Content = d.Mark.ParentItems, d.Party, d.Message, d.Hop, d.Content
	x.Amount, x.Source, x.Handling = d.Mark.Arrived(), Source{Personal: d.Personal}, d.Handling
	x.Root, x.CaseID, x.Urgency, x.Severity, x.Offence, x.Ask = d.Root, d.CaseID, d.Urgency, d.Severity, d.Offence, d.Ask
	x.Owners = d.Owners
	if x.Answer == "" || x.Consent == caselog.ConsentMoved || d.Consent == caselog.ConsentGranted {
		x.Consent = d.Consent
	}
}

func (f *fold) factAgain(a *Alert, i *Item, x *Fact, d caselog.FollowedData) {
	if older := d.StateAt.Before(x.StateAt.Time); older || x.Content == d.Content && x.Consent != caselog.ConsentMoved {
		if !older {
			x.StateAt = d.StateAt
		}
		f.repeat()
		return
	}
	x.tell(d)
	i.Refs = union(i.Refs, d.Mark.Refs)
	f.applied()
	if a.Open() {
		before := a.Content()
		if slices.Contains(a.Items, i) {
			a.use(i)
		}
		f.release(a)
		f.takeBack(a, i, x)
		f.settle(a, before, a.Blocked)
		a.await()
		return
	}
	switch {
	case x.Usable() && a.Ending == endNoConsent, a.Ending == endMoved:
		f.reopenWith(a)
	case x.Usable():
		f.task(a, "contradiction", x.Item)
	}
}

// endNoConsent ends an alert that only a partner's facts proposed, to whose use the
// partner does not consent.
const endNoConsent = "no_consent"

// reopenWith goes on with what consent has come for after the alert had ended: in the
// open alert of the account, else where it was.
func (f *fold) reopenWith(a *Alert) {
	if o := f.s.open(); o != nil {
		o.Held = append(o.Held, a.Held...)
		a.Held = nil
		for _, i := range o.Items {
			o.prove(i)
		}
		f.on(o)
		f.release(o)
		return
	}
	a.State, a.Ending, a.At.Closed = AwaitingConsent, "", 0
	a.done(endNoConsent, "desk")
	f.release(a)
}

// release makes items of what is held and may be used now, and draws the
// consequences.
func (f *fold) release(a *Alert) {
	before := a.Content()
	for _, i := range slices.Clone(a.Held) {
		if len(i.Usable()) == 0 {
			continue
		}
		a.Held = slices.DeleteFunc(a.Held, func(x *Item) bool { return x == i })
		if i.ID == "" {
			a.Numbered++
			i.ID = freeze.ItemID(a.ID, a.Numbered)
		}
		a.Items = append(a.Items, i)
	}
	for _, i := range a.Items {
		a.use(i)
	}
	if a.State == AwaitingConsent && len(a.Items) > 0 {
		a.State = Proposed
	}
	f.settle(a, before, a.Blocked)
}

// use lets the facts of an item that may be used say what no report of ours says.
func (a *Alert) use(i *Item) {
	for _, x := range i.Usable() {
		i.Parents, i.Hop = union(i.Parents, x.From), max(i.Hop, x.Hop)
		if len(i.Reports) == 0 {
			i.Amount, i.Source, i.Told = x.Amount, x.Source, ""
		}
		a.Asks = union(a.Asks, x.Ask)
		if severity(x.Severity) > severity(a.Severity) {
			a.Severity, a.Urgency = x.Severity, urgency(x.Severity)
		}
		if a.Urgency == "" {
			a.Urgency = x.Urgency
		}
		if a.Offence == "" {
			a.Offence = x.Offence
		}
		if a.CaseID == "" {
			a.CaseID = x.CaseID
		}
	}
}

// learnt reports whether facts that may be used ask for the alert.
func (a *Alert) learnt() bool {
	return slices.ContainsFunc(a.Items, func(i *Item) bool { return len(i.Usable()) > 0 })
}

// prove makes the facts about a payment those of the item that a report of ours tells
// of: consent to its use is no longer needed.
func (a *Alert) prove(i *Item) {
	for _, held := range slices.Clone(a.Held) {
		if !slices.ContainsFunc(held.Refs, func(ref string) bool { return slices.Contains(i.Refs, ref) }) {
			continue
		}
		i.Facts, i.Refs = append(i.Facts, held.Facts...), union(i.Refs, held.Refs)
		a.Held = slices.DeleteFunc(a.Held, func(x *Item) bool { return x == held })
	}
}

// ourWord makes an alert that only a partner told of one of our own reports: what it
// says is theirs alone, and the case of the parent is not its case.
func (a *Alert) ourWord(d caselog.HitData) {
	if a.State != AwaitingConsent {
		return
	}
	a.State, a.CaseID = Proposed, d.CaseID
}

// desert puts what no report of ours tells of any more back to what a partner has to
// consent to, or lets a fact that may be used tell of it.
func (a *Alert) desert() {
	for _, i := range slices.Clone(a.Items) {
		if len(i.Facts) == 0 || a.kept(i) {
			continue
		}
		i.Reports = nil
		if len(i.Usable()) > 0 {
			a.use(i)
			continue
		}
		a.Items = slices.DeleteFunc(a.Items, func(x *Item) bool { return x == i })
		a.Held = append(a.Held, i)
	}
}

// await lets a proposal of which nothing is left but what is held wait.
func (a *Alert) await() {
	if a.State == Proposed && len(a.Items) == 0 && a.Standing() == 0 && a.waits() {
		a.State = AwaitingConsent
	}
}

// unproven reports whether facts wait, held or behind reports that no longer stand,
// for a partner's consent.
func (a *Alert) unproven() bool {
	waits := func(i *Item) bool {
		return slices.ContainsFunc(i.Facts, func(x *Fact) bool { return x.Consent == caselog.ConsentNeeded })
	}
	return slices.ContainsFunc(a.Held, waits) || slices.ContainsFunc(a.Items, waits)
}

// takeBack holds an item again that its partners do not let us use any more, or has
// people decide where it has gone out. It reports whether nothing of it has.
func (f *fold) takeBack(a *Alert, i *Item, x *Fact) bool {
	switch {
	case !slices.Contains(a.Items, i) || a.kept(i) || len(i.Usable()) > 0:
	case a.Request() != nil:
		f.task(a, "consent_withdrawn", x.Item)
		return false
	default:
		a.Items = slices.DeleteFunc(a.Items, func(o *Item) bool { return o == i })
		a.Held = append(a.Held, i)
		if a.State == Approved && len(a.Items) == 0 {
			a.State = Proposed
		}
	}
	return true
}

// retreat takes back what only a report proved that fell, even from people who have
// approved it: as long as nothing has gone out, nothing does.
func (f *fold) retreat(a *Alert) {
	naked := func(i *Item) bool { return len(i.Facts) > 0 && len(i.Usable()) == 0 && !a.kept(i) }
	if a.State != Approved && a.State != Proposed || a.Request() != nil || !slices.ContainsFunc(a.Items, naked) {
		return
	}
	before := a.Content()
	a.State = Proposed
	a.shed()
	f.settle(a, before, a.Blocked)
}

// waits reports whether an answer about something held is still to come.
func (a *Alert) waits() bool {
	return slices.ContainsFunc(a.Held, func(i *Item) bool {
		return slices.ContainsFunc(i.Facts, func(x *Fact) bool { return x.Consent == caselog.ConsentNeeded })
	})
}

// consented takes in a partner's answer, on the key of the child.
func (f *fold) consented(d caselog.ConsentData, given bool) {
	a, i, x := f.s.fact(d.Parent, d.ItemID)
	if x == nil {
		f.refuse("no such fact")
		return
	}
	f.on(a)
	if x.Answer == d.Message || x.Consent == caselog.ConsentMoved || sequenceOf(d.Message) < sequenceOf(x.Answer) { // an older answer, of an owner that was stopped
		f.repeat()
		return
	}
	x.Answer, x.Texts, x.Granted, x.Part = d.Message, d.Personal, d.Handling, given && d.Part
	a.doneAbout("overdue", "T9"+x.Item)
	f.applied()
	if !given {
		x.Consent = caselog.ConsentNone
		f.noConsent(a, i, x)
		return
	}
	x.Consent = caselog.ConsentGranted
	a.doneAbout(endNoConsent, x.Item)
	if x.Part {
		f.task(a, "conditions", x.Item) // for people to read before they approve
	}
	switch {
	case a.Open():
		f.release(a)
	case a.Ending == endNoConsent:
		f.reopenWith(a)
	default:
		f.task(a, "consent", x.Item)
	}
}

// noConsent takes in that a fact may not be used. What has gone out of it is for
// people; what has not does not.
func (f *fold) noConsent(a *Alert, i *Item, x *Fact) {
	if !a.Open() {
		return
	}
	before := a.Content()
	if !f.takeBack(a, i, x) {
		return
	}
	f.task(a, endNoConsent, x.Item) // officers read the ground
	if a.Request() == nil && len(a.Items) == 0 && a.Standing() == 0 && !a.waits() {
		f.close(a, endNoConsent)
		return
	}
	f.settle(a, before, a.Blocked)
}

// sequenceOf returns the sequence in a message id, 0 of none.
func sequenceOf(id string) uint32 {
	parsed, _ := freeze.ParseID(id)
	return parsed.Sequence
}
