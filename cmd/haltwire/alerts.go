package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// alertsOptions are the flags of the alerts verbs.
type alertsOptions struct {
	output string
	filter desk.Filter
}

func alertsCmd() *cobra.Command {
	var o alertsOptions
	c := &cobra.Command{
		Use:   "alerts",
		Short: "List, show and decide the alerts of a running haltwire",
		Long: `Talks to the running haltwire over its loopback API (listen.desk in the config).
An alert id may be cut short as long as it names one alert.

Exit code: 0; 1 when the desk refused; 2 when it could not be asked.`,
	}
	c.PersistentFlags().StringVarP(&o.output, "output", "o", "table", "json or table")
	c.AddCommand(alertsList(&o), alertsShow(&o))
	for _, v := range verbs() {
		c.AddCommand(alertsAct(&o, v))
	}
	return c
}

// verb is an officer's decision as a command.
type verb struct{ do, name, short string }

func verbs() []verb {
	return []verb{
		{"approve", "approve", "Approve a proposed request or an amendment (two officers, or one where the rule says so)"},
		{"reject", "reject", "End a proposal without a request"},
		{"confirm", "confirm", "Stand behind a request that went out by itself"},
		{"withdraw", "withdraw", "Take a request back (two different officers)"},
		{"accept", "accept", "Take a partner's request up"},
		{"authorise", "authorise", "Authorise the measure that a partner asks for (two different officers)"},
		{"refuse", "refuse", "Refuse a partner's request (two different officers)"},
		{"release", "release", "Release the answer to the partner"},
		{"lift", "lift", "Lift what a partner needs no more (two different officers)"},
		{"close_task", "close-task", "Close a task of an alert"},
	}
}

func alertsList(o *alertsOptions) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List alerts, newest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			list, err := client.List(c.Context(), o.filter)
			if err != nil {
				return deskError(err)
			}
			return show(c.OutOrStdout(), o.output, map[string]any{"alerts": list}, func(w io.Writer) { listTable(w, list) })
		},
	}
	c.Flags().StringVar(&o.filter.Direction, "direction", "", "in or out")
	c.Flags().StringVar(&o.filter.State, "state", "", "only alerts in this state")
	c.Flags().StringVar(&o.filter.Party, "party", "", "only alerts with this party")
	c.Flags().IntVarP(&o.filter.Limit, "limit", "n", 50, "at most so many; 0 = all")
	return c
}

func alertsShow(o *alertsOptions) *cobra.Command {
	return &cobra.Command{
		Use: "show ALERT", Short: "Show one alert with its payments and messages", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			d, err := client.Show(c.Context(), args[0])
			if err != nil {
				return deskError(err)
			}
			return show(c.OutOrStdout(), o.output, d, func(w io.Writer) { detailTable(w, d) })
		},
	}
}

func alertsAct(o *alertsOptions, v verb) *cobra.Command {
	var a desk.Action
	c := &cobra.Command{
		Use: v.name + " ALERT --as OFFICER", Short: v.short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			a.Do = v.do
			view, err := client.Act(c.Context(), args[0], a)
			if err != nil {
				return deskError(err)
			}
			return show(c.OutOrStdout(), o.output, view, func(w io.Writer) { listTable(w, []desk.View{view}) })
		},
	}
	c.Flags().StringVar(&a.As, "as", "", "the officer who decides")
	c.Flags().StringVar(&a.Reason, "reason", "", "why, for the log")
	switch v.do {
	case "authorise":
		c.Flags().StringVar(&a.Basis, "basis", "", "legal basis under our law")
	case "refuse":
		c.Flags().StringVar(&a.Code, "code", "", "refusal code: insufficient_grounds, not_competent, …")
	case "close_task":
		c.Flags().StringVar(&a.Task, "task", "", "the task's id: T1, T2, …")
	case "approve", "confirm":
		c.Flags().StringVar(&a.Digest, "content", "", "content that was looked at; refused when it has changed since")
	}
	_ = c.MarkFlagRequired("as")
	return c
}

// readConfig reads the file of -c, or the nearest haltwire.yaml, without
// demanding what only run needs.
func readConfig(c *cobra.Command) (*config.Config, error) {
	path, err := c.Flags().GetString("config")
	if err != nil || path == "" {
		found, ok := config.Find(".")
		if !ok {
			return nil, errors.New("no haltwire.yaml here or above: name it with -c")
		}
		path = found
	}
	return config.Read(path)
}

// deskClient returns a client of the desk that the config names.
func deskClient(c *cobra.Command, o *alertsOptions) (*api.Client, error) {
	if o.output != "json" && o.output != "table" {
		return nil, exit(2, fmt.Errorf("-o %s: write json or table", o.output))
	}
	cfg, err := readConfig(c)
	if err != nil {
		return nil, exit(2, err)
	}
	token, err := conn.ReadSecret(cfg.Listen.Desk.TokenFile)
	if err != nil {
		return nil, exit(2, fmt.Errorf("listen.desk.token_file: %w", err))
	}
	return api.NewClient(cfg.Listen.Desk.Address, token), nil
}

