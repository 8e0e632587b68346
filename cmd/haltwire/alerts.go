package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// alertsOptions are the flags of the alerts verbs.
type alertsOptions struct {
	output string
	token  string // file
	filter desk.Filter
}

func alertsCmd() *cobra.Command {
	var o alertsOptions
	c := &cobra.Command{
		Use:   "alerts",
		Short: "List, show and decide the alerts of a running haltwire",
		Long: `Talks to the running haltwire over its loopback API (listen.desk in the config).
An alert id may be cut short as long as it names one alert.

In the development form (officers in the config) --as names who decides; where
people have logins, the token of --token-file does.

Exit code: 0; 1 when the desk refused; 2 when it could not be asked.`,
	}
	c.PersistentFlags().StringVarP(&o.output, "output", "o", "table", "json or table")
	c.PersistentFlags().StringVar(&o.token, "token-file", "", "`FILE` with the token (default: listen.desk.token_file)")
	c.AddCommand(alertsList(&o), alertsShow(&o), alertsTasks(&o), alertsParties(&o), alertsPreview(&o), alertsWatch(&o), alertsReceive(&o))
	for _, v := range verbs() {
		c.AddCommand(alertsAct(&o, v))
	}
	return c
}

func alertsList(o *alertsOptions) *cobra.Command {
	since := ""
	c := &cobra.Command{
		Use: "list", Short: "List alerts, newest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			if o.filter.Since, err = openedSince(since, time.Now()); err != nil {
				return exit(2, err)
			}
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
	c.Flags().StringVar(&o.filter.Severity, "severity", "", "only alerts of this severity: critical, high, …")
	c.Flags().StringVar(&o.filter.Task, "task", "", "only alerts with an open task of this kind; any = of any")
	c.Flags().StringVar(&since, "since", "", "only alerts opened in this time, 2h or 7d, or since a moment, RFC 3339")
	c.Flags().IntVarP(&o.filter.Limit, "limit", "n", 50, "at most so many; 0 = all")
	return c
}

func alertsShow(o *alertsOptions) *cobra.Command {
	return &cobra.Command{
		Use: "show ALERT", Short: "Show one alert: payments, messages, who holds what where, and what happened", Args: cobra.ExactArgs(1),
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
			if o.output == "json" {
				return show(c.OutOrStdout(), o.output, d, nil)
			}
			events, err := client.Events(c.Context(), d.ID)
			if err != nil {
				return deskError(err)
			}
			tree := (&trail{show: client.Show}).of(c.Context(), d)
			return show(c.OutOrStdout(), o.output, d, func(w io.Writer) {
				detailTable(w, d)
				fmt.Fprintln(w, "\nWHO HOLDS WHAT WHERE")
				tree.draw(w, "")
				timeline(w, d, events)
			})
		},
	}
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

// readKafkaConfig is readConfig for commands that read the topics themselves.
func readKafkaConfig(c *cobra.Command) (*config.Config, error) {
	conf, err := readConfig(c)
	if err != nil {
		return nil, err
	}
	return conf, app.FindBroker(conf)
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
	from, file := "listen.desk.token_file", cfg.Listen.Desk.TokenFile
	if o.token != "" {
		from, file = "--token-file", o.token
	}
	token, err := conn.ReadSecret(file)
	if err != nil {
		return nil, exit(2, fmt.Errorf("%s: %w", from, err))
	}
	if cfg.Listen.Desk.TLS.Cert == "" {
		return api.NewClient(cfg.Listen.Desk.Address, token), nil
	}
	chain, err := os.ReadFile(cfg.Listen.Desk.TLS.Cert)
	if err != nil {
		return nil, exit(2, fmt.Errorf("listen.desk.tls.cert: %w", err))
	}
	client, err := api.NewTLSClient(cfg.Listen.Desk.Address, token, chain)
	if err != nil {
		return nil, exit(2, fmt.Errorf("listen.desk.tls.cert: %w", err))
	}
	return client, nil
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
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	table(t)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, spec.Visible(b.String())) // partners' words command no terminal
	return err
}

// openedSince returns the Unix ms of a moment, or of that long before now.
func openedSince(s string, now time.Time) (int64, error) {
	if s == "" {
		return 0, nil
	}
	if ago, err := conn.ParseDuration(s); err == nil {
		return now.Add(-ago).UnixMilli(), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, fmt.Errorf("--since %q: want a time like 2h or 7d, or a moment like 2026-03-02T04:10:00Z", s)
	}
	return at.UnixMilli(), nil
}

func listTable(w io.Writer, list []desk.View) {
	fmt.Fprintln(w, "ALERT\tDIR\tPARTY\tSTATE\tDISPUTED\tPAYMENTS\tHITS\tSEVERITY\tOPENED\tTO DO")
	for _, v := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", short(v.ID), v.Direction, v.Party, stateText(v),
			totals(v.Totals), v.Payments, v.Hits, dash(v.Severity), clock(v.At.Opened), todo(v))
	}
}

