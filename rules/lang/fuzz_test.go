package lang_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/spec"
)

// FuzzLoad holds the loader to this on any bytes: it ends, every finding is in
// the file, and a set without an error compiles and evaluates.
func FuzzLoad(f *testing.F) {
	for _, dir := range []string{"testdata/check", "../pack"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".yaml") {
				return err
			}
			data, err := os.ReadFile(path)
			f.Add(data)
			return err
		})
		if err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, findings := spec.Parse([]*spec.File{spec.NewFile("fuzz.yaml", data)})
		set, more := lang.Check(tree, vocabulary())
		findings = append(findings, more...)
		lines := strings.Count(string(data), "\n") + 1
		for _, d := range findings {
			if d.Start.Line < 1 || d.Start.Line > lines || d.Start.Column < 1 || d.Message == "" {
				t.Errorf("finding without a place: %+v", d)
			}
			_ = d.String()
		}
		if findings.Errors() > 0 {
			return
		}
		for _, r := range set.Rules {
			evaluateRule(t, r)
			r.Nodes(func(n *lang.Node) { _ = set.Text(r, n) })
		}
		if len(set.Order) != len(set.Rules) {
			t.Fatalf("order %v of %d rules", set.Order, len(set.Rules))
		}
		for _, w := range set.Windows {
			evaluateWindow(t, w)
		}
	})
}

func evaluateWindow(t *testing.T, w *lang.Window) {
	if len(w.From) == 0 || len(w.Match) == 0 || len(w.Values) == 0 || w.Within <= w.Until {
		t.Fatalf("window %s", w.Key)
	}
	for _, kind := range w.From {
		if len(w.KeyBy[kind]) != len(w.Match) {
			t.Fatalf("window %s", w.Key)
		}
	}
	w.Nodes(func(n *lang.Node) {
		p, err := lang.Compile(n)
		if err != nil {
			t.Fatalf("%s: %v", n.Key, err)
		}
		p.Eval(pastRow{row: row{fields: map[string]any{"category": "a b", "amount": 5}}})
	})
}

func evaluateRule(t *testing.T, r *lang.Rule) {
	nodes := []*lang.Node{r.Guard, r.Score}
	for _, c := range r.Cases {
		nodes = append(nodes, c.When)
	}
	for _, w := range r.Weights {
		nodes = append(nodes, w.When)
	}
	for _, n := range nodes {
		if n == nil {
			continue
		}
		p, err := lang.Compile(n)
		if err != nil {
			t.Fatalf("%s: %v", n.Key, err)
		}
		p.Eval(row{})
		p.Eval(row{fields: map[string]any{"category": "a b", "amount": 5, "narrative": "gift card"}})
	}
}

// FuzzExpression holds one expression to this: it ends, it is right or has a
// finding, and what is right compiles and evaluates without a panic.
func FuzzExpression(f *testing.F) {
	for _, file := range []string{"testdata/expr/operations.txt", "testdata/expr/refusals.txt"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range strings.Split(string(data), "\n\n") {
			source, _, _ := strings.Cut(block, "\n----\n")
			f.Add(source)
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		n, findings := lang.Expression(source, lang.Options{})
		if (n == nil) != (findings.Errors() > 0) {
			t.Fatalf("%q: node %v, findings %v", source, n, findings)
		}
		if n == nil {
			return
		}
		p, err := lang.Compile(n)
		if err != nil {
			t.Fatalf("%s: %v", n.Key, err)
		}
		p.Eval(row{fields: map[string]any{"category": "a b", "amount": 5, "narrative": "gift card", "payment.remittance": "x"}})
	})
}
