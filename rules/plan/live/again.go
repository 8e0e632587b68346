package live

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live/shelf"
)

// turns is memory that turns use again, and what a turn that fails leaves for the
// next one.
type turns struct {
	keys  []uint64
	key   []byte
	more  []shelf.Verdict
	notes []entry // verdicts to be noted when all of the turn is said
	ripe  []call  // candidates that have settled
	calls []call
	by    map[shelf.Ref]int // of calls
	bytes []byte
}

// call is a candidate that is to be judged again, and why.
type call struct {
	ref    shelf.Ref
	cause  event.Position // zero = it has settled
	record int64          // of the cause
	doubt  bool
}

// call calls a candidate.
func (t *turns) call(c call) {
	at, ok := t.by[c.ref]
	if !ok {
		if t.by == nil {
			t.by = map[shelf.Ref]int{}
		}
		t.by[c.ref] = len(t.calls)
		t.calls = append(t.calls, c)
		return
	}
	c.doubt = c.doubt || t.calls[at].doubt
	t.calls[at] = c
}

// begin begins a turn.
func (j *Judge) begin() {
	j.turn++
	j.turns.notes, j.turns.calls = j.turns.notes[:0], j.turns.calls[:0]
	if len(j.turns.by) > 4*DefaultBudget {
		j.turns.by, j.turns.calls = nil, nil // after a takeover: clearing a map costs what it once held
	}
	clear(j.turns.by)
}

// review judges again the candidates that have settled and those whose windows have
// changed, ends the turn, and says in out what must not be committed yet.
func (j *Judge) review(out *hit.Judgement) error {
	for _, c := range j.turns.ripe {
		if j.shelf.Kept(c.ref) && j.shelf.At(c.ref).Pinned() {
			j.turns.call(c)
		}
	}
	done := j.choose(j.o.Budget)
	if err := j.recall(out); err != nil {
		return err
	}
	j.turns.ripe = j.turns.ripe[:0]
	j.queue.cut(done)
	j.stats.Deferred += uint64(len(j.queue.items))
	for _, n := range j.turns.notes {
		v := j.shelf.Verdict(n.ref, n.at)
		j.shelf.SetVerdict(n.ref, n.at, shelf.Verdict{Rule: v.Rule, State: n.state})
	}
	j.remember()
	out.Hold = j.hold()
	return nil
}

// remember notes which candidates were judged again.
func (j *Judge) remember() {
	for _, c := range j.turns.calls {
		if !j.shelf.Kept(c.ref) {
			continue
		}
		r := j.shelf.At(c.ref)
		r.Turn = j.turn
		if c.cause != (event.Position{}) {
			r.Again = max(r.Again, c.record)
			r.CauseSource, r.CauseOffset = j.sourceOf[event.Partition{Topic: c.cause.Topic, ID: c.cause.Partition}], c.cause.Offset
		}
	}
	j.stats.Dropped += uint64(j.shelf.Bound(j.o.Bytes))
}

// recall judges the candidates that are called, a topic at a time.
func (j *Judge) recall(out *hit.Judgement) error {
	calls := slices.Clone(j.turns.calls)
	topic := func(c call) string { return j.sources[j.shelf.At(c.ref).Source].Topic }
	slices.SortFunc(calls, func(a, b call) int {
		return cmp.Or(cmp.Compare(topic(a), topic(b)), j.shelf.Order(a.ref, b.ref))
	})
	for len(calls) > 0 {
		n := 1
		for n < len(calls) && n < DefaultBudget && topic(calls[n]) == topic(calls[0]) {
			n++
		}
		if err := j.recallTopic(calls[:n], out); err != nil {
			return err
		}
		calls = calls[n:]
	}
	return nil
}

// recallTopic judges candidates of one topic as one batch.
func (j *Judge) recallTopic(calls []call, out *hit.Judgement) error {
	refs := make([]shelf.Ref, len(calls))
	for i, c := range calls {
		refs[i] = c.ref
	}
	recs, of := j.records(refs, j.turns.bytes[:0])
	b, _ := j.o.Again(recs)
	defer b.Release()
	e := j.evaluator(j.again, recs.Topic)
	matches := e.Eval(b)
	t := turn{batch: b, eval: e, again: true}
	judged := make([]bool, len(calls))
	for r := range b.Rows {
		m := 0
		for m < len(matches) && int(matches[m].Row) == r {
			m++
		}
		at := of[b.Index[r]]
		c := calls[at]
		judged[at] = true
		t.row, t.ref, t.doubt, t.cause = r, c.ref, c.doubt, c.cause
		j.compare(&t, matches[:m])
		matches = matches[m:]
	}
	j.stats.Rejudged += uint64(b.Rows)
	if err := j.speak(&t, out); err != nil {
		return err
	}
	for i, ok := range judged {
		if !ok { // no decoder takes it any more: what was said of it stands
			j.stats.Refused++
			j.shelf.Close(calls[i].ref)
			j.shelf.Tidy(calls[i].ref)
		}
	}
	return nil
}

