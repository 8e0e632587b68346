package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
)

const (
	// keepPublished is how long a party may fetch a message: half a year, far longer
	// than a request is valid.
	keepPublished = 180 * 24 * time.Hour
	trimEvery     = 24 * time.Hour
)

// collections is what parties with a channel of kind taxii fetch from us.
type collections struct {
	shelf    *shelf.Shelf
	feed     *taxii.Feed
	accounts []taxii.Account
}

// openCollections reads who may fetch. Without such a party there is no server.
func (a *App) openCollections() error {
	c := &collections{shelf: shelf.New(shelf.Bounds{})}
	var parties []string
	for _, p := range a.config.Parties {
		for _, way := range p.Channels {
			if way.Kind != taxii.Channel {
				continue
			}
			user, file, err := config.Taxii(way, a.config.Dir)
			if err != nil {
				return fmt.Errorf("parties: %s: channel %s: %w", p.ID, way.Kind, err)
			}
			secret, err := conn.ReadSecret(file)
			if err != nil {
				return fmt.Errorf("parties: %s: channel %s: %w", p.ID, way.Kind, err)
			}
			parties, c.accounts = append(parties, p.ID), append(c.accounts, taxii.Account{Party: p.ID, User: user, Secret: secret})
		}
	}
	if len(parties) == 0 {
		return nil
	}
	var err error
	if c.feed, err = taxii.NewFeed(taxii.FeedOptions{Config: a.config.Taxii, Store: c.shelf, Parties: parties, Log: a.log}); err != nil {
		return err
	}
	a.collections = c
	return nil
}

// publisher returns what takes published messages up, nil where nobody fetches any.
func (a *App) publisher() func(party string, body []byte, at time.Time) {
	c := a.collections
	if c == nil {
		return nil
	}
	return func(party string, body []byte, at time.Time) {
		if at.Before(a.opt.Now().Add(-keepPublished)) {
			return
		}
		if err := c.feed.Publish(taxii.Publication{Party: party, Body: body, At: at}); err != nil {
			a.log.Error("a message cannot be fetched", telemetry.Party, party, telemetry.Error, err)
		}
	}
}

// startCollections adds what the log had already, and drops what is old once a day.
func (a *App) startCollections(ctx context.Context) {
	c := a.collections
	if c == nil {
		return
	}
	if err := c.feed.AdvanceAll(ctx, a.opt.Now()); err != nil {
		a.log.Error("fill TAXII collections", telemetry.Error, err) // Stuck says it at every attempt
	}
	a.parts.start(ctx, &part{name: "TAXII collections", run: func(ctx context.Context) error {
		ticker := time.NewTicker(trimEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
				c.shelf.Trim(a.opt.Now().Add(-keepPublished))
			}
		}
	}})
}

// serveCollections mounts the server where parties reach us.
func (a *App) serveCollections(mux *http.ServeMux) error {
	c := a.collections
	if c == nil {
		return nil
	}
	h, err := taxii.New(taxii.Options{
		Config: a.config.Taxii, Feed: c.feed, Accounts: c.accounts, Ready: a.desk.Ready, Log: a.log, Now: a.opt.Now,
		Read: func(ctx context.Context, r taxii.Reading) {
			a.log.InfoContext(ctx, "published objects were fetched", telemetry.Party, r.Party, "environment", r.Environment, "objects", r.Objects, "from", r.From, "to", r.To)
		},
	})
	if err != nil {
		return err
	}
	mux.Handle(taxii.Path, h)
	return nil
}
