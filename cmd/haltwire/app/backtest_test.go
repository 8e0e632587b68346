package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/rules/backtest"
)

const hand = "testdata/backtest/hand/"

// handOptions judge the input made by hand: three payments to account a on the first
// day and one on the fifth; one to b that a revision makes smaller; one without a sum,
// and one with a wrong sum.
func handOptions() app.BacktestOptions {
	return app.BacktestOptions{
		EvalOptions: app.EvalOptions{Rules: hand + "rules", Log: &bytes.Buffer{}},
		Files:       []string{hand + "reports.csv"}, Maps: []string{hand + "map.yaml"}, Labels: hand + "labels.csv", Limit: 10,
	}
}

func backtestOf(t *testing.T, o app.BacktestOptions) *backtest.Report {
	t.Helper()
	r, err := app.Backtest(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, o.Log)
	}
	return r
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// TestBacktest has every number of the input made by hand.
//
// large hits 1 and 6 (2 did, before its revision): two alerts about a, four days
// apart, 1,300.00. repeated hits 4, whose window has 1 and 3: it is in the first
// alert, with 630.00 of three payments. Against a floor of 300, 2 is a hit as well.
// Fraud is 1, 3, 4 of which large finds 1 and is wrong about 6; repeated finds 4,
// three hours after it began.
func TestBacktest(t *testing.T) {
	o := handOptions()
	o.Against = hand + "against"
	r := backtestOf(t, o)
	if r.Input != (backtest.Input{Read: 9, Accepted: 7, Dead: 2, Reports: 6}) || r.Span.From != "2026-03-01" || r.Span.Days != 5 {
		t.Errorf("input %+v, span %+v", r.Input, r.Span)
	}
	large, repeated := r.A.Rules[0], r.A.Rules[1]
	if large.ID != "large" || large.Hits != 2 || large.Alerts != 2 || large.Alone != 1 || fmt.Sprint(large.Amounts) != "[{GBP 1300.00 2}]" || fmt.Sprint(large.Days) != "[1 0 0 0 1]" || large.Cases["ask"] != 2 {
		t.Errorf("large %+v", large)
	}
	if repeated.Hits != 1 || repeated.Alerts != 1 || repeated.Alone != 0 || fmt.Sprint(repeated.Amounts) != "[{GBP 630.00 3}]" || repeated.Status != "draft" {
		t.Errorf("repeated %+v", repeated)
	}
	if q := large.Quality; q.Found != 1 || q.Wrong != 1 || q.Fraud != 3 || q.Absent != 1 || *q.Precision != 0.5 {
		t.Errorf("quality of large %+v", q)
	}
	if q := repeated.Quality; q.Found != 1 || *q.Precision != 1 || *q.P50 != 3*3_600_000 {
		t.Errorf("quality of repeated %+v", q)
	}
	if d := r.Difference; d.Same != 3 || d.OnlyB != 1 || d.OnlyA+d.Other != 0 || d.List[0].ReportID != "2" || *d.List[0].CaseB != "ask" {
		t.Errorf("difference %+v", d)
	}
	if len(r.A.Digest) != 64 || r.A.Digest == r.B.Digest {
		t.Errorf("digests %s and %s", r.A.Digest, r.B.Digest)
	}
	r.A.Digest, r.B.Digest = "", "" // they follow the language
	golden(t, hand+"report.json", indented(t, r))
	golden(t, hand+"log.txt", o.Log.(*bytes.Buffer).Bytes())

	o = handOptions()
	o.Against, o.Params = hand+"against", map[string]string{"floor": "300"}
	if d := backtestOf(t, o).Difference; d.OnlyB+d.OnlyA+d.Other != 0 || d.Same != 4 {
		t.Errorf("floor=300: difference %+v", d)
	}
	o = handOptions()
	o.From, o.To = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	if r := backtestOf(t, o); r.A.Total.Hits != 1 || r.A.Rules[1].Hits != 1 || r.Span.Days != 2 {
		t.Errorf("from the fourth hour on: %d hits, %+v", r.A.Total.Hits, r.Span)
	}
}

