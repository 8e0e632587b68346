package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Snapshot is what the live view shows.
type Snapshot struct {
	Elapsed   time.Duration
	Left      time.Duration // 0 = until Ctrl-C
	Countries []CountryView
	P50, P99  time.Duration // report to receipt; 0 = none yet
	Receipts  int
	Last      []AlertLine // newest first
}

// CountryView is one haltwire in the view.
type CountryView struct {
	Code       string
	Reports    uint64
	Rate       float64 // reports a second, over the last second
	Dead, Hits uint64
	Out, In    map[string]int // alerts by state
}

// AlertLine is one alert in the table of the newest.
type AlertLine struct {
	Opened       time.Time
	From, To     string
	Amount, Held string
	State, Rule  string
	ReceiptAfter time.Duration // 0 = no receipt yet
}

// order in which states are shown: the way of an alert.
func states() []string {
	return []string{"proposed", "approved", "sent", "received", "accepted", "assessing", "authorised", "instructed", "bank_answered", "answered", "decided", "refused", "rejected", "withdrawing", "undeliverable", "closed"}
}

// Render writes s as one screen of at most width columns.
func Render(w io.Writer, s Snapshot, width int) {
	left := "Ctrl-C ends it"
	if s.Left > 0 {
		left = fmt.Sprintf("%s left", s.Left.Round(time.Second))
	}
	line(w, width, "haltwire demo   running %s, %s", s.Elapsed.Round(time.Second), left)
	line(w, width, "")
	line(w, width, "%-4s %12s %10s %6s %8s   %s", "", "reports", "reports/s", "dead", "hits", "alerts by state")
	for _, c := range s.Countries {
		line(w, width, "%-4s %12s %10.0f %6d %8d   out: %s", c.Code, thousands(c.Reports), c.Rate, c.Dead, c.Hits, byState(c.Out))
		line(w, width, "%-4s %12s %10s %6s %8s   in:  %s", "", "", "", "", "", byState(c.In))
	}
	line(w, width, "")
	if s.Receipts == 0 {
		line(w, width, "report to receipt: none yet")
	} else {
		line(w, width, "report to receipt: p50 %s   p99 %s   over %d", millis(s.P50), millis(s.P99), s.Receipts)
	}
	line(w, width, "")
	line(w, width, "%-8s %-8s %18s %18s %-14s %9s  %s", "opened", "way", "asked", "held", "state", "receipt", "rule")
	for _, a := range s.Last {
		receipt := "-"
		if a.ReceiptAfter > 0 {
			receipt = millis(a.ReceiptAfter)
		}
		line(w, width, "%-8s %-8s %18s %18s %-14s %9s  %s", a.Opened.Format("15:04:05"), a.From+" > "+a.To, a.Amount, dash(a.Held), a.State, receipt, a.Rule)
	}
}

func line(w io.Writer, width int, format string, args ...any) {
	s := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	if r := []rune(s); len(r) > width {
		s = string(r[:width])
	}
	fmt.Fprintln(w, s)
}

func byState(m map[string]int) string {
	var parts []string
	for _, s := range states() {
		if n := m[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", s, n))
		}
	}
	return dash(strings.Join(parts, "  "))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func millis(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// thousands writes 1234567 as 1,234,567.
func thousands(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
