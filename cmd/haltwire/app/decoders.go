package app

import (
	"fmt"
	"os"
	"sync/atomic"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/codec/camara"
	"github.com/haltwire/haltwire/sources/codec/json"
)

// reports is what the config says about reports and how they are read.
type reports struct {
	schema *event.Schema
	kinds  code.Kinds
	topics map[string]config.Topic
	// subscriptions are the phones of subscriptions, by topic.
	subscriptions map[string]*camara.Subscriptions
	rates         atomic.Pointer[codec.Rates] // those in force
}

// newReports reads what c says of reports; the rates come with the rules.
func newReports(c *config.Config) (*reports, error) {
	r := &reports{topics: map[string]config.Topic{}, subscriptions: map[string]*camara.Subscriptions{}}
	var err error
	if r.schema, err = c.Schema(); err != nil {
		return nil, err
	}
	if err := codec.CheckPaths(r.schema); err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	if r.kinds, err = code.NewKinds(c.Kinds...); err != nil {
		return nil, fmt.Errorf("kinds: %w", err)
	}
	for _, t := range c.Kafka.Topics {
		r.topics[t.Name] = t
		if t.Subscriptions == "" {
			continue
		}
		text, err := os.ReadFile(t.Subscriptions)
		if err == nil {
			r.subscriptions[t.Name], err = camara.ReadSubscriptions(text)
		}
		if err != nil {
			return nil, fmt.Errorf("kafka.topics: %s: subscriptions: %w", t.Name, err)
		}
	}
	r.rates.Store(&codec.Rates{})
	return r, nil
}

// decoder decodes every topic by the topic's own settings. One goroutine uses it.
type decoder struct {
	of      *reports
	project []bool
	fixed   *codec.Rates // nil = those in force
	by      map[string]pipeline.Decoder
	rates   *codec.Rates // of by
}

// decoder returns a decoder by the rates in force, as they change.
func (r *reports) decoder(project []bool) *decoder {
	return &decoder{of: r, project: project, by: map[string]pipeline.Decoder{}}
}

// decoderBy returns a decoder by the given rates.
func (r *reports) decoderBy(rates *codec.Rates, project []bool) *decoder {
	d := r.decoder(project)
	d.fixed = rates
	return d
}

// Decode implements pipeline.Decoder.
func (d *decoder) Decode(recs *event.Records) (*event.Batch, []event.Dead) {
	rates := d.fixed
	if rates == nil {
		rates = d.of.rates.Load()
	}
	if rates != d.rates {
		clear(d.by)
		d.rates = rates
	}
	by, ok := d.by[recs.Topic]
	if !ok {
		by = d.open(recs.Topic, rates)
		d.by[recs.Topic] = by
	}
	return by.Decode(recs)
}

// open makes the decoder of a topic.
func (d *decoder) open(topic string, rates *codec.Rates) pipeline.Decoder {
	t := d.of.topics[topic]
	o := codec.Options{
		Schema: d.of.schema, Project: d.project, Kinds: d.of.kinds, Rates: *rates,
		ReporterCountry: t.ReporterCountry, Strict: t.Strict,
	}
	if t.Codec == camara.Name {
		return camara.New(camara.Options{Options: o, Reporter: t.Reporter, Subscriptions: d.of.subscriptions[topic]})
	}
	return json.New(o)
}
