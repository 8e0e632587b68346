package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/explain"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
	"github.com/haltwire/haltwire/sources/file"
)

// asked are folders of rules and reports about which everything is asked.
func asked() []string {
	return []string{"testdata/eval/windows", "../../../rules/explain/testdata/windows"}
}

// TestExplainStored puts reports into ClickHouse, with their original bytes and
// without, and explains every rule on every report from there and from the file:
// the answers are the same, also to what cannot be answered.
func TestExplainStored(t *testing.T) {
	address := enginetest.Start(t)
	for _, raw := range []string{clickhouse.RawAll, clickhouse.RawDeadOnly} {
		c := config.Default()
		c.ClickHouse = database(t, address, "explain_"+raw, raw)
		store := filled(t, c.ClickHouse)
		for _, dir := range asked() {
			o := ExplainOptions{EvalOptions: EvalOptions{Rules: filepath.Join(dir, "rules"), Log: io.Discard}}
			if err := o.Configure(""); err != nil {
				t.Fatal(err)
			}
			set, _, err := lang.Load(o.Rules, withSchema(o.Language))
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range set.Rules {
				for i, ref := range append(refs(t, dir), "TELCO/nobody") {
					if raw != clickhouse.RawAll && i%3 > 0 { // columns say the same of all
						continue
					}
					o.Rule = rule.ID
					o.Reporter, o.ReportID, _ = strings.Cut(ref, "/")
					same(t, o, filepath.Join(dir, "reports.ndjson"), c)
				}
			}
		}
		if raw == clickhouse.RawAll {
			limited(t, c)
		}
		if err := store.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// limited explains with fewer reports than a window has: the nearest in time are
// there, and a note says so.
func limited(t *testing.T, c *config.Config) {
	t.Helper()
	var out bytes.Buffer
	o := ExplainOptions{EvalOptions: EvalOptions{Rules: asked()[0] + "/rules", Out: &out}, Question: explain.Question{Rule: "mule-fan-in", Reporter: "HWBIINBB", ReportID: "T-5"}, Config: c, limit: 2}
	if err := o.Configure(""); err != nil {
		t.Fatal(err)
	}
	if err := Explain(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"has more than 2 reports of kind bank.transfer", "DOES NOT FIRE", "inflow.from is 2: 1 too small"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func withSchema(o lang.Options) lang.Options {
	o.Schema = event.Default()
	return o
}

// same explains from a file and from ClickHouse and compares.
func same(t *testing.T, o ExplainOptions, input string, c *config.Config) {
	t.Helper()
	answer := func() string {
		var out bytes.Buffer
		o.JSON, o.Out = true, &out
		if err := Explain(t.Context(), o); err != nil {
			text, _, _ := strings.Cut(err.Error(), " in ") // what was searched
			return text
		}
		return out.String()
	}
	o.Input = input
	want := answer()
	o.Input, o.Config = "", c
	got := answer()
	if raw := c.ClickHouse.Raw == clickhouse.RawAll; raw == strings.Contains(got, "are made of their columns") && !strings.HasPrefix(got, "there is no report") && !strings.HasPrefix(got, "report ") {
		t.Fatalf("raw %t, and the notes say otherwise:\n%s", raw, got)
	}
	if got = unnoted(got); got != unnoted(want) {
		t.Fatalf("%s on %s/%s with raw: %s: from ClickHouse\n%s\nfrom the file\n%s", o.Rule, o.Reporter, o.ReportID, c.ClickHouse.Raw, got, want)
	}
}

// unnoted takes the notes out of an explanation.
func unnoted(s string) string {
	from, to := strings.Index(s, `"notes": [`), strings.Index(s, `"hit":`)
	if from < 0 || to < 0 {
		return s
	}
	return s[:from] + s[to:]
}

// database returns the settings of a database on the engine.
func database(t *testing.T, a embedded.Address, name, raw string) clickhouse.Config {
	t.Helper()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(a.Password.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := clickhouse.Defaults()
	c.Addresses, c.User, c.PasswordFile, c.Database, c.Raw = []string{a.Native}, a.User, password, name, raw
	return c
}

// filled returns the store of a new database that has all reports that are asked
// about.
func filled(t *testing.T, c clickhouse.Config) *clickhouse.Store {
	t.Helper()
	store, err := clickhouse.New(c, clickhouse.Options{Schema: event.Default(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := jsoncodec.New(codec.Options{Schema: event.Default(), Project: event.Default().Whole()})
	for _, dir := range asked() {
		recs := read(t, dir)
		b, dead := d.Decode(recs)
		refused, err := store.Insert(t.Context(), b, dir)
		if err = errors.Join(err, store.WriteDeadLetters(t.Context(), dead)); err != nil || len(refused) > 0 {
			t.Fatal(err, refused)
		}
		b.Release()
	}
	return store
}

func read(t *testing.T, dir string) *event.Records {
	t.Helper()
	in, err := file.Open(filepath.Join(dir, "reports.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	recs, err := in.Next()
	if err != nil {
		t.Fatal(err)
	}
	return recs
}

// refs returns the reports of a folder, as they are named in questions.
func refs(t *testing.T, dir string) []string {
	t.Helper()
	b, dead := jsoncodec.New(codec.Options{Schema: event.Default(), Project: event.Default().Whole()}).Decode(read(t, dir))
	defer b.Release()
	var all []string
	for _, d := range dead {
		var id struct {
			Reporter string `json:"reporter"`
			ID       string `json:"report_id"`
		}
		if err := json.Unmarshal(d.Raw, &id); err != nil {
			t.Fatal(err)
		}
		all = append(all, id.Reporter+"/"+id.ID)
	}
	seen := map[string]bool{}
	for r := range b.Rows {
		ref := b.Columns[b.Schema.Must("reporter")].String(r) + "/" + string(b.Columns[b.Schema.Must("report_id")].Text(r))
		if !seen[ref] {
			seen[ref] = true
			all = append(all, ref)
		}
	}
	return all
}

// TestRebuild makes a report of columns as ClickHouse writes them.
func TestRebuild(t *testing.T) {
	s, err := event.NewSchema(event.Column{Name: "branch", Type: event.Text, Path: "extra.bank.branch"}, event.Column{Name: "vip", Type: event.Bool, Path: "vip"})
	if err != nil {
		t.Fatal(err)
	}
	line := `{"amount":"12.5","branch":"","debtor":{"lat":-1.5,"name":"A \"B\""},"extra":{"bank":{"branch":"B1"},"x.y":"1"},"kind":"bank.transfer","layer":0,` +
		`"occurred_at":"2026-04-01T12:00:00.123Z","payment":{"settlement_date":"2026-04-02"},"report_id":"R","reporter":"HWBIINBB","revision":3,"vip":true}`
	columns := `{"report_id":"R","reporter":"HWBIINBB","revision":"3","kind":"bank.transfer","occurred_at":"2026-04-01 12:00:00.123","amount":"12.5","layer":"0",` +
		`"debtor.lat":"-1.5","debtor.name":"A \"B\"","debtor.uid":"derived","payment.settlement_date":"2026-04-02","branch":"B1","vip":"true","currency":""}`
	got, err := rebuild(s, columns, `{"x.y":"1"}`)
	if want := strings.Replace(line, `"branch":"","debtor"`, `"debtor"`, 1); err != nil || string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	for _, bad := range [][2]string{{"", "{}"}, {"{}", "x"}} {
		if _, err := rebuild(s, bad[0], bad[1]); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

// TestExplainTells checks what people are told when nothing can be explained.
func TestExplainTells(t *testing.T) {
	base := ExplainOptions{EvalOptions: EvalOptions{Rules: "testdata/eval/windows/rules", Input: "testdata/eval/windows/reports.ndjson", Out: io.Discard, Log: io.Discard},
		Question: explain.Question{Rule: "mule-fan-in", Reporter: "HWBIINBB", ReportID: "T-5"}}
	if err := base.Configure(""); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(o *ExplainOptions){
		"did you mean mule-fan-in?":               func(o *ExplainOptions) { o.Rule = "mule-fanin" },
		"10 reports accepted, 8 of them":          func(o *ExplainOptions) { o.ReportID = "none" },
		"dead letter (missing_field occurred_at":  func(o *ExplainOptions) { o.Reporter, o.ReportID = "TELCO", "X-1" },
		"no such file":                            func(o *ExplainOptions) { o.Input = "testdata/none" },
		"--file":                                  func(o *ExplainOptions) { o.Input = "" },
		ErrBadRules.Error():                       func(o *ExplainOptions) { o.Rules = "testdata/eval/badrules/rules" },
		"testdata/none":                           func(o *ExplainOptions) { o.Rules = "testdata/none" },
		"read report from clickhouse: dial tcp 1": func(o *ExplainOptions) { o.Input, o.Config = "", nowhere() },
	} {
		o := base
		change(&o)
		if err := Explain(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func nowhere() *config.Config {
	c := config.Default()
	c.ClickHouse.Addresses = []string{"127.0.0.1:1"}
	return c
}
