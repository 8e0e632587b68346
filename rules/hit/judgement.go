package hit

import "github.com/haltwire/haltwire/pipeline/event"

// Judgement is what judging a run of reports brought to light: about these
// reports, and about earlier ones whose windows they belong to. It owns its
// memory.
type Judgement struct {
	Hits       []*Hit       // in the order of judging; those of Cause are about earlier reports
	Overturned []Overturned // hits on earlier reports that hold no more
	// Hold says from which offset on reports may still have consequences that are
	// not in any judgement yet; partitions without such reports are not listed.
	Hold map[event.Partition]int64
}

// Overturned says that a hit, as it was judged before, holds no more: reports that
// came later are in the windows of its report. Immutable.
type Overturned struct {
	HitID  string // of the hit that held
	Rule   string
	Status Status // of the rule

	Reporter, ReportID string
	Version            Version        // of the report
	Position           event.Position // of the report
	Cause              event.Position // of the latest report that was in the windows

	Now *Hit // the hit with a lower case that holds instead, nil = none
	// Doubt says that nobody remembers what was said last of the report: the hit
	// may never have held.
	Doubt bool
}

// EvidenceKey returns what a case remembers of the hit.
func (o *Overturned) EvidenceKey() string { return evidenceKey(o.Rule, o.Reporter, o.ReportID) }
