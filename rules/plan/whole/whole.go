package whole

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/window"
)

// Decoders turn records into batches. They are three, since their batches live at
// the same time.
type Decoders struct {
	Plan  plan.Decode // the plan's Columns
	Whole plan.Decode // all columns, of reports that match
	About plan.Decode // all columns, of reports that alerts are about
}

// Options are the means and the bounds of a judgement.
type Options struct {
	Decoders
	Digests hit.Digests    // of lists and rates
	Windows window.Options // bounds; the zero value is none

	// Take gets every hit as it is made, those of versions that do not stand too, and
	// Hits returns none: a hit is large, and who counts needs little of it. A hit of
	// one report version comes as often as that was added. nil = Hits keeps them.
	Take func(*hit.Hit)
	// Observe sees every batch that is added, before it is judged; it must not keep
	// it. nil = nobody.
	Observe func(*event.Batch)
	// Only names the one report whose latest version is judged, as of the whole input
	// all the same; nil = all are.
	Only *plan.Ref
}

// Judge gathers an input and then judges it. One goroutine uses it.
type Judge struct {
	plan   *plan.Plan
	decode Decoders
	judge  *plan.Judge
	state  *plan.State // nil without windows
	latest map[plan.Ref]place
	only   *plan.Ref
	runs   []*event.Records // with windows only
	hits   []*hit.Hit
	keep   func(*hit.Hit)
	watch  func(*event.Batch)
	at     struct{ reporter, reportID, revision int }
}

// place is the latest version of a report and where it stands.
type place struct {
	hit.Version
	run    *event.Records
	record int
}

// New returns a judge by p, whose schema is s.
func New(p *plan.Plan, s *event.Schema, o Options) (*Judge, error) {
	j := &Judge{plan: p, decode: o.Decoders, judge: plan.NewJudge(p, o.Whole, o.Digests), latest: map[plan.Ref]place{}, keep: o.Take, watch: o.Observe, only: o.Only}
	if j.keep == nil {
		j.keep = func(h *hit.Hit) { j.hits = append(j.hits, h) }
	}
	j.at.reporter, j.at.reportID, j.at.revision = s.Must("reporter"), s.Must("report_id"), s.Must("revision")
	if !p.Windowed() {
		return j, nil
	}
	o.Windows.All = true
	var err error
	if j.state, err = plan.NewState(p, o.Windows, j.fetch); err != nil {
		return nil, err
	}
	j.judge.With(j.state)
	return j, nil
}

// Add takes a run of records, which must not change afterwards, and returns how
// many were accepted and the others.
func (j *Judge) Add(recs *event.Records) (accepted int, dead []event.Dead, err error) {
	b, dead := j.decode.Plan(recs)
	defer b.Release()
	return b.Rows, dead, j.add(b, recs)
}

// add takes a run that was decoded.
func (j *Judge) add(b *event.Batch, recs *event.Records) error {
	for r := range b.Rows {
		ref := plan.Ref{Reporter: b.Columns[j.at.reporter].String(r), ID: b.Columns[j.at.reportID].String(r)}
		at := place{hit.Version{Hash: b.Hash(r)}, recs, int(b.Index[r])}
		if rev := &b.Columns[j.at.revision]; rev.Has(r) {
			at.Revision = rev.U32[r]
		}
		if old, ok := j.latest[ref]; !ok || old.Compare(at.Version) < 0 {
			j.latest[ref] = at
		}
	}
	if j.watch != nil {
		j.watch(b)
	}
	if j.state != nil {
		j.state.Feed(b)
	}
	switch {
	case j.only != nil: // what Finish judges is in latest
	case j.state == nil:
		return j.take(b)
	default:
		j.runs = append(j.runs, recs)
	}
	return nil
}

// one returns the latest version of a report as runs.
func (j *Judge) one(ref plan.Ref) []*event.Records {
	p, ok := j.latest[ref]
	if !ok {
		return nil
	}
	recs := &event.Records{Topic: p.run.Topic, Partition: p.run.Partition, Codec: p.run.Codec, Next: p.run.Next, High: p.run.High}
	plan.AppendRecord(recs, p.run, p.record)
	return []*event.Records{recs}
}

// take judges a batch.
func (j *Judge) take(b *event.Batch) error {
	hits, err := j.judge.Hits(b)
	if err != nil {
		return fmt.Errorf("judge reports: %w", err)
	}
	for _, h := range hits {
		j.keep(h)
	}
	return nil
}

// Hits judges what was added and returns the hits that stand, those of the latest
// version of each report, by (occurred_at, reporter, report_id, rule). Nothing can
// be added afterwards.
func (j *Judge) Hits() ([]*hit.Hit, error) {
	if err := j.Finish(nil); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	kept := j.hits[:0]
	for _, h := range j.hits {
		if j.Stands(h.Reporter, h.ReportID, h.ReportVersion()) && !seen[h.ID] {
			seen[h.ID] = true
			kept = append(kept, h)
		}
	}
	slices.SortFunc(kept, func(a, b *hit.Hit) int {
		return cmp.Or(cmp.Compare(a.OccurredAt, b.OccurredAt), cmp.Compare(a.Reporter, b.Reporter),
			cmp.Compare(a.ReportID, b.ReportID), cmp.Compare(a.Rule, b.Rule))
	})
	return kept, nil
}

// Stands reports whether a version of a report is the latest that was added: hits
// on others do not stand.
func (j *Judge) Stands(reporter, id string, v hit.Version) bool {
	latest, ok := j.latest[plan.Ref{Reporter: reporter, ID: id}]
	return ok && latest.Version == v
}

// Reports returns how many reports were added, whatever their versions.
func (j *Judge) Reports() int { return len(j.latest) }

// fetch implements plan.Fetch.
func (j *Judge) fetch(refs []plan.Ref) (*event.Batch, error) {
	recs := &event.Records{}
	for _, ref := range refs {
		p, ok := j.latest[ref]
		if !ok {
			continue
		}
		recs.Topic, recs.Partition, recs.Codec = p.run.Topic, p.run.Partition, p.run.Codec
		plan.AppendRecord(recs, p.run, p.record)
	}
	b, dead := j.decode.About(recs)
	if len(dead) > 0 {
		b.Release()
		return nil, fmt.Errorf("decode reports of an alert again: %s", dead[0].Message)
	}
	return b, nil
}

// Errors returns, by position in the plan's rules, on how many reports evaluating
// the rule met a run-time error. It counts every version and repetition.
func (j *Judge) Errors() []uint64 { return j.judge.Errors() }

// Stats returns what the windows hold.
func (j *Judge) Stats() window.Stats {
	if j.state == nil {
		return window.Stats{}
	}
	return j.state.Stats()
}
