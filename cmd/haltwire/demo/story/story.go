package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/scenario"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Name is what the story is called on the command line.
const Name = "sim-swap"

// Options say how to show it.
type Options struct {
	Dir   string // where everything is kept; "" = a temporary folder, removed at the end
	JSON  bool   // only the summary on Out
	Out   io.Writer
	Notes io.Writer // progress for people
	// Tree draws the trail of an alert; show finds the alerts that follow it.
	Tree func(ctx context.Context, w io.Writer, show func(context.Context, string) (*desk.Detail, error), d *desk.Detail)
}

// Line is the story after one step.
type Line struct {
	At     time.Time        `json:"at"` // of the story
	Step   string           `json:"step"`
	What   string           `json:"what"`
	Alerts map[string]Alert `json:"alerts"` // A and B at the United Kingdom, C at the Emirates
}

// Alert is where an alert of India stands.
type Alert struct {
	State string           `json:"state"`
	Money []freeze.Amounts `json:"money,omitempty"` // the partner's word
}

// Run plays the story.
func Run(ctx context.Context, o Options) (err error) {
	dir, remove, err := o.folder()
	if err != nil {
		return err
	}
	w, err := scenario.Build(scenario.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, w.Close())
		if err == nil || ctx.Err() != nil {
			remove()
		}
	}()
	fmt.Fprintln(o.Notes, "starting three haltwires, each with its own broker and ClickHouse")
	if err := w.Start(ctx); err != nil {
		return err
	}
	lines, err := o.play(ctx, w)
	if err != nil {
		return err
	}
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(map[string]any{"story": Name, "steps": lines})
	}
	return o.end(ctx, w)
}

func (o Options) folder() (dir string, remove func(), err error) {
	if o.Dir == "" {
		dir, err = os.MkdirTemp("", "haltwire-story-")
		return dir, func() { _ = os.RemoveAll(dir) }, err
	}
	if dir, err = filepath.Abs(o.Dir); err != nil {
		return "", nil, fmt.Errorf("find folder %s: %w", o.Dir, err)
	}
	return dir, func() {}, os.MkdirAll(dir, 0o700)
}

// play plays step by step and shows each.
func (o Options) play(ctx context.Context, w *scenario.World) ([]Line, error) {
	var lines []Line
	if !o.JSON {
		fmt.Fprintf(o.Out, "%-12s  %-66s  %-18s %-18s %-18s\n", "story time", "", "A (GB)", "B (GB)", "C (AE)")
	}
	for _, s := range w.Steps() {
		if err := s.Play(ctx); err != nil {
			return nil, fmt.Errorf("step %s: %s: %w", s.Name, s.What, err)
		}
		l := Line{At: w.Clock.Now().Truncate(time.Second), Step: s.Name, What: s.What, Alerts: map[string]Alert{}}
		for name, id := range map[string]string{"A": w.A1, "B": w.B1, "C": w.C1} {
			if id == "" {
				continue
			}
			d, err := w.IN.Show(ctx, id)
			if err != nil {
				return nil, err
			}
			l.Alerts[name] = Alert{State: d.State, Money: d.Amounts}
		}
		lines = append(lines, l)
		if !o.JSON {
			l.write(o.Out)
		}
	}
	return lines, nil
}

func (l Line) write(w io.Writer) {
	text := fmt.Sprintf("%-12s  %-66s  %-18s %-18s %-18s", l.At.Format("Jan _2 15:04"), l.What, l.Alerts["A"].text(), l.Alerts["B"].text(), l.Alerts["C"].text())
	fmt.Fprintln(w, strings.TrimRight(text, " "))
}

func (a Alert) text() string {
	for _, m := range a.Money {
		if !m.Held.Zero() {
			return string(m.Held) + " held"
		}
	}
	for _, m := range a.Money {
		if !m.Returned.Zero() {
			return string(m.Returned) + " back"
		}
	}
	return strings.ReplaceAll(a.State, "_", " ")
}

// end shows what came of the money.
func (o Options) end(ctx context.Context, w *scenario.World) error {
	fmt.Fprintln(o.Out, "\nWhere the money is:")
	var parts []string
	for _, id := range []string{w.A1, w.B1, w.C1} {
		d, err := w.IN.Show(ctx, id)
		if err != nil {
			return err
		}
		if o.Tree != nil && id != w.C1 { // it hangs below A
			o.Tree(ctx, o.Out, w.IN.Show, d)
		}
		for _, m := range d.Amounts {
			parts = append(parts, sums(m)...)
		}
	}
	slices.Sort(parts)
	fmt.Fprintln(o.Out, "\n"+strings.Join(parts, "   "))
	return nil
}

// sums writes what is not nothing.
func sums(m freeze.Amounts) []string {
	var out []string
	for _, x := range []struct {
		name   string
		amount freeze.Dec
	}{{"credited", m.Credited}, {"held", m.Held}, {"returned", m.Returned}, {"moved on", m.Onward}, {"lost", m.Lost}, {"unaccounted", m.Unaccounted}} {
		if !x.amount.Zero() {
			out = append(out, fmt.Sprintf("%s %s %s", x.name, x.amount, m.Currency))
		}
	}
	return out
}
