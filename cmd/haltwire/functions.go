package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/rules/lang"
)

func functionsCmd() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "functions",
		Short: "List the functions of rules, with what they mean and an example",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			all := lang.Reference()
			switch output {
			case "json":
				enc := json.NewEncoder(c.OutOrStdout())
				enc.SetEscapeHTML(false)
				enc.SetIndent("", "  ")
				return enc.Encode(all)
			case "table":
				t := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "FUNCTION\tWHERE\tMEANING\tMISSING WHEN\tEXAMPLE")
				for _, f := range all {
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.Signature, f.Where, f.Meaning, f.Missing, f.Example)
				}
				return t.Flush()
			}
			return exit(2, fmt.Errorf("-o %s: write json or table", output))
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "table", "json or table")
	return c
}
