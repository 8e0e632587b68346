package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
)

// profile writes profiles of CPU and memory of the whole path into the folder of the options.
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

// run is haltwire under profiles, until it is asked to stop.
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
	var watch sync.WaitGroup
	ended := make(chan struct{})
	watch.Go(func() { err = errors.Join(err, s.heap(ended)) })
	failure := a.Run(ctx)
	close(ended)
	watch.Wait()
	return errors.Join(failure, err)
}

// heap keeps a profile of the memory in use at its greatest, beside the other
// one as *.heap.
func (s *stage) heap(ended <-chan struct{}) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var most uint64
	for {
		select {
		case <-ended:
			return nil
		case <-tick.C:
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapInuse < most+most/20 {
			continue
		}
		most = m.HeapInuse
		var b bytes.Buffer
		if err := pprof.Lookup("heap").WriteTo(&b, 0); err != nil {
			return err
		}
		if err := os.WriteFile(s.Profile+".heap", b.Bytes(), 0o600); err != nil {
			return err
		}
	}
}
