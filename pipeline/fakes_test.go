package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sources/kafka"
)

// decoder accepts every record but those that begin with "bad".
type decoder struct{ schema *event.Schema }

func (d decoder) Decode(r *event.Records) (*event.Batch, []event.Dead) {
	b := event.NewBatch(d.schema, nil)
	b.Reset(r)
	var dead []event.Dead
	for i, v := range r.Values {
		if bytes.HasPrefix(v, []byte("bad")) {
			dead = append(dead, event.Dead{
				Position: event.Position{Topic: r.Topic, Partition: r.Partition, Offset: r.Offsets[i]},
				Reason:   event.Syntax, Raw: v,
			})
			continue
		}
		b.Accept(i)
	}
	b.Finish()
	return b, dead
}

// judge hits every row once.
type judge struct {
	rule    string
	columns []bool
}

func (j judge) Columns() []bool { return j.columns }

func (j judge) Judge(b *event.Batch, r *event.Records) (*hit.Judgement, error) {
	hits := make([]*hit.Hit, b.Rows)
	for i := range b.Rows {
		hits[i] = &hit.Hit{Rule: j.rule, ReportID: string(b.Raw(i)), Position: b.Position(i)}
	}
	return &hit.Judgement{Hits: hits}, nil
}

// hitLog keeps hits in memory. gate, when set, is asked before each append.
type hitLog struct {
	gate func(ctx context.Context, hits []*hit.Hit) error

	mu   sync.Mutex
	seen map[string]int
	last map[event.Partition]int64
	back int // hits that came after a later one of their partition
	hits []*hit.Hit

	revised []hit.Revision
	order   []string // hits and revisions by report, as they came
}

func (l *hitLog) Overturn(_ context.Context, overturned []hit.Overturned) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range overturned {
		l.order = append(l.order, "overturned "+o.Rule+" "+o.ReportID)
	}
	return nil
}

func (l *hitLog) Revise(_ context.Context, revisions []hit.Revision) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revised = append(l.revised, revisions...)
	for _, r := range revisions {
		l.order = append(l.order, fmt.Sprintf("revised %s/%d", r.ReportID, r.Version.Revision))
	}
	return nil
}

func (l *hitLog) Append(ctx context.Context, hits []*hit.Hit) error {
	if l.gate != nil {
		if err := l.gate(ctx, hits); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen, l.last = map[string]int{}, map[event.Partition]int64{}
	}
	for _, h := range hits {
		l.seen[h.ReportID]++
		p := event.Partition{Topic: h.Position.Topic, ID: h.Position.Partition}
		if last, ok := l.last[p]; ok && h.Position.Offset <= last {
			l.back++
		}
		l.last[p] = h.Position.Offset
		l.order = append(l.order, fmt.Sprintf("hit %s/%d", h.ReportID, h.Revision))
	}
	l.hits = append(l.hits, hits...)
	return nil
}

func (l *hitLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

// store keeps blocks by token, like a table with a dedup window. gate, when set,
// is asked before each insert.
type store struct {
	gate func(token string) error

	mu     sync.Mutex
	blocks map[string][]string
	order  []string
	rows   map[string]int
	refuse string // a row that is refused for good
}

func (s *store) Insert(_ context.Context, b *event.Batch, token string) ([]event.Dead, error) {
	if s.gate != nil {
		if err := s.gate(token); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocks == nil {
		s.blocks, s.rows = map[string][]string{}, map[string]int{}
	}
	var rows []string
	var dead []event.Dead
	for r := range b.Rows {
		v := string(b.Raw(r))
		if v == s.refuse && v != "" {
			dead = append(dead, event.Dead{Position: b.Position(r), Reason: event.RowRefused, Raw: []byte(v)})
			continue
		}
		rows = append(rows, v)
	}
	s.order = append(s.order, token)
	if have, ok := s.blocks[token]; ok {
		if !slices.Equal(have, rows) {
			return nil, fmt.Errorf("token %s with other rows", token)
		}
		return dead, nil
	}
	s.blocks[token] = rows
	for _, v := range rows {
		s.rows[v]++
	}
	return dead, nil
}

func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows)
}

// letters keeps dead letters by position.
type letters struct {
	gate func() error

	mu   sync.Mutex
	seen map[event.Position]event.Dead
}

