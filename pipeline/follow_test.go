package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
)

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
