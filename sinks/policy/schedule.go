package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/policy/calendar"
	"github.com/haltwire/haltwire/sinks/policy/profile"
)

const valid = 72 * time.Hour // T6, a request's validity

// After returns the moment, Unix ms, at which a timer that began at from rings for
// an alert with that party ("" = by our own law), or 0 for never (FREEZE 3.6). Working
// days and hours are those of the party's country and desk, of "in" timers ours. The
// names:
//
//	T1/1 T1/2 T1/3   approval; all count from the proposal
//	T2 gap           machine receipt; a message ahead of its sequence
//	T3 T4            acceptance and decision of the party's desk, by agreement
//	T5 T5/2 T5/3 …   confirmation; all count from the provisional request
//	T6               validity of a request
//	T7/lapsed        how long a measure is presumed lapsed before it is
//	T8/sent          word of our bank that it has sent the recall
//	T8 T8/officer    answer to a recall, and to the chase that follows
//	T9               answer to a consent request
//	T11              review of a measure in force
//	T12              retention, from the closing of the alert
//	T3in T4in        our acceptance and decision of what a partner asks
//	info release     our answer to more_info, our reply once the bank has answered
func (b *Book) After(party, timer, urgency string, from int64) int64 {
	start := time.UnixMilli(from).UTC()
	term := b.term(party, timer, urgency)
	if term.Zero() {
		return 0
	}
	if strings.HasSuffix(timer, "in") {
		party = ""
	}
	return term.End(start, b.calendar(party), b.hours(party)).UnixMilli()
}

func (b *Book) term(party, timer, urgency string) profile.Term {
	name, step, _ := strings.Cut(timer, "/")
	n, err := strconv.Atoi(step)
	if err != nil {
		n = 1
	}
	switch name {
	case "T1":
		steps := map[string][]string{"critical": {"10m", "15m", "30m"}, "high": {"30m", "1h", "2h"}}[urgency]
		if steps == nil {
			steps = []string{"4h", "8h", "24h"}
		}
		return term(steps[max(min(n, len(steps)), 1)-1])
	case "T5":
		return term((time.Hour + time.Duration(n-1)*30*time.Minute).String())
	case "T9":
		return profile.Answering{Critical: term("24h"), Other: term("5wd")}.Of(urgency)
	case "T3in":
		return profile.Answering{Critical: term("1h"), Other: term("opening+1h")}.Of(urgency)
	}
	if d := plainTerms()[timer]; d != "" {
		return term(d)
	}
	return b.agreed(party, timer, urgency)
}

// plainTerms lists the timers that no agreement changes.
func plainTerms() map[string]string {
	return map[string]string{
		"T2": "60s", "gap": "60s", "T6": valid.String(), "T7/lapsed": "24h", "T8/sent": "15m", "T8": "15wd", "T8/officer": "5wd",
		"T11": "168h", "info": "4h", "release": "30m",
	}
}

// term reads a term of this file.
func term(text string) profile.Term {
	t, err := profile.ParseTerm(text)
	if err != nil {
		return profile.Term{}
	}
	return t
}

// agreed returns the terms that the agreement with the party says.
func (b *Book) agreed(party, timer, urgency string) profile.Term {
	p := b.Party(party)
	if p == nil {
		return profile.Term{}
	}
	agreement, err := p.Profile()
	if err != nil {
		return profile.Term{}
	}
	switch timer {
	case "T3":
		return agreement.Accept.Of(urgency)
	case "T4", "T4in":
		return agreement.Decide.Of(urgency)
	case "T12":
		return agreement.Retention
	}
	return profile.Term{}
}

// answerBy returns the moments until which the party's desk is asked to accept and to
// decide.
func (b *Book) answerBy(party *Party, p *Profile, urgency string, now time.Time) (accept, decide time.Time) {
	c, h := b.calendar(party.ID), b.hours(party.ID)
	return p.Accept.Of(urgency).End(now, c, h), p.Decide.Of(urgency).End(now, c, h)
}

// Before returns the moments, Unix ms and in order, at which the end of a measure
// of the party ("" = of ours) is announced (T7): half of its life, two working days,
// one working day and four hours before its end; those between from and end.
func (b *Book) Before(party string, from, end int64) []int64 {
	c, at := b.calendar(party), time.UnixMilli(end).UTC()
	all := []int64{from + (end-from)/2, c.Add(at, -2).UnixMilli(), c.Add(at, -1).UnixMilli(), at.Add(-4 * time.Hour).UnixMilli()}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(m int64) bool { return m <= from || m >= end })
}

// calendar returns the working days of a party's country, "" = of ours.
func (b *Book) calendar(party string) *calendar.Calendar {
	if p := b.Party(party); p != nil {
		return b.days.Of(p.Country)
	}
	return b.days.Of(b.Self.Country)
}

// hours returns when the desk of a party is open, "" = ours.
func (b *Book) hours(party string) calendar.Hours {
	if p := b.Party(party); p != nil {
		return p.open
	}
	return b.open
}

// Calendar returns the working days of a country.
func (b *Book) Calendar(country string) *calendar.Calendar { return b.days.Of(country) }
