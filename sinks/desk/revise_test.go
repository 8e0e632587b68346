package desk_test

import (
	"slices"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/policy"
)

// on returns a report's hit on another version of it.
func on(h *hit.Hit, revision uint32) *hit.Hit {
	h.Revision, h.Hash = revision, event.Hash{byte(revision)}
	h.ID = hit.ID(h.Rule, h.Version, h.Reporter, h.ReportID, h.Revision, h.Hash)
	return h
}

func revised(id string, revision uint32) hit.Revision {
	return hit.Revision{Reporter: "HWBIINBB", ReportID: id, Version: hit.Version{Revision: revision, Hash: event.Hash{byte(revision)}}}
}

// slow is an agreement under which people approve each request.
func slow() policy.Policy {
	p := agreement()
	p.AutoProvisional = nil
	return p
}

// listed returns the states of the alerts of d, each with how it ended, sorted.
func listed(d *desk.Desk) []string {
	var out []string
	for _, v := range d.List(desk.Filter{}) {
		out = append(out, v.State+v.Ending)
	}
	slices.Sort(out)
	return out
}

// TestRevisionOverturns corrects reports whose alerts wait for people: the alert
// of one that no rule hits any more is over, the alert of one that is still hit
// stays, and a lower version that comes after a higher one opens none.
func TestRevisionOverturns(t *testing.T) {
	t.Parallel()
	in, gb, ledger := newEnd(t, indiaSelf()), newEnd(t, ukSelf()), newLedger()
	brokers := fake(t)
	partitions := setup{brokers: brokers, partitions: 3, change: func(o *desk.Options) { o.Ledger = ledger }}
	stop := in.start(t, partitions, []policy.Party{gb.party(slow())}, gb)
	elsewhere := func(h *hit.Hit, account string) *hit.Hit {
		h.Alerts[0].Subject.UID, h.Alerts[0].Subject.Account = account, account
		return h
	}
	no, yes := elsewhere(on(report("TX-1", uetr1, "18000.00"), 0), "GB00NO"), elsewhere(on(report("TX-2", uetr2, "9500.00"), 0), "GB00YES")
	must(t, in.desk.Append(t.Context(), []*hit.Hit{no, yes}))
	eventually(t, "both wait", func() bool { return slices.Equal(listed(in.desk), []string{"proposed", "proposed"}) })
	corrected := elsewhere(on(report("TX-2", uetr2, "9000.00"), 1), "GB00YES")
	must(t, in.desk.Append(t.Context(), []*hit.Hit{corrected}))
	must(t, in.desk.Revise(t.Context(), []hit.Revision{revised("TX-1", 1), revised("TX-2", 1), revised("TX-3", 1)}))
	want := []string{"closedoverturned", "proposed"}
	eventually(t, "one is over", func() bool { return slices.Equal(listed(in.desk), want) })

	late := elsewhere(on(report("TX-3", uetr1, "1.00"), 0), "GB00LATE")
	must(t, in.desk.Append(t.Context(), []*hit.Hit{late, no, yes}))
	must(t, in.desk.Revise(t.Context(), []hit.Revision{revised("TX-1", 1), revised("TX-2", 1)}))
	must(t, in.desk.Recorded(t.Context()))
	check := func(when string) {
		t.Helper()
		if got := listed(in.desk); !slices.Equal(got, want) {
			t.Errorf("%s: alerts are %v, want %v", when, got, want)
		}
	}
	check("after lower versions came late")
	standing := map[string]bool{}
	stand := ledger.standing()
	for _, h := range kept[caselog.HitRow](ledger) {
		standing[h.HitID] = slices.ContainsFunc(stand, func(x caselog.HitRow) bool { return x.HitID == h.HitID })
		if h.SubjectID == "" {
			t.Errorf("hit %s lost its subject", h.HitID)
		}
	}
	if len(standing) != 3 || standing[no.ID] || !standing[corrected.ID] {
		t.Errorf("standing hits: %v", standing)
	}
	stop()
	stop = in.start(t, partitions, []policy.Party{gb.party(slow())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{late, no, yes, corrected}))
	must(t, in.desk.Recorded(t.Context()))
	check("after a restart and a replay")
	stop()
}

// TestRevisionMeetsItsReportLater lets another instance, which knows of no
// revision, put lower versions on the log: whoever owns them overturns them.
func TestRevisionMeetsItsReportLater(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	brokers := fake(t)
	stop := in.start(t, setup{brokers: brokers, change: prefixed("in")}, []policy.Party{gb.party(slow())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{on(report("TX-1", uetr1, "18000.00"), 0)}))
	eventually(t, "it waits", func() bool { return slices.Equal(listed(in.desk), []string{"proposed"}) })
	writer := appender(t, in, gb, brokers) // owns nothing
	stop()
	must(t, writer.Revise(t.Context(), []hit.Revision{revised("TX-1", 7)}))
	in.start(t, setup{brokers: brokers, change: prefixed("in")}, []policy.Party{gb.party(slow())}, gb)
	eventually(t, "the next owner overturns it", func() bool { return slices.Equal(listed(in.desk), []string{"closedoverturned"}) })
	must(t, writer.Append(t.Context(), []*hit.Hit{on(report("TX-1", uetr1, "18000.00"), 9)}))
	must(t, writer.Revise(t.Context(), []hit.Revision{revised("TX-1", 9)}))
	eventually(t, "a version that hits again is a new episode", func() bool {
		return slices.Equal(listed(in.desk), []string{"closedoverturned", "proposed"})
	})
}
