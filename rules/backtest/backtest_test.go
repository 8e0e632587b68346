package backtest_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/backtest"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
)

// at returns a time of the first days of March 2026, Unix ms.
func at(day, hour int) int64 {
	return time.Date(2026, 3, 1+day, hour, 0, 0, 0, time.UTC).UnixMilli()
}

func alerting() lang.Outcome { return lang.Outcome{Alert: &lang.Alert{}} }

// rules are two that alert and one that only records.
func rules() []*lang.Rule {
	return []*lang.Rule{
		{ID: "r1", Version: 2, Status: lang.Live, Title: "one", Budget: 1, Outcome: alerting()},
		{ID: "r2", Version: 1, Status: lang.Draft, Title: "two", Cases: []lang.Case{{Name: "ask", Outcome: alerting()}}},
		{ID: "r3", Version: 1, Status: lang.Shadow, Title: "three", Cases: []lang.Case{{Name: "note"}}},
	}
}

func subject(account, country string) hit.Subject {
	return hit.Subject{UID: "upi::" + account, Account: account, Country: country}
}

func pay(key, amount, currency string, reported int64) hit.Payment {
	p := hit.Payment{Key: key, ReportedAt: reported, ExecutedAt: reported}
	if amount != "" {
		d, err := decimal.Parse([]byte(amount))
		if err != nil {
			panic(err)
		}
		p.Amount = &hit.Money{Amount: d, Currency: currency}
	}
	return p
}

// on returns the hit of a rule on a report.
func on(rule, report string, when int64, alerts ...hit.Alert) *hit.Hit {
	h := &hit.Hit{Rule: rule, Reporter: "X", ReportID: report, Kind: "bank.transfer", OccurredAt: when, Ask: []string{"hold_amount"}, Alerts: alerts}
	switch rule {
	case "r2":
		h.Case = "ask"
	case "r3":
		h.Case = "note"
	}
	return h
}

func about(s hit.Subject, payments ...hit.Payment) hit.Alert {
	return hit.Alert{Subject: s, Payments: payments}
}

// sample is what TestMeasures explains hit by hit.
func sample() []*hit.Hit {
	s1, s2 := subject("S1", "GB"), subject("S2", "GB")
	excepted := on("r1", "8", at(1, 5))
	excepted.Excepted = true
	old := on("r1", "9", at(1, 6), about(s2, pay("P9", "9", "GBP", 1)))
	old.Revision = 7
	return []*hit.Hit{
		on("r1", "1", at(0, 0), about(s1, pay("P1", "100", "GBP", at(0, 0)))), // opens S1's first alert
		on("r2", "1", at(0, 0), about(s1, pay("P1", "100", "GBP", at(0, 0)))), // is in it
		on("r1", "2", at(0, 2), about(s2, pay("P2", "50", "GBP", at(0, 2)))),  // opens S2's: two on a day, budget 1
		on("r1", "3", at(1, 0), about(s1, pay("P3", "25.5", "EUR", at(1, 0)))),
		on("r1", "4", at(3, 1), about(s1, pay("P4", "1", "GBP", at(3, 1)))),   // 73 hours later: the next
		on("r1", "5", at(3, 2), about(s1, pay("P1", "90", "GBP", at(3, 2)))),  // brings nothing new: the first; says less money, later
		on("r2", "6", at(3, 3), about(subject("S3", ""), pay("", "", "", 5))), // nobody can be asked
		on("r3", "7", at(4, 0)),
		excepted,
		old,
		on("r1", "1", at(0, 0), about(s1, pay("P1", "100", "GBP", at(0, 0)))), // told again
	}
}

// stands refuses the one hit on a version that is not the latest.
func stands(_, id string, v hit.Version) bool { return id != "9" || v.Revision == 0 }

