package lang

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/conf"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/spec"
)

// language holds what is the same for all expressions of a set.
type language struct {
	schema    *event.Schema
	kinds     code.Kinds
	out       *spec.Diagnostics
	groups    []string     // first parts of dotted columns: debtor, creditor, payment …
	functions []string     // names of all functions
	parser    *conf.Config // only read
	values    *conf.Config // the parser's for values of windows
	lists     []ListDecl
	tables    []TableDecl
	zones     string // as localTime reads them
	windows   []*Window
	byKey     map[string]int // Window.Key → position in windows
}

func newLanguage(o Options, out *spec.Diagnostics) *language {
	s := o.Schema
	c := &language{schema: s, kinds: o.Kinds, out: out, parser: parserConfig(), values: valuesConfig(), functions: functionNames(),
		lists: o.Lists, tables: o.Tables, zones: zoneText(o.Zones), byKey: map[string]int{}}
	for _, col := range s.Columns {
		if g, _, dotted := strings.Cut(col.Name, "."); dotted && !slices.Contains(c.groups, g) {
			c.groups = append(c.groups, g)
		}
	}
	return c
}

// binding is what a name of a rule stands for.
type binding struct {
	node *Node      // nil when its expression is wrong, which is reported already
	size int        // of node, with what it uses
	text string     // of a param, as written: what it is beside a text
	list []*binding // of a list param
}

// scope is the names that an expression may use beside the columns.
type scope struct {
	params map[string]*binding
	lets   map[string]*binding
	later  map[string]bool // lets further down in the file
	score  bool            // score may be used: conditions of cases

	windows map[string]*windowBinding
	part    part // of a window
}

// part says which part of a window an expression is.
type part uint8

const (
	noPart    part = iota // of none: an expression on the judged report
	keyPart               // on the feeding report
	matchPart             // on the judged report
	wherePart             // on the feeding report, with this. for the judged one
	valuePart             // an aggregate
)

// names returns all names that can stand at the start of an expression.
func (c *language) names(s *scope) []string {
	ns := slices.Clone(c.groups)
	for _, col := range c.schema.Columns {
		ns = append(ns, col.Name)
	}
	for n := range s.lets {
		ns = append(ns, n)
	}
	for n, w := range s.windows {
		for v := range w.values {
			ns = append(ns, n+"."+v)
		}
	}
	for n := range s.params {
		ns = append(ns, "params."+n)
	}
	if s.score {
		ns = append(ns, "score")
	}
	slices.Sort(ns)
	return ns
}

// taken returns why a let, param or weight may not have a name, or "".
func (c *language) taken(name string) string {
	switch {
	case slices.Contains(operatorWords(), name):
		return name + " is an operator"
	case slices.Contains(c.functions, name) || refusedFunction(name) != nil:
		return name + " is a function"
	case slices.Contains(c.groups, name) || name == "score" || name == "params" || name == "lists" || name == "tables" || name == "this":
		return name + " means something else already"
	}
	if _, ok := c.schema.Index(name); ok {
		return name + " is a field of the report"
	}
	return ""
}

func operatorWords() []string {
	return []string{"and", "or", "not", "in", "matches", "contains", "startsWith", "endsWith", "let", "if", "else", "nil", "true", "false"}
}

// functionNames returns every function that expressions may call.
func functionNames() []string {
	ns := []string{"age", "contains_any", "hasPrefix", "hasSuffix", "local_hour", "weekend"}
	for _, f := range Functions() {
		ns = append(ns, f.Name)
	}
	ns = append(ns, machineFunctions()...)
	slices.Sort(ns)
	return ns
}

// machineFunctions returns those of expr's functions that only its VM evaluates.
func machineFunctions() []string {
	return []string{"all", "any", "none", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex",
		"split", "splitAfter", "join", "indexOf", "lastIndexOf", "replace", "trimPrefix", "trimSuffix", "concat", "flatten", "uniq", "reverse", "keys", "values", "get"}
}

// refusal says why a function is not available.
type refusal struct{ why, fix string }

// refusedFunction returns why a name that people expect is no function, or nil.
func refusedFunction(name string) *refusal {
	switch name {
	case "now", "date", "timezone", "duration":
		if name == "duration" {
			return &refusal{"duration() is not needed", `write the duration as a text: age(x) <= "30d"`}
		}
		return &refusal{name + "() depends on the clock or zone of the machine: a rule is a function of the reports", `compare with occurred_at: occurred_at >= "2026-01-01", or age(x) <= "30d"`}
	case "repeat", "toJSON", "fromJSON", "toBase64", "fromBase64":
		return &refusal{name + "() is refused: it builds texts", "compare fields as they are"}
	case "reduce", "sort", "sortBy", "groupBy", "toPairs", "fromPairs", "countBy":
		return &refusal{name + "() is refused: its cost has no bound", "use any, all, one or a window"}
	case "mean":
		return &refusal{"mean() is called avg() here, and stands only in values of a window", "windows: {past: {…, values: {usual: avg(base_amount)}}}"}
	case "count", "sum", "first", "last", "avg", "distinct", "seen", "ratio", "stddev":
		return &refusal{name + "() counts over a window and stands only in its values", "windows: {past: {…, values: {n: " + name + "(…)}}}, then past.n here"}
	case "median", "percentile", "any_of":
		return &refusal{name + "() is reserved for later and not yet available", ""}
	case "int", "float", "string", "type", "round", "ceil", "floor":
		return &refusal{name + "() is refused: numbers are exact decimals and conversions are not guessed", "decimal(text) makes a number of a text"}
	case "take", "bitand", "bitor", "bitxor", "bitnand", "bitnot", "bitshl", "bitshr", "bitushr":
		return &refusal{name + "() is refused: numbers are decimals, not bits", ""}
	}
	return nil
}
