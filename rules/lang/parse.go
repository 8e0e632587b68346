package lang

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"

	"github.com/haltwire/haltwire/rules/spec"
)

// parse returns expr's tree of the text. Names are looked at first, because what
// the parser says about a wrong one is about something else.
func (r *rewriter) parse() ast.Node {
	if len(r.text.Text) > maxText {
		r.fail(file.Location{To: 40}, fmt.Sprintf("an expression of more than %d KiB", maxText>>10), "split it with let:")
		return nil
	}
	tokens, err := lexer.Lex(file.NewSource(r.text.Text))
	if err != nil {
		r.syntax(err)
		return nil
	}
	if r.tokens(tokens); r.failed {
		return nil
	}
	config := r.parser
	if r.scope.part == valuePart {
		config = r.values
	}
	tree, err := parser.ParseWithConfig(r.text.Text, config)
	if err != nil {
		r.syntax(err)
		return nil
	}
	return tree.Node
}

// parserConfig returns what expr's parser needs to know.
func parserConfig() *conf.Config {
	c := conf.New(map[string]any{})
	c.MaxNodes = maxNodes
	for _, f := range Functions() {
		c.Functions[f.Name] = nil // ours, also where expr has one of that name
	}
	return c
}

// tokens reports words that the parser would misread.
func (r *rewriter) tokens(ts []lexer.Token) {
	let := slices.ContainsFunc(ts, func(t lexer.Token) bool { return t.Is(lexer.Operator, "let") })
	prev := lexer.Token{}
	for i, t := range ts {
		next := ts[min(i+1, len(ts)-1)]
		switch {
		case t.Is(lexer.Identifier) && !prev.Is(lexer.Operator, ".", "?."):
			r.word(i, t, next)
		case t.Is(lexer.Number):
			r.numberToken(t)
		case t.Is(lexer.Operator, "<") && next.Is(lexer.Operator, ">") && next.From == t.To:
			r.fail(file.Location{From: t.From, To: next.To}, "<> means nothing here", "write !=")
		case t.Is(lexer.Operator, "=") && !let:
			r.fail(t.Location, "= means nothing here", "write ==")
		}
		prev = t
	}
}

// functionName checks the name of a called function.
func (r *rewriter) functionName(t lexer.Token) {
	if no := refusedFunction(t.Value); no != nil {
		r.fail(t.Location, no.why, no.fix)
		return
	}
	if !slices.Contains(r.functions, t.Value) {
		known := r.functions
		if r.scope.part == valuePart {
			known = append(aggregateNames(), known...)
		}
		r.fail(t.Location, "there is no function "+t.Value, spec.DidYouMean(t.Value, known))
	}
}

// word checks names of functions and explains words of other languages.
func (r *rewriter) word(i int, t, next lexer.Token) {
	if next.Is(lexer.Bracket, "(") {
		switch _, aggregate := aggregateNamed(t.Value); {
		case aggregate && r.scope.part == valuePart && i == 0:
		case aggregate && r.scope.part == valuePart && !slices.Contains(r.functions, t.Value):
			r.fail(t.Location, "a value of a window is one aggregate and nothing around it", "calculate with it under let:")
		default:
			r.functionName(t)
		}
		return
	}
	if r.known(t.Value) {
		return
	}
	right := map[string]string{"null": "nil", "none": "nil", "undefined": "nil", "and": "and", "or": "or", "not": "not", "in": "in", "true": "true", "false": "false", "like": "matches"}[strings.ToLower(t.Value)]
	if right != "" && right != t.Value {
		r.fail(t.Location, t.Value+" means nothing here", "write "+right)
	}
}

func (r *rewriter) known(name string) bool {
	_, isLet := r.scope.lets[name]
	_, isColumn := r.schema.Index(name)
	return isLet || isColumn || r.scope.windows[name] != nil
}

// numberToken refuses forms of numbers that are not exact or not decimal.
func (r *rewriter) numberToken(t lexer.Token) {
	v := strings.ReplaceAll(t.Value, "_", "")
	low := strings.ToLower(v)
	switch {
	case strings.HasPrefix(low, "0x"), strings.HasPrefix(low, "0b"), strings.HasPrefix(low, "0o"):
		r.fail(t.Location, "numbers are decimal", "")
	case strings.Contains(low, "e"):
		r.fail(t.Location, "numbers have no exponent", "write all digits")
	case !strings.Contains(v, ".") && len(strings.TrimLeft(v, "0")) > 18:
		r.fail(t.Location, "a whole number over 9.2e18 cannot stand without quotes", fmt.Sprintf("write %q: a text beside a number is read as one", v))
	}
}

// tokenName is how expr's parser writes a token.
var tokenName = regexp.MustCompile(`token [A-Z][a-z]+\("(.*)"\)`)

// syntax reports what the lexer or parser found, in our words where it has a
// remedy, and says what YAML may have done to the text.
func (r *rewriter) syntax(err error) {
	var e *file.Error
	if !errors.As(err, &e) {
		r.fail(file.Location{To: len(r.text.Text)}, err.Error(), "")
		return
	}
	at := e.Location
	if at.To <= at.From {
		at.To = at.From + 1
	}
	message, fix := e.Message, ""
	switch {
	case strings.Contains(message, "coalesce expressions (??) cannot be mixed"):
		message, fix = "?? and another operator need parentheses", "write (a ?? b) > c"
	case strings.Contains(message, "exceeds maximum allowed nodes"):
		message, fix = fmt.Sprintf("more than %d parts in one expression", maxNodes), "split it with let:, or put values in a list behind in"
	case strings.HasPrefix(message, "unexpected token EOF"), strings.Contains(message, "unexpected end"):
		message = "the expression ends too early"
	case strings.HasPrefix(message, "invalid char escape"):
		message, fix = "this escape means nothing in a text", `write \\ for a backslash`
	case strings.HasPrefix(message, `unexpected token Operator("#")`):
		message, fix = "# begins no comment inside an expression", "put the comment on a line above the key"
	default:
		message = tokenName.ReplaceAllString(message, "$1")
	}
	if f := r.yamlFix(); fix == "" {
		fix = f
	}
	r.fail(at, message, fix)
}

var quoted = regexp.MustCompile(`"(\\.|[^"\\])*"|'(\\.|[^'\\])*'`)

// balanced reports whether brackets outside of texts come in pairs.
func balanced(expression string) bool {
	s := quoted.ReplaceAllString(expression, "")
	return strings.Count(s, "(") == strings.Count(s, ")") && strings.Count(s, "[") == strings.Count(s, "]")
}

// yamlFix returns what to do when YAML has probably cut the text, or "".
func (r *rewriter) yamlFix() string {
	t := r.text
	switch {
	case t.Cut():
		return "# starts a comment in YAML and has cut the expression: write it as a | block"
	case t.Plain() && !balanced(t.Text):
		return "inside {…} a comma ends a value: put the expression in quotes, or write it as a | block"
	}
	return ""
}
