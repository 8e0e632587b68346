package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/deadletter"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sources/kafka"
)

// rowVersion names how rows are made of reports; change it with the decoder.
const rowVersion = "1"

// startPipeline reads the rules and starts both loops.
func (a *App) startPipeline(ctx context.Context) error {
	set, err := a.reports.loadRules(a.config.Rules.Dir, time.Now())
	if err != nil {
		return err
	}
	judge, err := a.firstJudge(ctx, set)
	if err != nil {
		return err
	}
	o := kafka.Options{Conn: a.config.Kafka.Config, Group: a.config.Kafka.Group, Session: a.config.Kafka.Session.Std(), FetchBytes: int(a.config.Kafka.Fetch.Bytes), Log: a.log, Metrics: a.telemetry.Metrics}
	for _, t := range a.config.Kafka.Topics {
		o.Topics = append(o.Topics, kafka.Topic{Name: t.Name, Codec: t.Codec})
	}
	source, err := kafka.NewSource(o)
	if err != nil {
		return err
	}
	budget := int(a.config.Kafka.Fetch.Buffered)
	if a.detect, err = kafka.NewReader(o, kafka.ReaderOptions{Loop: "detect", Aligned: true, Budget: budget}); err != nil {
		return err
	}
	archive, err := kafka.NewReader(o, kafka.ReaderOptions{Loop: "archive", Budget: budget})
	if err != nil {
		return err
	}
	cursor, err := kafka.NewCursor(o)
	if err != nil {
		return err
	}
	letters, err := DeadLetters(a.config)
	if err != nil {
		return err
	}
	a.pipe, err = pipeline.New(pipeline.Options{
		Source: source, Detect: a.detect, Archive: archive, Cursor: cursor,
		Judge: judge, HitLog: countingLog{tracingLog{a.desk, a.telemetry.Tracer}, &a.counters}, Store: a.gate, DeadLetters: &letterbox{topic: letters, gate: a.gate},
		NewDecoder: func(columns []bool) (pipeline.Decoder, error) { return a.reports.decoder(columns), nil },
		Schema:     a.reports.schema, Version: rowVersion, Retention: source.Retention,
		BlockRows: a.config.ClickHouse.Block.Rows, BlockEvery: a.config.ClickHouse.Block.Every.Std(),
		Log: a.log, Metrics: a.telemetry.Metrics, Tracer: a.telemetry.Tracer,
	})
	if err != nil {
		return err
	}
	a.inForce(ctx, set)
	a.parts.start(ctx, &part{name: "pipeline", run: a.pipe.Run, stop: func(ctx context.Context) error {
		return errors.Join(a.pipe.Stop(ctx), cursor.Stop(ctx), letters.Stop(ctx))
	}})
	a.parts.start(ctx, &part{name: "reload", run: a.reloads})
	return nil
}

// DeadLetters returns the topic of dead letters that c names; the caller stops it.
func DeadLetters(c *config.Config) (*deadletter.Topic, error) {
	return deadletter.New(deadletter.Options{Conn: c.Kafka.Config, Topic: topic.NamesOf(c.Kafka.Own.Prefix).Dead})
}

// letterbox keeps dead letters on their topic and in their table.
type letterbox struct {
	topic *deadletter.Topic
	gate  *gate
}

// Append implements pipeline.DeadLetters.
func (l *letterbox) Append(ctx context.Context, letters []event.Dead) error {
	if err := l.topic.Append(ctx, letters); err != nil {
		return err
	}
	if err := l.gate.wait(ctx); err != nil {
		return err
	}
	return l.gate.store.WriteDeadLetters(ctx, letters)
}

// Reload reads the rules again and swaps them between two batches. A set with an
// error is refused as a whole and the old one goes on.
func (a *App) Reload(ctx context.Context) error {
	a.rules.Lock()
	defer a.rules.Unlock()
	err := a.reload(ctx)
	result := "ok"
	a.rules.failure = ""
	if err != nil {
		result, a.rules.failure = "refused", err.Error()
		a.log.Error("reload refused; the rules in force stay", telemetry.Error, err)
	}
	a.telemetry.Metrics.Reloads.Add(ctx, 1, telemetry.Attr(telemetry.Result, result))
	return err
}

func (a *App) reload(ctx context.Context) error {
	set, err := a.reports.loadRules(a.config.Rules.Dir, time.Now())
	if err != nil {
		return err
	}
	err = a.pipe.Swap(func(from map[event.Partition]int64) (pipeline.Judge, error) {
		ends, err := a.ends() // for partitions of other instances
		if err != nil {
			return nil, err
		}
		maps.Copy(ends, from)
		return a.judge(set), a.activate(ctx, set, ends)
	})
	if err != nil {
		return fmt.Errorf("swap rules: %w", err)
	}
	a.setInForce(ctx, set)
	return nil
}

// judge returns a judge by set whose work is counted.
func (a *App) judge(set *ruleSet) pipeline.Judge {
	return countingJudge{a.reports.judge(set), &a.counters}
}

func (a *App) inForce(ctx context.Context, set *ruleSet) {
	a.rules.Lock()
	defer a.rules.Unlock()
	a.setInForce(ctx, set)
}

// setInForce notes what judges from now on; a.rules is locked.
func (a *App) setInForce(ctx context.Context, set *ruleSet) {
	a.rules.digest, a.rules.at = set.set.Digest, time.Now()
	for _, s := range []lang.Status{lang.Live, lang.Shadow, lang.Draft, lang.Retired} {
		a.telemetry.Metrics.RuleSetRules.Record(ctx, set.count(s), telemetry.Attr(telemetry.Status, string(s)))
	}
	a.log.Info("rules in force", telemetry.Digest, set.set.Digest, "rules", len(set.set.Rules))
	a.parts.start(ctx, &part{name: "record of rules", run: func(ctx context.Context) error { a.recordRules(ctx, set); return nil }})
}

// recordRules writes the set to ClickHouse, trying until it is there.
func (a *App) recordRules(ctx context.Context, set *ruleSet) {
	row := clickhouse.RuleSet{Digest: set.set.Digest, Kind: "rules", ActivatedAt: time.Now().UnixMilli(), Rules: uint32(len(set.set.Rules)), Source: a.config.Rules.Dir}
	var wait fault.Backoff
	for a.gate.wait(ctx) == nil && a.store.WriteRuleSet(ctx, row) != nil {
		if fault.Sleep(ctx, wait.Next(0)) != nil {
			return
		}
	}
}

// reloads serves the caller's requests to reload.
func (a *App) reloads(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.opt.Reload:
			_ = a.Reload(ctx) // logged and shown in /readyz
		}
	}
}