func stateText(v desk.View) string {
	switch {
	case v.Blocked != "" && v.State == "proposed":
		return "blocked: " + v.Blocked
	case v.Blocked != "" && v.State != "closed":
		return v.State + ", blocked: " + v.Blocked
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

// maxTodo bounds what a cell of a list says: show says all of it.
const maxTodo = 8

// todo says what waits for people, and how many have signed already.
func todo(v desk.View) string {
	var out []string
	if v.Underway != "" {
		out = append(out, v.Underway+" …")
	}
	next, signed := nextVerb(v), countersigns(v)
	if next != "" && !slices.ContainsFunc(v.Countersign, func(c apply.Countersign) bool { return commandOf(c.Act) == next }) {
		out = append(out, next)
	}
	out = append(out, signed...)
	if v.Provisional && !v.Confirmed && v.Direction == "out" && v.State != "closed" {
		out = append(out, "confirm by "+clock(v.ConfirmBy))
	}
	for _, x := range v.Unrecalled {
		out = append(out, "recall of "+suffix(v.ID, x.Item)+" blocked: "+x.Why)
	}
	for _, t := range v.Tasks {
		if t.Done == "" {
			out = append(out, strings.TrimSpace(t.ID+" "+t.Kind+waiting(v, t)))
		}
	}
	if more := len(out) - maxTodo; more > 0 {
		out = append(out[:maxTodo], fmt.Sprintf("and %d more", more))
	}
	return dash(strings.Join(out, ", "))
}

// waiting says how many onward movements a task is about, and the budget that they wait
// for, "" of another task.
func waiting(v desk.View, t apply.Task) string {
	if t.Kind != "trail" || v.Waiting == 0 {
		return ""
	}
	why := ""
	if v.Overflow != nil {
		why = fmt.Sprintf(" The budget of %d in 24 h is used up.", v.Overflow.Limit)
	}
	return fmt.Sprintf(" (%d movements wait: follow them?%s)", v.Waiting, why)
}

// countersigns says of each act that waits for another signature on what terms, how many
// have signed, and whose signature it takes: "extend M01 until 2026-04-11 18:00Z: 1 of 2".
func countersigns(v desk.View) []string {
	var out []string
	for _, c := range v.Countersign {
		text := commandOf(c.Act)
		if c.About != "" {
			text += " " + suffix(v.ID, c.About)
		}
		if c.Code != "" {
			text += " (" + c.Code + ")"
		}
		if c.Amount != nil {
			text += " " + money(*c.Amount)
		}
		text += fmt.Sprintf("%s: %d of %d", until(c.Until), c.Has, c.Needs)
		if c.For != caselog.RoleOfficer {
			text += " " + string(c.For) + "s"
		}
		out = append(out, text)
	}
	return out
}

// commandOf is an act of the state as people type it.
func commandOf(act string) string {
	if act == apply.ActRequest {
		return "approve"
	}
	return strings.ReplaceAll(act, "_", "-")
}

// nextVerb is the decision that an alert waits for, "" when it waits for none.
func nextVerb(v desk.View) string {
	if v.Direction == "out" {
		if v.Blocked == "" && (v.State == "proposed" || v.Needs > 0) {
			return "approve"
		}
		return ""
	}
	return map[string]string{
		"received": "accept", "accepted": "authorise", "assessing": "authorise", "bank_answered": "release", "review": "lift",
	}[v.State]
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

// notesTable prints what people wrote about an alert, for whoever is shown it.
func notesTable(w io.Writer, notes []desk.NoteView) {
	if len(notes) == 0 {
		return
	}
	fmt.Fprintln(w, "\nNOTE BY\tAT\tTEXT")
	for _, n := range notes {
		fmt.Fprintf(w, "%s\t%s\t%s\n", n.By, clock(n.At), strings.Join(strings.Fields(n.Text), " "))
	}
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
	fmt.Fprintf(w, "case\t%s\nrules\t%s\nasks\t%s\ndigest\t%s\n", dash(d.CaseID), dash(strings.Join(d.Rules, ", ")), strings.Join(d.Asks, ", "), d.Content)
	requestTable(w, d.Request)
	fmt.Fprintln(w, "\nITEM\tDISPUTED\tEXECUTED\tRAIL\tUETR")
	for _, p := range d.Items {
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\n", p.ItemID, p.Disputed.Amount, p.Disputed.Currency, p.ExecutedAt, p.Rail, dash(p.Refs.UETR))
	}
	fmt.Fprintln(w, "\nMESSAGE\tTYPE\tOURS\tAT\tATTEMPTS\tRECEIPT")
	for _, m := range d.Messages {
		fmt.Fprintf(w, "%s\t%s\tyes\t%s\t%d\t%s\n", m.ID, m.Type, clock(m.At), m.Attempts, dash(m.Receipt))
	}
	for _, m := range d.Inbox {
		fmt.Fprintf(w, "%s\t%s\tno\t%s\t-\t%s\n", m.ID, m.Type, clock(m.At), dash(older(d.ID, m)))
	}
	openTasks(w, &d.View)
	notesTable(w, d.Notes)
	for _, a := range d.Amounts {
		fmt.Fprintf(w, "\nmoney %s\tcredited %s\theld %s\treturned %s\tonward %s\tlost %s\tunaccounted %s\n", a.Currency, a.Credited, a.Held, a.Returned, a.Onward, a.Lost, a.Unaccounted)
	}
}
