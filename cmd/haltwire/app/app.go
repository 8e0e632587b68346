package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/audit"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/embedded"
	"github.com/haltwire/haltwire/sources/kafka"
)

// Options are what the caller of New gives beside the configuration.
type Options struct {
	// Log gets what haltwire says; nil discards.
	Log io.Writer
	// Reload asks for the rules to be read again, one value a time; may be nil.
	Reload <-chan struct{}
	// Look is how often the files of rules are looked at; 0 = once a second.
	Look time.Duration
	// DeskListener and PartnerListener serve instead of the configured addresses
	// when they are not nil; the app closes them.
	DeskListener, PartnerListener net.Listener
	// Now is the clock of everything that people and partners see, and of the embedded
	// broker; nil = time.Now.
	Now func() time.Time
}

// waitingRecords is how many sets wait for ClickHouse before a reload waits too.
const waitingRecords = 1000

// App is one haltwire: make it with New, then Run it once.
type App struct {
	config *config.Config
	opt    Options
	log    *slog.Logger

	parts     *parts
	telemetry *telemetry.Telemetry
	services  *services
	reports   *reports
	store     *clickhouse.Store
	gate      *gate
	border    *border

	collections *collections   // for parties that fetch; nil = there are none
	people      *people.People // nil = the development form
	desk        *desk.Desk
	pipe        *pipeline.Pipeline
	detect      *kafka.Reader
	counters    counters
	ready       chan struct{} // closed when everything runs

	sources ruleset.Sources
	looked  string // of the files of sources, before they were first read
	force   inForce

	logs        *logs                                                 // of reports
	source      kafka.Options                                         // how they are read
	committed   func(context.Context, event.Partition) (int64, error) // of the detect loop
	remembering atomic.Pointer[memory]                                // nil = the rules in force have no windows
	reading     *memory                                               // by which reading begins at a start; nil = at what is committed
	heirs       *heirs                                                // of the rules before the start; nil = there are none
	warmUp      warmUp

	records chan recordOf // of sets put in force, to be kept in ClickHouse

	proof       *audit.Log    // of the case log
	checkpoints *topic.Writer // of the proof
}

// New validates the configuration; it opens nothing.
func New(c *config.Config, o Options) (*App, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &App{config: c, opt: o, ready: make(chan struct{}), records: make(chan recordOf, waitingRecords), warmUp: warmUp{ask: make(chan *ruleset.Set, 1)}, log: c.Telemetry.Logger(o.Log).With("party", c.Party.ID)}
	a.parts = newParts(a.log)
	return a, nil
}

// Run starts everything and blocks until ctx ends or a part fails; then it stops
// everything and returns the failure. It is called once.
func (a *App) Run(ctx context.Context) error {
	err := a.start(ctx)
	if err == nil {
		a.log.Info("running", "desk", a.DeskAddress(), "partner", a.PartnerAddress())
		close(a.ready)
		err = a.parts.wait(ctx)
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil // asked to stop while starting
	}
	a.log.Info("stopping")
	return errors.Join(err, a.parts.stop(ctx))
}

// start brings the parts up, what is downstream first.
func (a *App) start(ctx context.Context) error {
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"telemetry", a.startTelemetry},
		{"embedded parts", a.startEmbedded},
		{"reports", func(context.Context) (err error) { a.reports, err = newReports(a.config); return err }},
		{"clickhouse", a.startStore},
		{"desk", a.startDesk},
		{"pipeline", a.startPipeline},
		{"servers", a.startServers},
	} {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("start %s: %w", step.name, err)
		}
	}
	return nil
}

func (a *App) startTelemetry(ctx context.Context) error {
	t, err := telemetry.Start(ctx, a.config.Telemetry, a.config.Party.ID)
	if err != nil {
		return err
	}
	a.telemetry = t
	a.parts.start(ctx, &part{name: "telemetry", stop: t.Stop})
	return nil
}

func (a *App) startEmbedded(ctx context.Context) error {
	s, err := startServices(ctx, a.config, a.opt.Now)
	if err != nil {
		return err
	}
	a.services = s
	if a.config.Embedded.Kafka.Enabled {
		a.log.Info("embedded kafka", "brokers", a.config.Kafka.Brokers)
	}
	if a.config.Embedded.ClickHouse.Enabled {
		a.log.Info("embedded clickhouse", "addresses", a.config.ClickHouse.Addresses, "user", a.config.ClickHouse.User, "password_file", a.config.ClickHouse.PasswordFile)
	}
	if a.config.Embedded.ClickHouse.Enabled && !embedded.Confinable() {
		a.log.Warn("every local account can read this process's files through the embedded ClickHouse: this system has no Landlock; use a ClickHouse server on a shared machine")
	}
	a.parts.start(ctx, &part{name: "embedded parts", run: func(ctx context.Context) error { return s.watch(ctx, a.log) }, stop: s.stop})
	return nil
}

func (a *App) startStore(ctx context.Context) error {
	store, err := clickhouse.New(a.config.ClickHouse, clickhouse.Options{Schema: a.reports.schema, Log: a.log, Metrics: a.telemetry.Metrics})
	if err != nil {
		return err
	}
	a.store, a.gate = store, newGate(store)
	a.parts.start(ctx, &part{name: "clickhouse", stop: store.Stop, run: func(ctx context.Context) error {
		a.gate.run(ctx, a.log)
		return nil
	}})
	return nil
}

// Ready is closed once everything runs.
func (a *App) Ready() <-chan struct{} { return a.ready }

// Brokers returns where Kafka is, once the app runs.
func (a *App) Brokers() []string { return a.config.Kafka.Brokers }

// Store returns the ClickHouse store, once the app runs.
func (a *App) Store() *clickhouse.Store { return a.store }

// Desk returns the desk, once the app runs.
func (a *App) Desk() *desk.Desk { return a.desk }
