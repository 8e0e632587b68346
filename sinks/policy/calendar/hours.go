package calendar

import (
	"fmt"
	"strings"
	"time"
)

// Hours says when a desk is open. The zero value is open always: a desk of which
// nothing is known is asked early rather than late.
type Hours struct {
	some  bool // not always
	days  [7]bool
	from  time.Duration // of the day
	to    time.Duration
	zone  *time.Location // nil: the country's
	Named bool           // somebody wrote hours down
}

// ParseHours reads "24x7", "" (as 24x7) or "Mon-Fri 09:00-17:00 Europe/London", where
// days may be a list ("Mon-Thu,Sat") and the zone may be left out.
func ParseHours(text string) (Hours, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.EqualFold(text, "24x7") || text == "24/7" {
		return Hours{Named: text != ""}, nil
	}
	parts := strings.Fields(text)
	bad := fmt.Errorf(`hours %q: want 24x7 or "Mon-Fri 09:00-17:00 Europe/London"`, text)
	if len(parts) < 2 || len(parts) > 3 {
		return Hours{}, bad
	}
	h := Hours{some: true, Named: true}
	var ok bool
	if h.days, ok = parseDays(parts[0]); !ok {
		return Hours{}, bad
	}
	from, to, _ := strings.Cut(parts[1], "-")
	if h.from, ok = clock(from); !ok {
		return Hours{}, bad
	}
	if h.to, ok = clock(to); !ok || h.to <= h.from {
		return Hours{}, bad
	}
	if len(parts) == 3 {
		zone, err := time.LoadLocation(parts[2])
		if err != nil {
			return Hours{}, fmt.Errorf("hours %q: %q is no IANA time zone", text, parts[2])
		}
		h.zone = zone
	}
	return h, nil
}

// Always reports whether the desk never closes.
func (h Hours) Always() bool { return !h.some }

func clock(s string) (time.Duration, bool) {
	if s == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", s)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil
}

// parseDays reads "Mon-Fri", "Sat" or a list of these with commas.
func parseDays(s string) (days [7]bool, ok bool) {
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, b := weekday(first), weekday(last)
		if a < 0 || b < 0 {
			return days, false
		}
		for d := a; ; d = (d + 1) % 7 {
			days[d] = true
			if d == b {
				break
			}
		}
	}
	return days, true
}

func weekday(s string) int {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(s, d.String()[:3]) {
			return int(d)
		}
	}
	return -1
}

// Open returns t when the desk is open at t, else the moment when it opens next: on
// one of its days that is no day off in the country.
func (c *Calendar) Open(h Hours, t time.Time) time.Time {
	if !h.some {
		return t
	}
	zone := h.zone
	if zone == nil {
		zone = c.zone
	}
	local := t.In(zone)
	for i := range farthest {
		year, month, d := local.Date()
		noon := time.Date(year, month, d+i, 12, 0, 0, 0, zone)
		if !h.days[noon.Weekday()] || c.off[localDay(noon)] {
			continue
		}
		opens, closes := onDay(noon, h.from), onDay(noon, h.to)
		switch {
		case t.Before(opens):
			return opens.In(t.Location())
		case t.Before(closes):
			return t
		}
	}
	return t
}

// onDay returns the wall clock's moment on the day of noon.
func onDay(noon time.Time, of time.Duration) time.Time {
	year, month, d := noon.Date()
	return time.Date(year, month, d, int(of/time.Hour), int(of%time.Hour/time.Minute), 0, 0, noon.Location())
}