// table is a CSV file as its lines.
func table(t *testing.T, lines []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reports.csv")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBacktestOrder gives the rows in other orders, some twice, and in two files.
func TestBacktestOrder(t *testing.T) {
	o := handOptions()
	o.Against = hand + "against"
	want := backtestOf(t, o)
	text, err := os.ReadFile(o.Files[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	head, rows := lines[0], lines[1:]
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		again := append(append([]string(nil), rows...), rows[:rng.IntN(len(rows))]...)
		rng.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		cut := rng.IntN(len(again) + 1)
		o := o
		o.Log = &bytes.Buffer{}
		o.Files = []string{table(t, append([]string{head}, again[:cut]...)), table(t, append([]string{head}, again[cut:]...))}
		got := backtestOf(t, o)
		got.Input = want.Input
		if a, b := indented(t, got), indented(t, want); !bytes.Equal(a, b) {
			t.Fatalf("rows %q\n%s\nwant\n%s", again, a, b)
		}
	}
}

// TestBacktestFormats has the same reports as NDJSON and Parquet.
func TestBacktestFormats(t *testing.T) {
	var lines []string
	for i, r := range []struct {
		id, to, amount string
		version, hour  int
	}{
		{"1", "a@bank", "600.00", 0, 0}, {"2", "b@bank", "1500.00", 0, 1}, {"3", "a@bank", "10.00", 0, 2}, {"4", "a@bank", "20.00", 0, 3},
		{"5", "a@bank", "5.00", 0, 48}, {"6", "a@bank", "700.00", 0, 96}, {"2", "b@bank", "400.00", 1, 1},
	} {
		at := time.Date(2026, 3, 1, r.hour, 0, 0, 0, time.UTC).Format(time.RFC3339)
		lines = append(lines, fmt.Sprintf(`{"report_id":%q,"revision":%d,"occurred_at":%q,"reporter":"HWBAGB2L","kind":"bank.transfer","currency":"GBP","amount":%q,"payment":{"utr":%q},`+
			`"debtor":{"scheme":"upi","account":"victim@bank","bic":"HWBAGB2L"},"creditor":{"scheme":"upi","account":%q,"bic":"HWBBGB2L"},"extra":{"n":"%d"}}`, r.id, r.version, at, r.amount, r.id, r.to, i))
	}
	dir := t.TempDir()
	ndjson, parquet := filepath.Join(dir, "reports.ndjson"), filepath.Join(dir, "reports.parquet")
	if err := os.WriteFile(ndjson, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	writeParquet(t, parquet, func(do func(map[string]any)) {
		for _, l := range lines {
			do(flat(t, []byte(l)))
		}
	})
	want := backtestOf(t, handOptions())
	for _, file := range []string{ndjson, parquet} {
		o := handOptions()
		o.Files, o.Maps = []string{file}, nil
		got := backtestOf(t, o)
		if a, b := indented(t, got.A), indented(t, want.A); !bytes.Equal(a, b) {
			t.Errorf("%s\n%s\nwant\n%s", file, a, b)
		}
	}
}

func TestBacktestCannotRun(t *testing.T) {
	empty := table(t, []string{"id,version,at,to,cents"})
	for name, c := range map[string]struct {
		change func(o *app.BacktestOptions)
		want   string
	}{
		"no rules":           {func(o *app.BacktestOptions) { o.Rules = t.TempDir() }, "no rule found"},
		"wrong rules":        {func(o *app.BacktestOptions) { o.Against = "testdata/eval/badrules/rules" }, app.ErrBadRules.Error()},
		"a param of no rule": {func(o *app.BacktestOptions) { o.Params = map[string]string{"flor": "1"} }, "flor"},
		"no file":            {func(o *app.BacktestOptions) { o.Files = []string{"none.csv"} }, "open table"},
		"no mapping":         {func(o *app.BacktestOptions) { o.Maps = []string{"none.yaml"} }, "open mapping"},
		"mappings and files": {func(o *app.BacktestOptions) { o.Maps = append(o.Maps, o.Maps...); o.Files = append(o.Files, "a", "b") }, "2 mappings for 3 files"},
		"no labels":          {func(o *app.BacktestOptions) { o.Labels = "none.csv" }, "open labels"},
		"wrong labels":       {func(o *app.BacktestOptions) { o.Labels = hand + "reports.csv" }, "no column label"},
		"nothing accepted":   {func(o *app.BacktestOptions) { o.Files = []string{empty} }, "no report was accepted"},
		"without a mapping":  {func(o *app.BacktestOptions) { o.Maps = nil }, "nothing gives report_id"},
		"dead letters":       {func(o *app.BacktestOptions) { o.Dead = "none/dead" }, "dead letters"},
	} {
		o := handOptions()
		c.change(&o)
		if _, err := app.Backtest(context.Background(), o); err == nil || !strings.Contains(err.Error()+o.Log.(*bytes.Buffer).String(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestBacktestBreaks ends both sides when the input breaks in its middle.
func TestBacktestBreaks(t *testing.T) {
	o := handOptions()
	o.Against = hand + "against"
	o.Files = []string{table(t, []string{"id,version,at,to,cents", "1,0,0,a@bank,60000", `2,0,0,"` + strings.Repeat("x", 3<<20)})}
	if _, err := app.Backtest(t.Context(), o); err == nil || !strings.Contains(err.Error(), "row 2") {
		t.Errorf("error %v", err)
	}
	o = handOptions()
	o.Dead = filepath.Join(t.TempDir(), "dead")
	backtestOf(t, o)
	letters, err := os.ReadFile(o.Dead)
	if err != nil || bytes.Count(letters, []byte("\n")) != 2 || !bytes.Contains(letters, []byte(`"line":8`)) {
		t.Errorf("dead letters %s %v", letters, err)
	}
}

// terminal is where a bar is drawn.
type terminal struct{ bytes.Buffer }

func TestBacktestProgress(t *testing.T) {
	var out terminal
	o := handOptions()
	o.Progress = &out
	backtestOf(t, o)
	if text := out.String(); !strings.Contains(text, "read   [") || !strings.Contains(text, "judged [") || !strings.Contains(text, "100 %") || !strings.HasSuffix(text, "\r\x1b[K") {
		t.Errorf("bar %q", text)
	}
}
