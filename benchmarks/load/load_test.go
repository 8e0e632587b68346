package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/benchmarks/load/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
)

func sample() *results {
	r := &results{Reports: 10, Bytes: 5280, Kafka: "K", ClickHouse: "C", Floor: &floor{Fetch: share{Micros: 1}, Project: share{Micros: .5}, Whole: share{Micros: .5}, Insert: share{Micros: .5}, Rules: share{Micros: .25}}}
	for _, w := range []struct {
		rules int
		us    float64
	}{{0, 2.5}, {100, 2.6}, {1000, 2.75}, {10_000, 6}} {
		r.Whole = append(r.Whole, wholeRun{share: share{Micros: w.us, ServerMicros: 4}, Rules: w.rules})
	}
	r.Engine = []engineRun{{Rules: 1000, ServerMicros: 100}}
	r.Latency = []latencyRun{{Rate: modestRate, P99: 500}, {Rate: 40_000, P99: 99}, {Rate: targetRate, Peak: 300e6}}
	return r
}

func TestAims(t *testing.T) {
	met := map[string]bool{}
	for _, a := range sample().aims() {
		met[a.what] = a.met()
	}
	want := map[string]bool{
		"our CPU a report, 1,000 rules":                    true,
		"our CPU against the floor, 1,000 rules":           true,
		"1,000 rules alone":                                false,
		"server CPU a row":                                 true,
		"our CPU, 10,000 rules against 100":                false,
		"Kafka engine against ours + server, 1,000 rules":  true,
		"p99 to the receipt at half load, 40000 reports/s": true,
		"memory at 100000 reports/s (0 reached)":           false,
	}
	if len(met) != len(want) {
		t.Errorf("aims %v", met)
	}
	for what, w := range want {
		if got, there := met[what]; !there || got != w {
			t.Errorf("%s: met %v, there %v", what, got, there)
		}
	}
}

func TestRewrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "README.md")
	text := "before\n" + beginResults + "\nold\n" + endResults + "\nafter\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time finds what the first has written
		if err := rewrite(path, sample()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := string(got)
	if !strings.HasPrefix(s, "before\n") || !strings.HasSuffix(s, "\nafter\n") || strings.Contains(s, "old") || strings.Count(s, "missed by") != 3 {
		t.Errorf("got\n%s", s)
	}
	if err := os.WriteFile(path, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := rewrite(path, sample()); err == nil {
		t.Error("a file without a section is rewritten")
	}
}

func TestTimes(t *testing.T) {
	began := time.Unix(1000, 0)
	made := production{payments: map[string]time.Time{"a": began, "b": began.Add(5 * time.Second), "c": began.Add(6 * time.Second)}}
	var m latencyRun
	m.times(made, []receipt{
		{at: began.Add(time.Second), payments: []string{"a"}},                         // in the warm-up
		{at: began.Add(5*time.Second + 15*time.Millisecond), payments: []string{"b"}}, //
		{at: began.Add(6*time.Second + 70*time.Millisecond), payments: []string{"c"}}, //
		{at: began, payments: []string{"unknown"}},
	}, began.Add(warmUp))
	if m.Requests != 2 || m.P50 != 70 || m.Max != 70 || m.Counts[1] != 1 || m.Counts[6] != 1 {
		t.Errorf("got %+v", m)
	}
	var b bytes.Buffer
	writeHistogram(&b, m)
	if !strings.Contains(b.String(), "≤ 80 ms") {
		t.Error(b.String())
	}
}

func TestStolen(t *testing.T) {
	for report, want := range map[string]string{
		`{"authorisation":"unauthorised","payment":{"uetr":"u-1"}}`: "u-1",
		`{"payment":{"uetr":"u-1"}}`:                                "",
	} {
		if got := stolen([]byte(report)); got != want {
			t.Errorf("%s: %q", report, got)
		}
	}
}

func TestPeerStatements(t *testing.T) {
	p := peer{schema: event.Default(), broker: "b:1", group: "g", rules: ruleset.New(3), all: true}
	all := strings.Join(p.statements(), "\n")
	for _, want := range []string{
		"`debtor` Tuple(`account` String, `scheme` LowCardinality(String)", "kafka_topic_list = 'part.bank.reports,part.telecom.reports'",
		"`payment`.`uetr` AS `payment_uetr`", "`creditor`.`account`", "debtor_account_country = 'IN'",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in\n%s", want, all)
		}
	}
	if strings.Contains(all, "`account_country`") || strings.Contains(all, "payment_key") {
		t.Error("a derived column is read from the JSON")
	}
}
