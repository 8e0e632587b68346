package lang_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/lang"
)

var rewrite = flag.Bool("rewrite", false, "write what is printed into the files of testdata")

// TestExpressions runs testdata/expr: an expression, a line ----, and its typed
// tree or what is wrong with it. go test -rewrite fills the files in.
func TestExpressions(t *testing.T) {
	files, err := filepath.Glob("testdata/expr/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runExpressions(t, file) })
	}
}

func runExpressions(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		source, want, _ := strings.Cut(block, "\n----\n")
		if strings.HasPrefix(block, "#") {
			out = append(out, block)
			continue
		}
		source = strings.TrimSuffix(source, "\n----")
		got := describe(source)
		out = append(out, source+"\n----\n"+got)
		if !*rewrite && got != want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", source, got, want)
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// describe returns the typed tree of an expression, or its findings, each with
// the text that the caret points at.
func describe(source string) string {
	n, findings := lang.ExpressionInRule(source)
	if len(findings) == 0 && n != nil {
		return fmt.Sprintf("%s: %s", n.Type, n.Key)
	}
	if len(findings) == 0 {
		return "wrong, and reported elsewhere"
	}
	var lines []string
	for _, f := range findings {
		line := []rune(f.Source)
		at := string(line[f.Start.Column-1 : max(f.Start.Column, min(f.End.Column, len(line)+1))-1])
		lines = append(lines, fmt.Sprintf("%s at %q: %s", f.Level, at, f.Message))
		if f.Fix != "" {
			lines = append(lines, "  = "+f.Fix)
		}
	}
	return strings.Join(lines, "\n")
}
