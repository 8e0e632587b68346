package apply

import (
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

// lapsesAfter is how long a measure is presumed lapsed before it is (FREEZE 3.2).
const lapsesAfter = 24 * time.Hour
