package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/haltwire/haltwire/benchmarks/load/meter"
)

// floor measures what cannot be done without: two fetches, a projected and a
// whole decode, and the insert.
func (w *world) floor(ctx context.Context, r *results) error {
	r.Floor = &floor{}
	for _, s := range []struct {
		name string
		to   *share
	}{{"fetch", &r.Floor.Fetch}, {"project", &r.Floor.Project}, {"whole", &r.Floor.Whole}, {"judge", &r.Floor.Rules}} {
		got, err := w.stage(ctx, stage{Name: s.name})
		if err != nil {
			return err
		}
		*s.to = got.share()
		note("%-8s %s", s.name, s.to)
	}
	return w.floorInsert(ctx, r)
}

func (w *world) floorInsert(ctx context.Context, r *results) error {
	before, err := meter.Of(w.engine.Pid())
	if err != nil {
		return err
	}
	got, err := w.stage(ctx, stage{Name: "insert", Store: w.store("floor")})
	if err != nil {
		return err
	}
	if err := w.quiet(ctx); err != nil {
		return err
	}
	after, err := meter.Of(w.engine.Pid())
	if err != nil {
		return err
	}
	r.Floor.Insert = got.share()
	r.Floor.Insert.server(after.Sub(before), got.Reports)
	note("%-8s %s", "insert", r.Floor.Insert)
	return w.drop(ctx, "floor")
}

// stage runs one stage in a process of its own.
func (w *world) stage(ctx context.Context, s stage) (stageResult, error) {
	s.Brokers, s.Reports, s.Rules, s.Rates = w.broker.Addresses(), w.options.reports, w.rules[1000], w.path("rates.csv")
	order, err := json.Marshal(s)
	if err != nil {
		return stageResult{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return stageResult{}, err
	}
	var out bytes.Buffer
	c := exec.CommandContext(ctx, self, stageCommand, string(order))
	c.Stdout, c.Stderr = &out, os.Stderr
	if err := c.Run(); err != nil {
		return stageResult{}, fmt.Errorf("stage %s: %w", s.Name, err)
	}
	var got stageResult
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		return stageResult{}, fmt.Errorf("stage %s: %w", s.Name, err)
	}
	return got, nil
}
