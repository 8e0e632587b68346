package app

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/rules/backtest"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

// TestBacktestHistory measures reports that ClickHouse keeps, with their original
// bytes and without, and in a file: the results are the same, also when only a part is
// measured and windows look back before it.
func TestBacktestHistory(t *testing.T) {
	address := enginetest.Start(t)
	dir := asked()[0]
	measure := func(o BacktestOptions) (*backtest.Report, []byte) {
		t.Helper()
		r, err := Backtest(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal([]any{r.A, r.Span})
		if err != nil {
			t.Fatal(err)
		}
		return r, text
	}
	for _, raw := range []string{clickhouse.RawAll, clickhouse.RawDeadOnly} {
		c := config.Default()
		c.ClickHouse = database(t, address, "backtest_"+raw, raw)
		store := filled(t, c.ClickHouse)
		for _, from := range []time.Time{{}, time.Date(2026, 3, 2, 10, 30, 0, 0, time.UTC)} {
			o := BacktestOptions{EvalOptions: EvalOptions{Rules: filepath.Join(dir, "rules"), Log: &bytes.Buffer{}}, From: from}
			if err := o.Configure(""); err != nil {
				t.Fatal(err)
			}
			if !from.IsZero() {
				o.To = from.Add(100 * time.Hour)
			}
			o.Files = []string{filepath.Join(dir, "reports.ndjson"), filepath.Join(asked()[1], "reports.ndjson")} // what filled put there
			file, want := measure(o)
			o.Files, o.conf = nil, c
			stored, got := measure(o)
			if !bytes.Equal(got, want) || file.A.Total.Hits == 0 {
				t.Errorf("raw %s, from %s: %+v\n%s\nwant %+v\n%s", raw, from, stored.Input, got, file.Input, want)
			}
		}
		if err := store.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	o := BacktestOptions{EvalOptions: EvalOptions{Rules: filepath.Join(dir, "rules"), Log: &bytes.Buffer{}}}
	if _, err := Backtest(t.Context(), o); err == nil {
		t.Error("history without a configuration")
	}
	if err := o.Configure(""); err != nil {
		t.Fatal(err)
	}
	o.Maps = []string{"m.yaml"}
	if _, err := Backtest(t.Context(), o); err == nil {
		t.Error("a mapping of history")
	}
	o.Maps, o.conf = nil, config.Default()
	o.conf.ClickHouse = database(t, address, "none", clickhouse.RawAll)
	if _, err := Backtest(t.Context(), o); err == nil {
		t.Error("history of a database that is not there")
	}
}
