package pipeline_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// The rules of a toy, of the reports of one key: third holds when there are three
// of its time or earlier, first when there is none earlier, and alone when there is
// no other. It settles.
const (
	third = iota
	first
	alone
	toyRules
)

func ruleName(rule int) string { return [...]string{"third", "first", "alone"}[rule] }

// note is a report "key id time" as a toy remembers it.
type note struct {
	key, id string
	time    int
	pos     event.Position
	record  int64
	said    [toyRules]bool
	settled bool
}

// holds reports whether a rule holds on n among all of its key.
func holds(rule int, n *note, key []*note) bool {
	before, until := 0, 0
	for _, m := range key {
		if m.time < n.time {
			before++
		}
		if m.time <= n.time {
			until++
		}
	}
	return [...]bool{until >= 3, before == 0, len(key) == 1}[rule]
}

func parse(text string) *note {
	f := strings.Fields(text)
	at, err := strconv.Atoi(f[2])
	if err != nil {
		panic(err)
	}
	return &note{key: f[0], id: f[1], time: at}
}

// disk outlives the lives of an instance.
type disk struct {
	next, current *toyState
	at            map[event.Partition]int64 // of next
	from          map[event.Partition]int64 // of current
}

// toyState is what a toy remembers.
type toyState struct {
	notes map[string]*note
	keys  map[string][]*note
}

func (s *toyState) clone() *toyState {
	c := &toyState{map[string]*note{}, map[string][]*note{}}
	for key, notes := range s.keys {
		for _, n := range notes {
			m := *n
			c.notes[n.id], c.keys[key] = &m, append(c.keys[key], &m)
		}
	}
	return c
}

// toy is a Memory that obeys the contract to the letter and remembers everything.
type toy struct {
	settle  int64
	budget  int // keys whose earlier reports are judged again a call; the rest is left for later
	columns []bool
	disk    *disk // nil = no snapshots

	mu     sync.Mutex
	state  *toyState
	left   map[string]map[event.Partition]int64 // keys left for later, and whose reports made them so
	doubts map[string]bool                      // keys of left of which everything is said
	high   map[event.Partition]int64
	clock  int64
	clocks []int64
	rows   map[event.Partition]int
	warmed int
	order  []byte // l for a run, w for a batch of the past
	recent []string
	closed bool // the process is dead
}

func newToy(d *disk) *toy {
	t := &toy{
		settle: 5000, budget: 1 << 30, disk: d, left: map[string]map[event.Partition]int64{}, doubts: map[string]bool{},
		high: map[event.Partition]int64{}, rows: map[event.Partition]int{}, columns: event.Default().Projection(),
		state: &toyState{map[string]*note{}, map[string][]*note{}},
	}
	if d != nil && d.current != nil {
		t.state = d.current.clone()
		d.next = nil
	}
	return t
}

func (t *toy) Columns() []bool { return t.columns }

// Judge implements pipeline.Judge.
func (t *toy) Judge(b *event.Batch, recs *event.Records) (*hit.Judgement, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := event.Partition{Topic: recs.Topic, ID: recs.Partition}
	t.rows[p] += b.Rows
	t.order = append(t.order, 'l')
	if _, ok := t.high[p]; !ok {
		t.high[p] = recs.High
	}
	doubt := recs.Offsets[0] < t.high[p]
	out := &hit.Judgement{}
	for i := range b.Rows {
		n := parse(string(b.Raw(i)))
		n.pos, n.record = b.Position(i), b.RecordTime(i)
		n, fresh := t.insert(n)
		if fresh || doubt {
			if t.left[n.key] == nil {
				t.left[n.key] = map[event.Partition]int64{}
			}
			if _, ok := t.left[n.key][p]; !ok {
				t.left[n.key][p] = n.pos.Offset
			}
			t.doubts[n.key] = t.doubts[n.key] || doubt
		}
	}
	for i := range b.Rows {
		n := t.state.notes[parse(string(b.Raw(i))).id]
		n.settled = n.settled || t.clock >= n.record+t.settle
		for rule := range toyRules {
			t.say(out, n, rule, true, nil)
		}
	}
	t.again(out, b.Position(max(b.Rows-1, 0)))
	out.Hold = t.hold()
	return out, nil
}

