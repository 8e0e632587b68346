package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/live"
)

func alertsTasks(o *alertsOptions) *cobra.Command {
	limit := 0
	c := &cobra.Command{
		Use: "tasks", Short: "List the open tasks of all alerts, those of the oldest alert first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			list, err := client.Tasks(c.Context(), limit)
			if err != nil {
				return deskError(err)
			}
			return show(c.OutOrStdout(), o.output, map[string]any{"tasks": list}, func(w io.Writer) { tasksTable(w, list) })
		},
	}
	c.Flags().IntVarP(&limit, "limit", "n", 200, "at most so many, 500 at most")
	return c
}

func tasksTable(w io.Writer, list []desk.TaskView) {
	fmt.Fprintln(w, "SINCE\tALERT\tTASK\tKIND\tABOUT\tFOR\tPARTY\tSTATE\tSEVERITY\tWHY")
	for _, t := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", clock(t.At), short(t.AlertID), t.ID, t.Kind, dash(suffix(t.AlertID, t.About)),
			cmp.Or(string(t.For), "officer"), t.Party, t.State, dash(t.Severity), dash(strings.Join(whys(t.AlertID, t.Task), "; ")))
	}
}

func alertsParties(o *alertsOptions) *cobra.Command {
	return &cobra.Command{
		Use: "parties", Short: "List the parties, the ways to them and when they were last heard", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			list, err := client.Parties(c.Context())
			if err != nil {
				return deskError(err)
			}
			return show(c.OutOrStdout(), o.output, map[string]any{"parties": list}, func(w io.Writer) { partiesTable(w, list) })
		},
	}
}

func partiesTable(w io.Writer, list []desk.PartyView) {
	fmt.Fprintln(w, "PARTY\tKIND\tCOUNTRY\tPROFILE\tCHANNELS\tWAITING\tFAILURES\tDELIVERED\tRECEIPT\tHEARD")
	for _, p := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", p.ID, p.Kind, p.Country, p.Profile, dash(strings.Join(p.Channels, ", ")), p.Waiting, p.Failures,
			clock(p.Delivered), clock(p.Receipt), clock(p.Heard))
	}
}

func alertsPreview(o *alertsOptions) *cobra.Command {
	return &cobra.Command{
		Use: "preview ALERT", Short: "Print the request as it would go out now", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			p, err := client.Preview(c.Context(), args[0])
			if err != nil {
				return deskError(err)
			}
			return show(c.OutOrStdout(), o.output, p, func(w io.Writer) {
				fmt.Fprintf(w, "to\t%s\ntype\t%s\ndigest\t%s\n", p.Party, p.Type, p.Content)
				if text, err := json.MarshalIndent(p.Message, "", "  "); err == nil {
					fmt.Fprintf(w, "\n%s\n", text)
				}
			})
		},
	}
}

// retryAfter is how long watch waits before it asks again after the stream ended.
const retryAfter = time.Second

func alertsWatch(o *alertsOptions) *cobra.Command {
	return &cobra.Command{
		Use: "watch", Short: "Print a line for every change of an alert, until interrupted", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := deskClient(c, o)
			if err != nil {
				return err
			}
			defer client.Close()
			err = watch(c.Context(), client, c.OutOrStdout(), o.output)
			if errors.Is(err, context.Canceled) {
				return nil // it was asked to stop
			}
			return deskError(err)
		},
	}
}

// watch prints changes; after a cut it goes on where it was.
func watch(ctx context.Context, client *api.Client, w io.Writer, output string) error {
	if output == "table" {
		fmt.Fprintf(w, "%-20s  %-10s  %-3s  %-12s  %s\n", "AT", "ALERT", "DIR", "PARTY", "STATE")
	}
	last := ""
	for ctx.Err() == nil {
		err := client.Watch(ctx, last, func(id string, x live.Change) {
			last = id
			if output == "json" {
				_ = json.NewEncoder(w).Encode(x)
				return
			}
			fmt.Fprintf(w, "%-20s  %-10s  %-3s  %-12s  %s\n", time.Now().UTC().Format(time.DateTime)+"Z", spec.Visible(short(x.ID)), x.Direction, spec.Visible(x.Party), x.State)
		}, func(id string) {
			if last != "" && output == "table" {
				fmt.Fprintln(w, "some changes were missed: list anew")
			}
			last = id
		})
		var refused *api.Refused
		if errors.As(err, &refused) || err != nil && last == "" {
			return err
		}
		timer := time.NewTimer(retryAfter)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return cmp.Or(ctx.Err(), context.Canceled)
}