func standing(o backtest.Options, hits ...*hit.Hit) *backtest.Standing {
	c := backtest.NewCollector(rules(), o)
	for _, h := range hits {
		c.Take(h)
	}
	return c.Standing(stands)
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestMeasures(t *testing.T) {
	span := backtest.NewSpan(at(0, 0), at(4, 0))
	if span.Days != 5 || span.From != "2026-03-01" || span.To != "2026-03-05" || span.Date(1) != "2026-03-02" {
		t.Fatalf("span %+v", span)
	}
	got := standing(backtest.Options{}, sample()...).Measure("rules", "digest", span, []uint64{3, 0, 0})
	for i, want := range []string{
		`{"rule":"r1","version":2,"status":"live","title":"one","budget":1,"hits":5,"excepted":1,"cut":0,"errors":3,"reports":5,` +
			`"alerts":3,"alerts_alone":2,"subjects":2,"amounts":[{"currency":"EUR","amount":"25.50","payments":1},{"currency":"GBP","amount":"141.00","payments":3}],` +
			`"load":[{"party":"GB","alerts":3,"p50":0,"p95":2,"max":2,"days_over_budget":1}],"alerts_by_day":[2,0,0,1,0]}`,
		`{"rule":"r2","version":1,"status":"draft","title":"two","hits":2,"excepted":0,"cut":0,"errors":0,"reports":2,"cases":{"ask":2},` +
			`"alerts":2,"alerts_alone":1,"subjects":2,"amounts":[{"currency":"GBP","amount":"100.00","payments":1}],` +
			`"load":[{"party":"-","alerts":1,"p50":0,"p95":1,"max":1,"days_over_budget":0},{"party":"GB","alerts":1,"p50":0,"p95":1,"max":1,"days_over_budget":0},{"party":"","alerts":2,"p50":0,"p95":1,"max":1,"days_over_budget":0}],"alerts_by_day":[1,0,0,1,0]}`,
		`{"rule":"r3","version":1,"status":"shadow","title":"three","hits":1,"excepted":0,"cut":0,"errors":0,"reports":1,"cases":{"note":1},` +
			`"alerts":0,"alerts_alone":0,"subjects":0,"amounts":[],"load":[],"alerts_by_day":[0,0,0,0,0]}`,
	} {
		if text := asJSON(got.Rules[i]); text != want {
			t.Errorf("rule %d\n%s\nwant\n%s", i+1, text, want)
		}
	}
	if want := `{"hits":8,"excepted":1,"cut":0,"errors":3,"reports":7,"alerts":4,"alerts_alone":3,"subjects":3,` +
		`"amounts":[{"currency":"EUR","amount":"25.50","payments":1},{"currency":"GBP","amount":"141.00","payments":3}],` +
		`"load":[{"party":"-","alerts":1,"p50":0,"p95":1,"max":1,"days_over_budget":0},{"party":"GB","alerts":3,"p50":0,"p95":2,"max":2,"days_over_budget":0},{"party":"","alerts":4,"p50":0,"p95":2,"max":2,"days_over_budget":0}],"alerts_by_day":[2,0,0,2,0]}`; asJSON(got.Total) != want {
		t.Errorf("total\n%s\nwant\n%s", asJSON(got.Total), want)
	}
}

func TestOptions(t *testing.T) {
	span := backtest.NewSpan(at(0, 0), at(4, 0))
	asked := ""
	got := standing(backtest.Options{
		From: at(0, 1), To: at(3, 2), Episode: 100 * time.Hour,
		Party: func(s hit.Subject, ask []string) string {
			asked = strings.Join(ask, ",")
			return map[string]string{"S1": "fiu-gb"}[s.Account]
		},
	}, sample()...).Measure("", "", span, nil)
	// Reports 2, 3 and 4 are left; S1's are one alert now, and S2 has no party.
	if r := got.Rules[0]; r.Hits != 3 || r.Alerts != 2 || asJSON(r.Load) != `[{"party":"-","alerts":1,"p50":0,"p95":1,"max":1,"days_over_budget":0},{"party":"fiu-gb","alerts":1,"p50":0,"p95":1,"max":1,"days_over_budget":0},{"party":"","alerts":2,"p50":0,"p95":1,"max":1,"days_over_budget":0}]` {
		t.Errorf("%d hits, %d alerts, load %s", r.Hits, r.Alerts, asJSON(r.Load))
	}
	if asked != "hold_amount" {
		t.Errorf("asked for %q", asked)
	}
}

// TestPayments tells payments apart, and knows them again, by what they have.
func TestPayments(t *testing.T) {
	s := subject("S", "GB")
	one := func(change func(p *hit.Payment)) *hit.Hit {
		p := pay("", "10", "GBP", at(0, 0))
		p.Debtor = hit.Subject{BIC: "HWBAGB2LXXX", Account: "1", UID: "bban:HWBAGB2L:1"}
		change(&p)
		return on("r1", fmt.Sprint(p.Key, p.Refs, p.SettledOn, p.ExecutedAt, p.Debtor.UID, p.Debtor.BIC), at(0, 0), about(s, p))
	}
	for name, c := range map[string]struct {
		payments int
		hits     []*hit.Hit
	}{
		"nothing but accounts, amount and time": {1, []*hit.Hit{one(func(*hit.Payment) {}), one(func(p *hit.Payment) { p.ReportedAt = 5 })}},
		"another time":                          {2, []*hit.Hit{one(func(*hit.Payment) {}), one(func(p *hit.Payment) { p.ExecutedAt++ })}},
		"another debtor":                        {2, []*hit.Hit{one(func(*hit.Payment) {}), one(func(p *hit.Payment) { p.Debtor.UID = "x" })}},
		"a chain of references": {1, []*hit.Hit{
			one(func(p *hit.Payment) { p.Key, p.Refs.UETR = "k", "u" }),
			one(func(p *hit.Payment) { p.Refs.UTR = "9" }),
			one(func(p *hit.Payment) { p.Refs.UETR, p.Refs.UTR = "u", "9" }),
		}},
		"one transaction id on two days":      {2, []*hit.Hit{one(func(p *hit.Payment) { p.Refs.TransactionID = "7" }), one(func(p *hit.Payment) { p.Refs.TransactionID, p.SettledOn = "7", "2026-03-09" })}},
		"one rrn at two banks":                {2, []*hit.Hit{one(func(p *hit.Payment) { p.Refs.RRN = "7" }), one(func(p *hit.Payment) { p.Refs.RRN, p.Debtor.BIC = "7", "HWBBGB2L" })}},
		"one end-to-end id, branches of bank": {1, []*hit.Hit{one(func(p *hit.Payment) { p.Refs.EndToEndID = "7" }), one(func(p *hit.Payment) { p.Refs.EndToEndID, p.Debtor.BIC = "7", "HWBAGB2L" })}},
	} {
		got := standing(backtest.Options{}, c.hits...).Measure("", "", backtest.NewSpan(at(0, 0), at(0, 1)), nil)
		if a := got.Total.Amounts; len(a) != 1 || a[0].Payments != c.payments || a[0].Amount.String() != fmt.Sprintf("%d.00", 10*c.payments) {
			t.Errorf("%s: %+v, want %d payments", name, a, c.payments)
		}
	}
}

// TestOrder holds that nothing depends on the order or repetition of hits, and that
// the measures agree with one another.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var hits []*hit.Hit
		for i := range rapid.IntRange(0, 40).Draw(t, "hits") {
			s := subject(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "account"), rapid.SampledFrom([]string{"GB", "AE", ""}).Draw(t, "country"))
			var payments []hit.Payment
			for range rapid.IntRange(0, 2).Draw(t, "payments") {
				p := pay(rapid.SampledFrom([]string{"", "k1", "k2", "k3"}).Draw(t, "key"), rapid.SampledFrom([]string{"", "1", "2.5"}).Draw(t, "amount"), "GBP", int64(i))
				p.Refs.UTR = rapid.SampledFrom([]string{"", "u1", "u2"}).Draw(t, "utr")
				payments = append(payments, p)
			}
			hits = append(hits, on(rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "rule"), fmt.Sprint(i), at(rapid.IntRange(0, 9).Draw(t, "day"), 0), about(s, payments...)))
		}
		span := backtest.NewSpan(at(0, 0), at(9, 0))
		want := standing(backtest.Options{}, hits...).Measure("", "", span, nil)
		rng := rand.New(rand.NewPCG(1, uint64(len(hits))))
		again := append(slices.Clone(hits), hits[:len(hits)/2]...)
		rng.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		if got := standing(backtest.Options{}, again...).Measure("", "", span, nil); asJSON(got) != asJSON(want) {
			t.Fatalf("shuffled\n%s\nwant\n%s", asJSON(got), asJSON(want))
		}
		hitsOf, most := 0, 0
		for _, r := range append(want.Rules, want.Total) {
			sum, load := 0, 0
			for _, n := range r.Days {
				sum += n
			}
			for _, l := range r.Load {
				if l.Party != "" {
					load += l.Alerts
				}
				if l.P50 > l.P95 || l.P95 > l.Max {
					t.Fatalf("percentiles %+v", l)
				}
			}
			if sum != r.Alerts || load != r.Alerts || r.Alone > r.Alerts || r.Alerts > r.Hits {
				t.Fatalf("%d alerts, %d by day, %d by party, %d alone, %d hits", r.Alerts, sum, load, r.Alone, r.Hits)
			}
			if r.ID != "" {
				hitsOf, most = hitsOf+r.Hits, max(most, r.Alerts)
			}
		}
		if hitsOf != want.Total.Hits || most > want.Total.Alerts {
			t.Fatalf("%d hits of rules, %d in all; %d alerts of a rule, %d in all", hitsOf, want.Total.Hits, most, want.Total.Alerts)
		}
	})
}

