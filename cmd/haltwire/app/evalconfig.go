package app

import (
	"fmt"
	"os"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/sources/codec"
)

// Configure takes what the rules may speak about (fields, kinds, zones, lists,
// tables, rates) from the configuration at path; "" means haltwire.yaml in the folder of rules or its
// parents, or nothing where there is none.
func (o *EvalOptions) Configure(path string) error {
	if path == "" {
		found, ok := config.Find(o.Rules)
		if !ok {
			return nil
		}
		path = found
	}
	c, err := config.Read(path)
	if err != nil {
		return err
	}
	o.conf = c
	if o.Schema, err = c.Schema(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if o.Kinds, err = code.NewKinds(c.Kinds...); err != nil {
		return fmt.Errorf("%s: kinds: %w", path, err)
	}
	Declare(&o.Language, c)
	if o.Lookups, err = lookup.Load(c.Lookups()); err != nil {
		return err
	}
	if c.Rates.File == "" {
		return nil
	}
	f, err := os.Open(c.Rates.File)
	if err != nil {
		return fmt.Errorf("open exchange rates: %w", err)
	}
	defer f.Close()
	if o.Rates, err = codec.LoadRates(c.Rates.BaseCurrency, f); err != nil {
		return fmt.Errorf("%s: %w", c.Rates.File, err)
	}
	return nil
}
