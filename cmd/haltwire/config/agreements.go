package config

import (
	"fmt"
	"maps"
	"math/big"
	"os"
	"time"

	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Book makes the book of the parties, with the guard list and the working days of the
// config. usd says what a unit of a currency was worth in US dollars, nil = nobody knows.
func (c *Config) Book(usd func(currency string, at time.Time) (*big.Rat, bool)) (*policy.Book, error) {
	book, err := policy.NewBook(c.Party, c.Parties)
	if err != nil {
		return nil, err
	}
	zones := lang.Zones()
	maps.Copy(zones, c.Zones)
	return book.With(policy.Settings{Guard: c.Guard, Calendars: c.Calendars.Dir, Zones: zones, USD: usd})
}

// agreements reports a guard list or working days that cannot be used. What is wrong
// with a party is reported by party().
func (c *Config) agreements() error {
	if dir := c.Calendars.Dir; dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("calendars.dir: %s is no folder", dir)
		}
	}
	if c.party() != nil {
		return nil
	}
	_, err := c.Book(nil)
	return err
}
