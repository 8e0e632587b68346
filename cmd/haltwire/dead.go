package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/deadletter"
)

// deadOptions are the flags of the dead verbs.
type deadOptions struct {
	output, topic, reason string
	limit                 int
	all                   bool
}

func deadCmd() *cobra.Command {
	var o deadOptions
	c := &cobra.Command{
		Use:   "dead",
		Short: "List, show and replay what could not be used",
		Long: `Reads the dead-letter topic. A letter is named by the place of its record:
TOPIC/PARTITION/OFFSET, as list prints it. Replay sends the original bytes to
their topic again, after the reporter, the config or haltwire has been mended;
the report is then judged and stored like any other.`,
	}
	c.PersistentFlags().StringVarP(&o.output, "output", "o", "table", "json or table")
	c.PersistentFlags().StringVar(&o.topic, "topic", "", "only letters of this topic")
	c.PersistentFlags().StringVar(&o.reason, "reason", "", "only letters for this reason, such as code")
	c.AddCommand(deadList(&o), deadShow(&o), deadReplay(&o))
	return c
}

// wants reports whether the flags, and the keys where there are any, name d.
func (o *deadOptions) wants(d event.Dead, keys []string) bool {
	return (o.topic == "" || o.topic == d.Topic) && (o.reason == "" || o.reason == string(d.Reason)) &&
		(len(keys) == 0 || slices.Contains(keys, deadletter.Key(d)))
}

// withLetters opens the topic that the config names for do.
func withLetters(c *cobra.Command, o *deadOptions, do func(context.Context, *deadletter.Topic) error) error {
	if o.output != "json" && o.output != "table" {
		return exit(2, fmt.Errorf("-o %s: write json or table", o.output))
	}
	conf, err := readKafkaConfig(c)
	if err != nil {
		return exit(2, err)
	}
	letters, err := app.DeadLetters(conf)
	if err != nil {
		return exit(2, err)
	}
	if err := errors.Join(do(c.Context(), letters), letters.Stop(c.Context())); err != nil {
		return exit(2, err)
	}
	return nil
}

// collect returns the wanted letters, each once, newest last.
func (o *deadOptions) collect(ctx context.Context, t *deadletter.Topic, keys []string) ([]event.Dead, error) {
	var all []event.Dead
	seen := map[event.Position]bool{}
	err := t.Each(ctx, func(d event.Dead) error {
		if o.wants(d, keys) && !seen[d.Position] {
			seen[d.Position] = true
			all = append(all, d)
		}
		return nil
	})
	return all, err
}

func deadList(o *deadOptions) *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List dead letters, newest last", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withLetters(c, o, func(ctx context.Context, t *deadletter.Topic) error {
				all, err := o.collect(ctx, t, nil)
				if err != nil {
					return err
				}
				return printLetters(c.OutOrStdout(), o.output, all[max(0, len(all)-o.limit):])
			})
		},
	}
	c.Flags().IntVarP(&o.limit, "limit", "n", 50, "at most so many")
	return c
}

func deadShow(o *deadOptions) *cobra.Command {
	return &cobra.Command{
		Use: "show TOPIC/PARTITION/OFFSET", Short: "Show one dead letter with its original bytes", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withLetters(c, o, func(ctx context.Context, t *deadletter.Topic) error {
				all, err := o.collect(ctx, t, args)
				if err == nil && len(all) == 0 {
					err = fmt.Errorf("no dead letter %s", args[0])
				}
				if err != nil || o.output == "json" {
					return errors.Join(err, printLetters(c.OutOrStdout(), o.output, all))
				}
				d := all[0]
				_, err = fmt.Fprintf(c.OutOrStdout(), "place    %s\ntime     %s\ncodec    %s\nreason   %s\nfield    %s\nmessage  %s\n\n%s\n",
					deadletter.Key(d), event.FormatTime(d.Time), d.Codec, d.Reason, dash(d.Field), d.Message, d.Raw)
				return err
			})
		},
	}
}

func deadReplay(o *deadOptions) *cobra.Command {
	c := &cobra.Command{
		Use: "replay [TOPIC/PARTITION/OFFSET …]", Short: "Send the original bytes of dead letters to their topics again",
		RunE: func(c *cobra.Command, keys []string) error {
			if len(keys) == 0 && o.topic == "" && o.reason == "" && !o.all {
				return exit(2, errors.New("name letters, or --topic, --reason or --all"))
			}
			return withLetters(c, o, func(ctx context.Context, t *deadletter.Topic) error {
				n, err := t.Replay(ctx, func(d event.Dead) bool { return o.wants(d, keys) })
				if err != nil {
					return err
				}
				return show(c.OutOrStdout(), o.output, map[string]int{"replayed": n}, func(w io.Writer) { fmt.Fprintf(w, "replayed %d\n", n) })
			})
		},
	}
	c.Flags().BoolVar(&o.all, "all", false, "every letter that is kept")
	return c
}

// printLetters writes one JSON object a letter, or a table.
func printLetters(w io.Writer, output string, all []event.Dead) error {
	if output == "json" {
		for _, d := range all {
			text, err := deadletter.Encode(d)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s\n", text); err != nil {
				return err
			}
		}
		return nil
	}
	return show(w, output, nil, func(w io.Writer) {
		fmt.Fprintln(w, "PLACE\tTIME\tREASON\tFIELD\tMESSAGE")
		for _, d := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", deadletter.Key(d), event.FormatTime(d.Time), d.Reason, dash(d.Field), d.Message)
		}
	})
}
