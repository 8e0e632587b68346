package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/spec"
)

// Suite is the tests of one rule.
type Suite struct {
	Rule  string
	Place spec.Span
	Tests []*Test
}

// Test is one test: one row of its table where it has one.
type Test struct {
	Name    string
	Place   spec.Span
	Reports []Report // in the given order
	Expect  []Expectation
}

// Report is one report of a test, as a reporter would send it.
type Report struct {
	Label string
	Raw   []byte
	Place spec.Span
}

// Bounds of one test.
const (
	maxReports = 100_000 // of a test
	maxRows    = 100_000 // of a table
)

// Parse returns the tests of every rule of tree that has any, in the order of the
// files, and what is wrong with them. A test that is wrong is left out.
func Parse(tree *spec.Tree, s *event.Schema) ([]*Suite, spec.Diagnostics) {
	var all []*Suite
	var out spec.Diagnostics
	for _, r := range tree.Rules {
		if r.Tests == nil || !r.ID.Present() {
			continue
		}
		p := &parser{rule: r, raw: r.Tests, schema: s, out: &out}
		all = append(all, &Suite{Rule: r.ID.Text, Place: r.ID.Span, Tests: p.tests()})
	}
	out.Sort()
	return all, out
}

// parser reads the tests of one rule.
type parser struct {
	rule   *spec.Rule
	raw    *spec.Raw // tests
	schema *event.Schema
	out    *spec.Diagnostics
	row    map[string]*yaml.Node // of the table, in hand
}

func (p *parser) fail(n *yaml.Node, message, fix string) {
	*p.out = append(*p.out, p.raw.At(n).Diagnostic(spec.Error, message, fix))
}

// pair is one entry of a mapping.
type pair struct{ key, value *yaml.Node }

// pairs returns the entries of a mapping; anything else is an error.
func (p *parser) pairs(n *yaml.Node, what string) []pair {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		p.fail(n, what+" must be a mapping of keys to values", "")
		return nil
	}
	var out []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		out = append(out, pair{n.Content[i], n.Content[i+1]})
	}
	return out
}

// keys reads a mapping with known keys.
func (p *parser) keys(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	for _, e := range p.pairs(n, what) {
		if !slices.Contains(known, e.key.Value) {
			p.fail(e.key, fmt.Sprintf("%s has no key %q", what, e.key.Value), orOneOf(e.key.Value, known))
			continue
		}
		out[e.key.Value] = e.value
	}
	return out
}

func orOneOf(word string, known []string) string {
	if near := spec.DidYouMean(word, known); near != "" {
		return near
	}
	return "one of: " + strings.Join(known, ", ")
}

func (p *parser) tests() []*Test {
	if p.raw.Node.Kind != yaml.SequenceNode {
		p.fail(p.raw.Node, "tests must be a list: every test after “- ”", "")
		return nil
	}
	var out []*Test
	names := map[string]bool{}
	for _, n := range p.raw.Node.Content {
		k := p.keys(n, "a test", "name", "given", "expect", "table")
		name := k["name"]
		switch {
		case name == nil || name.Kind != yaml.ScalarNode || name.Value == "":
			p.fail(n, "a test needs a name", "name: what it shows, in a few words")
			continue
		case names[name.Value]:
			p.fail(name, fmt.Sprintf("a second test %q", name.Value), "rename one")
		case k["given"] == nil:
			p.fail(n, "a test needs given", "given: {pay: {at: 0s, amount: \"100.00\"}}")
			continue
		}
		names[name.Value] = true
		out = append(out, p.rows(n, name.Value, k)...)
	}
	return out
}

// rows returns a test for every row of the table, or the only one.
func (p *parser) rows(n *yaml.Node, name string, k map[string]*yaml.Node) []*Test {
	table := k["table"]
	if table == nil {
		if k["expect"] == nil {
			p.fail(n, "a test needs expect", "expect: {} when nothing may hit")
			return nil
		}
		return p.test(n, name, k["given"], k["expect"])
	}
	if table.Kind != yaml.SequenceNode || len(table.Content) == 0 || len(table.Content) > maxRows {
		p.fail(table, fmt.Sprintf("table must be a list of 1 to %d rows", maxRows), "- {base: \"4999.99\", expect: {}}")
		return nil
	}
	var out []*Test
	for i, row := range table.Content {
		p.row = map[string]*yaml.Node{}
		for _, e := range p.pairs(row, "a row of table") {
			p.row[e.key.Value] = e.value
		}
		expect := k["expect"]
		if own := p.row["expect"]; own != nil {
			expect = own
		}
		title := fmt.Sprintf("%s [%d]", name, i+1)
		if own := p.row["name"]; own != nil {
			title = name + " [" + own.Value + "]"
		}
		if expect == nil {
			p.fail(row, "neither the row nor its test has expect", "expect: {} when nothing may hit")
		} else if len(p.row) > 0 {
			out = append(out, p.test(row, title, k["given"], expect)...)
		}
		p.row = nil
	}
	return out
}

// test returns one test, or none when something of it is wrong.
func (p *parser) test(n *yaml.Node, name string, given, expect *yaml.Node) []*Test {
	before := len(*p.out)
	t := &Test{Name: name, Place: p.raw.At(n)}
	labels := map[string]bool{}
	same := map[string]string{}
	repeated := map[string]int{}
	for _, e := range p.pairs(given, "given") {
		reports, times := p.reports(e)
		repeated[e.key.Value] = times
		for _, r := range reports {
			if labels[r.Label] {
				p.fail(e.key, fmt.Sprintf("a second report %q", r.Label), "rename one")
			}
			labels[r.Label] = true
			if other, ok := same[string(r.Raw)]; ok {
				p.fail(e.key, fmt.Sprintf("%s and %s are the same report", other, r.Label), "leave report_id to the test, or give each its own")
			}
			same[string(r.Raw)] = r.Label
		}
		t.Reports = append(t.Reports, reports...)
	}
	if len(t.Reports) == 0 && len(*p.out) == before {
		p.fail(given, "given has no report", "")
	}
	for _, e := range p.pairs(p.value(expect), "expect") {
		label := e.key.Value
		switch n := repeated[label]; {
		case labels[label]:
			t.Expect = append(t.Expect, p.expectation(e))
		case n > 0:
			p.fail(e.key, fmt.Sprintf("%s stands for %d reports", label, n), "name one of them: "+label+"."+strconv.Itoa(n))
		default:
			p.fail(e.key, fmt.Sprintf("given has no report %q", label), orOneOf(label, slices.Sorted(maps.Keys(labels))))
		}
	}
	if len(*p.out) > before {
		return nil
	}
	return []*Test{t}
}

// value returns what n stands for: the cell of the row where it is $column.
func (p *parser) value(n *yaml.Node) *yaml.Node {
	if n == nil || n.Kind != yaml.ScalarNode || p.row == nil || !strings.HasPrefix(n.Value, "$") {
		return n
	}
	cell, ok := p.row[n.Value[1:]]
	if !ok {
		p.fail(n, "the row has no column "+n.Value[1:], orOneOf(n.Value[1:], slices.Sorted(maps.Keys(p.row))))
		return n
	}
	return cell
}
