package plan_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live"
	"github.com/haltwire/haltwire/rules/window"
)

// streams are n batches of named reports a second apart, of which every fourth is
// that of a partition as many minutes behind.
func streams(n, minutes int) (all []*event.Batch) {
	p := newPool(11)
	plain := part(benchBatch(p), 0, 2_500)
	occurred := plain.Schema.Must("occurred_at")
	random := rand.New(rand.NewPCG(5, 6))
	for i := range n {
		b := named(plain, i)
		b.Records.Topic, b.Records.Partition = "bank", int32(i%4)
		for r := range b.Rows {
			b.Records.Offsets[r] = int64(i*b.Rows + r)
			at := int64(1_700_000_000_000) + int64(i)*1_000 + random.Int64N(1_000)
			if i%4 == 3 {
				at -= int64(minutes) * 60_000
			}
			b.Columns[occurred].I64[r] = at
		}
		all = append(all, b)
	}
	return all
}

// BenchmarkLive judges reports of four partitions by 1,000 rules over ten windows:
// by the plan alone, and with everything that later evidence needs, one partition
// being in time or ten minutes behind.
func BenchmarkLive(b *testing.B) {
	for _, minutes := range []int{-1, 0, 10} {
		b.Run(fmt.Sprintf("behind=%dm", minutes), func(b *testing.B) {
			all := streams(40, max(0, minutes))
			p := newPool(11)
			benchBatch(p)
			compiled, err := plan.New(windowedSet(newPool(11), all[0].Schema, 1_000, 10), nil)
			if err != nil {
				b.Fatal(err)
			}
			rejudged, candidates, reports := uint64(0), int64(0), 0
			for b.Loop() {
				rejudged, candidates = judgeAll(b, compiled, all, minutes >= 0)
				reports = len(all) * all[0].Rows
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*reports), "ns/report")
			b.ReportMetric(float64(rejudged)/float64(reports), "rejudged/report")
			b.ReportMetric(float64(candidates)/float64(reports), "candidates/report")
		})
	}
}

func judgeAll(b *testing.B, p *plan.Plan, all []*event.Batch, remember bool) (rejudged uint64, candidates int64) {
	if !remember {
		s, err := plan.NewState(p, window.Options{Seed: 1}, nil)
		if err != nil {
			b.Fatal(err)
		}
		e := plan.NewEvaluator(p).With(s)
		for _, x := range all {
			s.Feed(x)
			e.Eval(x)
		}
		return 0, 0
	}
	d := byOffset(all)
	j, err := live.New(p, live.Options{Decoders: live.Decoders{Again: d, Whole: d, About: d}, Schema: all[0].Schema, Windows: window.Options{Seed: 1}})
	if err != nil {
		b.Fatal(err)
	}
	for _, x := range all {
		if _, err := j.Judge(x, x.Records); err != nil {
			b.Fatal(err)
		}
	}
	s := j.Stats()
	return s.Rejudged, s.Candidates
}

// byOffset decodes records by copying the rows of batches whose offsets they have.
func byOffset(all []*event.Batch) plan.Decode {
	return func(recs *event.Records) (*event.Batch, []event.Dead) {
		p := event.NewBatch(all[0].Schema, nil)
		p.Reset(recs)
		for i, offset := range recs.Offsets {
			from := all[int(offset)/all[0].Rows]
			for c := range from.Columns {
				copyCell(&p.Columns[c], i, &from.Columns[c], int(offset)%all[0].Rows)
			}
			p.Accept(i)
		}
		p.Finish()
		for c := range p.Columns {
			if v := &p.Columns[c]; v.Type == event.Symbol && !v.Empty() {
				v.Values, v.Generation = all[0].Columns[c].Values, all[0].Columns[c].Generation
			}
		}
		return p, nil
	}
}
