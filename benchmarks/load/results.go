package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/haltwire/haltwire/benchmarks/load/meter"
)

// results is everything that one run has measured. CPU is user and system time
// of one process; micros are microseconds a report.
type results struct {
	At         time.Time     `json:"at"`
	Machine    meter.Machine `json:"machine"`
	Kafka      string        `json:"kafka"`
	ClickHouse string        `json:"clickhouse"`
	Reports    int           `json:"reports"`
	Bytes      int64         `json:"bytes"`
	Floor      *floor        `json:"floor,omitempty"`
	Whole      []wholeRun    `json:"haltwire,omitempty"`
	Engine     []engineRun   `json:"kafka_engine,omitempty"`
	Latency    []latencyRun  `json:"latency,omitempty"`
}

// share is what one stage takes.
type share struct {
	Micros       float64 `json:"cpu_us"`
	User         float64 `json:"user_us"`
	System       float64 `json:"system_us"`
	Wall         float64 `json:"wall_s"`
	Peak         int64   `json:"peak_bytes"`
	ServerMicros float64 `json:"server_cpu_us,omitempty"`
	ServerPeak   int64   `json:"server_peak_bytes,omitempty"`
}

func micros(d time.Duration, reports int) float64 {
	return float64(d.Nanoseconds()) / 1000 / float64(reports)
}

func shareOf(u meter.Usage, wall time.Duration, reports int) share {
	return share{Micros: micros(u.CPU(), reports), User: micros(u.User, reports), System: micros(u.System, reports), Wall: wall.Seconds(), Peak: u.Peak}
}

func (s *share) server(u meter.Usage, reports int) {
	s.ServerMicros, s.ServerPeak = micros(u.CPU(), reports), u.Peak
}

// String implements fmt.Stringer.
func (s share) String() string {
	text := fmt.Sprintf("%.2f µs a report (user %.2f, system %.2f), %.1f s, %d MB", s.Micros, s.User, s.System, s.Wall, s.Peak>>20)
	if s.ServerMicros > 0 {
		text += fmt.Sprintf("; server %.2f µs, %d MB", s.ServerMicros, s.ServerPeak>>20)
	}
	return text
}

// floor is what cannot be done without. Fetch is both fetches together.
type floor struct {
	Fetch   share `json:"two_fetches"`
	Project share `json:"projected_decode"`
	Whole   share `json:"whole_decode"`
	Insert  share `json:"insert"`
	Rules   share `json:"rules"` // 1,000 of them; not of the floor
}

func (f floor) sum() float64 {
	return f.Fetch.Micros + f.Project.Micros + f.Whole.Micros + f.Insert.Micros
}

// wholeRun is haltwire over all reports. Wall is from the first partition owned
// to the last report behind both cursors.
type wholeRun struct {
	share
	Rules    int     `json:"rules"`
	Hits     uint64  `json:"hits"`
	StartCPU float64 `json:"start_cpu_s"` // of a start without reports; not in cpu_us
}

// engineRun is ClickHouse's Kafka engine over a part of the reports.
type engineRun struct {
	Rules        int     `json:"rules"`
	All          bool    `json:"all_columns"` // of the schema, not only those that the reports have
	Reports      int     `json:"reports"`
	ServerMicros float64 `json:"server_cpu_us"`
	ServerPeak   int64   `json:"server_peak_bytes"`
	Wall         float64 `json:"wall_s"`
	Hits         uint64  `json:"hits"`
}

func (e engineRun) name() string {
	columns := "columns in use"
	if e.All {
		columns = "all columns"
	}
	return fmt.Sprintf("Kafka engine, %d rules, %s", e.Rules, columns)
}

// latencyRun is a rate held for a while. Times are ms from a report handed to
// the producer to the partner's receipt of the request.
type latencyRun struct {
	Rate     int     `json:"rate"`
	Reached  int     `json:"reached"`
	Requests int     `json:"requests"`
	P50      float64 `json:"p50_ms"`
	P90      float64 `json:"p90_ms"`
	P99      float64 `json:"p99_ms"`
	Max      float64 `json:"max_ms"`
	Counts   []int   `json:"counts"` // by bounds
	Steps    []step  `json:"steps"`
	Peak     int64   `json:"peak_bytes"`
	Behind   float64 `json:"behind_s"` // from the last report to its being behind both cursors
}

func (r *results) with(rules int) *wholeRun {
	for i := range r.Whole {
		if r.Whole[i].Rules == rules {
			return &r.Whole[i]
		}
	}
	return nil
}

// aim is a number that we want and what it came to.
type aim struct {
	what    string
	limit   float64
	got     float64
	unit    string
	atLeast bool
	digits  int
}

func (a aim) met() bool { return a.atLeast && a.got >= a.limit || !a.atLeast && a.got <= a.limit }

