package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
)

func evalCmd() *cobra.Command {
	var o app.EvalOptions
	var output string
	c := &cobra.Command{
		Use:   "eval --rules DIR [FILE.ndjson|-]",
		Short: "Judge a file of reports by a folder of rules, without any service",
		Long: `Judges the whole input (one report a line, "-" or nothing for standard input) and
prints one JSON object a hit that stands, by time, reporter, report and rule. Of
several versions of a report the latest counts. The last line on stderr says
read=4 accepted=3 dead=1 hits=2.

Exit code: 0, also with dead letters; 1 when a rule has errors; 2 when it could
not run.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Input = "-"
			if len(args) == 1 {
				o.Input = args[0]
			}
			if output != "json" && output != "table" {
				return exit(2, fmt.Errorf("-o %s: write json or table", output))
			}
			o.Table = output == "table"
			o.Out, o.Log = c.OutOrStdout(), c.ErrOrStderr()
			path, err := c.Flags().GetString("config")
			if err == nil {
				err = o.Configure(path)
			}
			if err != nil {
				return exit(2, err)
			}
			return runEval(o)
		},
	}
	c.Flags().StringVar(&o.Rules, "rules", "", "`DIR` of rules (required)")
	c.Flags().StringVar(&o.Dead, "dead", "", "`FILE` for what could not be read, one JSON object a line")
	c.Flags().StringVarP(&output, "output", "o", "json", "json or table")
	if err := c.MarkFlagRequired("rules"); err != nil {
		panic(err) // invariant: the flag is defined a few lines above
	}
	return c
}

func runEval(o app.EvalOptions) error {
	n, err := app.Eval(o)
	switch {
	case errors.Is(err, app.ErrBadRules):
		return exit(1, err)
	case err != nil:
		return exit(2, err)
	}
	fmt.Fprintf(o.Log, "read=%d accepted=%d dead=%d hits=%d\n", n.Read, n.Accepted, n.Dead, n.Hits)
	return nil
}
