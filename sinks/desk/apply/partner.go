package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// seen takes a partner's message into the inbox. It reports whether the message
// is new; a known id is a repeat when it has the same body, else refused.
func (f *fold) seen(a *Alert, m caselog.MessageMark, personal string) (*Inbound, bool) {
	if old := a.Inbound(m.MessageID); old != nil {
		if old.Digest == m.Digest.Value {
			f.repeat()
		} else {
			f.refuse("conflict: another body under the same id")
		}
		return old, false
	}
	in := &Inbound{ID: m.MessageID, Sequence: m.Sequence, Type: m.Type, Digest: m.Digest.Value, At: m.ReceivedAt.UnixMilli(), Personal: personal}
	if m.Manual != nil && m.Manual.Paper {
		in.Manual = m.Manual
	}
	a.Inbox = append(a.Inbox, in)
	f.applied()
	return in, true
}

// receipt takes in a partner's word that it has a message, in every state.
func (f *fold) receipt() {
	var d caselog.ReceiptData
	if !f.data(&d) {
		return
	}
	a := f.alert(d.AlertID)
	if a == nil {
		return
	}
	if _, fresh := f.seen(a, d.MessageMark, d.Personal); !fresh {
		return
	}
	m := a.Message(d.ReceiptOf)
	if m == nil || m.Digest != d.Of.Value {
		f.task(a, "contradiction", d.MessageID)
		return
	}
	f.receipted(a, m, d)
}

func (f *fold) receipted(a *Alert, m *Message, d caselog.ReceiptData) {
	request := asks(m.Type)
	if rank(d.Level) > rank(m.Receipt) {
		m.Receipt = d.Level
	}
	first(&m.ReceiptAt, f.r.Appended)
	first(&m.Delivered, f.r.Appended)
	m.Awaiting = false
	switch {
	case d.Level == freeze.LevelRejected:
		f.rejected(a, m, d)
	case request:
		f.progress(a, d)
	case m.Type == freeze.TypeWithdrawal:
		f.settleWithdrawal(a)
	case m.Type == freeze.TypeInfoResponse:
		f.goOn(a)
	case m.Type == freeze.TypeOutcome && a.Direction == caselog.In:
		f.answered(a, m)
	}
	a.silenceMessage(m)
	if d.DuplicateOf != "" {
		a.DuplicateOf = d.DuplicateOf
		if request && a.Direction == caselog.Out && !a.deaf() {
			a.State = Decided
			first(&a.At.Decided, f.r.Appended)
		}
	}
}

// rejected takes in that a message was turned away. An amendment that was leaves the
// request as the partner knows it.
func (f *fold) rejected(a *Alert, m *Message, d caselog.ReceiptData) {
	m.Reject = d.Code
	f.task(a, "rejected", m.ID)
	stands := slices.ContainsFunc(a.Messages, func(o *Message) bool {
		return o != m && asks(o.Type) && (o.Receipt == freeze.LevelReceived || o.Receipt == freeze.LevelAccepted)
	})
	switch {
	case !asks(m.Type) || stands || a.ended():
	case slices.Contains([]State{Approved, Sent, Received, Accepted, InfoNeeded, Undeliverable}, a.State):
		a.State = Rejected
	case a.State != Rejected:
		f.task(a, "contradiction", d.MessageID)
	}
}

// progress moves an alert forward on the receipt of its request, never back.
func (f *fold) progress(a *Alert, d caselog.ReceiptData) {
	first(&a.At.Sent, f.r.Appended)
	first(&a.At.Received, f.r.Appended)
	if d.Ref != "" {
		a.PartnerRef = d.Ref
	}
	early := []State{Approved, Sent, Undeliverable}
	if d.Level == freeze.LevelAccepted {
		first(&a.At.Accepted, f.r.Appended)
		early = append(early, Received)
		a.silence("T3")
	}
	switch {
	case a.State == Rejected || a.State == Lapsed:
		f.task(a, "contradiction", d.MessageID)
	case slices.Contains(early, a.State) && d.Level == freeze.LevelAccepted:
		a.State = Accepted
	case slices.Contains(early, a.State):
		a.State = Received
	}
	a.done("gave_up", "desk")
}

