package plan_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live"
	"github.com/haltwire/haltwire/rules/window"
)

// forever is a lateness that nothing exceeds.
const forever = math.MaxInt64 / 4

// world is two processes that judge growing logs of reports, share their partitions,
// and may crash: then the other one takes over.
type world struct {
	t       *rapid.T
	b       *event.Batch // every report; its rows are what logs refer to
	plan    *plan.Plan
	plans   []*plan.Plan // that say the same
	options live.Options
	dir     string
	log     *caseLog

	logs      map[event.Partition][]int // rows
	committed map[event.Partition]int64
	owner     map[event.Partition]int
	all       []*process
	trace     []string // what happened, for whoever reads a failure
}

// process is what lives until a crash.
type process struct {
	*world
	n      int
	judge  *live.Judge
	read   map[event.Partition]int64
	emit   map[event.Partition]int64 // what is below was judged before
	recent map[event.Partition]int64 // partitions taken over, of which nothing is said yet
	hold   map[event.Partition]int64
	clock  int64
}

// parts are the partitions of a world.
func parts() []event.Partition {
	return []event.Partition{{Topic: "bank", ID: 0}, {Topic: "bank", ID: 1}, {Topic: "telecom", ID: 0}}
}

// byContent decodes records whose values name rows of b.
func byContent(b *event.Batch) plan.Decode {
	rowOf := map[string]int{}
	for r := range b.Rows {
		rowOf[string(b.Raw(r))] = r
	}
	return func(recs *event.Records) (*event.Batch, []event.Dead) {
		p := event.NewBatch(b.Schema, nil)
		p.Reset(recs)
		for i, value := range recs.Values {
			for c := range b.Columns {
				copyCell(&p.Columns[c], i, &b.Columns[c], rowOf[string(value)])
			}
			p.Accept(i)
		}
		p.Finish()
		for c := range p.Columns {
			if v := &p.Columns[c]; v.Type == event.Symbol && !v.Empty() {
				v.Values, v.Generation = b.Columns[c].Values, b.Columns[c].Generation
			}
		}
		return p, nil
	}
}

