package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan/live"
	"github.com/haltwire/haltwire/rules/window"
)

// measureEvery is how often what a judge remembers is measured: 5 s.
const measureEvery = 5 * time.Second

// keepEvery is how often the pipeline lets a judge keep what it remembers: 200 ms.
const keepEvery = 200 * time.Millisecond

// memory is the judge of rules with windows, as the pipeline uses it. It outlives
// the sets of rules that have windows: what they have in common is not forgotten.
type memory struct {
	judge    *live.Judge
	counters *counters
	metrics  *telemetry.Metrics
	lock     *os.File // of the folder of snapshots
	faults   *faults
	since    since    // the rules in force judge
	decoder  *decoder // of its own: the rates were others; nil = none

	begin   map[event.Partition]int64 // where the snapshot that was restored ends; nil = none was
	longest time.Duration             // of the windows in force, with the lateness
	covered atomic.Int64              // told by a warm-up and not yet to the judge, Unix ms; 0 = nothing
	lacking atomic.Pointer[lack]      // of the last look; nil = not looked yet

	measured time.Time // and what was then; the judge's goroutine alone
	last     live.Stats
}

// Columns implements pipeline.Judge.
func (m *memory) Columns() []bool { return m.judge.Columns() }

// Judge implements pipeline.Judge.
func (m *memory) Judge(b *event.Batch, recs *event.Records) (*hit.Judgement, error) {
	m.tellCovered()
	if m.decoder != nil {
		b, _ = m.decoder.Decode(recs)
		defer b.Release()
	}
	said, err := m.since.heed(m.judge.Judge(b, recs))
	if err == nil {
		m.counters.count(b, recs)
		m.faults.reports += uint64(b.Rows)
	}
	return said, err
}

// Tick implements pipeline.Memory.
func (m *memory) Tick(clock int64) (*hit.Judgement, error) {
	m.tellCovered()
	if now := time.Now(); now.Sub(m.measured) >= measureEvery {
		m.measured = now
		m.measure()
	}
	return m.since.heed(m.judge.Tick(clock))
}

// Recent implements pipeline.Memory.
func (m *memory) Recent(p event.Partition, below int64) (*hit.Judgement, error) {
	return m.since.heed(m.judge.Recent(p, below))
}

// Keep implements pipeline.Memory.
func (m *memory) Keep(at map[event.Partition]int64) error { return m.judge.Keep(at) }

// Committed implements pipeline.Memory.
func (m *memory) Committed(at map[event.Partition]int64) { m.judge.Committed(at) }

// Warm implements pipeline.Warmer.
func (m *memory) Warm(b *event.Batch) error {
	if m.decoder != nil {
		b, _ = m.decoder.Decode(b.Records)
		defer b.Release()
	}
	m.judge.Warm(b)
	return nil
}

// tellCovered passes on what a warm-up has read.
func (m *memory) tellCovered() {
	if from := m.covered.Swap(0); from != 0 {
		m.judge.Covered(from)
	}
}

// measure records what the judge remembers and did.
func (m *memory) measure() {
	ctx, s, t := context.Background(), m.judge.Stats(), m.metrics
	t.WindowKeys.Record(ctx, s.Windows.Keys)
	t.WindowEntries.Record(ctx, s.Windows.Entries)
	t.WindowBytes.Record(ctx, s.Windows.Held)
	t.Candidates.Record(ctx, s.Candidates)
	t.EvidenceBytes.Record(ctx, s.Bytes)
	t.Settling.Record(ctx, s.Settling)
	t.DirtyKeys.Record(ctx, s.Queued)
	t.WindowCut.Add(ctx, s.Windows.CutEntries-m.last.Windows.CutEntries, telemetry.Attr(telemetry.Reason, "per_key"))
	t.WindowCut.Add(ctx, s.Windows.CutByBound-m.last.Windows.CutByBound, telemetry.Attr(telemetry.Reason, "bound"))
	t.Deferred.Add(ctx, int64(s.Deferred-m.last.Deferred))
	t.Rejudged.Add(ctx, int64(s.Rejudged-m.last.Rejudged))
	t.TooLate.Add(ctx, int64(s.TooLate-m.last.TooLate))
	t.Dropped.Add(ctx, int64(s.Dropped-m.last.Dropped))
	m.last = s
	m.faults.look(m.judge.Errors())
}

