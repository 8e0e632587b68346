package calendar

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed days/*.csv
var shipped embed.FS

// Set is the calendars of some countries.
type Set struct{ by map[string]*Calendar }

// Load makes the calendars of the countries (ISO 3166-1 alpha-2). zones names the
// zone of countries of which no calendar knows one; dir is the user's folder of
// CC.csv files, "" for none.
func Load(dir string, zones map[string]string, countries ...string) (*Set, error) {
	s := &Set{by: map[string]*Calendar{}}
	for _, country := range countries {
		if s.by[country] != nil {
			continue
		}
		c, err := load(dir, zones[country], country)
		if err != nil {
			return nil, err
		}
		s.by[country] = c
	}
	return s, nil
}

// Of returns the calendar of a country, or one of Monday to Friday.
func (s *Set) Of(country string) *Calendar {
	if c := s.by[country]; c != nil {
		return c
	}
	return plain(country)
}

func plain(country string) *Calendar {
	return &Calendar{Country: country, zone: time.UTC, off: map[day]bool{}, years: map[int]bool{}}
}

func load(dir, zone, country string) (*Calendar, error) {
	c := plain(country)
	if zone != "" {
		if err := c.setZone(zone); err != nil {
			return nil, err
		}
	}
	c.compute()
	text, err := shipped.ReadFile("days/" + country + ".csv")
	if err == nil {
		err = c.replace(country+".csv", string(text))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if dir == "" {
		return c, nil
	}
	path := filepath.Join(dir, country+".csv")
	if text, err = os.ReadFile(path); errors.Is(err, fs.ErrNotExist) {
		return c, nil
	} else if err != nil {
		return nil, fmt.Errorf("read calendar: %w", err)
	}
	return c, c.replace(path, string(text))
}

func (c *Calendar) setZone(name string) error {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("calendar %s: %q is no IANA time zone", c.Country, name)
	}
	c.zone = zone
	return nil
}

// replace lays a file over c, which loses what it knew of the years that the file
// names.
func (c *Calendar) replace(name, text string) error {
	file := plain(c.Country)
	if err := file.lay(name, text); err != nil {
		return err
	}
	for d := range c.off {
		if file.years[time.Unix(int64(d), 0).UTC().Year()] {
			delete(c.off, d)
		}
	}
	return c.lay(name, text)
}

// lay reads the lines of a file into c.
func (c *Calendar) lay(name, text string) error {
	c.Known = true
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := c.line(strings.Split(line, ",")); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return nil
}

func (c *Calendar) line(fields []string) error {
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	switch {
	case fields[0] == "zone" && len(fields) == 2:
		return c.setZone(fields[1])
	case fields[0] == "weekend" && len(fields) == 3:
		return c.weekend(fields[1], fields[2])
	case fields[0] == "work" && len(fields) >= 2:
		return c.mark(fields[1], false)
	case len(fields) == 2:
		return c.mark(fields[0], true)
	}
	return fmt.Errorf("line %q: want date,name or zone, weekend, work", strings.Join(fields, ","))
}

func (c *Calendar) mark(date string, off bool) error {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return fmt.Errorf("%s is no date of the form 2026-03-20", strconv.Quote(date))
	}
	c.off[localDay(t)] = off
	c.years[t.Year()] = true
	return nil
}

// weekend adds a weekend from a day on; the lines stand in order of their days.
func (c *Calendar) weekend(since, days string) error {
	t, err := time.Parse(time.DateOnly, since)
	if err != nil {
		return fmt.Errorf("%s is no date of the form 2022-01-01", strconv.Quote(since))
	}
	w := weekend{since: localDay(t)}
	for name := range strings.FieldsSeq(days) {
		d := weekday(name)
		if d < 0 {
			return fmt.Errorf("%q is no day of the week: want Mon … Sun", name)
		}
		w.days[d] = true
	}
	if last := len(c.weekends) - 1; last >= 0 && c.weekends[last].since >= w.since {
		c.weekends = nil // a later file begins anew
	}
	c.weekends = append(c.weekends, w)
	return nil
}
