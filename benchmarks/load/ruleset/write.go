package ruleset

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Write writes each rule as a file of dir, which must not exist. No rule at all
// is written as a draft, which is not judged, because haltwire takes an empty
// folder for a mistake.
func Write(dir string, rules []Rule) error {
	if len(rules) == 0 {
		rules = []Rule{stolen()}
		rules[0].ID, rules[0].Draft = "load-draft", true
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	for _, r := range rules {
		if err := os.WriteFile(filepath.Join(dir, r.ID+".yaml"), []byte(r.YAML()), 0o600); err != nil {
			return fmt.Errorf("write rules: %w", err)
		}
	}
	return nil
}

// YAML returns the rule as haltwire reads it.
func (r Rule) YAML() string {
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\nversion: 1\nstatus: %s\ntitle: Rule of the load test\nowner: bench\nseverity: %s\non: [%s]\nwhen: |\n  ",
		r.ID, map[bool]string{true: "draft", false: "live"}[r.Draft], map[bool]string{true: "critical", false: "low"}[r.Alert], strings.Join(r.Kinds, ", "))
	for i, c := range r.Conditions {
		if i > 0 {
			b.WriteString(" and ")
		}
		b.WriteString(c.expr())
	}
	b.WriteByte('\n')
	if r.Alert {
		b.WriteString("alert:\n  subject: creditor\n  ask: [hold_amount, trace]\n  approval: auto\n  predicate_offence: computer_fraud\n  facts: Told by {reporter}.\n")
	}
	return b.String()
}

func (c Condition) expr() string {
	word := map[Op]string{Equal: "==", In: "in", AtLeast: ">=", Contains: "contains", StartsWith: "startsWith"}[c.Op]
	values := c.literals(strconv.Quote)
	if c.Op == In {
		values = "[" + values + "]"
	}
	return c.Column + " " + word + " " + values
}

func (c Condition) literals(quote func(string) string) string {
	all := make([]string, len(c.Values))
	for i, v := range c.Values {
		all[i] = v
		if !c.Number {
			all[i] = quote(v)
		}
	}
	return strings.Join(all, ", ")
}

// SQL returns the rule as a condition of ClickHouse. Columns have the names that
// column gives them.
func (r Rule) SQL(column func(string) string) string {
	kinds := Condition{Column: "kind", Op: In, Values: r.Kinds}
	if len(r.Kinds) == 1 {
		kinds.Op = Equal
	}
	parts := []string{kinds.sql(column)}
	for _, c := range r.Conditions {
		parts = append(parts, c.sql(column))
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}

func (c Condition) sql(column func(string) string) string {
	name, values := column(c.Column), c.literals(func(s string) string { return "'" + s + "'" })
	switch c.Op {
	case In:
		return name + " IN (" + values + ")"
	case AtLeast:
		if strings.Contains(values, ".") { // not a float, which would be another number
			values = "toDecimal128('" + values + "', 18)"
		}
		return name + " >= " + values
	case Contains:
		return "position(" + name + ", " + values + ") > 0"
	case StartsWith:
		return "startsWith(" + name + ", " + values + ")"
	}
	return name + " = " + values
}
