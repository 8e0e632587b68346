package pipeline

import (
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// revisions returns the reports of b that correct an earlier version, but for
// those below emit, which are on the log. They own their memory.
func (d *detect) revisions(b *event.Batch, emit int64) []hit.Revision {
	s := d.options.Schema
	column := &b.Columns[s.Must("revision")]
	var out []hit.Revision
	for r := range b.Rows {
		if !column.Has(r) || column.U32[r] == 0 || b.Position(r).Offset < emit {
			continue
		}
		out = append(out, hit.Revision{
			Reporter: strings.Clone(b.Columns[s.Must("reporter")].String(r)), ReportID: strings.Clone(b.Columns[s.Must("report_id")].String(r)),
			Version: hit.Version{Revision: column.U32[r], Hash: b.Hash(r)}, Position: b.Position(r),
		})
	}
	return out
}

// identity names a report.
type identity struct{ reporter, reportID string }

// latest holds the latest version of each report that has been revised.
type latest map[identity]hit.Version

func versions(revised []hit.Revision) latest {
	if len(revised) == 0 {
		return nil
	}
	l := latest{}
	for i := range revised {
		id, v := identity{revised[i].Reporter, revised[i].ReportID}, revised[i].Version
		if known, ok := l[id]; !ok || known.Compare(v) < 0 {
			l[id] = v
		}
	}
	return l
}

// supersede reports whether a version of a report is not its latest.
func (l latest) supersede(reporter, reportID string, v hit.Version) bool {
	last, ok := l[identity{reporter, reportID}]
	return ok && v.Compare(last) < 0
}

// current leaves out the hits that one of the revisions supersedes: hits on
// earlier reports too.
func current(hits []*hit.Hit, revised []hit.Revision) []*hit.Hit {
	if len(hits) == 0 || len(revised) == 0 {
		return hits
	}
	l := versions(revised)
	return slices.DeleteFunc(hits, func(h *hit.Hit) bool { return l.supersede(h.Reporter, h.ReportID, h.ReportVersion()) })
}
