package scenario

import (
	"fmt"
	"sync"
	"time"
)

// Clock is the time of everybody in a story: it runs as time does, and jumps ahead
// when told to. It is safe for concurrent use.
type Clock struct {
	mu        sync.Mutex
	at, since time.Time
}

// NewClock returns a clock that shows at.
func NewClock(at time.Time) *Clock { return &Clock{at: at, since: time.Now()} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at.Add(time.Since(c.since)).UTC()
}

// To jumps ahead to at; a clock that is there already goes on as it is.
func (c *Clock) To(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.at.Add(time.Since(c.since))) {
		c.at, c.since = at, time.Now()
	}
}

// Day is the Monday on which the story begins.
func Day() time.Time { return time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC) }

// At returns a moment of the story: "04:10", or "+9 08:00" nine days later.
func At(text string) time.Time {
	days, clock := 0, text
	if text[0] == '+' {
		if _, err := fmt.Sscanf(text, "+%d %s", &days, &clock); err != nil {
			panic("a moment of the story: " + text)
		}
	}
	t, err := time.Parse("15:04", clock)
	if err != nil {
		panic("a moment of the story: " + text)
	}
	return Day().AddDate(0, 0, days).Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute)
}
