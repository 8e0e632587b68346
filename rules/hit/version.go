package hit

import (
	"bytes"
	"cmp"

	"github.com/haltwire/haltwire/pipeline/event"
)

// Version orders the versions of one report: the highest revision, then the
// larger content hash, is the latest.
type Version struct {
	Revision uint32
	Hash     event.Hash
}

// Compare returns -1, 0 or 1.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Revision, w.Revision), bytes.Compare(v.Hash[:], w.Hash[:]))
}

// ReportVersion returns the version that h was judged on.
func (h *Hit) ReportVersion() Version { return Version{h.Revision, h.Hash} }

// Revision says that a report has a version beyond its first: hits on lower ones
// no longer stand. Immutable.
type Revision struct {
	Reporter, ReportID string
	Version            Version
	Position           event.Position
}

// Key returns the report's identity as an id.
func (r *Revision) Key() string { return Text32(r.Reporter, r.ReportID) }
