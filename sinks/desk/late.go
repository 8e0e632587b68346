package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
)

const (
	// foldWithin bounds the wait for the fold to read what the log says now, which
	// takes milliseconds. After it Overturn fails, to be tried again.
	foldWithin = 20 * time.Second
	// newsWithin bounds it where writing again what is there is harmless.
	newsWithin = 2 * time.Second
)

// Overturn implements pipeline.HitLog. A hit that holds no more is overturned
// under every key where it stands, as of the call: what this or another instance
// wrote before it has been folded. A hit with a lower case stays an evidence of the
// subjects that the lower case names. Hits that cannot alert are on the hits topic,
// and so is what overturns them; in doubt only what was told there lately is
// overturned there. What stands nowhere changes nothing.
func (d *Desk) Overturn(ctx context.Context, overturned []hit.Overturned) error {
	for len(overturned) > 0 {
		n := distinct(overturned)
		if err := d.overturn(ctx, overturned[:n]); err != nil {
			return fmt.Errorf("overturn hits: %w", err)
		}
		overturned = overturned[n:]
	}
	return nil
}

// distinct returns how many of the first ones are about different evidence.
func distinct(overturned []hit.Overturned) int {
	seen := map[string]bool{}
	for i := range overturned {
		key := overturned[i].EvidenceKey()
		if seen[key] {
			return i
		}
		seen[key] = true
	}
	return len(overturned)
}

func (d *Desk) overturn(ctx context.Context, overturned []hit.Overturned) error {
	if !d.Ready() {
		return errNotReady
	}
	bounded, cancel := context.WithTimeout(ctx, foldWithin)
	defer cancel()
	if err := d.cases.Sync(bounded, d.fold.all()...); err != nil {
		return err
	}
	if slices.ContainsFunc(overturned, func(o hit.Overturned) bool { return o.Doubt && o.Now == nil }) {
		if err := d.hitTail.Sync(bounded, d.fold.all()...); err != nil {
			return err
		}
	}
	var drafts []intake.Draft
	for i := range overturned {
		o := &overturned[i]
		if _, superseded := d.fold.later(o.Reporter, o.ReportID, mark(o.Version)); superseded {
			continue // the owners overturn what is on lower versions
		}
		drafts = append(drafts, d.fallen(o)...)
	}
	_, err := d.write(ctx, drafts)
	return err
}

// fallen makes the events of one hit that holds no more, or no more as it did.
func (d *Desk) fallen(o *hit.Overturned) []intake.Draft {
	if o.Now == nil {
		ends := d.fold.ends(o.Reporter, o.ReportID, o.EvidenceKey(), mark(o.Version), o.Cause, nil)
		if o.Doubt && !d.quiet.told(o.EvidenceKey()) {
			return ends
		}
		return append(ends, d.hits.Fallen(o))
	}
	lower := d.hits.Lowered(o)
	named := func(key caselog.Key) bool {
		return slices.ContainsFunc(lower, func(x intake.Draft) bool { return x.Key == key })
	}
	ends := d.fold.ends(o.Reporter, o.ReportID, o.EvidenceKey(), mark(o.Version), o.Cause, named)
	return append(ends, slices.DeleteFunc(lower, d.fold.says)...)
}

// ends makes the events that end an evidence, as far as it stands on a version of
// its report that is not above of, under all keys but those to keep.
func (f *fold) ends(reporter, reportID, evidence string, of caselog.ReportVersion, cause event.Position, keep func(caselog.Key) bool) []intake.Draft {
	f.mu.RLock()
	keys := slices.Clone(f.reports.keys[reportOf(reporter, reportID)])
	f.mu.RUnlock()
	var out []intake.Draft
	for _, key := range keys {
		if keep != nil && keep(key) {
			continue
		}
		f.with(key, func(s *apply.Subject) {
			a, h := s.Hit(evidence)
			if h == nil || h.Gone || of.Less(h.Judged) {
				return
			}
			x := overturn(key, a, h)
			data := x.Hit()
			data.Revision, data.Hash, data.Cause = of.Revision, of.Hash, &cause
			x.ID = hit.Text32("overturned", h.HitID, string(key), cause.Topic, fmt.Sprint(cause.Partition, cause.Offset))
			out = append(out, x)
		})
	}
	return out
}

// says reports whether the fold knows what a draft of a hit says.
func (f *fold) says(x intake.Draft) bool {
	data := x.Hit()
	if data == nil || !x.Alerts {
		return false
	}
	known := false
	f.with(x.Key, func(s *apply.Subject) {
		_, h := s.Hit(data.Evidence)
		known = h.Says(data)
	})
	return known
}

// news makes the events of hits, with the end of the evidence under subjects that
// they do not name any more, and without what the log says already: after a
// takeover thousands are told again. The fold decides, as of the call; when it is
// behind for longer everything is written, which is harmless. What follows another
// word of the same call is measured by that.
func (d *Desk) news(ctx context.Context, hits []*hit.Hit) []intake.Draft {
	var all []intake.Draft
	parts := make([][]intake.Draft, len(hits))
	look := false
	for i, h := range hits {
		parts[i] = d.hits.Drafts(h)
		look = look || h.Changed || slices.ContainsFunc(parts[i], d.fold.says) || len(d.fold.unnamed(h, parts[i])) > 0
		all = append(all, parts[i]...)
	}
	if !look {
		return all
	}
	bounded, cancel := context.WithTimeout(ctx, newsWithin)
	defer cancel()
	if err := d.cases.Sync(bounded, d.fold.all()...); err != nil {
		d.opt.Log.WarnContext(ctx, "see what the log says of hits already", telemetry.Error, err)
		return all
	}
	told := map[place]*apply.Hit{}
	var out []intake.Draft
	for i, h := range hits {
		out = append(out, d.fold.unnamed(h, parts[i])...)
		for _, x := range parts[i] {
			at := place{x.Key, x.Hit().Evidence}
			if last := told[at]; last == nil && d.fold.says(x) || last.Says(x.Hit()) {
				continue
			}
			told[at] = apply.Heard(x.Hit())
			out = append(out, x)
		}
	}
	return out
}

// place is where a word about an evidence counts.
type place struct {
	key      caselog.Key
	evidence string
}

// unnamed makes the events that end an evidence under the subjects that a hit does
// not name any more. A subject that goes to another party because more is asked
// stays, and a hit that cannot alert says nothing of subjects.
func (f *fold) unnamed(h *hit.Hit, drafts []intake.Draft) []intake.Draft {
	if !drafts[0].Alerts {
		return nil
	}
	named := func(key caselog.Key) bool {
		_, _, subject := key.Split()
		return slices.ContainsFunc(drafts, func(x intake.Draft) bool {
			_, _, of := x.Key.Split()
			return of == subject
		})
	}
	return f.ends(h.Reporter, h.ReportID, h.EvidenceKey(), mark(h.ReportVersion()), h.Cause, named)
}
