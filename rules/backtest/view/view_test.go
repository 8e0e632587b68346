package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/haltwire/haltwire/rules/backtest"
	"github.com/haltwire/haltwire/rules/backtest/view"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests see as what they expect")

// sample is a report that has everything that can be shown.
func sample(t *testing.T) *backtest.Report {
	t.Helper()
	text, err := os.ReadFile("testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	var r backtest.Report
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func page(t *testing.T, r *backtest.Report) (string, *html.Node) {
	t.Helper()
	var out strings.Builder
	if err := view.WriteHTML(&out, r); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), root
}

// elements calls do for every element below n.
func elements(n *html.Node, do func(n *html.Node, attrs map[string]string)) {
	if n.Type == html.ElementNode {
		attrs := map[string]string{}
		for _, a := range n.Attr {
			attrs[a.Key] = a.Val
		}
		do(n, attrs)
	}
	for c := range n.ChildNodes() {
		elements(c, do)
	}
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	if err := view.WriteText(&out, sample(t)); err != nil {
		t.Fatal(err)
	}
	if *rewrite {
		if err := os.WriteFile("testdata/report.txt", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/report.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", out.Bytes(), want)
	}
}

// TestPage reads the page as a browser does: it needs nothing from elsewhere and no
// script, every picture says what it shows, and tables have captions and heads.
func TestPage(t *testing.T) {
	text, root := page(t, sample(t))
	count := map[string]int{}
	elements(root, func(n *html.Node, attrs map[string]string) {
		count[n.Data]++
		for _, name := range []string{"src", "href", "xlink:href", "srcset", "action"} {
			if attrs[name] != "" {
				t.Errorf("<%s %s=%q> needs something from elsewhere", n.Data, name, attrs[name])
			}
		}
		for name := range attrs {
			if strings.HasPrefix(name, "on") {
				t.Errorf("<%s> has the handler %s", n.Data, name)
			}
		}
		if n.Data == "svg" && (attrs["role"] != "img" || attrs["aria-label"] == "") && attrs["aria-hidden"] != "true" {
			t.Errorf("a picture says not what it shows: %v", attrs)
		}
		if n.Data == "th" && attrs["scope"] == "" {
			t.Error("a head of a table has no scope")
		}
	})
	if count["script"]+count["link"]+count["img"]+count["iframe"] > 0 || count["h1"] != 1 || count["main"] != 1 || count["table"] != count["caption"] || count["table"] != 6 {
		t.Errorf("elements %v", count)
	}
	for _, want := range []string{
		`<html lang="en">`, "prefers-color-scheme: dark", "default-src 'none'", "1 234", "at most 3 a day; the budget is 2", "over on 1 day<", "75.0 %", "90.0 min", "2.0 d", "25.50 EUR",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, bad := range []string{"NaN", "%!", "url(", "@import", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

// TestHostile gives names that would become markup, style or commands.
func TestHostile(t *testing.T) {
	for _, name := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'); } body { display: none`, `</style><b>`, `{{.}}`, "\x1b]0;owned\x07\x1b[2J", "\u202egnp.exe"} {
		r := sample(t)
		r.A.Name, r.B.Name, r.A.Digest = name, name, name
		r.A.Rules[0].ID, r.A.Rules[0].Title, r.A.Rules[0].Status = name, name, name
		r.A.Rules[0].Load[0].Party, r.A.Rules[0].Amounts[0].Currency = name, name
		r.Difference.Rules[0].Rule = name
		r.Difference.List[0] = backtest.Change{What: "only_a", Rule: name, Reporter: name, ReportID: name, Kind: name, CaseA: &name, OccurredAt: name}
		before, after := map[string]int{}, map[string]int{}
		_, plain := page(t, sample(t))
		elements(plain, func(n *html.Node, _ map[string]string) { before[n.Data]++ })
		_, root := page(t, r)
		elements(root, func(n *html.Node, attrs map[string]string) {
			after[n.Data]++
			if attrs["onerror"] != "" {
				t.Errorf("%q became a handler", name)
			}
		})
		for tag := range after {
			if after[tag] != before[tag] && tag != "title" {
				t.Errorf("%q: %d of <%s>, want %d", name, after[tag], tag, before[tag])
			}
		}
		var out strings.Builder
		if err := view.WriteText(&out, r); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x07\u202e") {
			t.Errorf("%q reaches the terminal", name)
		}
	}
}

// TestSparse shows a report with next to nothing in it.
func TestSparse(t *testing.T) {
	r := &backtest.Report{A: backtest.Set{Name: "rules", Rules: []backtest.Rule{{ID: "a"}}}}
	text, _ := page(t, r)
	if strings.Contains(text, "<path") || !strings.Contains(text, "No report is within the time") {
		t.Errorf("page\n%s", text)
	}
	var out strings.Builder
	if err := view.WriteText(&out, r); err != nil || !strings.Contains(out.String(), "0 reports; read 0") {
		t.Errorf("%s %v", out.String(), err)
	}
	r.Span, r.A.Total.Days = backtest.NewSpan(0, 86_400_000*999), make([]int, 1000)
	r.A.Total.Days[999] = 7
	if text, _ = page(t, r); !strings.Contains(text, "a bar is 3 days") || !strings.Contains(text, "at most 7 a day") {
		t.Errorf("page\n%s", text)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestBroken(t *testing.T) {
	if view.WriteText(broken{}, sample(t)) == nil || view.WriteHTML(broken{}, sample(t)) == nil {
		t.Error("nobody heard that nothing could be written")
	}
}
