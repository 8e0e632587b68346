package apply

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// word is one word about measures: an outcome, or what the bank answered.
type word struct {
	*caselog.OutcomeMark
	message string // id of the outcome
	reply   string // the message that it answers
}

// measures takes in what an outcome that counts says of measures. What it does not
// name any more stays as it was: people find out.
func (f *fold) measures(a *Alert, w word) {
	named := map[*Measure]bool{}
	for _, mark := range w.Measures {
		m := f.named(a, mark)
		named[m] = true
		f.told(a, m, mark, w)
	}
	for _, m := range a.Measures {
		if m.Standing() && !named[m] && !m.Recorded {
			f.task(a, "contradiction", m.MeasureID)
		}
	}
	a.linkConverted(f)
	f.measuresReturned(a, w)
	a.Chases = slices.DeleteFunc(a.Chases, func(c *Chase) bool { return c.Message != "" })
}

// named returns the measure that a mark is about, which may be new. To the partner of
// an inbound alert we give the bank's measure an id of our own.
func (f *fold) named(a *Alert, mark caselog.MeasureMark) *Measure {
	m := a.Measure(mark.MeasureID)
	if a.Direction == caselog.In {
		m = a.Sourced(mark.MeasureID)
	}
	if m != nil {
		return m
	}
	m = &Measure{MeasureMark: caselog.MeasureMark{MeasureID: mark.MeasureID}, Born: f.r.Appended}
	if a.Direction == caselog.In {
		m.Source, m.MeasureID = mark.MeasureID, a.measureID("M")
	}
	a.Measures = append(a.Measures, m)
	return m
}

// measureID makes an id for a measure that we tell of: M of direction in, H for what
// officers recorded of a partner's measure.
func (a *Alert) measureID(letter string) string {
	return fmt.Sprintf("%s-%s%02d", a.ID, letter, len(a.Measures)+1)
}

// told takes in what a word says of one measure.
func (f *fold) told(a *Alert, m *Measure, mark caselog.MeasureMark, w word) {
	before := *m
	if m.Recorded && (a.Direction == caselog.In || m.After != "" && (mark.State == "in_force" || mark.State == "extended")) {
		f.doubted(a, m, mark)
		return
	}
	mark.MeasureID = m.MeasureID
	m.MeasureMark = mark
	switch mark.State {
	case "in_force", "extended":
		f.stands(a, m, before, w)
	default:
		f.over(a, m, Stand(mark.State), w)
	}
	f.heard(a, m, before, w.reply)
}

// doubted keeps what our officers recorded of a measure, against a word of whoever does
// not know of it. People look where that word is another one than that nothing changed.
func (f *fold) doubted(a *Alert, m *Measure, mark caselog.MeasureMark) {
	unaware := mark.State == "in_force" || mark.State == "extended"
	if a.Direction == caselog.Out || !unaware && Stand(mark.State) != m.Stand {
		f.task(a, "contradiction", m.MeasureID)
	}
}

// stands takes in that a measure is in force.
func (f *fold) stands(a *Alert, m *Measure, before Measure, w word) {
	end, old := m.end(), before.end()
	switch {
	case before.Stand == "":
		m.Stand, m.Since, m.From = StandInForce, f.r.Appended, m.InForceAt.UnixMilli()
	case end != old:
		f.period(a, m)
		if before.Live() && end > 0 && end < old {
			f.task(a, "measure_shortened", m.MeasureID)
		}
	case !before.Live():
		f.back(a, m, w)
	}
	if !before.expected() {
		f.task(a, "contradiction", m.MeasureID)
	}
	if lowered(before, m) && m.asking(func(x *MeasureAsk) bool { return x.Do == doLift && x.said() }) == nil {
		f.task(a, "measure_lowered", m.MeasureID)
	}
	f.needsEnd(a, m)
}

// expected reports whether a word that the measure is in force is no surprise.
func (m *Measure) expected() bool {
	return m.Stand != StandLifted && m.Stand != StandEnded && m.Stand != StandConverted
}

// back takes in that a measure which was over is in force with the end that it had. A
// word from before that end says nothing of what came after it.
func (f *fold) back(a *Alert, m *Measure, w word) {
	past := m.Stand == StandPresumed || m.Stand == StandLapsed
	if past && m.ExpiresAt != nil && w.AsOf.Before(m.ExpiresAt.Time) {
		return
	}
	f.period(a, m)
	if past {
		m.Rang = []string{timerExpired}
		f.task(a, "contradiction", m.MeasureID)
	}
}

// lowered reports whether a measure that was live holds less than before.
func lowered(before Measure, m *Measure) bool {
	return before.Live() && before.Amount != nil && m.Amount != nil && before.Amount.Currency == m.Amount.Currency &&
		m.Amount.Amount.Cmp(before.Amount.Amount) < 0
}

// needsEnd asks people to find out when a measure ends, if the responder says that it
// does or may last longer and not when.
func (f *fold) needsEnd(a *Alert, m *Measure) {
	ends := m.EndsIfSilent || m.Extendable || m.ExtendBy != nil || m.ConvertBy != nil
	if m.ExpiresAt == nil && ends && m.Holds() {
		f.task(a, "needs", m.MeasureID)
		return
	}
	a.doneAbout("needs", m.MeasureID)
}

