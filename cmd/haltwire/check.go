package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/rules/lang"
)

// checkOptions are the flags of check.
type checkOptions struct {
	dir, output  string
	strict, bump bool
}

func checkCmd() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "Check a folder of rules: every error of every file, with its place",
		Long: `Reads every *.yaml below DIR and reports every error and warning of every file
with line, column, the reason and the nearest right thing. Where DIR has a
rules.lock, a rule that means something else than its version did is an error;
--bump writes the lock when there is no error.

Exit code: 0; 1 with errors, or with warnings under --strict; 2 when no rule was
found or it could not run.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			return runCheck(c, o)
		},
	}
	c.Flags().BoolVar(&o.strict, "strict", false, "warnings fail too")
	c.Flags().BoolVar(&o.bump, "bump", false, "write rules.lock: what each version means")
	c.Flags().StringVarP(&o.output, "output", "o", "table", "json or table")
	return c
}

func runCheck(c *cobra.Command, o checkOptions) error {
	if o.output != "json" && o.output != "table" {
		return exit(2, fmt.Errorf("-o %s: write json or table", o.output))
	}
	path, err := c.Flags().GetString("config")
	if err != nil {
		path = "" // run without its root command
	}
	options, err := vocabulary(path, o.dir)
	if err != nil {
		return exit(2, err)
	}
	set, findings, err := lang.LoadLocked(o.dir, options)
	if err != nil {
		return exit(2, err)
	}
	r := checkReport{Rules: len(set.Rules), Errors: findings.Errors(), Warnings: findings.Warnings(), Findings: findings}
	if err := r.print(c, o.output); err != nil {
		return exit(2, err)
	}
	switch {
	case r.Errors > 0, o.strict && r.Warnings > 0:
		return exit(1, nil)
	case r.Rules == 0:
		return exit(2, errors.New("no rule in "+o.dir+": rules are documents with id: in files called *.yaml"))
	case o.bump:
		if err := set.WriteLock(o.dir); err != nil {
			return exit(2, err)
		}
	}
	return nil
}

// vocabulary returns what rules may speak about: the built-in fields and kinds
// and those of the configuration at path, or near dir when path is "".
func vocabulary(path, dir string) (lang.Options, error) {
	o := lang.Options{Now: time.Now()}
	if path == "" {
		found, ok := config.Find(dir)
		if !ok {
			return o, nil
		}
		path = found
	}
	c, err := config.Read(path)
	if err != nil {
		return o, err
	}
	if o.Schema, err = c.Schema(); err != nil {
		return o, fmt.Errorf("%s: %w", path, err)
	}
	if o.Kinds, err = code.NewKinds(c.Kinds...); err != nil {
		return o, fmt.Errorf("%s: kinds: %w", path, err)
	}
	app.Declare(&o, c)
	return o, nil
}

// checkReport is what check prints.
type checkReport struct {
	Rules    int              `json:"rules"` // whose expressions are right
	Errors   int              `json:"errors"`
	Warnings int              `json:"warnings"`
	Findings lang.Diagnostics `json:"findings"`
}

func (r checkReport) print(c *cobra.Command, output string) error {
	if output == "json" {
		if r.Findings == nil {
			r.Findings = lang.Diagnostics{}
		}
		enc := json.NewEncoder(c.OutOrStdout())
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	}
	if err := r.Findings.WriteText(c.OutOrStdout()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.ErrOrStderr(), "rules=%d errors=%d warnings=%d\n", r.Rules, r.Errors, r.Warnings)
	return err
}