// ended reports whether a partner's word no longer moves the alert (rule P).
func (a *Alert) ended() bool { return a.State == Closed || a.State == Withdrawing }

func (f *fold) decide(a *Alert, d caselog.OutcomeData) {
	if a.deaf() {
		f.late(a, d)
		return
	}
	switch d.Decision {
	case "granted", "partly", "nothing_found", "duplicate":
		a.State = Decided
		first(&a.At.Decided, f.r.Appended)
	case "refused":
		a.State, a.Refusal = Refused, d.Refusal
		first(&a.At.Decided, f.r.Appended)
		f.task(a, "refused", d.MessageID)
	case "more_info":
		if a.State == Decided || a.State == Refused {
			f.task(a, "contradiction", d.MessageID, "decision more_info: the request is decided already")
			return
		}
		a.State = InfoNeeded
		f.pause(a)
		f.wanted(a, d)
		f.task(a, "info_needed", d.MessageID)
	case "pending":
		if a.State != Decided {
			a.State = Accepted
			first(&a.At.Accepted, f.r.Appended)
		}
	}
	if a.State != InfoNeeded {
		a.done("info_needed", "desk")
		f.resume(a)
	}
	if slices.Contains([]State{Decided, Refused}, a.State) {
		a.silence("T3", "T4")
	}
	if a.State != InfoNeeded {
		f.resume(a)
	}
}

// received takes in a partner's message other than receipt and outcome.
func (f *fold) received() {
	var d caselog.ReceivedData
	if !f.data(&d) {
		return
	}
	a := f.s.Alert(d.AlertID)
	if a == nil {
		if !opens(d) || f.s.Key.Direction() != caselog.In {
			f.refuse("no such alert")
			return
		}
		a = f.open(d.AlertID, d.CaseID)
		a.State, a.Environment = Received, d.Environment
		a.At.Received, a.At.Record = f.r.Appended, d.ReceivedAt.UnixMilli()
	}
	f.on(a)
	in, fresh := f.seen(a, d.MessageMark, d.Personal)
	if !fresh {
		return
	}
	in.Parked, in.data = true, &d
	f.unpark(a)
}

// opens reports whether a message may be the first of an alert: a request, or an
// amendment, which carries the full state too. Its request may come later, or was
// rejected before it reached the log.
func opens(d caselog.ReceivedData) bool {
	return d.Type == freeze.TypeRequest || d.Type == freeze.TypeAmendment && d.Fold >= peopleSince
}

// passOver stops the waiting for what comes before a parked amendment: it says all
// there is to say.
func (f *fold) passOver(a *Alert, id string) {
	in := a.Inbound(id)
	if in == nil || !in.Parked || in.Type != freeze.TypeAmendment || in.data == nil || in.data.Fold < peopleSince {
		return
	}
	a.Passed = max(a.Passed, in.Sequence)
	f.unpark(a)
}

// unpark applies the messages whose turn has come: a gap waits for its filler.
func (f *fold) unpark(a *Alert) {
	for {
		next := a.nextInbound()
		if next == nil {
			return
		}
		next.Parked = false
		f.take(a, next)
		next.data = nil
	}
}

// nextInbound returns the parked message that follows the applied ones. The
// sequence of a partner counts its outcomes too.
func (a *Alert) nextInbound() *Inbound {
	want := max(a.Passed, 1)
	for _, m := range a.Inbox {
		if !m.Parked && m.Sequence >= want {
			want = m.Sequence + 1
		}
	}
	for _, m := range a.Inbox {
		if m.Parked && m.Sequence <= want {
			return m
		}
	}
	return nil
}

