package desk_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk/lane"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/policy"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// BenchmarkLane sends requests through policy, signature and a lane to a partner on
// the loopback, who verifies and receipts them: everything but the case log. An
// operation is a message.
func BenchmarkLane(b *testing.B) {
	key, set := keyAndSet(b, self().ID)
	country := abroad(b, 1)[0]
	agreed := party(country)
	profile, err := agreed.Profile()
	must(b, err)
	w := open(b, set, []policy.Party{agreed})
	sender := w.sender(b, key, agreed, false)
	m := sample(b, country)
	ctx, cancel := context.WithCancel(b.Context())
	l := lane.New(8)
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	defer running.Wait()
	defer cancel()
	var sent sync.WaitGroup
	var failed atomic.Int64
	before, n := spent(b), 0
	for b.Loop() {
		m.MessageID = freeze.RequesterID(m.AlertID, uint32(n+1)) //nolint:gosec // small
		m.Sequence = uint32(n + 1)                               //nolint:gosec // small
		m.Payments[0].Refs.UETR = uetr(n)
		body, err := profile.Filter(m)
		must(b, err)
		a := delivery.Attempt{MessageID: m.MessageID, Type: freeze.TypeRequest, Body: body, Nonce: fmt.Sprintf("%026d", n), Created: time.Now()}
		sent.Add(1)
		l.Offer(lane.Job{ID: a.MessageID, Alive: ctx, Queued: time.Now(), Try: func(ctx context.Context) time.Duration {
			defer sent.Done()
			if r := sender.Send(ctx, a); r.Verdict != delivery.Delivered {
				failed.Add(1)
			}
			return -1
		}})
		if n++; n%64 == 0 {
			sent.Wait() // lanes are unbounded; the desk's fold is not
		}
	}
	sent.Wait()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(n), "cpu-µs/message")
	if failed.Load() > 0 {
		b.Fatalf("%d of %d messages are not receipted", failed.Load(), n)
	}
}

// sample is a request of ours to the party of a country, before the policy.
func sample(tb testing.TB, country string) *freeze.Request {
	tb.Helper()
	text, err := os.ReadFile("../../sinks/freeze/testdata/messages/request.json")
	must(tb, err)
	m, err := freeze.Parse(text)
	must(tb, err)
	r, ok := m.(*freeze.Request)
	if !ok {
		tb.Fatalf("the sample is %T", m)
	}
	agreed := party(country)
	r.Sender, r.Recipient = self().Party(), agreed.Party()
	return r
}

// BenchmarkDesk lets hits become requests that are receipted, over the case log of a
// real Kafka. An operation is 1,000 hits at once.
func BenchmarkDesk(b *testing.B) {
	broker := kafkatest.Start(b)
	for _, n := range []int{1, 10} {
		b.Run(fmt.Sprintf("parties=%d", n), func(b *testing.B) {
			w := start(b, broker.Addresses(), fmt.Sprintf("desk%d-%d", n, time.Now().UnixNano()), n, 0)
			w.warm(b, n)
			const batch = 1000
			sent, before := 0, spent(b)
			for b.Loop() {
				var hits []*hit.Hit
				for range batch {
					hits = append(hits, report(b, sent, w.parties[sent%n].Country))
					sent++
				}
				must(b, w.desk.Append(b.Context(), hits))
				w.wait(b, n+sent)
			}
			b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "messages/s")
			b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(sent), "cpu-µs/message")
			b.ReportMetric(0, "ns/op")
			w.stop()
		})
	}
}

// BenchmarkReceipt times hits to the receipts of their requests at a rate of 100 hits a
// second for HALTWIRE_BENCH_SECONDS, over a real Kafka: to one party, and to 150 beside
// 50 others that answer or hang. The others' hits come at the same rate a party and are
// not counted.
func BenchmarkReceipt(b *testing.B) {
	broker := kafkatest.Start(b)
	seconds := number(b, "HALTWIRE_BENCH_SECONDS", 10)
	for _, c := range []struct{ counted, others, dead int }{{1, 0, 0}, {150, 50, 0}, {150, 50, 50}} {
		b.Run(fmt.Sprintf("parties=%d/dead=%d", c.counted+c.others, c.dead), func(b *testing.B) {
			for b.Loop() {
				all := c.counted + c.others
				w := start(b, broker.Addresses(), fmt.Sprintf("receipt%d", time.Now().UnixNano()), all, c.dead)
				w.warm(b, all-c.dead)
				ms := w.paced(b, 100*seconds, c.counted)
				b.ReportMetric(ms[len(ms)/2], "p50-ms")
				b.ReportMetric(ms[len(ms)*99/100], "p99-ms")
				b.ReportMetric(ms[len(ms)-1], "max-ms")
				w.stop()
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// paced appends a hit every 10 ms, in turn to every party that counts and, as often, to
// the others, and returns the times to the receipts in order of size, ms.
func (w *rig) paced(b *testing.B, n, counted int) []float64 {
	b.Helper()
	began := make([]time.Time, n)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	others := w.parties[counted:]
	for i := range n {
		<-tick.C
		hits := []*hit.Hit{report(b, i, w.parties[i%counted].Country)}
		if i*len(others)/counted != (i+1)*len(others)/counted {
			hits = append(hits, report(b, 500_000_000+i, others[i%len(others)].Country))
		}
		began[i] = time.Now()
		must(b, w.desk.Append(b.Context(), hits))
	}
	ms := make([]float64, n)
	for i := range n {
		ms[i] = float64(w.receipt(b, uetr(i)).Sub(began[i]).Microseconds()) / 1000
	}
	slices.Sort(ms)
	return ms
}
