package live

import (
	"math"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live/shelf"
	"github.com/haltwire/haltwire/rules/window"
)

// Judge implements pipeline.Judge. After an error the same batch is given again.
func (j *Judge) Judge(b *event.Batch, _ *event.Records) (*hit.Judgement, error) {
	j.begin()
	source, doubt := j.source(b.Records), j.doubtful(b.Records)
	hold := int64(math.MaxInt64)
	if b.Rows > 0 {
		hold = b.Offset(0)
	}
	verdicts := j.feed(b, source, hold, doubt)
	out := &hit.Judgement{}
	e := j.evaluator(j.fresh, b.Records.Topic)
	t := turn{batch: b, eval: e, doubt: doubt}
	j.rows(&t, e.Eval(b), source, verdicts)
	if err := j.speak(&t, out); err != nil {
		return nil, err
	}
	if err := j.review(out); err != nil {
		return nil, err
	}
	return out, nil
}

// feed feeds b into the windows and notes what that changes; hold is the offset from
// which on the reports may be needed again, math.MaxInt64 for none.
func (j *Judge) feed(b *event.Batch, source int32, hold int64, doubt bool) []window.Verdict {
	if b.Rows == 0 || !j.plan.Windowed() {
		return nil
	}
	verdicts := j.state.Feed(b)
	j.outdate(b, verdicts)
	j.prove(b, source)
	i := j.changed(b, source, hold, doubt)
	j.dirty(i, latest(b, j.cols.occurred, verdicts))
	if doubt {
		j.doubted(i, b, verdicts)
	}
	return verdicts
}

// latest returns the greatest time of what b changed in the windows; what is taken
// back may have had any.
func latest(b *event.Batch, occurred int, verdicts []window.Verdict) int64 {
	if slices.Contains(verdicts, window.Replaced) || slices.Contains(verdicts, window.Superseded) {
		return math.MaxInt64
	}
	return slices.Max(b.Columns[occurred].I64[:b.Rows])
}

// identity returns what row r of b is known by.
func (j *Judge) identity(b *event.Batch, r int) uint64 {
	return j.shelf.Identity(bytesAt(&b.Columns[j.cols.reporter], r), bytesAt(&b.Columns[j.cols.reportID], r))
}

// bytesAt returns the bytes of row r of a text column.
func bytesAt(v *event.Vector, r int) []byte {
	if v.Type == event.Text && v.Has(r) {
		return v.Text(r)
	}
	return []byte(v.String(r))
}

func (j *Judge) version(b *event.Batch, r int) hit.Version {
	v := hit.Version{Hash: b.Hash(r)}
	if rev := &b.Columns[j.cols.revision]; rev.Has(r) {
		v.Revision = rev.U32[r]
	}
	return v
}

// outdate forgets reports of which b has a later version.
func (j *Judge) outdate(b *event.Batch, verdicts []window.Verdict) {
	if j.shelf.Len() == 0 {
		return
	}
	revision := &b.Columns[j.cols.revision]
	for r, v := range verdicts {
		if v == window.Superseded || v == window.Fresh && !revision.Has(r) {
			continue
		}
		if ref, ok := j.shelf.Find(j.identity(b, r)); ok && j.shelf.At(ref).Version.Compare(j.version(b, r)) < 0 {
			j.shelf.Drop(ref)
		}
	}
}

// prove keeps the reports that are now in windows which alerts are about.
func (j *Judge) prove(b *event.Batch, source int32) {
	for w := range j.panes {
		if !j.panes[w].evidence {
			continue
		}
		for _, r := range j.state.Fed(w) {
			if ref, ok := j.keep(b, int(r), source); ok {
				j.shelf.Prove(ref, true)
			}
		}
	}
}

// keep returns the report of row r on the shelf, where it puts it; false when a later
// version is there.
func (j *Judge) keep(b *event.Batch, r int, source int32) (shelf.Ref, bool) {
	id, v := j.identity(b, r), j.version(b, r)
	if ref, ok := j.shelf.Find(id); ok {
		switch c := j.shelf.At(ref).Version.Compare(v); {
		case c == 0:
			return ref, true
		case c > 0:
			return 0, false
		}
		j.shelf.Drop(ref)
	}
	i := b.Index[r]
	var trace []byte
	if b.Records.Trace != nil {
		trace = b.Records.Trace[i]
	}
	return j.shelf.Put(shelf.Report{
		Identity: id, Version: v, Time: b.Columns[j.cols.occurred].I64[r], Record: b.Records.Times[i],
		Offset: b.Offset(r), Source: source,
	}, b.Raw(r), trace), true
}

