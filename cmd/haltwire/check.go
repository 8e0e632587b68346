package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
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
	measure      int // days; 0 = the rates of the configuration
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

What windows will keep in memory is judged by the rates of reports: those that the
configuration gives under rules.windows.rates, or with --measure those that
ClickHouse saw in the last days. Each window and what it keeps at most is listed,
and rules that need more than rules.windows.bytes are an error.

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
	c.Flags().IntVar(&o.measure, "measure", 0, "judge windows by the rates that ClickHouse saw in the last `DAYS`")
	c.Flags().StringVarP(&o.output, "output", "o", "table", "json or table")
	return c
}

func runCheck(c *cobra.Command, o checkOptions) error {
	if o.output != "json" && o.output != "table" {
		return exit(2, fmt.Errorf("-o %s: write json or table", o.output))
	}
	options, err := checkLanguage(c, o)
	if err != nil {
		return exit(2, err)
	}
	set, findings, err := findAll(o.dir, options)
	if err != nil {
		return exit(2, err)
	}
	r := checkReport{Rules: len(set.Rules), Errors: findings.Errors(), Warnings: findings.Warnings(), Findings: findings, Overturned: overturned(set), Speechless: speechless(set), Windows: []ruleset.Cost{}}
	if len(options.Budget.Rates) > 0 {
		r.Windows, r.Budget, r.Rates = ruleset.Costs(set, options.Budget), options.Budget.Bytes, options.Budget.Rates
	}
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

// checkLanguage returns what rules may speak about, and the rates by which windows are
// judged.
func checkLanguage(c *cobra.Command, o checkOptions) (lang.Options, error) {
	path, err := c.Flags().GetString("config")
	if err != nil {
		path = "" // run without its root command
	}
	options, err := vocabulary(path, o.dir)
	if err == nil && o.measure != 0 {
		err = measured(c.Context(), path, o, &options)
	}
	return options, err
}

// findAll loads the rules of dir and returns every finding, with the path that an
// editor opens.
func findAll(dir string, options lang.Options) (*lang.Set, lang.Diagnostics, error) {
	set, findings, err := lang.LoadLocked(dir, options)
	if err != nil {
		return nil, nil, err
	}
	wrong, err := wrongTests(dir, set.Schema)
	if err != nil {
		return nil, nil, err
	}
	findings = append(findings, wrong...)
	findings.Sort()
	for i := range findings {
		findings[i].File = filepath.Join(dir, findings[i].File)
	}
	return set, findings, nil
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

// speechless returns the live rules that alert without facts, which every profile wants:
// officers must write them before a request goes.
func speechless(set *lang.Set) []string {
	out := []string{}
	for _, r := range set.Rules {
		without := func(o lang.Outcome) bool { return o.Alert != nil && o.Alert.Facts == nil }
		if r.Status == lang.Live && (without(r.Outcome) && len(r.Cases) == 0 || slices.ContainsFunc(r.Cases, func(c lang.Case) bool { return without(c.Outcome) })) {
			out = append(out, r.ID)
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
	path, ok := configOf(path, dir)
	if !ok {
		return o, nil
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

// configOf returns path, else the configuration near dir, and false without one.
func configOf(path, dir string) (string, bool) {
	if path != "" {
		return path, true
	}
	return config.Find(dir)
}

// measured replaces the rates of options by those that ClickHouse saw.
func measured(ctx context.Context, path string, o checkOptions, options *lang.Options) error {
	path, ok := configOf(path, o.dir)
	if !ok || o.measure < 1 {
		return errors.New("--measure: name one day or more, and with -c the configuration that says where ClickHouse is")
	}
	c, err := config.Read(path)
	if err != nil {
		return err
	}
	options.Budget.Rates, _, err = app.MeasureRates(ctx, c, o.measure)
	return err
}

// checkReport is what check prints.
type checkReport struct {
	Rules    int              `json:"rules"` // whose expressions are right
	Errors   int              `json:"errors"`
	Warnings int              `json:"warnings"`
	Findings lang.Diagnostics `json:"findings"`

	Overturned []falling `json:"overturned"`    // rules that late evidence can overturn
	Speechless []string  `json:"without_facts"` // rules that alert without facts

	Windows []ruleset.Cost     `json:"windows"`                 // what each keeps at most; empty without rates
	Budget  int64              `json:"windows_bytes,omitempty"` // of all together; 0 = not judged
	Rates   map[string]float64 `json:"rates,omitempty"`         // by which that was judged, reports a second
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
	for _, rule := range r.Speechless {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "note: alerts of %s have no facts: an officer writes them before a request goes (blocked: legal.facts)\n", rule); err != nil {
			return fmt.Errorf("write notes: %w", err)
		}
	}
	if err := r.printWindows(c.OutOrStdout()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.ErrOrStderr(), "rules=%d errors=%d warnings=%d\n", r.Rules, r.Errors, r.Warnings)
	return err
}

// printWindows writes what windows keep, a line each, and the sum.
func (r checkReport) printWindows(w io.Writer) error {
	if len(r.Windows) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "window\trules\treports/s\tkept for\tentries\tMiB at most\t\n")
	total := 0.0
	for _, c := range r.Windows {
		total += c.Bytes
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%.1fd\t%.0f\t%.1f\t\n", c.Window, len(c.Rules), c.Rate, c.Seconds/86400, c.Entries, c.Bytes/(1<<20))
	}
	fmt.Fprintf(t, "together\t\t\t\t\t%.1f\t\n", total/(1<<20))
	if r.Budget > 0 {
		fmt.Fprintf(t, "rules.windows.bytes\t\t\t\t\t%.1f\t\n", float64(r.Budget)/(1<<20))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write windows: %w", err)
	}
	return nil
}
