package rules_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	clickhousego "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/haltwire/haltwire/benchmarks/load/meter"
	"github.com/haltwire/haltwire/benchmarks/load/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/clickhouse/block"
	"github.com/haltwire/haltwire/sinks/embedded"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

func TestMain(m *testing.M) {
	enginetest.Main()
	os.Exit(m.Run())
}

// TestNoAllocation judges batches by rules without windows again and again: nothing
// is allocated, whatever the number of rules.
func TestNoAllocation(t *testing.T) {
	for _, n := range []int{0, 100, 2_000} {
		p := compile(t, check(t, source(ruleset.New(n), stateless)))
		b := decode(t, decoder(p.Columns()), records(1)[0])
		e := plan.NewEvaluator(p)
		if matches := len(e.Eval(b)); n == 2_000 && matches == 0 {
			t.Error("no rule is true of any report")
		}
		if got := testing.AllocsPerRun(5, func() { e.Eval(b) }); got > 0 {
			t.Errorf("%d rules: %v allocations for %d reports", n, got, b.Rows)
		}
	}
}

// TestSame compares what the plan says with what the VM says of each rule and row.
func TestSame(t *testing.T) {
	set := check(t, source(ruleset.New(300), stateless))
	p := compile(t, set)
	b := decode(t, decoder(p.Columns()), records(1)[0])
	matches := plan.NewEvaluator(p).Eval(b)
	kind := b.Schema.Must("kind")
	for i, r := range set.Rules {
		program, err := lang.Compile(r.Guard)
		if err != nil {
			t.Fatal(err)
		}
		for row := range 2000 {
			v, _ := program.Eval(lang.BatchRow{Batch: b, Row: row})
			want := slices.Contains(r.On, b.Columns[kind].String(row)) && v.Type == lang.Bool && v.Bool
			if got := contains(matches, row, i); got != want {
				t.Fatalf("rule %s, row %d: the plan says %v, the machine %v", r.ID, row, got, want)
			}
		}
	}
}

func contains(matches []plan.Match, row, rule int) bool {
	for _, m := range matches {
		if int(m.Row) == row && int(m.Rule) == rule {
			return true
		}
	}
	return false
}

// BenchmarkStateless judges 100,000 reports by rules without windows.
func BenchmarkStateless(b *testing.B) {
	in := records(10)
	for _, n := range []int{0, 100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			p := compile(b, check(b, source(ruleset.New(n), stateless)))
			d := decoder(p.Columns())
			var batches []*event.Batch
			for _, recs := range in {
				batches = append(batches, decode(b, d, recs))
			}
			e := plan.NewEvaluator(p)
			matches := 0
			for _, x := range batches {
				matches += len(e.Eval(x)) // warm
			}
			b.ReportAllocs()
			before := own(b)
			for b.Loop() {
				for _, x := range batches {
					e.Eval(x)
				}
			}
			perReport(b, own(b)-before, b.N*len(batches)*batchRows, n)
			b.ReportMetric(float64(matches), "matches")
		})
	}
}

// BenchmarkMachine judges reports on expr's VM, a rule and a report at a time.
func BenchmarkMachine(b *testing.B) {
	for _, n := range []int{100, 1_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			set := check(b, source(ruleset.New(n), stateless))
			batch := decode(b, decoder(compile(b, set).Columns()), records(1)[0])
			byKind := map[string][]*lang.Program{}
			for _, r := range set.Rules {
				program, err := lang.Compile(r.Guard)
				if err != nil {
					b.Fatal(err)
				}
				for _, kind := range r.On {
					byKind[kind] = append(byKind[kind], program)
				}
			}
			const rows = 500
			kind := &batch.Columns[batch.Schema.Must("kind")]
			before := own(b)
			for b.Loop() {
				for r := range rows {
					for _, program := range byKind[kind.String(r)] {
						program.Eval(lang.BatchRow{Batch: batch, Row: r})
					}
				}
			}
			perReport(b, own(b)-before, b.N*rows, n)
		})
	}
}

