package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// bubble runs f with a world in a bubble of synctest.
func bubble(t *testing.T, partitions int32, f func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, partitions)
		f(t, w)
		if len(w.faults) > 0 {
			t.Error(strings.Join(w.faults, "\n"))
		}
	})
}

// owner starts an instance that owns every partition.
func (w *world) owner(judge pipeline.Judge, refine func(*pipeline.Options)) *member {
	m := w.join(judge, refine)
	for id := range int32(len(w.logs)) {
		w.assign(part(id), m, false)
	}
	return m
}

func fromStart(o *pipeline.Options) {
	o.Begin = func(context.Context, event.Partition, int64) (int64, error) { return 0, nil }
	o.Detect.(*memReader).most = 1
}

func (w *world) offset(id int32) int64 {
	at, _ := w.committedOf(context.Background(), part(id))
	return at
}

// mute remembers like a toy and does not repeat itself.
type mute struct{ *toy }

func (m mute) Recent(p event.Partition, below int64) (*hit.Judgement, error) {
	_, err := m.toy.Recent(p, below)
	return &hit.Judgement{}, err
}

// TestSilentReplay: what was said before a restart is judged again without a word,
// and what comes then is judged by all of it.
func TestSilentReplay(t *testing.T) {
	bubble(t, 2, func(t *testing.T, w *world) {
		one := w.owner(newToy(nil), nil)
		w.write(part(0), time.Now(), "k a 1")
		w.write(part(1), time.Now(), "k b 2")
		pass(10 * time.Second)
		one.leave()
		if said := w.ledger.all(); !slices.Contains(said, "first a") || w.offset(0) != 1 || w.offset(1) != 1 {
			t.Fatalf("said %v, committed %d and %d", said, w.offset(0), w.offset(1))
		}
		judge := mute{newToy(nil)}
		two := w.owner(judge, fromStart)
		pass(10 * time.Second)
		waited := func(said string) bool { return strings.HasPrefix(said, "no alone ") } // for the clock, until the replay was over
		if said := slices.DeleteFunc(w.ledger.all(), waited); len(said) > 0 {
			t.Errorf("the replay says %v", said)
		}
		slices.Sort(judge.recent)
		if want := []string{"t/0 below 1", "t/1 below 1"}; !slices.Equal(judge.recent, want) {
			t.Errorf("asked for recent %v, want %v", judge.recent, want)
		}
		w.write(part(1), time.Now(), "k c 3")
		pass(time.Second)
		if said := w.ledger.all(); !slices.Contains(said, "third c") {
			t.Errorf("a report that needs the memory: %v", said)
		}
		two.leave()
	})
}

// TestDoubt: a report that nobody had judged before the restart is older than one
// that was judged and committed. It comes first now, so that the judgement of the
// other, below its committed offset, is another one and must be said.
func TestDoubt(t *testing.T) {
	bubble(t, 2, func(t *testing.T, w *world) {
		began := time.Now()
		one := w.owner(newToy(nil), nil)
		w.write(part(0), began, "k a 1")
		w.write(part(0), began.Add(2*time.Second), "k x 5")
		pass(10 * time.Second)
		one.leave()
		w.ledger.all()
		w.write(part(1), began.Add(time.Second), "k e 3")
		two := w.owner(mute{newToy(nil)}, fromStart)
		pass(10 * time.Second)
		said := w.ledger.all()
		if !slices.Contains(said, "late third x") || slices.Contains(said, "first a") {
			t.Errorf("said %v", said)
		}
		two.leave()
	})
}

// TestBarrier: a partition whose replay is held up holds up everything that is new.
func TestBarrier(t *testing.T) {
	bubble(t, 2, func(t *testing.T, w *world) {
		one := w.owner(newToy(nil), nil)
		for i := range 3 {
			w.write(part(0), time.Now(), fmt.Sprintf("k a%d 5", i))
			w.write(part(1), time.Now(), fmt.Sprintf("k b%d 1", i))
		}
		pass(10 * time.Second)
		one.leave()
		w.ledger.all()
		w.write(part(0), time.Now(), "k c 7")
		w.write(part(1), time.Now(), "k d 2")
		w.change(func() { w.logs[part(1)].stalled = true })
		two := w.owner(mute{newToy(nil)}, fromStart)
		pass(10 * time.Second)
		if said := w.ledger.all(); len(said) > 0 || w.offset(0) != 3 {
			t.Errorf("before the replay of the other is through: said %v, committed %d", said, w.offset(0))
		}
		w.change(func() { w.logs[part(1)].stalled = false })
		pass(10 * time.Second)
		if w.offset(0) != 4 || w.offset(1) != 4 {
			t.Errorf("committed %d and %d", w.offset(0), w.offset(1))
		}
		if said := w.ledger.all(); slices.Contains(said, "first c") || !slices.Contains(said, "no first c") {
			t.Errorf("said %v", said)
		}
		two.leave()
	})
}

