package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

func inForce(measures []caselog.MeasureMark) bool {
	return slices.ContainsFunc(measures, func(m caselog.MeasureMark) bool {
		return slices.Contains([]string{"in_force", "extended", "converted"}, m.State)
	})
}

// outcome takes in a partner's word about the money, in every state. The latest
// as_of wins; an older one is kept and changes nothing.
func (f *fold) outcome() {
	var d caselog.OutcomeData
	if !f.data(&d) {
		return
	}
	a := f.alert(d.AlertID)
	if a == nil {
		return
	}
	in, fresh := f.seen(a, d.MessageMark, d.Personal)
	if !fresh {
		return
	}
	a.letGo(d)
	if a.Outcome != nil && d.AsOf.Before(a.Outcome.AsOf.Time) {
		f.older(a, in, &d)
		return
	}
	a.Outcome, a.OutcomeID = &d.OutcomeMark, d.MessageID
	f.answers(a, &d)
	if unsummed(&d) {
		f.task(a, "unbalanced", d.MessageID)
	}
	f.fits(a, &d)
	f.measures(a, word{OutcomeMark: &d.OutcomeMark, message: d.MessageID, reply: d.InReplyTo})
	f.trail(a, &d)
	f.recallOutcome(a, &d)
	f.decide(a, d)
	f.recallMoves(a)
}

// answers takes in which message of ours an outcome answers: it implies a receipt.
func (f *fold) answers(a *Alert, d *caselog.OutcomeData) {
	m := a.Message(d.OutcomeOf)
	if m == nil {
		if d.Fold < fitSince {
			f.task(a, "contradiction", d.MessageID)
		}
		return
	}
	first(&m.Delivered, f.r.Appended)
	first(&a.At.Sent, f.r.Appended)
	first(&a.At.Received, f.r.Appended)
	if m.Receipt == "" {
		m.Receipt = freeze.LevelReceived
	}
	a.doneAbout("transmit", m.ID)
}
