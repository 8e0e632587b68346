package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/haltwire/haltwire/benchmarks/load/meter"
	"github.com/haltwire/haltwire/sinks/embedded"
	"github.com/haltwire/haltwire/sources/kafka"
)

// options are the flags.
type options struct {
	reports  int
	binary   string        // of haltwire
	format   string        // table | json
	readme   string        // whose results are rewritten; "" = none
	latency  time.Duration // how long each rate is held
	rate     int           // the only rate of the latency part; 0 = all
	profiles string        // folder of CPU profiles; "" = none
	only     string        // floor | whole | engine | latency | profile; "" = all
}

func main() {
	if code, child := embedded.ChildMain(); child {
		os.Exit(code)
	}
	kafka.Bound(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 2 && args[0] == stageCommand {
		return runStage(ctx, args[1], out)
	}
	var o options
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.IntVar(&o.reports, "reports", 1_000_000, "how many `reports` each measurement reads")
	flags.StringVar(&o.binary, "haltwire", "bin/haltwire", "`path` of the haltwire binary")
	flags.StringVar(&o.format, "o", "table", "`format`: table or json")
	flags.StringVar(&o.readme, "readme", "", "`file` whose section of results is rewritten")
	flags.DurationVar(&o.latency, "latency", 20*time.Second, "how long each rate is held")
	flags.IntVar(&o.rate, "rate", 0, "the only rate of the latency part, `reports` a second")
	flags.StringVar(&o.profiles, "profiles", "", "`folder` for CPU profiles of both loops")
	flags.StringVar(&o.only, "only", "", "one `part` alone: floor, whole, engine, latency or profile")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if _, err := os.Stat(o.binary); err != nil {
		return fmt.Errorf("the haltwire binary: %w: `make build` makes it", err)
	}
	r, err := measure(ctx, o)
	if err != nil {
		return err
	}
	if o.readme != "" {
		if err := rewrite(o.readme, r); err != nil {
			return err
		}
	}
	if o.format == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return writeTable(out, r)
}

// note tells people how far the run is.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// measure takes every measurement that o asks for.
func measure(ctx context.Context, o options) (r *results, err error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	r = &results{Reports: o.reports, Machine: meter.Here(), Kafka: "Apache Kafka " + kafkaVersion, At: time.Now().UTC().Truncate(time.Second)}
	if r.ClickHouse, err = w.engineVersion(ctx); err != nil {
		return nil, err
	}
	if err := w.fill(ctx); err != nil {
		return nil, err
	}
	r.Bytes = w.bytes
	for _, step := range []struct {
		name string
		run  func(context.Context, *results) error
	}{{"floor", w.floor}, {"whole", w.whole}, {"engine", w.engines}, {"latency", w.latencies}, {"profile", w.profile}} {
		if o.only != "" && o.only != step.name {
			continue
		}
		if err := step.run(ctx, r); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return r, nil
}