// TestHold: what waits to settle is not committed, and no snapshot counts that has
// it; time lets it go.
func TestHold(t *testing.T) {
	bubble(t, 1, func(t *testing.T, w *world) {
		d := &disk{}
		judge := newToy(d)
		judge.settle = time.Hour.Milliseconds()
		m := w.owner(judge, nil)
		w.write(part(0), time.Now(), "k a 1")
		w.write(part(0), time.Now(), "l b 1")
		pass(20 * time.Second)
		if said := w.ledger.all(); !slices.Contains(said, "first b") || slices.Contains(said, "alone a") || w.offset(0) != 0 {
			t.Errorf("said %v, committed %d", said, w.offset(0))
		}
		judge.look(func() {
			if d.from[part(0)] > 0 {
				t.Errorf("a snapshot of %v counts", d.from)
			}
		})
		pass(time.Hour)
		if said := w.ledger.all(); len(said) != 2 || !slices.Contains(said, "alone a") || w.offset(0) != 2 {
			t.Errorf("when settled said %v, committed %d", said, w.offset(0))
		}
		judge.look(func() {
			if d.from[part(0)] != 2 {
				t.Errorf("the snapshot that counts is of %v", d.from)
			}
		})
		m.leave()
	})
}

// script is a Memory that says what it is told to, a judgement a run.
type script struct {
	*toy
	says []*hit.Judgement
}

func (s *script) Judge(*event.Batch, *event.Records) (*hit.Judgement, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.says[0]
	s.says = s.says[1:]
	return next, nil
}

// TestOrder: hits and overturned hits of runs that wait together come to the log in
// the order in which they were judged, although an attempt fails.
func TestOrder(t *testing.T) {
	bubble(t, 1, func(t *testing.T, w *world) {
		at := event.Position{Topic: "t"}
		judgement := func(text string) *hit.Judgement {
			j := &hit.Judgement{}
			for word := range strings.FieldsSeq(text) {
				if id, no := strings.CutPrefix(word, "no-"); no {
					j.Overturned = append(j.Overturned, hit.Overturned{Rule: "r", ReportID: id, Position: at})
				} else {
					j.Hits = append(j.Hits, &hit.Hit{Rule: "r", ReportID: word, Position: at})
				}
			}
			return j
		}
		judge := &script{toy: newToy(nil)}
		for _, s := range []string{"z", "a", "no-a", "a", "b no-c no-d", "c", ""} {
			judge.says = append(judge.says, judgement(s))
		}
		gate := make(chan struct{})
		w.ledger.gate, w.ledger.refuse = gate, 1
		m := w.owner(judge, func(o *pipeline.Options) { o.Detect.(*memReader).most = 1 })
		for range judge.says {
			w.write(part(0), time.Now(), "x")
		}
		pass(5 * time.Second)
		if said := w.ledger.all(); len(said) > 0 || len(judge.says) > 0 {
			t.Fatalf("said %v, %d judgements left", said, len(judge.says))
		}
		close(gate)
		pass(5 * time.Second)
		want := []string{"r z", "r a", "no r a", "r a", "r b", "no r c", "no r d", "r c"}
		if said := w.ledger.all(); !slices.Equal(said, want) {
			t.Errorf("said %v\nwant %v", said, want)
		}
		m.leave()
	})
}

