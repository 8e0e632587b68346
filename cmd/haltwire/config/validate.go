package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Validate reports everything in c that `run` cannot work with, not only the
// first of it.
func (c *Config) Validate() error {
	errs := []error{c.party(), c.channels(), c.agreements(), c.officers(), c.state(), c.listen(), c.kafka(), c.rules(), c.embedded(), c.Telemetry.Validate()}
	if _, err := c.Schema(); err != nil {
		errs = append(errs, err)
	}
	if !c.Embedded.ClickHouse.Enabled {
		errs = append(errs, c.ClickHouse.Validate())
	}
	return errors.Join(errs...)
}

func (c *Config) party() error {
	var errs []error
	if c.Environment != "live" && c.Environment != "test" {
		errs = append(errs, fmt.Errorf("environment: %q is neither live nor test", c.Environment))
	}
	errs = append(errs, c.Party.Validate())
	if c.Keys.Signing == "" || c.Keys.Log == "" {
		errs = append(errs, errors.New("keys: signing and log are required; make them with `haltwire keys new`"))
	}
	seen := map[string]bool{c.Party.ID: true}
	for _, p := range c.Parties {
		if seen[p.ID] {
			errs = append(errs, fmt.Errorf("parties: %q is named twice (or is ourselves)", p.ID))
		}
		seen[p.ID] = true
		errs = append(errs, p.Validate())
	}
	return errors.Join(errs...)
}

func (c *Config) state() error {
	if c.State.Every < 0 || c.State.Every.Std() > time.Hour || c.State.Piece < 1<<10 {
		return errors.New("state: want every from 0s to 1h and piece of 1KiB at least")
	}
	return nil
}

func (c *Config) listen() error {
	errs := []error{c.desk()}
	host, _, err := net.SplitHostPort(c.Listen.Partner.Address)
	tls := c.Listen.Partner.TLS
	switch ip := net.ParseIP(host); {
	case err != nil:
		errs = append(errs, fmt.Errorf("listen.partner.address: %w", err))
	case (tls.Cert == "") != (tls.Key == ""):
		errs = append(errs, errors.New("listen.partner.tls: cert and key belong together"))
	case tls.Cert == "" && (ip == nil || !ip.IsLoopback()):
		errs = append(errs, fmt.Errorf("listen.partner.tls: required on %s; without it only a loopback address is allowed", host))
	}
	return errors.Join(errs...)
}

func (c *Config) kafka() error {
	var errs []error
	if !c.Embedded.Kafka.Enabled {
		errs = append(errs, c.Kafka.Validate())
	}
	errs = append(errs, c.topics(), c.budgets())
	if c.Kafka.Session.Std() < time.Second || c.Kafka.Session.Std() > time.Minute {
		errs = append(errs, errors.New("kafka.session: want 1s to 1m"))
	}
	if c.Kafka.Own.CasePartitions < 1 || c.Kafka.Own.Replication < 1 {
		errs = append(errs, errors.New("kafka.own: case_partitions and replication are at least 1"))
	}
	if c.Kafka.Fetch.Bytes < 64<<10 || c.Kafka.Fetch.Decompressed < c.Kafka.Fetch.Bytes || c.Kafka.Fetch.Buffered < c.Kafka.Fetch.Decompressed {
		errs = append(errs, errors.New("kafka.fetch: want 64KiB <= bytes <= decompressed <= buffered"))
	}
	return errors.Join(errs...)
}

func (c *Config) rules() error {
	var errs []error
	if t := c.Rules.Tests; t != TestsRequired && t != TestsOff {
		errs = append(errs, fmt.Errorf("rules.tests: %q is neither required nor off", t))
	}
	w := c.Rules.Windows
	if w.Warm != WarmKafka && w.Warm != WarmClickHouse && w.Warm != WarmNone {
		errs = append(errs, fmt.Errorf("rules.windows.warm: %q is none of kafka, clickhouse, none", w.Warm))
	}
	if w.Bytes < 1<<20 || w.Evidence < 1<<20 || w.Keys < 1 || w.PerKey < 1 {
		errs = append(errs, errors.New("rules.windows: want bytes and evidence of 1MiB, keys and per_key of 1 at least"))
	}
	if c.Rules.Lateness < 0 || c.Rules.Lateness.Std() > maxLateness {
		errs = append(errs, errors.New("rules.lateness: want 0s to 400d"))
	}
	return errors.Join(errs...)
}

// maxLateness is as long as a window may be.
const maxLateness = 400 * 24 * time.Hour

func (c *Config) budgets() error {
	if b := c.Budgets; b.Rule < 0 || b.Party < 0 || b.Subject < 0 || b.Onward < 0 {
		return errors.New("budgets: want a number in 24 hours, 0 = no bound")
	}
	return nil
}

func (c *Config) topics() error {
	var errs []error
	if len(c.Kafka.Topics) == 0 {
		errs = append(errs, errors.New("kafka.topics: name at least one topic of reports"))
	}
	seen := map[string]bool{}
	for _, t := range c.Kafka.Topics {
		switch {
		case t.Name == "" || seen[t.Name]:
			errs = append(errs, fmt.Errorf("kafka.topics: name %q is empty or stands twice", t.Name))
		case t.Codec != "json" && t.Codec != "camara":
			errs = append(errs, fmt.Errorf("kafka.topics: %s: codec %q is unknown; this version reads json and camara", t.Name, t.Codec))
		case t.Codec == "json" && (t.Reporter != "" || t.Subscriptions != ""):
			errs = append(errs, fmt.Errorf("kafka.topics: %s: reporter and subscriptions belong to codec camara", t.Name))
		case t.Codec == "camara" && t.Strict:
			errs = append(errs, fmt.Errorf("kafka.topics: %s: strict belongs to codec json", t.Name))
		case strings.HasPrefix(t.Name, c.Kafka.Own.Prefix+"."):
			errs = append(errs, fmt.Errorf("kafka.topics: %s lies under our own prefix %q; choose another kafka.own.prefix", t.Name, c.Kafka.Own.Prefix))
		}
		seen[t.Name] = true
		if t.ReporterCountry != "" {
			errs = append(errs, policy.CheckCountry("kafka.topics: "+t.Name+".reporter_country", t.ReporterCountry))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) embedded() error {
	k := c.Embedded.Kafka
	if k.Enabled && c.Environment == "live" && !k.AllowProduction {
		return errors.New("embedded.kafka: refused in environment live, because one process holds the only copy of the case log; " +
			"use a Kafka cluster, or set allow_production if you accept that")
	}
	return nil
}

// Schema returns the columns of reports with those that the config adds.
func (c *Config) Schema() (*event.Schema, error) {
	types := map[string]event.Type{"text": event.Text, "symbol": event.Symbol, "decimal": event.Decimal, "time": event.Time, "int": event.Uint, "bool": event.Bool}
	var more []event.Column
	for _, f := range c.Fields {
		t, ok := types[f.Type]
		if !ok {
			return nil, fmt.Errorf("fields: %s: type %q is none of text, symbol, decimal, time, int, bool", f.Name, f.Type)
		}
		if f.Name == "" || f.Path == "" || slices.Contains(strings.Split(f.Name, "."), "") {
			return nil, fmt.Errorf("fields: %q: name and path are required", f.Name)
		}
		more = append(more, event.Column{Name: f.Name, Type: t, Path: f.Path})
	}
	s, err := event.NewSchema(more...)
	if err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	return s, nil
}
