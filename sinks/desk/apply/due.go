package apply

import (
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Kind is what the owner of an alert has to do.
type Kind string

// The effects. All but Deliver, Instruct, Retract, Lift, Relay, Void and Reroute end in a message.queued.
const (
	Propose  Kind = "propose"  // see whether the request may go out by itself
	Request  Kind = "request"  // people have approved the request
	Amend    Kind = "amend"    // people have approved the change, or parents caused it
	Confirm  Kind = "confirm"  // tell the party that people stand behind the request
	Withdraw Kind = "withdraw" // take the request back
	Accept   Kind = "accept"   // tell the partner that its request is taken up
	Instruct Kind = "instruct" // tell the instruction's alert what this alert needs
	Retract  Kind = "retract"  // tell it that this alert needs nothing, whether it was told that it does or not
	Lift     Kind = "lift"     // tell it that this alert needs nothing any more
	Relay    Kind = "relay"    // tell a parent what the bank answered
	Answer   Kind = "answer"   // send the outcome, or the refusal
	Deliver  Kind = "deliver"  // bring a frozen message to the party
	Void     Kind = "void"     // write on the log which approvals no longer count
	Reroute  Kind = "reroute"  // tell another party's alert the hits of this one

	Match        Kind = "match"    // look for other alerts about the same account and payments
	Reject       Kind = "reject"   // tell the partner that its request should not have come like this
	AskInfo      Kind = "ask_info" // tell the partner what we need to know
	Inform       Kind = "inform"   // tell the partner what it asked
	GiveFeedback Kind = "feedback" // tell the partner what its help was good for

	Extend      Kind = "extend"       // ask that a measure lasts longer
	LiftMeasure Kind = "lift_measure" // ask that a measure ends, or a part of it
	ChaseUp     Kind = "chase"        // ask where a message or a measure stands
	Restate     Kind = "restate"      // tell the partner once more what it was told last
)

// Effect is one thing that is due. It points into the state: use it under the
// same lock, or take what you need.
type Effect struct {
	Kind    Kind
	Alert   *Alert
	Message *Message    // of Deliver
	Parent  *Parent     // of Relay and Tell
	About   string      // id of the measure, item, message or fact that it is about
	Hop     *Hop        // of Follow, Leave and PassConsent
	Child   caselog.Key // of Leave
	Fact    *Fact       // of Echo
	Own     bool        // of Echo: reports of ours prove the fact
}

// Type returns the type of the message that the effect queues, or "".
func (e Effect) Type() freeze.Type {
	switch e.Kind {
	case Propose, Request:
		return freeze.TypeRequest
	case Amend:
		return freeze.TypeAmendment
	case Confirm:
		return freeze.TypeConfirmation
	case Withdraw:
		return freeze.TypeWithdrawal
	case Dun, ChaseUp:
		return freeze.TypeStatusRequest
	case Accept, Reject:
		return freeze.TypeReceipt
	case Answer, AskInfo, Restate:
		return freeze.TypeOutcome
	case Extend:
		return freeze.TypeExtensionRequest
	case LiftMeasure:
		return freeze.TypeLiftRequest
	case Inform:
		return freeze.TypeInfoResponse
	case AskConsent:
		return freeze.TypeConsentRequest
	case AnswerConsent:
		return freeze.TypeConsentResponse
	case GiveFeedback:
		return freeze.TypeFeedback
	}
	return ""
}

// Due lists what the subject's owner has to do now, in order.
func Due(s *Subject) []Effect {
	var out []Effect
	for _, a := range s.Alerts {
		out = append(out, dueOf(a)...)
	}
	return append(out, dueErasure(s)...)
}

func dueOf(a *Alert) []Effect {
	var out []Effect
	add := func(when bool, k Kind) {
		if when {
			out = append(out, Effect{Kind: k, Alert: a})
		}
	}
	if a.Direction == caselog.In {
		dueIn(a, add)
	} else {
		dueOut(a, add)
	}
	also := func(e Effect) {
		e.Alert = a
		out = append(out, e)
	}
	dueMeasures(a, also)
	dueRecalls(a, also)
	dueConsents(a, also)
	dueInbound(a, also)
	for _, p := range a.Parents {
		news := a.Outcome != nil && p.Told.Before(a.Outcome.AsOf.Time) && len(p.Needs) > 0
		if !p.Recall && (news || a.freed(p)) {
			out = append(out, Effect{Kind: Relay, Alert: a, Parent: p})
		}
	}
	for _, m := range a.Messages {
		if !m.Settled() { // one after the other: the party gets them in order
			return append(out, Effect{Kind: Deliver, Alert: a, Message: m})
		}
	}
	return out
}

func dueOut(a *Alert, add func(bool, Kind)) {
	add(slices.ContainsFunc(a.Voided, func(v Voided) bool { return !v.Told }), Void)
	if a.Rerouting != "" {
		add(a.State != Closed, Reroute)
		return
	}
	r := a.Request()
	if r == nil {
		ready := a.Blocked == "" && a.Party != caselog.Nobody
		add(ready && a.State == Proposed, Propose)
		add(ready && a.State == Approved, Request)
		return
	}
	dueRequest(a, r, add)
}

// dueRequest adds what is due after the request r went out.
func dueRequest(a *Alert, r *Message, add func(bool, Kind)) {
	signed := a.served() || len(a.Officers(ActRequest)) >= a.need(ActRequest)
	add(a.Open() && ((a.Unsaid() || a.unrecalled()) && signed || a.Renewing), Amend)
	add(a.Confirmed && a.Provisional && a.Open() && !a.has(freeze.TypeConfirmation), Confirm)
	add((a.State == Withdrawing || a.State == Closed && a.Ending == string(Lapsed) && a.At.Decided == 0) && a.withdrawal() == nil, Withdraw)
}

// served reports whether the alert is an instruction that only other alerts caused,
// whose approval is its approval.
func (a *Alert) served() bool {
	return len(a.Parents) > 0 && !a.Reported() && len(a.Items) > 0 && !a.learnt() && a.cleared()
}

func dueIn(a *Alert, add func(bool, Kind)) {
	add(a.acceptDue(), Accept)
	add(a.State == Authorised, Instruct)
	add(a.Telling && a.Child == nil && slices.Contains([]State{Closed, Refused, Duplicate}, a.State), Retract)
	add(a.State == Review && len(a.letting()) >= a.need(ActLift), Lift)
	add((a.State == BankAnswered || a.State == Refused || a.State == Duplicate) && a.Released, Answer)
}

// acceptDue reports whether the partner does not know yet that its request, or
// what it amended since, was taken up.
func (a *Alert) acceptDue() bool {
	if !a.has(freeze.TypeReceipt) {
		return a.At.Accepted > 0 || a.State == Accepted
	}
	in := a.TakenUp()
	return in != nil && a.State != Closed && a.Message(freeze.ReceiptID(in.ID, freeze.LevelAccepted)) == nil
}

func (a *Alert) has(t freeze.Type) bool {
	return slices.ContainsFunc(a.Messages, func(m *Message) bool { return m.Type == t })
}

// Timer is a moment on the clock of the log at which people must be told.
type Timer struct {
	Alert string
	Name  string // T1 to T12 (FREEZE 3.6), gap
	About string
	Due   int64
	End   int64 // the end that it announces, of T7
}

// Schedule answers how long a timer runs: by agreement, urgency, and the calendar and
// hours of the party. The fold never asks it: whoever writes overdue has, and the
// fold compares the moment that he wrote with the clock of the log. All moments are
// Unix ms.
type Schedule interface {
	// After returns the moment at which a timer that began at from rings, 0 = never.
	// The name is that of the timer, with "/" and what it depends on where one timer
	// has several lengths: T1/2 is the second step of T1.
	After(party, timer, urgency string, from int64) int64
	// The party "" is ourselves.
	// Before returns the moments at which the end of a measure is announced (T7), in
	// order, all between from and end.
	Before(party string, from, end int64) []int64
}

// Plain is the schedule of the product's defaults, without calendars.
type Plain struct{}

// After implements Schedule.
func (Plain) After(_, timer, _ string, from int64) int64 {
	switch timer {
	case "T2", "gap":
		return from + receiptWithin.Milliseconds()
	case timerLapsed:
		return from + lapsesAfter.Milliseconds()
	case "T8/sent":
		return from + recallSentWithin.Milliseconds()
	case "T8":
		return from + recallAnsweredWithin.Milliseconds()
	case "T8/officer":
		return from + recallDunnedWithin.Milliseconds()
	}
	return 0
}

// Before implements Schedule.
func (Plain) Before(_ string, from, end int64) []int64 { return []int64{from + (end-from)/2} }

// timerTaken rings when nobody has taken up what lies in a folder or a collection.
const timerTaken = "T3/taken"

const (
	receiptWithin = 60 * time.Second // T2
	gapWithin     = 60 * time.Second // how long a message waits for those before it
)

// Timers lists the timers of a subject that run.
func Timers(s *Subject, by Schedule) []Timer {
	var out []Timer
	for _, a := range s.Alerts {
		for _, t := range timersOf(a, by) {
			if t.Due > 0 && !slices.Contains(a.Overdue, t.Name+t.About) {
				out = append(out, t)
			}
		}
	}
	return out
}

func timersOf(a *Alert, by Schedule) []Timer {
	out := timersOfConfirmation(a, by)
	for _, m := range a.Inbox {
		if m.Parked {
			out = append(out, Timer{Alert: a.ID, Name: "gap", About: m.ID, Due: m.At + gapWithin.Milliseconds()})
		}
	}
	for _, m := range a.Messages {
		switch {
		case m.Type == freeze.TypeReceipt || m.Receipt != "" || m.GaveUp || m.Transmitted != nil:
		case m.Exported == 0:
			out = append(out, Timer{Alert: a.ID, Name: "T2", About: m.ID, Due: m.Queued + receiptWithin.Milliseconds()})
		case m.Delivered == 0 && m.Channel != "camt056": // which has clocks of its own
			out = append(out, Timer{Alert: a.ID, Name: timerTaken, About: m.ID, Due: by.After(a.Party, "T3", a.Urgency, m.Exported)})
		}
	}
	return slices.Concat(out, timersOfRequest(a, by), timersOfMeasures(a, by), timersOfRecalls(a, by), timersOfConsents(a, by), timersOfInbound(a, by), timersOfErasure(a, by))
}

// anyTime is the schedule that the fold checks events with: every timer that could
// run does, whenever it rings.
type anyTime struct{}

func (anyTime) After(_, _, _ string, from int64) int64 { return from + 1 }

func (anyTime) Before(_ string, from, end int64) []int64 {
	return []int64{from + 1, from + 2, from + 3, end}
}
