package pipeline_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
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
		if said := w.ledger.all(); len(said) > 0 {
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
		if !slices.Contains(said, "third x") || slices.Contains(said, "first a") {
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
			if len(judge.state.notes) != 2 {
				t.Errorf("%d reports are known", len(judge.state.notes))
			}
		})
		m.leave()
	})
}

// TestStandby: an instance without partitions judges everything in silence, and
// takes over with what the owner could not say any more.
func TestStandby(t *testing.T) {
	bubble(t, 2, func(t *testing.T, w *world) {
		one := w.owner(newToy(nil), nil)
		judge := newToy(nil)
		two := w.join(judge, nil)
		pass(6 * time.Second) // the group has nothing for it
		w.write(part(0), time.Now(), "k a 5")
		w.write(part(1), time.Now(), "k b 7")
		pass(10 * time.Second)
		judge.look(func() {
			if judge.rows[part(0)] != 1 || judge.rows[part(1)] != 1 {
				t.Errorf("the standby has judged %v", judge.rows)
			}
		})
		if said := w.ledger.all(); !slices.Contains(said, "first a") {
			t.Errorf("said %v", said)
		}
		one.dead.Store(true)
		w.write(part(0), time.Now(), "k c 1")
		pass(10 * time.Second)
		if said := w.ledger.all(); len(said) > 0 {
			t.Errorf("said by the dead or the silent: %v", said)
		}
		one.kill()
		for id := range int32(2) {
			w.assign(part(id), two, false)
		}
		pass(10 * time.Second)
		judge.look(func() {
			slices.Sort(judge.recent)
			if want := []string{"t/0 below 2", "t/1 below 1"}; !slices.Equal(judge.recent, want) {
				t.Errorf("asked for recent %v, want %v", judge.recent, want)
			}
			if judge.rows[part(0)] != 2+1 || judge.rows[part(1)] != 1 {
				t.Errorf("after the take-over it has judged %v, want the report again that was not committed", judge.rows)
			}
		})
		w.ledger.set(func() {
			if fmt.Sprint(w.ledger.standing) != "map[first c:true third b:true]" {
				t.Errorf("stands: %v", w.ledger.standing)
			}
		})
		// Given back, it is read on in silence.
		three := w.join(newToy(nil), nil)
		w.assign(part(0), three, false)
		pass(2 * time.Second)
		w.ledger.all()
		w.write(part(0), time.Now(), "m d 1")
		pass(10 * time.Second)
		judge.look(func() {
			if judge.rows[part(0)] != 4 {
				t.Errorf("of a partition given back it has judged %d", judge.rows[part(0)])
			}
		})
		if said := w.ledger.all(); said[len(said)-1] != "alone d" || slices.Index(said, "alone d") != len(said)-1 {
			t.Errorf("said %v, want it by one", said)
		}
		two.leave()
		three.leave()
	})
}

// TestSwapMemory: rules that remember are swapped for ones that do not and back.
func TestSwapMemory(t *testing.T) {
	bubble(t, 2, func(t *testing.T, w *world) {
		var mu sync.Mutex
		var projections [][]bool
		schema := event.Default()
		m := w.join(judge{"plain", schema.Projection()}, func(o *pipeline.Options) {
			o.NewDecoder = func(columns []bool) (pipeline.Decoder, error) {
				mu.Lock()
				defer mu.Unlock()
				projections = append(projections, columns)
				return decoder{schema}, nil
			}
			o.Begin = func(context.Context, event.Partition, int64) (int64, error) {
				t.Error("asked where to begin a partition that comes in later")
				return 0, nil
			}
		})
		w.committed[part(1)] = 2
		for i := range 3 {
			w.write(part(1), time.Now(), fmt.Sprintf("k a%d 1", i))
		}
		w.assign(part(0), m, false)
		pass(10 * time.Second)
		if reads := m.reader.reads(); !slices.Equal(reads, []event.Partition{part(0)}) {
			t.Errorf("without memory it reads %v", reads)
		}
		memory := newToy(nil)
		use := func(j pipeline.Judge) {
			if err := m.p.Swap(func(map[event.Partition]int64) (pipeline.Judge, error) { return j, nil }); err != nil {
				t.Fatal(err)
			}
			pass(time.Second)
		}
		use(memory)
		if memory.rows[part(1)] != 1 || len(m.reader.reads()) != 2 {
			t.Errorf("with memory it reads %v and has judged %v", m.reader.reads(), memory.rows)
		}
		memory.look(func() { memory.columns = schema.Projection("amount") })
		use(memory)
		w.write(part(0), time.Now(), "k b 1")
		pass(6 * time.Second)
		if len(projections) != 2 || !slices.Equal(projections[1], memory.columns) {
			t.Errorf("%d decoders", len(projections))
		}
		if memory.rows[part(0)] != 1 || memory.rows[part(1)] != 1 || len(memory.recent) > 0 {
			t.Errorf("the same memory has judged %v, and was asked for recent %v", memory.rows, memory.recent)
		}
		memory.look(func() { memory.settle = time.Hour.Milliseconds() })
		w.write(part(0), time.Now(), "k c 1")
		pass(2 * time.Second)
		if w.offset(0) != 1 {
			t.Errorf("%d committed while a report settles, want 1", w.offset(0))
		}
		use(judge{"plain", schema.Projection()})
		pass(2 * time.Second)
		if reads := m.reader.reads(); !slices.Equal(reads, []event.Partition{part(0)}) || w.offset(0) != 2 {
			t.Errorf("without memory again it reads %v, and has committed %d", reads, w.offset(0))
		}
		m.leave()
	})
}

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