func (t *toy) insert(n *note) (*note, bool) {
	if known := t.state.notes[n.id]; known != nil {
		return known, false
	}
	t.state.notes[n.id] = n
	t.state.keys[n.key] = append(t.state.keys[n.key], n)
	return n, true
}

// say says whether a rule holds on n: always, or when that is new.
func (t *toy) say(out *hit.Judgement, n *note, rule int, always bool, cause *event.Position) {
	if rule == alone && !n.settled {
		return
	}
	is, was := holds(rule, n, t.state.keys[n.key]), n.said[rule]
	n.said[rule] = is
	switch {
	case is == was && !always:
	case is:
		h := &hit.Hit{Rule: ruleName(rule), ReportID: n.id, Position: n.pos}
		if cause != nil {
			h.Late, h.Cause = true, *cause
		}
		out.Hits = append(out.Hits, h)
	default:
		out.Overturned = append(out.Overturned, hit.Overturned{Rule: ruleName(rule), ReportID: n.id, Position: n.pos})
	}
}

// again judges earlier reports of keys that have changed.
func (t *toy) again(out *hit.Judgement, cause event.Position) {
	for i, key := range slices.Sorted(maps.Keys(t.left)) {
		if i >= t.budget {
			return
		}
		for _, n := range t.state.keys[key] {
			for rule := range toyRules {
				t.say(out, n, rule, t.doubts[key], &cause)
			}
		}
		delete(t.left, key)
		delete(t.doubts, key)
	}
}

func (t *toy) hold() map[event.Partition]int64 {
	hold := map[event.Partition]int64{}
	put := func(p event.Partition, offset int64) {
		if old, ok := hold[p]; !ok || offset < old {
			hold[p] = offset
		}
	}
	for _, n := range t.state.notes {
		if !n.settled {
			put(event.Partition{Topic: n.pos.Topic, ID: n.pos.Partition}, n.pos.Offset)
		}
	}
	for _, causes := range t.left {
		for p, offset := range causes {
			put(p, offset)
		}
	}
	return hold
}

// Tick implements pipeline.Memory.
func (t *toy) Tick(clock int64) (*hit.Judgement, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clock, t.clocks = clock, append(t.clocks, clock)
	out := &hit.Judgement{}
	for _, n := range t.state.notes {
		if !n.settled && clock >= n.record+t.settle {
			n.settled = true
			t.say(out, n, alone, true, nil)
		}
	}
	t.again(out, event.Position{})
	out.Hold = t.hold()
	return out, nil
}

// Recent implements pipeline.Memory.
func (t *toy) Recent(p event.Partition, below int64) (*hit.Judgement, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recent = append(t.recent, fmt.Sprintf("%v below %d", p, below))
	out := &hit.Judgement{}
	for _, n := range t.state.notes {
		if n.pos.Topic == p.Topic && n.pos.Partition == p.ID && n.pos.Offset < below {
			for rule := range toyRules {
				t.say(out, n, rule, true, nil)
			}
		}
	}
	return out, nil
}

// Keep implements pipeline.Memory.
func (t *toy) Keep(at map[event.Partition]int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.disk != nil && !t.closed && len(t.left) == 0 && t.disk.next == nil {
		t.disk.next, t.disk.at = t.state.clone(), at
	}
	return nil
}

// Committed implements pipeline.Memory.
func (t *toy) Committed(at map[event.Partition]int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.disk == nil || t.disk.next == nil || t.closed {
		return
	}
	for p, next := range t.disk.at {
		if to, ok := at[p]; next > 0 && (!ok || to < next) {
			return
		}
	}
	t.disk.current, t.disk.from, t.disk.next = t.disk.next, t.disk.at, nil
}

// Warm implements pipeline.Warmer.
func (t *toy) Warm(b *event.Batch) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.order = append(t.order, 'w')
	for i := range b.Rows {
		n := parse(string(b.Raw(i)))
		n.pos, n.record, n.settled = b.Position(i), b.RecordTime(i), true
		t.insert(n)
		t.warmed++
	}
	return nil
}

// die makes the disk keep what it has.
func (t *toy) die() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

func (t *toy) look(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}
