package live

import (
	"cmp"
	"maps"
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
