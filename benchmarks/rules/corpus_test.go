package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/benchmarks/generator"
	"github.com/haltwire/haltwire/benchmarks/load/meter"
	"github.com/haltwire/haltwire/benchmarks/load/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
)

// batchRows is how many reports a batch has.
const batchRows = 10_000

// begin is the time of the first report.
func begin() time.Time { return time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC) }

// records returns batches of reports of the generator, 1 ms apart.
func records(batches int) []*event.Records {
	g := generator.New(generator.Options{Seed: 7, Fraud: 1.0 / 20_000})
	all := make([]*event.Records, batches)
	at := begin()
	for i := range all {
		all[i] = run(batchRows, i, func(int) []byte {
			at = at.Add(time.Millisecond)
			return slices.Clone(g.Next(at).Value)
		})
	}
	return all
}

// run returns records of a partition made by value.
func run(rows, batch int, value func(row int) []byte) *event.Records {
	recs := &event.Records{Topic: generator.Bank, Codec: "json"}
	for r := range rows {
		recs.Offsets = append(recs.Offsets, int64(batch*rows+r))
		recs.Times = append(recs.Times, begin().UnixMilli())
		recs.Values = append(recs.Values, value(r))
	}
	recs.Next = int64((batch + 1) * rows)
	recs.High = recs.Next
	return recs
}

func decoder(project []bool) *jsoncodec.Decoder {
	return jsoncodec.New(codec.Options{Schema: event.Default(), Project: project, ReporterCountry: "IN"})
}

func decode(tb testing.TB, d *jsoncodec.Decoder, recs *event.Records) *event.Batch {
	tb.Helper()
	b, dead := d.Decode(recs)
	if len(dead) > 0 {
		tb.Fatalf("%d reports are refused: %s", len(dead), dead[0].Message)
	}
	return b
}

// source returns n rules of the load test as one file; more says what follows a
// rule's condition.
func source(rules []ruleset.Rule, more func(i int) (windows, and string)) []byte {
	var text strings.Builder
	for i, r := range rules {
		windows, and := more(i)
		text.WriteString("---\n")
		head, condition, _ := strings.Cut(r.YAML(), "when: |\n  ")
		condition, rest, _ := strings.Cut(condition, "\n")
		fmt.Fprintf(&text, "%s%swhen: |\n  %s%s\n%s", head, windows, condition, and, rest)
	}
	return []byte(text.String())
}

func stateless(int) (windows, and string) { return "", "" }

// check returns the set of a file.
func check(tb testing.TB, text []byte) *lang.Set {
	tb.Helper()
	tree, findings := spec.Parse([]*spec.File{spec.NewFile("rules.yaml", text)})
	set, more := lang.Check(tree, lang.Options{Schema: event.Default()})
	if findings = append(findings, more...); findings.Errors() > 0 {
		tb.Fatal(findings[0])
	}
	return set
}

func compile(tb testing.TB, set *lang.Set) *plan.Plan {
	tb.Helper()
	p, err := plan.New(set, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// own returns the processor time that this process has used: what others do on the
// machine is not in it.
func own(tb testing.TB) time.Duration {
	tb.Helper()
	u, err := meter.Spent()
	if err != nil {
		tb.Fatal(err)
	}
	return u.CPU()
}

// perReport reports a time a report and, with rules, a rule and report.
func perReport(b *testing.B, spent time.Duration, reports, rules int) {
	ns := float64(spent.Nanoseconds()) / float64(reports)
	b.ReportMetric(ns, "cpu-ns/report")
	if rules > 0 {
		b.ReportMetric(1000*ns/float64(rules), "cpu-ps/rule·report")
	}
	b.ReportMetric(0, "ns/op") // of no use: it counts what is not measured
}
