package lang_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var messages = flag.Bool("messages", false, "write rules/MESSAGES.md")

// template is what check may say: a pattern made of the text in the source.
type template struct {
	place   string // file:line of the source
	pattern string
}

// said is one finding of a golden file.
type said struct {
	level, message, source, fix string
}

// TestEveryMessage takes every message out of the source and finds a case of
// testdata/check that provokes it; the table of them in rules/MESSAGES.md holds
// what these cases say. go test -messages writes the table.
func TestEveryMessage(t *testing.T) {
	findings := append(findingsOfCases(t), findingsOfExpressions(t)...)
	templates := slices.Concat(templatesOf(t, "."), templatesOf(t, "../spec"))
	if len(templates) < 100 {
		t.Fatalf("found only %d messages in the source", len(templates))
	}
	first := map[string]said{} // by template
	for _, x := range templates {
		pattern := regexp.MustCompile("(?s)^" + x.pattern + "$")
		if slices.Contains(unreachable(), x.pattern) {
			continue
		}
		i := slices.IndexFunc(findings, func(s said) bool { return pattern.MatchString(s.message) })
		if i < 0 {
			t.Errorf("%s: no case of testdata/check makes this be said: %s", x.place, x.pattern)
			continue
		}
		first[x.pattern] = findings[i]
	}
	got := table(first)
	const path = "../MESSAGES.md"
	if *messages {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("rules/MESSAGES.md is not what check says: go test ./rules/lang -run EveryMessage -messages")
	}
}

// unreachable are messages without a case: about nodes that today's parser cannot
// make, which guard against a later one, and one whose case would be a file of
// 100,000 documents (rules/spec makes it).
func unreachable() []string {
	return []string{"more than .* documents in a file", "this is not available in rules", ".* is not available in rules"}
}

// table returns the page of all messages.
func table(first map[string]said) string {
	var rows []string
	seen := map[string]bool{}
	for _, s := range first {
		if seen[s.message] {
			continue
		}
		seen[s.message] = true
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s |", cell(s.message, false), s.level, cell(s.source, true), cell(s.fix, false)))
	}
	slices.SortFunc(rows, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return "# What `haltwire check` says\n\n" +
		"Every message with a line that provokes it and the remedy that check names. Names and\n" +
		"numbers are those of the example. An error keeps a set of rules from being used; a\n" +
		"warning does so under `--strict`.\n\n" +
		"| message | level | for example | remedy |\n|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n"
}

func cell(s string, code bool) string {
	s = strings.TrimSpace(s)
	const most = 110
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	if code && s != "" {
		return "`" + strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "`", "'") + "`"
	}
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "{", "&#123;", "*", `\*`).Replace(s)
}

var finding = regexp.MustCompile(`^[^:]+:(?:\d+:\d+:)? (error|warning): (.*)$`)

// findingsOfCases returns everything that the golden files say.
func findingsOfCases(t *testing.T) (all []said) {
	t.Helper()
	files, err := filepath.Glob("testdata/check/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		for i, line := range lines {
			m := finding.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			s := said{level: m[1], message: m[2]}
			for _, below := range lines[i+1:] {
				if finding.MatchString(below) || !strings.HasPrefix(below, " ") {
					break
				}
				if fix, ok := strings.CutPrefix(below, "    = "); ok {
					s.fix = fix
					break
				}
				if s.source == "" {
					s.source = below
				}
			}
			all = append(all, s)
		}
	}
	return all
}

var refusal = regexp.MustCompile(`^(error|warning) at ".*": (.*)$`)

// findingsOfExpressions returns what is said in testdata/expr.
func findingsOfExpressions(t *testing.T) (all []said) {
	t.Helper()
	data, err := os.ReadFile("testdata/expr/refusals.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(data), "\n\n") {
		source, got, _ := strings.Cut(block, "\n----\n")
		lines := strings.Split(got, "\n")
		for i, line := range lines {
			m := refusal.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			s := said{level: m[1], message: m[2], source: source}
			if i+1 < len(lines) {
				s.fix, _ = strings.CutPrefix(lines[i+1], "  = ")
			}
			all = append(all, s)
		}
	}
	return all
}

// templatesOf returns the messages in the source of a package.
func templatesOf(t *testing.T, dir string) (all []template) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if m := messageOf(n); m != nil {
				if p := pattern(m); strings.Trim(p, ".*+") != "" {
					all = append(all, template{fset.Position(m.Pos()).String(), p})
				}
			}
			return true
		})
	}
	return all
}

// messageOf returns the expression of a message, nil when n makes none. What is
// said of files and folders is tested in rules/spec.
func messageOf(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.CallExpr:
		s, ok := n.Fun.(*ast.SelectorExpr)
		if ok && len(n.Args) == 3 && slices.Contains([]string{"at", "fail", "error", "warning", "trap"}, s.Sel.Name) {
			return n.Args[1]
		}
	case *ast.CompositeLit:
		if id, ok := n.Type.(*ast.Ident); ok && id.Name == "refusal" && len(n.Elts) == 2 {
			return n.Elts[0]
		}
	}
	return nil
}

var verb = regexp.MustCompile(`%[-+.0-9]*[a-z]`)

// pattern returns a regular expression of what an expression can be.
func pattern(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return regexp.QuoteMeta(s)
		}
	case *ast.BinaryExpr:
		return pattern(e.X) + pattern(e.Y)
	case *ast.ParenExpr:
		return pattern(e.X)
	case *ast.CallExpr:
		if s, ok := e.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Sprintf" && len(e.Args) > 0 {
			if lit, ok := e.Args[0].(*ast.BasicLit); ok {
				if format, err := strconv.Unquote(lit.Value); err == nil {
					parts := verb.Split(format, -1)
					for i := range parts {
						parts[i] = regexp.QuoteMeta(strings.ReplaceAll(parts[i], "%%", "%"))
					}
					return strings.Join(parts, ".*")
				}
			}
		}
	}
	return ".*"
}
