package freeze

import (
	"fmt"
	"math/big"
	"strings"
	"time"
)

// scale is the number of decimals kept by all arithmetic of the package; it is
// the longest fraction that Dec allows.
const scale = 18

// Dec is an exact decimal as text, ^\d{1,20}(\.\d{1,18})?$, never negative and
// never with an exponent. It keeps the digits as they were written.
type Dec string

// Valid reports whether d has the form of a decimal.
func (d Dec) Valid() bool {
	whole, frac, dot := strings.Cut(string(d), ".")
	return digits(whole, 20) && (!dot || digits(frac, scale))
}

// Cmp compares the values of d and o, as -1, 0 or 1. An invalid decimal counts
// as zero, so validate first.
func (d Dec) Cmp(o Dec) int { return d.scaled().Cmp(o.scaled()) }

// Zero reports whether the value of d is zero.
func (d Dec) Zero() bool { return d.scaled().Sign() == 0 }

// Add returns d + o with the longer of the two fractions.
func (d Dec) Add(o Dec) Dec {
	return unscaled(new(big.Int).Add(d.scaled(), o.scaled()), max(d.decimals(), o.decimals()))
}

// Sub returns d - o with the longer of the two fractions, and reports whether
// the difference is not negative; a Dec cannot hold a negative value.
func (d Dec) Sub(o Dec) (Dec, bool) {
	diff := new(big.Int).Sub(d.scaled(), o.scaled())
	if diff.Sign() < 0 {
		return "", false
	}
	return unscaled(diff, max(d.decimals(), o.decimals())), true
}

func (d Dec) decimals() int {
	_, frac, _ := strings.Cut(string(d), ".")
	return len(frac)
}

// scaled returns the value times 10^scale, zero for a text that is no decimal.
func (d Dec) scaled() *big.Int {
	v := new(big.Int)
	if !d.Valid() {
		return v
	}
	whole, frac, _ := strings.Cut(string(d), ".")
	v.SetString(whole+frac+strings.Repeat("0", scale-len(frac)), 10)
	return v
}

// unscaled writes v / 10^scale with the given number of decimals; the digits
// behind them are zero by construction.
func unscaled(v *big.Int, decimals int) Dec {
	s := v.String()
	if len(s) <= scale {
		s = strings.Repeat("0", scale+1-len(s)) + s
	}
	whole, frac := s[:len(s)-scale], s[len(s)-scale:]
	if decimals == 0 {
		return Dec(whole)
	}
	return Dec(whole + "." + frac[:decimals])
}

func digits(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Money is an amount of one currency: ISO 4217, or the ISO 24165 identifier of
// a digital token.
type Money struct {
	Amount   Dec    `json:"amount"`
	Currency string `json:"currency" is:"ccy"`
}

// timeForm is RFC 3339, UTC, milliseconds: the only form of a time in a message.
const timeForm = "2006-01-02T15:04:05.000Z"

// Time is a moment with millisecond precision, written as RFC 3339 in UTC.
type Time struct{ time.Time }

// At returns t in UTC, cut to the milliseconds that a message can carry.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// ParseTime reads the one form that messages use, 2026-03-02T04:10:00.000Z.
func ParseTime(s string) (Time, error) {
	t, err := time.Parse(timeForm, s)
	if out := (Time{t.UTC()}); err == nil && out.String() == s { // Parse takes a comma, too
		return out, nil
	}
	return Time{}, fmt.Errorf("read time %q: want the form %s", s, timeForm)
}

// String writes the time in the form of messages.
func (t Time) String() string { return t.UTC().Format(timeForm) }

// MarshalText writes the time in the form of messages.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON writes the time as a JSON string in the form of messages.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalText reads the one form that messages use.
func (t *Time) UnmarshalText(b []byte) (err error) {
	*t, err = ParseTime(string(b))
	return err
}

// UnmarshalJSON reads a JSON string in the one form that messages use.
func (t *Time) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' {
		return fmt.Errorf("read time %s: want a string", b)
	}
	return t.UnmarshalText(b[1 : len(b)-1])
}

// Date is a calendar day, 2026-03-02.
type Date string

// Valid reports whether d is a day of the calendar in the form 2006-01-02.
func (d Date) Valid() bool {
	_, err := time.Parse(time.DateOnly, string(d))
	return err == nil
}
