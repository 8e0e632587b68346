package live

import (
	"math"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan/live/shelf"
)

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
