package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/benchmarks/generator"
	"github.com/haltwire/haltwire/benchmarks/load/ruleset"
	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

const (
	kafkaVersion = kafkatest.Version
	// 2 partitions a topic: as many as the smallest machine has cores.
	partitions = 2
	// One report of 20,000 begins a fraud: most reports are no alert.
	fraud = 0.00005
	seed  = 1
)

// topics are where reports are. Empty ones measure what starting costs.
func topics(prefix string) []string {
	return []string{prefix + generator.Bank, prefix + generator.Telecom}
}

const (
	full  = "full."
	part  = "part." // the first of them
	empty = "empty."
	live  = "live."
)

// world is what the measurements need around them: a broker full of reports, a
// ClickHouse engine, keys, rules.
type world struct {
	options  options
	dir      string
	scope    *scope
	broker   *kafkatest.Server
	engine   *embedded.Server
	access   embedded.Address
	admin    sarama.ClusterAdmin
	bytes    int64
	rules    map[int]string // folder by number of rules
	partner  *partner
	runs     int
	capacity float64 // reports a second of the whole path with 1,000 rules; 0 = not measured
}

func newWorld(ctx context.Context, o options) (*world, error) {
	dir, err := os.MkdirTemp("", "haltwire-load-")
	if err != nil {
		return nil, err
	}
	w := &world{options: o, dir: dir, scope: &scope{dir: dir}, rules: map[int]string{}}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) open(ctx context.Context) error {
	note("starting Apache Kafka %s and ClickHouse", kafkaVersion)
	if err := w.scope.try(func() { w.broker = kafkatest.Start(w.scope) }); err != nil {
		return err
	}
	var err error
	if w.engine, err = embedded.New(embedded.Options{Dir: filepath.Join(w.dir, "clickhouse"), MemoryBytes: 4 << 30}); err != nil {
		return err
	}
	if w.access, err = w.engine.Start(ctx); err != nil {
		return err
	}
	if err := os.WriteFile(w.path("clickhouse.password"), []byte(w.access.Password.Reveal()), 0o600); err != nil {
		return err
	}
	for _, n := range []int{0, 100, 1000, 10_000} {
		w.rules[n] = w.path(fmt.Sprintf("rules-%d", n))
		if err := ruleset.Write(w.rules[n], ruleset.New(n)); err != nil {
			return err
		}
	}
	if err := w.makeKeys(); err != nil {
		return err
	}
	c, err := w.conn().Sarama()
	if err != nil {
		return err
	}
	if w.admin, err = sarama.NewClusterAdmin(w.broker.Addresses(), c); err != nil {
		return err
	}
	for _, prefix := range []string{full, part, empty} {
		for _, t := range topics(prefix) {
			if err := w.scope.try(func() { w.broker.CreateTopic(w.scope, t, partitions, nil) }); err != nil {
				return err
			}
		}
	}
	w.partner, err = newPartner(w)
	return err
}

func (w *world) makeKeys() error {
	for _, kid := range []string{"in-fiu-1", "gb-fiu-1"} {
		if _, err := app.NewSigningKey(w.path(kid+".jwk"), kid); err != nil {
			return err
		}
	}
	if err := app.NewLogKey(w.path("log.jwk")); err != nil {
		return err
	}
	if err := app.NewToken(w.path("desk.token")); err != nil {
		return err
	}
	return os.WriteFile(w.path("rates.csv"), []byte(rates), 0o600)
}

const rates = "valid_from,currency,rate\n2020-01-01,USD,1\n2020-01-01,GBP,1.30\n2020-01-01,INR,0.0116\n2020-01-01,EUR,1.10\n2020-01-01,AED,0.2723\n"

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) conn() conn.Config { return conn.Config{Brokers: w.broker.Addresses()} }

// store returns the configuration of one database of the engine.
func (w *world) store(database string) clickhouse.Config {
	c := clickhouse.Defaults()
	c.Addresses, c.Database, c.User, c.PasswordFile = []string{w.access.Native}, database, w.access.User, w.path("clickhouse.password")
	return c
}