// TestSpan bounds what is measured by days.
func TestSpan(t *testing.T) {
	if s := backtest.NewSpan(1, 0); s.Days != 0 {
		t.Errorf("span %+v", s)
	}
	if s := backtest.NewSpan(-1, 0); s.From != "1969-12-31" || s.Days != 2 {
		t.Errorf("span %+v", s)
	}
	far := backtest.NewSpan(0, at(0, 0)*10)
	got := standing(backtest.Options{}, sample()...).Measure("", "", far, nil)
	if len(got.Total.Days) != 0 || got.Total.Alerts != 4 {
		t.Errorf("%d days, %d alerts", len(got.Total.Days), got.Total.Alerts)
	}
}

// observe shows reports to labels.
func observe(t *testing.T, l *backtest.Labels, reports ...string) {
	t.Helper()
	s := event.Default()
	recs := &event.Records{Topic: "t"}
	for i, r := range reports {
		recs.Offsets, recs.Times, recs.Values = append(recs.Offsets, int64(i)), append(recs.Times, event.AsOccurred), append(recs.Values, []byte(r))
	}
	b, dead := jsoncodec.New(codec.Options{Schema: s, Project: s.Projection(l.Columns()...)}).Decode(recs)
	if len(dead) > 0 {
		t.Fatal(dead[0].Message)
	}
	l.Observe(b)
	b.Release()
}