func newWorld(t *rapid.T, dir string, b *event.Batch, plans []*plan.Plan, bounds window.Options, budget int) *world {
	p := plans[0]
	d := byContent(b)
	w := &world{
		t: t, b: b, plan: p, plans: plans, dir: dir, log: &caseLog{map[string][]string{}, map[string]*evidence{}},
		logs: map[event.Partition][]int{}, committed: map[event.Partition]int64{}, owner: map[event.Partition]int{},
		options: live.Options{
			Decoders: live.Decoders{Again: d, Whole: d, About: d}, Schema: b.Schema, Windows: bounds,
			Lateness: forever, Budget: budget, Covered: -forever, Piece: 1, Pause: 1,
		},
	}
	for _, r := range p.Rules() {
		for _, c := range r.Cases {
			w.log.cases[r.ID] = append(w.log.cases[r.ID], c.Name)
		}
	}
	for n := range 1 + even(t, 2, "standby") {
		w.all = append(w.all, nil)
		w.start(n)
	}
	return w
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

// start begins process n: what it reads first is what its snapshot lacks.
func (w *world) start(n int) {
	o := w.options
	o.Dir = filepath.Join(w.dir, fmt.Sprint(n))
	judge, err := live.New(w.plan, o)
	if err == nil {
		err = os.MkdirAll(o.Dir, 0o700)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	begin, err := judge.Restore()
	if err != nil {
		w.t.Fatal(err)
	}
	p := &process{world: w, n: n, judge: judge, read: map[event.Partition]int64{}, emit: map[event.Partition]int64{}, recent: map[event.Partition]int64{}}
	for _, part := range parts() {
		p.read[part], p.emit[part] = min(begin[part], w.committed[part]), w.committed[part]
		if w.owner[part] == n && w.committed[part] > 0 {
			p.recent[part] = w.committed[part]
		}
	}
	w.all[n] = p
	w.note("start %d from %v, committed %v", n, begin, w.committed)
}

// crash ends p and begins another in its place; the other process, if there is one,
// takes its partitions over.
func (p *process) crash() {
	if err := p.judge.Close(); err != nil {
		p.t.Fatal(err)
	}
	other := (p.n + 1) % len(p.all)
	for _, part := range parts() {
		if p.owner[part] == p.n && other != p.n {
			p.owner[part] = other
			p.all[other].take(part)
		}
	}
	p.start(p.n)
}

// take makes p the owner of a partition, which is read again from where nothing is
// committed.
func (p *process) take(part event.Partition) {
	c := p.committed[part]
	p.note("%d takes %s from %d", p.n, part, c)
	p.recent[part] = max(c, p.read[part])
	p.emit[part] = max(p.emit[part], c)
	p.read[part] = min(p.read[part], c)
}

// run judges a run of a partition; publish says how much of what it says gets to the
// log, in tenths.
func (p *process) run(part event.Partition, n, publish int) {
	silent := p.replaying()
	recs := &event.Records{Topic: part.Topic, Partition: part.ID, Codec: "test", High: int64(len(p.logs[part]))}
	for range n {
		at := p.read[part]
		recs.Offsets = append(recs.Offsets, at)
		recs.Times = append(recs.Times, 2_000_000_000_000+at)
		recs.Values = append(recs.Values, p.b.Raw(p.logs[part][at]))
		p.read[part]++
	}
	b, _ := p.options.Again(recs)
	p.note("%d runs %s %v of %v silent %v", p.n, part, recs.Offsets, p.logs[part], silent)
	j, err := p.judge.Judge(b, recs)
	if silent {
		publish = 0
	}
	p.publish(j, err, publish)
	p.say()
}

// say publishes, after the replay, what is to be said once more of partitions that
// were taken over.
func (p *process) say() {
	for _, part := range parts() {
		below, ok := p.recent[part]
		if !ok || p.replaying() {
			continue
		}
		delete(p.recent, part)
		p.note("%d says recent %s below %d", p.n, part, below)
		j, err := p.judge.Recent(part, below)
		p.publish(j, err, 10)
	}
}

// publish puts on the log what is about partitions that p owns.
func (p *process) publish(j *hit.Judgement, err error, tenths int) {
	if err != nil {
		p.t.Fatal(err)
	}
	all := len(j.Hits) + len(j.Overturned)
	mine := func(i int, at event.Position) bool {
		return 10*i < all*tenths && p.owner[event.Partition{Topic: at.Topic, ID: at.Partition}] == p.n
	}
	for i, h := range j.Hits {
		on := mine(i, h.Position)
		p.note("  %v hit %s %s v%d %q late %v changed %v at %v cause %v", on, h.ReportID, h.Rule, h.Revision, h.Case, h.Late, h.Changed, h.Position, h.Cause)
		if on {
			p.log.hit(h)
		}
	}
	for i, o := range j.Overturned {
		on := mine(len(j.Hits)+i, o.Position)
		p.note("  %v overturned %s %s v%d now %v at %v cause %v", on, o.ReportID, o.Rule, o.Version.Revision, o.Now != nil, o.Position, o.Cause)
		if on {
			p.log.overturn(o)
		}
	}
	p.note("  hold %v", j.Hold)
	p.hold = j.Hold
}

func (p *process) tick(clock int64) {
	p.clock = max(p.clock, clock)
	p.note("%d ticks %d", p.n, p.clock)
	tenths := 10
	if p.replaying() {
		tenths = 0
	}
	j, err := p.judge.Tick(p.clock)
	p.publish(j, err, tenths)
}

// replaying reports whether something below the committed offsets is not judged yet.
// Until all of it is, nothing beyond is judged and nothing is published.
func (p *process) replaying() bool {
	return slices.ContainsFunc(parts(), func(part event.Partition) bool { return p.read[part] < p.emit[part] })
}

// ready returns how many reports of a partition may be judged now.
func (p *process) ready(part event.Partition) int {
	end := int64(len(p.logs[part]))
	if p.replaying() {
		end = p.emit[part]
	}
	return int(max(0, end-p.read[part]))
}

// commit commits what nothing holds.
func (p *process) commit() {
	if p.replaying() || len(p.recent) > 0 {
		return
	}
	at := map[event.Partition]int64{}
	for _, part := range parts() {
		at[part] = p.read[part]
		if hold, ok := p.hold[part]; ok {
			at[part] = min(at[part], hold)
		}
		if p.owner[part] == p.n {
			p.committed[part] = max(p.committed[part], at[part])
			at[part] = p.committed[part]
		}
	}
	p.judge.Committed(at)
	p.note("%d commits %v", p.n, at)
}

func (p *process) keep() {
	if err := errors.Join(p.judge.Keep(p.read), p.judge.Sync()); err != nil {
		p.t.Fatal(err)
	}
}

// act does something that is drawn.
func (w *world) act(arrivals []int) (left []int) {
	p := w.all[even(w.t, len(w.all), "process")]
	part := parts()[even(w.t, len(parts()), "partition")]
	switch even(w.t, 13, "act") {
	case 12:
		which := even(w.t, len(w.plans), "plan")
		w.note("%d reloads %d", p.n, which)
		if err := p.judge.Reload(w.plans[which], w.options.Decoders, hit.Digests{}, -forever); err != nil {
			w.t.Fatal(err)
		}
	case 0, 1, 2:
		n := min(len(arrivals), 1+even(w.t, 4, "arrive"))
		w.logs[part] = append(w.logs[part], arrivals[:n]...)
		return arrivals[n:]
	case 3, 4, 5, 6, 7:
		if n := p.ready(part); n > 0 {
			p.run(part, 1+even(w.t, min(4, n), "run"), 10)
		}
	case 8:
		p.tick(int64(1_000 * even(w.t, 8, "clock")))
	case 9:
		p.commit()
	case 10:
		for range []int{1, 30, 70, 140}[even(w.t, 4, "keep")] {
			p.keep()
		}
	case 11:
		if n := p.ready(part); n > 0 && even(w.t, 2, "dying") > 0 {
			p.run(part, n, even(w.t, 11, "published"))
		}
		p.crash()
	}
	return arrivals
}

// end judges everything that is left.
func (w *world) end(arrivals []int) {
	for _, row := range arrivals {
		p := parts()[even(w.t, len(parts()), "partition")]
		w.logs[p] = append(w.logs[p], row)
	}
	for _, p := range w.all {
		p.finish()
	}
}

func (p *process) finish() {
	for range 2 { // what is replayed, and what comes after it
		for _, part := range parts() {
			for p.ready(part) > 0 {
				p.run(part, 1, 10)
			}
		}
		p.say()
	}
	for range 1000 {
		if p.tick(4_000_000_000_000); len(p.hold) == 0 {
			return
		}
	}
	p.t.Fatal("something is held for ever")
}

// again lets every report come once more and returns a line a hit that is said then,
// with all values.
func (p *process) again(rows []int) []string {
	part := parts()[0]
	recs := &event.Records{Topic: part.Topic, Partition: part.ID, Codec: "test"}
	for i, r := range rows {
		recs.Offsets, recs.Times, recs.Values = append(recs.Offsets, p.read[part]+int64(i)), append(recs.Times, 2_100_000_000_000), append(recs.Values, p.b.Raw(r))
	}
	b, _ := p.options.Again(recs)
	j, err := p.judge.Judge(b, recs)
	if err != nil {
		p.t.Fatal(err)
	}
	lines := []string{}
	for _, h := range j.Hits {
		lines = append(lines, line(h))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}
