package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/policy"
)

func scheduled(t testing.TB) *policy.Book {
	t.Helper()
	office := func(p policy.Party, hours string) policy.Party {
		p.Contact.Hours = hours
		return p
	}
	asAgreed := agreed("GB-MOU", "lea", "GB", "bilateral")
	var err error
	if asAgreed.Policy.Accept, err = answering("2h", "1wd"); err != nil {
		t.Fatal(err)
	}
	me := self()
	me.Contact.Hours = "Mon-Fri 10:00-18:00 Asia/Kolkata"
	return bookOf(t, me, agreed("GB-24", "fiu", "GB", "egmont"), office(agreed("GB-DAY", "fiu", "GB", "egmont"), "Mon-Fri 09:00-17:00 Europe/London"),
		office(agreed("GB-POL", "lea", "GB", "bilateral"), "Mon-Fri 09:00-17:00"), office(agreed("AE-FIU", "fiu", "AE", "egmont"), "Mon-Fri 08:00-15:00"), agreed("GB-NCB", "ncb", "GB", "igrip"), asAgreed, bank())
}

func answering(critical, other string) (a policy.Answering, err error) {
	if err = a.Critical.UnmarshalText([]byte(critical)); err == nil {
		err = a.Other.UnmarshalText([]byte(other))
	}
	return a, err
}

