package apply

import (
	"cmp"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// endOverturned ends a proposal none of whose hits stands any more: nobody was
// asked.
const endOverturned = "overturned"

// say makes d what the rule says now.
func (h *Hit) say(d caselog.HitData) {
	h.HitID, h.Version, h.Case, h.Rank = d.HitID, d.Version, d.Case, d.Rank
	h.Severity, h.Approval, h.Ask = d.Severity, d.Approval, d.Ask
	h.Owner, h.Budget, h.People = d.Owner, d.Budget, d.People
	h.Fit = !d.Cold && !d.Cut && !d.Stale
	h.Personal, h.Gone, h.Judged = d.Personal, false, d.ReportVersion()
}

// Heard returns what is known of an evidence after d alone.
func Heard(d *caselog.HitData) *Hit {
	h := &Hit{Evidence: d.Evidence, Rule: d.Rule, Record: d.Record.UnixMilli(), Reporter: d.Reporter, ReportID: d.ReportID}
	h.say(*d)
	return h
}

// Says reports whether d is what h says already: of the same version of the
// report, with the same case, and standing.
func (h *Hit) Says(d *caselog.HitData) bool {
	return h != nil && !h.Gone && h.HitID == d.HitID && h.Case == d.Case && h.Judged == d.ReportVersion()
}

// word takes in what a rule says of a report: the first word takes the evidence
// into an episode, another one replaces the last, and a repetition changes
// nothing. So which evidence stands depends on the last words alone, however often
// words before it are told again.
func (f *fold) word(d caselog.HitData) {
	a, h := f.s.Hit(d.Evidence)
	switch {
	case h == nil:
		f.join(d)
	case d.ReportVersion().Less(h.Judged), h.Says(&d):
		f.on(a)
		f.repeat()
	case a.Ending == endOverturned:
		f.revive(a, h, d)
	default:
		f.replace(a, h, d)
	}
}

// revive takes in an evidence that stands again after its alert had ended, of
// which nobody was told: it joins the alert that it belongs to now, a later version
// of its report opens an episode, and the same version goes on where it was.
func (f *fold) revive(a *Alert, h *Hit, d caselog.HitData) {
	home := f.home(d)
	switch {
	case home == nil && h.Judged == d.ReportVersion():
		f.replace(a, h, d)
	case home != nil && home.evidence(d.Evidence) != nil:
		f.s.Evidence[d.Evidence] = home.ID
		f.replace(home, home.evidence(d.Evidence), d)
	default:
		joined := f.join(d)
		if home != nil && joined.Open() && h.Judged == d.ReportVersion() {
			f.task(joined, "stands_again", d.HitID)
		}
	}
}

// replace puts a word in the place of the last one. As long as people have not
// approved it, a proposal is what the words that stand ask for; afterwards it only
// grows, and people decide about what fell. What a closed alert hears is noted and does not
// act; people see a case that rose.
func (f *fold) replace(a *Alert, h *Hit, d caselog.HitData) {
	f.on(a)
	again := h.Gone && h.Judged == d.ReportVersion()
	rises, falls := f.moves(h, d)
	if a.Ending == endOverturned {
		a.State, a.Ending, a.At.Closed = Proposed, "", 0
	}
	h.say(d)
	f.keep(h)
	f.applied()
	if a.Open() {
		before := a.Content()
		if a.State == Proposed || a.unsent() {
			a.unsay(h.Evidence)
		}
		f.absorb(a, d)
		if a.State == Proposed {
			a.shed()
		}
		f.settle(a, before, d.Blocked)
		f.uncover(a, d)
	}
	if rises {
		a.doneAbout("lowered", d.HitID)
	}
	switch {
	case again && a.Open():
		a.doneAbout("overturned", d.HitID)
		f.task(a, "stands_again", d.HitID)
	case falls && a.Open():
		f.task(a, "lowered", d.HitID)
	case rises && !a.Open():
		f.task(a, "changed", d.HitID)
	}
}

// moves reports whether the case rises or falls with the word d after h. After a
// crash the writer may not know what was said last: then the ranks of the cases
// tell.
func (f *fold) moves(h *Hit, d caselog.HitData) (rises, falls bool) {
	same := h.HitID == d.HitID && !h.Gone
	switch f.r.Type {
	case caselog.HitChanged:
		return !same || d.Rank <= h.Rank, same && d.Rank > h.Rank
	case caselog.HitOverturned:
		return same && d.Rank < h.Rank, !same || d.Rank >= h.Rank
	}
	return same && d.Rank < h.Rank, same && d.Rank > h.Rank
}

// fallen takes in that a hit holds no more: later evidence came, or its report has
// a version that the rule does not hit.
func (f *fold) fallen(d caselog.HitData) {
	a, h := f.s.Hit(d.Evidence)
	if h == nil {
		f.refuse("no such evidence")
		return
	}
	f.on(a)
	of := d.ReportVersion()
	if d.Superseded != nil {
		of = *d.Superseded
	}
	if of.Less(h.Judged) || (h.Gone || d.Superseded != nil) && h.Judged == of {
		f.repeat()
		return
	}
	again := h.Gone
	h.Gone, h.Judged = true, of
	f.applied()
	a.doneAbout("stands_again", h.HitID)
	a.doneAbout("lowered", h.HitID)
	if !again && a.Open() {
		f.lose(a, h, d)
	}
}

// lose draws the consequences of a hit that fell.
func (f *fold) lose(a *Alert, h *Hit, d caselog.HitData) {
	naked := a.State == Proposed && a.Standing() == 0
	switch {
	case d.Fold >= hitSince && naked && a.ordered():
		f.regain(a)
		f.task(a, "overturned", h.HitID)
	case naked && !a.learnt() && !a.unproven():
		f.close(a, endOverturned)
	default:
		if before := a.Content(); a.State == Proposed {
			a.shed()
			f.settle(a, before, f.unrouted(a))
		}
		f.task(a, "overturned", h.HitID)
	}
}

// regain makes a proposal that no report of ours asks for any more the instruction again
// that others have ordered.
func (f *fold) regain(a *Alert) {
	before := a.Content()
	for _, h := range a.Hits {
		a.unsay(h.Evidence)
	}
	a.Items = slices.DeleteFunc(a.Items, func(i *Item) bool { return !a.needed(i) })
	a.share()
	a.join()
	f.settle(a, before, f.unrouted(a))
	a.done("serve", "desk")
	f.serve(a)
}

// unrouted returns what blocks an alert without a party, else nothing: what else
// blocked it is looked at again.
func (f *fold) unrouted(a *Alert) string {
	if f.s.Key.Party() == caselog.Nobody {
		return a.Blocked
	}
	return ""
}

// unsent reports whether people have approved what nobody has frozen yet.
func (a *Alert) unsent() bool { return a.State == Approved && a.Request() == nil }

// unsay forgets which payments an evidence told of.
func (a *Alert) unsay(evidence string) {
	for _, i := range a.Items {
		i.Reports = slices.DeleteFunc(i.Reports, func(e string) bool { return e == evidence })
	}
}

// shed leaves in a proposal what the hits that stand ask for, and what it serves.
// Without any it stays as it is.
func (a *Alert) shed() {
	a.desert()
	defer a.await()
	if a.Standing() == 0 && !a.learnt() && !a.unproven() {
		return
	}
	for _, h := range a.Hits {
		if h.Gone {
			a.unsay(h.Evidence)
		}
	}
	a.Items = slices.DeleteFunc(a.Items, func(i *Item) bool {
		gone := !a.needed(i)
		if gone {
			a.Shed = append(a.Shed, i)
		}
		return gone
	})
	if len(a.Parents) > 0 || a.learnt() {
		return // they ask too
	}
	a.Asks = slices.DeleteFunc(a.Asks, func(ask string) bool {
		return !slices.ContainsFunc(a.Hits, func(h *Hit) bool { return !h.Gone && slices.Contains(h.Ask, ask) })
	})
	a.Severity = ""
	for _, h := range a.Hits {
		if !h.Gone && severity(h.Severity) > severity(a.Severity) {
			a.Severity, a.Urgency = h.Severity, urgency(h.Severity)
		}
	}
}

// unshed takes the item of a payment back that a proposal has shed, under its old
// id and in its old place, or returns nil.
func (a *Alert) unshed(p caselog.PaymentMark) *Item {
	i := match(a.Shed, p)
	if i == nil {
		return nil
	}
	a.Shed = slices.DeleteFunc(a.Shed, func(x *Item) bool { return x == i })
	a.Items = append(a.Items, i)
	sortItems(a.Items)
	return i
}

// sortItems puts items into the order of their numbers.
func sortItems(items []*Item) {
	slices.SortStableFunc(items, func(x, y *Item) int { return cmp.Or(cmp.Compare(len(x.ID), len(y.ID)), cmp.Compare(x.ID, y.ID)) })
}

// doneAbout closes the task of a kind about something.
func (a *Alert) doneAbout(kind, about string) {
	for i := range a.Tasks {
		if t := &a.Tasks[i]; t.Kind == kind && t.About == about && t.Done == "" {
			t.Done = "desk"
		}
	}
}
