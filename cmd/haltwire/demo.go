package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/demo"
	"github.com/haltwire/haltwire/cmd/haltwire/demo/story"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sources/kafka"
)

func demoCmd() *cobra.Command {
	var length time.Duration
	var output, dir, play string
	var rate int
	c := &cobra.Command{
		Use:   "demo",
		Short: "Play two countries with embedded Kafka and ClickHouse, and everybody around them",
		Long: `India and the United Kingdom, two complete haltwires, in one process tree.
Banks and operators report, stolen money is asked for across the border, the
other side's officers decide, its bank holds what is left. Ctrl-C ends everything.

With --story sim-swap one case is played from the SIM swap to the court, by three
countries whose clocks jump: the money that moved on, the consent, the answers.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return exit(2, fmt.Errorf("-o %s: want table or json", output))
			}
			if length < 0 {
				return exit(2, fmt.Errorf("--for %s: want a time above 0, such as 20s", length))
			}
			if length < 0 {
				return exit(2, errors.New("--for: want a time of 0 or more, such as 20s; 0 runs until Ctrl-C"))
			}
			if there, err := os.ReadDir(dir); dir != "" && err == nil && len(there) > 0 {
				return exit(2, fmt.Errorf("--dir %s: not empty; name a new folder", dir))
			}
			if rate < 1 || rate > 100_000 {
				return exit(2, errors.New("--rate: want 1 to 100000 reports a second"))
			}
			kafka.Bound(int(config.Default().Kafka.Fetch.Decompressed))
			if play != "" {
				return tellStory(c, play, story.Options{Dir: dir, JSON: output == "json", Out: c.OutOrStdout(), Notes: c.ErrOrStderr(), Tree: drawTrail})
			}
			o := demo.Options{For: length, Rate: rate, Dir: dir, JSON: output == "json", Out: c.OutOrStdout(), Notes: c.ErrOrStderr(), Width: 120}
			if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && !o.JSON {
				o.Screen, o.Width = true, width
			}
			if err := demo.Run(c.Context(), o); err != nil {
				return exit(1, err)
			}
			return nil
		},
	}
	c.Flags().DurationVar(&length, "for", 0, "end by itself after this time, such as 20s")
	c.Flags().StringVarP(&output, "output", "o", "table", "table, or json: only the summary on stdout")
	c.Flags().IntVar(&rate, "rate", 2000, "reports a second of India; the United Kingdom has a quarter")
	c.Flags().StringVar(&play, "story", "", "play one case instead: "+story.Name)
	c.Flags().StringVar(&dir, "dir", "", "keep everything in this new `FOLDER` (default: a temporary one, removed at the end)")
	return c
}

// tellStory plays one case.
func tellStory(c *cobra.Command, name string, o story.Options) error {
	if name != story.Name {
		return exit(2, fmt.Errorf("--story %s: want %s", name, story.Name))
	}
	if err := story.Run(c.Context(), o); err != nil {
		return exit(1, err)
	}
	return nil
}

// drawTrail draws the trail of an alert and of those that follow it.
func drawTrail(ctx context.Context, w io.Writer, show func(context.Context, string) (*desk.Detail, error), d *desk.Detail) {
	(&trail{show: show}).of(ctx, d).draw(w, "")
}
