package plan_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live"
	"github.com/haltwire/haltwire/rules/window"
)

// forever is a lateness that nothing exceeds.
const forever = math.MaxInt64 / 4

// evidence is what a log knows of a rule on a report.
type evidence struct {
	version  hit.Version
	which    int // index of the case, -1 = none
	standing bool
	h        *hit.Hit
}

// caseLog is a model of the log of hits: what stands, whatever is repeated.
type caseLog struct {
	cases map[string][]string // by rule
	of    map[string]*evidence
}

func (l *caseLog) which(h *hit.Hit) int { return slices.Index(l.cases[h.Rule], h.Case) }

func (l *caseLog) hit(h *hit.Hit) {
	e := l.of[h.EvidenceKey()]
	switch {
	case e == nil || e.version.Compare(h.ReportVersion()) < 0:
		l.of[h.EvidenceKey()] = &evidence{h.ReportVersion(), l.which(h), true, h}
	case e.version != h.ReportVersion():
	case !e.standing || h.Changed && l.which(h) < e.which:
		e.standing, e.which, e.h = true, l.which(h), h
	}
}

func (l *caseLog) overturn(o hit.Overturned) {
	e := l.of[o.EvidenceKey()]
	switch {
	case e == nil || e.version != o.Version || !e.standing:
	case o.Now == nil:
		e.standing = false
	case l.which(o.Now) > e.which:
		e.which, e.h = l.which(o.Now), o.Now
	}
}

