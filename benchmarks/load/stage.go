package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/haltwire/haltwire/benchmarks/load/meter"
	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
	"github.com/haltwire/haltwire/sources/kafka"
)

// stageCommand is the first argument of a process that measures one stage.
const stageCommand = "stage"

// stage says what such a process measures.
type stage struct {
	Name    string // fetch | project | whole | judge | insert | run
	Brokers []string
	Reports int
	Rules   string // folder; gives the projection
	Rates   string
	Store   clickhouse.Config
	Config  string // of haltwire
	Profile string // file
}

// stageResult is what it measured.
type stageResult struct {
	Reports int           `json:"reports"`
	Wall    time.Duration `json:"wall"`
	Usage   meter.Usage   `json:"usage"`
}

func (r stageResult) share() share { return shareOf(r.Usage, r.Wall, r.Reports) }

func runStage(ctx context.Context, order string, out io.Writer) error {
	var s stage
	if err := json.Unmarshal([]byte(order), &s); err != nil {
		return err
	}
	got := stageResult{Reports: s.Reports}
	work := map[string]func(context.Context, *stageResult) error{"fetch": s.fetch, "project": s.project, "whole": s.whole, "judge": s.judge, "insert": s.insert, "run": s.run}
	if err := work[s.Name](ctx, &got); err != nil {
		return err
	}
	self, err := meter.Self()
	if err != nil {
		return err
	}
	got.Usage.Peak = self.Peak
	return json.NewEncoder(out).Encode(got)
}

// timed adds what f uses to r.
func (r *stageResult) timed(f func() error) error {
	before, err := meter.Spent()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := f(); err != nil {
		return err
	}
	r.Wall += time.Since(began)
	after, err := meter.Spent()
	r.Usage = r.Usage.Add(after.Sub(before))
	return err
}

// fetch reads every report once as the detect loop and once as the archive loop
// does.
func (s *stage) fetch(ctx context.Context, r *stageResult) error {
	for _, loop := range []string{"detect", "archive"} {
		err := r.timed(func() error {
			return s.read(ctx, loop, 0, func(recs *event.Records) { recs.Release() })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// read reads every report with a reader of a loop.
func (s *stage) read(ctx context.Context, loop string, budget int, use func(*event.Records)) error {
	o := kafka.Options{Conn: conn.Config{Brokers: s.Brokers}, Group: "load"}
	for _, t := range topics(full) {
		o.Topics = append(o.Topics, kafka.Topic{Name: t, Codec: "json"})
	}
	reader, err := kafka.NewReader(o, kafka.ReaderOptions{Loop: loop, Aligned: loop == "detect", Budget: budget})
	if err != nil {
		return err
	}
	for _, t := range topics(full) {
		for p := range int32(partitions) {
			reader.Add(event.Partition{Topic: t, ID: p}, -1)
		}
	}
	run, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- reader.Run(run) }()
	for n := 0; n < s.Reports && err == nil; {
		var recs *event.Records
		if recs, err = reader.Next(ctx); err == nil {
			n += recs.Len()
			use(recs)
		}
	}
	cancel()
	if end := <-ended; err == nil && !errors.Is(end, context.Canceled) {
		err = end
	}
	return err
}

// blocks returns all reports in runs of at least so many rows of one partition.
func (s *stage) blocks(ctx context.Context, rows int) ([]*event.Records, error) {
	open := map[event.Partition]*event.Records{}
	var all []*event.Records
	err := s.read(ctx, "archive", 1<<40, func(r *event.Records) {
		p := event.Partition{Topic: r.Topic, ID: r.Partition}
		b := open[p]
		if b == nil {
			b = &event.Records{Topic: r.Topic, Partition: r.Partition, Codec: r.Codec}
			open[p] = b
			all = append(all, b)
		}
		b.Offsets, b.Times, b.Values = append(b.Offsets, r.Offsets...), append(b.Times, r.Times...), append(b.Values, r.Values...)
		b.Next, b.High, b.Bytes = r.Next, r.High, b.Bytes+r.Bytes
		if b.Len() >= rows {
			delete(open, p)
		}
	})
	return all, err
}

func (s *stage) decoder(schema *event.Schema, project []bool) (*jsoncodec.Decoder, error) {
	kinds, err := code.NewKinds()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(s.Rates)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := codec.LoadRates("USD", f)
	if err != nil {
		return nil, err
	}
	return jsoncodec.New(codec.Options{Schema: schema, Project: project, Kinds: kinds, Rates: table, ReporterCountry: "IN"}), nil
}

// Rows of a run of the detect loop, and of a block of the archive loop.
const (
	runRows   = 1
	blockRows = 50_000
)

func (s *stage) plan() (*plan.Plan, error) {
	set, findings, err := lang.Load(s.Rules, lang.Options{Schema: event.Default()})
	if err != nil {
		return nil, err
	}
	if findings.Errors() > 0 {
		return nil, fmt.Errorf("rules: %v", findings)
	}
	return plan.New(set, nil)
}

// judge judges every report by 1,000 rules; decoding is not counted.
func (s *stage) judge(ctx context.Context, r *stageResult) error {
	p, err := s.plan()
	if err != nil {
		return err
	}
	d, err := s.decoder(event.Default(), p.Columns())
	if err != nil {
		return err
	}
	full, err := s.decoder(event.Default(), event.Default().Whole())
	if err != nil {
		return err
	}
	j := plan.NewJudge(p, full.Decode, hit.Digests{})
	blocks, err := s.blocks(ctx, runRows)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		batch, _ := d.Decode(b)
		err := r.timed(func() error {
			_, err := j.Judge(batch, b)
			return err
		})
		batch.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// project decodes the columns that 1,000 rules use, run by run.
func (s *stage) project(ctx context.Context, r *stageResult) error {
	p, err := s.plan()
	if err != nil {
		return err
	}
	return s.decode(ctx, r, p.Columns(), runRows)
}

// whole decodes all columns, block by block.
func (s *stage) whole(ctx context.Context, r *stageResult) error {
	return s.decode(ctx, r, event.Default().Whole(), blockRows)
}

func (s *stage) decode(ctx context.Context, r *stageResult, columns []bool, rows int) error {
	d, err := s.decoder(event.Default(), columns)
	if err != nil {
		return err
	}
	blocks, err := s.blocks(ctx, rows)
	if err != nil {
		return err
	}
	return r.timed(func() error {
		for _, b := range blocks {
			batch, dead := d.Decode(b)
			if len(dead) > 0 {
				return fmt.Errorf("%d reports cannot be decoded: %s", len(dead), dead[0].Message)
			}
			batch.Release()
		}
		return nil
	})
}

// insert stores all blocks; decoding them is not counted.
func (s *stage) insert(ctx context.Context, r *stageResult) error {
	schema := event.Default()
	d, err := s.decoder(schema, schema.Whole())
	if err != nil {
		return err
	}
	store, err := clickhouse.New(s.Store, clickhouse.Options{Schema: schema})
	if err != nil {
		return err
	}
	defer func() { _ = store.Stop(ctx) }() // nothing is under way
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	blocks, err := s.blocks(ctx, blockRows)
	if err != nil {
		return err
	}
	for i, b := range blocks {
		batch, _ := d.Decode(b)
		err := r.timed(func() error {
			_, err := store.Insert(ctx, batch, fmt.Sprintf("floor/%d", i))
			return err
		})
		batch.Release()
		if err != nil {
			return err
		}
	}
	return nil
}
