package world

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// explained is how many things of a kind a failure tells about.
const explained = 5

// explainHits logs what the log and ClickHouse know of hits that are missing, or
// there and not wanted.
func (w *World) explainHits(e Expectation, got []string, want map[string]bool) {
	w.t.Helper()
	have, log, rules, few := map[string]bool{}, w.words(), map[string]int{}, explained
	for _, g := range got {
		have[g] = true
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		l, ok := e.lines[id]
		if have[id] || !ok {
			continue
		}
		rules[l.Rule]++
		if few--; few >= 0 {
			at, err := w.Query("SELECT concat(topic, '/', toString(partition), '/', toString(offset)) FROM reports WHERE report_id = '" + l.ReportID + "'")
			w.t.Logf("missing %s %s of %s, which is %v %v: %v", l.Rule, l.Case, l.ReportID, at, err, w.stored(l.HitID, log))
		}
	}
	w.t.Logf("missing by rule: %v", rules)
	few = explained
	for _, g := range got {
		if !want[g] && few > 0 {
			few--
			id, _, _ := strings.Cut(g, "/")
			w.t.Logf("not wanted %s: %v", g, w.stored(id, log))
		}
	}
}

// words returns what was said of hits, by hit id.
func (w *World) words() map[string][]string {
	log := map[string][]string{}
	for _, topic := range []string{"haltwire.hits", "haltwire.cases"} {
		w.events(topic, func(e caselog.Event, at time.Time) {
			var d caselog.HitData
			if e.Type == caselog.Hit || e.Type == caselog.HitChanged || e.Type == caselog.HitOverturned {
				w.must(e.Into(&d))
				log[d.HitID] = append(log[d.HitID], fmt.Sprintf("%s %s %s", at.Format("15:04:05.000"), e.Type, d.Case))
			}
		})
	}
	return log
}

// stored returns what is known of a hit.
func (w *World) stored(id string, log map[string][]string) string {
	rows, err := w.Query("SELECT toString((rule, rule_case, report_id, revision, late, changed, cold, partition, offset, version)) FROM hits WHERE hit_id = '" + id + "'")
	ends, err2 := w.Query("SELECT toString((reason, cause_topic, cause_partition, cause_offset, version)) FROM hit_overturns WHERE hit_id = '" + id + "'")
	return fmt.Sprintf("on the log %v, rows %v %v, overturned %v %v", log[id], rows, err, ends, err2)
}

// explainRequests logs what became of accounts of which no request came.
func (w *World) explainRequests(e Expectation, seen map[string]bool) {
	w.t.Helper()
	few := explained
	for _, account := range slices.Sorted(maps.Keys(e.Requested)) {
		if seen[account] || few == 0 {
			continue
		}
		few--
		got, err := w.Query("SELECT toString((alert_id, state, ending, blocked, rules, hits, payments, automatic, open_tasks, opened_at, approved_at, sent_at)) FROM v_alerts WHERE subject_account = '" + account + "'")
		hits, err2 := w.Query("SELECT toString((rule, rule_case, report_id, revision, late, cold, cut)) FROM hits FINAL WHERE subject_uid = '" + account + "'")
		w.t.Logf("no request about %s: alerts %v %v, hits %v %v", account, got, err, hits, err2)
	}
}
