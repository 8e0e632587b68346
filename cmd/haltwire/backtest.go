package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/rules/backtest"
	"github.com/haltwire/haltwire/rules/backtest/view"
)

// backtestFlags are the flags that are not options of their own.
type backtestFlags struct {
	output, html, from, to string
	set                    []string
}

func backtestCmd() *cobra.Command {
	var o app.BacktestOptions
	var f backtestFlags
	c := &cobra.Command{
		Use:   "backtest --rules DIR [--against DIR] [FILE…]",
		Short: "Measure what rules would have said about the past, alone or against others",
		Long: `Judges a whole input by the evaluator that run uses, in event time and without
sending anything, and measures for each rule hits, alerts as they join on the desk,
subjects, money, and alerts a day for each party against the rule's budget; with
labels also precision, recall, F1 and time to detection. Rules that are not retired
are judged as if they were live. With --against the two sets are compared report by
report.

FILE is NDJSON of reports ("-" for standard input), or a table: .csv, .tsv, .parquet.
The columns of a table are called like fields (debtor.account or debtor_account), or
--map names a YAML file that says what they are. Without FILE the reports are those
that ClickHouse has, --from and --to of them.

  columns:                  # column: field; without columns they are called like fields
    sender: debtor.account
    state: {field: status, words: {OK: settled, NOK: refused, "*": pending}}
    paid_at: {field: occurred_at, time: "%Y-%m-%d %H:%M:%S", zone: Asia/Kolkata}
    step: {field: occurred_at, unit: h, from: 2026-01-01T00:00:00Z}
    paise: {field: amount, scale: "0.01"}
  constants: {reporter: HWBIINBB, kind: bank.transfer, report_id: "T{row}"}
  missing: ["", NULL]       # texts that mean that there is no value
  delimiter: ";"            # of CSV

Labels are CSV: reporter,report_id or payment or account; label (fraud or not);
optional since (RFC 3339).

Exit code: 0; 1 when a rule has errors; 2 when it could not run.`,
		RunE: func(c *cobra.Command, args []string) error {
			o.Files = args
			o.Log = c.ErrOrStderr()
			if err := f.into(c, &o); err != nil {
				return exit(2, err)
			}
			return runBacktest(c.Context(), c.OutOrStdout(), o, f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&o.Rules, "rules", "", "`DIR` of rules (required)")
	flags.StringVar(&o.Against, "against", "", "`DIR` of rules to compare with")
	flags.StringArrayVar(&o.Maps, "map", nil, "YAML `FILE` that says what the columns of a table are: one for all tables, or one a FILE")
	flags.StringVar(&o.Labels, "labels", "", "CSV `FILE` that says what was fraud")
	flags.BoolVar(&o.Strict, "unlabelled-is-not", false, "what has no label is not fraud (default: it does not count)")
	flags.StringVar(&f.from, "from", "", "measure reports from this `TIME` on: a date or RFC 3339; earlier ones are in windows")
	flags.StringVar(&f.to, "to", "", "and before this `TIME`")
	flags.StringArrayVar(&f.set, "set", nil, "replace a param: `NAME=VALUE` or RULE/NAME=VALUE")
	flags.DurationVar(&o.Episode, "episode", backtest.Episode, "how long an alert takes in further payments")
	flags.IntVarP(&o.Limit, "limit", "n", 100, "list at most so many differences")
	flags.StringVar(&o.Dead, "dead", "", "`FILE` for what could not be read, one JSON object a line")
	flags.StringVar(&f.html, "html", "", "`FILE` for the result as a page with charts")
	flags.StringVarP(&f.output, "output", "o", "table", "json or table")
	if err := c.MarkFlagRequired("rules"); err != nil {
		panic(err) // invariant: the flag is defined a few lines above
	}
	return c
}

// into fills in what the flags mean.
func (f *backtestFlags) into(c *cobra.Command, o *app.BacktestOptions) error {
	if f.output != "json" && f.output != "table" {
		return fmt.Errorf("-o %s: write json or table", f.output)
	}
	if err := f.times(o); err != nil {
		return err
	}
	o.Params = map[string]string{}
	for _, s := range f.set {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return fmt.Errorf("--set %s: write NAME=VALUE, such as floor=500", s)
		}
		o.Params[name] = value
	}
	if out, ok := o.Log.(*os.File); ok && term.IsTerminal(int(out.Fd())) {
		o.Progress = out
	}
	path, err := c.Flags().GetString("config")
	if err != nil {
		path = "" // run without its root command
	}
	return o.Configure(path)
}

// times fills in what is measured, and how long an alert takes in payments.
func (f *backtestFlags) times(o *app.BacktestOptions) error {
	var err error
	if o.From, err = moment("--from", f.from); err != nil {
		return err
	}
	if o.To, err = moment("--to", f.to); err != nil {
		return err
	}
	if !o.From.IsZero() && !o.To.IsZero() && !o.From.Before(o.To) {
		return fmt.Errorf("--from %s is not before --to %s", f.from, f.to)
	}
	if o.Episode <= 0 || o.Limit < 0 {
		return errors.New("--episode must be above 0, and --limit not below")
	}
	return nil
}

// moment reads a date or an RFC 3339 time; "" is the zero time.
func moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %s: write a date, such as 2026-03-01, or an RFC 3339 time", flag, text)
}

func runBacktest(ctx context.Context, out io.Writer, o app.BacktestOptions, f backtestFlags) error {
	r, err := app.Backtest(ctx, o)
	switch {
	case errors.Is(err, app.ErrBadRules):
		return exit(1, err)
	case err != nil:
		return exit(2, err)
	}
	if f.output == "json" {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		err = enc.Encode(r)
	} else {
		err = view.WriteText(out, r)
	}
	if err == nil && f.html != "" {
		err = writeHTML(f.html, r)
	}
	if err != nil {
		return exit(2, err)
	}
	return nil
}

func writeHTML(path string, r *backtest.Report) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("open page: %w", err)
	}
	if err := errors.Join(view.WriteHTML(file, r), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
