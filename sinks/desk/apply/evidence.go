package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// evidence takes in what a rule says of a report. Events of before version 3 keep
// their meaning.
func (f *fold) evidence() {
	var d caselog.HitData
	if !f.data(&d) {
		return
	}
	falls := f.r.Type == caselog.HitOverturned
	switch {
	case d.Fold >= wordsSince && falls && !d.Stands:
		f.fallen(d)
	case d.Fold >= wordsSince:
		f.word(d)
	case falls:
		f.overturned(d)
	default:
		f.hit(d)
	}
}

// hit takes a hit into the episode that it belongs to, before version 3. A known
// evidence never opens an episode, however often it is told again, but for a later
// version of a report whose alert ended before anybody was asked, because a
// version between did not hit.
func (f *fold) hit(d caselog.HitData) {
	if id, known := f.s.Evidence[d.Evidence]; known && !f.revived(f.s.Alert(id), d) {
		f.again(f.s.Alert(id), d)
		return
	}
	f.join(d)
}

// join takes an evidence into the episode that it belongs to: the one that knows
// its payments, else the open one, else a new one.
func (f *fold) join(d caselog.HitData) *Alert {
	a := f.home(d)
	if a == nil {
		a = f.open(f.Root.AlertID(f.s.Key, uint32(len(f.s.Alerts)+1)), d.CaseID)
	}
	f.on(a)
	f.s.Evidence[d.Evidence] = a.ID
	h := Heard(&d)
	a.Hits = append(a.Hits, h)
	f.keep(h)
	if a.At.Record == 0 || d.Record.UnixMilli() < a.At.Record {
		a.At.Record = d.Record.UnixMilli()
	}
	f.grow(a, d)
	f.applied()
	return a
}

// home returns the alert that the hit joins, or nil. One that was overturned
// before anybody was asked takes in nothing more.
func (f *fold) home(d caselog.HitData) *Alert {
	var open *Alert
	for _, a := range f.s.Alerts {
		if a.Ending == "overturned" {
			continue
		}
		if len(d.Payments) > 0 && !slices.ContainsFunc(d.Payments, func(p caselog.PaymentMark) bool { return a.item(p) == nil }) {
			return a
		}
		if a.Open() {
			open = a
		}
	}
	return open
}

// revived reports whether d is on a later version than the one that ended its
// alert, of which nobody was told.
func (f *fold) revived(a *Alert, d caselog.HitData) bool {
	if a == nil || a.Ending != "overturned" {
		return false
	}
	h := a.evidence(d.Evidence)
	return h != nil && h.Gone && h.Judged.Less(d.ReportVersion())
}

// evidence returns the hit with that evidence key, or nil.
func (a *Alert) evidence(key string) *Hit {
	i := slices.IndexFunc(a.Hits, func(h *Hit) bool { return h.Evidence == key })
	if i < 0 {
		return nil
	}
	return a.Hits[i]
}

// again takes in another version of known evidence, before version 3. One lower
// than what is known changes nothing, and one of a closed alert is noted and acts
// no more.
func (f *fold) again(a *Alert, d caselog.HitData) {
	if a == nil {
		f.repeat()
		return
	}
	f.on(a)
	h := a.evidence(d.Evidence)
	if h == nil || h.HitID == d.HitID && !h.Gone || d.ReportVersion().Less(h.Judged) || !a.Open() && !h.Judged.Less(d.ReportVersion()) {
		f.repeat()
		return
	}
	h.HitID, h.Version, h.Personal, h.Gone, h.Judged = d.HitID, d.Version, d.Personal, false, d.ReportVersion()
	h.Case, h.Ask = d.Case, union(h.Ask, d.Ask)
	f.keep(h)
	f.grow(a, d)
	f.applied()
}

// grow merges what the hit says into the alert. What changes the content voids
// the approvals; after the request went out it asks people for an amendment.
func (f *fold) grow(a *Alert, d caselog.HitData) {
	if !a.Open() {
		return
	}
	before := a.Content()
	f.absorb(a, d)
	f.settle(a, before, d.Blocked)
	f.uncover(a, d)
}

// uncover makes an instruction a proposal again that was about to go out on the word of
// those who authorised what it serves: they have not seen what reports of ours say of
// it since.
func (f *fold) uncover(a *Alert, d caselog.HitData) {
	if d.Fold >= hitSince && a.unsent() && len(a.Parents) > 0 && !a.instructs() && a.alone() {
		f.unapprove(a)
		f.task(a, "serve", "")
	}
}

// absorb adds what the hit says to the alert.
func (f *fold) absorb(a *Alert, d caselog.HitData) {
	a.ourWord(d)
	for _, ask := range d.Ask {
		if !slices.Contains(a.Asks, ask) {
			a.Asks = append(a.Asks, ask)
		}
	}
	if severity(d.Severity) > severity(a.Severity) {
		a.Severity, a.Urgency = d.Severity, urgency(d.Severity)
	}
	if a.Offence == "" {
		a.Offence = d.Offence
	}
	for i, p := range d.Payments {
		f.payment(a, p, Source{d.Personal, i}, d.Evidence)
	}
}

