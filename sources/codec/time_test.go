package codec_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sources/codec"
)

// TestTimeAgainstStandardLibrary: every time that time.Parse reads within the
// years of the schema, to the millisecond.
func TestTimeAgainstStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`(19|20|21|22)\d\d-[01]\d-[0-3]\d[Tt ][0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,12})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)`).Draw(t, "time")
		ms, ok := codec.ParseTime([]byte(s))
		want, err := time.Parse(time.RFC3339Nano, upper(s))
		if year := want.Year(); err == nil && (s[:4] > "2200" || year < 1900) {
			return
		}
		if ok != (err == nil && s[10] != ' ') {
			t.Fatalf("%s: %v, time.Parse says %v", s, ok, err)
		}
		if ok && ms != want.UnixMilli() {
			t.Fatalf("%s = %d, want %d", s, ms, want.UnixMilli())
		}
	})
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c == 't' || c == 'z' {
			b[i] = c - 32
		}
	}
	return string(b)
}

func TestTimeRefused(t *testing.T) {
	for _, s := range []string{"", "2026-03-02", "2026-03-02T04:10Z", "2026-03-02T04:10:00", "2026-03-02T04:10:00.Z", "2026-03-02T24:00:00Z",
		"2026-03-02T23:59:60Z", "2026-02-29T00:00:00Z", "1899-12-31T00:00:00Z", "2201-01-01T00:00:00Z", "2026-03-02T04:10:00+0530",
		"2026-03-02T04:10:00+24:00", "2026-03-02T04:10:00ZZ", "2026-03-02T04:10:00.123", "20260302T041000Z", "2026-3-2T04:10:00Z  "} {
		if ms, ok := codec.ParseTime([]byte(s)); ok {
			t.Errorf("%q = %d", s, ms)
		}
	}
}

// TestDates goes through every day of the schema's years.
func TestDates(t *testing.T) {
	n := 0
	for d := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() <= 2200; d = d.AddDate(0, 0, 1) {
		s := d.Format("2006-01-02")
		days, ok := codec.ParseDate([]byte(s))
		if !ok || int64(days)*86400 != d.Unix() {
			t.Fatalf("%s = %d, %v", s, days, ok)
		}
		if got := string(codec.AppendDate(nil, days)); got != s {
			t.Fatalf("day %d = %s, want %s", days, got, s)
		}
		n++
	}
	if n < 109_000 {
		t.Errorf("%d days", n)
	}
	for _, s := range []string{"", "2026-00-01", "2026-13-01", "2026-04-31", "2100-02-29", "2026/04/01", "2026-4-1", "x026-04-01"} {
		if _, ok := codec.ParseDate([]byte(s)); ok {
			t.Errorf("%q is a date", s)
		}
	}
}
