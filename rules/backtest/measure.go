package backtest

import (
	"maps"
	"slices"
)

// Set is what was measured of one set of rules.
type Set struct {
	Name   string `json:"name"`   // as the user called it
	Digest string `json:"digest"` // of the set, hex SHA-256
	Rules  []Rule `json:"rules"`  // by id
	Total  Rule   `json:"total"`  // over all rules
}

// Rule is what was measured of one rule. Of a set's total the names are empty and
// alerts count once, however many rules they have.
type Rule struct {
	ID      string `json:"rule,omitempty"`
	Version uint32 `json:"version,omitempty"`
	Status  string `json:"status,omitempty"`
	Title   string `json:"title,omitempty"`
	Budget  int    `json:"budget,omitempty"` // alerts a day, 0 = not said

	Hits     int            `json:"hits"`     // that stand, without excepted ones
	Excepted int            `json:"excepted"` //
	Cut      int            `json:"cut"`      // hits whose window was full, or that are about more than 50 reports
	Errors   uint64         `json:"errors"`   // reports on which evaluating met a run-time error
	Reports  int            `json:"reports"`  // distinct ones with a hit
	Cases    map[string]int `json:"cases,omitempty"`

	Alerts   int      `json:"alerts"`
	Alone    int      `json:"alerts_alone"` // that no other rule has a hit in; of a total: that one rule has
	Subjects int      `json:"subjects"`     // distinct
	Amounts  []Amount `json:"amounts"`      // over distinct payments, by currency
	Load     []Load   `json:"load"`         // by party, and over all of them where there are several
	Days     []int    `json:"alerts_by_day"`

	Quality *Quality `json:"quality,omitempty"` // with labels, where the rule can be measured by them
}

// Amount is the money in the alerts of a rule in one currency.
type Amount struct {
	Currency string `json:"currency"`
	Amount   Sum    `json:"amount"`
	Payments int    `json:"payments"`
}

// Load is the alerts a day for one party.
type Load struct {
	Party    string `json:"party"` // "" = all
	Alerts   int    `json:"alerts"`
	P50      int    `json:"p50"`
	P95      int    `json:"p95"`
	Max      int    `json:"max"`
	OverDays int    `json:"days_over_budget"`
}

// Span is the days that are measured: all from the first report to the last.
type Span struct {
	From string `json:"from"` // date of the first day, "" = none
	To   string `json:"to"`   // of the last
	Days int    `json:"days"`

	first int64
}

// NewSpan returns the days from one time to another, Unix ms, both in it; the zero
// Span when first is behind last.
func NewSpan(first, last int64) Span {
	if first > last {
		return Span{}
	}
	a, b := day(first), day(last)
	return Span{From: dayName(a), To: dayName(b), Days: int(b - a + 1), first: a}
}

// Date returns the date of day i of the span.
func (s Span) Date(i int) string { return dayName(s.first + int64(i)) }

// MaxDays is how many days are measured apart at the most: thirty years. The load of
// a longer span says nothing about a day.
const MaxDays = 11_000

// tally gathers what is counted of a rule, or of all.
type tally struct {
	rule     *Rule
	reports  map[report]bool
	subjects map[int32]bool
	money    money
	byDay    map[string][]int // party → alerts a day
}

type report struct {
	reporter int32
	id       string
}

func newTally(r *Rule, span Span) *tally {
	r.Cases, r.Amounts, r.Load, r.Days = map[string]int{}, []Amount{}, []Load{}, make([]int, span.Days)
	return &tally{rule: r, reports: map[report]bool{}, subjects: map[int32]bool{}, money: money{}, byDay: map[string][]int{}}
}

// Measure measures the standing hits. name and digest are of the set; errors, by rule
// as the collector has them, may be nil.
func (s *Standing) Measure(name, digest string, span Span, errors []uint64) Set {
	if span.Days > MaxDays {
		span.Days = 0
	}
	out := Set{Name: name, Digest: digest, Rules: make([]Rule, len(s.rules))}
	total := newTally(&out.Total, span)
	tallies := make([]*tally, len(s.rules))
	for i, r := range s.rules {
		out.Rules[i] = Rule{ID: r.ID, Version: r.Version, Status: string(r.Status), Title: r.Title, Budget: r.Budget}
		tallies[i] = newTally(&out.Rules[i], span)
		if i < len(errors) {
			out.Rules[i].Errors = errors[i]
			out.Total.Errors += errors[i]
		}
	}
	for i := range s.strikes {
		h := &s.strikes[i]
		tallies[h.rule].hit(s, h)
		total.hit(s, h)
	}
	for _, a := range s.join() {
		for rule, at := range a.rules {
			tallies[rule].alert(s, a, at, span)
		}
		total.alert(s, a, a.opened, span)
	}
	for _, t := range append(tallies, total) {
		t.finish()
	}
	s.judgeQuality(&out)
	return out
}

// hit counts a hit.
func (t *tally) hit(s *Standing, h *strike) {
	if h.excepted {
		t.rule.Excepted++
		return
	}
	t.rule.Hits++
	t.reports[report{h.reporter, h.report}] = true
	if h.cut {
		t.rule.Cut++
	}
	if name := s.texts.at(h.name); name != "" && t.rule.ID != "" {
		t.rule.Cases[name]++
	}
	for _, a := range h.announces {
		t.subjects[a.subject] = true
		for _, p := range a.paid {
			t.money.add(s.payments.root(p.payment), statement{p, s.texts.at(h.reporter), h.report})
		}
	}
}

// alert counts an alert on the day of a time.
func (t *tally) alert(s *Standing, a *alert, at int64, span Span) {
	t.rule.Alerts++
	if len(a.rules) == 1 {
		t.rule.Alone++
	}
	party := s.texts.at(a.party)
	days := t.byDay[party]
	if days == nil {
		days = make([]int, span.Days)
		t.byDay[party] = days
	}
	if i := day(at) - span.first; i >= 0 && i < int64(len(days)) {
		days[i]++
		t.rule.Days[i]++
	}
}

func (t *tally) finish() {
	t.rule.Reports, t.rule.Subjects, t.rule.Amounts = len(t.reports), len(t.subjects), t.money.amounts()
	for _, party := range slices.Sorted(maps.Keys(t.byDay)) {
		t.rule.Load = append(t.rule.Load, t.load(party, t.byDay[party]))
	}
	if len(t.byDay) > 1 {
		t.rule.Load = append(t.rule.Load, t.load("", t.rule.Days))
	}
}

func (t *tally) load(party string, days []int) Load {
	l := Load{Party: party}
	for _, n := range days {
		l.Alerts += n
		if t.rule.Budget > 0 && n > t.rule.Budget {
			l.OverDays++
		}
	}
	sorted := slices.Sorted(slices.Values(days))
	l.P50, l.P95, l.Max = rank(sorted, 50), rank(sorted, 95), rank(sorted, 100)
	return l
}

// rank returns the percentile p of sorted values by nearest rank, the zero value of
// none.
func rank[T any](sorted []T, p int) (out T) {
	if len(sorted) == 0 {
		return out
	}
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// Report is the result of a backtest.
type Report struct {
	Input      Input       `json:"input"`
	Span       Span        `json:"span"`
	A          Set         `json:"a"`
	B          *Set        `json:"b,omitempty"`
	Difference *Difference `json:"difference,omitempty"`
}

// Input is what became of the input.
type Input struct {
	Read     int `json:"read"`     // records or rows
	Accepted int `json:"accepted"` //
	Dead     int `json:"dead"`     // that could not be used
	Reports  int `json:"reports"`  // distinct ones, whatever their versions
}
