package app

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
)

// since says from which offsets on rules judge, by id: a rule that means something new
// judges from its activation on (RULES §2), whatever is read again. A rule that is not
// listed judges everything.
type since map[string]map[event.Partition]int64

// heard reports whether a rule judges the report at p.
func (s since) heard(rule string, p event.Position) bool {
	return p.Offset >= s[rule][event.Partition{Topic: p.Topic, ID: p.Partition}]
}

// heed leaves of what is said what rules say of reports that they judge.
func (s since) heed(said *hit.Judgement, err error) (*hit.Judgement, error) {
	if err != nil || len(s) == 0 {
		return said, err
	}
	said.Hits = slices.DeleteFunc(said.Hits, func(h *hit.Hit) bool { return !s.heard(h.Rule, h.Position) })
	said.Overturned = slices.DeleteFunc(said.Overturned, func(o hit.Overturned) bool { return !s.heard(o.Rule, o.Position) })
	return said, nil
}

// next returns since for the rules of set, which take the place of old's at the given
// offsets.
func (s since) next(old, set *ruleset.Set, from map[event.Partition]int64) since {
	before, out := meanings(old), since{}
	for id, meaning := range meanings(set) {
		switch at, known := s[id]; {
		case before[id] != meaning:
			out[id] = from
		case known:
			out[id] = at
		}
	}
	return out
}

// meanings returns what each rule that judges is, by id.
func meanings(s *ruleset.Set) map[string]string {
	out := map[string]string{}
	if s != nil {
		for _, r := range s.Plan.Rules() {
			out[r.ID] = fmt.Sprint(r.Version, r.Status, r.Hash)
		}
	}
	return out
}

// sinceOf returns since when the rules of set judge, which is in force as the edition
// now, after earlier ones, oldest first. What was in force longer ago than evidence may
// come late makes no difference any more.
func (a *App) sinceOf(set *ruleset.Set, now *ruleset.Edition, earlier []ruleset.Edition) since {
	out, open, horizon := since{}, meanings(set), a.opt.Now().Add(-a.config.Rules.Lateness.Std())
	for _, e := range slices.Backward(earlier) {
		if len(open) == 0 || now.At.Before(horizon) {
			break
		}
		old, err := a.sources.CompileEdition(&e)
		if err != nil {
			a.log.Warn("rules that were in force cannot be read any more: those of now judge no report from before their activation", telemetry.Error, err)
		}
		before, from := meanings(old), offsets(now.From)
		for id, meaning := range open {
			if before[id] != meaning {
				out[id] = from
				delete(open, id)
			}
		}
		now = &e
	}
	return out
}
