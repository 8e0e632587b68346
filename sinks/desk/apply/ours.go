package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

func (f *fold) blocked(a *Alert) {
	var d caselog.BlockedData
	if !f.data(&d) {
		return
	}
	if a.Blocked == d.Field {
		f.repeat()
		return
	}
	if a.ended() {
		f.refuse("alert is %s: nothing goes out", a.State)
		return
	}
	f.block(a, d.Field, d.Text)
	f.applied()
}

// block notes for want of which field the alert cannot go out, or that it can.
func (f *fold) block(a *Alert, field, why string) {
	if a.Blocked != field {
		a.goesOut()
	}
	a.Blocked, a.BlockedWhy = field, why
	if field != "" {
		f.task(a, taskBlocked, field)
	}
}

// rerouted ends an alert that had no party to go to: its hits have one now.
func (f *fold) rerouted(a *Alert) {
	var d caselog.ReroutedData
	switch {
	case !f.data(&d):
	case a.Ending == "rerouted":
		f.repeat()
	case a.Rerouting != "" && d.ToAlert == "" && d.Why != "":
		a.Rerouting = ""
		f.task(a, "no_route", d.Why)
		f.applied()
	case a.Rerouting == "" && (a.Party != caselog.Nobody || a.State != Proposed):
		f.refuse("alert is %s at %s: it is not rerouted", a.State, a.Party)
	default:
		a.Rerouting = ""
		a.moveOn("desk")
		f.block(a, "", "")
		f.close(a, "rerouted")
		a.MovedTo = d.ToAlert
		f.applied()
	}
}

// attempt takes a number. Only the first attempt of a number in log order is one;
// whoever wrote it may try, if he reads this soon enough.
func (f *fold) attempt(a *Alert) {
	var d caselog.AttemptData
	if !f.data(&d) {
		return
	}
	m := a.Message(d.MessageID)
	switch {
	case m == nil:
		f.refuse("no such message")
	case m.Settled():
		f.refuse("message is settled")
	case d.Number != m.Attempts+1:
		f.refuse("attempt %d is not the first of its number: %d is next", d.Number, m.Attempts+1)
	default:
		m.Attempts, m.Attempted = d.Number, f.r.Appended
		m.Channel, m.Reason = d.Channel, d.After
		f.applied()
	}
}

// delivered takes in how a message ended: the party has it, or we gave up.
func (f *fold) delivered(a *Alert) {
	var d caselog.DeliveredData
	if !f.data(&d) {
		return
	}
	m := a.Message(d.MessageID)
	switch {
	case m == nil:
		f.refuse("no such message")
		return
	case m.Delivered > 0 || m.GaveUp:
		f.repeat()
		return
	}
	f.applied()
	m.Channel, m.Reason = d.Channel, d.Reason
	if f.r.Type == caselog.GaveUp {
		f.gaveUp(a, m)
		return
	}
	m.Awaiting = d.Awaiting
	f.handedOver(a, m)
}

// handedOver draws the consequences of a message that the party has.
func (f *fold) handedOver(a *Alert, m *Message) {
	m.Delivered = f.r.Appended
	switch m.Type {
	case freeze.TypeRequest, freeze.TypeAmendment:
		switch {
		case a.State == Approved:
			a.State = Sent
		case a.State == InfoNeeded && m.Type == freeze.TypeAmendment: // says what the partner needed
			a.State = Accepted
			f.resume(a)
			a.done("info_needed", "desk")
		}
		first(&a.At.Sent, f.r.Appended)
	case freeze.TypeInfoResponse:
		f.goOn(a)
	case freeze.TypeOutcome:
		if a.State == BankAnswered || a.State == Refused || a.State == Duplicate {
			f.answered(a, m)
		}
	}
}

func (f *fold) answered(a *Alert, m *Message) {
	if m.Question || m.About != "" || m.Decision != "" && m.Tells != a.OutcomeID {
		return // the bank has said more since
	}
	why := a.endedBy(m)
	switch {
	case why != "":
		f.close(a, why)
	case a.State == BankAnswered && !a.Lifting && m.Decision == "more_info":
		a.State = InfoNeeded
		f.pause(a)
	case a.State == BankAnswered && !a.Lifting:
		a.State = Answered
	}
	first(&a.At.Answered, f.r.Appended)
}

