package camt056

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Config is a channel of kind camt056 as the user writes it.
type Config struct {
	// Out is the folder that drafts are put into, In the one that answers are
	// taken from; In may be empty.
	Out string `yaml:"out"`
	In  string `yaml:"in"`
	// Version is that of camt.056.001: "08", which is the default, or "11".
	Version string `yaml:"version"`
	// Scheme sepa gives the reason FRAD where officers set none; empty gives UAPA
	// for unauthorised payments.
	Scheme string `yaml:"scheme"`
	// Single puts one payment into a message, as CBPR+ wants it.
	Single bool `yaml:"single"`
	// Service is the business service of the header (swift.cbprplus.02), at most
	// 35 characters, "" for none.
	Service string `yaml:"service"`
	// Agent is our debtor bank as its network knows it; empty takes the payment's
	// debtor.servicer.
	Agent Agent `yaml:"agent"`
}

// Agent names a bank by at least one of its identifiers.
type Agent struct {
	BIC            string `yaml:"bic"`
	ClearingSystem string `yaml:"clearing_system"`
	ClearingID     string `yaml:"clearing_id"`
	LEI            string `yaml:"lei"`
	Name           string `yaml:"name"`
}

// The versions of camt.056.001 that are written.
const (
	version08 = "08"
	version11 = "11"
)

// Under returns the config with relative paths resolved against dir.
func (c Config) Under(dir string) Config {
	resolve := func(p string) string {
		if p == "" || filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, p)
	}
	c.Out, c.In = resolve(c.Out), resolve(c.In)
	return c
}

// Validate reports what is wrong with the config. It opens nothing.
func (c Config) Validate() error {
	switch {
	case c.Out == "":
		return errors.New("camt056.out: name the folder for drafts")
	case c.In != "" && filepath.Clean(c.In) == filepath.Clean(c.Out):
		return errors.New("camt056.in: must be another folder than out")
	case c.In != "" && within(c.Out, c.In):
		return errors.New("camt056.in: must not hold the folder out: what is no answer is moved from it")
	}
	return c.check()
}

// within reports whether a path lies under dir.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// check looks at what matters for drafts alone.
func (c Config) check() error {
	switch {
	case c.Version != "" && c.Version != version08 && c.Version != version11:
		return fmt.Errorf("camt056.version: %q is not one of 08, 11", c.Version)
	case c.Scheme != "" && c.Scheme != "sepa":
		return fmt.Errorf("camt056.scheme: %q is not sepa", c.Scheme)
	case len(c.Service) > 35:
		return errors.New("camt056.service: longer than 35 characters")
	case c.Agent.ClearingSystem == "" && c.Agent.ClearingID != "":
		return errors.New("camt056.agent.clearing_system: needed with clearing_id")
	}
	if c.Agent != (Agent{}) {
		if field, text := agentFault(c.Agent.servicer()); text != "" {
			return fmt.Errorf("camt056.agent%s: %s", field, text)
		}
	}
	return nil
}

func (a Agent) servicer() freeze.Servicer {
	return freeze.Servicer{BIC: a.BIC, ClearingSystem: a.ClearingSystem, ClearingID: a.ClearingID, LEI: a.LEI, Name: a.Name}
}

// message returns the full name of the message that is written.
func (c Config) message() string {
	if c.Version == "" {
		return "camt.056.001." + version08
	}
	return "camt.056.001." + c.Version
}