// TestProgress: how far a replay has come, from not knowing to being through.
func TestProgress(t *testing.T) {
	bubble(t, 3, func(t *testing.T, w *world) {
		for i := range 10 {
			w.write(part(int32(i%2)), time.Now(), fmt.Sprintf("k r%d 1", i))
		}
		w.committed[part(0)], w.committed[part(1)] = 5, 5
		w.logs[part(1)].stalled = true
		m := w.owner(newToy(nil), fromStart)
		if p := m.p.Progress(); !p.Waiting || !p.CatchingUp() || p.Share() != 0 {
			t.Errorf("at first %+v", p)
		}
		pass(10 * time.Second)
		if p := m.p.Progress(); p != (pipeline.Progress{Partitions: 3, Behind: 1, Done: 5, Target: 5}) || !p.CatchingUp() {
			t.Errorf("with a partition that stalls %+v", p)
		}
		w.change(func() { w.logs[part(1)].stalled = false })
		pass(time.Second)
		if p := m.p.Progress(); p != (pipeline.Progress{Partitions: 3, Done: 10, Target: 10}) || p.CatchingUp() || p.Share() != 1 {
			t.Errorf("at last %+v", p)
		}
		m.leave()
	})
}

// TestFollow: partitions that cannot be listed are waited for, all are begun at
// once, and one that is added later is noticed.
func TestFollow(t *testing.T) {
	bubble(t, 2, func(t *testing.T, w *world) {
		failures := 3
		judge := newToy(nil)
		w.write(part(0), time.Now(), "k a 1")
		m := w.owner(judge, func(o *pipeline.Options) {
			list := o.Partitions
			o.Partitions = func(ctx context.Context) ([]event.Partition, error) {
				if failures--; failures >= 0 {
					return nil, errAway
				}
				return list(ctx)
			}
		})
		pass(900 * time.Millisecond)
		if reads := m.reader.reads(); len(reads) > 0 {
			t.Errorf("reads %v before it knows all partitions", reads)
		}
		pass(5 * time.Second)
		if reads := m.reader.reads(); len(reads) != 2 || judge.rows[part(0)] != 1 {
			t.Errorf("reads %v, has judged %v", reads, judge.rows)
		}
		w.change(func() { w.logs[part(2)] = &memLog{} })
		w.write(part(2), time.Now(), "k b 1")
		pass(31 * time.Second)
		if judge.rows[part(2)] != 1 {
			t.Errorf("a new partition: judged %v", judge.rows)
		}
		m.leave()
		if reads := m.reader.reads(); len(reads) > 0 {
			t.Errorf("still reads %v at the end", reads)
		}
	})
}

// TestNeedsPartitions: a judge that remembers is refused where nobody knows which
// partitions there are.
func TestNeedsPartitions(t *testing.T) {
	bubble(t, 1, func(t *testing.T, w *world) {
		m := w.owner(judge{"plain", event.Default().Projection()}, func(o *pipeline.Options) { o.Partitions = nil })
		if err := m.p.Swap(func(map[event.Partition]int64) (pipeline.Judge, error) { return newToy(nil), nil }); err == nil {
			t.Error("swapped")
		}
		m.leave()
		o := pipeline.Options{
			Source: m, Detect: m.reader, Archive: noReader{}, Cursor: noCursor{}, Judge: newToy(nil), HitLog: pen{m}, Store: &store{}, DeadLetters: &letters{},
			NewDecoder: func([]bool) (pipeline.Decoder, error) { return nil, nil }, Schema: event.Default(),
		}
		if _, err := pipeline.New(o); err == nil {
			t.Error("made")
		}
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
