package backtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
)

// Episode is how long an alert takes in further payments unless Options say: the
// validity of a request (FREEZE T6).
const Episode = 72 * time.Hour

// Nobody is the party of alerts that cannot be sent.
const Nobody = "-"

// Options are what measuring needs to know beside the hits.
type Options struct {
	Party      func(s hit.Subject, ask []string) string // "" = none; nil = the country of the account
	Episode    time.Duration                            // 0 = Episode
	From, To   int64                                    // hits of occurred_at in [From, To) are measured, Unix ms; 0 = all
	Labels     *Labels                                  // nil = nothing is known
	Unlabelled bool                                     // what has no label is not fraud
}

func (o Options) episode() int64 { return cmp.Or(o.Episode, Episode).Milliseconds() }

// within reports whether a time is measured.
func (o Options) within(ms int64) bool {
	return (o.From == 0 || ms >= o.From) && (o.To == 0 || ms < o.To)
}

// Collector keeps of the hits of one set of rules what measuring needs. One goroutine
// uses it.
type Collector struct {
	rules   []*lang.Rule
	at      map[string]int32
	options Options

	strikes  []strike
	texts    texts
	subjects texts
	payments unions
	accounts map[int32][]string // subject → the names that a label may have for it
}

// strike is a hit.
type strike struct {
	rule      int32
	name      int32 // of the case
	reporter  int32
	report    string
	kind      int32
	version   hit.Version
	at        int64
	excepted  bool
	cut       bool
	announces []announce
}

// announce is an alert of a hit.
type announce struct {
	subject, party int32
	paid           []paid
}

// paid is what a hit says of a payment.
type paid struct {
	payment  int32 // one of its references in unions
	key      int32 // payment.key in texts, 0 = none
	amount   *hit.Money
	reported int64
}

// NewCollector returns a collector of the hits of these rules.
func NewCollector(rules []*lang.Rule, o Options) *Collector {
	c := &Collector{rules: rules, at: map[string]int32{}, options: o, accounts: map[int32][]string{}}
	for i, r := range rules {
		c.at[r.ID] = int32(i)
	}
	c.texts.of("")
	return c
}

// Take keeps h, whether it will stand or not.
func (c *Collector) Take(h *hit.Hit) {
	rule, ok := c.at[h.Rule]
	if !ok || !c.options.within(h.OccurredAt) {
		return
	}
	s := strike{
		rule: rule, name: c.texts.of(h.Case), reporter: c.texts.of(h.Reporter), report: h.ReportID, kind: c.texts.of(h.Kind),
		version: h.ReportVersion(), at: h.OccurredAt, excepted: h.Excepted, cut: h.Cut,
	}
	for i := range h.Alerts {
		s.announces = append(s.announces, c.announce(h, &h.Alerts[i]))
	}
	c.strikes = append(c.strikes, s)
}

func (c *Collector) announce(h *hit.Hit, a *hit.Alert) announce {
	out := announce{subject: c.subjects.of(subjectOf(a.Subject)), paid: make([]paid, 0, len(a.Payments))}
	if _, known := c.accounts[out.subject]; !known {
		c.accounts[out.subject] = []string{a.Subject.UID, a.Subject.Account}
	}
	complete := true
	for i := range a.Payments {
		p := &a.Payments[i]
		complete = complete && p.Amount != nil
		out.paid = append(out.paid, paid{payment: c.payments.of(references(p, a.Subject)), key: c.texts.of(p.Key), amount: p.Amount, reported: p.ReportedAt})
	}
	party := a.Subject.Country
	if c.options.Party != nil {
		party = c.options.Party(a.Subject, h.Ask)
	}
	if party == "" || !complete {
		party = Nobody
	}
	out.party = c.texts.of(party)
	return out
}

// Standing is the hits of a set that stand, by (occurred_at, reporter, report_id,
// rule).
type Standing struct {
	*Collector
	strikes []strike
}

// Standing returns the hits whose report version stands, each once. Nothing can be
// taken afterwards.
func (c *Collector) Standing(stands func(reporter, id string, v hit.Version) bool) *Standing {
	all := slices.DeleteFunc(c.strikes, func(s strike) bool {
		return !stands(c.texts.at(s.reporter), s.report, s.version)
	})
	c.strikes = nil
	slices.SortStableFunc(all, c.compare)
	all = slices.CompactFunc(all, func(a, b strike) bool { return c.compare(a, b) == 0 })
	return &Standing{Collector: c, strikes: all}
}

func (c *Collector) compare(a, b strike) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(c.texts.at(a.reporter), c.texts.at(b.reporter)),
		cmp.Compare(a.report, b.report), cmp.Compare(c.rules[a.rule].ID, c.rules[b.rule].ID))
}

// day returns the number of the UTC day of a time.
func day(ms int64) int64 {
	const length = 86_400_000
	return (ms - ((ms%length)+length)%length) / length
}

// dayName returns the date of a day.
func dayName(n int64) string { return event.FormatTime(n * 86_400_000)[:10] }