func (f *fold) gaveUp(a *Alert, m *Message) {
	m.GaveUp = true
	f.task(a, "gave_up", m.ID)
	if asks(m.Type) && (a.State == Approved || a.State == Sent) {
		a.State = Undeliverable
	}
}

func (f *fold) instructed(a *Alert) {
	var d caselog.InstructedData
	if !f.data(&d) {
		return
	}
	switch {
	case a.Direction != caselog.In:
		f.refuse("alert is not inbound")
	case !d.StateAt.IsZero() && d.StateAt.UnixMilli() < a.At.Updated:
		f.refuse("the alert has changed since the instruction was told")
	case d.Retract:
		f.retracted(a)
	case d.Lift:
		f.lifting(a, d)
	case d.Terms > 0 && a.State != Authorised:
		f.termsTold(a, d)
	default:
		f.bankTold(a, d)
	}
}

// bankTold notes that the bank is told what the alert needs, wherever the alert has got
// to meanwhile.
func (f *fold) bankTold(a *Alert, d caselog.InstructedData) {
	child := &Child{Key: d.ChildKey, Bank: d.Bank, Alert: d.ChildAlert, StateAt: d.StateAt}
	switch {
	case a.State == Review && a.Child != nil && len(a.letting()) >= a.need(ActLift): // of version 1, which told nobody
		f.close(a, "withdrawn")
		f.applied()
	case a.State == Closed && a.Ending == "withdrawn" && a.Child == nil: // taken back while the bank was being instructed
		a.State, a.Ending, a.At.Closed, a.Telling = Review, "", 0, false
		a.Child = child
		f.task(a, "lift", "")
		f.applied()
	case a.State != Authorised:
		f.repeat()
	default:
		a.State, a.Telling, a.Lifting, a.Lifted = Instructed, false, false, false
		a.Child = child
		if a.Terms != nil {
			a.Terms.Told = max(a.Terms.Told, d.Terms)
		}
		f.applied()
	}
}

// retracted notes that the instruction does not count on an alert that was never noted
// to have told it.
func (f *fold) retracted(a *Alert) {
	if !a.Telling || a.Child != nil {
		f.repeat()
		return
	}
	a.Telling = false
	f.applied()
}

// recorded takes in what the bank answered to our instruction.
func (f *fold) recorded() {
	var d caselog.RecordedData
	if !f.data(&d) {
		return
	}
	a := f.alert(d.AlertID)
	if a == nil {
		return
	}
	switch {
	case a.Direction == caselog.Out:
		f.relayed(a, d)
	case d.Lifted:
		f.lifted(a, d)
	case a.Lifting && a.Lifted: // from before the bank let go
		f.repeat()
	case a.Outcome != nil && !d.AsOf.After(a.Outcome.AsOf.Time) && !a.unchanged(d):
		f.repeat()
	default:
		f.bankSaid(a, d)
	}
}

// unchanged reports whether the bank, which holds already what the alert asks for anew,
// has nothing to add to its latest word.
func (a *Alert) unchanged(d caselog.RecordedData) bool {
	return d.Again && d.AsOf.Equal(a.Outcome.AsOf.Time) && (a.State == Authorised || a.State == Instructed)
}

// bankSaid takes in the bank's latest word.
func (f *fold) bankSaid(a *Alert, d caselog.RecordedData) {
	a.Outcome, a.OutcomeID, a.OutcomeBody, a.BankAt = &d.OutcomeMark, d.MessageID, d.Personal, f.r.Appended
	switch {
	case a.Child != nil && a.Child.Alert == "":
		a.Child.Alert = d.Child
	case a.Child == nil && a.State == Authorised && d.ChildKey != "": // its answer has overtaken our note of the instruction
		a.Child, a.Telling = &Child{Key: d.ChildKey, Bank: d.ChildKey.Party(), Alert: d.Child}, false
	}
	switch {
	case a.Lifting: // the last word before the bank lets go
	case slices.Contains([]State{Instructed, BankAnswered, Answered, Authorised}, a.State), a.State == InfoNeeded && a.Child != nil && !a.Anew:
		a.State = BankAnswered
		a.Released = false
		f.resume(a)
		first(&a.At.Decided, f.r.Appended)
		f.spend(a, ActRelease)
	default:
		f.task(a, "orphan_measure", d.MessageID)
	}
	if !d.Balanced {
		f.task(a, "unbalanced", d.MessageID)
	}
	f.measures(a, word{OutcomeMark: &d.OutcomeMark, message: d.MessageID})
	f.applied()
}

