package table

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
)

// convert turns a cell, which is there, into the text of a field. It may use and
// return scratch.
type convert func(scratch, cell []byte) ([]byte, *codec.Defect)

// asIs is the conversion of a column that is written like its field.
func asIs(_, cell []byte) ([]byte, *codec.Defect) { return cell, nil }

// converter returns the conversion that t asks for, of a column called from.
func (t *Target) converter(from string, field event.Column) (convert, error) {
	counted := t.Unit != "" || t.From != "" || t.Ago
	clocked := t.Time != "" || t.Zone != ""
	ways := 0
	for _, asked := range []bool{t.Words != nil, clocked, counted, t.Scale != ""} {
		if asked {
			ways++
		}
	}
	switch {
	case ways == 0:
		return asIs, nil
	case ways > 1:
		return nil, errors.New("words, time, unit and scale exclude one another")
	case t.Words != nil:
		return translate(from, t.Words), nil
	case t.Scale != "" && field.Type != event.Decimal:
		return nil, fmt.Errorf("scale is for decimals, and %s is %s", field.Name, field.Type)
	case t.Scale != "":
		return scale(from, t.Scale)
	case field.Type != event.Time && field.Type != event.Date:
		return nil, fmt.Errorf("time and unit are for times and dates, and %s is %s", field.Name, field.Type)
	case counted:
		return t.elapsed(from, field.Type)
	}
	return t.clock(from, field.Type)
}

// translate returns a conversion by a list of words.
func translate(from string, words map[string]string) convert {
	other, any := words["*"]
	return func(scratch, cell []byte) ([]byte, *codec.Defect) {
		to, ok := words[string(cell)]
		if !ok && !any {
			return nil, codec.Refuse(event.BadCode, "", "column %s: %s is none of its words; add it, or \"*\" for all others", from, quote(cell))
		} else if !ok {
			to = other
		}
		return append(scratch, to...), nil
	}
}

// scale returns a conversion of numbers that are counted in another unit, or written
// with an exponent, as spreadsheets do.
func scale(from, by string) (convert, error) {
	factor, err := decimal.Parse([]byte(by))
	if err != nil {
		return nil, fmt.Errorf("scale %q: %w", by, err)
	}
	return func(scratch, cell []byte) ([]byte, *codec.Defect) {
		d, ok := parseNumber(cell)
		if !ok {
			return nil, codec.Refuse(event.BadType, "", "column %s: %s is no decimal", from, quote(cell))
		}
		if d, ok = d.Mul(factor); !ok {
			return nil, codec.Refuse(event.Range, "", "column %s: %s × %s is too large", from, quote(cell), by)
		}
		return d.Append(scratch), nil
	}, nil
}

// parseNumber reads digits with a sign, a point and an exponent of up to 18.
func parseNumber(cell []byte) (decimal.D, bool) {
	at := bytes.IndexAny(cell, "eE")
	if at < 0 {
		d, err := decimal.ParseSigned(cell)
		return d, err == nil
	}
	d, err := decimal.ParseSigned(cell[:at])
	exponent, bad := strconv.Atoi(string(cell[at+1:]))
	if err != nil || bad != nil || exponent > 18 || exponent < -18 {
		return decimal.D{}, false
	}
	power := "1" + strings.Repeat("0", max(0, exponent))
	if exponent < 0 {
		power = "0." + strings.Repeat("0", -exponent-1) + "1"
	}
	by, err := decimal.Parse([]byte(power))
	if err != nil {
		return decimal.D{}, false
	}
	return d.Mul(by)
}

// elapsed returns a conversion of a number of units after a time.
func (t *Target) elapsed(from string, to event.Type) (convert, error) {
	per, ok := unit(t.Unit)
	if !ok {
		return nil, fmt.Errorf("unit %q is none of ms, s, m, h, d", t.Unit)
	}
	origin, ok := codec.ParseTime([]byte(t.From))
	if !ok {
		return nil, fmt.Errorf("from %q is no RFC 3339 time; the column counts %s after it", t.From, t.Unit)
	}
	sign := int64(1)
	if t.Ago {
		sign = -1
	}
	return func(scratch, cell []byte) ([]byte, *codec.Defect) {
		n, bad := milliseconds(from, cell, per)
		if bad != nil {
			return nil, bad
		}
		return appendTime(scratch, time.UnixMilli(origin+sign*n), to), nil
	}, nil
}

