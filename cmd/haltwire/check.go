package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/ruletest"
	"github.com/haltwire/haltwire/rules/spec"
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
	wrong, err := wrongTests(o.dir, set.Schema)
	if err != nil {
		return exit(2, err)
	}
	findings = append(findings, wrong...)
	findings.Sort()
	for i := range findings { // as a compiler says it: a path that an editor opens
		findings[i].File = filepath.Join(o.dir, findings[i].File)
	}
	r := checkReport{Rules: len(set.Rules), Errors: findings.Errors(), Warnings: findings.Warnings(), Findings: findings, Overturned: overturned(set)}
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

// wrongTests returns what is wrong with the form of the tests of rules.
func wrongTests(dir string, s *event.Schema) (lang.Diagnostics, error) {
	tree, _, err := spec.Read(dir)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	_, wrong := ruletest.Parse(tree, s)
	return wrong, nil
}

// overturned returns what of which rules late evidence can overturn.
func overturned(set *lang.Set) []falling {
	out := []falling{}
	for _, r := range set.Rules {
		if len(r.Falls) > 0 {
			out = append(out, falling{Rule: r.ID, Conditions: r.Falls, SettleMS: r.Settle})
		}
	}
	return out
}

// falling is a rule whose hits late evidence can overturn.
type falling struct {
	Rule       string   `json:"rule"`
	Conditions []string `json:"conditions"`
	SettleMS   int64    `json:"settle_ms"` // how long it waits before it judges; 0 = not
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
	language, err := ruleset.Vocabulary(c)
	if err != nil {
		return o, fmt.Errorf("%s: %w", path, err)
	}
	language.Now = o.Now
	return language, nil
}

// checkReport is what check prints.
type checkReport struct {
	Rules    int              `json:"rules"` // whose expressions are right
	Errors   int              `json:"errors"`
	Warnings int              `json:"warnings"`
	Findings lang.Diagnostics `json:"findings"`

	Overturned []falling `json:"overturned"` // rules that late evidence can overturn
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
	for _, f := range r.Overturned {
		waits := ""
		if f.SettleMS > 0 {
			waits = fmt.Sprintf("; it settles for %v before it acts", time.Duration(f.SettleMS)*time.Millisecond)
		}
		if _, err := fmt.Fprintf(c.OutOrStdout(), "note: late evidence can overturn %s, by: %s%s\n", f.Rule, strings.Join(f.Conditions, "; "), waits); err != nil {
			return fmt.Errorf("write notes: %w", err)
		}
	}
	_, err := fmt.Fprintf(c.ErrOrStderr(), "rules=%d errors=%d warnings=%d\n", r.Rules, r.Errors, r.Warnings)
	return err
}
