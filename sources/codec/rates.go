package codec

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/decimal"
)

// Rates are exchange rates into one base currency, each valid from a time until
// the next of its currency; immutable. The zero value has none.
type Rates struct {
	base   string
	by     map[string][]rate
	digest string
}

type rate struct {
	from int64 // Unix ms
	rate decimal.D
}

// LoadRates reads CSV with the header valid_from,currency,rate: a date (00:00
// UTC) or RFC 3339 time, an ISO 4217 code, and the units of base that one unit of
// that currency is worth. Empty lines and lines that start with # are skipped.
// Every wrong line is an error with its number.
func LoadRates(base string, r io.Reader) (Rates, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return Rates{}, fmt.Errorf("read rates: %w", err)
	}
	if !code.IsCurrency([]byte(base)) {
		return Rates{}, fmt.Errorf("base currency %q is not an ISO 4217 code", base)
	}
	sum := sha256.Sum256(raw)
	rates := Rates{base: base, by: map[string][]rate{}, digest: "sha256:" + hex.EncodeToString(sum[:])}
	header := false
	sc := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(sc.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if !header {
			if strings.ReplaceAll(line, " ", "") != "valid_from,currency,rate" {
				return Rates{}, fmt.Errorf("rates line %d: the header must be valid_from,currency,rate", n)
			}
			header = true
			continue
		}
		if err := rates.add(line); err != nil {
			return Rates{}, fmt.Errorf("rates line %d: %w", n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return Rates{}, fmt.Errorf("read rates: %w", err)
	}
	if !header {
		return Rates{}, fmt.Errorf("rates: the file is empty; its first line must be valid_from,currency,rate")
	}
	return rates, nil
}

func (r *Rates) add(line string) error {
	cells := strings.Split(line, ",")
	if len(cells) != 3 {
		return fmt.Errorf("%d cells, want 3: valid_from,currency,rate", len(cells))
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	from, ok := ParseTime([]byte(cells[0]))
	if !ok {
		days, okDate := ParseDate([]byte(cells[0]))
		if !okDate {
			return fmt.Errorf("valid_from %q is no date; write 2026-01-31 or an RFC 3339 time", cells[0])
		}
		from = int64(days) * 86_400_000
	}
	if !code.IsCurrency([]byte(cells[1])) {
		return fmt.Errorf("currency %q is not an ISO 4217 code%s", cells[1], suggestion(code.Currencies(), cells[1]))
	}
	value, err := decimal.Parse([]byte(cells[2]))
	if err != nil {
		return fmt.Errorf("rate %q: %w", cells[2], err)
	}
	if value.Sign() == 0 {
		return fmt.Errorf("rate %q: a rate is greater than 0", cells[2])
	}
	return r.insert(cells[1], rate{from: from, rate: value})
}

func (r *Rates) insert(currency string, x rate) error {
	list := r.by[currency]
	at, found := slices.BinarySearchFunc(list, x.from, func(e rate, t int64) int { return int(min(max(e.from-t, -1), 1)) })
	if found {
		return fmt.Errorf("%s has two rates from the same time; keep one", currency)
	}
	if currency == r.base && x.rate != decimal.FromInt(1) {
		return fmt.Errorf("the rate of the base currency %s is 1", currency)
	}
	r.by[currency] = slices.Insert(list, at, x)
	return nil
}

// Digest returns "sha256:" and the digest of the file, "" without rates.
func (r Rates) Digest() string { return r.digest }

// BaseOnly returns rates with the same base currency and no other: an amount in it is
// its own base_amount, and every other has none.
func (r Rates) BaseOnly() Rates { return Rates{base: r.base} }

// Base returns the base currency, "" without rates.
func (r Rates) Base() string { return r.base }

// Convert returns amount of currency in the base currency at a time, Unix ms,
// rounded half to even at the 18th place, and false when no rate was valid then
// or the product does not fit.
func (r Rates) Convert(amount decimal.D, currency []byte, at int64) (decimal.D, bool) {
	if r.base == "" {
		return decimal.D{}, false
	}
	if string(currency) == r.base {
		return amount, true
	}
	list := r.by[string(currency)]
	lo, hi := 0, len(list)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if list[mid].from <= at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return decimal.D{}, false
	}
	return amount.Mul(list[lo-1].rate)
}

func suggestion(list []string, text string) string {
	if s := code.Nearest(list, text); s != "" {
		return "; did you mean " + s + "?"
	}
	return ""
}