// BenchmarkClickHouse lets ClickHouse count what each rule is true of, as columns
// over the same reports in a table in memory, with one thread.
func BenchmarkClickHouse(b *testing.B) {
	server, address := enginetest.Server(b, b.TempDir())
	const batches = 10
	db := stored(b, address, records(batches))
	ctx := clickhousego.Context(b.Context(), clickhousego.WithSettings(clickhousego.Settings{
		"max_threads": 1, "max_query_size": 100 << 20, "max_ast_elements": 10_000_000, "max_expanded_ast_elements": 10_000_000}))
	for _, n := range []int{100, 1_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			query := counting(ruleset.New(n))
			var matches uint64
			before, err := meter.Of(server.Pid())
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := db.QueryRow(ctx, query).Scan(&matches); err != nil {
					b.Fatal(err)
				}
			}
			after, err := meter.Of(server.Pid())
			if err != nil {
				b.Fatal(err)
			}
			perReport(b, after.Sub(before).CPU(), b.N*batches*batchRows, n)
			b.ReportMetric(float64(matches), "matches")
		})
	}
}

// counting returns a query for how often rules are true.
func counting(rules []ruleset.Rule) string {
	var counts []string
	for _, r := range rules {
		counts = append(counts, "countIf("+r.SQL(block.ColumnName)+")")
	}
	return "SELECT arraySum([" + strings.Join(counts, ", ") + "]) FROM memory"
}

// stored puts reports into a table in memory, with the columns that rules read.
func stored(b *testing.B, a embedded.Address, in []*event.Records) driver.Conn {
	b.Helper()
	file := filepath.Join(b.TempDir(), "password")
	if err := os.WriteFile(file, []byte(a.Password.Reveal()+"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	c := clickhouse.Defaults()
	c.Addresses, c.Database, c.User, c.PasswordFile = []string{a.Native}, "bench", a.User, file
	store, err := clickhouse.New(c, clickhouse.Options{Schema: event.Default(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := store.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	if err := store.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	d := decoder(event.Default().Whole())
	for i, recs := range in {
		if _, err := store.Insert(b.Context(), decode(b, d, recs), fmt.Sprint("bench/", i)); err != nil {
			b.Fatal(err)
		}
	}
	db, err := clickhouse.Dial(c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	columns := map[string]bool{"kind": true}
	for _, r := range ruleset.New(1_000) {
		for _, x := range r.Conditions {
			columns[block.ColumnName(x.Column)] = true
		}
	}
	var names []string
	for name := range columns {
		names = append(names, block.Quote(name))
	}
	if err := db.Exec(b.Context(), "CREATE TABLE memory ENGINE = Memory AS SELECT "+strings.Join(names, ", ")+" FROM reports"); err != nil {
		b.Fatal(err)
	}
	var rows uint64
	if err := db.QueryRow(b.Context(), "SELECT count() FROM memory").Scan(&rows); err != nil || int(rows) != len(in)*batchRows {
		b.Fatalf("%d rows, %v", rows, err)
	}
	return db
}

// BenchmarkReload reads, checks and compiles 10,000 rules, as a reload does.
func BenchmarkReload(b *testing.B) {
	text := source(ruleset.New(10_000), stateless)
	var checking, compiling time.Duration
	before := own(b)
	for b.Loop() {
		at := own(b)
		set := check(b, text)
		checked := own(b)
		compile(b, set)
		checking += checked - at
		compiling += own(b) - checked
	}
	b.ReportMetric(float64((own(b)-before).Milliseconds())/float64(b.N), "cpu-ms")
	b.ReportMetric(float64(checking.Milliseconds())/float64(b.N), "check-cpu-ms")
	b.ReportMetric(float64(compiling.Milliseconds())/float64(b.N), "compile-cpu-ms")
}
