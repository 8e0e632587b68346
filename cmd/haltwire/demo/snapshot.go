package demo

import (
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// newest is how many alerts the table shows.
const newest = 12

// snapshot counts what the live view shows at now.
func (d *stage) snapshot(now time.Time) Snapshot {
	s := Snapshot{Elapsed: now.Sub(d.begin)}
	if d.o.For > 0 {
		s.Left = max(0, d.o.For-s.Elapsed)
	}
	var times []time.Duration
	for _, c := range d.countries {
		n := c.app.Counts()
		v := CountryView{Code: c.code, Reports: n.Reports, Dead: n.Dead, Hits: n.Hits - min(n.Hits, n.Overturned), Out: map[string]int{}, In: map[string]int{}}
		if since := now.Sub(d.looked).Seconds(); since > 0 {
			v.Rate = float64(n.Reports-c.lastCount) / since
		}
		c.lastCount = n.Reports
		for _, a := range c.border() {
			if a.Direction == "in" {
				v.In[a.State]++
				continue
			}
			v.Out[a.State]++
			s.Last = append(s.Last, c.line(a))
		}
		s.Countries = append(s.Countries, v)
		times = append(times, c.receipts()...)
	}
	d.looked = now
	slices.Sort(times)
	s.P50, s.P99, s.Receipts = quantile(times, .5), quantile(times, .99), len(times)
	slices.SortFunc(s.Last, func(a, b AlertLine) int { return b.Opened.Compare(a.Opened) })
	s.Last = s.Last[:min(len(s.Last), newest)]
	return s
}

func (c *country) line(a desk.View) AlertLine {
	l := AlertLine{Opened: time.UnixMilli(a.At.Opened), From: c.code, To: strings.TrimSuffix(a.Party, "-FIU"), State: a.State, Rule: strings.Join(a.Rules, ", ")}
	for _, t := range a.Totals {
		l.Amount = money(t.Disputed, t.Currency)
	}
	for _, m := range a.Amounts {
		l.Held = money(m.Held, m.Currency)
	}
	if a.At.Received > 0 && a.Automatic {
		l.ReceiptAfter = time.Duration(a.At.Received-a.At.Record) * time.Millisecond
	}
	return l
}

// money writes 18000.00 GBP as 18,000.00 GBP.
func money(d freeze.Dec, currency string) string {
	whole, frac, dot := strings.Cut(string(d), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dot {
		whole += "." + frac
	}
	return whole + " " + currency
}
