package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
)

// profile writes CPU profiles of the whole path into the folder of the options.
func (w *world) profile(ctx context.Context, _ *results) error {
	if w.options.profiles == "" {
		return nil
	}
	if err := os.MkdirAll(w.options.profiles, 0o755); err != nil {
		return err
	}
	for _, n := range []int{1000, 10_000} {
		path, err := filepath.Abs(filepath.Join(w.options.profiles, fmt.Sprintf("whole-%d.pprof", n)))
		if err != nil {
			return err
		}
		used, m, err := w.once(ctx, n, full, w.options.reports, path)
		if err != nil {
			return err
		}
		note("profile with %d rules: %.2f µs a report with its start, %.1f s: go tool pprof -top %s", n, micros(used.CPU(), w.options.reports), m.Wall, path)
	}
	return nil
}

// run is haltwire under a CPU profile, until it is asked to stop.
func (s *stage) run(ctx context.Context, _ *stageResult) (err error) {
	f, err := os.Create(s.Profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	c, err := config.Load(s.Config)
	if err != nil {
		return err
	}
	a, err := app.New(c, app.Options{Log: os.Stderr})
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return a.Run(ctx)
}
