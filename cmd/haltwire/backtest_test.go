package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/backtest"
)

func TestBacktestCommand(t *testing.T) {
	const hand = "app/testdata/backtest/hand/"
	base := []string{"backtest", "--rules", hand + "rules", "--map", hand + "map.yaml", hand + "reports.csv"}
	for name, c := range map[string]struct {
		more []string
		code int
		want string
	}{
		"table":              {nil, 0, "large      live    2     2"},
		"against":            {[]string{"--against", hand + "against"}, 0, "hits: 3 in both, 0 only in A, 1 only in B"},
		"labels":             {[]string{"--labels", hand + "labels.csv"}, 0, "labels by report: 3 fraud, 1 not, 1 not in the input"},
		"set":                {[]string{"--set", "large/floor=300", "--set", "ceiling=400"}, 0, "large      live    3     3"},
		"from":               {[]string{"--from", "2026-03-05"}, 0, "large      live    1     1"},
		"to":                 {[]string{"--to", "2026-03-01T00:00:01Z"}, 0, "large      live    1     1"},
		"a longer episode":   {[]string{"--episode", "200h"}, 0, "large      live    2     1"},
		"output":             {[]string{"-o", "yaml"}, 2, ""},
		"wrong from":         {[]string{"--from", "yesterday"}, 2, ""},
		"wrong to":           {[]string{"--to", "3"}, 2, ""},
		"from behind to":     {[]string{"--from", "2026-03-05", "--to", "2026-03-04"}, 2, ""},
		"set nothing":        {[]string{"--set", "floor"}, 2, ""},
		"no episode":         {[]string{"--episode", "0s"}, 2, ""},
		"no such labels":     {[]string{"--labels", "none.csv"}, 2, ""},
		"no such folder":     {[]string{"--html", "none/report.html"}, 2, ""},
		"rules with errors":  {[]string{"--against", "app/testdata/eval/badrules/rules"}, 1, ""},
		"no such rules":      {[]string{"--against", "none"}, 2, ""},
		"an unknown flag":    {[]string{"--backward"}, 2, ""},
		"dead letters aside": {[]string{"--dead", os.DevNull}, 0, "accepted 7, dead 2"},
	} {
		code, out := run(t, append(base[:len(base):len(base)], c.more...)...)
		if code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit %d\n%s\nwant %d, %q", name, code, out, c.code, c.want)
		}
	}
	page := filepath.Join(t.TempDir(), "report.html")
	code, out := run(t, append(base, "-o", "json", "--html", page)...)
	var r backtest.Report
	if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil || r.A.Total.Hits != 3 {
		t.Errorf("exit %d, %v\n%s", code, err, out)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "<svg") {
		t.Errorf("page %v\n%s", err, text)
	}
	if code, _ := run(t, "backtest", "f.csv"); code != 2 {
		t.Errorf("without rules: exit %d", code)
	}
}
