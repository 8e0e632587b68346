package apply

import (
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/recall"
)

// Leg is the recall of one item, between our debtor bank and the next agents. It
// lives on the alert of the instruction; the alert that it serves has a copy.
// Moments are Unix ms.
type Leg struct {
	Item  string `json:"item"`
	State string `json:"state"`         // of freeze.Recall
	Why   string `json:"why,omitempty"` // why no bank of ours was asked
	Bank  string `json:"bank,omitempty"`
	// Child and Episode name the instruction that a copy is of, Version counts the
	// changes of the recall.
	Child   string `json:"child,omitempty"`
	Episode uint32 `json:"episode,omitempty"`
	Version uint32 `json:"version,omitempty"`

	Camt056ID string        `json:"camt056_id,omitempty"`
	Reason    string        `json:"reason_iso,omitempty"` // that officers gave
	Codes     []string      `json:"codes,omitempty"`      // of the bank's last word
	Asked     int64         `json:"asked_at,omitempty"`   // of the bank
	Initiated int64         `json:"initiated_at,omitempty"`
	Answered  int64         `json:"answered_at,omitempty"` // by the bank's clock
	Amount    *freeze.Money `json:"amount,omitempty"`      // that was accepted, where it was given
	Returned  *freeze.Money `json:"returned,omitempty"`    // sum of what came back
	Costs     *freeze.Money `json:"costs,omitempty"`       // sum of what was kept of it
	Differs   string        `json:"differs,omitempty"`     // short | excess | currency: what came back is not what was asked back
	Next      string        `json:"next_agent,omitempty"`
	Heard     []string      `json:"heard,omitempty"` // words of the bank
	Silent    bool          `json:"silent,omitempty"`
	Dunned    int64         `json:"dunned_at,omitempty"` // asked where it stands
}

// leg returns the recall of an item, or nil.
func (a *Alert) leg(item string) *Leg {
	for _, l := range a.Legs {
		if l.Item == item {
			return l
		}
	}
	return nil
}

// open reports whether the bank still owes a word.
func (l *Leg) open() bool {
	return slices.Contains([]string{"instructed", "initiated", "pending", "forwarded"}, l.State)
}

// ended reports whether nothing more is expected of the recall.
func (l *Leg) ended() bool {
	return l.State == "returned" || l.State == "rejected" && !slices.ContainsFunc(l.Codes, notApplied)
}

func notApplied(code string) bool { return recall.ClassOf(code) == recall.NotApplied }

// Recall returns where the recall of an item stands, for messages.
func (l *Leg) Recall() freeze.Recall {
	r := freeze.Recall{State: l.State, ReasonISO: l.Reason, Camt056ID: l.Camt056ID}
	if l.Initiated > 0 {
		at := freeze.At(time.UnixMilli(l.Initiated))
		r.InitiatedAt = &at
	}
	return r
}

// asksRecall notes that a message to the bank asks for recalls, or where one stands.
func (f *fold) asksRecall(a *Alert, d caselog.QueuedData) {
	for _, mark := range d.Recalls {
		if l := a.leg(mark.Item); l != nil && l.State == "none" {
			l.State, l.Camt056ID, l.Asked = "instructed", mark.Camt056ID, f.r.Appended
			l.Version++
		}
	}
	if l := a.leg(d.About); l != nil && d.Type == freeze.TypeStatusRequest {
		l.Dunned = f.r.Appended
	}
}

func (f *fold) answeredRecall(a *Alert) {
	var d caselog.RecallAnsweredData
	if !f.data(&d) {
		return
	}
	switch l := a.leg(d.Item); {
	case d.Leg != nil:
		f.legCopied(a, d)
	case d.Parent != "":
		f.legKnown(a, d)
	case d.Item == "":
		f.strayWord(a, d)
	case l == nil || l.Child != "":
		f.refuse("no payment %s that was recalled", d.Item)
	case slices.Contains(l.Heard, d.Ref):
		f.repeat()
	default:
		f.recallWord(a, l, d.RecallWord)
		f.recallMoves(a)
		f.applied()
	}
}

// strayWord takes in that the bank's answer names payments that are not of its case.
func (f *fold) strayWord(a *Alert, d caselog.RecallAnsweredData) {
	if slices.ContainsFunc(a.Tasks, func(t Task) bool { return t.Kind == "recall_stray" && t.About == d.Ref }) {
		f.repeat()
		return
	}
	f.task(a, "recall_stray", d.Ref)
	f.applied()
}

