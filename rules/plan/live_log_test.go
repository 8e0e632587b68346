package plan_test

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
)

// evidence is what a log knows of a rule on a report.
type evidence struct {
	version  hit.Version
	which    int // index of the case, -1 = none
	standing bool
	h        *hit.Hit
}

// caseLog is a model of the log of hits: what stands, whatever is repeated.
type caseLog struct {
	cases map[string][]string // by rule
	of    map[string]*evidence
}

func (l *caseLog) which(h *hit.Hit) int { return slices.Index(l.cases[h.Rule], h.Case) }

func (l *caseLog) hit(h *hit.Hit) {
	e := l.of[h.EvidenceKey()]
	switch {
	case e == nil || e.version.Compare(h.ReportVersion()) < 0:
		l.of[h.EvidenceKey()] = &evidence{h.ReportVersion(), l.which(h), true, h}
	case e.version != h.ReportVersion():
	case !e.standing || h.Changed && l.which(h) < e.which:
		e.standing, e.which, e.h = true, l.which(h), h
	}
}

func (l *caseLog) overturn(o hit.Overturned) {
	e := l.of[o.EvidenceKey()]
	switch {
	case e == nil || e.version != o.Version || !e.standing:
	case o.Now == nil:
		e.standing = false
	case l.which(o.Now) > e.which:
		e.which, e.h = l.which(o.Now), o.Now
	}
}

// standing returns a line a hit that stands on the latest version of its report.
func (w *world) standing(latest map[plan.Ref]hit.Version) []string {
	lines := []string{}
	for _, e := range w.log.of {
		if e.standing && latest[plan.Ref{Reporter: e.h.Reporter, ID: e.h.ReportID}] == e.version {
			lines = append(lines, fmt.Sprintf("%s/%s %s v%d case %q", e.h.Reporter, e.h.ReportID, e.h.Rule, e.h.Revision, caseName(w.log.cases[e.h.Rule], e.which)))
		}
	}
	slices.Sort(lines)
	return lines
}

func caseName(names []string, i int) string {
	if i < 0 {
		return ""
	}
	return names[i]
}

// latestOf returns the latest version of each report of b.
func latestOf(b *event.Batch, rows []int) map[plan.Ref]hit.Version {
	all := map[plan.Ref]hit.Version{}
	text := func(r int, name string) string { return b.Columns[b.Schema.Must(name)].String(r) }
	for _, r := range rows {
		ref := plan.Ref{Reporter: text(r, "reporter"), ID: text(r, "report_id")}
		v := hit.Version{Hash: b.Hash(r)}
		if rev := &b.Columns[b.Schema.Must("revision")]; rev.Has(r) {
			v.Revision = rev.U32[r]
		}
		if have, ok := all[ref]; !ok || have.Compare(v) < 0 {
			all[ref] = v
		}
	}
	return all
}

// memory returns a directory whose files cost no disk where the machine has such.
func memory(t interface{ Fatal(...any) }) string {
	for _, parent := range []string{"/dev/shm", ""} {
		if dir, err := os.MkdirTemp(parent, "haltwire-live-"); err == nil {
			return dir
		}
	}
	t.Fatal("no directory")
	return ""
}

func short(lines []string) []string {
	out := []string{}
	for _, l := range lines {
		out = append(out, l[:strings.Index(l, " score ")])
	}
	return out
}
