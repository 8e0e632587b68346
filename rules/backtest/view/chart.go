package view

import (
	"fmt"
	"math"
	"strings"

	"github.com/haltwire/haltwire/rules/backtest"
)

// Sizes of charts, in units of the page. Bars beside a table are small; the chart of
// all alerts takes the width of the text.
const (
	sparkWidth, sparkHeight = 180, 36
	wideWidth, wideHeight   = 860, 170
	maxBars                 = 400 // more days are drawn together
	widestBar               = 56  // few days do not fill the width
)

// bars is alerts a day as a chart.
type bars struct {
	Width, Height int
	Path          string  // of all bars
	Used          float64 // width that they take
	Budget        float64 // height of the budget's line, -1 = none
	Max           int     // alerts of the highest bar
	PerBar        int     // days a bar
	From, To      string
	Text          string // what it shows, in words
}

// newBars draws alerts a day.
func newBars(name string, days []int, s backtest.Span, budget, width, height int) *bars {
	if len(days) == 0 {
		return nil
	}
	per := (len(days) + maxBars - 1) / maxBars
	var heights []int
	for i := 0; i < len(days); i += per {
		most := 0
		for _, n := range days[i:min(i+per, len(days))] {
			most = max(most, n)
		}
		heights = append(heights, most)
	}
	b := &bars{Width: width, Height: height, Budget: -1, PerBar: per, From: s.From, To: s.To}
	total := 0
	for _, n := range days {
		b.Max = max(b.Max, n)
		total += n
	}
	top := float64(max(b.Max, budget, 1))
	step := min(float64(width)/float64(len(heights)), widestBar)
	b.Used = step * float64(len(heights))
	gap := min(1.5, step/5)
	var path strings.Builder
	for i, n := range heights {
		if n > 0 {
			h := float64(height) * float64(n) / top
			fmt.Fprintf(&path, "M%s %sh%sv%sh-%sz", num(float64(i)*step+gap/2), num(float64(height)-h), num(step-gap), num(h), num(step-gap))
		}
	}
	b.Path = path.String()
	b.Text = fmt.Sprintf("%s: alerts a day from %s to %s, %d in all, at most %d a day", name, s.From, s.To, total, b.Max)
	if budget > 0 {
		b.Budget = float64(height) * (1 - float64(budget)/top)
		b.Text += fmt.Sprintf("; the budget is %d", budget)
	}
	return b
}

// num returns a coordinate: no more digits than anybody can see.
func num(f float64) string {
	return fmt.Sprint(math.Round(f*100) / 100)
}

// part is a stretch of a bar.
type part struct {
	X, Width float64
	Class    string
}

// stack is one bar of stretches side by side.
type stack struct {
	Name  string
	Parts []part
	Text  string
}

const stackWidth = 360

// differences draws what differs of each rule, on one scale.
func differences(d *backtest.Difference) []stack {
	most := 1
	for _, r := range d.Rules {
		most = max(most, r.OnlyA+r.OnlyB+r.Other)
	}
	var out []stack
	for _, r := range d.Rules {
		s := stack{Name: r.Rule, Text: fmt.Sprintf("%s: %d only in A, %d only in B, %d with another case", r.Rule, r.OnlyA, r.OnlyB, r.Other)}
		x := 0.0
		for i, n := range []int{r.OnlyA, r.OnlyB, r.Other} {
			w := stackWidth * float64(n) / float64(most)
			if n > 0 {
				s.Parts = append(s.Parts, part{x, max(w, 1), []string{"a", "b", "other"}[i]})
			}
			x += w
		}
		out = append(out, s)
	}
	return out
}

// meter is a share as a bar.
type meter struct {
	Width float64
	Label string
}

const meterWidth = 110

func newMeter(share *float64) *meter {
	if share == nil {
		return nil
	}
	return &meter{Width: meterWidth * *share, Label: percent(share)}
}
