package profile

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/policy/calendar"
)

// Term is a span of time as agreements write it: 30m, 24h, 5wd (working days), 5y, or
// opening+4h, which begins when the desk opens. The zero value is no term.
type Term struct {
	text    string
	opening bool
	span    time.Duration
	days    int // working
	years   int
}

// ParseTerm reads a term.
func ParseTerm(text string) (Term, error) {
	t := Term{text: text}
	rest, opening := strings.CutPrefix(text, "opening+")
	t.opening = opening
	var err error
	switch {
	case text == "":
		return Term{}, nil
	case strings.HasSuffix(rest, "wd"):
		t.days, err = strconv.Atoi(strings.TrimSuffix(rest, "wd"))
	case strings.HasSuffix(rest, "y"):
		t.years, err = strconv.Atoi(strings.TrimSuffix(rest, "y"))
	default:
		t.span, err = time.ParseDuration(rest)
	}
	if err != nil || t.days < 0 || t.years < 0 || t.span < 0 || t.days+t.years == 0 && t.span == 0 {
		return Term{}, fmt.Errorf("term %q: want 30m, 24h, 5wd, 5y or opening+4h", text)
	}
	return t, nil
}

// UnmarshalText reads a term.
func (t *Term) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTerm(string(text))
	return err
}

// String writes the term as it was read.
func (t Term) String() string { return t.text }

// Zero reports whether there is no term.
func (t Term) Zero() bool { return t == Term{} }

// Span returns the length of a term of hours, 0 of others.
func (t Term) Span() time.Duration { return t.span }

// End returns the end of a term that begins at from, by the working days of c and a
// desk's hours.
func (t Term) End(from time.Time, c *calendar.Calendar, h calendar.Hours) time.Time {
	if t.opening {
		from = c.Open(h, from)
	}
	if t.days > 0 {
		from = c.Add(from, t.days)
	}
	return from.AddDate(t.years, 0, 0).Add(t.span)
}
