package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
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

// stateless returns a judge by s, which has no windows, whose work is counted.
func (a *App) stateless(s *ruleset.Set) pipeline.Judge {
	j := plan.NewJudge(s.Plan, a.reports.decoderBy(&s.Rates, a.reports.schema.Whole()).Decode, s.Digests)
	return countingJudge{j, &a.counters, newFaults(a.telemetry.Metrics, a.log, s.Plan.Rules())}
}

// judgeFirst returns the judge by s for a start. begun says since when its rules judge.
func (a *App) judgeFirst(ctx context.Context, s *ruleset.Set, begun func() since) (pipeline.Judge, error) {
	if !s.Plan.Windowed() {
		return a.stateless(s), nil
	}
	covered := a.opt.Now().UnixMilli()
	if a.config.Rules.Windows.Warm != config.WarmNone {
		var err error
		if covered, err = a.logs.coverage(ctx, a.opt.Now().Add(-a.longest(s))); err != nil {
			return nil, err
		}
	}
	m, err := a.remember(s, true, covered)
	if err != nil {
		return nil, err
	}
	m.since = begun()
	m.look()
	a.remembering.Store(m)
	a.reading = m
	return m, nil
}

// judgeNext returns the judge by s that takes over from the one in force, which
// stands still meanwhile, from the given offsets on. Windows that both have go on.
func (a *App) judgeNext(old, s *ruleset.Set, from map[event.Partition]int64) (pipeline.Judge, error) {
	m := a.remembering.Load()
	switch {
	case !s.Plan.Windowed():
		if m == nil {
			return a.stateless(s), nil
		}
		a.remembering.Store(nil)
		return a.stateless(s), errors.Join(m.close(), a.forget())
	case m == nil:
		var err error
		if m, err = a.remember(s, false, a.opt.Now().UnixMilli()); err != nil {
			return nil, err
		}
		m.since = since{}.next(old, s, from)
		a.remembering.Store(m)
	default:
		if err := m.judge.Reload(s.Plan, a.decoders(s), s.Digests, a.opt.Now().UnixMilli()); err != nil {
			return nil, fmt.Errorf("reload windows: %w", err)
		}
		m.faults = newFaults(a.telemetry.Metrics, a.log, s.Plan.Rules())
		m.since = m.since.next(old, s, from)
	}
	m.look()
	return m, nil
}

// inherit lets the rules before the start speak on as long as they have to.
func (a *App) inherit(j pipeline.Judge) pipeline.Judge {
	if a.heirs == nil || a.heirs.done.Load() {
		return j
	}
	a.heirs = &heirs{before: a.heirs.before, after: j, from: a.heirs.from}
	return a.heirs
}

// forget removes the snapshots of rules that are not in force any more: what came
// since is not in them.
func (a *App) forget() error {
	if err := os.RemoveAll(a.snapshots()); err != nil {
		return fmt.Errorf("remove snapshots of windows: %w", err)
	}
	return nil
}