// lifted takes in that the bank holds nothing for this alert any more. What it
// said before stays true of the rest of the money.
func (f *fold) lifted(a *Alert, d caselog.RecordedData) {
	if a.Lifted || a.Child != nil && !d.StateAt.IsZero() && d.StateAt.Before(a.Child.StateAt.Time) {
		f.repeat()
		return
	}
	mark := caselog.OutcomeMark{Decision: "nothing_found", AsOf: d.AsOf}
	if a.Outcome != nil {
		mark = *a.Outcome
		mark.Measures = slices.Clone(mark.Measures)
	}
	if !mark.Balanced {
		mark.Decision, mark.Funds = "nothing_found", nil
	}
	for i := range mark.Measures {
		if m := &mark.Measures[i]; inForce([]caselog.MeasureMark{*m}) {
			m.State = "lifted"
		}
	}
	mark.Funds = freeze.Lifted(mark.Funds)
	mark.Amounts, mark.Balanced, mark.Final = freeze.AmountsOf(mark.Funds), true, true
	if d.AsOf.After(mark.AsOf.Time) {
		mark.AsOf = d.AsOf
	}
	a.Outcome, a.Lifted = &mark, true
	f.measures(a, word{OutcomeMark: &mark, message: d.MessageID})
	if a.Lifting && a.State == Instructed {
		a.State, a.Released = BankAnswered, false
		f.spend(a, ActRelease)
	}
	f.applied()
}

// relayed notes on an instruction's alert that a parent knows the bank's answer.
func (f *fold) relayed(a *Alert, d caselog.RecordedData) {
	for _, p := range a.Parents {
		switch {
		case p.Alert != d.Parent || p.Key != d.ParentKey:
			continue
		case d.Lifted && !d.StateAt.IsZero() && !d.StateAt.Equal(p.StateAt.Time):
		case d.Lifted && a.freed(p):
			p.Heard = true
			f.applied()
			return
		case !d.Lifted && p.Told.Before(d.AsOf.Time):
			p.Told, p.Again = d.AsOf, false
			f.applied()
			return
		}
	}
	f.repeat()
}

// lifting waits for the bank to let go of what the partner no longer needs.
func (f *fold) lifting(a *Alert, d caselog.InstructedData) {
	by := a.letting()
	if a.State != Review || len(by) < a.need(ActLift) {
		f.repeat()
		return
	}
	a.State, a.Lifting, a.Lifted = Instructed, true, false
	if a.Child != nil {
		a.Child.StateAt = d.StateAt
	}
	a.done("lift", by[len(by)-1])
	f.spend(a, ActLift)
	f.applied()
}

// overdue takes in a timer that ran out. The log's clock decides: of two owners
// the first one in log order is right, and one that is early is wrong.
func (f *fold) overdue(a *Alert) {
	var d caselog.OverdueData
	if !f.data(&d) {
		return
	}
	name := d.Timer + d.About
	switch {
	case slices.Contains(a.Overdue, name):
		f.repeat()
	case f.r.Appended < d.Due.UnixMilli():
		f.refuse("%s is not due on the clock of the log", d.Timer)
	case f.measureOverdue(a, d):
	case !slices.ContainsFunc(timersOf(a, anyTime{}), func(t Timer) bool { return t.Name == d.Timer && t.About == d.About }):
		f.refuse("%s does not run", d.Timer)
	default:
		a.Overdue = append(a.Overdue, name)
		if !f.recallRang(a, d) && !f.eraseRang(a, d) {
			f.task(a, "overdue", name)
		}
		f.requestRang(a, d)
		if d.Timer == "gap" && a.Direction == caselog.In {
			f.passOver(a, d.About)
		}
		if d.Timer == "gap" && a.Direction == caselog.Out {
			a.chase(d.About, "")
		}
		f.applied()
	}
}