// legCopied takes in under the key of the parent where the recall of an item stands.
// The freeze request and its measures are no part of it.
func (f *fold) legCopied(a *Alert, d caselog.RecallAnsweredData) {
	l := a.leg(d.Item)
	switch {
	case l == nil: // the event that notes the order is behind
		l = &Leg{Item: d.Item, State: "none", Bank: d.Leg.Bank}
		a.Legs = append(a.Legs, l)
	case l.Bank != d.Leg.Bank:
		f.refuse("payment %s is recalled by another bank now", d.Item)
		return
	case d.Leg.Episode < l.Episode || d.Leg.Episode == l.Episode && d.Leg.Version <= l.Version:
		f.repeat()
		return
	}
	c := d.Leg
	l.Child, l.Episode, l.Version, l.State, l.Camt056ID, l.Reason = c.Child, c.Episode, c.Version, c.State, c.Camt056ID, c.Reason
	l.Codes, l.Initiated, l.Amount, l.Returned, l.Next = c.Codes, c.Initiated, c.Amount, c.Returned, c.Next
	f.applied()
}

// legKnown notes on an instruction that a parent knows where a recall stands.
func (f *fold) legKnown(a *Alert, d caselog.RecallAnsweredData) {
	for _, p := range a.Parents {
		if p.Alert != d.Parent || p.Key != d.ParentKey || p.Knows[d.Item] >= d.Version {
			continue
		}
		if p.Knows == nil {
			p.Knows = map[string]uint32{}
		}
		p.Knows[d.Item] = d.Version
		f.applied()
		return
	}
	f.repeat()
}

// recallWord takes in a word of the bank, in every state (rule P): it moves the
// recall, or it is kept and people are told that it does not fit.
func (f *fold) recallWord(a *Alert, l *Leg, w caselog.RecallWord) {
	l.Heard = append(l.Heard, w.Ref)
	l.Version++
	if first(&l.Asked, f.r.Appended); l.State == "none" {
		f.task(a, "contradiction", l.Item) // nobody has asked for it
	}
	if w.Amount != nil && (w.State == "returned" || w.State == "" && w.Settled != nil) {
		f.moneyBack(a, l, w)
		return
	}
	switch w.State {
	case "":
		f.task(a, "recall_text", l.Item)
		return
	case "initiated":
		if l.State == "none" || l.State == "instructed" {
			l.State = "initiated"
		}
	default:
		moves, contradicts := l.hears(w)
		if contradicts {
			f.task(a, "contradiction", l.Item)
		}
		over := l.ended()
		if moves {
			f.settleLeg(a, l, w)
		}
		if over && !l.ended() { // rejected for good, and then not even applied
			f.task(a, "contradiction", l.Item)
		}
	}
	first(&l.Initiated, f.initiated(w))
	a.doneAbout("recall_not_sent", l.Item)
}

// hears reports whether a word moves the recall, and whether it contradicts what the
// bank said before. Of two answers the later one counts, by the bank's clock.
func (l *Leg) hears(w caselog.RecallWord) (moves, contradicts bool) {
	switch {
	case l.State == "none" || l.open():
		return true, false
	case !w.At.IsZero() && w.At.UnixMilli() < l.Answered:
		return false, false
	case w.State == "pending" || w.State == "forwarded":
		return false, true
	case l.State == "returned":
		return false, w.State == "rejected"
	}
	return true, l.State != w.State
}

// initiated is the moment from which the bank is given time to answer: not later than
// the log says that we knew.
func (f *fold) initiated(w caselog.RecallWord) int64 {
	if w.State == "initiated" && !w.At.IsZero() {
		return min(w.At.UnixMilli(), f.r.Appended)
	}
	return f.r.Appended
}

// settleLeg makes the bank's word where the recall stands, and tells people what
// they can do about it (FREEZE 3.5).
func (f *fold) settleLeg(a *Alert, l *Leg, w caselog.RecallWord) {
	l.State, l.Codes = w.State, w.Codes
	l.Answered = max(l.Answered, w.At.UnixMilli())
	if w.Amount != nil {
		l.Amount = w.Amount
	}
	if w.Next != "" {
		l.Next = w.Next
	}
	for _, kind := range []string{"recall_silent", "recall_text", "recall_authority", "recall_indemnity", "recall_resend", "recall_rejected"} {
		a.doneAbout(kind, l.Item)
	}
	switch {
	case w.State == "rejected" && slices.ContainsFunc(w.Codes, notApplied):
		f.task(a, "recall_resend", l.Item)
	case w.State == "rejected":
		f.task(a, "recall_rejected", l.Item)
	case slices.Contains(w.Codes, "IDMN"), slices.Contains(w.Codes, "INDM"):
		f.task(a, "recall_indemnity", l.Item)
	case w.State == "pending" && slices.ContainsFunc([]string{"ADAC", "ARPL", "RQDA"}, func(c string) bool { return slices.Contains(w.Codes, c) }):
		f.task(a, "recall_authority", l.Item)
	}
}

