package world

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/haltwire/haltwire/benchmarks/generator"
)

// coldFor is how long after the first report the rules that fire on absence are
// left in peace: their windows of 5 s have covered their past then, whatever a
// process remembers.
const coldFor = 12 * time.Second

// stories are what the rules with windows tell of: reports that belong together,
// said in any order, up to hours after they occurred, each by any partition of its
// topic, some twice, some corrected so that they do not belong together any more.
type stories struct {
	must     func(error)
	rng      *rand.Rand
	began    time.Time // of the traffic
	n        int       // of ids
	due      []told
	accounts map[string]bool // abroad, that a story is about
}

// told is a report and when it is said.
type told struct {
	at time.Time
	r  generator.Report
}

// begin starts a story.
func (s *stories) begin(now time.Time) {
	switch s.rng.IntN(6) {
	case 0, 1:
		s.swap(now)
	case 2, 3:
		s.crowd(now)
	case 4:
		s.absence(now)
	default:
		s.retries(now)
	}
}

// take returns what is due, all of it when now is zero.
func (s *stories) take(now time.Time) []generator.Report {
	var out []generator.Report
	s.due = slices.DeleteFunc(s.due, func(t told) bool {
		if !now.IsZero() && t.at.After(now) {
			return false
		}
		out = append(out, t.r)
		return true
	})
	return out
}

// say has a report said after a lag, and now and then once more. Its key is any, so
// that versions and repetitions come by different partitions.
func (s *stories) say(now time.Time, lag time.Duration, topic string, fields map[string]any) {
	revision := fields["revision"]
	delete(fields, "revision")
	value, err := json.Marshal(fields)
	s.must(err)
	if revision != nil { // it stands first, where Make looks for it
		value = append(fmt.Appendf(nil, `{"revision":%v,`, revision), value[1:]...)
	}
	for n := 1 + s.rng.IntN(8)/7; n > 0; n-- {
		r := generator.Report{Topic: topic, Key: strconv.Itoa(s.rng.IntN(1 << 20)), Value: bytes.Clone(value)}
		s.due = append(s.due, told{now.Add(lag), r})
		lag += time.Duration(s.rng.IntN(2000)) * time.Millisecond
	}
}

// lag is how late a report of a story is said: at once, or within seconds.
func (s *stories) lag() time.Duration {
	switch s.rng.IntN(4) {
	case 0, 1:
		return 0
	case 2:
		return s.upTo(300 * time.Millisecond)
	}
	return s.upTo(4 * time.Second)
}

// ago is how long ago a story occurred: now, minutes or hours.
func (s *stories) ago() time.Duration {
	switch s.rng.IntN(4) {
	case 0, 1:
		return 0
	case 2:
		return s.upTo(50 * time.Minute)
	}
	return s.upTo(6 * time.Hour)
}

func (s *stories) upTo(d time.Duration) time.Duration {
	return time.Duration(s.rng.Int64N(int64(d))).Truncate(time.Millisecond)
}

// swap tells of a SIM that is swapped, mostly before a payment.
func (s *stories) swap(now time.Time) {
	at := now.Add(-s.ago())
	phone := s.phone()
	swap := s.report("telecom.sim_swap", "HWT-IN-1", at.Add(-s.upTo(10*time.Minute)))
	if s.rng.IntN(6) == 0 {
		swap["occurred_at"] = text(at.Add(time.Millisecond))
	}
	swap["subscriber"] = map[string]any{"phone": phone, "country": "IN"}
	s.say(now, s.lag(), telecomTopic, swap)
	for range 1 + s.rng.IntN(2) {
		s.say(now, s.lag(), bankTopic, s.pay(at, s.id(), phone, s.abroad()))
	}
	if s.rng.IntN(3) == 0 { // it was another phone; or it was not
		swap["revision"], swap["subscriber"] = 5, map[string]any{"phone": s.phone(), "country": "IN"}
		s.say(now, 2*s.lag(), telecomTopic, swap)
		if s.rng.IntN(2) == 0 {
			swap["revision"], swap["subscriber"] = 6, map[string]any{"phone": phone, "country": "IN"}
			s.say(now, 3*s.lag(), telecomTopic, swap)
		}
	}
}

