package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"

	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"golang.org/x/mod/modfile"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// TestReadmeTables compares what stands between <!-- NAME: begin --> and
// <!-- NAME: end --> in README.md with what the code says.
func TestReadmeTables(t *testing.T) {
	have := readme(t)
	settle(t, readmePath, have, generated(t, have, map[string]func(*testing.T) string{
		"commands": commandTable, "config": configTable, "metrics": metricTable, "fields": fieldTable,
		"views": viewTable, "queries": queryBlock, "request": requestBlock, "states": stateList, "texts": textTable,
	}))
}

// generated returns a page with its generated parts made anew.
func generated(t *testing.T, want string, parts map[string]func(*testing.T) string) string {
	t.Helper()
	for name, make := range parts {
		begin, end := "<!-- "+name+": begin -->\n", "<!-- "+name+": end -->"
		before, rest, found := strings.Cut(want, begin)
		_, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			t.Errorf("the page has no %s…%s", strings.TrimSpace(begin), end)
			continue
		}
		want = before + begin + make(t) + end + after
	}
	return want
}

func row(cells ...string) string {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(strings.ReplaceAll(c, "\n", " "), "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

func head(cells ...string) string {
	return row(cells...) + strings.Repeat("|---", len(cells)) + "|\n"
}

func commandTable(*testing.T) string {
	out := head("command", "what it does", "flags")
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Runnable() && c.Name() != "help" {
			var flags []string
			c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { flags = append(flags, flagText(f)) })
			out += row("`"+strings.TrimSuffix(c.UseLine(), " [flags]")+"`", c.Short, strings.Join(flags, "<br>"))
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	root := rootCmd()
	root.InitDefaultHelpCmd()
	walk(root)
	return out + "\nEvery command takes `-c FILE`; `alerts` and its verbs take `-o json|table`.\n"
}

func flagText(f *pflag.Flag) string {
	name, usage := pflag.UnquoteUsage(f)
	text := "`--" + f.Name
	if f.Shorthand != "" {
		text = "`-" + f.Shorthand + ", --" + f.Name
	}
	if name != "" {
		text += " " + name
	}
	return text + "` " + usage
}

func metricTable(t *testing.T) string {
	exposed := prometheusNames(t)
	out := head("metric", "in Prometheus", "unit", "attributes", "meaning")
	for _, d := range telemetry.Definitions() {
		name, ok := exposed[d.Help]
		if !ok {
			t.Errorf("%s is not exposed", d.Name)
		}
		out += row("`"+d.Name+"`", "`"+name+"`", strings.Trim(d.Unit, "{}"), d.Attributes, d.Help)
	}
	return out
}

// prometheusNames gives every instrument a value and returns the names under
// which it is then exposed, by help text.
func prometheusNames(t *testing.T) map[string]string {
	t.Helper()
	registry := prometheus.NewRegistry()
	exporter, err := promexporter.New(promexporter.WithRegisterer(registry))
	if err != nil {
		t.Fatal(err)
	}
	m, err := telemetry.NewMetrics(sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)).Meter("haltwire"))
	if err != nil {
		t.Fatal(err)
	}
	fields := reflect.ValueOf(m).Elem()
	for i := range fields.NumField() {
		switch instrument := fields.Field(i).Interface().(type) {
		case metric.Int64Counter:
			instrument.Add(t.Context(), 1)
		case metric.Int64Gauge:
			instrument.Record(t.Context(), 1)
		case metric.Float64Gauge:
			instrument.Record(t.Context(), 1)
		case metric.Int64Histogram:
			instrument.Record(t.Context(), 1)
		case metric.Float64Histogram:
			instrument.Record(t.Context(), 1)
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range families {
		out[f.GetHelp()] = f.GetName()
	}
	return out
}

func fieldTable(*testing.T) string {
	out := head("field", "type", "required", "values", "in ClickHouse", "masked for analysts")
	mark := map[bool]string{true: "yes"}
	for _, c := range event.Default().Columns {
		values := strings.Join(c.Values, ", ")
		switch {
		case c.Derived:
			values = "derived; the wire may not set it"
		case c.Phone:
			values = "E.164: `+` and 7 to 15 digits"
		case c.List == event.Kind:
			values = "a kind of report"
		case c.List == event.Country:
			values = "ISO 3166-1 alpha-2"
		case c.List == event.Currency:
			values = "ISO 4217"
		}
		out += row("`"+c.Name+"`", c.Type.String(), mark[c.Required], values, "`"+strings.ReplaceAll(c.Name, ".", "_")+"`", mark[c.Personal])
	}
	return out
}

func viewTable(t *testing.T) string {
	files, err := filepath.Glob("../../sinks/clickhouse/schema/views/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no views: %v", err)
	}
	out := head("view", "what a row is", "cost")
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var comment []string
		for line := range strings.Lines(string(text)) {
			words, ok := strings.CutPrefix(line, "-- ")
			if !ok {
				break
			}
			comment = append(comment, strings.TrimSpace(words))
		}
		what, cost, ok := strings.Cut(strings.Join(comment, " "), " Cost: ")
		if !ok {
			t.Errorf("%s does not say its cost", f)
		}
		out += row("`"+strings.TrimSuffix(filepath.Base(f), ".sql")+"`", what, cost)
	}
	return out
}

