package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/sinks/clickhouse"
)

const (
	// 60 s for the tests of a set: those of 10,000 rules that changed take less.
	testTime = time.Minute
	// 1 s between two looks at the files: a change holds within 2 s.
	lookEvery = time.Second
	// 2,000 bytes of errors are shown in /readyz: the first ten or so.
	shownErrors = 2000
)

// errRefused says that files were read and are not fit to judge.
var errRefused = errors.New("refused")

// read reads, compiles and tests what the files say. Tests that passed for what is
// in force are not run again; a set that is recorded as the edition last has passed,
// but for tests that were changed since.
func (a *App) read(ctx context.Context, last *ruleset.Edition) (*ruleset.Set, error) {
	text, err := a.sources.Read()
	if err != nil {
		return nil, errors.Join(errRefused, err)
	}
	set, err := a.sources.Compile(text, a.opt.Now())
	if err != nil {
		return nil, errors.Join(errRefused, err)
	}
	before, _, _ := a.force.get()
	if a.config.Rules.Tests == config.TestsOff || len(set.Changed(last)) == 0 && !set.Retests(before) {
		return set, nil
	}
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	err = set.Test(ctx, before)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("not done within %v; rules.tests: off goes without: %w", testTime, err)
	}
	if err != nil {
		return nil, errors.Join(errRefused, fmt.Errorf("rules %s: %w", set.Rules.Digest, err))
	}
	return set, nil
}

// Reload reads rules, lists, tables and rates again and swaps them between two
// batches. A set with an error, or whose tests fail, is refused as a whole and the
// old one goes on; one that says nothing new is left.
func (a *App) Reload(ctx context.Context) error {
	a.force.reloading.Lock()
	defer a.force.reloading.Unlock()
	changed, err := a.reload(ctx)
	switch {
	case err != nil:
		a.refuse(ctx, err)
		return err
	case changed:
		a.reloaded(ctx, "ok")
	default:
		a.log.Info("files are read again and say nothing new")
		a.reloaded(ctx, "unchanged")
	}
	a.force.refuse(nil)
	return nil
}

// refuse notes why what the files say is not in force.
func (a *App) refuse(ctx context.Context, err error) {
	why := strings.TrimPrefix(err.Error(), errRefused.Error()+"\n")
	a.log.Error("reload refused; the rules in force stay", telemetry.Error, why)
	if len(why) > shownErrors {
		why = strings.ToValidUTF8(why[:shownErrors], "") + " …"
	}
	a.force.refuse(&refusal{At: a.opt.Now(), Why: why})
	a.reloaded(ctx, "refused")
}

func (a *App) reloaded(ctx context.Context, result string) {
	a.telemetry.Metrics.Reloads.Add(ctx, 1, telemetry.Attr(telemetry.Result, result))
}

func (a *App) reload(ctx context.Context) (changed bool, err error) {
	old, edition, _ := a.force.get()
	set, err := a.read(ctx, edition)
	if err != nil || set.Same(old) {
		return false, err
	}
	var then *ruleset.Edition
	err = a.pipe.Swap(func(from map[event.Partition]int64) (pipeline.Judge, error) {
		ends, err := a.logs.ends() // for partitions of other instances
		if err != nil {
			return nil, err
		}
		maps.Copy(ends, from)
		if then, _, err = a.succeed(ctx, set, edition, nil, positions(ends)); err != nil {
			return nil, err
		}
		judge, err := a.judgeNext(old, set, ends)
		if err != nil {
			return nil, err
		}
		a.reports.rates.Store(&set.Rates)
		return a.inherit(judge), nil
	})
	if err != nil {
		return false, fmt.Errorf("swap rules: %w", err)
	}
	a.force.set(set, then)
	a.warmUp.want(set)
	a.announce(ctx, set, then.At, set.Changed(edition))
	return true, nil
}

// announce tells everybody what judges from now on.
func (a *App) announce(ctx context.Context, set *ruleset.Set, at time.Time, kinds []string) {
	for _, s := range []lang.Status{lang.Live, lang.Shadow, lang.Draft, lang.Retired} {
		a.telemetry.Metrics.RuleSetRules.Record(ctx, set.Count(s), telemetry.Attr(telemetry.Status, string(s)))
	}
	a.log.Info("rules in force", telemetry.Digest, set.Rules.Digest, "rules", len(set.Rules.Rules), "lists", set.Digests.Lists, "rates", set.Digests.Rates)
	a.records <- recordOf{set, kinds, at}
}

// recordOf is a set of which some kinds are to be recorded.
type recordOf struct {
	set   *ruleset.Set
	kinds []string
	at    time.Time
}

// record writes what was put in force to ClickHouse, in order, trying until it is
// there.
func (a *App) record(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-a.records:
			for _, row := range a.rowsOf(r) {
				var wait fault.Backoff
				for a.gate.wait(ctx) == nil && a.store.WriteRuleSet(ctx, row) != nil {
					if fault.Sleep(ctx, wait.Next(0)) != nil {
						return nil
					}
				}
			}
		}
	}
}

// rowsOf returns the rows of rule_sets. What lists say of people stays on the
// control topic.
func (a *App) rowsOf(r recordOf) []clickhouse.RuleSet {
	var rows []clickhouse.RuleSet
	for _, kind := range r.kinds {
		row := clickhouse.RuleSet{Digest: r.set.Digest(kind), Kind: kind, ActivatedAt: r.at.UnixMilli(), Source: a.config.Rates.File}
		switch kind {
		case ruleset.Rules:
			row.Rules, row.Source = uint32(len(r.set.Rules.Rules)), a.config.Rules.Dir
			if content, err := r.set.Text.Content(kind); err == nil {
				row.Content = content
			}
		case ruleset.Lists:
			row.Source = a.config.Dir
		}
		rows = append(rows, row)
	}
	return rows
}

// reloads serves the caller's requests to reload, and changes of files.
func (a *App) reloads(ctx context.Context) error {
	if a.config.Rules.Watch {
		ticks := time.NewTicker(cmp.Or(a.opt.Look, lookEvery))
		defer ticks.Stop()
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		defer func() { cancel(); <-done }()
		go func() {
			defer close(done)
			a.sources.Watch(ctx, a.looked, ticks.C, a.tryReload)
		}()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.opt.Reload:
			a.tryReload(ctx)
		}
	}
}

// tryReload reloads and reports whether there is nothing to try again: what was
// refused waits for another change of the files.
func (a *App) tryReload(ctx context.Context) bool {
	err := a.Reload(ctx) // logged and shown in /readyz
	return err == nil || errors.Is(err, errRefused)
}