// moneyBack takes in that money of a payment came back: all of it ends the recall,
// more or less of it is for people.
func (f *fold) moneyBack(a *Alert, l *Leg, w caselog.RecallWord) {
	if l.State == "rejected" {
		f.task(a, "contradiction", l.Item)
	}
	first(&l.Initiated, f.r.Appended)
	l.Answered = max(l.Answered, w.At.UnixMilli())
	before := l.Differs
	l.Returned, l.Costs = plus(l.Returned, w.Amount), plus(l.Costs, w.Costs)
	l.Differs = a.differs(l, w)
	switch {
	case l.Differs == "":
		l.State, l.Codes = "returned", w.Codes
		for _, kind := range []string{"return_differs", "recall_silent", "recall_text", "recall_authority", "recall_indemnity", "recall_resend", "recall_rejected", "recall_not_sent"} {
			a.doneAbout(kind, l.Item)
		}
	case l.Differs != before || l.State == "returned":
		f.task(a, "return_differs", l.Item)
	}
}

// plus adds m to a sum; another currency than the sum's begins it anew, and what
// differs is seen then.
func plus(sum, m *freeze.Money) *freeze.Money {
	switch {
	case m == nil:
		return sum
	case sum == nil || sum.Currency != m.Currency:
		return &freeze.Money{Amount: m.Amount, Currency: m.Currency}
	}
	return &freeze.Money{Amount: sum.Amount.Add(m.Amount), Currency: sum.Currency}
}

// differs compares what came back, with and without what was kept of it, with what
// was settled and what is disputed; empty means that it is whole.
func (a *Alert) differs(l *Leg, w caselog.RecallWord) string {
	var want []freeze.Money
	if i := slices.IndexFunc(a.Items, func(i *Item) bool { return i.ID == l.Item }); i >= 0 {
		want = append(want, a.Items[i].Amount)
	}
	if w.Settled != nil {
		want = append(want, *w.Settled)
	}
	if l.State == "partly_accepted" && l.Amount != nil {
		want = append(want, *l.Amount)
	}
	whole := *l.Returned
	if l.Costs != nil && l.Costs.Currency == whole.Currency {
		whole.Amount = whole.Amount.Add(l.Costs.Amount)
	}
	same := slices.DeleteFunc(want, func(m freeze.Money) bool { return m.Currency != whole.Currency })
	if len(same) == 0 {
		return "currency"
	}
	more := false
	for _, m := range same {
		if whole.Amount.Cmp(m.Amount) == 0 || l.Returned.Amount.Cmp(m.Amount) == 0 {
			return ""
		}
		more = more || whole.Amount.Cmp(m.Amount) < 0
	}
	if more {
		return "short"
	}
	return "excess"
}

// recallMoves moves the alert of an instruction with its legs: the bank's first word
// is an acceptance, the last one of all payments a decision.
func (f *fold) recallMoves(a *Alert) {
	if a.ended() || !a.instructs() || len(a.Legs) == 0 {
		return
	}
	early := []State{Proposed, Approved, Sent, Received, Undeliverable}
	if a.everyLeg(func(l *Leg) bool { return l.State == "none" || l.State == "instructed" }) {
		return
	}
	if slices.Contains(early, a.State) && (a.Request() != nil || !a.unrecalled()) {
		a.State = Accepted
		first(&a.At.Sent, f.r.Appended)
		first(&a.At.Received, f.r.Appended)
		first(&a.At.Accepted, f.r.Appended)
		a.done("gave_up", "desk")
	}
	answered := a.everyLeg(func(l *Leg) bool { return l.State != "none" && !l.open() })
	if answered && slices.Contains([]State{Accepted, InfoNeeded, Rejected}, a.State) {
		a.State = Decided
		first(&a.At.Decided, f.r.Appended)
	}
	if a.State == Decided && a.everyLeg((*Leg).ended) && !a.measured() {
		f.close(a, "final")
	}
}

func (a *Alert) everyLeg(is func(*Leg) bool) bool {
	return !slices.ContainsFunc(a.Legs, func(l *Leg) bool { return !is(l) })
}
