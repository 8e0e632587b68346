package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

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
	why := a.queueable(d)
	if why == "" {
		why = a.unsigned(d)
	}
	if why != "" {
		f.refuse("%s", why)
		return
	}
	m := a.frozen(d)
	m.Trace, m.Queued = f.r.Trace, f.r.Appended
	m.Closes = d.Type == freeze.TypeOutcome && a.Lifting && a.Lifted && d.About == ""
	a.Messages = append(a.Messages, m)
	first(&a.At.Queued, f.r.Appended)
	f.asksRecall(a, d)
	if !f.takeMeasures(a, d) && !f.infoQueued(a, m, d) {
		f.takeQueued(a, d)
	}
	if d.Type != freeze.TypeReceipt && a.Blocked != "" {
		f.block(a, "", "")
	}
	f.applied()
}

// frozen is the message that d freezes.
func (a *Alert) frozen(d caselog.QueuedData) *Message {
	m := &Message{
		ID: d.MessageID, Sequence: d.Sequence, Type: d.Type, InReplyTo: d.InReplyTo, About: d.About, Lane: d.Lane, Channels: d.Channels, Digest: d.Digest.Value,
		Content: d.Content, Level: d.Level, Provisional: d.Provisional, Personal: d.Personal,
	}
	if asks(d.Type) && d.Fold >= peopleSince {
		m.Said = a.said()
	}
	if d.ValidUntil != nil {
		m.ValidUntil = d.ValidUntil.UnixMilli()
	}
	if d.Approval != nil {
		m.Mode, m.Signed, m.By = d.Approval.Mode, d.Approval.ContentDigest, d.Approval.By
	}
	return m
}

// queueable says why the state does not want the message, or nothing.
func (a *Alert) queueable(d caselog.QueuedData) string {
	for _, e := range dueOf(a) {
		if e.Message == nil && e.Type() == d.Type && (d.About == "" || e.About == "" || d.About == e.About) && e.answers(d) {
			return ""
		}
	}
	return "alert is " + string(a.State) + ": no " + string(d.Type) + " is due"
}

func (f *fold) takeQueued(a *Alert, d caselog.QueuedData) {
	f.consentQueued(a, d)
	switch d.Type {
	case freeze.TypeRequest:
		a.State, a.Environment = Approved, d.Environment
		a.Provisional, a.Automatic = d.Provisional, d.Approval != nil && d.Approval.Mode == "none"
		if d.ConfirmBy != nil {
			a.ConfirmBy = d.ConfirmBy.UnixMilli()
		}
		first(&a.At.Approved, f.r.Appended)
		a.done("budget", "desk")
		f.used(a)
	case freeze.TypeAmendment:
		a.done("amend", "desk")
		a.leftOut(d)
		if d.Fold >= peopleSince && a.Provisional && !a.Confirmed {
			a.Provisional = d.Provisional // two people stand behind the amendment: there is nothing to confirm
		}
		f.used(a)
		f.sendAnew(a)
	case freeze.TypeWithdrawal:
		a.leftOut(d)
	case freeze.TypeOutcome:
		a.Released = false
		f.spend(a, ActRelease)
		f.spend(a, ActRefuse)
	}
}

// used uses the approvals of a request up, once it is frozen.
func (f *fold) used(a *Alert) {
	for _, act := range signing() {
		f.spend(a, act)
	}
	a.Renewing, a.Restoring = false, false
	if a.Edit != nil {
		a.Edit.By = nil
	}
	a.silence("T1/")
}

// sendAnew lets a request that came to nothing go on with its amendment.
func (f *fold) sendAnew(a *Alert) {
	switch a.State {
	case Undeliverable:
		f.tryAgain(a, "desk") // the party needs what the amendment replaces first
		a.State = Approved
	case Rejected, Refused, Lapsed:
		a.done(string(a.State), "desk")
		a.State = Approved
	}
}

// spend uses approvals up, so that the next change needs them again.
func (f *fold) spend(a *Alert, act string) {
	a.Approvals = slices.DeleteFunc(a.Approvals, func(p Approval) bool { return p.Act == act })
}
