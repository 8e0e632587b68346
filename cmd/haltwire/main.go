// Command haltwire carries fraud reports to freeze requests: it reads reports
// from Kafka, judges them by rules, keeps them in ClickHouse and asks partner
// countries to hold the money. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sinks/embedded"
)

func main() {
	if code, child := embedded.ChildMain(); child { // the engine runs in a child of this binary
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string) int {
	root := rootCmd()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var e *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		if e.err != nil {
			fmt.Fprintln(os.Stderr, "haltwire:", spec.Visible(e.err.Error()))
		}
		return e.code
	}
	fmt.Fprintln(os.Stderr, "haltwire:", spec.Visible(err.Error()))
	if c, _, found := root.Find(args); found == nil { // a flag or an argument is wrong
		fmt.Fprintf(os.Stderr, "usage: %s (more by --help)\n", c.UseLine())
	}
	return 2
}

// exitError ends the process with a code; without an error it says nothing more.
type exitError struct {
	code int
	err  error
}

// Error implements error.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns the wrapped error.
func (e *exitError) Unwrap() error { return e.err }

// exit returns an error that makes the process end with code.
func exit(code int, err error) error { return &exitError{code: code, err: err} }

func rootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:           "haltwire",
		Short:         "Fraud reports in, freeze requests out, the money held and proven",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentFlags().StringP("config", "c", "", "configuration `FILE` (default: haltwire.yaml in DIR or its parents, else built-in defaults)")
	root.AddCommand(runCmd(), demoCmd(), checkCmd(), testCmd(), fmtCmd(), functionsCmd(), evalCmd(), backtestCmd(), explainCmd(), alertsCmd(), deadCmd(), auditCmd(), keysCmd(), peopleCmd(), schemaCmd(), versionCmd())
	return root
}