func report(id, utr, creditor string) string {
	return fmt.Sprintf(`{"report_id":%q,"reporter":"X","kind":"bank.transfer","occurred_at":"2026-03-01T00:00:00Z","payment":{"utr":%q},"debtor":{"bic":"HWBAGB2L"},"creditor":{"scheme":"upi","account":%q}}`, id, utr, creditor)
}

func TestLabels(t *testing.T) {
	hour := int64(3_600_000)
	for name, c := range map[string]struct {
		labels string
		strict bool
		rule   int // whose quality is compared; -1 = of all
		want   string
	}{
		// r1 hits reports 1 to 5; 1 an hour and 4 two hours after the fraud began, 5 before; 6 is r2's.
		"reports": {"reporter,report_id,label,since\nX,1,fraud,2026-02-28T23:00:00Z\nX,4,fraud,2026-03-03T23:00:00Z\nX,5,fraud,2027-01-01T00:00:00Z\nX,2,not,\nX,6,fraud,\nX,10,not,\nX,99,fraud,\n", false, 0,
			fmt.Sprintf(`{"by":"report","fraud":4,"not_fraud":2,"absent":1,"found":3,"wrong":1,"unlabelled":1,"precision":0.75,"recall":0.75,"f1":0.75,"timed":3,"time_to_detection_p50_ms":%d,"time_to_detection_p95_ms":%d}`, hour, 2*hour)},
		"no label is not fraud": {"reporter,report_id,label\nX,1,fraud\nX,10,fraud\n", true, 0,
			`{"by":"report","fraud":2,"not_fraud":0,"absent":0,"found":1,"wrong":0,"unlabelled":4,"precision":0.2,"recall":0.5,"f1":0.2857142857142857,"timed":0,"time_to_detection_p50_ms":null,"time_to_detection_p95_ms":null}`},
		"a rule without alerts, by reports": {"reporter,report_id,label\nX,7,fraud\nX,1,not\n", false, 2,
			`{"by":"report","fraud":1,"not_fraud":1,"absent":0,"found":1,"wrong":0,"unlabelled":0,"precision":1,"recall":1,"f1":1,"timed":0,"time_to_detection_p50_ms":null,"time_to_detection_p95_ms":null}`},
		"a rule without alerts, by accounts": {"account,label\nS1,fraud\n", false, 2, `null`},
		"accounts by number and uid": {"\ufeffaccount,label,since\nS 1,fraud,2026-02-27T00:00:00Z\nupi::S2,not,\nS4,fraud,\nS5,fraud,\n", false, -1,
			fmt.Sprintf(`{"by":"account","fraud":2,"not_fraud":1,"absent":1,"found":1,"wrong":1,"unlabelled":1,"precision":0.5,"recall":0.5,"f1":0.5,"timed":1,"time_to_detection_p50_ms":%d,"time_to_detection_p95_ms":%d}`, 48*hour, 48*hour)},
		"nothing found is labelled": {"account,label\nS4,not\n", false, 0,
			`{"by":"account","fraud":0,"not_fraud":1,"absent":0,"found":0,"wrong":0,"unlabelled":2,"precision":null,"recall":null,"f1":null,"timed":0,"time_to_detection_p50_ms":null,"time_to_detection_p95_ms":null}`},
		"payments": {"payment,label\nHWBAGB2L:utr:P1,fraud\nHWBAGB2L:utr:P2,not\nHWBAGB2L:utr:P4,fraud\n", false, 0,
			`{"by":"payment","fraud":2,"not_fraud":1,"absent":0,"found":1,"wrong":1,"unlabelled":1,"precision":0.5,"recall":0.5,"f1":0.5,"timed":0,"time_to_detection_p50_ms":null,"time_to_detection_p95_ms":null}`},
	} {
		l, err := backtest.ReadLabels(strings.NewReader(c.labels))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var reports []string
		for i := range 10 {
			reports = append(reports, report(fmt.Sprint(i+1), fmt.Sprint("P", i+1), fmt.Sprint("S", i%4+1)))
		}
		observe(t, l, reports...)
		hits := sample()
		if l.By == backtest.ByPayment {
			hits = []*hit.Hit{
				on("r1", "1", at(0, 0), about(subject("S1", "GB"), pay("HWBAGB2L:utr:P1", "1", "GBP", 1), pay("HWBAGB2L:utr:P2", "1", "GBP", 1), pay("HWBAGB2L:utr:P3", "1", "GBP", 1), pay("", "1", "GBP", 1))),
			}
		}
		got := standing(backtest.Options{Labels: l, Unlabelled: c.strict}, hits...).Measure("", "", backtest.NewSpan(at(0, 0), at(4, 0)), nil)
		q := got.Total.Quality
		if c.rule >= 0 {
			q = got.Rules[c.rule].Quality
		}
		if asJSON(q) != c.want {
			t.Errorf("%s\n%s\nwant\n%s", name, asJSON(q), c.want)
		}
	}
}