// rows decides on every row of a new batch.
func (j *Judge) rows(t *turn, matches []plan.Match, source int32, verdicts []window.Verdict) {
	open := t.eval.Opened()
	for len(matches) > 0 || len(open) > 0 {
		row := int32(math.MaxInt32)
		if len(matches) > 0 {
			row = matches[0].Row
		}
		if len(open) > 0 {
			row = min(row, open[0].Row)
		}
		m, o := 0, 0
		for m < len(matches) && matches[m].Row == row {
			m++
		}
		for o < len(open) && open[o].Row == row {
			o++
		}
		if len(verdicts) == 0 || verdicts[row] != window.Superseded {
			j.row(t, int(row), matches[:m], open[:o], source)
		}
		matches, open = matches[m:], open[o:]
	}
}

// row decides on a row of a new batch.
func (j *Judge) row(t *turn, row int, matches []plan.Match, open []plan.Open, source int32) {
	ref, state := j.candidate(t, row, open, source)
	if state == outdated {
		return
	}
	t.row, t.ref, t.cause = row, ref, t.batch.Position(row)
	if state == kept {
		j.shelf.At(ref).Turn = j.turn
		j.compare(t, matches)
		return
	}
	for _, m := range matches {
		t.final(m)
	}
}

// What becomes of a row.
type keeping uint8

const (
	outdated keeping = iota // a later version is known: the row says nothing
	settled                 // nothing can change what is said of it
	kept                    // it is a candidate
)

// candidate keeps a row that later reports can change.
func (j *Judge) candidate(t *turn, row int, open []plan.Open, source int32) (shelf.Ref, keeping) {
	if len(open) == 0 {
		return 0, settled
	}
	b := t.batch
	occurred := b.Columns[j.cols.occurred].I64[row]
	if occurred <= j.horizon {
		j.stats.TooLate++
		return 0, settled
	}
	keys, settles := j.keys(t, row, open)
	if len(keys) == 0 && !settles {
		return 0, settled
	}
	ref, ok := j.keep(b, row, source)
	if !ok {
		return 0, outdated
	}
	j.openVerdicts(t, ref, open, len(keys) > 0)
	for _, k := range keys {
		j.shelf.Watch(k, ref)
	}
	return ref, kept
}

// keys returns the keys by which later reports find a row, and whether a rule waits
// for the clock.
func (j *Judge) keys(t *turn, row int, open []plan.Open) (keys []uint64, settles bool) {
	keys = j.turns.keys[:0]
	for _, o := range open {
		for _, w := range j.plan.Watches(int(o.Rule)) {
			var ok bool
			if j.turns.key, ok = t.eval.Key(row, w, j.turns.key[:0]); !ok {
				continue
			}
			if k := j.panes[w].hash(j.turns.key); !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	for _, o := range open {
		settles = settles || len(keys) > 0 && j.rule(o.Rule).settle > 0
	}
	j.turns.keys = keys
	return keys, settles
}

// openVerdicts gives a candidate the verdicts that it has not.
func (j *Judge) openVerdicts(t *turn, ref shelf.Ref, open []plan.Open, watched bool) {
	more := j.turns.more[:0]
	had, occurred := j.shelf.Count(ref), j.shelf.At(ref).Time
	wait := false
	for _, o := range open {
		n := j.book.numbers[o.Rule]
		known := false
		for i := 0; i < had && !known; i++ {
			have := j.shelf.Verdict(ref, i)
			known = have.Rule == n
			if known && t.doubt && have.State == waiting { // it came again, from where a process before may have said it
				j.settle.wait(occurred+j.book.rules[n].settle, ref, true)
			}
		}
		if known {
			continue
		}
		v := shelf.Verdict{Rule: n, State: unsaid}
		if at := occurred + j.book.rules[n].settle; watched && at > occurred && j.clock < at {
			v.State, v.Pinned, wait = waiting, true, true
			j.settle.wait(at, ref, t.doubt)
		}
		more = append(more, v)
	}
	j.turns.more = more
	j.shelf.Judge(ref, more)
	if wait {
		j.settle.hold(ref, j.shelf.At(ref))
	}
}

// rule returns the rule at a position of the plan.
func (j *Judge) rule(at int32) *rule { return &j.book.rules[j.book.numbers[at]] }
