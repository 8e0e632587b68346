package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
)

func explainCmd() *cobra.Command {
	var o app.ExplainOptions
	var report, output string
	c := &cobra.Command{
		Use:   "explain --rule ID --report REPORTER/ID [--file FILE.ndjson|-]",
		Short: "Say why a rule fires on a report, or what stops it and how far off it is",
		Long: `Writes every condition of the rule as a tree with its value, true, false or unknown,
the weights, cases and exceptions, and for every window its reports: which count and
why the others do not. For a rule that does not fire it begins with the fewest
conditions that stop it and how far off they are.

The report, in its latest version, and those in its windows come from --file, which
is judged as eval does, or from the ClickHouse of the configuration. There, reports
whose original bytes are not kept (clickhouse.raw: dead_only) are made of their
columns. Rules are those of --rules as they are now, drafts too, not those that
judged the report then.

Exit code: 0 when it is explained, whether it fires or not; 1 when a rule has errors;
2 when there is no such rule or report, or it could not run.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "json" && output != "table" {
				return exit(2, fmt.Errorf("-o %s: write json or table", output))
			}
			var ok bool
			if o.Reporter, o.ReportID, ok = strings.Cut(report, "/"); !ok || o.Reporter == "" || o.ReportID == "" {
				return exit(2, fmt.Errorf("--report %s: write REPORTER/ID", report))
			}
			o.JSON, o.Out, o.Log = output == "json", c.OutOrStdout(), c.ErrOrStderr()
			o.Colour = isTerminal(o.Out)
			if err := configureExplain(c, &o); err != nil {
				return exit(2, err)
			}
			err := app.Explain(c.Context(), o)
			switch {
			case errors.Is(err, app.ErrBadRules):
				return exit(1, err)
			case err != nil:
				return exit(2, err)
			}
			return nil
		},
	}
	c.Flags().StringVar(&o.Rule, "rule", "", "`ID` of the rule (required)")
	c.Flags().StringVar(&report, "report", "", "`REPORTER/ID` of the report (required)")
	c.Flags().StringVar(&o.Rules, "rules", "", "`DIR` of rules (default: rules.dir of the configuration)")
	c.Flags().StringVar(&o.Input, "file", "", "`FILE` of one report a line, - for standard input (default: ClickHouse)")
	c.Flags().IntVar(&o.PerKey, "per-key", 0, "reports that a window keeps of a key, the newest; 0 = all")
	c.Flags().IntVar(&o.Entries, "entries", 0, "reports that are listed a window, the newest that count first; 0 = 50")
	c.Flags().StringVarP(&output, "output", "o", "table", "json or table")
	for _, name := range []string{"rule", "report"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // invariant: the flag is defined a few lines above
		}
	}
	return c
}

// configureExplain reads the configuration of -c, or the nearest one of the rules,
// or without --rules of the working folder.
func configureExplain(c *cobra.Command, o *app.ExplainOptions) error {
	path, err := c.Flags().GetString("config")
	if err != nil {
		path = "" // run without its root command
	}
	from := o.Rules
	if from == "" {
		from = "."
	}
	if path == "" {
		path, _ = config.Find(from)
	}
	if path == "" && o.Rules == "" {
		return errors.New("no haltwire.yaml here or above: name the rules with --rules, or the configuration with -c")
	}
	if path != "" && (o.Input == "" || o.Rules == "") {
		conf, err := config.Read(path)
		if err != nil {
			return err
		}
		if o.Rules == "" {
			o.Rules = conf.Rules.Dir
		}
		if o.Input == "" {
			o.Config = conf
		}
	}
	return o.Configure(path)
}

// isTerminal reports whether w shows colours: a terminal, unless NO_COLOR is set.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	return term.IsTerminal(int(f.Fd()))
}