func (f *fold) take(a *Alert, in *Inbound) {
	d := in.data
	switch in.Type {
	case freeze.TypeRequest, freeze.TypeAmendment:
		if a.Passed > in.Sequence { // late: what came after it said more
			a.Inbox = slices.DeleteFunc(a.Inbox, func(x *Inbound) bool { return x == in })
			later := slices.IndexFunc(a.Inbox, func(x *Inbound) bool { return x.Sequence > in.Sequence })
			a.Inbox = slices.Insert(a.Inbox, later, in)
			return
		}
		f.asked(a, d)
	case freeze.TypeConfirmation:
		a.Confirmed = true
		first(&a.At.Confirmed, f.r.Appended)
	case freeze.TypeWithdrawal:
		f.withdrawnByPartner(a, in)
	default:
		if !f.measureMessage(a, in) && !f.consentMessage(a, in) && !f.infoMessage(a, in) {
			f.task(a, string(in.Type), in.ID)
		}
	}
}

// asked takes in the content of a request or amendment, which is the full new
// state.
func (f *fold) asked(a *Alert, d *caselog.ReceivedData) {
	a.Asks = nil
	for _, ask := range d.Asks {
		a.Asks = union(a.Asks, []string{ask.Kind})
	}
	a.Urgency, a.Severity, a.Offence = d.Urgency, d.Urgency, d.Offence
	a.Provisional = d.Provisional
	if d.ConfirmBy != nil {
		a.ConfirmBy = d.ConfirmBy.UnixMilli()
	}
	if d.Decide != nil {
		a.DecideBy = d.Decide.UnixMilli()
	}
	a.Items = nil
	for i, p := range d.Payments {
		f.payment(a, p, Source{d.Personal, i}, "")
	}
	if d.Type == freeze.TypeAmendment {
		f.askedAnew(a, d)
	}
	a.Look = a.Look || d.Fold >= peopleSince
}

// askedAnew lets people decide again: what they approved was about the old content.
func (f *fold) askedAnew(a *Alert, d *caselog.ReceivedData) {
	f.task(a, "amended", d.MessageID)
	f.toldUs(a, d.MessageID, nil)
	f.resume(a)
	if d.Fold >= peopleSince {
		a.Refusal, a.Anew = "", a.Child != nil
		for _, act := range []string{ActAuthorise, ActRefuse, ActDuplicate} {
			f.spend(a, act)
		}
	}
	switch a.State {
	case Received, Accepted:
	case Closed:
		if a.Ending == "final" || a.Ending == "duplicate" {
			a.State, a.Ending, a.At.Closed = Accepted, "", 0
		} else if d.Fold >= againSince && a.At.Erased == 0 {
			a.askedAgain()
		}
	case Rejected:
		a.State, a.Released = Received, false
	default:
		a.keepsHolding(d)
		a.State, a.Lifting, a.Lifted = Accepted, false, false
		if d.Fold >= peopleSince && a.TakenUp() == nil { // it was refused before anybody took it up
			a.State, a.Released = Received, false
		}
		f.spend(a, ActAuthorise)
	}
}

// askedAgain lets an ended alert begin anew, which the partner had taken back, or which
// we let go of: nobody holds anything for it any more.
func (a *Alert) askedAgain() {
	a.State, a.Ending, a.At.Closed, a.Released = Accepted, "", 0, false
	if a.TakenUp() == nil {
		a.State = Received
	}
	a.Lifting, a.Lifted, a.OwnLift = false, false, false
}

// keepsHolding takes back what was said about letting go: the partner asks again.
func (a *Alert) keepsHolding(d *caselog.ReceivedData) {
	if d.Fold < againSince {
		return
	}
	a.Approvals = slices.DeleteFunc(a.Approvals, func(p Approval) bool { return p.Act == ActLift && p.About == "" })
	a.OwnLift = false
	a.done("lift", "desk")
}

func (f *fold) withdrawnByPartner(a *Alert, in *Inbound) {
	switch {
	case a.Lifting: // it has said so before
	case a.State == Closed && a.Ending != "withdrawn":
		f.task(a, "contradiction", in.ID)
	case a.Child == nil:
		f.close(a, "withdrawn")
	default:
		a.State = Review
		f.task(a, "lift", in.ID)
	}
}

// rank orders the levels of receipts. A rejection is final.
func rank(l freeze.Level) int {
	return slices.Index([]freeze.Level{freeze.LevelReceived, freeze.LevelAccepted, freeze.LevelRejected}, l) + 1
}
