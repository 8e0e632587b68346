package app

import (
	"fmt"
	"os"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/codec/json"
)

// reports is what the config says about reports and how they are read.
type reports struct {
	schema *event.Schema
	kinds  code.Kinds
	rates  codec.Rates
	topics map[string]config.Topic
}

// newReports reads the files that the config names.
func newReports(c *config.Config) (*reports, error) {
	r := &reports{topics: map[string]config.Topic{}}
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
	}
	if c.Rates.File != "" {
		f, err := os.Open(c.Rates.File)
		if err != nil {
			return nil, fmt.Errorf("rates.file: %w", err)
		}
		defer func() { _ = f.Close() }() // read only
		if r.rates, err = codec.LoadRates(c.Rates.BaseCurrency, f); err != nil {
			return nil, fmt.Errorf("rates.file: %s: %w", c.Rates.File, err)
		}
	}
	return r, nil
}

// decoder decodes every topic by the topic's own settings. One goroutine uses it.
type decoder struct {
	of      *reports
	project []bool
	by      map[string]*json.Decoder
}

func (r *reports) decoder(project []bool) *decoder {
	return &decoder{of: r, project: project, by: map[string]*json.Decoder{}}
}

// Decode implements pipeline.Decoder.
func (d *decoder) Decode(recs *event.Records) (*event.Batch, []event.Dead) {
	j, ok := d.by[recs.Topic]
	if !ok {
		t := d.of.topics[recs.Topic]
		j = json.New(codec.Options{
			Schema: d.of.schema, Project: d.project, Kinds: d.of.kinds, Rates: d.of.rates,
			ReporterCountry: t.ReporterCountry, Strict: t.Strict,
		})
		d.by[recs.Topic] = j
	}
	return j.Decode(recs)
}
