package rules_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/haltwire/haltwire/benchmarks/load/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/window"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
)

// windowed is 1,000 rules, each of which about payments asks one of some windows
// besides; every payment feeds all of them.
func windowed(windows int) []byte {
	rules := ruleset.New(1_000)
	return source(rules, func(i int) (string, string) {
		if windows == 0 || rules[i].Kinds[0] != "bank.transfer" {
			return "", ""
		}
		return fmt.Sprintf("windows:\n  past:\n    from: bank.transfer\n    key: debtor.account\n    within: %dh\n    values: {n: count(), total: sum(amount)}\n", 24+i%windows),
			" and past.n >= 3"
	})
}

// payments makes batches of payments.
type payments struct {
	decoder *jsoncodec.Decoder
	rng     *rand.Rand
	n       int
}

func newPayments(project []bool) *payments {
	return &payments{decoder: decoder(project), rng: rand.New(rand.NewPCG(3, 5))}
}

// next returns a batch of payments out of the accounts that account says.
func (p *payments) next(tb testing.TB, account func(row int) int) *event.Batch {
	tb.Helper()
	return decode(tb, p.decoder, run(batchRows, p.n/batchRows, func(row int) []byte {
		p.n++
		return p.payment(account(row), begin().Add(time.Duration(p.n)*time.Millisecond/10))
	}))
}

func (p *payments) payment(account int, at time.Time) []byte {
	return fmt.Appendf(nil, `{"report_id":"R-%d","reporter":"HWBAGB2L","kind":"bank.transfer","occurred_at":"%s","status":"settled","amount":"%d.%02d","currency":"INR","settled_amount":"%d.00","settled_currency":"GBP","rail":"imps",`+
		`"payment":{"uetr":"%08x-269e-4d37-b2a7-%012x","remittance":"gift card %d"},"debtor":{"scheme":"bban","account":"%012d","clearing_system":"INFSC","clearing_id":"HWBI0000001"},`+
		`"creditor":{"scheme":"bban","account":"%012d","clearing_system":"INFSC","clearing_id":"HWBI0000002","name":"A Holder"}}`,
		p.n, at.UTC().Format("2006-01-02T15:04:05.000Z"), p.rng.IntN(100_000), p.rng.IntN(100), p.rng.IntN(1000), p.rng.Uint32(), p.n, p.rng.IntN(1000), account, 3_000_000+p.rng.IntN(900_000_000))
}

// sizes of windows: keys over all of them. HALTWIRE_BENCH_KEYS sets another one.
func sizes(b *testing.B) []int {
	if text := os.Getenv("HALTWIRE_BENCH_KEYS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		return []int{n}
	}
	return []int{1_000_000, 10_000_000}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkWindows feeds and judges payments of random keys, of which each has one
// entry before.
func BenchmarkWindows(b *testing.B) {
	for _, windows := range []int{0, 10, 100} {
		for _, keys := range sizes(b) {
			if windows == 0 {
				keys = 0
			}
			b.Run(fmt.Sprintf("windows=%d/keys=%d", windows, keys), func(b *testing.B) { benchmarkWindows(b, windows, keys) })
			if windows == 0 {
				break
			}
		}
	}
}

func benchmarkWindows(b *testing.B, windows, keys int) {
	p := compile(b, check(b, windowed(windows)))
	in := newPayments(p.Columns())
	before := heap()
	state, err := plan.NewState(p, window.Options{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	each := batchRows
	if windows > 0 {
		each = keys / windows
	}
	for from := 0; windows > 0 && from < each; from += batchRows {
		x := in.next(b, func(row int) int { return (from + row) % each })
		state.Feed(x)
		x.Release()
	}
	filled := heap() - before
	e := plan.NewEvaluator(p).With(state)
	var feeding, judging time.Duration
	for b.Loop() {
		b.StopTimer()
		x := in.next(b, func(int) int { return in.rng.IntN(each) })
		b.StartTimer()
		at := own(b)
		if windows > 0 {
			state.Feed(x)
		}
		fed := own(b)
		e.Eval(x)
		feeding, judging = feeding+fed-at, judging+own(b)-fed
		x.Release()
	}
	reports := float64(b.N * batchRows)
	feed := float64(feeding.Nanoseconds()) / reports
	b.ReportMetric(feed, "feed-cpu-ns/report")
	b.ReportMetric(float64(judging.Nanoseconds())/reports, "judge-cpu-ns/report")
	if windows > 0 {
		b.ReportMetric(feed/float64(windows), "cpu-ns/update")
		b.ReportMetric(float64(filled)/float64(state.Stats().Keys), "B/key")
	}
	b.ReportMetric(0, "ns/op")
	runtime.KeepAlive(state)
}