// milliseconds returns how many a cell of units are, cut off below one.
func milliseconds(from string, cell []byte, per time.Duration) (int64, *codec.Defect) {
	d, err := decimal.ParseSigned(cell)
	if err != nil {
		return 0, codec.Refuse(event.BadTime, "", "column %s: %s is no number", from, quote(cell))
	}
	d, ok := d.Mul(decimal.FromInt(per.Milliseconds()))
	whole, _, _ := strings.Cut(d.String(), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if !ok || err != nil || n > 1<<53 || n < -1<<53 {
		return 0, codec.Refuse(event.BadTime, "", "column %s: %s is beyond every time", from, quote(cell))
	}
	return n, nil
}

// clock returns a conversion of a time as people or machines write it.
func (t *Target) clock(from string, to event.Type) (convert, error) {
	zone := time.UTC
	if t.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(t.Zone); err != nil {
			return nil, fmt.Errorf("zone %q is no IANA time zone, such as Asia/Kolkata", t.Zone)
		}
	}
	switch t.Time {
	case "", "rfc3339":
		if t.Zone != "" {
			return nil, errors.New("zone needs a pattern under time: RFC 3339 says its own")
		}
		return asIs, nil
	case "unix", "unix_ms":
		per := time.Second
		if t.Time == "unix_ms" {
			per = time.Millisecond
		}
		return func(scratch, cell []byte) ([]byte, *codec.Defect) {
			n, bad := milliseconds(from, cell, per)
			if bad != nil {
				return nil, bad
			}
			return appendTime(scratch, time.UnixMilli(n), to), nil
		}, nil
	}
	layout, err := layoutOf(t.Time)
	if err != nil {
		return nil, err
	}
	return func(scratch, cell []byte) ([]byte, *codec.Defect) {
		at, err := time.ParseInLocation(layout, string(cell), zone)
		if err != nil {
			return nil, codec.Refuse(event.BadTime, "", "column %s: %s is not written as %s", from, quote(cell), t.Time)
		}
		return appendTime(scratch, at, to), nil
	}, nil
}

// layoutOf translates a pattern of % into a layout of package time.
func layoutOf(pattern string) (string, error) {
	if !strings.Contains(pattern, "%") {
		return "", fmt.Errorf("time %q is none of rfc3339, unix, unix_ms, and no pattern such as %q", pattern, "%Y-%m-%d %H:%M:%S")
	}
	var out strings.Builder
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c != '%' && (c >= '0' && c <= '9' || c|32 >= 'a' && c|32 <= 'z'):
			// A layout would take digits and letters for parts of a time; T is none.
			if c != 'T' {
				return "", fmt.Errorf("time %q: %q stands for itself, which digits and letters cannot (T can)", pattern, c)
			}
			out.WriteByte(c)
		case c != '%':
			out.WriteByte(c)
		default:
			i++
			part := ""
			if i < len(pattern) {
				part = partOf(pattern[i])
			}
			if part == "" {
				return "", fmt.Errorf("time %q: after %% comes one of Y y m b d H I p M S f z %%", pattern)
			}
			out.WriteString(part)
		}
	}
	return out.String(), nil
}

func partOf(c byte) string {
	i := strings.IndexByte("YymbdHIpMSfz%", c)
	if i < 0 {
		return ""
	}
	return []string{"2006", "06", "01", "Jan", "02", "15", "03", "PM", "04", "05", "999999999", "-0700", "%"}[i]
}

func appendTime(dst []byte, at time.Time, to event.Type) []byte {
	if to == event.Date {
		return at.AppendFormat(dst, time.DateOnly)
	}
	return at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// quote returns a cell as messages show it: short, and one line.
func quote(cell []byte) string {
	const most = 40
	if len(cell) > most {
		return strconv.Quote(string(bytes.ToValidUTF8(cell[:most], nil))) + "…"
	}
	return strconv.Quote(string(cell))
}