// records returns reports that are kept, which must be of one topic, as a run whose
// bytes stand in buf, and the index of refs of each; those whose bytes are damaged
// are left out.
func (j *Judge) records(refs []shelf.Ref, buf []byte) (recs *event.Records, of []int) {
	recs = &event.Records{}
	for i, ref := range refs {
		r := j.shelf.At(ref)
		var raw, trace []byte
		var err error
		if buf, raw, trace, err = j.shelf.Read(ref, buf); err != nil {
			continue
		}
		p := j.sources[r.Source]
		recs.Topic, recs.Partition, recs.Codec = p.Topic, p.ID, p.codec
		recs.Offsets, recs.Times = append(recs.Offsets, r.Offset), append(recs.Times, r.Record)
		recs.Values, recs.Trace = append(recs.Values, raw), append(recs.Trace, trace)
		recs.Bytes += len(raw)
		of = append(of, i)
	}
	if cap(buf) > cap(j.turns.bytes) {
		j.turns.bytes = buf
	}
	return recs, of
}

// fetch implements plan.FetchAll.
func (j *Judge) fetch(refs []plan.Ref) ([]*event.Batch, error) {
	by := map[string][]shelf.Ref{}
	for _, r := range refs {
		if ref, ok := j.shelf.Find(j.shelf.Identity([]byte(r.Reporter), []byte(r.ID))); ok {
			topic := j.sources[j.shelf.At(ref).Source].Topic
			by[topic] = append(by[topic], ref)
		}
	}
	var all []*event.Batch
	for _, topic := range slices.Sorted(maps.Keys(by)) {
		recs, _ := j.records(by[topic], nil)
		b, _ := j.o.About(recs)
		all = append(all, b)
	}
	return all, nil
}

// Tick implements pipeline.Memory: it judges what has settled and what was deferred,
// and forgets what the clock has passed.
func (j *Judge) Tick(clock int64) (*hit.Judgement, error) {
	j.begin()
	j.clock = max(j.clock, clock)
	j.settle.ripe(j.clock, func(d due) { j.turns.ripe = append(j.turns.ripe, call{ref: d.ref, doubt: d.doubt}) })
	out := &hit.Judgement{}
	if err := j.review(out); err != nil {
		return nil, err
	}
	j.evict()
	return out, nil
}

// sweeps is how many times a report is looked at before it is forgotten: a sweep
// goes through everything that is kept.
const sweeps = 256

// evict forgets what is too old, once in a while.
func (j *Judge) evict() {
	longest := int64(0)
	for i := range j.panes {
		longest = max(longest, j.panes[i].within)
	}
	every := max(60_000, (j.o.Lateness+longest)/sweeps)
	if j.swept != math.MinInt64 && j.clock-j.swept < every {
		return
	}
	j.swept = j.clock
	j.horizon = j.clock - j.o.Lateness
	j.state.Store().Evict(j.clock, j.o.Lateness)
	j.shelf.Sweep(j.horizon, j.horizon-j.proof)
}

// recent is for how long, in ms of record time, an owner that is gone may not have
// seen what this one has.
const recent = 3_600_000

// Recent implements pipeline.Memory. From now on everything that the log has already
// is in doubt.
func (j *Judge) Recent(p event.Partition, below int64) (*hit.Judgement, error) {
	j.begin()
	clear(j.doubt)
	source, ok := j.sourceOf[p]
	out := &hit.Judgement{}
	if !ok {
		return out, nil
	}
	since := int64(math.MinInt64)
	if j.clock != math.MinInt64 {
		since = j.clock - recent
	}
	j.shelf.All(func(ref shelf.Ref, r *shelf.Report) {
		when := max(r.Record, r.Again)
		if r.Record == event.AsOccurred {
			when = max(r.Time, r.Again)
		}
		if !r.Candidate() || r.Source != source || r.Offset >= below || when < since {
			return
		}
		cause := j.position(r)
		if r.Again != 0 {
			at := j.sources[r.CauseSource]
			cause = event.Position{Topic: at.Topic, Partition: at.ID, Offset: r.CauseOffset}
		}
		j.turns.call(call{ref, cause, r.Again, true})
	})
	return out, j.review(out)
}

// Warm feeds reports from the past into the windows and says nothing: what they make
// of later reports is said by the next judgements. Reports that were fed before
// change nothing.
func (j *Judge) Warm(b *event.Batch) {
	j.begin()
	j.feed(b, j.source(b.Records), math.MaxInt64, false)
}

// Covered says that every report that occurred at or after from was fed.
func (j *Judge) Covered(from int64) {
	for i := range j.panes {
		j.panes[i].covered = min(j.panes[i].covered, from)
	}
}