// period begins a new period of a measure: its timers ring again.
func (f *fold) period(a *Alert, m *Measure) {
	m.become(StandInForce, f.r.Appended)
	m.From, m.Rang, m.Ending = f.r.Appended, nil, ""
	a.settled(m)
	a.doneAbout("measure_lapsed", m.MeasureID)
}

func (m *Measure) become(s Stand, now int64) {
	if m.Stand != s {
		m.Stand, m.Since = s, now
	}
}

// settled closes the tasks that ask people to decide about a measure.
func (a *Alert) settled(m *Measure) {
	for _, kind := range []string{"half_life", "expiring", "presumed_lapsed", "needs", "necessity_review"} {
		a.doneAbout(kind, m.MeasureID)
	}
}

// over takes in that a measure ended. An end that nobody here asked for or was told to
// expect calls people.
func (f *fold) over(a *Alert, m *Measure, to Stand, w word) {
	was := m.Stand
	if was == to {
		return
	}
	m.become(to, f.r.Appended)
	a.settled(m)
	live := was == StandInForce || was == StandExpiring
	switch to {
	case StandLifted:
		var asked bool
		if m.Ending, asked = a.lifter(m, w); live && !asked {
			f.task(a, "measure_lifted", m.MeasureID)
		}
	case StandLapsed:
		m.Ending = "expired"
		if was == StandInForce {
			f.task(a, "measure_lapsed", m.MeasureID)
		}
	case StandEnded:
		m.Ending = "ended"
		if live && !w.Final {
			f.task(a, "measure_ended", m.MeasureID)
		}
	}
}

// lifter says why a measure was lifted, and whether we asked for it.
func (a *Alert) lifter(m *Measure, w word) (why string, asked bool) {
	if x := m.asking(func(x *MeasureAsk) bool { return x.Do == doLift && x.said() }); x != nil {
		return x.Reason, true
	}
	switch {
	case a.State == Withdrawing || a.Ending == "withdrawn" || a.Lifting || a.has(freeze.TypeWithdrawal):
		return "withdrawn", true
	case w.OutcomeMark != nil && w.Refusal != "":
		return w.Refusal, false
	}
	return "responder", false
}

// said reports whether the partner has been asked.
func (x *MeasureAsk) said() bool { return x.Message != "" }

// measuresReturned ends the measures of which all the money came back. One that is in
// force where nothing is held contradicts itself.
func (f *fold) measuresReturned(a *Alert, w word) {
	sums := freeze.AmountsOf(w.Funds)
	for _, m := range a.Measures {
		if !m.Holds() || m.Stand != StandEnded && !m.Live() {
			continue
		}
		none, back := returnedAll(m, sums)
		switch {
		case none && !back && m.Live() && m.Amount != nil:
			f.task(a, "contradiction", m.MeasureID)
		case none && back:
			m.become(StandEnded, f.r.Appended)
			m.Ending = "returned"
			a.settled(m)
			a.doneAbout("measure_ended", m.MeasureID)
		}
	}
}

// returnedAll reports whether money is told of in the currency of the measure and
// nothing of it is held, and whether at least the measure's amount came back.
func returnedAll(m *Measure, sums []freeze.Amounts) (none, back bool) {
	for _, s := range sums {
		if m.Amount != nil && s.Currency != m.Amount.Currency {
			continue
		}
		if !s.Held.Zero() {
			return false, false
		}
		none = true
		back = back || !s.Returned.Zero() && (m.Amount == nil || s.Returned.Cmp(m.Amount.Amount) >= 0)
	}
	return none, back
}

// linkConverted links converted measures to those that they became: named since, in
// the first place of a court, for the same ask. One that became nothing that anybody
// knows still stands.
func (a *Alert) linkConverted(f *fold) {
	for _, m := range a.Measures {
		if m.Stand != StandConverted || m.After != "" {
			continue
		}
		if n := a.successor(m); n != nil {
			m.After, n.Before = n.MeasureID, append(n.Before, m.MeasureID)
			a.doneAbout("needs", m.MeasureID)
			continue
		}
		f.task(a, "needs", m.MeasureID)
	}
}

func (a *Alert) successor(m *Measure) *Measure {
	var best *Measure
	rank := func(n *Measure) int {
		r := 0
		if n.AuthorityKind == "court" || n.AuthorityKind == "prosecutor" {
			r += 2
		}
		if n.AskID == m.AskID {
			r++
		}
		return r
	}
	for _, n := range a.Measures {
		if n != m && n.Born >= m.Since && n.Live() && n.Holds() && (best == nil || rank(n) > rank(best)) {
			best = n
		}
	}
	return best
}

const (
	doExtend = "extend"
	doLift   = "lift"
)

// heard settles what we asked about a measure: a later end, a lower amount and the end
// of the measure are answers, and so is an outcome in reply without any of them.
func (f *fold) heard(a *Alert, m *Measure, before Measure, reply string) {
	if a.Direction == caselog.In {
		return // what the partner asks is answered by us
	}
	m.Asked = slices.DeleteFunc(m.Asked, func(x *MeasureAsk) bool {
		granted := !m.Standing() || m.Stand == StandConverted
		if x.Do == doExtend {
			granted = granted || m.end() > before.end()
		} else {
			granted = granted || lowered(before, m)
		}
		switch {
		case !x.said():
			return !m.Standing()
		case granted:
			return true
		case reply != x.Message:
			return false
		}
		f.task(a, x.Do+"_refused", m.MeasureID)
		return true
	})
}
