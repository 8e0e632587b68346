package calendar_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/policy/calendar"
)

func load(t testing.TB, dir string, countries ...string) *calendar.Set {
	t.Helper()
	s, err := calendar.Load(dir, nil, countries...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestWorkingDaysAreAdded(t *testing.T) {
	s := load(t, "", "GB", "AE", "IN", "US", "SG", "DE", "HU")
	for _, c := range []struct {
		country, from string
		n             int
		want          string
	}{
		{"GB", "2026-03-02T04:55Z", 7, "2026-03-11T04:55Z"},  // the moratorium of FREEZE 5, step 8
		{"GB", "2026-03-11T04:55Z", -2, "2026-03-09T04:55Z"}, // its T7
		{"GB", "2026-04-02T10:00Z", 1, "2026-04-07T10:00Z"},  // over Easter
		{"GB", "2026-03-27T10:00Z", 1, "2026-03-30T09:00Z"},  // the wall clock stays, summer time begins
		{"GB", "2026-03-07T10:00Z", 1, "2026-03-09T10:00Z"},  // from a Saturday
		{"GB", "2026-03-07T10:00Z", 0, "2026-03-07T10:00Z"},  // none
		{"AE", "2026-03-02T09:30Z", 5, "2026-03-09T09:30Z"},  // Saturday and Sunday are off
		{"AE", "2021-11-03T09:30Z", 2, "2021-11-07T09:30Z"},  // Friday and Saturday were
		{"AE", "2026-03-18T05:00Z", 1, "2026-03-23T05:00Z"},  // Eid al-Fitr
		{"AE", "2026-03-06T21:00Z", 1, "2026-03-08T21:00Z"},  // Saturday there already
		{"IN", "2026-08-14T05:00Z", 1, "2026-08-17T05:00Z"},  // Independence Day is a Saturday
		{"IN", "2026-01-23T05:00Z", 1, "2026-01-27T05:00Z"},  // Republic Day
		{"US", "2026-07-02T15:00Z", 1, "2026-07-06T15:00Z"},  // the Fourth is a Saturday, kept on Friday
		{"US", "2027-12-30T15:00Z", 1, "2028-01-03T15:00Z"},  // New Year's Day of the next year, kept on Friday
		{"SG", "2026-11-06T02:00Z", 1, "2026-11-10T02:00Z"},  // Diwali is a Sunday, kept on Monday
		{"DE", "2026-05-13T10:00Z", 1, "2026-05-15T10:00Z"},  // Ascension
		{"HU", "2026-01-09T10:00Z", 1, "2026-01-10T10:00Z"},  // a working Saturday
		{"XX", "2026-12-24T10:00Z", 1, "2026-12-25T10:00Z"},  // nobody knows
	} {
		if got := s.Of(c.country).Add(moment(t, c.from), c.n); !got.Equal(moment(t, c.want)) {
			t.Errorf("%s: %s + %d = %s, want %s", c.country, c.from, c.n, got.Format(time.RFC3339), c.want)
		}
	}
}

// TestShippedCountries holds what is promised: the countries of the scenario and
// every member of the EU have a zone and holidays for the years ahead.
func TestShippedCountries(t *testing.T) {
	countries := strings.Fields("AE IN GB US SG AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE")
	s := load(t, "", countries...)
	for _, name := range countries {
		c := s.Of(name)
		if !c.Known || c.Zone() == time.UTC {
			t.Errorf("%s: known %v, zone %s", name, c.Known, c.Zone())
		}
		for year := 2025; year <= 2030; year++ {
			if !c.Covers(year) {
				t.Errorf("%s: no holidays of %d", name, year)
			}
			off, start := 0, time.Date(year, 1, 1, 12, 0, 0, 0, c.Zone())
			for d := start; d.Year() == year; d = d.AddDate(0, 0, 1) {
				if !c.Working(d) {
					off++
				}
			}
			if off < 108 || off > 128 {
				t.Errorf("%s: %d days off in %d", name, off, year)
			}
		}
	}
	if c := s.Of("XX"); c.Known || c.Covers(2026) {
		t.Error("a country that nobody knows is known")
	}
}

func TestFilesOfTheUserLieOver(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("AE.csv", "# as announced\n2026-03-18,Eid al-Fitr\nwork,2026-03-21,make-up day\n")
	write("ZZ.csv", "zone,Asia/Kabul\nweekend,0001-01-01,Thu Fri\nweekend,2026-06-01,Fri\n2026-01-01,New Year\n")
	s := load(t, dir, "AE", "ZZ")
	for _, c := range []struct {
		country, day string
		working      bool
	}{
		{"AE", "2026-03-18", false}, {"AE", "2026-03-20", true}, {"AE", "2026-03-21", true}, {"AE", "2026-03-22", false},
		{"AE", "2027-01-01", false}, // the year is not in the file
		{"ZZ", "2026-01-01", false}, {"ZZ", "2026-01-08", false}, {"ZZ", "2026-06-04", true}, {"ZZ", "2026-06-05", false},
	} {
		if got := s.Of(c.country).Working(moment(t, c.day+"T08:00Z")); got != c.working {
			t.Errorf("%s %s: working %v", c.country, c.day, got)
		}
	}
}

func TestMistakesInFilesAreNamed(t *testing.T) {
	for want, text := range map[string]string{
		"GB.csv:2: \"2026-13-01\" is no date":         "# x\n2026-13-01,No",
		"GB.csv:1: \"Mond\" is no day of the week":    "weekend,2026-01-01,Mond",
		"\"Europe/Lundon\" is no IANA time zone":      "zone,Europe/Lundon",
		"GB.csv:1: line \"2026-01-01\"":               "2026-01-01",
		"GB.csv:1: line \"2026-01-01,Monday,closed\"": "2026-01-01,Monday,closed",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "GB.csv"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := calendar.Load(dir, nil, "GB"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestHours(t *testing.T) {
	s := load(t, "", "GB", "AE")
	for _, c := range []struct{ country, hours, at, open string }{
		{"GB", "24x7", "2026-03-07T03:00Z", "2026-03-07T03:00Z"},
		{"GB", "", "2026-03-07T03:00Z", "2026-03-07T03:00Z"},
		{"GB", "Mon-Fri 09:00-17:00 Europe/London", "2026-03-02T04:21Z", "2026-03-02T09:00Z"},
		{"GB", "Mon-Fri 09:00-17:00", "2026-03-02T16:59Z", "2026-03-02T16:59Z"},
		{"GB", "Mon-Fri 09:00-17:00", "2026-03-02T17:00Z", "2026-03-03T09:00Z"},
		{"GB", "Mon-Fri 09:00-17:00", "2026-04-02T17:30Z", "2026-04-07T08:00Z"}, // Easter, and summer time
		{"GB", "Mon-Thu,Sat 10:00-12:00", "2026-03-05T13:00Z", "2026-03-07T10:00Z"},
		{"GB", "Fri-Mon 00:00-24:00", "2026-03-03T13:00Z", "2026-03-06T00:00Z"},
		{"AE", "Mon-Fri 08:00-15:00", "2026-03-18T12:00Z", "2026-03-23T04:00Z"},
		{"AE", "Mon-Fri 09:00-17:00 Europe/London", "2026-03-06T18:00Z", "2026-03-09T09:00Z"},
	} {
		h, err := calendar.ParseHours(c.hours)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Of(c.country).Open(h, moment(t, c.at)); !got.Equal(moment(t, c.open)) {
			t.Errorf("%s %q at %s opens %s, want %s", c.country, c.hours, c.at, got.Format(time.RFC3339), c.open)
		}
	}
	for _, bad := range []string{"always", "Mon-Fri", "Mon-Fry 09:00-17:00", "Mon-Fri 9-17", "Mon-Fri 17:00-09:00", "Mon-Fri 09:00-17:00 London", "Mon-Fri 09:00-17:00 Europe/London x"} {
		if _, err := calendar.ParseHours(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestArithmetic holds the laws: what is added is a working day, is counted, and is
// taken away again.
func TestArithmetic(t *testing.T) {
	s := load(t, "", "AE", "GB", "IN", "HU", "US")
	rapid.Check(t, func(rt *rapid.T) {
		c := s.Of(rapid.SampledFrom([]string{"AE", "GB", "IN", "HU", "US", "XX"}).Draw(rt, "country"))
		start := time.Unix(rapid.Int64Range(1735689600, 1893456000).Draw(rt, "from"), 0).UTC() // 2025 to 2029
		n := rapid.IntRange(1, 40).Draw(rt, "n")
		end := c.Add(start, n)
		if !c.Working(end) || !end.After(start) {
			rt.Fatalf("%s + %d = %s", start, n, end)
		}
		if got := c.Between(start, end); got != n {
			rt.Fatalf("%s to %s: %d working days, want %d", start, end, got, n)
		}
		if c.Working(start) {
			back := c.Add(end, -n)
			if d := back.Sub(start); d < -time.Hour || d > time.Hour { // an hour that a clock change skips
				rt.Fatalf("%s + %d - %d = %s", start, n, n, back)
			}
		}
	})
}
