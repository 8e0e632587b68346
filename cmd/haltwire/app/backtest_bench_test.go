package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/haltwire/haltwire/benchmarks/generator"
	"github.com/haltwire/haltwire/benchmarks/load/ruleset"
	"github.com/haltwire/haltwire/cmd/haltwire/app"
)

// flatten turns nested members into columns.
func flatten(prefix string, in map[string]any, out map[string]any) {
	for k, v := range in {
		if m, ok := v.(map[string]any); ok {
			flatten(prefix+k+".", m, out)
			continue
		}
		out[prefix+k] = v
	}
}

// column returns the type in which a column of reports is written.
func column(name string) arrow.DataType {
	switch {
	case name == "occurred_at":
		return arrow.FixedWidthTypes.Timestamp_ms
	case strings.HasSuffix(name, "amount"):
		return &arrow.Decimal128Type{Precision: 38, Scale: 2}
	case name == "duration_s" || name == "layer" || name == "revision":
		return arrow.PrimitiveTypes.Uint32
	case strings.HasSuffix(name, ".lat") || strings.HasSuffix(name, ".lon"):
		return arrow.PrimitiveTypes.Float64
	}
	return arrow.BinaryTypes.String
}

// put appends a value of JSON to a column.
func put(tb testing.TB, b array.Builder, v any) {
	if v == nil {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.TimestampBuilder:
		at, err := time.Parse(time.RFC3339, v.(string))
		if err != nil {
			tb.Fatal(err)
		}
		b.Append(arrow.Timestamp(at.UnixMilli()))
	case *array.Decimal128Builder:
		n, err := decimal128.FromString(v.(string), 38, 2)
		if err != nil {
			tb.Fatal(err)
		}
		b.Append(n)
	case *array.Uint32Builder:
		b.Append(uint32(v.(float64)))
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.StringBuilder:
		b.Append(v.(string))
	}
}

// writeReports writes n generated reports as Parquet, a second between two.
func writeReports(tb testing.TB, path string, n int) {
	tb.Helper()
	writeParquet(tb, path, func(do func(map[string]any)) {
		g := generator.New(generator.Options{Seed: 7, Fraud: 0.002})
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range n {
			do(flat(tb, g.Next(at.Add(time.Duration(i)*time.Second)).Value))
		}
	})
}

// flat returns the columns of a report.
func flat(tb testing.TB, report []byte) map[string]any {
	var nested map[string]any
	if err := json.Unmarshal(report, &nested); err != nil {
		tb.Fatal(err)
	}
	out := map[string]any{}
	flatten("", nested, out)
	return out
}

// writeParquet writes the rows that rows gives, twice the same: the columns are those
// of the first 20,000.
func writeParquet(tb testing.TB, path string, rows func(do func(map[string]any))) {
	tb.Helper()
	names := map[string]bool{}
	seen := 0
	rows(func(row map[string]any) {
		if seen++; seen < 20_000 {
			for name := range row {
				names[name] = true
			}
		}
	})
	var fields []arrow.Field
	for name := range names {
		fields = append(fields, arrow.Field{Name: name, Type: column(name), Nullable: true})
	}
	slices.SortFunc(fields, func(a, b arrow.Field) int { return strings.Compare(a.Name, b.Name) })
	schema := arrow.NewSchema(fields, nil)
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithMaxRowGroupLength(100_000)), pqarrow.DefaultWriterProps())
	if err != nil {
		tb.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	flush := func() {
		rec := b.NewRecord()
		defer rec.Release()
		if err := w.WriteBuffered(rec); err != nil {
			tb.Fatal(err)
		}
	}
	count := 0
	rows(func(row map[string]any) {
		for i, f := range fields {
			put(tb, b.Field(i), row[f.Name])
		}
		if count++; count%10_000 == 0 {
			flush()
		}
	})
	flush()
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkBacktest judges generated reports in Parquet by 100 rules without windows,
// or by those in HALTWIRE_BACKTEST_RULES; the file is HALTWIRE_BACKTEST_PARQUET, made
// where it is not there. The rate is that of the whole
// command: reading, judging, measuring.
func BenchmarkBacktest(b *testing.B) {
	const reports = 100_000
	path, rules := os.Getenv("HALTWIRE_BACKTEST_PARQUET"), os.Getenv("HALTWIRE_BACKTEST_RULES")
	if path == "" {
		path = filepath.Join(b.TempDir(), "reports.parquet")
	}
	if _, err := os.Stat(path); err != nil {
		writeReports(b, path, reports)
	}
	if rules == "" {
		rules = b.TempDir()
		if err := ruleset.Write(filepath.Join(rules, "mix"), ruleset.New(100)); err != nil {
			b.Fatal(err)
		}
	}
	judged := 0
	for b.Loop() {
		r, err := app.Backtest(b.Context(), app.BacktestOptions{EvalOptions: app.EvalOptions{Rules: rules, Log: os.Stderr}, Files: []string{path}})
		if err != nil {
			b.Fatal(err)
		}
		judged += r.Input.Read
	}
	b.ReportMetric(float64(judged)/b.Elapsed().Seconds(), "reports/s")
}