// TestOverturnedAreCounted: what is said in doubt, or goes on as a lower case, was
// not taken back.
func TestOverturnedAreCounted(t *testing.T) {
	bubble(t, 1, func(t *testing.T, w *world) {
		at := event.Position{Topic: "t"}
		lower := &hit.Hit{Rule: "q", Reporter: "B", ReportID: "R2", Position: at}
		judge := &script{toy: newToy(nil), says: []*hit.Judgement{{Overturned: []hit.Overturned{
			{Rule: "q", Reporter: "B", ReportID: "R1", Position: at},
			{Rule: "q", Reporter: "B", ReportID: "R2", Position: at, Now: lower},
			{Rule: "q", Reporter: "B", ReportID: "R3", Position: at, Doubt: true},
		}}}}
		reader := sdk.NewManualReader()
		metrics, err := telemetry.NewMetrics(sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("haltwire"))
		if err != nil {
			t.Fatal(err)
		}
		m := w.owner(judge, func(o *pipeline.Options) { o.Metrics = metrics })
		w.write(part(0), time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC), "k a 1")
		pass(5 * time.Second)
		m.leave()
		var all metricdata.ResourceMetrics
		if err := reader.Collect(context.Background(), &all); err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for _, scope := range all.ScopeMetrics {
			for _, x := range scope.Metrics {
				if sum, ok := x.Data.(metricdata.Sum[int64]); ok && x.Name == "haltwire.hits.overturned" {
					for _, point := range sum.DataPoints {
						n += point.Value
					}
				}
			}
		}
		if n != 1 {
			t.Errorf("%d overturned hits are counted, want 1", n)
		}
	})
}

// TestSupersededLate: late words about a version that a run corrects are not said.
func TestSupersededLate(t *testing.T) {
	bubble(t, 1, func(t *testing.T, w *world) {
		at := event.Position{Topic: "t"}
		judge := &script{toy: newToy(nil), says: []*hit.Judgement{{
			Hits:       []*hit.Hit{{Rule: "r", Reporter: "B", ReportID: "R1", Position: at, Late: true}, {Rule: "r", Reporter: "B", ReportID: "R2", Position: at, Late: true}},
			Overturned: []hit.Overturned{{Rule: "q", Reporter: "B", ReportID: "R1", Position: at}, {Rule: "q", Reporter: "B", ReportID: "R3", Position: at}},
		}}}
		m := w.owner(judge, func(o *pipeline.Options) {
			o.NewDecoder = func(p []bool) (pipeline.Decoder, error) {
				return jsoncodec.New(codec.Options{Schema: o.Schema, Project: p}), nil
			}
		})
		w.write(part(0), time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC), said("R1", 1, ""))
		pass(5 * time.Second)
		want := []string{"late r R2", "no q R3", "revised R1/1"}
		if said := w.ledger.all(); !slices.Equal(said, want) {
			t.Errorf("said %v, want %v", said, want)
		}
		m.leave()
	})
}

// TestClock: the clock of ticks follows the partition that is furthest behind, and
// the wall where there is nothing to read.
func TestClock(t *testing.T) {
	bubble(t, 2, func(t *testing.T, w *world) {
		judge := newToy(nil)
		m := w.owner(judge, nil)
		behind := func() (d time.Duration) {
			pass(250 * time.Millisecond)
			judge.look(func() { d = time.Since(time.UnixMilli(judge.clock)) })
			return d
		}
		pass(10 * time.Second)
		if d := behind(); d < 500*time.Millisecond || d > 750*time.Millisecond {
			t.Errorf("idle: %v behind, want half a second", d)
		}
		w.write(part(0), time.Now().Add(time.Hour), "k a 1")
		w.write(part(1), time.Now().Add(time.Hour), "l c 1")
		if d := behind(); d < 0 {
			t.Errorf("a record from the future makes it %v", d)
		}
		w.change(func() { w.logs[part(1)].stalled = true })
		at := time.Now()
		w.write(part(1), at, "k b 1")
		pass(time.Minute)
		if d := behind(); d < time.Minute {
			t.Errorf("with a partition that stalls: %v behind", d)
		}
		w.change(func() { w.logs[part(1)].stalled, w.logs[part(1)].away = false, true })
		if d := behind(); d > time.Second {
			t.Errorf("with a partition that is away: %v behind", d)
		}
		w.change(func() { w.logs[part(1)].away = false })
		pass(time.Second)
		judge.look(func() {
			if !slices.IsSorted(judge.clocks) {
				t.Error("the clock goes back")
			}
			if n := len(judge.clocks); n < 600 || n > 900 {
				t.Errorf("%d ticks in some 72 s", n)
			}
			if len(judge.state.notes) != 3 {
				t.Errorf("%d reports are known", len(judge.state.notes))
			}
		})
		m.leave()
	})
}