// aims compares what was measured with what is asked for.
func (r *results) aims() []aim {
	var all []aim
	add := func(ok bool, what string, limit, got float64, unit string) {
		if ok {
			all = append(all, aim{what: what, limit: limit, got: got, unit: unit, digits: 2})
		}
	}
	few, many, most := r.with(100), r.with(1000), r.with(10_000)
	if many != nil {
		add(true, "our CPU a report, 1,000 rules", 3, many.Micros, "µs")
		add(r.Floor != nil, "our CPU against the floor, 1,000 rules", 1.3, ratio(many.Micros, r.Floor), "×")
		add(true, "server CPU a row", 5, many.ServerMicros, "µs")
	}
	if r.Floor != nil {
		add(true, "1,000 rules alone", 0.2, r.Floor.Rules.Micros, "µs")
	}
	if few != nil && most != nil {
		add(true, "our CPU, 10,000 rules against 100", 2, most.Micros/few.Micros, "×")
	}
	for _, e := range r.Engine {
		if e.Rules == 1000 && many != nil {
			all = append(all, aim{what: "Kafka engine against ours + server, 1,000 rules", limit: 4, got: e.ServerMicros / (many.Micros + many.ServerMicros), unit: "×", atLeast: true, digits: 2})
		}
	}
	for _, l := range r.Latency {
		switch l.Rate {
		case modestRate:
		case targetRate:
			add(true, fmt.Sprintf("memory at %d reports/s (%d reached)", l.Rate, l.Reached), 250, float64(l.Peak)/1e6, "MB")
		default:
			add(true, fmt.Sprintf("p99 to the receipt at half load, %d reports/s", l.Rate), 100, l.P99, "ms")
		}
	}
	return all
}

func ratio(x float64, f *floor) float64 {
	if f == nil {
		return 0
	}
	return x / f.sum()
}

// writeTable writes the results for people.
func writeTable(out io.Writer, r *results) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%d reports of %d bytes on average, lz4, %s, %s\n%s, %d cores, %.1f GB, Linux %s, %s\n\n", r.Reports, r.Bytes/int64(r.Reports), r.Kafka, r.ClickHouse,
		r.Machine.CPU, r.Machine.Cores, float64(r.Machine.Memory)/1e9, r.Machine.Kernel, r.Machine.Go)
	fmt.Fprintln(t, "µs CPU a report\tours\tuser\tsystem\tserver\twall s\tour peak MB\tserver peak MB\thits")
	row := func(name string, s share, hits string) {
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%s\t%.1f\t%d\t%s\t%s\n", name, s.Micros, s.User, s.System, optional(s.ServerMicros), s.Wall, s.Peak/1e6, optional(float64(s.ServerPeak/1e6)), hits)
	}
	if f := r.Floor; f != nil {
		row("two fetches", f.Fetch, "")
		row("projected decode", f.Project, "")
		row("whole decode", f.Whole, "")
		row("insert", f.Insert, "")
		fmt.Fprintf(t, "floor\t%.2f\t\t\t\t\t\t\t\n", f.sum())
		row("1,000 rules alone", f.Rules, "")
	}
	for _, m := range r.Whole {
		row(fmt.Sprintf("haltwire, %d rules", m.Rules), m.share, fmt.Sprint(m.Hits))
	}
	for _, e := range r.Engine {
		fmt.Fprintf(t, "%s\t\t\t\t%.2f\t%.1f\t\t%d\t%d\n", e.name(), e.ServerMicros, e.Wall, e.ServerPeak/1e6, e.Hits)
	}
	fmt.Fprintln(t)
	writeAims(t, r)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, l := range r.Latency {
		writeHistogram(out, l)
	}
	return nil
}

func optional(x float64) string {
	if x == 0 {
		return ""
	}
	return strings.TrimSuffix(fmt.Sprintf("%.2f", x), ".00")
}

func writeAims(t io.Writer, r *results) {
	fmt.Fprintln(t, "aim\t\tmeasured\t")
	for _, a := range r.aims() {
		sign, verdict := "≤", "met"
		if a.atLeast {
			sign = "≥"
		}
		if !a.met() {
			verdict = fmt.Sprintf("missed by %.*f %s", a.digits, max(a.got-a.limit, a.limit-a.got), a.unit)
		}
		fmt.Fprintf(t, "%s\t%s %g %s\t%.*f %s\t%s\n", a.what, sign, a.limit, a.unit, a.digits, a.got, a.unit, verdict)
	}
}

// width of the longest bar, characters.
const width = 50

func writeHistogram(out io.Writer, l latencyRun) {
	fmt.Fprintf(out, "\nreport to receipt at %d reports/s (%d reached), %d requests: p50 %.0f, p90 %.0f, p99 %.0f, max %.0f ms; our memory %d MB\n",
		l.Rate, l.Reached, l.Requests, l.P50, l.P90, l.P99, l.Max, l.Peak/1e6)
	writeSteps(out, l.Steps)
	most := 1
	for _, n := range l.Counts {
		most = max(most, n)
	}
	for i, n := range l.Counts {
		if n == 0 {
			continue
		}
		label := "more"
		if i < len(bounds()) {
			label = fmt.Sprintf("≤ %g ms", bounds()[i])
		}
		fmt.Fprintf(out, "%10s %6d %s\n", label, n, strings.Repeat("█", max(1, n*width/most)))
	}
}
