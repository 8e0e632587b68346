package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/benchmarks/generator"
	"github.com/haltwire/haltwire/benchmarks/load/meter"
	"github.com/haltwire/haltwire/pipeline/fault"
)

const (
	modestRate = 2_000
	targetRate = 100_000 // at which memory has an aim
	// Requests a second, whatever the rate of reports.
	requestRate = 20
	// A producer that batches for longer would be measured instead of haltwire.
	flushEvery = 2 * time.Millisecond
	warmUp     = 3 * time.Second
)

// latencies holds rates of reports and times the requests that they cause.
func (w *world) latencies(ctx context.Context, r *results) error {
	half := int(w.capacity/2) / 1000 * 1000
	if half == 0 {
		half = 40_000
	}
	for _, rate := range w.rates(half) {
		m, err := w.hold(ctx, rate)
		if err != nil {
			return fmt.Errorf("%d reports/s: %w", rate, err)
		}
		r.Latency = append(r.Latency, m)
		note("%d reports/s (%d reached): p50 %.0f ms, p90 %.0f ms, p99 %.0f ms, max %.0f ms of %d requests, %d MB", rate, m.Reached, m.P50, m.P90, m.P99, m.Max, m.Requests, m.Peak>>20)
	}
	return nil
}

func (w *world) rates(half int) []int {
	if w.options.rate > 0 {
		return []int{w.options.rate}
	}
	return []int{modestRate, half, targetRate}
}

// hold produces at a rate and measures until everything is through.
func (w *world) hold(ctx context.Context, rate int) (m latencyRun, err error) {
	prefix := fmt.Sprintf("%s%d.", live, rate)
	for _, t := range topics(prefix) {
		if err := w.scope.try(func() { w.broker.CreateTopic(w.scope, t, partitions, nil) }); err != nil {
			return m, err
		}
	}
	p, err := w.launch(ctx, 1000, prefix, "")
	if err != nil {
		return m, err
	}
	defer p.kill()
	w.partner.take()
	made, began, err := w.feed(ctx, prefix, rate)
	if err != nil {
		return m, err
	}
	m = latencyRun{Rate: rate, Reached: int(float64(made.n) / made.took.Seconds())}
	used, err := meter.Of(p.command.Process.Pid)
	if err != nil {
		return m, err
	}
	m.Peak = used.Peak
	if err := p.wait(ctx, func() (bool, error) { return p.through(made.n) }); err != nil {
		return m, err
	}
	m.Behind = time.Since(began.Add(made.took)).Seconds()
	if err := fault.Sleep(ctx, time.Second); err != nil { // the last requests
		return m, err
	}
	receipts := w.partner.take()
	m.times(made, receipts, began.Add(warmUp))
	if m.Steps, err = w.steps(ctx, p.name, made, receipts); err != nil {
		return m, err
	}
	return m, errors.Join(p.stop(), w.drop(ctx, p.name))
}

// production is what feed has produced.
type production struct {
	n        int
	took     time.Duration
	payments map[string]time.Time // when each stolen payment was first reported
}

// first returns when the first payment of a request was first reported.
func (p production) first(r receipt) (first time.Time) {
	for _, uetr := range r.payments {
		if at := p.payments[uetr]; first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// feed produces for as long as the options say, evenly.
func (w *world) feed(ctx context.Context, prefix string, rate int) (made production, began time.Time, err error) {
	p, err := newProducer(w.broker.Addresses(), flushEvery)
	if err != nil {
		return made, began, err
	}
	g := generator.New(generator.Options{Seed: seed, Fraud: requestRate / float64(rate)})
	made.payments = map[string]time.Time{}
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	began = time.Now()
	for now := began; now.Sub(began) < w.options.latency && ctx.Err() == nil; now = <-tick.C {
		for due := int(now.Sub(began).Seconds() * float64(rate)); made.n < due; made.n++ {
			at := time.Now()
			r := g.Next(at)
			if uetr := stolen(r.Value); uetr != "" {
				if _, told := made.payments[uetr]; !told {
					made.payments[uetr] = at
				}
			}
			p.send(prefix, made.n, r)
		}
	}
	err = p.close()
	made.took = time.Since(began)
	return made, began, errors.Join(ctx.Err(), err)
}

// stolen returns the UETR of a report of a stolen payment, else "".
func stolen(report []byte) string {
	if !bytes.Contains(report, []byte(`"authorisation":"unauthorised"`)) {
		return ""
	}
	const member = `"uetr":"`
	_, rest, _ := bytes.Cut(report, []byte(member))
	uetr, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(uetr)
}

// bounds are the upper ends of the buckets of a histogram, ms.
func bounds() []float64 {
	return []float64{10, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1000, 2000, 5000}
}

// times fills in the times from the first report of a payment to the receipt of
// the request for it, of reports after the warm-up.
func (m *latencyRun) times(made production, receipts []receipt, from time.Time) {
	var ms []float64
	for _, r := range receipts {
		if first := made.first(r); !first.IsZero() && first.After(from) {
			ms = append(ms, float64(r.at.Sub(first).Microseconds())/1000)
		}
	}
	slices.Sort(ms)
	m.Requests = len(ms)
	m.Counts = make([]int, len(bounds())+1)
	for _, x := range ms {
		i, _ := slices.BinarySearch(bounds(), x)
		m.Counts[i]++
	}
	m.P50, m.P90, m.P99, m.Max = quantile(ms, .5), quantile(ms, .9), quantile(ms, .99), quantile(ms, 1)
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