func deskError(err error) error {
	var refused *api.Refused
	if errors.As(err, &refused) {
		return exit(1, err)
	}
	return exit(2, err)
}

func show(w io.Writer, output string, v any, table func(io.Writer)) error {
	if output == "json" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	table(t)
	return t.Flush()
}

func listTable(w io.Writer, list []desk.View) {
	fmt.Fprintln(w, "ALERT\tDIR\tPARTY\tSTATE\tDISPUTED\tPAYMENTS\tHITS\tSEVERITY\tOPENED\tTO DO")
	for _, v := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", v.ID[:min(10, len(v.ID))], v.Direction, v.Party, stateText(v),
			totals(v.Totals), v.Payments, v.Hits, dash(v.Severity), clock(v.At.Opened), todo(v))
	}
}

func stateText(v desk.View) string {
	switch {
	case v.Blocked != "" && v.State == "proposed":
		return "blocked: " + v.Blocked
	case v.Ending != "":
		return v.State + " (" + v.Ending + ")"
	case v.Decision != "":
		return v.State + " (" + v.Decision + ")"
	}
	return v.State
}

func totals(list []freeze.Total) string {
	var out []string
	for _, t := range list {
		out = append(out, string(t.Disputed)+" "+t.Currency)
	}
	return dash(strings.Join(out, ", "))
}

// todo says what waits for people, and who has signed already.
func todo(v desk.View) string {
	var out []string
	if next := nextVerb(v); next != "" {
		out = append(out, next+signed(v, next))
	}
	if by := signed(v, "withdraw"); by != "" && v.State != "withdrawing" && v.State != "closed" {
		out = append(out, "withdraw"+by)
	}
	if v.Provisional && !v.Confirmed && v.Direction == "out" && v.State != "closed" {
		out = append(out, "confirm by "+clock(v.ConfirmBy))
	}
	for _, t := range v.Tasks {
		if t.Done == "" {
			out = append(out, strings.TrimSpace(t.ID+" "+t.Kind))
		}
	}
	return dash(strings.Join(out, ", "))
}

// nextVerb is the decision that an alert waits for, "" when it waits for none.
func nextVerb(v desk.View) string {
	if v.Direction == "out" {
		if v.State == "proposed" && v.Blocked == "" {
			return "approve"
		}
		return ""
	}
	return map[string]string{"received": "accept", "accepted": "authorise", "bank_answered": "release", "review": "lift"}[v.State]
}

// signed names the officers who have given one of the signatures that a verb
// takes for what the alert is now.
func signed(v desk.View, verb string) string {
	act := verb
	if verb == "approve" {
		act = "request"
	}
	var by []string
	for _, a := range v.Approvals {
		if a.Act == act && (act != "request" || a.Digest == "" || a.Digest == v.Content) && !slices.Contains(by, a.By) {
			by = append(by, a.By)
		}
	}
	if len(by) == 0 {
		return ""
	}
	return " (" + strings.Join(by, ", ") + " has, another is needed)"
}

func clock(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05Z")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func detailTable(w io.Writer, d *desk.Detail) {
	listTable(w, []desk.View{d.View})
	if s := d.Subject; s != nil {
		account := strings.TrimSpace(s.Account.Scheme + " " + s.Account.ID + " " + s.Account.SubAccount)
		fmt.Fprintf(w, "\nsubject\t%s, %s %s\n", account, s.Servicer.BIC+s.Servicer.ClearingID, s.AccountCountry)
	}
	if d.Blocked != "" {
		fmt.Fprintf(w, "blocked\t%s: %s\n", d.Blocked, d.BlockedWhy)
	}
	if d.MovedTo != "" {
		fmt.Fprintf(w, "moved to\t%s\n", d.MovedTo)
	}
	fmt.Fprintf(w, "case\t%s\nrules\t%s\nasks\t%s\ncontent\t%s\n", dash(d.CaseID), dash(strings.Join(d.Rules, ", ")), strings.Join(d.Asks, ", "), d.Content)
	fmt.Fprintln(w, "\nITEM\tDISPUTED\tEXECUTED\tRAIL\tUETR")
	for _, p := range d.Items {
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\n", p.ItemID, p.Disputed.Amount, p.Disputed.Currency, p.ExecutedAt, p.Rail, dash(p.Refs.UETR))
	}
	fmt.Fprintln(w, "\nMESSAGE\tTYPE\tOURS\tAT\tATTEMPTS\tRECEIPT")
	for _, m := range d.Messages {
		fmt.Fprintf(w, "%s\t%s\tyes\t%s\t%d\t%s\n", m.ID, m.Type, clock(m.At), m.Attempts, dash(m.Receipt))
	}
	for _, m := range d.Inbox {
		fmt.Fprintf(w, "%s\t%s\tno\t%s\t-\t-\n", m.ID, m.Type, clock(m.At))
	}
	for _, a := range d.Amounts {
		fmt.Fprintf(w, "\nmoney %s\tcredited %s\theld %s\treturned %s\tonward %s\tlost %s\tunaccounted %s\n", a.Currency, a.Credited, a.Held, a.Returned, a.Onward, a.Lost, a.Unaccounted)
	}
}