func (w *world) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var errs []error
	if w.partner != nil {
		errs = append(errs, w.partner.stop(ctx))
	}
	if w.admin != nil {
		errs = append(errs, w.admin.Close())
	}
	if w.engine != nil {
		errs = append(errs, w.engine.Stop(ctx))
	}
	return errors.Join(append(errs, w.scope.end(), os.RemoveAll(w.dir))...)
}

// fill puts the reports into the full topics, lz4-compressed, the same ones in
// every run but for their times.
func (w *world) fill(ctx context.Context) error {
	note("producing %d reports", w.options.reports)
	p, err := newProducer(w.broker.Addresses(), 50*time.Millisecond)
	if err != nil {
		return err
	}
	g := generator.New(generator.Options{Seed: seed, Fraud: fraud})
	for i := range w.options.reports {
		if ctx.Err() != nil {
			break
		}
		r := g.Next(time.Now())
		w.bytes += int64(len(r.Value))
		p.send(full, i, r)
		if i < w.part() {
			p.send(part, i, r)
		}
	}
	return errors.Join(ctx.Err(), p.close())
}

// producer publishes reports, a report to each partition of its topic in turn.
type producer struct {
	to   sarama.AsyncProducer
	done sync.WaitGroup
	err  error
}

func newProducer(brokers []string, flush time.Duration) (*producer, error) {
	c, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		return nil, err
	}
	c.Producer.Compression = sarama.CompressionLZ4
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Return.Successes = false
	c.Producer.Partitioner = sarama.NewManualPartitioner
	c.Producer.Flush.Frequency, c.Producer.Flush.Messages = flush, 4000
	c.Producer.Flush.Bytes = 900 << 10
	p := &producer{}
	if p.to, err = sarama.NewAsyncProducer(brokers, c); err != nil {
		return nil, fmt.Errorf("connect producer: %w", err)
	}
	p.done.Go(func() {
		for e := range p.to.Errors() {
			p.err = e.Err
		}
	})
	return p, nil
}

func (p *producer) send(prefix string, i int, r generator.Report) {
	p.to.Input() <- &sarama.ProducerMessage{Topic: prefix + r.Topic, Partition: int32(i % partitions), //nolint:gosec // below partitions
		Key: sarama.StringEncoder(r.Key), Value: sarama.ByteEncoder(append([]byte(nil), r.Value...))}
}

func (p *producer) close() error {
	p.to.AsyncClose()
	p.done.Wait()
	if p.err != nil {
		return fmt.Errorf("publish reports: %w", p.err)
	}
	return nil
}

// scope gives kafkatest, which speaks to tests, a life of its own.
type scope struct {
	testing.TB // nil: only what is below is called
	dir        string
	n          int
	cleanups   []func()
	failures   []string
}

// Helper implements testing.TB.
func (*scope) Helper() {}

// TempDir implements testing.TB.
func (s *scope) TempDir() string {
	s.n++
	dir := filepath.Join(s.dir, fmt.Sprintf("kafka-%d", s.n))
	_ = os.MkdirAll(dir, 0o700) // its user says that it is not there
	return dir
}

// Cleanup implements testing.TB.
func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

// Failed implements testing.TB.
func (s *scope) Failed() bool { return len(s.failures) > 0 }

// Logf implements testing.TB.
func (s *scope) Logf(format string, args ...any) { note(format, args...) }

// Errorf implements testing.TB.
func (s *scope) Errorf(format string, args ...any) {
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}

type fatal struct{}

// Fatalf implements testing.TB; it must be called below try.
func (s *scope) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	panic(fatal{})
}

// Fatal implements testing.TB; it must be called below try.
func (s *scope) Fatal(args ...any) { s.Fatalf("%s", fmt.Sprint(args...)) }

// try runs f and returns what it has reported.
func (s *scope) try(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(fatal); !ours {
				panic(r)
			}
		}
		if len(s.failures) > 0 {
			err = errors.New(strings.Join(s.failures, "; "))
			s.failures = nil
		}
	}()
	f()
	return nil
}

func (s *scope) end() error {
	return s.try(func() {
		for i := len(s.cleanups) - 1; i >= 0; i-- {
			s.cleanups[i]()
		}
	})
}

// listen returns a free port of this machine.
func listen() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
