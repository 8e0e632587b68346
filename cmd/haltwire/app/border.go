package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/camt056"
	"github.com/haltwire/haltwire/sinks/party/goaml"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/kafka"
	"github.com/haltwire/haltwire/sinks/party/manual"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/party/webhook"
	"github.com/haltwire/haltwire/sinks/policy"
)

// border is what we and the other parties know each other by.
type border struct {
	book     *policy.Book
	root     *caselog.Root
	key      signature.Key
	ring     *signature.Ring
	producer sarama.SyncProducer // for channels of kind kafka; nil without one
}

// newBorder reads the keys that the config names.
func newBorder(c *config.Config) (*border, error) {
	b := &border{}
	var err error
	if b.book, err = policy.NewBook(c.Party, c.Parties); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(c.Keys.Log)
	if err != nil {
		return nil, fmt.Errorf("keys.log: %w", err)
	}
	if b.root, err = caselog.ParseRoot(text); err != nil {
		return nil, fmt.Errorf("keys.log: %s: %w", c.Keys.Log, err)
	}
	if b.key, err = signature.LoadKey(c.Keys.Signing); err != nil {
		return nil, fmt.Errorf("keys.signing: %w", err)
	}
	sets := map[string]signature.Set{}
	for _, p := range c.Parties {
		if !signs(p) {
			continue
		}
		if sets[p.ID], err = signature.LoadSet(p.Keys.File); err != nil {
			return nil, fmt.Errorf("parties: %s: keys: %w", p.ID, err)
		}
	}
	b.ring, err = signature.NewRing(sets)
	return b, err
}

// startDesk opens the case log and the channels to the parties.
func (a *App) startDesk(ctx context.Context) error {
	b, err := newBorder(a.config)
	if err != nil {
		return err
	}
	a.border = b
	if b.book, err = a.agreements(); err != nil {
		return err
	}
	if err := a.openPeople(); err != nil {
		return err
	}
	if err := a.openCollections(); err != nil {
		return err
	}
	channels, err := a.channels(ctx)
	if err != nil {
		return err
	}
	if err := a.openProof(); err != nil {
		return err
	}
	own := a.config.Kafka.Own
	a.desk, err = desk.New(desk.Options{
		Environment: a.config.Environment, Book: b.book, Kafka: a.config.Kafka.Config, Group: a.config.Kafka.Group, Session: a.config.Kafka.Session.Std(),
		Layout: topic.Layout{Names: topic.NamesOf(own.Prefix), Partitions: own.CasePartitions, Replication: own.Replication},
		Root:   b.root, Key: b.key, Channels: channels, Ledger: a.store, MaxAge: a.config.Rules.MaxAge.Std(), Now: a.opt.Now,
		Role: a.role, Witness: a.witness, Published: a.publisher(), Budgets: a.config.Budgets, Metrics: a.telemetry.Metrics, Log: a.log,
	})
	if err != nil {
		return err
	}
	if err := a.desk.Start(ctx); err != nil {
		return errors.Join(err, a.desk.Stop(ctx), a.proof.Close())
	}
	if err := a.startProof(ctx); err != nil {
		return errors.Join(err, a.desk.Stop(ctx))
	}
	a.startCollections(ctx)
	a.parts.start(ctx, &part{name: "desk", run: a.desk.Run, stop: a.desk.Stop})
	return a.startInboxes(ctx)
}

// channels makes a sender for every channel of every party.
func (a *App) channels(ctx context.Context) (map[string][]desk.Channel, error) {
	all := map[string][]desk.Channel{}
	for _, p := range a.config.Parties {
		for _, c := range p.Channels {
			s, err := a.sender(ctx, p, c)
			if err != nil {
				return nil, fmt.Errorf("parties: %s: channel %s: %w", p.ID, c.Kind, err)
			}
			traced := tracingSender{Sender: s, party: p.ID, channel: c.Kind, tracer: a.telemetry.Tracer}
			all[p.ID] = append(all[p.ID], desk.Channel{Kind: c.Kind, Sender: traced, Form: formOf(s)})
		}
	}
	return all, nil
}

func (a *App) sender(ctx context.Context, p policy.Party, c policy.Channel) (desk.Sender, error) {
	if c.Kind == webhook.Channel {
		return webhook.New(webhook.Config{URL: c.URL, AllowPrivate: c.AllowPrivate, TLS: webhook.TLS{CA: c.CA}},
			webhook.Options{Party: p.ID, Key: a.border.key, Ring: a.border.ring, Metrics: a.telemetry.Metrics, Log: a.log, Now: a.opt.Now})
	}
	if c.Kind == camt056.Channel || c.Kind == goaml.Channel || c.Kind == manual.Channel {
		return a.fileSender(p, c)
	}
	if c.Kind == taxii.Channel {
		return taxii.NewSender(taxii.SenderOptions{Party: p.ID, Feed: a.collections.feed, Metrics: a.telemetry.Metrics, Now: a.opt.Now})
	}
	if err := a.openProducer(ctx); err != nil {
		return nil, err
	}
	return kafka.NewSender(kafka.Config{Out: c.Out, In: c.In},
		kafka.Options{Party: p.ID, Self: a.config.Party.ID, Key: a.border.key, Producer: a.border.producer, Metrics: a.telemetry.Metrics, Now: a.opt.Now})
}

// openProducer opens the producer that all channels of kind kafka share.
func (a *App) openProducer(ctx context.Context) error {
	if a.border.producer != nil {
		return nil
	}
	c, err := a.config.Kafka.Sarama()
	if err != nil {
		return err
	}
	conn.Idempotent(c)
	p, err := sarama.NewSyncProducer(a.config.Kafka.Brokers, c)
	if err != nil {
		return fmt.Errorf("connect producer: %w", err)
	}
	a.border.producer = p
	a.parts.start(ctx, &part{name: "producer of kafka channels", stop: func(context.Context) error { return p.Close() }})
	return nil
}

// startReceivers reads what parties write to us on Kafka.
func (a *App) startReceivers(ctx context.Context, door *inbound.Door) error {
	for _, p := range a.config.Parties {
		for _, c := range p.Channels {
			if c.Kind != kafka.Channel {
				continue
			}
			client, err := a.config.Kafka.Sarama()
			if err != nil {
				return err
			}
			r, err := kafka.NewReceiver(kafka.Config{Out: c.Out, In: c.In}, kafka.ReceiverOptions{
				Party: p.ID, Self: a.config.Party.ID, Key: a.border.key, Ring: a.border.ring, Door: door,
				Producer: a.border.producer, Brokers: a.config.Kafka.Brokers, Client: client,
				Group: a.config.Kafka.Group + ".from." + p.ID, Metrics: a.telemetry.Metrics, Log: a.log, Now: a.opt.Now,
			})
			if err != nil {
				return fmt.Errorf("parties: %s: %w", p.ID, err)
			}
			a.parts.start(ctx, &part{name: "receiver of " + p.ID, run: r.Run})
		}
	}
	return nil
}

// door returns where messages of parties enter.
func (a *App) door() (*inbound.Door, error) {
	return inbound.NewDoor(inbound.Options{
		Self: a.config.Party.Party(), Environment: a.config.Environment, Key: a.border.key, Ring: a.border.ring, Desk: a.desk,
		Party: func(id string) (freeze.Party, bool) {
			p := a.border.book.Party(id)
			if p == nil {
				return freeze.Party{}, false
			}
			return p.Party(), true
		},
		Metrics: a.telemetry.Metrics, Log: a.log, Now: a.opt.Now,
	})
}
