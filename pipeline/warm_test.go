package pipeline_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// TestWarm shows a judge the past, between live runs and without any.
func TestWarm(t *testing.T) {
	bubble(t, 1, func(t *testing.T, w *world) {
		judge1 := newToy(nil)
		m := w.owner(judge1, nil)
		past := func(n int) *event.Records {
			return &event.Records{Topic: "old", Offsets: []int64{int64(n)}, Times: []int64{1}, Values: [][]byte{fmt.Appendf(nil, "k p%d 1", n)}}
		}
		pass(2 * time.Second)
		for i := range 3 {
			if err := m.p.Warm(t.Context(), past(i)); err != nil {
				t.Fatal(err)
			}
		}
		w.write(part(0), time.Now(), "k a 2")
		pass(time.Second)
		if said := w.ledger.all(); !slices.Contains(said, "third a") || judge1.warmed != 3 {
			t.Errorf("warmed with %d reports, said %v", judge1.warmed, said)
		}
		if err := m.p.Swap(func(map[event.Partition]int64) (pipeline.Judge, error) {
			return judge{"plain", judge1.columns}, nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := m.p.Warm(t.Context(), past(9)); err == nil {
			t.Error("a judge without memory was warmed")
		}
		m.leave()
		if err := m.p.Warm(t.Context(), past(9)); err == nil {
			t.Error("a pipeline that has ended was warmed")
		}
	})
}

// slow takes a millisecond a run.
type slow struct{ *toy }

func (s slow) Judge(b *event.Batch, r *event.Records) (*hit.Judgement, error) {
	pass(time.Millisecond)
	return s.toy.Judge(b, r)
}

// TestWarmShare: the past gets one batch in four while live traffic waits.
func TestWarmShare(t *testing.T) {
	bubble(t, 1, func(t *testing.T, w *world) {
		judge := newToy(nil)
		for i := range 100 {
			w.write(part(0), time.Now(), fmt.Sprintf("k%d r%d 1", i, i))
		}
		w.change(func() { w.logs[part(0)].stalled = true })
		m := w.owner(slow{judge}, func(o *pipeline.Options) { o.Detect.(*memReader).most = 1 })
		pass(2 * time.Second)
		w.change(func() { w.logs[part(0)].stalled = false })
		var warmers sync.WaitGroup
		for i := range 40 {
			warmers.Go(func() {
				old := &event.Records{Topic: "old", Offsets: []int64{int64(i)}, Times: []int64{1}, Values: [][]byte{fmt.Appendf(nil, "p p%d 1", i)}}
				if err := m.p.Warm(context.Background(), old); err != nil {
					t.Error(err)
				}
			})
		}
		warmers.Wait()
		pass(time.Second)
		if judge.warmed != 40 || judge.rows[part(0)] != 100 {
			t.Errorf("warmed %d, judged %v", judge.warmed, judge.rows)
		}
		order := string(judge.order)
		live := order[strings.Index(order, "l") : strings.LastIndex(order, "l")+1]
		if most := len(live)/4 + 1; strings.Count(live, "w") > most || strings.Count(live, "w") < most/2 {
			t.Errorf("while live traffic waits: %s, want %d of the past at most", live, most)
		}
		m.leave()
	})
}

// quiet finds nothing, and its decoder makes the same batch of everything.
type quiet struct {
	batch *event.Batch
	said  *hit.Judgement
}

func (q *quiet) Columns() []bool { return event.Default().Projection() }

func (q *quiet) Judge(*event.Batch, *event.Records) (*hit.Judgement, error) { return q.said, nil }

func (q *quiet) Decode(r *event.Records) (*event.Batch, []event.Dead) {
	q.batch.Reset(r)
	for i := range r.Values {
		q.batch.Accept(i)
	}
	q.batch.Finish()
	return q.batch, nil
}

// TestAllocations: without memory the loop allocates a run, and nothing a report.
func TestAllocations(t *testing.T) {
	const runs, most = 200, 2000
	w := newWorld(t, 1)
	l := w.logs[part(0)]
	for range runs * most {
		l.times, l.values = append(l.times, 1), append(l.values, []byte("k a 1"))
	}
	q := &quiet{batch: event.NewBatch(event.Default(), nil), said: &hit.Judgement{}}
	m := w.join(q, func(o *pipeline.Options) {
		o.NewDecoder = func([]bool) (pipeline.Decoder, error) { return q, nil }
		o.Detect.(*memReader).most = most
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.assign(part(0), m, false)
	eventually(t, 20*time.Second, func() string { return "" }, func() bool { return w.offset(0) == runs*most })
	runtime.ReadMemStats(&after)
	if n := float64(after.Mallocs-before.Mallocs) / (runs * most); n > 0.1 {
		t.Errorf("%.2f allocations a report", n)
	} else {
		t.Logf("%.4f allocations a report, %.0f a run", n, n*most)
	}
	m.leave()
}
