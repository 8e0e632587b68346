package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// explained runs the verb and returns what it writes.
func explained(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := rootCmd()
	var out, log bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&log)
	root.SetArgs(append([]string{"explain"}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

const (
	explainRules = "app/testdata/eval/windows/rules"
	explainFile  = "app/testdata/eval/windows/reports.ndjson"
)

func TestExplainJSON(t *testing.T) {
	text, err := explained(t, "--rule", "sim-swap-then-abroad", "--report", "HWBIINBB/T-5", "--rules", explainRules, "--file", explainFile, "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Fires   bool
		Case    string
		Score   struct{ Value string }
		Weights []struct{ Name, Truth, Adds string }
		Windows []struct {
			Name    string
			Reasons map[string]int
		}
		Lists []struct{ Name, Digest string }
		Hit   struct {
			ID     string `json:"hit_id"`
			Alerts []struct{ To, Amount string }
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	switch {
	case !got.Fires || got.Case != "freeze" || got.Score.Value != "120" || got.Hit.ID != "WGPGYAECVDT2RTOS5MVGETI27A",
		len(got.Weights) != 3 || got.Weights[0].Name != "swap" || got.Weights[0].Truth != "true" || got.Weights[0].Adds != "60",
		len(got.Windows) != 2 || got.Windows[0].Reasons["counted"] != 1 || got.Windows[1].Reasons["self"] != 1,
		len(got.Lists) != 1 || len(got.Lists[0].Digest) != 64,
		len(got.Hit.Alerts) != 1 || got.Hit.Alerts[0].To != "GB" || got.Hit.Alerts[0].Amount != "6000.00":
		t.Errorf("%+v", got)
	}
}

func TestExplainText(t *testing.T) {
	text, err := explained(t, "--rule", "mule-fan-in", "--report", "HWBIINBB/T-5", "--rules", explainRules, "--file", explainFile, "--per-key", "2", "--entries", "1")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DOES NOT FIRE (unknown)", "inflow.from is at least 1: the window was cut", "5 of them are not listed"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestExplainConfig takes the rules from the configuration where they are not
// named.
func TestExplainConfig(t *testing.T) {
	dir := t.TempDir()
	rules, err := filepath.Abs(explainRules)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "haltwire.yaml")
	lists := filepath.Join(filepath.Dir(rules), "lists")
	text := "rules: {dir: " + rules + "}\nlists: {safe_payees: {file: " + lists + "/safe.csv}}\ntables: {limits: {file: " + lists + "/limits.csv, key: reporter, columns: {floor: decimal}}}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := explained(t, "-c", path, "--rule", "mule-fan-in", "--report", "HWBIINBB/T-5", "--file", explainFile)
	if err != nil || !strings.Contains(out, "FIRES") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestExplainRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"write REPORTER/ID":                {"--report", "T-5"},
		"write json or table":              {"--report", "A/B", "-o", "xml"},
		"did you mean mule-fan-in?":        {"--report", "HWBIINBB/T-5", "--rules", explainRules, "--file", explainFile},
		"no haltwire.yaml here or above":   {"--report", "A/B"},
		"required flag(s) \"report\", \"r": {"--rules", explainRules},
	} {
		if !strings.Contains(want, "required") {
			args = append(args, "--rule", "mule-fan-on")
		}
		if _, err := explained(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %s", args, err, want)
		}
	}
}
