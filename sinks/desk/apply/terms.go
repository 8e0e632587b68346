package apply

import (
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Terms is what the bank is to hold for an inbound alert where that is not what the
// request says: people have let a part go, or have decided how long it lasts.
type Terms struct {
	Revision int `json:"revision"`
	Told     int `json:"told,omitempty"` // revision that the instruction knows
	// Amounts is what is still needed of each item; zero is nothing.
	Amounts map[string]freeze.Money `json:"amounts,omitempty"`
	Until   *freeze.Time            `json:"until,omitempty"`
	Ordered bool                    `json:"ordered,omitempty"` // as the measure was authorised
}

// needing returns the terms to change, with a new revision.
func (a *Alert) needing() *Terms {
	if a.Terms == nil {
		a.Terms = &Terms{}
	}
	a.Terms.Revision++
	return a.Terms
}

// Needed returns what is still needed of an item of which the request says amount, and
// whether anything is.
func (t *Terms) Needed(item string, amount freeze.Money) (freeze.Money, bool) {
	if t == nil {
		return amount, true
	}
	if left, changed := t.Amounts[item]; changed {
		return left, !left.Amount.Zero()
	}
	return amount, true
}

// measureMessage takes in a partner's extension_request, lift_request or
// status_request. It reports whether the message is one of them.
func (f *fold) measureMessage(a *Alert, in *Inbound) bool {
	if a.Direction != caselog.In {
		return false // only who asks us may
	}
	switch d := in.data; {
	case in.Type == freeze.TypeExtensionRequest && d.Extension != nil:
		f.partnerAsks(a, in, d.Extension.MeasureID, MeasureAsk{Do: doExtend, Message: in.ID, Until: &d.Extension.Until})
	case in.Type == freeze.TypeLiftRequest && d.Lift != nil:
		f.partnerAsks(a, in, d.Lift.MeasureID, MeasureAsk{Do: doLift, Message: in.ID, Amount: d.Lift.Amount, Reason: d.Lift.Reason})
	case in.Type == freeze.TypeStatusRequest:
		f.restate(a, in.ID)
	default:
		return false
	}
	return true
}

// partnerAsks takes in what a partner wants of a measure that we told it of: people
// decide. Of one that does not stand it hears what it was told last.
func (f *fold) partnerAsks(a *Alert, in *Inbound, measure string, x MeasureAsk) {
	m := a.Measure(measure)
	if m == nil || !m.Standing() || x.Do == doLift && m.partial(x.Amount) != "" {
		f.task(a, "contradiction", in.ID)
		f.restate(a, in.ID)
		return
	}
	if x.Do == doLift && a.all(m, x.Amount) && a.Child != nil && a.State != Closed {
		f.spend(a, ActLift)
		f.withdrawnByPartner(a, in)
		return
	}
	m.Asked = append(slices.DeleteFunc(m.Asked, func(o *MeasureAsk) bool { return o.Do == x.Do && !o.Decided }), &x)
	f.task(a, x.Do, in.ID)
}

// all reports whether an amount of the measure is all that is held for the alert.
func (a *Alert) all(m *Measure, amount *freeze.Money) bool {
	for _, o := range a.Measures {
		if o != m && o.Standing() && o.Holds() {
			return false
		}
	}
	return amount == nil || m.Amount != nil && amount.Amount.Cmp(m.Amount.Amount) == 0
}

// restate answers a message with our last outcome; as long as there is none, people
// know that somebody waits.
func (f *fold) restate(a *Alert, message string) {
	if a.LastOutcome() == nil {
		f.task(a, "status_request", message)
		return
	}
	if !slices.Contains(a.Restate, message) {
		a.Restate = append(a.Restate, message)
	}
}

// LastOutcome returns our last outcome to a partner that is not a question, or nil.
func (a *Alert) LastOutcome() *Message {
	for i := len(a.Messages) - 1; i >= 0; i-- {
		if m := a.Messages[i]; m.Type == freeze.TypeOutcome && !m.Question {
			return m
		}
	}
	return nil
}

// askedOf returns the measure and what the partner asked about it, in a message with
// that id or about the measure with that id.
func (a *Alert) askedOf(do, about string) (*Measure, *MeasureAsk) {
	for _, m := range a.Measures {
		for _, x := range m.Asked {
			if x.Do == do && !x.Decided && (x.Message == about || m.MeasureID == about) {
				return m, x
			}
		}
	}
	return a.Measure(about), nil
}

// forbidDecide says why people cannot decide now how long a measure of ours lasts.
// Until grants, a code refuses; what nobody asked for can only be granted.
func forbidDecide(a *Alert, d caselog.OfficerData) string {
	m, x := a.askedOf(doExtend, d.About)
	switch {
	case m == nil && d.About == "":
		return "about which measure? about is its id, or that of the partner's message"
	case m == nil || !m.Live():
		return "no measure in force that " + d.About + " is about"
	case a.Lifting || a.State == Review:
		return a.impossible(d)
	case (d.Code == "") == (d.Until == nil):
		return "until grants it, code refuses it: one of them"
	case d.Code != "" && x == nil:
		return "nobody asked for it"
	case d.Until != nil && d.Until.UnixMilli() <= m.end():
		return "until has to be later than the end of the measure"
	}
	return ""
}

// completeDecide draws the consequences of what people decided. Where a bank holds, it
// is told first, and its answer goes to the partner; where our own measure holds, the
// partner is told when people release it.
func completeDecide(f *fold, a *Alert, d caselog.OfficerData) {
	m, x := a.askedOf(doExtend, d.About)
	by := a.officers(d.Act, d.About)
	a.spendAbout(d)
	if x != nil {
		x.Decided, x.By = true, by
		a.doneAbout(doExtend, x.Message)
	}
	switch {
	case d.Code != "":
		a.forget(m, x)
		f.restate(a, x.Message)
		return
	case a.Child != nil && m.Source != "" && !m.Recorded:
		a.needing().Until = d.Until
	default:
		m.ExpiresAt, m.State, m.Recorded = d.Until, "extended", true
		f.period(a, m)
		f.change(a)
	}
	a.doneAbout("expiring", m.MeasureID)
	a.doneAbout("half_life", m.MeasureID)
}

func (a *Alert) forget(m *Measure, x *MeasureAsk) {
	m.Asked = slices.DeleteFunc(m.Asked, func(o *MeasureAsk) bool { return o == x })
}

// forbidPart says why people cannot decide now about a part that the partner needs no
// more. A code refuses.
func forbidPart(a *Alert, d caselog.OfficerData) string {
	if _, x := a.askedOf(doLift, d.About); x == nil || a.Lifting || a.State == Closed {
		return a.impossible(d)
	}
	for _, p := range a.Approvals {
		if p.Act == d.Act && p.About == d.About && p.Code != d.Code {
			return p.By + " decided otherwise: reject that first"
		}
	}
	return ""
}

// completePart lifts what the partner needs no more, or refuses that. What others need
// of the same money stays with the bank.
func completePart(f *fold, a *Alert, d caselog.OfficerData) {
	m, x := a.askedOf(doLift, d.About)
	x.Decided, x.By = true, a.officers(d.Act, d.About)
	a.spendAbout(d)
	a.doneAbout(doLift, x.Message)
	switch {
	case d.Code != "":
		a.forget(m, x)
		f.restate(a, x.Message)
	case a.Child != nil && m.Source != "" && !m.Recorded:
		a.reduce(m, x.Amount)
	case x.Amount == nil || m.Amount == nil || x.Amount.Amount.Cmp(m.Amount.Amount) == 0:
		m.become(StandLifted, f.r.Appended)
		m.State, m.Ending, m.Recorded = "lifted", x.Reason, true
		a.settled(m)
		f.change(a)
	default:
		left, _ := m.Amount.Amount.Sub(x.Amount.Amount)
		m.Amount, m.Recorded = &freeze.Money{Amount: left, Currency: m.Amount.Currency}, true
		f.change(a)
	}
}

// reduce shares what is left of a measure over the items: as much of each as is held,
// in their order. Amounts in other currencies stay.
func (a *Alert) reduce(m *Measure, lifted *freeze.Money) {
	left := freeze.Dec("0")
	if lifted != nil && m.Amount != nil {
		left, _ = m.Amount.Amount.Sub(lifted.Amount)
	}
	t := a.needing()
	if t.Amounts == nil {
		t.Amounts = map[string]freeze.Money{}
	}
	for _, i := range a.Items {
		has, ok := a.heldOf(i, m)
		if !ok {
			continue
		}
		if has.Cmp(left) > 0 {
			has = left
		}
		left, _ = left.Sub(has)
		t.Amounts[i.ID] = freeze.Money{Amount: has, Currency: i.Amount.Currency}
	}
}

// heldOf returns how much of an item is held, and whether it is in the currency of the
// measure. Without funds it is what the request says.
func (a *Alert) heldOf(i *Item, m *Measure) (freeze.Dec, bool) {
	if m.Amount != nil && i.Amount.Currency != m.Amount.Currency {
		return "", false
	}
	if a.Outcome == nil || len(a.Outcome.Funds) == 0 {
		return i.Amount.Amount, true
	}
	sum := freeze.Dec("0")
	for _, x := range a.Outcome.Funds {
		if x.ItemID == i.ID && x.Disposition == "held" && x.Money.Currency == i.Amount.Currency {
			sum = sum.Add(x.Money.Amount)
		}
	}
	return sum, true
}

// ReplyTo returns the message of the partner that our next outcome answers: its latest
// question about a measure that people have decided, else the request.
func (a *Alert) ReplyTo(request string) string {
	out := request
	for _, m := range a.Measures {
		for _, x := range m.Asked {
			if x.Decided {
				out = x.Message
			}
		}
	}
	return out
}

// dueMeasures lists what is due about measures.
func dueMeasures(a *Alert, add func(Effect)) {
	for _, m := range a.Measures {
		dueAsked(a, m, add)
	}
	for _, c := range a.Chases {
		if c.Message == "" {
			add(Effect{Kind: ChaseUp, About: c.About})
		}
	}
	for _, message := range a.Restate {
		add(Effect{Kind: Restate, About: message})
	}
	if t := a.Terms; t != nil && t.Told < t.Revision && a.Child != nil && a.State != Authorised && a.State != Closed && !a.Lifting {
		add(Effect{Kind: Instruct})
	}
}

// dueAsked lists what people have decided to ask about a measure of a partner.
func dueAsked(a *Alert, m *Measure, add func(Effect)) {
	for _, x := range m.Asked {
		switch {
		case x.said() || a.Direction == caselog.In:
		case x.Do == doExtend:
			add(Effect{Kind: Extend, About: m.MeasureID})
		default:
			add(Effect{Kind: LiftMeasure, About: m.MeasureID})
		}
	}
}

// takeMeasures takes in that a message about measures is frozen. It reports whether it
// is one.
func (f *fold) takeMeasures(a *Alert, d caselog.QueuedData) bool {
	switch d.Type {
	case freeze.TypeExtensionRequest, freeze.TypeLiftRequest:
		do := map[freeze.Type]string{freeze.TypeExtensionRequest: doExtend, freeze.TypeLiftRequest: doLift}[d.Type]
		if m := a.Measure(d.About); m != nil {
			if x := m.asking(func(x *MeasureAsk) bool { return x.Do == do && !x.said() }); x != nil {
				x.Message = d.MessageID
			}
		}
	case freeze.TypeStatusRequest:
		for _, c := range a.Chases {
			if c.About == d.About && c.Message == "" {
				c.Message = d.MessageID
			}
		}
	case freeze.TypeOutcome:
		if d.About != "" {
			a.Restate = slices.DeleteFunc(a.Restate, func(s string) bool { return s == d.About })
			return true
		}
		for _, m := range a.Measures {
			m.Asked = slices.DeleteFunc(m.Asked, func(x *MeasureAsk) bool { return x.Decided })
		}
		a.done("status_request", "desk")
		return false
	default:
		return false
	}
	return true
}

// termsTold notes that the instruction knows the terms.
func (f *fold) termsTold(a *Alert, d caselog.InstructedData) {
	if a.Terms == nil || d.Terms <= a.Terms.Told || d.Terms > a.Terms.Revision {
		f.repeat()
		return
	}
	a.Terms.Told = d.Terms
	f.applied()
}

// share makes the amount of every item that parents need the greatest of what they
// need: one that needs less never lowers what another one needs. Until ends when the
// last of them ends.
func (a *Alert) share() {
	for _, i := range a.Items {
		var most *freeze.Money
		for _, p := range a.Parents {
			need, ok := p.Amounts[i.ID]
			if ok && slices.Contains(p.Needs, i.ID) && (most == nil || need.Currency == most.Currency && need.Amount.Cmp(most.Amount) > 0) {
				most = &need
			}
		}
		if most != nil && (len(i.Reports) == 0 || most.Currency == i.Amount.Currency && most.Amount.Cmp(i.Amount.Amount) > 0) {
			i.Amount = *most
		}
	}
}

// Until returns when the need of the last parent ends that says so, or nil.
func (a *Alert) Until() *freeze.Time {
	var last *freeze.Time
	for _, p := range a.Parents {
		if len(p.Needs) > 0 && p.Until != nil && (last == nil || p.Until.After(last.Time)) {
			last = p.Until
		}
	}
	return last
}

func freezeAt(ms int64) freeze.Time { return freeze.At(time.UnixMilli(ms)) }
