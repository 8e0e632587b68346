package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/sources/kafka"
)

func runCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run haltwire: detect, archive, alert, follow each alert to its outcome",
		Long: `Runs until SIGTERM or Ctrl-C, which drain and end it within 30 seconds.
SIGHUP reads the rules, lists, tables and rates again, as a change of their files
does; a set with an error, or whose tests fail, is refused as a whole.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			conf, err := loadConfig(c)
			if err != nil {
				return exit(2, err)
			}
			kafka.Bound(int(conf.Kafka.Fetch.Decompressed))
			reload, stop := hangups(c.Context())
			defer stop()
			a, err := app.New(conf, app.Options{Log: c.ErrOrStderr(), Reload: reload})
			if err != nil {
				return exit(2, err)
			}
			if err := a.Run(c.Context()); err != nil {
				return exit(1, err)
			}
			return nil
		},
	}
}

// loadConfig reads the file of -c, or the nearest haltwire.yaml.
func loadConfig(c *cobra.Command) (*config.Config, error) {
	path, err := c.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	if path == "" {
		var ok bool
		if path, ok = config.Find("."); !ok {
			path = config.FileName // Load says that it is not there
		}
	}
	return config.Load(path)
}

// hangups passes each SIGHUP on until stop is called.
func hangups(ctx context.Context) (reload <-chan struct{}, stop func()) {
	signals, out := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			}
			select {
			case <-ctx.Done():
				return
			case out <- struct{}{}:
			}
		}
	}()
	return out, func() { signal.Stop(signals); cancel(); <-done }
}
