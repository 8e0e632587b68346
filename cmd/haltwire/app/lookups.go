package app

import (
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
)

// Declare adds to o what rules may name of the configuration: zones, lists and
// tables.
func Declare(o *lang.Options, c *config.Config) {
	o.Zones = c.Zones
	ruleset.Declare(o, c)
}

// lookupsDigest returns the digest of all lists and tables, "" without any.
func lookupsDigest(s *lookup.Set) string { return ruleset.LookupsDigest(s) }
