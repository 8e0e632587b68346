package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/rules/ruletest"
)

func testCmd() *cobra.Command {
	var o app.EvalOptions
	var output, junit string
	var watch bool
	c := &cobra.Command{
		Use:   "test DIR",
		Short: "Run the tests that stand in a folder of rules",
		Long: `Runs every test of every rule below DIR by the evaluator that run and eval use:
in the given, the reversed and three shuffled orders, with every report doubled and
with a report a batch, which must all come to the same. Every failure is written
with its place, what was expected and what came; then what of each rule the tests
have seen: cases and weights that were true, and comparisons that were true, false
and unknown. The last line on stderr says tests=12 failed=0.

Exit code: 0; 1 when a test fails or a rule or test has errors; 2 when no test was
run or it could not run.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if output != "json" && output != "table" {
				return exit(2, fmt.Errorf("-o %s: write json or table", output))
			}
			o.Rules, o.Log = args[0], c.ErrOrStderr()
			path, err := c.Flags().GetString("config")
			if err != nil {
				path = "" // run without its root command
			}
			if err := o.Configure(path); err != nil {
				return exit(2, err)
			}
			if watch {
				return watchTests(c, o, output, junit)
			}
			return runTest(c, o, output, junit)
		},
	}
	c.Flags().StringVar(&junit, "junit", "", "`FILE` for the results as JUnit XML")
	c.Flags().BoolVar(&watch, "watch", false, "run again whenever a file of DIR changes, until interrupted")
	c.Flags().StringVarP(&output, "output", "o", "table", "json or table")
	return c
}

func runTest(c *cobra.Command, o app.EvalOptions, output, junit string) error {
	s, err := app.Test(o)
	switch {
	case errors.Is(err, app.ErrBadRules):
		return exit(1, err)
	case err != nil:
		return exit(2, err)
	}
	if output == "json" {
		err = s.WriteJSON(c.OutOrStdout())
	} else {
		err = s.WriteText(c.OutOrStdout())
	}
	if err == nil && junit != "" {
		err = writeJUnit(s, junit)
	}
	if err != nil {
		return exit(2, err)
	}
	fmt.Fprintf(c.ErrOrStderr(), "tests=%d failed=%d\n", len(s.Results), s.Failed())
	if s.Failed() > 0 {
		return exit(1, nil)
	}
	return nil
}

// watchEvery is how often --watch looks for changes: soon enough for a person, and a
// few stats for the machine.
const watchEvery = 500 * time.Millisecond

// watchTests runs the tests now and after every change, until the command's context
// ends.
func watchTests(c *cobra.Command, o app.EvalOptions, output, junit string) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	last := ""
	for {
		if now := fingerprint(o.Rules); now != last {
			last = now
			var e *exitError
			if err := runTest(c, o, output, junit); errors.As(err, &e) && e.err != nil {
				fmt.Fprintln(c.ErrOrStderr(), "haltwire:", e.err)
			}
		}
		select {
		case <-c.Context().Done():
			return nil
		case <-ticker.C:
		}
	}
}

// fingerprint tells one state of the rule files below dir from another.
func fingerprint(dir string) string {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		info, err := os.Stat(path)
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		fmt.Fprintln(&b, err)
	}
	return b.String()
}

func writeJUnit(s *ruletest.Summary, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("open JUnit file: %w", err)
	}
	if err := errors.Join(s.WriteJUnit(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
