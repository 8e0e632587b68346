package desk

import (
	"slices"
	"sync"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Budgets are how many requests may go out in 24 hours of the log's clock before the
// next one waits for one more approval, by rule, party and account; 0 = no bound. A
// rule's own budget goes before that of all rules.
type Budgets struct {
	Rule    int `yaml:"rule"`
	Party   int `yaml:"party"`
	Subject int `yaml:"subject"`
	// Onward bounds, by party, the accounts that movements of money which the party tells
	// of are followed to by themselves. Above it they wait for an officer.
	Onward int `yaml:"onward"`
}

// budgetOver is the period of budgets.
const budgetOver = 24 * time.Hour

// spending counts the requests of the last period, as the log tells of them. What an
// owner is about to write counts at once, so that many proposals of one moment do not
// pass together; owners of other partitions see it when it is on the log.
type spending struct {
	mu       sync.Mutex
	sent     []spent // oldest first
	count    map[string]int
	latest   int64            // on the clock of the log
	reserved map[string]spent // by alert
	held     map[string]int   // count of what is reserved
	swept    int64            // when old reservations were last looked for
}

type spent struct {
	at   int64
	keys []string
}

func newSpending() *spending {
	return &spending{count: map[string]int{}, reserved: map[string]spent{}, held: map[string]int{}}
}

// budgetKeys names what a request of the alert is counted under.
func budgetKeys(key caselog.Key, a *apply.Alert) []string {
	_, party, subject := key.Split()
	keys := []string{"party/" + party, "subject/" + subject}
	seen := map[string]bool{}
	for _, h := range a.Hits {
		if !h.Gone && !seen[h.Rule] {
			seen[h.Rule] = true
			keys = append(keys, "rule/"+h.Rule)
		}
	}
	return keys
}

// spend counts a request that is on the log.
func (s *spending) spend(at int64, alert string, keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = max(s.latest, at)
	s.release(alert)
	s.sent = append(s.sent, spent{at, keys})
	for _, k := range keys {
		s.count[k]++
	}
	s.expire()
}

// expire forgets what is older than the period.
func (s *spending) expire() {
	from := s.latest - budgetOver.Milliseconds()
	for len(s.sent) > 0 && s.sent[0].at <= from {
		for _, k := range s.sent[0].keys {
			if s.count[k]--; s.count[k] <= 0 {
				delete(s.count, k)
			}
		}
		s.sent = s.sent[1:]
	}
	if s.latest-s.swept < sweepEvery.Milliseconds() {
		return
	}
	s.swept = s.latest
	for alert, r := range s.reserved {
		if r.at <= from {
			s.release(alert)
		}
	}
}

// sweepEvery is how often reservations are looked for that came to nothing for a whole
// period: a burst has thousands, and none that is old.
const sweepEvery = time.Minute

// reserve counts a request that is about to be written.
func (s *spending) reserve(alert string, r spent) {
	s.release(alert)
	s.reserved[alert] = r
	for _, k := range r.keys {
		s.held[k]++
	}
}

// release forgets what is reserved for an alert.
func (s *spending) release(alert string) {
	for _, k := range s.reserved[alert].keys {
		if s.held[k]--; s.held[k] <= 0 {
			delete(s.held, k)
		}
	}
	delete(s.reserved, alert)
}

// take reserves a request for the alert, or returns the budget that is used up.
func (s *spending) take(b Budgets, key caselog.Key, a *apply.Alert) *caselog.BudgetData {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = max(s.latest, a.At.Updated)
	s.expire()
	_, party, subject := key.Split()
	over := func(what, of, shown string, limit int) *caselog.BudgetData {
		n, used := s.over(a.ID, what+"/"+of, limit)
		if !used {
			return nil
		}
		return &caselog.BudgetData{AlertID: a.ID, What: what, Of: shown, Limit: limit, Count: n}
	}
	for _, h := range a.Hits {
		limit := b.Rule
		if h.Budget > 0 {
			limit = h.Budget
		}
		if x := over("rule", h.Rule, h.Rule, limit); x != nil && !h.Gone {
			return x
		}
	}
	if x := over("party", party, party, b.Party); x != nil {
		return x
	}
	if x := over("subject", subject, "", b.Subject); x != nil {
		return x
	}
	s.reserve(a.ID, spent{s.latest, budgetKeys(key, a)})
	return nil
}

// over counts what is spent under a key, but for what is reserved under name itself, and
// reports whether the limit is reached.
func (s *spending) over(name, key string, limit int) (n int, used bool) {
	n = s.count[key] + s.held[key]
	if slices.Contains(s.reserved[name].keys, key) { // what is its own
		n--
	}
	return n, limit > 0 && n >= limit
}

// counted sees every event of the log, and counts what budgets are about.
func (d *Desk) counted(r apply.Record, s *apply.Subject, v apply.Verdict) {
	d.countRequest(r, s, v)
	d.countOnward(r, s, v)
}

// countRequest counts a request that the log has frozen.
func (d *Desk) countRequest(r apply.Record, s *apply.Subject, v apply.Verdict) {
	a := s.Alert(v.AlertID)
	if r.Type != caselog.MessageQueued || !v.Applied || a == nil || a.Direction != caselog.Out || len(a.Parents) > 0 {
		return
	}
	if m := a.Messages[len(a.Messages)-1]; m.Type == freeze.TypeRequest {
		d.spending.spend(r.Appended, a.ID, budgetKeys(r.Key, a))
	}
}

// budgeted puts the word that a budget is used up in the place of a first request. An
// emergency and what inbound alerts need are people's answer to it already.
func (d *Desk) budgeted(s *apply.Subject, a *apply.Alert, drafts []intake.Draft) []intake.Draft {
	if over := d.onward(s, a, drafts); over != nil {
		return over
	}
	for _, x := range drafts {
		q, ok := x.Data.(*caselog.QueuedData)
		if !ok || q.Type != freeze.TypeRequest || a.Exceeded != nil || a.Emergency != "" || len(a.Parents) > 0 {
			continue
		}
		if over := d.spending.take(d.opt.Budgets, s.Key, a); over != nil {
			return []intake.Draft{{
				ID: hit.Text32("budget", a.ID, over.What, over.Of), Key: s.Key, Type: caselog.BudgetExceeded, Trace: a.Trace, Alerts: true, Data: over,
			}}
		}
	}
	return drafts
}
