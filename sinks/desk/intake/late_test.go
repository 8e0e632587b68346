package intake_test

import (
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
)

func at(offset int64) event.Position { return event.Position{Topic: "t", Partition: 2, Offset: offset} }

// changed is the sample with a case that later evidence raised.
func changed(cased string, cause int64) *hit.Hit {
	h := sample()
	h.Case, h.Late, h.Changed, h.Cause = cased, true, true, at(cause)
	return h
}

func overturned(now *hit.Hit, cause int64) *hit.Overturned {
	h := sample()
	return &hit.Overturned{HitID: h.ID, Rule: h.Rule, Status: h.Status, Reporter: h.Reporter, ReportID: h.ReportID, Version: h.ReportVersion(), Cause: at(cause), Now: now}
}

// TestWordsOfLaterEvidenceAreTheirOwnEvents holds that each word has an id of its
// own, and the same one when it is told again.
func TestWordsOfLaterEvidenceAreTheirOwnEvents(t *testing.T) {
	x := maker(t)
	words := func() map[string]string {
		ids := map[string]string{}
		put := func(name string, drafts ...intake.Draft) {
			for _, d := range drafts {
				if other, twice := ids[d.ID]; twice {
					t.Errorf("%s has the id of %s", name, other)
				}
				ids[d.ID] = name
			}
		}
		put("hit", x.Drafts(sample())...)
		put("raised by 1", x.Drafts(changed("freeze", 1))...)
		put("raised by 2", x.Drafts(changed("freeze", 2))...)
		put("raised higher by 2", x.Drafts(changed("seize", 2))...)
		again := sample()
		again.Late, again.Cause = true, at(2)
		put("stands again by 2", x.Drafts(again)...)
		put("lowered by 2", x.Lowered(overturned(sample(), 2))...)
		put("gone by 2", x.Fallen(overturned(nil, 2)))
		put("gone by 3", x.Fallen(overturned(nil, 3)))
		return ids
	}
	first, second := words(), words()
	if len(first) != 8 || len(second) != 8 {
		t.Fatalf("%d and %d words", len(first), len(second))
	}
	for id := range first {
		if second[id] == "" {
			t.Errorf("%s told again has another id", first[id])
		}
	}
}

func TestWordsOfLaterEvidenceSayWhatTheyAre(t *testing.T) {
	x := maker(t)
	shadow := sample()
	shadow.Status = hit.Shadow
	for name, c := range map[string]struct {
		draft         intake.Draft
		kind          caselog.Type
		stands, alert bool
	}{
		"raised":                {x.Drafts(changed("freeze", 1))[0], caselog.HitChanged, false, true},
		"lowered":               {x.Lowered(overturned(sample(), 1))[0], caselog.HitOverturned, true, true},
		"lowered, cannot alert": {x.Lowered(overturned(shadow, 1))[0], caselog.HitOverturned, true, false},
		"gone":                  {x.Fallen(overturned(nil, 1)), caselog.HitOverturned, false, false},
	} {
		d := c.draft.Hit()
		if c.draft.Type != c.kind || d.Stands != c.stands || c.draft.Alerts != c.alert || d.Cause == nil || *d.Cause != at(1) || d.Fold != apply.Version || d.Evidence != sample().EvidenceKey() || d.HitID != "HIT" {
			t.Errorf("%s: %+v %+v", name, c.draft, d)
		}
		if (c.kind == caselog.HitOverturned) != (d.Overturns == "HIT") || d.Superseded != nil {
			t.Errorf("%s overturns %q", name, d.Overturns)
		}
	}
	if a, b := x.Fallen(overturned(nil, 1)), x.Drafts(shadow)[0]; a.Key != b.Key {
		t.Errorf("the end of a quiet hit has the key %s, the hit %s", a.Key, b.Key)
	}
}

// TestReroutedHitStands moves a hit whose case had fallen: under its new key it is
// a hit like any other.
func TestReroutedHitStands(t *testing.T) {
	x := maker(t)
	lowered := x.Lowered(overturned(sample(), 1))[0]
	personal, ok := lowered.Personal.(*caselog.HitPersonal)
	if !ok {
		t.Fatalf("personal part %T", lowered.Personal)
	}
	moved, party, found := x.Reroute(*lowered.Hit(), personal, "")
	if d := moved.Hit(); !found || party != "GB-FIU" || moved.Type != caselog.Hit || d.Stands || d.Overturns != "" || d.Case != sample().Case {
		t.Errorf("moved to %q: %+v", party, moved)
	}
}
