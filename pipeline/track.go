package pipeline

import (
	"context"
	"sort"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// owned is one partition between its assignment and its return. Fields below ctx
// are guarded by detect.mu.
type owned struct {
	p    event.Partition
	ctx  context.Context // ends when the partition must be given back
	emit int64           // what is below it has been said by the owner before

	acked     int64 // first offset whose consequences may be missing from the log
	committed int64
	inflight  int   // verdicts about it that are not on the log
	abandoned bool  // nothing more is published for it
	recent    bool  // what Memory.Recent says is not on the log yet
	below     int64 // the offset for Recent
	asked     bool  // Recent has been asked
	settled   chan struct{}
}

// track is one partition that the detect loop reads: those that are owned and,
// for a judge that remembers, those of other instances too. The detect loop alone
// writes its fields, under detect.mu.
type track struct {
	p     event.Partition
	owner *owned // nil = another instance's: judged in silence
	said  int64  // without owner: what is below it was committed when reading began

	next  int64 // first offset that is not judged; negative = the start of the log
	acked int64 // first offset whose consequences may be missing from the log
	time  int64 // latest record time judged, Unix ms

	first, end int64 // where reading began and the log ended then; negative = not known yet
	through    bool  // has reached that end
	parked     bool  // not at the reader: it waits for the others to be replayed
}

// start is where reading a partition begins.
type start struct{ begin, committed int64 }

// bound returns the offset below which whatever t brings to light was said before.
func (t *track) bound() int64 {
	if t.owner != nil {
		return t.owner.emit
	}
	return t.said
}

// serve owns p until ctx ends, then finishes or abandons what is in flight and
// commits.
func (d *detect) serve(ctx, hard context.Context, p event.Partition, from int64) {
	o := &owned{p: p, ctx: ctx, emit: from, acked: from, committed: from, settled: make(chan struct{})}
	d.mu.Lock()
	d.owned[p] = o
	o.recent = d.memory != nil && from >= 0
	if d.firstOwned.IsZero() {
		d.firstOwned = d.options.Now()
	}
	d.mu.Unlock()
	d.poke()
	select {
	case <-ctx.Done():
	case <-hard.Done():
	}
	d.drain(hard, o)
}

// arrange makes the reader read what is to be read. The detect loop alone calls
// it: the run that Next returns after it is one of the partitions as they are now.
func (d *detect) arrange() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.memory != nil && !d.listed && !d.opened {
		return // all at once, so that reading is aligned from the first run on
	}
	d.opened = true
	follows := d.memory != nil && d.listed
	d.dismissLocked(follows)
	for p, o := range d.owned {
		if t := d.tracks[p]; t == nil || t.owner != o {
			d.attachLocked(t, o)
		}
	}
	for p, s := range d.found {
		if follows && d.tracks[p] == nil {
			d.trackLocked(&track{p: p, said: s.committed, next: s.begin})
		}
	}
	d.parkLocked()
}

// parkLocked takes partitions from the reader whose replay has come to what nobody
// has judged yet, until that of all has, or can come no further. Whoever judged what
// is new with half of what is old would say what he takes back in silence, and if he
// died in between nobody would take it back.
func (d *detect) parkLocked() {
	replaying := false
	for _, t := range d.tracks {
		replaying = replaying || t.next < t.bound() && !d.endedLocked(t)
	}
	d.replaying = d.replaying && replaying
	for _, t := range d.tracks {
		park := d.replaying && t.next >= t.bound()
		if park && !t.parked {
			d.options.Detect.Remove(t.p)
		} else if !park && t.parked {
			d.options.Detect.Add(t.p, t.next)
		}
		t.parked = park
	}
}

// beforeLocked cuts r off where the replay of t ends, and reports whether anything is
// left to judge. What is cut off is read again.
func (d *detect) beforeLocked(t *track, r *event.Records) bool {
	bound := t.bound()
	if r.Next <= bound {
		return true
	}
	d.options.Detect.Remove(t.p)
	t.parked = true
	n := sort.Search(r.Len(), func(i int) bool { return r.Offsets[i] >= bound })
	if n == 0 {
		t.next = max(t.next, bound) // there is no record in between
		return false
	}
	r.Offsets, r.Times, r.Values, r.Next = r.Offsets[:n], r.Times[:n], r.Values[:n], bound
	if r.Trace != nil {
		r.Trace = r.Trace[:n]
	}
	return true
}

// dismissLocked forgets owners that have given their partitions back. These are
// read on when others' are.
func (d *detect) dismissLocked(follows bool) {
	for p, t := range d.tracks {
		if t.owner != nil && d.owned[p] != t.owner {
			t.owner = nil
		}
		if t.owner == nil && !follows {
			d.untrackLocked(t)
		}
	}
}

// attachLocked makes o the owner of t, nil = of a partition that is not read yet.
// What was judged in silence and has not been committed by the owner before is
// read again.
func (d *detect) attachLocked(t *track, o *owned) {
	if t == nil {
		next := o.emit
		if s, ok := d.found[o.p]; ok && next >= 0 {
			next = min(next, s.begin)
		}
		o.below = o.emit
		d.trackLocked(&track{p: o.p, owner: o, next: next})
		return
	}
	t.owner, o.below = o, max(o.emit, t.next)
	if o.emit < t.next {
		t.next, t.parked = o.emit, false
		d.options.Detect.Add(t.p, t.next)
	}
	d.options.Log.Info("take partition over", telemetry.Topic, t.p.Topic, telemetry.Partition, t.p.ID, telemetry.Offset, o.emit, "judged", o.below)
}

func (d *detect) trackLocked(t *track) {
	t.acked, t.first, t.end = t.next, t.next, -1
	d.tracks[t.p] = t
	d.options.Detect.Add(t.p, t.next)
}

func (d *detect) untrackLocked(t *track) {
	delete(d.tracks, t.p)
	d.options.Detect.Remove(t.p)
}

// detach stops reading everything.
func (d *detect) detach() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.tracks {
		d.untrackLocked(t)
	}
}

// ownerLocked returns the owner of p for whom something may be published, nil
// when there is none here.
func (d *detect) ownerLocked(p event.Partition) *owned {
	t := d.tracks[p]
	if t == nil || t.owner == nil || d.owned[p] != t.owner || t.owner.abandoned {
		return nil
	}
	return t.owner
}

// advance notes that the run of v has been judged.
func (d *detect) advance(v *verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, r := v.track, v.records
	if t.end < 0 {
		t.first, t.end = v.first(), max(r.High, t.bound(), r.Next)
	}
	t.next = r.Next
	t.through = t.through || t.next >= t.end
	if n := r.Len(); n > 0 {
		t.time = max(t.time, min(r.Times[n-1], v.began.UnixMilli())) // a record from the future proves nothing
	}
}
