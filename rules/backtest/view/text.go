package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/haltwire/haltwire/rules/backtest"
)

// WriteText writes r as tables for people.
func WriteText(w io.Writer, r *backtest.Report) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%d reports", r.Input.Reports)
	if r.Span.Days > 0 {
		fmt.Fprintf(&out, " over %s, %s to %s", count(r.Span.Days, "day"), r.Span.From, r.Span.To)
	}
	fmt.Fprintf(&out, "; read %d, accepted %d, dead %d\n", r.Input.Read, r.Input.Accepted, r.Input.Dead)
	if err := writeSet(&out, "A", &r.A); err != nil {
		return err
	}
	if r.B != nil {
		if err := writeSet(&out, "B", r.B); err != nil {
			return err
		}
	}
	if r.Difference != nil {
		if err := writeDifference(&out, r.Difference); err != nil {
			return err
		}
	}
	var text strings.Builder
	for line := range strings.Lines(out.String()) {
		text.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// writeSet writes the rules of a set and the total.
func writeSet(out io.Writer, name string, s *backtest.Set) error {
	fmt.Fprintf(out, "\n%s  %s\n", name, plain(s.Name))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	header := "RULE\tSTATUS\tHITS\tALERTS\tALONE\tSUBJECTS\tAMOUNT\tPARTY\tA DAY P50\tP95\tMAX\tBUDGET\tDAYS OVER"
	if s.Total.Quality != nil {
		header += "\tPRECISION\tRECALL\tF1\tDETECTED P50\tP95"
	}
	fmt.Fprintln(t, header)
	for i := range s.Rules {
		writeRule(t, &s.Rules[i], s.Total.Quality != nil)
	}
	total := s.Total
	total.ID = "all rules"
	writeRule(t, &total, s.Total.Quality != nil)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	for _, line := range notes(s, true) {
		fmt.Fprintln(out, line)
	}
	return nil
}

// writeRule writes the row of a rule, and one for each further party.
func writeRule(t io.Writer, r *backtest.Rule, labelled bool) {
	loads := r.Load
	if len(loads) == 0 {
		loads = []backtest.Load{{Party: "-"}}
	}
	for i, l := range loads {
		lead := "\t\t\t\t\t\t\t"
		if i == 0 {
			lead = fmt.Sprintf("%s\t%s\t%d\t%d\t%d\t%d\t%s\t", plain(r.ID), plain(r.Status), r.Hits, r.Alerts, r.Alone, r.Subjects, amounts(r.Amounts))
		}
		budget, over := "-", "-"
		if r.Budget > 0 {
			budget, over = strconv.Itoa(r.Budget), strconv.Itoa(l.OverDays)
		}
		fmt.Fprintf(t, "%s%s\t%d\t%d\t%d\t%s\t%s", lead, party(l.Party), l.P50, l.P95, l.Max, budget, over)
		switch {
		case labelled && i > 0:
			fmt.Fprint(t, "\t\t\t\t\t") // cells end columns, and a column ends where a row has none
		case labelled:
			q := r.Quality
			if q == nil {
				q = &backtest.Quality{}
			}
			fmt.Fprintf(t, "\t%s\t%s\t%s\t%s\t%s", percent(q.Precision), percent(q.Recall), percent(q.F1), span(q.P50), span(q.P95))
		}
		fmt.Fprintln(t)
	}
}

// notes returns what a table has no column for; labels are one of these things on a
// terminal.
func notes(s *backtest.Set, labels bool) []string {
	var out []string
	if q := s.Total.Quality; q != nil && labels {
		out = append(out, fmt.Sprintf("labels by %s: %d fraud, %d not, %d not in the input; found %d fraud, %d not, %d without a label",
			q.By, q.Fraud, q.NotFraud, q.Absent, q.Found, q.Wrong, q.Unlabelled))
	}
	for i := range s.Rules {
		r := &s.Rules[i]
		for _, n := range []struct {
			n    uint64
			what string
		}{{uint64(r.Excepted), "hits excepted"}, {uint64(r.Cut), "hits whose window or alert was cut"}, {r.Errors, "run-time errors"}} {
			if n.n > 0 {
				out = append(out, fmt.Sprintf("%s: %d %s", plain(r.ID), n.n, n.what))
			}
		}
	}
	return out
}

// writeDifference writes in what two sets differ.
func writeDifference(out io.Writer, d *backtest.Difference) error {
	fmt.Fprintf(out, "\nhits: %d in both, %d only in A, %d only in B, %d with another case\n", d.Same, d.OnlyA, d.OnlyB, d.Other)
	fmt.Fprintf(out, "reports with a hit: %d in both, %d only in A, %d only in B\n", d.Reports.Both, d.Reports.OnlyA, d.Reports.OnlyB)
	if len(d.Rules) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nRULE\tSAME\tONLY A\tONLY B\tOTHER CASE")
	for _, r := range d.Rules {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\n", plain(r.Rule), r.Same, r.OnlyA, r.OnlyB, r.Other)
	}
	if len(d.List) > 0 {
		fmt.Fprintln(t, "\nOCCURRED\tREPORT\tKIND\tRULE\tIN A\tIN B")
	}
	for _, c := range d.List {
		fmt.Fprintf(t, "%s\t%s/%s\t%s\t%s\t%s\t%s\n", plain(c.OccurredAt), plain(c.Reporter), plain(c.ReportID), plain(c.Kind), plain(c.Rule), caseOf(c.CaseA), caseOf(c.CaseB))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	if d.More > 0 {
		fmt.Fprintf(out, "and %d more\n", d.More)
	}
	return nil
}

// caseOf returns what a set says of a report.
func caseOf(name *string) string {
	switch {
	case name == nil:
		return "-"
	case *name == "":
		return "hit"
	}
	return plain(*name)
}

func party(p string) string {
	switch p {
	case "":
		return "all"
	case backtest.Nobody:
		return "-"
	}
	return plain(p)
}

func amounts(all []backtest.Amount) string {
	if len(all) == 0 {
		return "-"
	}
	var parts []string
	for _, a := range all {
		parts = append(parts, a.Amount.String()+" "+plain(a.Currency))
	}
	return strings.Join(parts, ", ")
}

func percent(share *float64) string {
	if share == nil {
		return "-"
	}
	return strconv.FormatFloat(100**share, 'f', 1, 64) + " %"
}

// span returns milliseconds as people say them.
func span(ms *int64) string {
	if ms == nil {
		return "-"
	}
	d := time.Duration(*ms) * time.Millisecond
	switch {
	case d >= 48*time.Hour:
		return strconv.FormatFloat(d.Hours()/24, 'f', 1, 64) + " d"
	case d >= 2*time.Hour:
		return strconv.FormatFloat(d.Hours(), 'f', 1, 64) + " h"
	case d >= 2*time.Minute:
		return strconv.FormatFloat(d.Minutes(), 'f', 1, 64) + " min"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

// count returns a number of things.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// plain returns s without what could command a terminal or break a table.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
