package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/spec"
)

// hitLine is a hit as `haltwire eval` prints it (DESIGN §8).
type hitLine struct {
	HitID      string         `json:"hit_id"`
	Rule       string         `json:"rule"`
	Version    uint32         `json:"version"`
	Status     hit.Status     `json:"status"`
	Case       *string        `json:"case"`
	Score      json.Number    `json:"score"`
	Severity   string         `json:"severity"`
	Reporter   string         `json:"reporter"`
	ReportID   string         `json:"report_id"`
	Revision   uint32         `json:"revision"`
	Kind       string         `json:"kind"`
	OccurredAt string         `json:"occurred_at"`
	Late       bool           `json:"late"`
	Excepted   bool           `json:"excepted"`
	Cut        bool           `json:"cut"`
	Values     map[string]any `json:"values"`
	Alerts     []alertLine    `json:"alerts"`
}

type alertLine struct {
	To       *string  `json:"to"`
	Subject  *string  `json:"subject"`
	Amount   *sum     `json:"amount"`
	Currency *string  `json:"currency"`
	Payments []string `json:"payments"`
}

// sum is an amount of money, written as messages write it: with two digits after
// the point, or more where there are more.
type sum struct{ decimal.D }

// MarshalText implements encoding.TextMarshaler.
func (s sum) MarshalText() ([]byte, error) { return []byte(s.Fixed(2)), nil }

// optional returns nil for "".
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func newHitLine(h *hit.Hit) hitLine {
	l := hitLine{
		HitID: h.ID, Rule: h.Rule, Version: h.Version, Status: h.Status, Case: optional(h.Case), Score: json.Number(h.Score.String()),
		Severity: h.Severity, Reporter: h.Reporter, ReportID: h.ReportID, Revision: h.Revision, Kind: h.Kind,
		OccurredAt: event.FormatTime(h.OccurredAt), Late: h.Late, Excepted: h.Excepted, Cut: h.Cut,
		Values: make(map[string]any, len(h.Values)), Alerts: []alertLine{},
	}
	for _, v := range h.Values {
		l.Values[v.Name] = v.Value
	}
	for _, a := range h.Alerts {
		l.Alerts = append(l.Alerts, alertLines(a)...)
	}
	return l
}

// alertLines returns one line a currency, since sums are a currency's; a line
// without an amount when there is none at all.
func alertLines(a hit.Alert) []alertLine {
	subject := a.Subject.UID
	if subject != "" && a.Subject.SubAccount != "" {
		subject += "#" + a.Subject.SubAccount
	}
	base := alertLine{To: optional(a.Subject.Country), Subject: optional(subject), Payments: []string{}}
	var lines []alertLine
	index := map[string]int{}
	for _, p := range a.Payments {
		currency := ""
		if p.Amount != nil {
			currency = p.Amount.Currency
		}
		i, ok := index[currency]
		if !ok {
			i = len(lines)
			index[currency] = i
			line := base
			line.Currency, line.Payments = optional(currency), []string{}
			lines = append(lines, line)
		}
		lines[i].add(p)
	}
	if lines == nil {
		return []alertLine{base}
	}
	return lines
}

func (l *alertLine) add(p hit.Payment) {
	if p.Key != "" {
		l.Payments = append(l.Payments, p.Key)
	}
	if p.Amount == nil {
		return
	}
	total := p.Amount.Amount
	if l.Amount != nil {
		total, _ = l.Amount.Add(total)
	}
	l.Amount = &sum{total}
}

// writeHits writes one JSON object a hit.
func writeHits(w io.Writer, hits []*hit.Hit) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	for _, h := range hits {
		if err := enc.Encode(newHitLine(h)); err != nil {
			return fmt.Errorf("write hit: %w", err)
		}
	}
	if err := buf.Flush(); err != nil {
		return fmt.Errorf("write hits: %w", err)
	}
	return nil
}

// writeHitTable writes hits for people.
func writeHitTable(w io.Writer, hits []*hit.Hit) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "OCCURRED\tRULE\tCASE\tSCORE\tSEVERITY\tREPORT\tTO\tAMOUNT")
	for _, h := range hits {
		to, amount := []string{}, []string{}
		for _, a := range newHitLine(h).Alerts {
			to = append(to, orDash(a.To))
			if a.Amount != nil {
				amount = append(amount, a.Amount.Fixed(2)+" "+orDash(a.Currency))
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s/%s\t%s\t%s\n", event.FormatTime(h.OccurredAt), h.Rule, h.Case, h.Score, h.Severity,
			cell(h.Reporter), cell(h.ReportID), strings.Join(to, ", "), strings.Join(amount, ", "))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write hits: %w", err)
	}
	return nil
}

// cell returns a reporter's text as a cell of a table on a terminal.
func cell(s string) string { return spec.Visible(strings.Join(strings.Fields(s), " ")) }

func orDash(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}