// lack is since when, Unix ms, windows need all reports and see them.
type lack struct{ needed, covered int64 }

// look notes what windows lack now. The judge's goroutine alone calls it, or whoever
// stands in for it.
func (m *memory) look() {
	needed, covered := m.judge.Lacks(time.Now().UnixMilli())
	m.lacking.Store(&lack{needed, covered})
}

// close ends the judge and gives its folder back.
func (m *memory) close() error { return errors.Join(m.judge.Close(), m.lock.Close()) }

// snapshots is the folder of snapshots below state.dir.
func (a *App) snapshots() string { return filepath.Join(a.config.State.Dir, "windows") }

// remember returns the memory for s, with the latest snapshot when restore says so.
// covered is since when all reports are or will be fed, Unix ms.
func (a *App) remember(s *ruleset.Set, restore bool, covered int64) (*memory, error) {
	lock, err := lockDir(a.snapshots())
	if err != nil {
		return nil, fmt.Errorf("state.dir: %w", err)
	}
	m := &memory{counters: &a.counters, metrics: a.telemetry.Metrics, lock: lock, longest: a.longest(s), faults: newFaults(a.telemetry.Metrics, a.log, s.Plan.Rules())}
	if m.judge, err = live.New(s.Plan, a.liveOptions(s, covered)); err != nil {
		return nil, errors.Join(fmt.Errorf("make windows: %w", err), lock.Close())
	}
	if !restore {
		return m, nil
	}
	began := time.Now()
	m.begin, err = m.judge.Restore()
	switch {
	case err != nil:
		a.log.Warn("the snapshot of windows cannot be used; they are filled from Kafka", telemetry.Error, err)
	case m.begin == nil:
		a.log.Info("there is no snapshot of windows")
	default:
		st := m.judge.Stats()
		a.log.Info("windows are restored", "entries", st.Windows.Entries, "keys", st.Windows.Keys, "candidates", st.Candidates, "took", time.Since(began).Round(time.Millisecond))
	}
	return m, nil
}

func (a *App) liveOptions(s *ruleset.Set, covered int64) live.Options {
	w := a.config.Rules.Windows
	return live.Options{
		Decoders: a.decoders(s), Schema: a.reports.schema, Digests: s.Digests,
		Windows:  window.Options{Entries: w.PerKey, Keys: w.Keys, Bytes: int64(w.Bytes)},
		Bytes:    int64(w.Evidence),
		Lateness: max(1, a.config.Rules.Lateness.Std().Milliseconds()),
		Covered:  covered, Dir: a.snapshots(), Pause: max(1, int(a.config.State.Every.Std()/keepEvery)), Piece: int64(a.config.State.Piece),
	}
}

// decoders returns decoders for judging by s.
func (a *App) decoders(s *ruleset.Set) live.Decoders {
	whole := a.reports.schema.Whole()
	return live.Decoders{
		Again: a.reports.decoderBy(&s.Rates, s.Plan.Columns()).Decode,
		Whole: a.reports.decoderBy(&s.Rates, whole).Decode,
		About: a.reports.decoderBy(&s.Rates, whole).Decode,
	}
}

// longest returns how far back the windows of s look, with the lateness.
func (a *App) longest(s *ruleset.Set) time.Duration {
	return longest(s.Plan.Definitions()) + a.config.Rules.Lateness.Std()
}

func longest(all []window.Definition) time.Duration {
	var ms int64
	for i := range all {
		ms = max(ms, all[i].Within)
	}
	return time.Duration(ms) * time.Millisecond
}

// lockDir makes dir and keeps other processes out of it until the file is closed.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of snapshots: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is used by another haltwire; give each its own: %w", dir, err), f.Close())
	}
	return f, nil
}
