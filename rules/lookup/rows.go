package lookup

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// span is when a row holds: from inclusive, until exclusive, Unix ms.
type span struct{ from, until int64 }

var errTooLong = errors.New("file is too long")

func always() span { return span{math.MinInt64, math.MaxInt64} }

func (s span) has(at int64) bool { return s.from <= at && at < s.until }

// rows reads a CSV with a header line, row by row, and gathers errors.
type rows struct {
	file  string
	csv   *csv.Reader
	index map[string]int // column → field
	errs  []error
	line  int
	n     int
}

// newRows reads the header, which must have the wanted columns, once each.
func newRows(file string, from io.Reader, wanted ...string) (*rows, error) {
	r := &rows{file: file, csv: csv.NewReader(&capped{from: from, left: MaxBytes}), index: map[string]int{}}
	r.csv.ReuseRecord = true
	head, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s:1: no header line; write %s", file, strings.Join(wanted, ","))
	}
	if err != nil {
		return nil, r.wrap(err)
	}
	for i, name := range head {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if _, twice := r.index[name]; twice {
			return nil, fmt.Errorf("%s:1: column %q stands twice", file, name)
		}
		r.index[name] = i
	}
	for _, name := range wanted {
		if _, ok := r.index[name]; !ok {
			return nil, fmt.Errorf("%s:1: no column %q; the file has %s", file, name, strings.Join(head, ", "))
		}
	}
	return r, nil
}

func (r *rows) wrap(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("%s:%d:%d: %w", r.file, p.Line, p.Column, p.Err)
	}
	return fmt.Errorf("%s: %w", r.file, err)
}

// next returns the next row, nil at the end or when reading on makes no sense.
func (r *rows) next() []string {
	if len(r.errs) >= MaxErrors {
		return nil
	}
	rec, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		r.errs = append(r.errs, r.wrap(err))
		if !errors.Is(err, csv.ErrFieldCount) {
			return nil
		}
		return r.next()
	}
	r.line, _ = r.csv.FieldPos(0)
	if r.n++; r.n > MaxRows {
		r.fail("more than %d rows", MaxRows)
		return nil
	}
	return rec
}

func (r *rows) fail(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s:%d: %s", r.file, r.line, fmt.Sprintf(format, args...)))
}

// text returns a column of a row without blanks around it, "" when the file has no
// such column.
func (r *rows) text(rec []string, column string) string {
	i, ok := r.index[column]
	if !ok {
		return ""
	}
	return strings.TrimSpace(rec[i])
}

// value returns a column that must have a text, normalised; false after a failure.
func (r *rows) value(rec []string, column string, normalise func(dst, s []byte) []byte) (string, bool) {
	v := r.text(rec, column)
	if normalise != nil {
		v = string(normalise(nil, []byte(v)))
	}
	switch {
	case v == "":
		r.fail("%s is empty", column)
	case len(v) > MaxText:
		r.fail("%s has %d bytes, at most %d", column, len(v), MaxText)
	case !utf8.ValidString(v):
		r.fail("%s is not UTF-8", column)
	default:
		return v, true
	}
	return "", false
}

// span reads from and until of a row; false after a failure.
func (r *rows) span(rec []string) (span, bool) {
	s, ok := always(), true
	for column, to := range map[string]*int64{"from": &s.from, "until": &s.until} {
		v := r.text(rec, column)
		if v == "" {
			continue
		}
		ms, err := parseTime(v)
		if err != nil {
			r.fail("%s: %v", column, err)
			ok = false
			continue
		}
		*to = ms
	}
	if ok && s.from >= s.until {
		r.fail("until is not after from")
		ok = false
	}
	return s, ok
}

// parseTime reads RFC 3339 or a date, which is its midnight UTC.
func parseTime(s string) (int64, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMilli(), nil
		}
	}
	return 0, fmt.Errorf("%q is no time: write 2026-01-31 or 2026-01-31T12:00:00Z", s)
}

// capped is a reader that fails after a number of bytes.
type capped struct {
	from io.Reader
	left int64
}

func (c *capped) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLong
	}
	n, err := c.from.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, err
}
