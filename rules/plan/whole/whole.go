package whole

import (
	"bytes"
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
}

// Judge gathers an input and then judges it. One goroutine uses it.
type Judge struct {
	plan   *plan.Plan
	decode Decoders
	judge  *plan.Judge
	state  *plan.State // nil without windows
	latest map[plan.Ref]place
	runs   []*event.Records // with windows only
	hits   []*hit.Hit
	at     struct{ reporter, reportID, revision int }
}

// place is the latest version of a report and where it stands.
type place struct {
	version
	run    *event.Records
	record int
}

// version orders the versions of a report.
type version struct {
	revision uint32
	hash     event.Hash
}

func (v version) compare(w version) int {
	return cmp.Or(cmp.Compare(v.revision, w.revision), bytes.Compare(v.hash[:], w.hash[:]))
}

// New returns a judge by p, whose schema is s.
func New(p *plan.Plan, s *event.Schema, o Options) (*Judge, error) {
	j := &Judge{plan: p, decode: o.Decoders, judge: plan.NewJudge(p, o.Whole, o.Digests), latest: map[plan.Ref]place{}}
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
	for r := range b.Rows {
		ref := plan.Ref{Reporter: b.Columns[j.at.reporter].String(r), ID: b.Columns[j.at.reportID].String(r)}
		at := place{version{hash: b.Hash(r)}, recs, int(b.Index[r])}
		if rev := &b.Columns[j.at.revision]; rev.Has(r) {
			at.revision = rev.U32[r]
		}
		if old, ok := j.latest[ref]; !ok || old.compare(at.version) < 0 {
			j.latest[ref] = at
		}
	}
	if j.state != nil {
		j.state.Feed(b)
		j.runs = append(j.runs, recs)
		return b.Rows, dead, nil
	}
	return b.Rows, dead, j.take(b)
}

// take judges a batch.
func (j *Judge) take(b *event.Batch) error {
	hits, err := j.judge.Hits(b)
	if err != nil {
		return fmt.Errorf("judge reports: %w", err)
	}
	j.hits = append(j.hits, hits...)
	return nil
}

// Hits judges what was added and returns the hits that stand, those of the latest
// version of each report, by (occurred_at, reporter, report_id, rule). Nothing can
// be added afterwards.
func (j *Judge) Hits() ([]*hit.Hit, error) {
	for _, recs := range j.runs {
		if err := j.again(recs); err != nil {
			return nil, err
		}
	}
	j.runs = nil
	seen := map[string]bool{}
	kept := j.hits[:0]
	for _, h := range j.hits {
		latest := j.latest[plan.Ref{Reporter: h.Reporter, ID: h.ReportID}]
		if latest.version == (version{h.Revision, h.Hash}) && !seen[h.ID] {
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

// again judges a run that was added.
func (j *Judge) again(recs *event.Records) error {
	b, _ := j.decode.Plan(recs)
	defer b.Release()
	return j.take(b)
}

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