func (l *letters) Append(_ context.Context, dead []event.Dead) error {
	if l.gate != nil {
		if err := l.gate(); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[event.Position]event.Dead{}
	}
	for _, d := range dead {
		l.seen[d.Position] = d
	}
	return nil
}

func (l *letters) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

// rig is one instance of a pipeline with fakes at its ends.
type rig struct {
	log     *hitLog
	store   *store
	letters *letters
	options pipeline.Options
	detect  *kafka.Reader
	archive *kafka.Reader
	cursor  *kafka.Cursor
	p       *pipeline.Pipeline
	done    chan struct{}
}

// newRig makes an instance that reads topic; ends of several instances may be
// shared.
func newRig(t testing.TB, brokers []string, topic string, log *hitLog, s *store, l *letters, refine func(*pipeline.Options)) *rig {
	t.Helper()
	options := kafka.Options{
		Conn: conn.Config{Brokers: brokers}, Group: "g-" + topic, Session: 6 * time.Second,
		Topics: []kafka.Topic{{Name: topic, Codec: "text"}}, Log: logger(t),
	}
	source := must[*kafka.Source](t)(kafka.NewSource(options))
	r := &rig{log: log, store: s, letters: l, done: make(chan struct{})}
	r.detect = must[*kafka.Reader](t)(kafka.NewReader(options, kafka.ReaderOptions{Loop: "detect", Aligned: true}))
	r.archive = must[*kafka.Reader](t)(kafka.NewReader(options, kafka.ReaderOptions{Loop: "archive"}))
	r.cursor = must[*kafka.Cursor](t)(kafka.NewCursor(options))
	schema := event.Default()
	r.options = pipeline.Options{
		Source: source, Detect: r.detect, Archive: r.archive, Cursor: r.cursor,
		Judge: judge{"one", schema.Projection()}, HitLog: log, Store: s, DeadLetters: l,
		NewDecoder: func([]bool) (pipeline.Decoder, error) { return decoder{schema}, nil },
		Schema:     schema, Version: "1", Log: logger(t),
	}
	if refine != nil {
		refine(&r.options)
	}
	r.p = must[*pipeline.Pipeline](t)(pipeline.New(r.options))
	return r
}

func (r *rig) start(t testing.TB) {
	go func() {
		defer close(r.done)
		if err := r.p.Run(context.Background()); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	t.Cleanup(func() { r.stop(t) })
}

func (r *rig) stop(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.p.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
	<-r.done
	if err := r.cursor.Stop(ctx); err != nil {
		t.Errorf("stop cursor: %v", err)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func logger(t testing.TB) *slog.Logger {
	level := slog.LevelWarn
	if testing.Verbose() {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
}

// eventually polls until ok, and fails the test after limit.
func eventually(t testing.TB, limit time.Duration, what func() string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", limit, what())
		}
	}
}

// createTopic makes topic with so many partitions.
func createTopic(t testing.TB, brokers []string, topic string, partitions int32) {
	t.Helper()
	config := must[*sarama.Config](t)(conn.Config{Brokers: brokers}.Sarama())
	admin := must[sarama.ClusterAdmin](t)(sarama.NewClusterAdmin(brokers, config))
	defer admin.Close()
	if err := admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false); err != nil {
		t.Fatal(err)
	}
}

// produce writes n records "prefix-i" over the partitions of topic.
func produce(t testing.TB, brokers []string, topic, prefix string, n int, partitions int32) {
	t.Helper()
	config := must[*sarama.Config](t)(conn.Config{Brokers: brokers}.Sarama())
	conn.Idempotent(config)
	config.Producer.Partitioner = sarama.NewManualPartitioner
	producer := must[sarama.SyncProducer](t)(sarama.NewSyncProducer(brokers, config))
	defer producer.Close()
	var batch []*sarama.ProducerMessage
	for i := range n {
		batch = append(batch, &sarama.ProducerMessage{Topic: topic, Partition: int32(i) % partitions, Value: sarama.StringEncoder(fmt.Sprintf("%s-%d", prefix, i))})
		if len(batch) == 1000 || i == n-1 {
			if err := producer.SendMessages(batch); err != nil {
				t.Fatal(err)
			}
			batch = nil
		}
	}
}

var errAway = errors.New("away")

func keys[K comparable, V any](m map[K]V) []K { return slices.Collect(maps.Keys(m)) }
