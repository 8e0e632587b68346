package demo

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/desk"
)

// Summary is what the demo prints with -o json.
type Summary struct {
	Seconds   int                       `json:"seconds"`
	Countries map[string]CountrySummary `json:"countries"`
	Receipt   Quantiles                 `json:"report_to_receipt_ms"`
}

// CountrySummary is one haltwire in the summary. Alert counts are alerts that
// ever reached the state; AlertsOut are those to other countries, without the
// instructions to the own bank that inbound ones lead to.
type CountrySummary struct {
	Reports   uint64    `json:"reports"`
	Dead      uint64    `json:"dead"`
	Hits      uint64    `json:"hits"`
	AlertsOut OutCounts `json:"alerts_out"`
	AlertsIn  InCounts  `json:"alerts_in"`
	Stored    Stored    `json:"clickhouse"`
}

// OutCounts counts alerts to other countries.
type OutCounts struct {
	Sent     int `json:"sent"`
	Received int `json:"received"`
	Decided  int `json:"decided"`
}

// InCounts counts alerts from other countries.
type InCounts struct {
	Received int `json:"received"`
	Answered int `json:"answered"`
}

// Stored counts rows of the analysts' views.
type Stored struct {
	Reports uint64 `json:"v_reports"`
	Hits    uint64 `json:"v_hits"`
	Alerts  uint64 `json:"v_alerts"`
}

// Quantiles are times in milliseconds, 0 without any.
type Quantiles struct {
	P50 int64 `json:"p50"`
	P99 int64 `json:"p99"`
}

// border returns the alerts of c to and from other countries.
func (c *country) border() []desk.View {
	return slices.DeleteFunc(c.app.Desk().List(desk.Filter{}), func(v desk.View) bool { return strings.HasPrefix(v.Party, "BANK-") })
}

func (c *country) summary(ctx context.Context) (CountrySummary, error) {
	n := c.app.Counts()
	s := CountrySummary{Reports: n.Reports, Dead: n.Dead, Hits: n.Hits - min(n.Hits, n.Overturned)}
	for _, v := range c.border() {
		if v.Direction == "in" {
			s.AlertsIn.Received++
			s.AlertsIn.Answered += reached(v.At.Answered)
			continue
		}
		s.AlertsOut.Sent += reached(v.At.Sent)
		s.AlertsOut.Received += reached(v.At.Received)
		s.AlertsOut.Decided += reached(v.At.Decided)
	}
	var err error
	s.Stored.Reports, s.Stored.Hits, s.Stored.Alerts, err = c.app.Store().Counts(ctx)
	return s, err
}

func reached(at int64) int {
	if at > 0 {
		return 1
	}
	return 0
}

// receipts returns how long each request that c sent by itself took from its
// report's Kafka time to the verified receipt, sorted.
func (c *country) receipts() []time.Duration {
	var all []time.Duration
	for _, v := range c.border() {
		if v.Direction == "out" && v.Automatic && v.At.Received > 0 && v.At.Record > 0 {
			all = append(all, time.Duration(v.At.Received-v.At.Record)*time.Millisecond)
		}
	}
	return all
}

// quantile returns the q-quantile of sorted durations, 0 without any.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
