package view

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"

	"github.com/haltwire/haltwire/rules/backtest"
)

//go:embed page.html
var page string

// document is what the page shows.
type document struct {
	*backtest.Report
	Sets        []*set
	Differences []stack
}

// set is one set of rules with its charts.
type set struct {
	*backtest.Set
	Letter   string
	Labelled bool
	Bars     *bars
	Rows     []row
	Notes    []string
}

// row is one rule.
type row struct {
	*backtest.Rule
	Total             bool
	Bars              *bars
	Precision, Recall *meter
}

// WriteHTML writes r as one HTML page that needs nothing else.
func WriteHTML(w io.Writer, r *backtest.Report) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"amounts": amounts, "party": party, "percent": percent, "span": span, "case": caseOf, "num": num, "thousands": thousands, "plain": plain, "days": func(n int) string { return count(n, "day") },
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	d := document{Report: r, Sets: []*set{newSet("A", &r.A, r.Span)}}
	if r.B != nil {
		d.Sets = append(d.Sets, newSet("B", r.B, r.Span))
	}
	if r.Difference != nil {
		d.Differences = differences(r.Difference)
	}
	if err := t.Execute(w, d); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

func newSet(letter string, s *backtest.Set, span backtest.Span) *set {
	out := &set{Set: s, Letter: letter, Labelled: s.Total.Quality != nil, Notes: notes(s, false)}
	out.Bars = newBars("All rules", s.Total.Days, span, 0, wideWidth, wideHeight)
	for i := range s.Rules {
		out.Rows = append(out.Rows, newRow(&s.Rules[i], s.Rules[i].ID, span))
	}
	total := newRow(&s.Total, "All rules", span)
	total.Total = true
	out.Rows = append(out.Rows, total)
	return out
}

func newRow(r *backtest.Rule, name string, span backtest.Span) row {
	out := row{Rule: r, Bars: newBars(name, r.Days, span, r.Budget, sparkWidth, sparkHeight)}
	if q := r.Quality; q != nil {
		out.Precision, out.Recall = newMeter(q.Precision), newMeter(q.Recall)
	}
	return out
}

// thousands returns n with a thin gap between groups of three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
