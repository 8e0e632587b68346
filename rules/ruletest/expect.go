package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/spec"
)

// Expectation is what a test says about the hit on one report.
type Expectation struct {
	Label string
	Place spec.Span
	Facts []Fact // in the order of the file
}

// Fact is one thing that a test says about a hit: case, score, alert.to.
type Fact struct {
	Name, Want string // Want "" = the hit must not have it
	Place      spec.Span
}

// expectation reads what is expected of one label.
func (p *parser) expectation(e pair) Expectation {
	x := Expectation{Label: e.key.Value, Place: p.raw.At(e.key)}
	if v := p.value(e.value); !missing(v) {
		x.Facts = p.facts(v, "", nil)
	}
	return x
}

// missing reports whether a node says that there is nothing.
func missing(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && (n.Value == "" || n.Value == "null" || n.Value == "~")
}

func knownFacts() []string {
	return []string{"case", "score", "severity", "typology", "unknown", "cut", "alerts", "alert.to", "alert.subject", "alert.amount", "alert.currency",
		"alert.payments", "approval", "ask", "predicate_offence", "facts"}
}

// facts reads a mapping of facts. A list is written as its items with commas.
func (p *parser) facts(n *yaml.Node, prefix string, out []Fact) []Fact {
	for _, e := range p.pairs(n, "what is expected of a report") {
		name, v := prefix+e.key.Value, p.value(e.value)
		within := strings.HasPrefix(name+".", "values.")
		if v.Kind == yaml.MappingNode && (within || name == "alert") {
			out = p.facts(v, name+".", out)
			continue
		}
		f := Fact{Name: name, Want: v.Value, Place: p.raw.At(e.key)}
		switch {
		case !within && !slices.Contains(knownFacts(), name):
			p.fail(e.key, fmt.Sprintf("%q says nothing about a hit", name), orOneOf(name, knownFacts()))
			continue
		case v.Kind == yaml.MappingNode:
			p.fail(v, name+" has a single value", "")
			continue
		case v.Kind == yaml.SequenceNode:
			f.Want = p.list(v)
		case missing(v):
			f.Want = ""
		}
		out = append(out, f)
	}
	return out
}

func (p *parser) list(n *yaml.Node) string {
	items := make([]string, len(n.Content))
	for i, c := range n.Content {
		items[i] = p.value(c).Value
	}
	return strings.Join(items, ", ")
}

// Outcome is what came of one report: the facts of its hit by name. Facts that are
// missing have no entry.
type Outcome map[string]string

// String returns the facts by name.
func (o Outcome) String() string {
	var b strings.Builder
	b.WriteString("hit")
	for _, name := range slices.Sorted(maps.Keys(o)) {
		fmt.Fprintf(&b, " %s=%q", name, o[name])
	}
	return b.String()
}

func outcome(h *hit.Hit) Outcome {
	o := Outcome{"case": h.Case, "score": h.Score.String(), "severity": h.Severity, "typology": strings.Join(h.Typology, ", "), "unknown": strings.Join(h.Unknown, ", "),
		"ask": strings.Join(h.Ask, ", "), "approval": h.Approval, "predicate_offence": h.PredicateOffence, "facts": h.Facts, "cut": fmt.Sprint(h.Cut)}
	for _, v := range h.Values {
		if v.Value != nil {
			o["values."+v.Name] = fmt.Sprint(v.Value)
		}
	}
	all := totals(h)
	o["alerts"] = fmt.Sprint(len(all))
	for i, t := range all {
		name := "alert"
		if i > 0 {
			name = fmt.Sprintf("alert#%d", i+1)
		}
		o[name+".to"], o[name+".subject"], o[name+".currency"] = t.to, t.subject, t.currency
		o[name+".payments"] = strings.Join(t.payments, ", ")
		if t.some {
			o[name+".amount"] = t.amount.Fixed(2)
		}
	}
	maps.DeleteFunc(o, func(_, text string) bool { return text == "" })
	return o
}

// total is what an alert asks for of one currency.
type total struct {
	to, subject, currency string
	amount                decimal.D
	some                  bool // an amount is known
	payments              []string
}

// totals returns one total a subject and currency, as eval prints them.
func totals(h *hit.Hit) []*total {
	var out []*total
	for _, a := range h.Alerts {
		subject := a.Subject.UID
		if subject != "" && a.Subject.SubAccount != "" {
			subject += "#" + a.Subject.SubAccount
		}
		first := len(out)
		for _, pay := range a.Payments {
			var m hit.Money
			if pay.Amount != nil {
				m = *pay.Amount
			}
			at := slices.IndexFunc(out[first:], func(t *total) bool { return t.currency == m.Currency })
			if at < 0 {
				at = len(out) - first
				out = append(out, &total{to: a.Subject.Country, subject: subject, currency: m.Currency})
			}
			out[first+at].add(pay)
		}
		if len(out) == first {
			out = append(out, &total{to: a.Subject.Country, subject: subject})
		}
	}
	return out
}

func (t *total) add(pay hit.Payment) {
	if pay.Amount != nil {
		t.some = true
		t.amount, _ = t.amount.Add(pay.Amount.Amount)
	}
	if pay.Key != "" {
		t.payments = append(t.payments, pay.Key)
	}
}

// holds reports whether f is true of o. What is said of "the" alert holds of a hit
// with exactly one.
func (f Fact) holds(o Outcome) bool {
	if strings.HasPrefix(f.Name, "alert.") && o["alerts"] != "1" {
		return false
	}
	got, ok := o[f.Name]
	if f.Want == "" {
		return !ok
	}
	return ok && (got == f.Want || sameNumber(got, f.Want))
}

func sameNumber(a, b string) bool {
	x, err := decimal.ParseSigned([]byte(a))
	if err != nil {
		return false
	}
	y, err := decimal.ParseSigned([]byte(b))
	return err == nil && x == y
}
