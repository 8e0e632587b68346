package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Acts of officers about recalls.
const (
	ActRecall       = "recall"        // out: the victim's bank is to recall the payments
	ActRecallAnswer = "recall_answer" // out, an instruction: what the bank said by letter or telephone
)

// The effects of recalls.
const (
	Order Kind = "recall"        // tell the instructions' alerts what is to be recalled
	Tell  Kind = "recall_tell"   // tell a parent where the recall of one payment stands
	Dun   Kind = "recall_status" // ask the bank where a recall stands
)

// How long the bank has for its word on a recall, without a calendar.
const (
	recallSentWithin     = 15 * time.Minute    // that it has sent the camt.056
	recallAnsweredWithin = 21 * 24 * time.Hour // T8, 15 banking days
	recallDunnedWithin   = 7 * 24 * time.Hour  // 5 banking days
)

// Recall is what our own banks are to recall of an alert's payments, beyond what
// rules ask for.
type Recall struct {
	By     []string `json:"by,omitempty"`     // officers who wanted it
	Items  []string `json:"items,omitempty"`  // that they wanted; with All every one
	All    bool     `json:"all,omitempty"`    // so does a rule
	Resend []string `json:"resend,omitempty"` // once more, by better references
	Reason string   `json:"reason,omitempty"` // in the words of ISO 20022
	Mark   string   `json:"mark,omitempty"`   // of what the instructions' alerts know
}

// instructs reports whether the alert is an instruction to recall payments.
func (a *Alert) instructs() bool {
	return slices.ContainsFunc(a.Parents, func(p *Parent) bool { return p.Recall })
}

// recalls lists the items that our own banks are to recall: what victims paid out.
func (a *Alert) recalls() []*Item {
	if a.Direction != caselog.Out || a.instructs() || a.dropped() {
		return nil
	}
	rule := slices.Contains(a.Asks, "recall")
	var out []*Item
	for _, i := range a.Items {
		r := a.Recall
		wanted := rule || r != nil && (r.All || slices.Contains(r.Items, i.ID))
		if wanted && i.Hop == 0 && i.Amount.Currency != "" {
			out = append(out, i)
		}
	}
	return out
}

// dropped reports whether the alert ended before anybody stood behind it.
func (a *Alert) dropped() bool {
	return a.State == Closed && slices.Contains([]string{endOverturned, "not_approved", "rerouted"}, a.Ending)
}

