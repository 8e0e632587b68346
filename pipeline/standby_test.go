package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
	"github.com/haltwire/haltwire/sources/kafka"
)

// claiming is a source that tells m what it owns, and dies with it.
type claiming struct {
	*kafka.Source
	m *member
}

func (c claiming) Run(ctx context.Context, own func(context.Context, event.Partition, int64)) error {
	return c.Source.Run(ctx, func(ctx context.Context, p event.Partition, from int64) {
		mine := &claim{}
		c.m.mu.Lock()
		c.m.claims[p] = mine
		c.m.mu.Unlock()
		own(ctx, p, from)
		c.m.mu.Lock()
		defer c.m.mu.Unlock()
		if c.m.claims[p] == mine && fault.Of(context.Cause(ctx)) != fault.Fenced {
			delete(c.m.claims, p)
		}
	})
}

func (c claiming) Commit(ctx context.Context, next map[event.Partition]int64) error {
	if c.m.dead.Load() {
		return errAway
	}
	return c.Source.Commit(ctx, next)
}

// TestTwoInstances shares a topic between two instances with memories, kills one at
// some instant while reports come, and lets it come back from its snapshot.
func TestTwoInstances(t *testing.T) {
	const topic, partitions = "two", 4
	brokers := kafkatest.Fake(t, 3).ListenAddrs()
	createTopic(t, brokers, topic, partitions)
	w := newWorld(t, 0)
	begin := func(d *disk) (*rig, *member, *toy) {
		m, judge := &member{w: w, claims: map[event.Partition]*claim{}}, newToy(d)
		judge.settle = 500
		from := maps.Clone(d.from)
		r := newRig(t, brokers, topic, &hitLog{}, &store{}, &letters{}, func(o *pipeline.Options) {
			source := o.Source.(*kafka.Source)
			o.Source, o.Judge, o.HitLog, o.Partitions, o.Committed = claiming{source, m}, judge, pen{m}, source.Partitions, source.Committed
			o.Begin = func(_ context.Context, p event.Partition, committed int64) (int64, error) {
				return min(from[p], committed), nil
			}
		})
		r.start(t)
		return r, m, judge
	}
	want := &toyState{map[string]*note{}, map[string][]*note{}}
	write := func(n int) {
		var reports []string
		for range n {
			i := len(want.notes)
			text := fmt.Sprintf("k%d r%d %d", i%(17+i%5), i, i*7919%101)
			note := parse(text)
			want.notes[note.id], want.keys[note.key] = note, append(want.keys[note.key], note)
			reports = append(reports, text)
		}
		say(t, brokers, topic, reports...)
	}
	agree := func(judges ...*toy) {
		holding := map[string]bool{}
		for id, n := range want.notes {
			for rule := range toyRules {
				if holds(rule, n, want.keys[n.key]) {
					holding[ruleName(rule)+" "+id] = true
				}
			}
		}
		eventually(t, 30*time.Second, func() string { return fmt.Sprint(len(w.ledger.standing), " stand, ", len(holding), " hold") }, func() (ok bool) {
			w.ledger.set(func() { ok = maps.Equal(w.ledger.standing, holding) })
			for _, j := range judges {
				j.look(func() { ok = ok && len(j.state.notes) == len(want.notes) })
			}
			return ok
		})
	}
	disks := []*disk{{}, {}}
	one, _, judge1 := begin(disks[0])
	write(200)
	agree(judge1)
	two, dying, judge2 := begin(disks[1])
	write(200)
	agree(judge1, judge2) // what one owns the other has seen too
	eventually(t, 30*time.Second, two.state, func() bool { dying.mu.Lock(); defer dying.mu.Unlock(); return len(dying.claims) > 0 })
	for i := range 5 {
		write(40)
		if i == 2 {
			judge2.die()
			dying.dead.Store(true) // nothing of what it does reaches anybody
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = two.p.Stop(ended) // says that it was not in order
	write(40)
	agree(judge1)
	_, back, judge3 := begin(disks[1])
	write(40)
	agree(judge1, judge3)
	eventually(t, 30*time.Second, one.state, func() bool { back.mu.Lock(); defer back.mu.Unlock(); return len(back.claims) > 0 })
	write(40)
	agree(judge1, judge3)
	eventually(t, 10*time.Second, one.state, func() bool {
		return committed(t, brokers, "g-"+topic, topic) == int64(len(want.notes))
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.faults) > 0 {
		t.Error(slices.Compact(w.faults))
	}
}
