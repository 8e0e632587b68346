package app

import (
	"context"
	"errors"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/deadletter"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sources/codec/camara"
	"github.com/haltwire/haltwire/sources/kafka"
)

// rowVersion names how rows are made of reports; change it with the decoder.
const rowVersion = "1"

// startPipeline reads the rules and starts both loops.
func (a *App) startPipeline(ctx context.Context) error {
	source, err := a.openSource(ctx)
	if err != nil {
		return err
	}
	judge, err := a.firstJudge(ctx)
	a.parts.start(ctx, &part{name: "windows", stop: func(context.Context) error {
		if m := a.remembering.Load(); m != nil {
			return m.close()
		}
		return nil
	}})
	if err != nil {
		return err
	}
	o := a.source
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
		Partitions: source.Partitions, Committed: source.Committed, Begin: a.begin,
		Schema: a.reports.schema, Version: rowVersion, Retention: source.Retention,
		BlockRows: a.config.ClickHouse.Block.Rows, BlockEvery: a.config.ClickHouse.Block.Every.Std(),
		Log: a.log, Metrics: a.telemetry.Metrics, Tracer: a.telemetry.Tracer, Now: a.opt.Now,
	})
	if err != nil {
		return err
	}
	a.parts.start(ctx, &part{name: "record of rules", run: a.record})
	set, edition, _ := a.force.get()
	a.announce(ctx, set, edition.At, set.Changed(nil))
	a.parts.start(ctx, &part{name: "pipeline", run: a.pipe.Run, stop: func(ctx context.Context) error {
		return errors.Join(a.pipe.Stop(ctx), cursor.Stop(ctx), letters.Stop(ctx))
	}})
	a.parts.start(ctx, &part{name: "warm-up", run: a.warm})
	a.warmUp.want(set)
	a.parts.start(ctx, &part{name: "reload", run: a.reloads})
	return nil
}

// openSource finds the files of rules and opens the topics of reports.
func (a *App) openSource(ctx context.Context) (*kafka.Source, error) {
	var err error
	if a.sources, err = ruleset.From(a.config); err != nil {
		return nil, err
	}
	a.looked = a.sources.Look()
	a.source = kafka.Options{Conn: a.config.Kafka.Config, Group: a.config.Kafka.Group, Session: a.config.Kafka.Session.Std(), FetchBytes: int(a.config.Kafka.Fetch.Bytes), Log: a.log, Metrics: a.telemetry.Metrics}
	for _, t := range a.config.Kafka.Topics {
		a.source.Topics = append(a.source.Topics, kafka.Topic{Name: t.Name, Codec: t.Codec, CloudEvents: t.Codec == camara.Name})
	}
	source, err := kafka.NewSource(a.source)
	if err != nil {
		return nil, err
	}
	a.committed = source.Committed
	if a.logs, err = openLogs(a.config.Kafka); err != nil {
		return nil, err
	}
	a.logs.now = a.opt.Now
	a.parts.start(ctx, &part{name: "looks into topics of reports", stop: func(context.Context) error { return a.logs.close() }})
	return source, nil
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