// world is a process that judges a growing log of reports and may crash.
type world struct {
	t       *rapid.T
	b       *event.Batch // every report; its rows are what logs refer to
	plan    *plan.Plan
	options live.Options
	log     *caseLog

	logs      map[event.Partition][]int // rows
	read      map[event.Partition]int64
	emit      map[event.Partition]int64
	committed map[event.Partition]int64
	hold      map[event.Partition]int64
	judge     *live.Judge
	clock     int64
	trace     []string // what happened, for whoever reads a failure
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

func newWorld(t *rapid.T, dir string, b *event.Batch, p *plan.Plan, bounds window.Options, budget int) *world {
	d := byContent(b)
	w := &world{
		t: t, b: b, plan: p, log: &caseLog{map[string][]string{}, map[string]*evidence{}},
		logs: map[event.Partition][]int{}, read: map[event.Partition]int64{}, emit: map[event.Partition]int64{}, committed: map[event.Partition]int64{},
		options: live.Options{
			Decoders: live.Decoders{Again: d, Whole: d, About: d}, Schema: b.Schema, Windows: bounds,
			Lateness: forever, Budget: budget, Covered: -forever, Dir: dir, Piece: 1, Pause: 1,
		},
	}
	for _, r := range p.Rules() {
		for _, c := range r.Cases {
			w.log.cases[r.ID] = append(w.log.cases[r.ID], c.Name)
		}
	}
	w.start()
	return w
}

// start begins a process: what it reads first is what its snapshot lacks.
func (w *world) start() {
	var err error
	if w.judge, err = live.New(w.plan, w.options); err != nil {
		w.t.Fatal(err)
	}
	begin, err := w.judge.Restore()
	if err != nil {
		w.t.Fatal(err)
	}
	w.hold = nil
	w.note("start from %v, committed %v", begin, w.committed)
	for _, p := range parts() {
		w.read[p], w.emit[p] = min(begin[p], w.committed[p]), w.committed[p]
	}
}

// crash ends the process and begins another.
func (w *world) crash() {
	if err := w.judge.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.start()
}

// run judges a run of p; publish says how much of what it says gets to the log, in
// tenths.
func (w *world) run(p event.Partition, n, publish int) {
	silent := w.replaying()
	recs := &event.Records{Topic: p.Topic, Partition: p.ID, Codec: "test", High: int64(len(w.logs[p]))}
	for range n {
		at := w.read[p]
		recs.Offsets = append(recs.Offsets, at)
		recs.Times = append(recs.Times, 2_000_000_000_000+at)
		recs.Values = append(recs.Values, w.b.Raw(w.logs[p][at]))
		w.read[p]++
	}
	b, _ := w.options.Again(recs)
	j, err := w.judge.Judge(b, recs)
	if err != nil {
		w.t.Fatal(err)
	}
	w.note("run %s %v of %v silent %v", p, recs.Offsets, w.logs[p], silent)
	if silent {
		publish = 0
	}
	w.publish(j, publish)
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

func (w *world) publish(j *hit.Judgement, tenths int) {
	for _, h := range j.Hits {
		w.note("  hit %s %s v%d %q late %v changed %v at %v cause %v", h.ReportID, h.Rule, h.Revision, h.Case, h.Late, h.Changed, h.Position, h.Cause)
	}
	for _, o := range j.Overturned {
		w.note("  overturned %s %s v%d now %v at %v cause %v", o.ReportID, o.Rule, o.Version.Revision, o.Now != nil, o.Position, o.Cause)
	}
	w.note("  hold %v", j.Hold)
	all := len(j.Hits) + len(j.Overturned)
	for i, h := range j.Hits {
		if 10*i < all*tenths {
			w.log.hit(h)
		}
	}
	for i, o := range j.Overturned {
		if 10*(len(j.Hits)+i) < all*tenths {
			w.log.overturn(o)
		}
	}
	w.hold = j.Hold
}

func (w *world) tick(clock int64) {
	w.clock = max(w.clock, clock)
	j, err := w.judge.Tick(w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	w.note("tick %d", w.clock)
	if w.replaying() {
		w.publish(j, 0)
	} else {
		w.publish(j, 10)
	}
}

// replaying reports whether something below the committed offsets is not judged yet.
// Until all of it is, nothing beyond is judged and nothing is published.
func (w *world) replaying() bool {
	return slices.ContainsFunc(parts(), func(p event.Partition) bool { return w.read[p] < w.emit[p] })
}

// ready returns how many reports of p may be judged now.
func (w *world) ready(p event.Partition) int {
	end := int64(len(w.logs[p]))
	if w.replaying() {
		end = w.emit[p]
	}
	return int(max(0, end-w.read[p]))
}

// commit commits what nothing holds.
func (w *world) commit() {
	for _, p := range parts() {
		at := w.read[p]
		if hold, ok := w.hold[p]; ok {
			at = min(at, hold)
		}
		w.committed[p] = max(w.committed[p], at)
	}
	w.judge.Committed(w.committed)
	w.note("commit %v", w.committed)
}

func (w *world) keep() {
	if err := errors.Join(w.judge.Keep(w.read), w.judge.Sync()); err != nil {
		w.t.Fatal(err)
	}
}

// act does something that is drawn.
func (w *world) act(arrivals []int) (left []int) {
	p := parts()[even(w.t, len(parts()), "partition")]
	switch even(w.t, 12, "act") {
	case 0, 1, 2, 3:
		n := min(len(arrivals), 1+even(w.t, 4, "arrive"))
		w.logs[p] = append(w.logs[p], arrivals[:n]...)
		return arrivals[n:]
	case 4, 5, 6, 7:
		if n := w.ready(p); n > 0 {
			w.run(p, 1+even(w.t, min(4, n), "run"), 10)
		}
	case 8:
		w.tick(int64(1_000 * even(w.t, 8, "clock")))
	case 9:
		w.commit()
	case 10:
		for range []int{1, 30, 70, 140}[even(w.t, 4, "keep")] {
			w.keep()
		}
	case 11:
		if n := w.ready(p); n > 0 && rapid.Bool().Draw(w.t, "dying") {
			w.run(p, n, even(w.t, 11, "published"))
		}
		w.crash()
	}
	return arrivals
}

// end judges everything that is left.
func (w *world) end(arrivals []int) {
	for _, row := range arrivals {
		p := parts()[even(w.t, len(parts()), "partition")]
		w.logs[p] = append(w.logs[p], row)
	}
	for range 2 { // what is replayed, and what comes after it
		for _, p := range parts() {
			for w.ready(p) > 0 {
				w.run(p, 1, 10)
			}
		}
	}
	for range 1000 {
		if w.tick(4_000_000_000_000); len(w.hold) == 0 {
			return
		}
	}
	w.t.Fatal("something is held for ever")
}

// again lets every report come once more and returns a line a hit that is said then,
// with all values.
func (w *world) again(rows []int) []string {
	p := parts()[0]
	w.logs[p] = append(w.logs[p], rows...)
	recs := &event.Records{Topic: p.Topic, Partition: p.ID, Codec: "test"}
	for _, r := range rows {
		recs.Offsets, recs.Times, recs.Values = append(recs.Offsets, w.read[p]), append(recs.Times, 2_100_000_000_000), append(recs.Values, w.b.Raw(r))
		w.read[p]++
	}
	b, _ := w.options.Again(recs)
	j, err := w.judge.Judge(b, recs)
	if err != nil {
		w.t.Fatal(err)
	}
	lines := []string{}
	for _, h := range j.Hits {
		lines = append(lines, line(h))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// standing returns a line a hit that stands on the latest version of its report.
func (w *world) standing(latest map[plan.Ref]hit.Version) []string {
	lines := []string{}
	for _, e := range w.log.of {
		if e.standing && latest[plan.Ref{Reporter: e.h.Reporter, ID: e.h.ReportID}] == e.version {
			lines = append(lines, fmt.Sprintf("%s/%s %s v%d case %q", e.h.Reporter, e.h.ReportID, e.h.Rule, e.h.Revision, caseName(w.log.cases[e.h.Rule], e.which)))
		}
	}
	slices.Sort(lines)
	return lines
}

func caseName(names []string, i int) string {
	if i < 0 {
		return ""
	}
	return names[i]
}

// latestOf returns the latest version of each report of b.
func latestOf(b *event.Batch, rows []int) map[plan.Ref]hit.Version {
	all := map[plan.Ref]hit.Version{}
	text := func(r int, name string) string { return b.Columns[b.Schema.Must(name)].String(r) }
	for _, r := range rows {
		ref := plan.Ref{Reporter: text(r, "reporter"), ID: text(r, "report_id")}
		v := hit.Version{Hash: b.Hash(r)}
		if rev := &b.Columns[b.Schema.Must("revision")]; rev.Has(r) {
			v.Revision = rev.U32[r]
		}
		if have, ok := all[ref]; !ok || have.Compare(v) < 0 {
			all[ref] = v
		}
	}
	return all
}

// memory returns a directory whose files cost no disk where the machine has such.
func memory(t interface{ Fatal(...any) }) string {
	for _, parent := range []string{"/dev/shm", ""} {
		if dir, err := os.MkdirTemp(parent, "haltwire-live-"); err == nil {
			return dir
		}
	}
	t.Fatal("no directory")
	return ""
}

func short(lines []string) []string {
	out := []string{}
	for _, l := range lines {
		out = append(out, l[:strings.Index(l, " score ")])
	}
	return out
}
