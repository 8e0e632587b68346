package app

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sources/kafka"
)

// warmTell is 5 s, between two lines about a warm-up, and between two looks at
// partitions of which nothing comes.
const warmTell = 5 * time.Second

// Warming is how far the past of windows has been read.
type Warming struct {
	Source  string    `json:"source"` // kafka | clickhouse
	From    time.Time `json:"from"`   // what came since is read
	Reports int64     `json:"reports"`
	Share   float64   `json:"share"` // of the time to read
}

// warmUp reads the past of windows that lack some, in the background.
type warmUp struct {
	ask chan *ruleset.Set // one at a time is read for, the latest waits

	mu  sync.Mutex
	now *Warming // nil = nothing is read
}

func (w *warmUp) tell(now *Warming) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
}

func (w *warmUp) get() *Warming {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now == nil {
		return nil
	}
	now := *w.now
	return &now
}

// want asks for the windows of s to be warmed. The set that waited before needs it
// no more.
func (w *warmUp) want(s *ruleset.Set) {
	for {
		select {
		case w.ask <- s:
			return
		default:
		}
		select {
		case <-w.ask:
		default:
		}
	}
}

// warm serves those who want windows to be warmed, until ctx ends.
func (a *App) warm(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case s := <-a.warmUp.ask:
			if err := a.warmFor(ctx, s); err != nil && ctx.Err() == nil {
				a.log.Warn("warm windows: rules that fire on absence stay cold until time has filled them", telemetry.Error, err)
			}
			a.warmUp.tell(nil)
		}
	}
}

// warmFor reads what the windows of s lack: from Kafka what it holds, the rest from
// ClickHouse if the configuration says so.
func (a *App) warmFor(ctx context.Context, s *ruleset.Set) error {
	m, how := a.remembering.Load(), a.config.Rules.Windows.Warm
	if m == nil || how == config.WarmNone {
		return nil
	}
	l := m.lacking.Load()
	if l == nil || l.needed >= l.covered {
		return nil
	}
	needed, covered := l.needed, l.covered
	from := time.UnixMilli(needed)
	held, err := a.logs.coverage(ctx, from)
	if err != nil {
		return err
	}
	if held < covered {
		if err := a.warmFromKafka(ctx, from); err != nil {
			return err
		}
		m.covered.Store(held)
		a.log.Info("windows are warmed from Kafka", "since", time.UnixMilli(held).UTC())
		covered = held
	}
	if how != config.WarmClickHouse || needed >= covered {
		return nil
	}
	first, err := a.warmFromStore(ctx, s, from, time.UnixMilli(covered))
	if err == nil && first.UnixMilli() < covered {
		m.covered.Store(max(needed, first.UnixMilli()))
		a.log.Info("windows are warmed from ClickHouse", "since", first.UTC())
	}
	return err
}

// warmFromKafka shows the judge every report that came since from.
func (a *App) warmFromKafka(ctx context.Context, from time.Time) error {
	reader, err := kafka.NewReader(a.source, kafka.ReaderOptions{Loop: "warm", Aligned: true, Budget: int(a.config.Kafka.Fetch.Buffered)})
	if err != nil {
		return err
	}
	left, err := a.logs.ends()
	if err != nil {
		return err
	}
	for p, end := range left {
		at, err := a.logs.since(p, from)
		if err != nil {
			return err
		}
		if at >= end {
			delete(left, p)
			continue
		}
		reader.Add(p, at)
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if err := reader.Run(ctx); err != nil {
			cancel()
		}
	})
	defer running.Wait()
	defer cancel()
	return a.warmBy(ctx, reader, left, from)
}

// warmBy shows the judge what reader reads until all partitions of left have come to
// their ends.
func (a *App) warmBy(ctx context.Context, reader *kafka.Reader, left map[event.Partition]int64, from time.Time) error {
	began, told := time.Now(), time.Now()
	now := Warming{Source: config.WarmKafka, From: from}
	for len(left) > 0 {
		patience, cancel := context.WithTimeout(ctx, warmTell)
		recs, err := reader.Next(patience)
		cancel()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			for p, err := range reader.Stopped() {
				return fmt.Errorf("read %s: %w", p, err)
			}
			for p := range left {
				if _, ended := reader.Ended(p); ended {
					delete(left, p)
				}
			}
			continue
		}
		if n := recs.Len(); n > 0 {
			at := time.UnixMilli(recs.Times[n-1])
			now.Reports += int64(n)
			now.Share = min(1, max(now.Share, at.Sub(from).Seconds()/max(1, began.Sub(from).Seconds())))
			err = a.pipe.Warm(ctx, recs)
		}
		p := event.Partition{Topic: recs.Topic, ID: recs.Partition}
		if end, ok := left[p]; ok && recs.Next >= end {
			delete(left, p)
			reader.Remove(p)
		}
		recs.Release()
		if err != nil {
			return err
		}
		told = a.tellWarming(ctx, now, told)
	}
	return nil
}

// tellWarming notes how far a warm-up is, and logs it every few seconds.
func (a *App) tellWarming(ctx context.Context, now Warming, told time.Time) time.Time {
	a.warmUp.tell(&now)
	a.telemetry.Metrics.WarmedShare.Record(ctx, now.Share, telemetry.Attr(telemetry.Loop, now.Source))
	if time.Since(told) < warmTell {
		return told
	}
	a.log.Info("warm windows", "from", now.Source, "reports", now.Reports, "share", math.Round(now.Share*1000)/1000)
	return time.Now()
}
