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
	a.Blocked = d.Field
	f.task(a, "blocked", d.Field)
	f.applied()
}

// queued freezes a message. Of two writers that made the same message the first
// in log order wins; a gap in the sequence is a message made from an old state.
func (f *fold) queued(a *Alert) {
	var d caselog.QueuedData
	if !f.data(&d) {
		return
	}
	if a.Message(d.MessageID) != nil {
		f.repeat()
		return
	}
	if d.Type != freeze.TypeReceipt && d.Sequence != a.NextSequence() {
		f.refuse("sequence is %d, not %d", d.Sequence, a.NextSequence())
		return
	}
	if why := a.queueable(d); why != "" {
		f.refuse("%s", why)
		return
	}
	m := &Message{
		ID: d.MessageID, Sequence: d.Sequence, Type: d.Type, InReplyTo: d.InReplyTo, Lane: d.Lane, Channels: d.Channels, Digest: d.Digest.Value,
		Content: d.Content, Level: d.Level, Provisional: d.Provisional, Personal: d.Personal, Trace: f.r.Trace, Queued: f.r.Appended,
	}
	if d.Approval != nil {
		m.Mode, m.Signed, m.By = d.Approval.Mode, d.Approval.ContentDigest, d.Approval.By
	}
	a.Messages = append(a.Messages, m)
	first(&a.At.Queued, f.r.Appended)
	f.takeQueued(a, d)
	f.applied()
}

// queueable says why the state does not want the message, or nothing.
func (a *Alert) queueable(d caselog.QueuedData) string {
	for _, e := range dueOf(a) {
		if e.Message == nil && e.Type() == d.Type {
			return ""
		}
	}
	return "alert is " + string(a.State) + ": no " + string(d.Type) + " is due"
}

func (f *fold) takeQueued(a *Alert, d caselog.QueuedData) {
	switch d.Type {
	case freeze.TypeRequest:
		a.State, a.Environment = Approved, d.Environment
		a.Provisional, a.Automatic = d.Provisional, d.Approval != nil && d.Approval.Mode == "none"
		if d.ConfirmBy != nil {
			a.ConfirmBy = d.ConfirmBy.UnixMilli()
		}
		first(&a.At.Approved, f.r.Appended)
		f.spend(a, ActRequest)
	case freeze.TypeAmendment:
		a.done("amend", "desk")
		f.spend(a, ActRequest)
	case freeze.TypeOutcome:
		a.Released = false
		f.spend(a, ActRelease)
		f.spend(a, ActRefuse)
	}
}

// spend uses approvals up, so that the next change needs them again.
func (f *fold) spend(a *Alert, act string) {
	a.Approvals = slices.DeleteFunc(a.Approvals, func(p Approval) bool { return p.Act == act })
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
	if f.r.Type == caselog.GaveUp {
		f.gaveUp(a, m)
		return
	}
	m.Delivered, m.Awaiting = f.r.Appended, d.Awaiting
	switch m.Type {
	case freeze.TypeRequest:
		if a.State == Approved {
			a.State = Sent
		}
		first(&a.At.Sent, f.r.Appended)
	case freeze.TypeOutcome:
		if a.State == BankAnswered || a.State == Refused {
			f.answered(a)
		}
	}
}

func (f *fold) answered(a *Alert) {
	if a.State == BankAnswered {
		a.State = Answered
	}
	first(&a.At.Answered, f.r.Appended)
}

func (f *fold) gaveUp(a *Alert, m *Message) {
	m.GaveUp = true
	f.task(a, "gave_up", m.ID)
	if m.Type == freeze.TypeRequest && (a.State == Approved || a.State == Sent) {
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
	case a.State == Review && a.Child != nil: // the instruction knows that this alert needs nothing
		f.close(a, "withdrawn")
		f.applied()
	case a.State != Authorised:
		f.repeat()
	default:
		a.State = Instructed
		a.Child = &Child{Key: d.ChildKey, Bank: d.Bank, Alert: d.ChildAlert}
		f.applied()
	}
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
	case !slices.ContainsFunc(timersOf(a), func(t Timer) bool { return t.Name == d.Timer && t.About == d.About }):
		f.refuse("%s does not run", d.Timer)
	default:
		a.Overdue = append(a.Overdue, name)
		f.task(a, "overdue", name)
		f.applied()
	}
}
