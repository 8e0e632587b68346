package apply

import (
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Stand is where a measure stands (FREEZE 3.2). Before an outcome names it, it is
// asked for and there is no Measure.
type Stand string

// The states of a measure.
const (
	StandInForce   Stand = "in_force"
	StandExpiring  Stand = "expiring"
	StandPresumed  Stand = "presumed_lapsed" // its end has passed, and nobody has said so
	StandConverted Stand = "converted"       // into the measure After
	StandLifted    Stand = "lifted"
	StandLapsed    Stand = "lapsed"
	StandEnded     Stand = "ended"
)

// Measure is one measure_id: what the latest outcome that names it says, and where
// it stands. Times are Unix ms on the clock of the log.
type Measure struct {
	caselog.MeasureMark
	Stand    Stand    `json:"stand"`
	Ending   string   `json:"ending,omitempty"`   // why it ended: returned, a reason of a lift_request, withdrawn, responder, recorded, a refusal code
	Source   string   `json:"source,omitempty"`   // the bank's id of it, of an inbound alert
	Recorded bool     `json:"recorded,omitempty"` // what is said of it here is our officers' word
	Before   []string `json:"before,omitempty"`   // measures that were converted into it
	After    string   `json:"after,omitempty"`    // the measure that it was converted into

	Born     int64 `json:"born"`               // when it was first told of
	From     int64 `json:"from"`               // begin of its present period
	Since    int64 `json:"since"`              // when it came to Stand
	Reviewed int64 `json:"reviewed,omitempty"` // last call for a review of its need
	// Rang are the timers of its present period that have rung.
	Rang []string `json:"rang,omitempty"`
	// Asked is what is asked about it and not answered: by us of the partner, or of an
	// inbound alert by the partner of us.
	Asked    []*MeasureAsk `json:"asked,omitempty"`
	Personal string        `json:"personal,omitempty"` // caselog.OfficerPersonal of what was recorded
}

// MeasureAsk asks that a measure lasts longer, or ends.
type MeasureAsk struct {
	Do       string        `json:"do"`                // extend | lift
	Message  string        `json:"message,omitempty"` // which says it; "" = not made yet
	Until    *freeze.Time  `json:"until,omitempty"`
	Amount   *freeze.Money `json:"amount,omitempty"` // of a lift of a part
	Reason   string        `json:"reason,omitempty"`
	By       []string      `json:"by,omitempty"`
	Personal string        `json:"personal,omitempty"` // caselog.OfficerPersonal with the justification
	Decided  bool          `json:"decided,omitempty"`  // of an inbound alert: our answer is on its way
}

// Chase asks the partner where a message or a measure stands.
type Chase struct {
	About   string `json:"about"`
	By      string `json:"by,omitempty"`      // "" = a timer
	Message string `json:"message,omitempty"` // "" = not made yet
}

// Standing reports whether the measure may still stop money: nobody has said that it
// ended, nor is it replaced by another one.
func (m *Measure) Standing() bool {
	switch m.Stand {
	case StandInForce, StandExpiring, StandPresumed:
		return true
	case StandConverted:
		return m.After == ""
	}
	return false
}

// Live reports whether the measure is in force as far as anybody knows.
func (m *Measure) Live() bool { return m.Stand == StandInForce || m.Stand == StandExpiring }

// Holds reports whether it is a measure that stops money.
func (m *Measure) Holds() bool { return m.Kind != "monitoring" && m.Kind != "records_preserved" }

// end returns the moment at which the measure ends, 0 = nobody has said when.
func (m *Measure) end() int64 {
	if m.ExpiresAt == nil {
		return 0
	}
	return m.ExpiresAt.UnixMilli()
}

// asking returns what is asked about the measure that match likes, or nil.
func (m *Measure) asking(match func(*MeasureAsk) bool) *MeasureAsk {
	if i := slices.IndexFunc(m.Asked, match); i >= 0 {
		return m.Asked[i]
	}
	return nil
}

// Measure returns the measure with that id, of ours or of the bank, or nil.
func (a *Alert) Measure(id string) *Measure {
	if i := slices.IndexFunc(a.Measures, func(m *Measure) bool { return m.MeasureID == id }); i >= 0 && id != "" {
		return a.Measures[i]
	}
	return nil
}

// Sourced returns the measure of an inbound alert that the bank calls by that id, or
// nil.
func (a *Alert) Sourced(id string) *Measure {
	if i := slices.IndexFunc(a.Measures, func(m *Measure) bool { return m.Source == id }); i >= 0 && id != "" {
		return a.Measures[i]
	}
	return nil
}

// measured reports whether a measure that stops money may be in force.
func (a *Alert) measured() bool {
	return slices.ContainsFunc(a.Measures, func(m *Measure) bool { return m.Standing() && m.Holds() })
}

// Frozen sums the amounts of the measures that stand, by currency in the order of
// the codes.
func (a *Alert) Frozen() []freeze.Money {
	var funds []freeze.Fund
	for _, m := range a.Measures {
		if m.Standing() && m.Holds() && m.Amount != nil {
			funds = append(funds, freeze.Fund{Disposition: "held", Money: *m.Amount})
		}
	}
	var out []freeze.Money
	for _, sum := range freeze.AmountsOf(funds) {
		out = append(out, freeze.Money{Amount: sum.Held, Currency: sum.Currency})
	}
	return out
}

// Concluded reports whether nothing is left to wait for: every measure has ended, and
// the partner's word about the funds is its last, or holds no money any more.
func (a *Alert) Concluded() bool {
	if a.Outcome == nil || a.measured() {
		return false
	}
	return a.Outcome.Final || len(a.Measures) > 0 && len(a.Outcome.Funds) > 0 && !held(a.Outcome.Funds)
}

// held reports whether money is held or on its way back.
func held(funds []freeze.Fund) bool {
	return slices.ContainsFunc(freeze.AmountsOf(funds), func(s freeze.Amounts) bool { return !s.Held.Zero() })
}

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
// not know of it. Where a partner says otherwise of its own measure, people look.
func (f *fold) doubted(a *Alert, m *Measure, mark caselog.MeasureMark) {
	if a.Direction == caselog.Out && Stand(mark.State) != m.Stand {
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
	case before.Live():
	case before.Stand == StandPresumed || before.Stand == StandLapsed:
		if !w.AsOf.Before(m.ExpiresAt.Time) { // in force after its end
			f.period(a, m)
			m.Rang = []string{timerExpired}
			f.task(a, "contradiction", m.MeasureID)
		}
	default:
		f.period(a, m)
	}
	if before.Stand == StandLifted || before.Stand == StandEnded || before.Stand == StandConverted {
		f.task(a, "contradiction", m.MeasureID)
	}
	if lowered(before, m) && m.asking(func(x *MeasureAsk) bool { return x.Do == doLift && x.said() }) == nil {
		f.task(a, "measure_lowered", m.MeasureID)
	}
	f.needsEnd(a, m)
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

// measuresReturned ends the measures of which all the money came back.
func (f *fold) measuresReturned(a *Alert, w word) {
	sums := freeze.AmountsOf(w.Funds)
	for _, m := range a.Measures {
		if !m.Holds() || m.Stand != StandEnded && !m.Live() || !returnedAll(m, sums) {
			continue
		}
		if m.Stand != StandEnded {
			m.become(StandEnded, f.r.Appended)
			a.settled(m)
		}
		m.Ending = "returned"
		a.doneAbout("measure_ended", m.MeasureID)
	}
}

// returnedAll reports whether nothing is held in the currency of the measure and at
// least its amount came back.
func returnedAll(m *Measure, sums []freeze.Amounts) bool {
	back := false
	for _, s := range sums {
		if m.Amount != nil && s.Currency != m.Amount.Currency {
			continue
		}
		if !s.Held.Zero() {
			return false
		}
		back = back || !s.Returned.Zero() && (m.Amount == nil || s.Returned.Cmp(m.Amount.Amount) >= 0)
	}
	return back
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

// lapsesAfter is how long a measure is presumed lapsed before it is (FREEZE 3.2).
const lapsesAfter = 24 * time.Hour
