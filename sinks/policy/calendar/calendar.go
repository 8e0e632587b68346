package calendar

import (
	"time"
	_ "time/tzdata" // the zones' rules, for machines without
)

// Calendar is the working days of one country. Immutable after Load; safe for
// concurrent use.
type Calendar struct {
	Country  string
	Known    bool // false: Monday to Friday in UTC, for want of anything better
	zone     *time.Location
	weekends []weekend    // in order of since
	off      map[day]bool // days off, and working days (false) that would be off
	years    map[int]bool // that have holidays
}

// day is a day of the calendar, as the seconds of its midnight in UTC.
type day int64

func dayOf(year int, month time.Month, d int) day {
	return day(time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Unix())
}

func localDay(t time.Time) day { return dayOf(t.Date()) }

// weekend is the days of the week that are off from a day on.
type weekend struct {
	since day
	days  [7]bool
}

// Zone returns the zone whose midnight ends a day.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Covers reports whether the holidays of the year are known; weekends always are.
func (c *Calendar) Covers(year int) bool { return c.years[year] }

// Working reports whether people work on the day in which t falls.
func (c *Calendar) Working(t time.Time) bool {
	local := t.In(c.zone)
	d := localDay(local)
	if off, named := c.off[d]; named {
		return !off
	}
	return !c.weekendOf(d).days[local.Weekday()]
}

func (c *Calendar) weekendOf(d day) weekend {
	for i := len(c.weekends) - 1; i >= 0; i-- {
		if c.weekends[i].since <= d {
			return c.weekends[i]
		}
	}
	return weekend{days: [7]bool{time.Saturday: true, time.Sunday: true}}
}

// farthest bounds the search for a working day, where a file has none.
const farthest = 400

// Add returns the moment n working days after t, at the same time of day in the
// country; the day of t does not count. n may be negative.
func (c *Calendar) Add(t time.Time, n int) time.Time {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	local := t.In(c.zone)
	for range n {
		for range farthest {
			local = local.AddDate(0, 0, step)
			if c.Working(local) {
				break
			}
		}
	}
	if n == 0 {
		return t
	}
	return local.In(t.Location())
}

// Between counts the working days after the day of a, up to and with the day of b;
// 0 when b is not after a.
func (c *Calendar) Between(a, b time.Time) int {
	n, last := 0, localDay(b.In(c.zone))
	for local := a.In(c.zone).AddDate(0, 0, 1); localDay(local) <= last; local = local.AddDate(0, 0, 1) {
		if c.Working(local) {
			n++
		}
	}
	return n
}
