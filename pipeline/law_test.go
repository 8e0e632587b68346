package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
)

const (
	lawPartitions = 3
	lawInstances  = 2
)

// deed is a step of a history.
type deed struct {
	Verb      string
	Partition int32
	Instance  int
	Key       int
	Time      int
	Fence     bool
	Wait      time.Duration
}

func deeds() *rapid.Generator[deed] {
	verbs := []string{"write", "write", "write", "write", "write", "write", "wait", "wait", "kill", "leave", "move", "stall", "flow", "away", "back", "swap"}
	return rapid.Custom(func(t *rapid.T) deed {
		return deed{
			Verb: rapid.SampledFrom(verbs).Draw(t, "verb"), Partition: rapid.Int32Range(0, lawPartitions-1).Draw(t, "partition"),
			Instance: rapid.IntRange(0, lawInstances-1).Draw(t, "instance"), Key: rapid.IntRange(0, 3).Draw(t, "key"), Time: rapid.IntRange(0, 9).Draw(t, "time"),
			Fence: rapid.Bool().Draw(t, "fence"), Wait: time.Duration(rapid.SampledFrom([]int{1, 90, 700, 1300, 6000}).Draw(t, "wait")) * time.Millisecond,
		}
	})
}

// history is a world with instances that die and come back.
type history struct {
	*world
	disks  []*disk
	lives  []*member
	toys   []*toy
	budget int
	keeps  bool // snapshots
	any    bool // reading is not aligned
	n      int
}

// TestLaw: whatever the interleaving, the crashes, the moves of partitions and the
// outages, what stands on the log at the end is what holds among all reports, and
// nobody speaks of what is not its.
func TestLaw(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		budget := rapid.SampledFrom([]int{1, 1 << 30}).Draw(rt, "budget")
		keeps, unordered := rapid.Bool().Draw(rt, "keeps"), rapid.Bool().Draw(rt, "any")
		all := rapid.SliceOfN(deeds(), 1, 60).Draw(rt, "deeds")
		var faults []string
		synctest.Test(t, func(t *testing.T) {
			h := &history{world: newWorld(t, lawPartitions), budget: budget, keeps: keeps, any: unordered}
			faults = h.live(all)
		})
		if len(faults) > 0 {
			rt.Fatal(strings.Join(faults, "\n"))
		}
	})
}

func (h *history) live(all []deed) []string {
	for i := range lawInstances {
		h.disks, h.lives, h.toys = append(h.disks, &disk{}), append(h.lives, nil), append(h.toys, nil)
		h.begin(i)
	}
	h.spread()
	for _, d := range all {
		h.do(d)
	}
	for id := range int32(lawPartitions) {
		h.change(func() { h.logs[part(id)].stalled = false })
	}
	h.ledger.set(func() { h.ledger.away = false })
	h.spread()
	pass(time.Minute)
	h.compare()
	for _, m := range h.lives {
		m.leave()
	}
	return h.faults
}

// begin starts instance i from what its disk has.
func (h *history) begin(i int) {
	d := h.disks[i]
	if !h.keeps {
		d = &disk{}
	}
	h.toys[i] = newToy(d)
	h.toys[i].budget = h.budget
	from := d.from
	h.lives[i] = h.join(h.toys[i], func(o *pipeline.Options) {
		o.Begin = func(_ context.Context, p event.Partition, _ int64) (int64, error) { return from[p], nil }
		o.Detect.(*memReader).any = h.any
	})
}

// spread gives partitions without owner to the instances.
func (h *history) spread() {
	for id := range int32(lawPartitions) {
		h.mu.Lock()
		none := h.owners[part(id)] == nil
		h.mu.Unlock()
		if none {
			h.assign(part(id), h.lives[int(id)%lawInstances], false)
		}
	}
}

func (h *history) do(d deed) {
	p := part(d.Partition)
	switch d.Verb {
	case "write":
		h.n++
		h.write(p, time.Now(), fmt.Sprintf("k%d r%d %d", d.Key, h.n, d.Time))
	case "wait":
		pass(d.Wait)
	case "kill":
		h.toys[d.Instance].die()
		h.lives[d.Instance].kill()
		h.begin(d.Instance)
		h.spread()
	case "leave":
		h.lives[d.Instance].leave()
		h.toys[d.Instance].die()
		h.begin(d.Instance)
		h.spread()
	case "move":
		h.assign(p, h.lives[d.Instance], d.Fence)
	case "stall", "flow":
		h.change(func() { h.logs[p].stalled = d.Verb == "stall" })
	case "swap":
		same := func(map[event.Partition]int64) (pipeline.Judge, error) { return h.toys[d.Instance], nil }
		if err := h.lives[d.Instance].p.Swap(same); err != nil {
			h.fault("swap: %v", err)
		}
	case "away", "back":
		h.ledger.set(func() { h.ledger.away = d.Verb == "away" })
	}
}

// compare compares what stands with what holds, and what is committed with the ends.
func (h *history) compare() {
	want := &toyState{map[string]*note{}, map[string][]*note{}}
	for p, l := range h.logs {
		for _, v := range l.values {
			n := parse(string(v))
			want.notes[n.id], want.keys[n.key] = n, append(want.keys[n.key], n)
		}
		if to := h.committed[p]; to != int64(len(l.values)) {
			h.fault("%v is committed to %d of %d", p, to, len(l.values))
		}
	}
	holding := map[string]bool{}
	for id, n := range want.notes {
		for rule := range toyRules {
			if holds(rule, n, want.keys[n.key]) {
				holding[ruleName(rule)+" "+id] = true
			}
		}
	}
	h.ledger.set(func() {
		if !maps.Equal(h.ledger.standing, holding) {
			h.fault("stands %v\nholds  %v", slices.Sorted(maps.Keys(h.ledger.standing)), slices.Sorted(maps.Keys(holding)))
		}
	})
}
