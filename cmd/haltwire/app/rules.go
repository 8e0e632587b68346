package app

import (
	"sync"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/rules/plan"
)

// inForce is what judges now, and what was refused since.
type inForce struct {
	reloading sync.Mutex // one reload at a time

	mu      sync.Mutex
	now     *ruleset.Set
	edition *ruleset.Edition
	refused *refusal // nil = the last reload was not
}

// refusal is a set that was not put in force.
type refusal struct {
	At  time.Time
	Why string
}

func (f *inForce) set(s *ruleset.Set, e *ruleset.Edition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now, f.edition = s, e
}

func (f *inForce) get() (*ruleset.Set, *ruleset.Edition, *refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, f.edition, f.refused
}

func (f *inForce) refuse(r *refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = r
}

// judge returns a judge by s whose work is counted.
func (a *App) judge(s *ruleset.Set) (pipeline.Judge, error) {
	j := plan.NewJudge(s.Plan, a.reports.decoderBy(&s.Rates, a.reports.schema.Whole()).Decode, s.Digests)
	return countingJudge{j, &a.counters}, nil
}