// settle draws the consequences of a change of the content, which was before.
func (f *fold) settle(a *Alert, before, blocked string) {
	a.override()
	if a.Content() != before {
		f.changed(a)
		f.block(a, blocked, "")
	}
}

// keep keeps the whole hit as long as it has no party to go to.
func (f *fold) keep(h *Hit) {
	h.Offset = f.r.Offset
	if f.s.Key.Party() == caselog.Nobody {
		h.data = f.r.Data
	}
}

// payment merges one told payment into the items: one that shares a reference
// is the same, and the greatest of its reports gives amount and details.
func (f *fold) payment(a *Alert, p caselog.PaymentMark, from Source, evidence string) {
	i := a.item(p)
	if i == nil {
		i = match(a.TakenOut, p) // known, and officers do not ask for it
		if i != nil && evidence == "" {
			a.takeBack(i) // a parent needs it
		}
	}
	if i == nil {
		i = a.unshed(p)
	}
	if i == nil {
		a.Numbered++
		i = &Item{ID: freeze.ItemID(a.ID, a.Numbered), Hop: p.Hop, Added: f.r.Appended}
		if p.Item != "" {
			i.ID = p.Item
		}
		a.Items = append(a.Items, i)
	}
	if i.Key == "" {
		i.Key = p.Key
	}
	i.Refs = union(i.Refs, p.Refs)
	i.Parents = union(i.Parents, p.Parents)
	if evidence != "" {
		i.Reports = union(i.Reports, []string{evidence})
	}
	if p.Executed != nil {
		i.Executed = p.Executed.UnixMilli()
	}
	if p.Told >= i.Told || i.Source.Personal == "" {
		later := p.Told > i.Told
		i.Told, i.Source = p.Told, from
		if p.Amount != nil && (later || !i.Fixed) {
			i.Amount, i.Fixed, i.Reported = *p.Amount, false, nil
		}
	}
	f.bridge(a, i)
	a.prove(i)
}

// bridge joins the items that a report has just shown to be one payment, because
// it carries references of both. Once a request has named both, people decide.
func (f *fold) bridge(a *Alert, i *Item) {
	for _, o := range slices.Clone(a.Items) {
		if o == i || !slices.ContainsFunc(o.Refs, func(ref string) bool { return slices.Contains(i.Refs, ref) }) {
			continue
		}
		if a.Request() != nil {
			f.task(a, "duplicate_payment", o.ID)
			continue
		}
		i.Refs, i.Reports, i.Parents = union(i.Refs, o.Refs), union(i.Reports, o.Reports), union(i.Parents, o.Parents)
		i.Facts = append(i.Facts, o.Facts...)
		if o.Told > i.Told {
			i.Told, i.Source, i.Amount = o.Told, o.Source, o.Amount
		}
		a.Items = slices.DeleteFunc(a.Items, func(x *Item) bool { return x == o })
	}
}

// item returns the item that p tells of, or nil.
func (a *Alert) item(p caselog.PaymentMark) *Item { return match(a.Items, p) }

func match(items []*Item, p caselog.PaymentMark) *Item {
	for _, i := range items {
		if p.Key != "" && p.Key == i.Key || p.Item != "" && p.Item == i.ID || slices.ContainsFunc(p.Refs, func(ref string) bool { return slices.Contains(i.Refs, ref) }) {
			return i
		}
	}
	return nil
}

// overturned ends a hit, before version 3.
func (f *fold) overturned(d caselog.HitData) {
	a := f.s.Alert(f.s.Evidence[d.Evidence])
	if a == nil {
		f.refuse("no such evidence")
		return
	}
	f.on(a)
	h := a.evidence(d.Evidence)
	if h == nil || h.Gone || d.Superseded != nil && !h.Judged.Less(*d.Superseded) {
		f.repeat()
		return
	}
	h.Gone = true
	if d.Superseded != nil {
		h.Judged = *d.Superseded
	}
	f.applied()
	switch {
	case a.State == Proposed && a.Standing() == 0:
		f.close(a, "overturned")
	case a.Open():
		f.task(a, "overturned", d.HitID)
	}
}

// needed reports whether somebody still needs an item: a hit or a parent.
func (a *Alert) needed(i *Item) bool {
	return len(i.Reports) > 0 || len(i.Usable()) > 0 || slices.ContainsFunc(a.Parents, func(p *Parent) bool { return slices.Contains(p.Needs, i.ID) })
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

func severity(s string) int {
	return slices.Index([]string{"low", "medium", "high", "critical"}, s) + 1
}

func urgency(severity string) string {
	if severity == "critical" || severity == "high" {
		return severity
	}
	return "normal"
}