// TestTimers holds the lengths of FREEZE 3.6 and of the row accept / decide of FREEZE 4.
// 2026-03-02 is a Monday; 04:20Z is 09:50 in India.
func TestTimers(t *testing.T) {
	b := scheduled(t)
	for _, c := range []struct{ party, timer, urgency, from, want string }{
		{"GB-24", "T1/1", "critical", "2026-03-02T04:20Z", "2026-03-02T04:30Z"},
		{"GB-24", "T1/2", "critical", "2026-03-02T04:20Z", "2026-03-02T04:35Z"},
		{"GB-24", "T1/3", "critical", "2026-03-02T04:20Z", "2026-03-02T04:50Z"},
		{"GB-24", "T1/9", "critical", "2026-03-02T04:20Z", "2026-03-02T04:50Z"},
		{"GB-24", "T1/2", "high", "2026-03-02T04:20Z", "2026-03-02T05:20Z"},
		{"GB-24", "T1/1", "normal", "2026-03-02T04:20Z", "2026-03-02T08:20Z"},
		{"GB-24", "T2", "critical", "2026-03-02T04:20Z", "2026-03-02T04:21Z"},
		{"GB-24", "gap", "normal", "2026-03-02T04:20Z", "2026-03-02T04:21Z"},
		{"GB-24", "T3", "critical", "2026-03-02T04:20Z", "2026-03-02T05:20Z"},
		{"GB-DAY", "T3", "critical", "2026-03-02T04:20Z", "2026-03-02T05:20Z"}, // by telephone
		{"GB-DAY", "T3", "high", "2026-03-02T04:20Z", "2026-03-02T13:00Z"},     // opening + 4 h
		{"GB-DAY", "T3", "high", "2026-03-06T16:59Z", "2026-03-06T20:59Z"},     // open yet
		{"GB-POL", "T3", "critical", "2026-03-06T17:00Z", "2026-03-09T10:00Z"}, // opening + 60 min
		{"GB-MOU", "T3", "critical", "2026-03-02T04:20Z", "2026-03-02T06:20Z"}, // the memorandum's
		{"GB-MOU", "T3", "normal", "2026-03-06T04:20Z", "2026-03-09T04:20Z"},
		{"P", "T3", "normal", "2026-03-02T04:20Z", "2026-03-02T04:35Z"}, // own bank
		{"P", "T4", "normal", "2026-03-02T04:20Z", "2026-03-02T04:50Z"},
		{"GB-24", "T4", "critical", "2026-03-02T04:35Z", "2026-03-03T04:35Z"},
		{"GB-24", "T4", "normal", "2026-03-02T04:35Z", "2026-03-09T04:35Z"},  // 5 working days
		{"AE-FIU", "T4", "normal", "2026-03-16T05:00Z", "2026-03-25T05:00Z"}, // Eid al-Fitr is from Thursday to Sunday
		{"GB-24", "T5", "critical", "2026-03-02T04:26Z", "2026-03-02T05:26Z"},
		{"GB-24", "T5/2", "critical", "2026-03-02T04:26Z", "2026-03-02T05:56Z"},
		{"GB-24", "T5/3", "critical", "2026-03-02T04:26Z", "2026-03-02T06:26Z"},
		{"GB-24", "T6", "critical", "2026-03-02T04:21Z", "2026-03-05T04:21Z"},
		{"GB-24", "T7/lapsed", "critical", "2026-03-11T04:55Z", "2026-03-12T04:55Z"},
		{"P", "T8/sent", "critical", "2026-03-02T04:27Z", "2026-03-02T04:42Z"},
		{"P", "T8", "critical", "2026-03-02T04:27Z", "2026-03-24T04:27Z"}, // 15 banking days of India: Holi is off
		{"GB-24", "T9", "critical", "2026-03-02T05:15Z", "2026-03-03T05:15Z"},
		{"GB-24", "T9", "high", "2026-04-02T05:15Z", "2026-04-13T05:15Z"}, // over Easter
		{"GB-24", "T11", "normal", "2026-03-02T04:55Z", "2026-03-09T04:55Z"},
		{"GB-24", "T12", "normal", "2026-03-02T04:55Z", "2031-03-02T04:55Z"},
		{"GB-NCB", "T12", "normal", "2026-03-02T04:55Z", "2029-03-02T04:55Z"},
		{"GB-24", "T3in", "critical", "2026-03-02T02:00Z", "2026-03-02T03:00Z"},
		{"GB-24", "T3in", "normal", "2026-03-02T02:00Z", "2026-03-02T05:30Z"}, // our hours
		{"GB-24", "T4in", "normal", "2026-01-23T05:00Z", "2026-02-02T05:00Z"}, // our days: Republic Day
		{"GB-24", "info", "normal", "2026-03-02T04:00Z", "2026-03-02T08:00Z"},
		{"GB-24", "release", "normal", "2026-03-02T04:00Z", "2026-03-02T04:30Z"},
		{"", "T11", "normal", "2026-03-02T04:55Z", "2026-03-09T04:55Z"},
		{"nobody", "T4", "normal", "2026-03-02T04:55Z", ""},
		{"GB-24", "T99", "normal", "2026-03-02T04:55Z", ""},
	} {
		want := int64(0)
		if c.want != "" {
			want = moment(t, c.want).UnixMilli()
		}
		if got := b.After(c.party, c.timer, c.urgency, moment(t, c.from).UnixMilli()); got != want {
			t.Errorf("%s %s %s from %s: %s, want %s", c.party, c.timer, c.urgency, c.from, time.UnixMilli(got).UTC().Format("2006-01-02T15:04Z07:00"), c.want)
		}
	}
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestEndsOfMeasuresAreAnnounced holds T7 by the responder's calendar.
func TestEndsOfMeasuresAreAnnounced(t *testing.T) {
	b := scheduled(t)
	for _, c := range []struct{ party, from, end, want string }{
		{"GB-24", "2026-03-02T04:55Z", "2026-03-11T04:55Z", "03-06T16:55 03-09T04:55 03-10T04:55 03-11T00:55"},
		{"AE-FIU", "2026-03-10T05:00Z", "2026-03-23T05:00Z", "03-16T17:00 03-17T05:00 03-18T05:00 03-23T01:00"}, // Eid al-Fitr before it ends
		{"", "2026-01-20T05:00Z", "2026-01-27T05:00Z", "01-22T05:00 01-23T05:00 01-23T17:00 01-27T01:00"},       // ours
		{"GB-24", "2026-03-02T04:00Z", "2026-03-02T07:00Z", "03-02T05:30"},
		{"GB-24", "2026-03-02T04:00Z", "2026-03-02T04:00Z", ""},
	} {
		var got []string
		for _, at := range b.Before(c.party, moment(t, c.from).UnixMilli(), moment(t, c.end).UnixMilli()) {
			got = append(got, time.UnixMilli(at).UTC().Format("01-02T15:04"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %s to %s: %v, want %s", c.party, c.from, c.end, got, c.want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.Int64Range(1767225600000, 1798761600000).Draw(rt, "from") // 2026
		end := from + rapid.Int64Range(1, 90*24*3600*1000).Draw(rt, "length")
		all := b.Before(rapid.SampledFrom([]string{"", "GB-24", "AE-FIU", "nobody"}).Draw(rt, "party"), from, end)
		if !slices.IsSorted(all) || len(all) > 4 || len(all) > 0 && (all[0] <= from || all[len(all)-1] >= end) {
			rt.Fatalf("%d to %d: %v", from, end, all)
		}
	})
}

func TestAnswerByFollowsTheAgreement(t *testing.T) {
	b := scheduled(t)
	f := full("hold_amount")
	f.Urgency, f.Now = "high", moment(t, "2026-03-02T04:20Z")
	r, _, err := b.Request(b.Party("GB-DAY"), f)
	if err != nil {
		t.Fatal(err)
	}
	if !r.AnswerBy.Accept.Equal(moment(t, "2026-03-02T13:00Z")) || !r.AnswerBy.Decide.Equal(moment(t, "2026-03-09T04:20Z")) || !r.ValidUntil.Equal(moment(t, "2026-03-05T04:20Z")) {
		t.Errorf("%+v, valid until %s", r.AnswerBy, r.ValidUntil)
	}
	if end, err := bookOf(t, policy.Self{ID: "DE-FIU", Kind: "fiu", Country: "DE"}, agreed("F", "fiu", "FR", "eu_amld6")).Period("F", "suspend_account", moment(t, "2026-03-30T08:00Z")); err != nil || !end.Equal(moment(t, "2026-04-08T08:00Z")) {
		t.Errorf("5 working days of Germany over Easter: %s %v", end, err)
	}
	if _, err := b.Period("GB-24", "hold_amount", f.Now); err == nil {
		t.Error("a period that nobody agreed on")
	}
}
