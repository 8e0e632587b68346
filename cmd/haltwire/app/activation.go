package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// firstJudge returns the judge to start with. What the last edition judged may have
// been judged up to its last offset without a commit; a set that differs from it
// begins where the topics end now. Files that are refused leave the last edition in
// force, as a reload does.
func (a *App) firstJudge(ctx context.Context) (pipeline.Judge, error) {
	j, err := a.firstJudges(ctx)
	if err == nil && a.remembering.Load() == nil {
		err = a.forget() // only now: the rules before may have had a snapshot
	}
	return j, err
}

func (a *App) firstJudges(ctx context.Context) (pipeline.Judge, error) {
	all, err := a.desk.Activations(ctx)
	if err != nil {
		return nil, err
	}
	editions := ruleset.Editions(all)
	var now, before *ruleset.Edition
	if n := len(editions); n > 0 {
		now = &editions[n-1]
		if n > 1 {
			before = &editions[n-2]
		}
	}
	set, err := a.firstSet(ctx, now)
	if err != nil {
		return nil, err
	}
	var begins []event.Position
	if changed := len(set.Changed(now)) > 0; changed && now != nil {
		ends, err := a.logs.ends()
		if err != nil {
			return nil, err
		}
		begins = positions(ends)
	}
	was := now
	if now, before, err = a.succeed(ctx, set, now, before, begins); err != nil {
		return nil, err
	}
	if now == was && was != nil {
		editions = editions[:len(editions)-1]
	}
	a.force.set(set, now)
	a.reports.rates.Store(&set.Rates)
	after, err := a.judgeFirst(ctx, set, func() since { return a.sinceOf(set, now, editions) })
	if err != nil || before == nil {
		return after, err
	}
	return a.after(ctx, before, set, after, offsets(now.From))
}

// after returns what judges by set from the given offsets on, and below them by the
// edition before, as long as something there is not committed.
func (a *App) after(ctx context.Context, before *ruleset.Edition, set *ruleset.Set, after pipeline.Judge, from map[event.Partition]int64) (pipeline.Judge, error) {
	if behind, err := a.behind(ctx, from); err != nil || !behind {
		return after, err
	}
	old, err := a.sources.CompileEdition(before)
	if err != nil {
		a.log.Warn("the rules before these cannot be read any more; reports that were not committed are judged by the new ones", telemetry.Error, err)
		return after, nil
	}
	return a.succession(old, set, after, from)
}

// behind reports whether something below the given offsets is not committed.
func (a *App) behind(ctx context.Context, from map[event.Partition]int64) (bool, error) {
	for p, offset := range from {
		if offset <= 0 {
			continue
		}
		committed, err := a.committed(ctx, p)
		if err != nil || committed < offset {
			return true, err
		}
	}
	return false, nil
}

// firstSet returns what the files say, else what was in force last.
func (a *App) firstSet(ctx context.Context, last *ruleset.Edition) (*ruleset.Set, error) {
	set, err := a.read(ctx, last)
	if err == nil || last == nil {
		return set, err
	}
	old, again := a.sources.CompileEdition(last)
	if again != nil {
		return nil, errors.Join(err, fmt.Errorf("read the rules that were in force last: %w", again))
	}
	a.refuse(ctx, err)
	return old, nil
}

// succeed records that set holds from the given offsets on, unless it is in force as
// the edition now, and returns the editions that hold then.
func (a *App) succeed(ctx context.Context, set *ruleset.Set, now, before *ruleset.Edition, from []event.Position) (then, earlier *ruleset.Edition, err error) {
	if len(set.Changed(now)) == 0 {
		return now, before, nil
	}
	at := a.opt.Now().UTC()
	activations, err := set.Activations(now, at, from)
	if err != nil {
		return nil, nil, err
	}
	for _, one := range activations {
		if err := a.desk.Activate(ctx, one); err != nil {
			return nil, nil, err
		}
	}
	return set.Edition(at, from), now, nil
}

func positions(from map[event.Partition]int64) []event.Position {
	out := make([]event.Position, 0, len(from))
	for p, o := range from {
		out = append(out, event.Position{Topic: p.Topic, Partition: p.ID, Offset: o})
	}
	slices.SortFunc(out, func(a, b event.Position) int {
		if c := strings.Compare(a.Topic, b.Topic); c != 0 {
			return c
		}
		return int(a.Partition) - int(b.Partition)
	})
	return out
}

func offsets(from []event.Position) map[event.Partition]int64 {
	out := map[event.Partition]int64{}
	for _, p := range from {
		out[event.Partition{Topic: p.Topic, ID: p.Partition}] = p.Offset
	}
	return out
}
