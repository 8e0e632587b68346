package lang_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/rules/lang"
)

// source draws an expression that means the same to expr on plain types: whole
// numbers, texts, no missing values, no division.
type source struct{ t *rapid.T }

func (s source) pick(name string, words ...string) string {
	return rapid.SampledFrom(words).Draw(s.t, name)
}

func (s source) number(depth int) string {
	if depth == 0 {
		return s.pick("number", "amount", "settled_amount", "layer", "0", "1", "7", "250")
	}
	switch s.pick("number op", "leaf", "bin", "neg", "cond", "coalesce", "call", "len") {
	case "bin":
		return fmt.Sprintf("(%s %s %s)", s.number(depth-1), s.pick("op", "+", "-", "*"), s.number(depth-1))
	case "neg":
		return "-(" + s.number(depth-1) + ")"
	case "cond":
		return fmt.Sprintf("(%s ? %s : %s)", s.truth(depth-1), s.number(depth-1), s.number(depth-1))
	case "coalesce":
		return fmt.Sprintf("(%s ?? %s)", s.pick("field", "amount", "layer"), s.number(depth-1))
	case "call":
		return fmt.Sprintf("%s(%s, %s)", s.pick("f", "max", "min"), s.number(depth-1), s.number(depth-1))
	case "len":
		return "len(" + s.text(depth-1) + ")"
	}
	return s.number(0)
}

func (s source) text(depth int) string {
	if depth == 0 {
		return s.pick("text", "category", "case_ref", `"a"`, `"ab"`, `"b"`, `""`)
	}
	switch s.pick("text op", "leaf", "concat", "cond", "lower", "slice") {
	case "concat":
		return fmt.Sprintf("(%s + %s)", s.text(depth-1), s.text(depth-1))
	case "cond":
		return fmt.Sprintf("(%s ? %s : %s)", s.truth(depth-1), s.text(depth-1), s.text(depth-1))
	case "lower":
		return s.pick("f", "lower", "upper", "trim") + "(" + s.text(depth-1) + ")"
	case "slice":
		return s.pick("field", "category", "case_ref") + "[0:1]"
	}
	return s.text(0)
}

func (s source) truth(depth int) string {
	if depth == 0 {
		return s.pick("truth", `category == "a"`, "amount > 5", "layer == 1", "true")
	}
	switch s.pick("truth op", "compare", "compare text", "and", "not", "in", "in text", "search", "chain", "any", "same", "split") {
	case "compare":
		return fmt.Sprintf("(%s %s %s)", s.number(depth-1), s.pick("op", "==", "!=", "<", "<=", ">", ">="), s.number(depth-1))
	case "compare text":
		return fmt.Sprintf("(%s %s %s)", s.text(depth-1), s.pick("op", "==", "!=", "<", "<=", ">", ">="), s.text(depth-1))
	case "and":
		return fmt.Sprintf("((%s) %s (%s))", s.truth(depth-1), s.pick("op", "and", "or", "&&", "||"), s.truth(depth-1))
	case "not":
		return "not (" + s.truth(depth-1) + ")"
	case "in":
		return fmt.Sprintf("(%s %s [1, 7, 8, 7])", s.pick("field", "layer"), s.pick("op", "in", "not in"))
	case "in text":
		return fmt.Sprintf(`(%s %s ["a", "b", %s])`, s.text(depth-1), s.pick("op", "in", "not in"), s.text(depth-1))
	case "search":
		return fmt.Sprintf("(%s %s %s)", s.text(depth-1), s.pick("op", "contains", "startsWith", "endsWith", "not contains"), s.text(depth-1))
	case "chain":
		return fmt.Sprintf("(%s < %s <= %s)", s.number(depth-1), s.number(depth-1), s.number(depth-1))
	case "any":
		return fmt.Sprintf(`%s(["a", "b"], %s contains #)`, s.pick("f", "any", "all", "none"), s.text(depth-1))
	case "split":
		return fmt.Sprintf(`%s(split(%s, "a"), # == "b" or len(#) > %s)`, s.pick("f", "any", "all", "none", "one"), s.pick("field", "category", "case_ref"), s.pick("n", "0", "1"))
	}
	return fmt.Sprintf("((%s) == (%s))", s.truth(depth-1), s.truth(depth-1))
}

// TestAgainstExpr compares a Program with what expr makes of the same text, on
// rows without missing values, where the two agree by design.
func TestAgainstExpr(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := source{t}.truth(3)
		texts := rapid.SampledFrom([]string{"a", "ab", "B", "ba a", ""})
		whole := rapid.IntRange(0, 9)
		fields := map[string]any{
			"category": texts.Draw(t, "category"), "case_ref": texts.Draw(t, "case_ref"),
			"amount": whole.Draw(t, "amount"), "settled_amount": whole.Draw(t, "settled_amount"), "layer": whole.Draw(t, "layer"),
		}
		program, err := expr.Compile(src, expr.Env(fields), expr.AsBool())
		if err != nil {
			t.Fatalf("expr refuses %s: %v", src, err)
		}
		want, err := expr.Run(program, fields)
		if err != nil {
			t.Fatalf("expr fails on %s: %v", src, err)
		}
		n, findings := lang.ExpressionInRule(src)
		if n == nil {
			if folded(findings) {
				return
			}
			t.Fatalf("%s: %v", src, findings)
		}
		p, err := lang.Compile(n)
		if err != nil {
			t.Fatal(err)
		}
		got, state := p.Eval(row{fields: fields})
		if state != lang.Known || got.Bool != want {
			t.Fatalf("%s on %v = %v (%d), expr says %v; tree %s", src, fields, got, state, want, n.Key)
		}
	})
}

// folded reports whether an expression was refused only because a part of it is a
// constant, or loops inside a loop, which expr does not mind.
func folded(findings lang.Diagnostics) bool {
	for _, f := range findings {
		if !strings.Contains(f.Message, "never missing") && !strings.Contains(f.Message, "a loop over a list inside another one") {
			return false
		}
	}
	return true
}