func TestWrongLabels(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "header",
		"account\nx\n":                         "no column label",
		"label\nfraud\n":                       "it needs label and one of",
		"account,payment,label\na,b,fraud\n":   "it needs label and one of",
		"reporter,label\na,fraud\n":            "it needs label and one of",
		"account,label\n,fraud\n":              "line 2: the name is empty",
		"account,label\na,fraud\nb,maybe\n":    `line 3: label "maybe" is neither`,
		"account,label\na,fraud\na,not\n":      "line 3: a is labelled twice",
		"account,label\na,fraud,more\n":        "wrong number of fields",
		"account,label,since\na,fraud,today\n": `line 2: since "today" is no RFC 3339 time`,
		"account,label\n" + strings.Repeat("a", 1<<17) + ",fraud\n": "more than 65536 bytes",
	} {
		if _, err := backtest.ReadLabels(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
	if l, err := backtest.ReadLabels(strings.NewReader("account,label\na,fraud\na,fraud\n")); err != nil || l.By != backtest.ByAccount {
		t.Errorf("a label told twice: %v", err)
	}
}

func TestDifference(t *testing.T) {
	excepted := on("r1", "9", at(0, 0))
	excepted.Excepted = true
	raised := on("r2", "1", at(0, 0))
	raised.Case = "freeze"
	a := standing(backtest.Options{}, on("r1", "1", at(0, 0)), on("r1", "2", at(0, 1)), on("r2", "1", at(0, 0)), on("r2", "4", at(0, 4)), excepted)
	b := standing(backtest.Options{}, on("r1", "1", at(0, 0)), on("r1", "3", at(0, 2)), on("r1", "5", at(0, 5)), raised, on("r2", "2", at(0, 1)))
	d := backtest.Compare(a, b, 4)
	want := `{"same":1,"only_a":2,"only_b":3,"other_case":1,"reports":{"both":2,"only_a":1,"only_b":2},` +
		`"rules":[{"rule":"r1","same":1,"only_a":1,"only_b":2,"other_case":0},{"rule":"r2","same":0,"only_a":1,"only_b":1,"other_case":1}],"list":[` +
		`{"what":"other_case","rule":"r2","reporter":"X","report_id":"1","kind":"bank.transfer","occurred_at":"2026-03-01T00:00:00.000Z","case_a":"ask","case_b":"freeze"},` +
		`{"what":"only_a","rule":"r1","reporter":"X","report_id":"2","kind":"bank.transfer","occurred_at":"2026-03-01T01:00:00.000Z","case_a":"","case_b":null},` +
		`{"what":"only_b","rule":"r2","reporter":"X","report_id":"2","kind":"bank.transfer","occurred_at":"2026-03-01T01:00:00.000Z","case_a":null,"case_b":"ask"},` +
		`{"what":"only_b","rule":"r1","reporter":"X","report_id":"3","kind":"bank.transfer","occurred_at":"2026-03-01T02:00:00.000Z","case_a":null,"case_b":""}],"more":2}`
	if asJSON(d) != want {
		t.Errorf("%s\nwant\n%s", asJSON(d), want)
	}
	if d := backtest.Compare(a, a, 10); d.Same != 4 || len(d.List)+len(d.Rules)+d.More > 0 {
		t.Errorf("a set and itself: %s", asJSON(d))
	}
}

// TestCompareAnything compares random sets with what maps say of them.
func TestCompareAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) map[string]*hit.Hit {
			out := map[string]*hit.Hit{}
			for range rapid.IntRange(0, 20).Draw(t, name) {
				n := rapid.IntRange(0, 9).Draw(t, "report")
				h := on(rapid.SampledFrom([]string{"r1", "r2", "r3"}).Draw(t, "rule"), fmt.Sprint(n), at(0, n/2))
				h.Case = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "case")
				out[h.Rule+"/"+h.ReportID] = h
			}
			return out
		}
		a, b := draw("a"), draw("b")
		collect := func(m map[string]*hit.Hit) *backtest.Standing {
			var all []*hit.Hit
			for _, h := range m {
				all = append(all, h)
			}
			return standing(backtest.Options{}, all...)
		}
		same, onlyA, onlyB, other := 0, 0, 0, 0
		for k, h := range a {
			switch o, ok := b[k]; {
			case !ok:
				onlyA++
			case o.Case != h.Case:
				other++
			default:
				same++
			}
		}
		for k := range b {
			if _, ok := a[k]; !ok {
				onlyB++
			}
		}
		d := backtest.Compare(collect(a), collect(b), 5)
		if d.Same != same || d.OnlyA != onlyA || d.OnlyB != onlyB || d.Other != other || len(d.List)+d.More != onlyA+onlyB+other || len(d.List) > 5 {
			t.Fatalf("%s, want %d same, %d only a, %d only b, %d other", asJSON(d), same, onlyA, onlyB, other)
		}
	})
}
