package apply

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// The timers of a measure. Those that announce its end are T7/0 for the half of its
// life and T7/1 to T7/3 for the last three moments, of which the first that comes makes
// it expiring.
const (
	timerAnnounce = "T7/"
	timerExpired  = "T7/expired"
	timerLapsed   = "T7/lapsed"
	timerReview   = "T11"
)

// timersOfMeasures lists the timers of the measures that stand. The officers of an
// inbound alert decide about the measures of the instruction that serves it, and about
// what is taken back nothing is left to decide: there only the end counts.
func timersOfMeasures(a *Alert, by Schedule) []Timer {
	var out []Timer
	for _, m := range a.Measures {
		add := func(name string, due int64) {
			if due > 0 && !slices.Contains(m.Rang, name) {
				out = append(out, Timer{Alert: a.ID, Name: name, About: m.MeasureID, Due: due, End: m.end()})
			}
		}
		switch {
		case !m.Standing() || m.Stand == StandConverted:
		case m.Stand == StandPresumed:
			add(timerLapsed, by.After(a.clock(), timerLapsed, a.Urgency, m.Since))
		default:
			if !a.served() && a.State != Withdrawing {
				for name, due := range a.announcements(m, by) {
					add(name, due)
				}
				add(timerReview, by.After(a.clock(), timerReview, a.Urgency, max(m.From, m.Reviewed)))
			}
			add(timerExpired, m.end())
		}
	}
	slices.SortStableFunc(out, func(x, y Timer) int { return strings.Compare(x.About+x.Name, y.About+y.Name) })
	return out
}

// clock returns the party whose law and hours a measure follows, "" = ours.
func (a *Alert) clock() string {
	if a.Direction == caselog.In {
		return ""
	}
	return a.Party
}

// announcements returns the moments at which the end of a measure is announced, by the
// names of their timers.
func (a *Alert) announcements(m *Measure, by Schedule) map[string]int64 {
	out := map[string]int64{}
	if m.end() <= m.From || m.Stand == StandExpiring && slices.Contains(m.Rang, timerAnnounce+"3") {
		return out
	}
	at := by.Before(a.clock(), m.From, m.end())
	for i, due := range at {
		if step := i - len(at) + 4; step >= 0 {
			out[fmt.Sprint(timerAnnounce, step)] = due
		}
	}
	return out
}

// measureOverdue takes in a timer of a measure that ran out. It reports whether the
// timer is one.
func (f *fold) measureOverdue(a *Alert, d caselog.OverdueData) bool {
	if !strings.HasPrefix(d.Timer, timerAnnounce) && d.Timer != timerReview {
		return false
	}
	m := a.Measure(d.About)
	switch {
	case m == nil:
		f.refuse("no such measure")
	case slices.Contains(m.Rang, d.Timer) || !m.rings(d):
		f.repeat() // of a period that is over
	case !slices.ContainsFunc(timersOfMeasures(a, anyTime{}), func(t Timer) bool { return t.Name == d.Timer && t.About == d.About }):
		f.refuse("%s does not run", d.Timer)
	default:
		f.ring(a, m, d.Timer)
		f.applied()
	}
	return true
}

// rings reports whether the moment belongs to the present period of the measure.
func (m *Measure) rings(d caselog.OverdueData) bool {
	due := d.Due.UnixMilli()
	switch d.Timer {
	case timerExpired:
		return due == m.end()
	case timerLapsed:
		return due > m.Since
	case timerReview:
		return due > max(m.From, m.Reviewed)
	}
	return d.End != nil && d.End.UnixMilli() == m.end() // not of an end that was known before
}

func (f *fold) ring(a *Alert, m *Measure, timer string) {
	switch timer {
	case timerReview:
		m.Reviewed = f.r.Appended
		f.task(a, "necessity_review", m.MeasureID)
		return
	case timerAnnounce + "0":
		if m.Stand == StandInForce {
			f.task(a, "half_life", m.MeasureID)
		}
	case timerExpired:
		f.expired(a, m)
	case timerLapsed:
		f.lapsed(a, m)
	default:
		f.expiring(a, m)
	}
	m.Rang = append(m.Rang, timer)
}

// expiring calls people to decide whether the measure is extended, converted or let go.
// It calls them again while the partner has not answered what they decided.
func (f *fold) expiring(a *Alert, m *Measure) {
	unanswered := m.asking(func(x *MeasureAsk) bool { return x.Do == doExtend }) != nil
	if m.Stand != StandExpiring || unanswered {
		f.task(a, "expiring", m.MeasureID)
	}
	m.become(StandExpiring, f.r.Appended)
	a.doneAbout("half_life", m.MeasureID)
}

// expired takes in that the end of a measure has passed. What we hold for a partner has
// lapsed then, and the partner is told when people release it. A partner's measure is
// presumed to have lapsed, and the partner is asked.
func (f *fold) expired(a *Alert, m *Measure) {
	a.settled(m)
	if a.Direction == caselog.In {
		m.become(StandLapsed, f.r.Appended)
		m.Ending = "expired"
		f.task(a, "measure_lapsed", m.MeasureID)
		f.change(a)
		return
	}
	m.become(StandPresumed, f.r.Appended)
	f.task(a, "presumed_lapsed", m.MeasureID)
	a.chase(m.MeasureID, "")
}

// lapsed takes in that nobody has said for a day that the measure goes on.
func (f *fold) lapsed(a *Alert, m *Measure) {
	m.become(StandLapsed, f.r.Appended)
	m.Ending = "expired"
	a.settled(m)
	a.Chases = slices.DeleteFunc(a.Chases, func(c *Chase) bool { return c.About == m.MeasureID && c.Message == "" })
	f.task(a, "measure_lapsed", m.MeasureID)
	f.settleWithdrawal(a)
}

// change notes that our people or our clock changed a measure of an inbound alert: the
// partner is told, once people release it.
func (f *fold) change(a *Alert) {
	a.Changed = f.r.Appended
	if a.State != Answered && a.State != BankAnswered {
		return
	}
	a.State, a.Released = BankAnswered, false
	f.spend(a, ActRelease)
}