// crowd tells of people who pay one account.
func (s *stories) crowd(now time.Time) {
	at, to := now.Add(-s.ago()), s.abroad()
	for range 2 + s.rng.IntN(6) {
		payer := s.id()
		when := at.Add(-s.upTo(70 * time.Minute))
		pay := s.pay(when, payer, "", to)
		s.say(now, s.lag(), bankTopic, pay)
		if s.rng.IntN(6) == 0 { // it went elsewhere
			pay["revision"], pay["creditor"] = 5, creditor(s.abroad())
			s.say(now, 2*s.lag(), bankTopic, pay)
		}
	}
}

// absence tells of a payment without a login, or with one that comes before, within
// the time that the rule settles, or after.
func (s *stories) absence(now time.Time) {
	at := now
	switch {
	case s.rng.IntN(8) == 0:
		at = now.Add(-3*time.Hour - s.upTo(time.Hour)) // of which nobody knows the past
	case now.Before(s.began.Add(coldFor)):
		return
	}
	payer := s.id()
	pay := s.pay(at, payer, "", s.abroad())
	pay["category"] = "unattended"
	s.say(now, s.lag(), bankTopic, pay)
	if s.rng.IntN(3) > 0 {
		login := s.report("bank.login", "HWBIINBB", at.Add(-s.upTo(4*time.Second)))
		login["debtor"] = debtor(payer, "")
		s.say(now, s.lag(), bankTopic, login)
	}
}

// retries tells of payments of one account, most of them refused, or few.
func (s *stories) retries(now time.Time) {
	if now.Before(s.began.Add(coldFor)) {
		return
	}
	payer, refused := s.id(), 1+s.rng.IntN(3)
	for range 4 + s.rng.IntN(4) {
		pay := s.pay(now.Add(-s.upTo(3*time.Second)), payer, "", s.abroad())
		pay["category"] = "retry"
		if s.rng.IntN(4) < refused {
			pay["status"] = "refused"
		}
		s.say(now, s.lag(), bankTopic, pay)
	}
}

func (s *stories) id() int {
	s.n++
	return s.n
}

func (s *stories) phone() string { return fmt.Sprintf("+9100%08d", s.id()) }

func (s *stories) report(kind, reporter string, at time.Time) map[string]any {
	return map[string]any{"report_id": fmt.Sprintf("W-%d", s.id()), "reporter": reporter, "kind": kind, "occurred_at": text(at)}
}

// pay returns a payment from an account at home to one abroad.
func (s *stories) pay(at time.Time, payer int, phone, to string) map[string]any {
	r := s.report("bank.transfer", "HWBIINBB", at)
	r["status"], r["rail"], r["amount"], r["currency"] = "settled", "swift", fmt.Sprintf("%d.00", 100+s.rng.IntN(1000)), "INR"
	r["settled_amount"], r["settled_currency"] = "9.00", "GBP"
	r["payment"] = map[string]any{"end_to_end_id": fmt.Sprintf("WE-%d", s.id())}
	r["debtor"], r["creditor"] = debtor(payer, phone), creditor(to)
	return r
}

// abroad returns a new account in the United Kingdom.
func (s *stories) abroad() string {
	iban := IBAN("GB", fmt.Sprintf("HWBA000000%08d", 90_000_000+s.id()))
	s.accounts[iban] = true
	return iban
}

func debtor(n int, phone string) map[string]any {
	d := map[string]any{"account": fmt.Sprintf("9%011d", n), "scheme": "bban", "bic": "HWBIINBB", "clearing_system": "INFSC", "clearing_id": "HWBI0000001"}
	if phone != "" {
		d["phone"] = phone
	}
	return d
}

func creditor(iban string) map[string]any {
	return map[string]any{"account": iban, "scheme": "iban", "bic": "HWBAGB2L", "name": "HOLDER"}
}

func text(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
