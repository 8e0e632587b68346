package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/embedded"
	broker "github.com/haltwire/haltwire/sources/embedded"
)

// reportPartitions is how many partitions a topic of reports gets on the
// embedded broker: enough to show that they are aligned by time.
const reportPartitions = 3

// services are the embedded parts, as far as the config asks for them.
type services struct {
	engine *embedded.Server
	broker *broker.Broker
	now    func() time.Time
}

// startServices starts the embedded parts and writes their addresses into c.
func startServices(ctx context.Context, c *config.Config, now func() time.Time) (*services, error) {
	s := &services{now: now}
	if c.Embedded.ClickHouse.Enabled {
		if err := s.startEngine(ctx, c); err != nil {
			return nil, err
		}
	}
	if c.Embedded.Kafka.Enabled {
		if err := s.startBroker(ctx, c); err != nil {
			return nil, errors.Join(err, s.stop(context.WithoutCancel(ctx)))
		}
	}
	return s, nil
}

func (s *services) startEngine(ctx context.Context, c *config.Config) error {
	engine, err := embedded.New(embedded.Options{Dir: c.Embedded.ClickHouse.Dir, MemoryBytes: int64(c.Embedded.ClickHouse.Memory), Stable: true})
	if err != nil {
		return err
	}
	address, err := engine.Start(ctx)
	if err != nil {
		return err
	}
	s.engine = engine
	// The store reads its password from a file, as with any other server.
	file := filepath.Join(c.Embedded.ClickHouse.Dir, "haltwire.password")
	if err := os.WriteFile(file, []byte(address.Password.Reveal()), 0o600); err != nil {
		return errors.Join(fmt.Errorf("write password of embedded ClickHouse: %w", err), s.stop(context.WithoutCancel(ctx)))
	}
	c.ClickHouse.Addresses, c.ClickHouse.User, c.ClickHouse.PasswordFile = []string{address.Native}, address.User, file
	return nil
}

func (s *services) startBroker(ctx context.Context, c *config.Config) error {
	o := broker.Options{Dir: c.Embedded.Kafka.Dir, Port: c.Embedded.Kafka.Port, Now: s.now}
	for _, t := range c.Kafka.Topics {
		o.Topics = append(o.Topics, broker.Topic{Name: t.Name, Partitions: reportPartitions})
	}
	b, err := broker.New(o)
	if err != nil {
		return err
	}
	if c.Kafka.Brokers, err = b.Start(ctx); err != nil {
		return err
	}
	s.broker = b
	if err := os.WriteFile(brokerFile(c), []byte(strings.Join(c.Kafka.Brokers, "\n")), 0o600); err != nil {
		return fmt.Errorf("write address of embedded Kafka: %w", err)
	}
	return nil
}

// brokerFile is where other commands find the embedded broker of a running haltwire.
func brokerFile(c *config.Config) string { return filepath.Join(c.Embedded.Kafka.Dir, "brokers") }

// FindBroker fills in where the embedded broker of a running haltwire is, for commands
// beside it. A config without one stays as it is.
func FindBroker(c *config.Config) error {
	if !c.Embedded.Kafka.Enabled {
		return nil
	}
	text, err := os.ReadFile(brokerFile(c))
	if err != nil {
		return fmt.Errorf("the embedded broker is part of haltwire run, which has not run with this config yet: %w", err)
	}
	c.Kafka.Brokers = strings.Split(string(text), "\n")
	return nil
}

// watch starts the embedded engine again, at its address, whenever it has died,
// until ctx ends: to everybody else ClickHouse was away for a moment.
func (s *services) watch(ctx context.Context, log *slog.Logger) error {
	var died <-chan struct{}
	if s.engine != nil {
		died = s.engine.Done()
	}
	var wait fault.Backoff
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-died:
		}
		log.Warn("the embedded ClickHouse has ended; starting it again", telemetry.Error, s.engine.Stop(ctx))
		for {
			if _, err := s.engine.Start(ctx); err == nil {
				break
			} else if ctx.Err() == nil {
				log.Error("start embedded ClickHouse", telemetry.Error, err)
			}
			if fault.Sleep(ctx, wait.Next(0)) != nil {
				return nil
			}
		}
		died = s.engine.Done()
	}
}

// stop ends the parts that run.
func (s *services) stop(ctx context.Context) error {
	var errs []error
	if s.broker != nil {
		errs = append(errs, s.broker.Stop(ctx))
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Stop(ctx))
	}
	return errors.Join(errs...)
}
