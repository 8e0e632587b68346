package rules_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/haltwire/haltwire/benchmarks/generator"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/live"
)

// BenchmarkLate judges reports of two partitions by the shipped rules while one of
// them is ten minutes behind the other; hot is how many reports in a thousand are
// payments out of one of twenty accounts. Each partition has 100 reports a second, a
// batch has 500 of one. A rule that settles judges what it may be about again once,
// late evidence or not; without settle only late evidence does.
func BenchmarkLate(b *testing.B) {
	set, findings, err := lang.Load("../../rules/pack", lang.Options{Schema: event.Default()})
	if err != nil || findings.Errors() > 0 {
		b.Fatal(err, findings)
	}
	for _, c := range []struct {
		behind time.Duration
		hot    int
		settle bool
	}{{0, 0, true}, {0, 0, false}, {10 * time.Minute, 0, false}, {10 * time.Minute, 10, false}} {
		b.Run(fmt.Sprintf("behind=%s/hot=%d/settle=%t", c.behind, c.hot, c.settle), func(b *testing.B) {
			for _, r := range set.Rules {
				if !c.settle {
					r.Settle = 0
				}
			}
			for b.Loop() {
				benchmarkLate(b, set, c.behind, c.hot)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// feedRate is reports of a partition a second, and lateRows how many a batch has.
const (
	feedRate = 100
	lateRows = 500
)

func benchmarkLate(b *testing.B, set *lang.Set, behind time.Duration, hot int) {
	b.StopTimer()
	p := compile(b, set)
	again, full := decoder(p.Columns()), decoder(event.Default().Whole())
	j, err := live.New(p, live.Options{Schema: event.Default(), Decoders: live.Decoders{Again: again.Decode, Whole: full.Decode, About: decoder(event.Default().Whole()).Decode}})
	if err != nil {
		b.Fatal(err)
	}
	sides := []*side{newSide(0, hot, p.Columns()), newSide(1, hot, p.Columns())}
	hits, spent := 0, time.Duration(0)
	judge := func(s *side, at time.Time) {
		recs := s.next(at)
		batch := decode(b, s.decoder, recs)
		began := own(b)
		b.StartTimer()
		out, err := j.Judge(batch, recs)
		b.StopTimer()
		spent += own(b) - began
		if err != nil {
			b.Fatal(err)
		}
		hits += len(out.Hits)
		batch.Release()
	}
	step := lateRows * time.Second / feedRate
	for at := time.Duration(0); at < behind; at += step {
		judge(sides[0], begin().Add(at))
	}
	before, reports := j.Stats(), 0
	spent = 0
	for at := behind; at < behind+10*time.Minute; at += step {
		judge(sides[0], begin().Add(at))
		judge(sides[1], begin().Add(at-behind))
		if _, err := j.Tick(begin().Add(at - behind).UnixMilli()); err != nil {
			b.Fatal(err)
		}
		reports += 2 * lateRows
	}
	st := j.Stats()
	b.ReportMetric(float64(st.Rejudged-before.Rejudged)/float64(reports), "again/report")
	b.ReportMetric(float64(st.Deferred-before.Deferred)/float64(reports), "deferred/report")
	b.ReportMetric(float64(spent.Nanoseconds())/float64(reports), "cpu-ns/report")
	b.ReportMetric(float64(st.Candidates), "candidates")
	b.ReportMetric(float64(hits), "hits")
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
}

// side is a partition.
type side struct {
	*payments
	generator *generator.Generator
	partition int32
	hot       int
	batches   int
}

func newSide(partition int32, hot int, project []bool) *side {
	s := &side{payments: newPayments(project), generator: generator.New(generator.Options{Seed: uint64(partition) + 1, Fraud: 1.0 / 1000}), partition: partition, hot: hot}
	s.n = int(partition) * 1_000_000_000
	return s
}

// next returns a batch of reports from at on.
func (s *side) next(at time.Time) *event.Records {
	recs := run(lateRows, s.batches, func(row int) []byte {
		at = at.Add(time.Second / feedRate)
		if s.rng.IntN(1000) < s.hot {
			s.n++
			return s.payment(s.rng.IntN(20), at)
		}
		return slices.Clone(s.generator.Next(at).Value)
	})
	for i := range recs.Times {
		recs.Times[i] = at.UnixMilli()
	}
	recs.Partition = s.partition
	s.batches++
	return recs
}
