package plan_test

import (
	"fmt"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/window"
)

// named returns b with reports that have an identity and contents of their own.
func named(b *event.Batch, batch int) *event.Batch {
	n := part(b, 0, b.Rows)
	for r := range b.Rows {
		n.Records.Values[r] = fmt.Appendf(nil, "content of report %d of batch %d, which is as long as a short report of a bank is: about two hundred bytes of JSON with the accounts of both sides, names, amounts and times in it", r, batch)
	}
	out := event.NewBatch(b.Schema, nil)
	out.Reset(n.Records)
	for r := range b.Rows {
		for c := range b.Columns {
			copyCell(&out.Columns[c], r, &b.Columns[c], r)
		}
		out.Columns[b.Schema.Must("report_id")].SetText(r, fmt.Appendf(nil, "R-%d-%d", batch, r))
		out.Accept(r)
	}
	out.Finish()
	for c := range out.Columns {
		if v := &out.Columns[c]; v.Type == event.Symbol && !v.Empty() {
			v.Values, v.Generation = b.Columns[c].Values, b.Columns[c].Generation
		}
	}
	return out
}

// windowedSet is n rules of benchRules, each with one of a few windows behind what
// it asks of the report.
func windowedSet(p *pool, s *event.Schema, n, windows int) *lang.Set {
	set := &lang.Set{Schema: s, Rules: benchRules(p, s, n)}
	for i := range windows {
		key := []*lang.Node{col(s, []string{"creditor.account", "debtor.account"}[i%2])}
		set.Windows = append(set.Windows, &lang.Window{
			Key: fmt.Sprint("window ", i), From: []string{"bank.transfer"}, KeyBy: map[string][]*lang.Node{"bank.transfer": key}, Match: key,
			Within: int64(i+1) * 86_400_000, Self: true,
			Values: []lang.Aggregate{
				{Func: "count", Type: lang.Number, Key: "count()"},
				{Func: "sum", Arg: col(s, "base_amount"), Type: lang.Number, Key: "sum(base_amount)"},
			},
		})
	}
	for i, r := range set.Rules {
		set.Order = append(set.Order, i)
		if windows == 0 {
			continue
		}
		win := i % windows
		v := &lang.Node{Op: lang.Windowed, Type: lang.Number, Win: win, Key: fmt.Sprintf("window(%d).0", win)}
		r.Guard = node(lang.And, lang.Bool, r.Guard, node(lang.Ge, lang.Bool, v, number("3")))
		r.Windows = []lang.WindowUse{{Name: "w", Win: win, Values: []lang.ValueUse{{Name: "n", Col: 0}}}}
	}
	return set
}

// BenchmarkWindows feeds and judges 10,000 reports a batch by 1,000 rules.
func BenchmarkWindows(b *testing.B) {
	for _, windows := range []int{0, 10, 100} {
		p := newPool(11)
		plain := benchBatch(p)
		var batches []*event.Batch
		for i := range 10 {
			batches = append(batches, named(plain, i))
		}
		compiled, err := plan.New(windowedSet(p, plain.Schema, 1_000, windows), nil)
		if err != nil {
			b.Fatal(err)
		}
		fresh := func() *plan.State {
			s, err := plan.NewState(compiled, window.Options{}, nil)
			if err != nil {
				b.Fatal(err)
			}
			return s
		}
		if windows > 0 {
			b.Run(fmt.Sprintf("feed/windows=%d", windows), func(b *testing.B) {
				b.ReportAllocs()
				s := fresh()
				for i := range b.N {
					if i%len(batches) == 0 {
						b.StopTimer()
						s = fresh()
						b.StartTimer()
					}
					s.Feed(batches[i%len(batches)])
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(plain.Rows), "ns/report")
			})
		}
		b.Run(fmt.Sprintf("judge/windows=%d", windows), func(b *testing.B) {
			s := fresh()
			if windows > 0 {
				for _, x := range batches {
					s.Feed(x)
				}
			}
			e := plan.NewEvaluator(compiled).With(s)
			matches := len(e.Eval(batches[0]))
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				e.Eval(batches[i%len(batches)])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(plain.Rows), "ns/report")
			b.ReportMetric(float64(matches)/float64(plain.Rows), "matches/report")
		})
	}
}
