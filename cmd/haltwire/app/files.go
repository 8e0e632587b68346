package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/draft"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/camt056"
	"github.com/haltwire/haltwire/sinks/party/camt056/answer"
	"github.com/haltwire/haltwire/sinks/party/goaml"
	"github.com/haltwire/haltwire/sinks/party/kafka"
	"github.com/haltwire/haltwire/sinks/party/manual"
	"github.com/haltwire/haltwire/sinks/party/spool"
	"github.com/haltwire/haltwire/sinks/party/webhook"
	"github.com/haltwire/haltwire/sinks/policy"
)

// fileSender makes the sender of a channel that writes files.
func (a *App) fileSender(p policy.Party, c policy.Channel) (desk.Sender, error) {
	if c.Kind == goaml.Channel {
		settings, err := config.GoAML(c, a.config.Dir)
		if err != nil {
			return nil, err
		}
		return goaml.New(settings, goaml.Options{Party: p.ID, Metrics: a.telemetry.Metrics, Now: a.opt.Now})
	}
	if c.Kind == manual.Channel {
		settings, err := config.Manual(c, a.config.Dir)
		if err != nil {
			return nil, err
		}
		return manual.New(settings, manual.Options{Party: p.ID, Metrics: a.telemetry.Metrics, Now: a.opt.Now})
	}
	settings, err := config.Camt056(c, a.config.Dir)
	if err != nil {
		return nil, err
	}
	return camt056.New(settings, camt056.Options{Party: p.ID, Original: a.original(p.ID), Metrics: a.telemetry.Metrics, Now: a.opt.Now})
}

// original returns what finds the instruction that a status request is about.
func (a *App) original(party string) func(context.Context, *freeze.StatusRequest) *freeze.Request {
	return func(ctx context.Context, s *freeze.StatusRequest) *freeze.Request {
		all, err := a.desk.Recalled(ctx, party, s.AlertID)
		if err != nil {
			a.log.WarnContext(ctx, "find the instruction of a status request", telemetry.Party, party, telemetry.Message, s.MessageID, telemetry.Error, err.Error())
		}
		if len(all) == 0 {
			return nil
		}
		return all[0]
	}
}

// formOf returns how a sender looks at requests before they are frozen, or nil where it
// takes every one.
func formOf(s desk.Sender) draft.Form {
	picky, ok := s.(interface {
		Marks(*freeze.Request) (map[string]string, error)
	})
	if !ok {
		return nil
	}
	return func(r *freeze.Request) (map[string]string, error) {
		ids, err := picky.Marks(r)
		var unmappable *spool.Unmappable
		if errors.As(err, &unmappable) {
			return nil, &policy.Gate{Field: unmappable.Field, Text: unmappable.Text}
		}
		return ids, err
	}
}

// startInboxes looks into the folders that banks answer in.
func (a *App) startInboxes(ctx context.Context) error {
	for _, p := range a.config.Parties {
		for _, c := range p.Channels {
			if c.Kind != camt056.Channel || c.In == "" {
				continue
			}
			settings, err := config.Camt056(c, a.config.Dir)
			if err != nil {
				return fmt.Errorf("parties: %s: channel %s: %w", p.ID, c.Kind, err)
			}
			in, err := answer.NewInbox(answer.InboxOptions{Party: p.ID, Dir: settings.In, Take: answer.Deliver(a.desk), Log: a.log, Metrics: a.telemetry.Metrics, Now: a.opt.Now})
			if err != nil {
				return fmt.Errorf("parties: %s: channel %s: %w", p.ID, c.Kind, err)
			}
			a.parts.start(ctx, &part{name: "answers of " + p.ID, run: in.Run})
		}
	}
	return nil
}

// signs reports whether anything between us and a party is signed: over files and what
// it fetches alone nothing is, and it needs no keys.
func signs(p policy.Party) bool {
	for _, c := range p.Channels {
		if c.Kind == webhook.Channel || c.Kind == kafka.Channel {
			return true
		}
	}
	return len(p.Channels) == 0 || p.Keys.File != ""
}
