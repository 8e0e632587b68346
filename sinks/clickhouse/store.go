package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/clickhouse/block"
	"github.com/haltwire/haltwire/sinks/clickhouse/schema"
)

// Options are what code passes to a store beside its configuration.
type Options struct {
	Schema  *event.Schema
	Log     *slog.Logger       // nil = slog.Default
	Metrics *telemetry.Metrics // nil = discarded
}

// Store writes to and asks one ClickHouse database. It is safe for concurrent
// use. It implements pipeline.Archive.
type Store struct {
	config  Config
	schema  *event.Schema
	log     *slog.Logger
	metrics *telemetry.Metrics
	pool    *pool       // hot inserts
	db      driver.Conn // everything else
	blocks  sync.Pool   // *block.Block
	stop    sync.Once   //
}

// New validates the configuration and reads the files that it names. It opens no
// connection.
func New(c Config, o Options) (*Store, error) {
	a, err := c.access()
	if err != nil {
		return nil, err
	}
	db, err := clickhouse.Open(a.client())
	if err != nil {
		return nil, fmt.Errorf("configure clickhouse: %w", err)
	}
	s := &Store{config: c, schema: o.Schema, log: o.Log, metrics: o.Metrics, pool: newPool(a), db: db}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.metrics == nil {
		s.metrics = telemetry.Discard()
	}
	s.blocks.New = func() any { return block.New(o.Schema) }
	return s, nil
}

// client returns the settings of the row-wise client.
func (a access) client() *clickhouse.Options {
	o := &clickhouse.Options{
		Addr:         a.addresses,
		Auth:         clickhouse.Auth{Database: a.database, Username: a.user, Password: a.password.Reveal()},
		TLS:          a.tls,
		DialTimeout:  dialTimeout,
		ReadTimeout:  readTimeout,
		MaxOpenConns: poolSize,
		MaxIdleConns: poolSize,
		ClientInfo:   clickhouse.ClientInfo{Products: []struct{ Name, Version string }{{Name: "haltwire"}}},
	}
	if a.compress {
		o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	return o
}

// Migrate makes or upgrades tables, views and roles: see schema.Apply. It is
// safe to be called by several instances at once.
func Migrate(ctx context.Context, c Config, o Options) error {
	a, err := c.access()
	if err != nil {
		return err
	}
	if err := a.createDatabase(ctx); err != nil {
		return classify(ctx, "create database "+c.Database, err)
	}
	db, err := clickhouse.Open(a.client())
	if err != nil {
		return fmt.Errorf("configure clickhouse: %w", err)
	}
	defer func() { _ = db.Close() }()
	log := o.Log
	if log == nil {
		log = slog.Default()
	}
	err = schema.Apply(ctx, db, schema.Options{
		Database:       c.Database,
		Columns:        o.Schema.Columns,
		KeepReports:    c.TTL.Reports.Std(),
		KeepDeadLetter: c.TTL.DeadLetters.Std(),
		Log:            log,
	})
	return classify(ctx, "migrate clickhouse", err)
}

// createDatabase makes the database when the server does not know it. It asks
// over the database "default", because a connection to a database that does not
// exist is an error of the handshake, which aborts the embedded engine (26.7).
func (a access) createDatabase(ctx context.Context) error {
	options := a.client()
	options.Auth.Database = "default"
	db, err := clickhouse.Open(options)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var exists uint64
	if err := db.QueryRow(ctx, "SELECT count() FROM system.databases WHERE name = ?", a.database).Scan(&exists); err != nil || exists > 0 {
		return err
	}
	return db.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+block.Quote(a.database))
}

// Migrate makes or upgrades the tables of s.
func (s *Store) Migrate(ctx context.Context) error {
	return Migrate(ctx, s.config, Options{Schema: s.schema, Log: s.log})
}

// Dial returns a connection to the database for queries of the caller, who closes
// it. It does not connect before it is used.
func Dial(c Config) (driver.Conn, error) {
	a, err := c.access()
	if err != nil {
		return nil, err
	}
	return clickhouse.Open(a.client())
}

// Ping reports whether the server answers.
func (s *Store) Ping(ctx context.Context) error {
	return classify(ctx, "ping clickhouse", s.db.Ping(ctx))
}

// Stop closes all connections. Inserts that still run fail; calling it twice is
// harmless.
func (s *Store) Stop(context.Context) error {
	var err error
	s.stop.Do(func() {
		s.pool.close()
		err = s.db.Close()
	})
	return err
}

// Counts returns how many reports, standing hits and alerts analysts see.
func (s *Store) Counts(ctx context.Context) (reports, hits, alerts uint64, err error) {
	views := []struct {
		name string
		n    *uint64
	}{{"v_reports", &reports}, {"v_hits", &hits}, {"v_alerts", &alerts}}
	var errs []error
	for _, v := range views {
		err := s.db.QueryRow(ctx, "SELECT count() FROM "+v.name).Scan(v.n)
		errs = append(errs, classify(ctx, "count "+v.name, err))
	}
	return reports, hits, alerts, errors.Join(errs...)
}
