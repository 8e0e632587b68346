package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/sinks/party/camt056"
	"github.com/haltwire/haltwire/sinks/party/goaml"
	"github.com/haltwire/haltwire/sinks/party/manual"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Camt056 returns the settings of a channel of kind camt056, its folders resolved
// against dir.
func Camt056(c policy.Channel, dir string) (camt056.Config, error) {
	var out camt056.Config
	if err := settings(c, &out); err != nil {
		return out, err
	}
	return out.Under(dir), out.Validate()
}

// GoAML returns the settings of a channel of kind goaml, its folder resolved against
// dir.
func GoAML(c policy.Channel, dir string) (goaml.Config, error) {
	var out goaml.Config
	if err := settings(c, &out); err != nil {
		return out, err
	}
	return out.Under(dir), out.Validate()
}

// Manual returns the settings of a channel of kind manual, its folder resolved against
// dir.
func Manual(c policy.Channel, dir string) (manual.Config, error) {
	var out manual.Config
	if err := settings(c, &out); err != nil {
		return out, err
	}
	return out.Under(dir), out.Validate()
}

// Taxii returns how a party shows at our TAXII server who it is. The secret is read by
// whoever needs it.
func Taxii(c policy.Channel, dir string) (user, secretFile string, err error) {
	var out struct {
		User       string `yaml:"user"`
		SecretFile string `yaml:"secret_file"`
	}
	if err := settings(c, &out); err != nil {
		return "", "", err
	}
	if out.User == "" || out.SecretFile == "" {
		return "", "", errors.New("taxii: user and secret_file are needed")
	}
	if !filepath.IsAbs(out.SecretFile) {
		out.SecretFile = filepath.Join(dir, out.SecretFile)
	}
	return out.User, out.SecretFile, nil
}

// settings reads the members of a channel that its kind alone knows. Unknown ones are
// an error.
func settings(c policy.Channel, into any) error {
	all := maps.Clone(c.Settings)
	if all == nil {
		all = map[string]any{}
	}
	for name, value := range map[string]string{"out": c.Out, "in": c.In} {
		if value != "" {
			all[name] = value
		}
	}
	text, err := yaml.Marshal(all)
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	return nil
}

// channels checks what the kinds of channels want of their settings.
func (c *Config) channels() error {
	errs := []error{c.Taxii.Validate()}
	for _, p := range c.Parties {
		for _, way := range p.Channels {
			var err error
			switch way.Kind {
			case camt056.Channel:
				_, err = Camt056(way, c.Dir)
			case goaml.Channel:
				_, err = GoAML(way, c.Dir)
			case manual.Channel:
				_, err = Manual(way, c.Dir)
			case taxii.Channel:
				_, _, err = Taxii(way, c.Dir)
			default:
				if unknown := slices.Sorted(maps.Keys(way.Settings)); len(unknown) > 0 {
					err = fmt.Errorf("a channel of kind %s has no setting %q", way.Kind, unknown[0])
				}
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("parties: %s: channel %s: %w", p.ID, way.Kind, err))
			}
		}
	}
	return errors.Join(errs...)
}
