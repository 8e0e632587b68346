package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// remembered is how long at least a higher version of a report is known, on the
// clock of the log: the default lateness. A lower version that comes later than
// that counts as new evidence.
const remembered = 7 * 24 * time.Hour

// report is the identity of a report, hashed to bound what is remembered of it.
type report [16]byte

func reportOf(reporter, reportID string) report {
	sum := sha256.Sum256([]byte(strconv.Itoa(len(reporter)) + reporter + reportID))
	return report(sum[:16])
}

// reports is what the fold knows of reports: which have higher versions than
// their first, and under which keys there are hits on them. The two meet in any
// order: events of the two kinds lie in different partitions. Guarded by fold.mu.
type reports struct {
	keys     map[report][]caselog.Key
	now, old map[report]caselog.ReportVersion // old is dropped when now is remembered long enough
	since    int64                            // begin of now, Unix ms
}

func newReports() reports {
	return reports{keys: map[report][]caselog.Key{}, now: map[report]caselog.ReportVersion{}}
}

// evidence notes under which key a hit on a report is.
func (x *reports) evidence(r apply.Record) {
	var d caselog.HitData
	if json.Unmarshal(r.Data, &d) != nil {
		return
	}
	id := reportOf(d.Reporter, d.ReportID)
	if !slices.Contains(x.keys[id], r.Key) {
		x.keys[id] = append(x.keys[id], r.Key)
	}
}

// latest returns the highest version known of a report that was revised.
func (x *reports) latest(id report) (caselog.ReportVersion, bool) {
	v, ok := x.now[id]
	if !ok {
		v, ok = x.old[id]
	}
	return v, ok
}

// revise notes a version and returns the keys with hits on the report.
func (x *reports) revise(id report, v caselog.ReportVersion, at int64) []caselog.Key {
	if at-x.since > remembered.Milliseconds() {
		x.old, x.now, x.since = x.now, map[report]caselog.ReportVersion{}, at
	}
	if known, ok := x.latest(id); ok && !known.Less(v) {
		v = known
	}
	x.now[id] = v
	return x.keys[id]
}

// revised takes in that a report has a higher version: the owners of its hits
// look at them again.
func (f *fold) revised(r apply.Record) {
	var d caselog.RevisedData
	if json.Unmarshal(r.Data, &d) != nil {
		return
	}
	f.mu.Lock()
	keys := slices.Clone(f.reports.revise(reportOf(d.Reporter, d.ReportID), d.ReportVersion, r.Appended))
	f.mu.Unlock()
	for _, key := range keys {
		p := f.parts[f.partition(key)]
		p.mu.Lock()
		p.dirty[key] = struct{}{}
		p.mu.Unlock()
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// later returns the version that supersedes v of a report, if one is known.
func (f *fold) later(reporter, reportID string, v caselog.ReportVersion) (caselog.ReportVersion, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	latest, ok := f.reports.latest(reportOf(reporter, reportID))
	return latest, ok && v.Less(latest)
}

// Revise implements pipeline.HitLog: the versions go to the case log, with acks
// from all replicas. The hits on them must be there already: the owner of a hit
// on a lower version overturns it as soon as he reads the version, unless a hit
// of the same rule on that version lies before.
func (d *Desk) Revise(ctx context.Context, revisions []hit.Revision) error {
	if !d.Ready() {
		return fmt.Errorf("write revisions: %w", errNotReady)
	}
	var drafts []intake.Draft
	for i := range revisions {
		r := &revisions[i]
		data := &caselog.RevisedData{Reporter: r.Reporter, ReportID: r.ReportID, ReportVersion: mark(r.Version), Position: r.Position}
		drafts = append(drafts, intake.Draft{
			ID:  hit.Text32("revised", r.Key(), strconv.FormatUint(uint64(data.Revision), 10), data.Hash),
			Key: caselog.Key("none/" + caselog.Nobody + "/" + r.Key()), Type: caselog.Revised, Alerts: true, Data: data,
		})
	}
	if _, err := d.write(ctx, drafts); err != nil {
		return fmt.Errorf("write revisions: %w", err)
	}
	return nil
}

func mark(v hit.Version) caselog.ReportVersion {
	return caselog.ReportVersion{Revision: v.Revision, Hash: hex.EncodeToString(v.Hash[:])}
}

// current leaves out the hits on versions that are known to be superseded: a
// lower version that comes late opens no alert.
func (d *Desk) current(hits []*hit.Hit) []*hit.Hit {
	return slices.DeleteFunc(slices.Clone(hits), func(h *hit.Hit) bool {
		_, superseded := d.fold.later(h.Reporter, h.ReportID, mark(h.ReportVersion()))
		return superseded
	})
}

// overturns makes the events that end the hits of a subject on superseded
// versions. Its lock is held.
func (t *tenure) overturns(s *apply.Subject) []intake.Draft {
	if s == nil {
		return nil
	}
	var out []intake.Draft
	for _, a := range s.Alerts {
		for _, h := range a.Hits {
			if h.Gone || s.Evidence[h.Evidence] != a.ID {
				continue
			}
			if by, later := t.desk.fold.later(h.Reporter, h.ReportID, h.Judged); later {
				out = append(out, superseded(s.Key, a, h, by))
			}
		}
	}
	return out
}

// superseded makes the event that a hit is on a version of its report that is not
// the latest, which its rule does not hit.
func superseded(key caselog.Key, a *apply.Alert, h *apply.Hit, by caselog.ReportVersion) intake.Draft {
	x := overturn(key, a, h)
	x.ID, x.Hit().Superseded = hit.Text32("overturned", h.HitID, string(key), strconv.FormatUint(uint64(by.Revision), 10), by.Hash), &by
	return x
}

// overturn makes the event that a hit holds no more. Its id is the caller's.
func overturn(key caselog.Key, a *apply.Alert, h *apply.Hit) intake.Draft {
	return intake.Draft{
		Key: key, Type: caselog.HitOverturned, Trace: a.Trace, Alerts: true,
		Data: &caselog.HitData{
			HitID: h.HitID, Evidence: h.Evidence, Overturns: h.HitID, Rule: h.Rule, Version: h.Version, Fold: apply.Version,
			Reporter: h.Reporter, ReportID: h.ReportID, Revision: h.Judged.Revision, Hash: h.Judged.Hash, CaseID: a.CaseID,
			Record: freeze.At(time.UnixMilli(h.Record)), Status: string(hit.Live), Case: h.Case, Severity: h.Severity, Approval: h.Approval,
			Values: map[string]any{}, Unknown: []string{}, Ask: []string{}, Typology: []string{}, Payments: []caselog.PaymentMark{},
			Personal: h.Personal,
		},
	}
}