// recallMark marks what the instructions' alerts are to know, or is empty where there
// was never anything.
func (a *Alert) recallMark() string {
	items := a.recalls()
	if len(items) == 0 && (a.Recall == nil || a.Recall.Mark == "") {
		return ""
	}
	type part struct {
		ID, Told string
		Amount   freeze.Money
	}
	v := struct {
		Items      []part
		By, Resend []string
		Reason     string
	}{}
	for _, i := range items {
		v.Items = append(v.Items, part{i.ID, i.Told, i.Amount})
	}
	if a.Recall != nil {
		v.By, v.Resend, v.Reason = a.Recall.By, a.Recall.Resend, a.Recall.Reason
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// orderDue reports whether the instructions' alerts do not know what is to be
// recalled now. Once the alert is over nothing more is asked for.
func (a *Alert) orderDue() bool {
	mark := a.recallMark()
	if mark == "" || a.State == Closed && !a.dropped() {
		return false
	}
	return a.Recall == nil || a.Recall.Mark != mark
}

// Recalls lists what is to be recalled, with its mark, for whoever tells the
// instructions' alerts.
func (a *Alert) Recalls() (items []*Item, mark string) { return a.recalls(), a.recallMark() }

// cleared reports whether people, or the agreement with the bank, stand behind
// everything that has not been asked of the bank yet.
func (a *Alert) cleared() bool {
	return !slices.ContainsFunc(a.Parents, func(p *Parent) bool {
		return p.Recall && !p.Auto && len(p.By) == 0 && slices.ContainsFunc(p.Needs, a.uninstructed)
	})
}

// uninstructed reports whether the recall of an item is not asked of the bank yet.
func (a *Alert) uninstructed(item string) bool {
	l := a.leg(item)
	return l != nil && l.State == "none"
}

// unrecalled reports whether an instruction has something to ask of the bank.
func (a *Alert) unrecalled() bool {
	return a.instructs() && slices.ContainsFunc(a.Items, func(i *Item) bool { return a.uninstructed(i.ID) })
}

// Instructs reports whether the alert is an instruction to recall payments.
func (a *Alert) Instructs() bool { return a.instructs() }

// recallEvent takes in the events of the recall machine. It reports whether the event
// is one of them.
func (f *fold) recallEvent(a *Alert) bool {
	switch f.r.Type {
	case caselog.RecallInstructed:
		f.ordered(a)
	case caselog.RecallAnswered:
		f.answeredRecall(a)
	default:
		return false
	}
	return true
}

// ordered notes that the instructions' alerts know what is to be recalled, and which
// payments no bank of ours can recall.
func (f *fold) ordered(a *Alert) {
	var d caselog.RecallInstructedData
	if !f.data(&d) {
		return
	}
	switch {
	case a.Direction != caselog.Out || a.instructs():
		f.refuse("alert has nothing to recall")
		return
	case a.Recall != nil && a.Recall.Mark == d.Mark:
		f.repeat()
		return
	case d.Mark != a.recallMark():
		f.refuse("what is to be recalled has changed since")
		return
	}
	if a.Recall == nil {
		a.Recall = &Recall{}
	}
	a.Recall.Resend = nil
	for _, o := range d.Orders {
		for _, item := range o.Items {
			f.order(a, item, o)
		}
	}
	a.Recall.Mark = a.recallMark()
	f.applied()
}

func (f *fold) order(a *Alert, item string, o caselog.RecallOrder) {
	l := a.leg(item)
	if l == nil {
		l = &Leg{Item: item, State: "none"}
		a.Legs = append(a.Legs, l)
	}
	l.Bank, l.Why = o.Bank, o.Why
	if o.Why != "" {
		f.task(a, "recall_blocked", item)
		return
	}
	a.doneAbout("recall_blocked", item)
}

// recallAmended takes in what a request of ours wants the bank to recall. The latest
// word of a parent counts, but what the bank was asked for stays asked for.
func (f *fold) recallAmended(d caselog.AmendedData) {
	a := f.s.joined(d)
	payments := f.unsettled(a, d)
	switch {
	case a == nil && len(payments) == 0:
		f.refuse("nothing is left to recall")
		return
	case a == nil:
		a = f.open(f.Root.AlertID(f.s.Key, uint32(len(f.s.Alerts)+1)), d.CaseID)
	}
	f.on(a)
	f.recallFor(a, a.parentOf(d), d, payments)
	f.recallStands(a)
	f.applied()
}

// unsettled returns the payments of d, by position, that no episode before a has asked
// the bank for, or that are to be asked for once more.
func (f *fold) unsettled(a *Alert, d caselog.AmendedData) map[int]caselog.PaymentMark {
	out := map[int]caselog.PaymentMark{}
	for n, p := range d.Payments {
		resend := slices.ContainsFunc(p.Parents, func(item string) bool { return slices.Contains(d.Resend, item) })
		if !slices.ContainsFunc(f.s.Alerts, func(o *Alert) bool { return o != a && o.hasAsked(p, resend) }) {
			out[n] = p
		}
	}
	return out
}

// hasAsked reports whether the bank was asked for a payment here; a rejected one that
// is to be asked for once more does not count.
func (a *Alert) hasAsked(p caselog.PaymentMark, resend bool) bool {
	i := a.item(p)
	if i == nil {
		return false
	}
	l := a.leg(i.ID)
	return l != nil && l.State != "none" && (l.State != "rejected" || !resend)
}

// parentOf returns what a parent needs here, new if it needed nothing yet.
func (a *Alert) parentOf(d caselog.AmendedData) *Parent {
	for _, p := range a.Parents {
		if p.Alert == d.Parent && p.Key == d.ParentKey {
			return p
		}
	}
	p := &Parent{Alert: d.Parent, Key: d.ParentKey, Recall: d.Recall}
	a.Parents = append(a.Parents, p)
	return p
}

func (f *fold) recallFor(a *Alert, p *Parent, d caselog.AmendedData, payments map[int]caselog.PaymentMark) {
	p.Recall, p.Auto, p.By, p.StateAt = true, d.Auto, d.By, d.StateAt
	p.Asks, p.Urgency = d.Ask, d.Urgency
	before := p.Needs
	p.Needs = nil
	a.Asks = union(a.Asks, d.Ask)
	a.Urgency = d.Urgency
	if a.Offence == "" {
		a.Offence = d.Offence
	}
	for n, pay := range d.Payments {
		if _, ok := payments[n]; !ok {
			continue
		}
		f.payment(a, pay, Source{d.Personal, n}, "")
		item := a.item(pay).ID
		p.Needs = union(p.Needs, []string{item})
		l := a.leg(item)
		if l == nil {
			l = &Leg{Item: item, State: "none", Bank: a.Party}
			a.Legs = append(a.Legs, l)
		}
		l.Reason = d.Reason
		if slices.ContainsFunc(pay.Parents, func(id string) bool { return slices.Contains(d.Resend, id) }) {
			f.resend(a, l)
		}
	}
	for _, item := range before {
		if !a.uninstructed(item) {
			p.Needs = union(p.Needs, []string{item})
		}
	}
}

// resend makes a recall that the bank rejected one that it was never asked for.
func (f *fold) resend(a *Alert, l *Leg) {
	if l.State != "rejected" {
		return
	}
	l.State, l.Camt056ID, l.Codes, l.Initiated, l.Dunned, l.Silent = "none", "", nil, 0, 0, false
	l.Version++
	a.doneAbout("recall_resend", l.Item)
	a.doneAbout("recall_rejected", l.Item)
}

// recallStands draws the consequences of a change of what an instruction asks for.
func (f *fold) recallStands(a *Alert) {
	a.Items = slices.DeleteFunc(a.Items, func(i *Item) bool { return !a.needed(i) })
	a.Legs = slices.DeleteFunc(a.Legs, func(l *Leg) bool {
		return !slices.ContainsFunc(a.Items, func(i *Item) bool { return i.ID == l.Item })
	})
	if a.Blocked != "" { // what is told now may have what was missing
		f.block(a, "", "")
	}
	switch {
	case len(a.Items) == 0 && a.Request() == nil:
		f.close(a, "withdrawn")
	case a.State == Proposed && a.cleared():
		a.State = Approved
		first(&a.At.Approved, f.r.Appended)
	case a.Request() != nil && a.unrecalled() && !a.cleared():
		f.task(a, "amend", a.Request().ID)
	}
}

func dueRecalls(a *Alert, add func(Effect)) {
	if a.orderDue() {
		add(Effect{Kind: Order})
	}
	for _, l := range a.Legs {
		if l.Silent && l.Dunned == 0 && l.open() && a.Open() {
			add(Effect{Kind: Dun, About: l.Item})
		}
	}
	for _, p := range a.Parents {
		for _, item := range p.Needs {
			if l := a.leg(item); p.Recall && l != nil && p.Knows[item] < l.Version {
				add(Effect{Kind: Tell, Parent: p, About: item})
			}
		}
	}
}

func timersOfRecalls(a *Alert, by Schedule) []Timer {
	if !a.instructs() {
		return nil
	}
	var out []Timer
	for _, l := range a.Legs {
		switch {
		case !l.open() || !a.Open():
		case l.State == "instructed":
			out = append(out, Timer{Alert: a.ID, Name: "T8/sent", About: l.Item, Due: by.After(a.Party, "T8/sent", a.Urgency, l.Asked)})
		case l.Dunned > 0:
			out = append(out, Timer{Alert: a.ID, Name: "T8/officer", About: l.Item, Due: by.After(a.Party, "T8/officer", a.Urgency, l.Dunned)})
		default:
			out = append(out, Timer{Alert: a.ID, Name: "T8", About: l.Item, Due: by.After(a.Party, "T8", a.Urgency, l.Initiated)})
		}
	}
	return out
}

// recallRang takes in a timer of a recall that ran out. It reports whether it is one:
// of T8 itself the bank is asked first, and only then people.
func (f *fold) recallRang(a *Alert, d caselog.OverdueData) bool {
	l := a.leg(d.About)
	if l == nil {
		return false
	}
	switch d.Timer {
	case "T8":
		l.Silent = true
	case "T8/sent":
		f.task(a, "recall_not_sent", l.Item)
	case "T8/officer":
		f.task(a, "recall_silent", l.Item)
	default:
		return false
	}
	return true
}
