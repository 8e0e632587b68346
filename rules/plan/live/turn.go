package live

import (
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live/shelf"
)

// turn is a batch that is judged: new reports, or candidates again.
type turn struct {
	batch *event.Batch
	eval  *plan.Evaluator

	row   int
	ref   shelf.Ref
	again bool           // the row is a candidate that is judged again
	doubt bool           // what was said of it before may not be known
	cause event.Position // the latest report that made it be judged

	write []plan.Match // of which hits are written
	says  []say
}

// say is what is said of a rule on a report.
type say struct {
	flags    flags
	row      int
	write    int // of turn.write, -1 = no hit
	rule     int32
	doubt    bool // it is not known that a hit was said before
	cause    event.Position
	position event.Position // of the report
	entry
}

// entry is a verdict to be noted.
type entry struct {
	ref   shelf.Ref // -1 = nothing is noted
	at    int
	state int16
}

// flags are the forms in which something is said.
type flags uint8

const (
	sayHit     flags = 1 << iota
	sayLate          // the hit is made by later evidence
	sayChanged       // its case rises
	sayLower         // its case falls
	sayGone          // it holds no more
)

// final says the hit of a match on which nothing else can be said.
func (t *turn) final(m plan.Match) {
	t.says = append(t.says, say{flags: sayHit, row: t.row, write: len(t.write), rule: m.Rule, position: t.batch.Position(t.row), entry: entry{ref: -1}})
	t.write = append(t.write, m)
}

// compare says how what the rules say of the row of t, which is kept, differs from
// what they said. matches are those of the row.
func (j *Judge) compare(t *turn, matches []plan.Match) {
	for i := range j.shelf.Count(t.ref) {
		v := j.shelf.Verdict(t.ref, i)
		if r := &j.book.rules[v.Rule]; r.at >= 0 {
			j.verdict(t, i, v.State, r, matches)
		}
	}
	if t.again {
		return // what else fires now came into force later
	}
	for _, m := range matches {
		if !j.remembered(t.ref, j.book.numbers[m.Rule]) {
			t.final(m)
		}
	}
}

// remembered reports whether a report has a verdict of a rule.
func (j *Judge) remembered(ref shelf.Ref, number int32) bool {
	for i := range j.shelf.Count(ref) {
		if j.shelf.Verdict(ref, i).Rule == number {
			return true
		}
	}
	return false
}

// find returns the match of a rule, and the state that it stands for.
func find(matches []plan.Match, rule int32) (plan.Match, int16) {
	for _, m := range matches {
		if m.Rule == rule {
			return m, m.Case
		}
	}
	return plan.Match{}, none
}

// verdict says what becomes of verdict i, by r, of the report of t.
func (j *Judge) verdict(t *turn, i int, old int16, r *rule, matches []plan.Match) {
	kept := j.shelf.At(t.ref)
	if old == waiting {
		if j.clock < kept.Time+r.settle {
			return
		}
		old = unsaid
	}
	m, now := find(matches, r.at)
	s := say{row: t.row, write: -1, rule: r.at, doubt: !holds(old), cause: t.cause, position: t.batch.Position(t.row), entry: entry{t.ref, i, now}}
	if t.again {
		s.position = j.position(kept)
	}
	falls := holds(old) && (now == none || now > old)
	if (falls || now == none && t.doubt) && j.cut(t, r.at) {
		j.stats.Cut++
		if falls {
			return
		}
	} else if s.flags = change(old, now, t.again, t.doubt, r.cases); s.flags&^sayGone != 0 {
		s.write = len(t.write)
		t.write = append(t.write, m)
	}
	t.says = append(t.says, s)
}

// change returns how it is said that a rule with some cases says now what it says,
// where it said old before. again: of a report that was judged before; doubt: what
// is known of old may not be what was said last.
func change(old, now int16, again, doubt bool, cases int16) (f flags) {
	switch {
	case now == none && (holds(old) || doubt):
		return sayGone
	case now == none:
		return 0
	case old == unsaid, now == old && !again:
		f = sayHit
	case old == none:
		f = sayHit | sayLate
	case now < old:
		f = sayChanged | sayLate
	case now > old:
		f = sayLower | sayLate
	}
	if !doubt {
		return f
	}
	f |= sayHit
	if again && old != unsaid {
		f |= sayLate
	}
	if now < cases-1 {
		f |= sayChanged
	}
	if now > 0 {
		f |= sayLower
	}
	return f
}

// cut reports whether a window was cut that a rule, or one that it counts, looked
// into on the row of t.
func (j *Judge) cut(t *turn, rule int32) bool {
	if t.eval.Cut(t.row, int(rule)) {
		return true
	}
	for _, other := range j.plan.Counts(int(rule)) {
		if j.cut(t, other) {
			return true
		}
	}
	return false
}

// position returns where a report that is kept came from.
func (j *Judge) position(r *shelf.Report) event.Position {
	p := j.sources[r.Source]
	return event.Position{Topic: p.Topic, Partition: p.ID, Offset: r.Offset}
}

// speak adds to out what t says, and to the notes what is to be remembered of it.
func (j *Judge) speak(t *turn, out *hit.Judgement) error {
	hits, err := j.writer.Write(t.batch, t.write)
	if err != nil {
		return err
	}
	for i := range t.says {
		s := &t.says[i]
		if s.ref >= 0 {
			j.turns.notes = append(j.turns.notes, s.entry)
		}
		if s.flags == sayGone {
			out.Overturned = append(out.Overturned, j.overturned(t, s))
		}
		if s.write < 0 {
			continue
		}
		h := hits[s.write]
		h.Position = s.position
		h.Cold = j.cold(j.rule(s.rule), h.OccurredAt)
		j.tell(t, s, h, out)
	}
	return nil
}

// tell says a hit in the forms of s. In doubt it is said as a hit, as one whose case
// rises, and as one whose case falls: the log ignores what it knows.
func (j *Judge) tell(t *turn, s *say, h *hit.Hit, out *hit.Judgement) {
	if s.flags&sayLate != 0 {
		h.Late, h.Cause = true, s.cause
		if h.Cause == (event.Position{}) {
			h.Cause = s.position
		}
	}
	if s.flags&sayHit != 0 {
		out.Hits = append(out.Hits, h)
	}
	if s.flags&sayChanged != 0 {
		rising := *h
		rising.Changed = true
		out.Hits = append(out.Hits, &rising)
	}
	if s.flags&sayLower != 0 {
		o := j.overturned(t, s)
		o.HitID, o.Now = h.ID, h
		out.Overturned = append(out.Overturned, o)
	}
}

// overturned says that what a rule said holds no more.
func (j *Judge) overturned(t *turn, s *say) hit.Overturned {
	r := j.plan.Rules()[s.rule]
	reporter, id := t.batch.Columns[j.cols.reporter].String(s.row), t.batch.Columns[j.cols.reportID].String(s.row)
	o := hit.Overturned{
		Rule: r.ID, Status: hit.Status(r.Status), Reporter: string([]byte(reporter)), ReportID: string([]byte(id)),
		Version: j.version(t.batch, s.row), Position: s.position, Cause: s.cause, Doubt: s.doubt,
	}
	o.HitID = hit.ID(r.ID, r.Version, o.Reporter, o.ReportID, o.Version.Revision, o.Version.Hash)
	return o
}