// queryBlock shows the queries that the tests of sinks/clickhouse run against the
// real engine.
func queryBlock(t *testing.T) string {
	text, err := os.ReadFile("../../sinks/clickhouse/testdata/examples.sql")
	if err != nil {
		t.Fatal(err)
	}
	return "```sql\n" + string(text) + "```\n"
}

func stateList(t *testing.T) string {
	text, err := os.ReadFile("../../sinks/desk/apply/state.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +State = "(\w+)"$`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, "`"+m[1]+"`")
	}
	for _, m := range regexp.MustCompile("(?m)^\\t\\w+ +State = \"\\w+\"").FindAllString(string(text), -1)[len(names):] {
		t.Errorf("%s is not listed", m)
	}
	return "All states: " + strings.Join(names, ", ") + ".\n"
}

// requestBlock signs the request of the tests with a key that everybody knows.
func requestBlock(t *testing.T) string {
	text, err := os.ReadFile("../../sinks/freeze/testdata/messages/request.json")
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	if err := json.Compact(&body, text); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, "https://gb.example/partner/v1/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "U3A5VHP66CSQRGMDHUPYCP5QKM-Q001")
	at := time.Date(2026, 3, 2, 4, 21, 0, 0, time.UTC)
	if err := signature.Sign(r, body.Bytes(), knownKey(t), at, "LPZEN3A6LU4SHOQ2FNYE6DX6CM"); err != nil {
		t.Fatal(err)
	}
	out := "```http\nPOST /partner/v1/messages HTTP/1.1\nHost: gb.example\n"
	for _, name := range []string{"Content-Type", "Idempotency-Key", "Content-Digest", "Signature-Input", "Signature"} {
		out += name + ": " + r.Header.Get(name) + "\n"
	}
	return out + fmt.Sprintf("Content-Length: %d\n\n%s… the rest of sinks/freeze/testdata/messages/request.json, compact\n```\n", body.Len(), body.Bytes()[:250])
}

func knownKey(t *testing.T) signature.Key {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	encode := base64.RawURLEncoding.EncodeToString
	text := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":"in-fiu-1","d":%q,"x":%q}`,
		encode(private.Seed()), encode(private.Public().(ed25519.PublicKey)))
	key, err := signature.ParseKey([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestReadmeDependencies holds README.md to one row a module that our own
// packages import, tests included.
func TestReadmeDependencies(t *testing.T) {
	_, table, ok := strings.Cut(readme(t), "<!-- dependencies: begin -->\n")
	table, _, closed := strings.Cut(table, "<!-- dependencies: end -->")
	if !ok || !closed {
		t.Fatal("README.md has no table of dependencies")
	}
	var said []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		said = append(said, m[1])
	}
	direct := directModules(t)
	for _, m := range direct {
		if !slices.Contains(said, m) {
			t.Errorf("README.md does not say what %s is for", m)
		}
	}
	for _, m := range said {
		if !slices.Contains(direct, m) {
			t.Errorf("README.md has a row for %s, which nothing imports", m)
		}
	}
}

func directModules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	walk := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			used[moduleOf(mod, strings.Trim(i.Path.Value, `"`))] = true
		}
		return nil
	}
	for _, top := range []string{"cmd", "pipeline", "rules", "sinks", "sources", "benchmarks"} {
		if err := filepath.WalkDir(filepath.Join("../..", top), walk); err != nil {
			t.Fatal(err)
		}
	}
	delete(used, "")
	return slices.Sorted(maps.Keys(used))
}

// moduleOf returns the module of go.mod that a package is of, "" for our own and
// the standard library's.
func moduleOf(mod *modfile.File, path string) string {
	best := ""
	for _, r := range mod.Require {
		if m := r.Mod.Path; (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}
