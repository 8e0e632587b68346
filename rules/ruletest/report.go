package ruletest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/spec"
)

// t0 is the moment that the times of tests are relative to, Unix ms:
// 2026-06-03T12:00:00Z, a Wednesday. Fixed, so that a test says the same every day.
const t0 int64 = 1_780_488_000_000

// reporter is who reports where a test does not say: no BIC, so that nothing is
// derived from it.
const reporter = "TEST"

// field is one field of a report, with its place.
type field struct {
	name  string
	value *yaml.Node
	key   *yaml.Node
}

// shape is what an entry of given says beside the fields.
type shape struct {
	at     int64 // Unix ms, of the first
	repeat int
	every  int64 // ms
}

// reports returns the reports of one entry of given, and how often it is repeated,
// 0 for a single one.
func (p *parser) reports(e pair) ([]Report, int) {
	defaults := &parser{rule: p.rule, raw: p.rule.Defaults, schema: p.schema, out: p.out}
	var fields []field
	if p.rule.Defaults != nil {
		fields = defaults.flatten(p.rule.Defaults.Node, "", nil)
	}
	s := shape{at: t0, repeat: 1}
	times := 0
	own := p.pairs(p.value(e.value), "a report")
	for _, f := range own {
		switch v := p.value(f.value); f.key.Value {
		case "at":
			s.at = p.moment(v)
		case "every":
			s.every = p.duration(v)
		case "repeat":
			n, err := strconv.Atoi(v.Value)
			if err != nil || n < 1 || n > maxReports {
				p.fail(v, fmt.Sprintf("repeat: %q is no number from 1 to %d", v.Value, maxReports), "")
				n = 1
			}
			s.repeat, times = n, n
		default:
			fields = p.flattenEntry(f, "", fields)
		}
	}
	var out []Report
	for i := range s.repeat {
		label, at := e.key.Value, s.at+int64(i)*s.every
		if times > 0 {
			label += "." + strconv.Itoa(i+1)
		}
		out = append(out, Report{Label: label, Raw: p.encode(label, at, i+1, fields), Place: p.raw.At(e.key)})
	}
	return out, times
}

// moment reads a time relative to t0, or one of its own.
func (p *parser) moment(n *yaml.Node) int64 {
	if ms, ok := relative(n.Value); ok {
		return t0 + ms
	}
	p.fail(n, fmt.Sprintf("at: %q is no time relative to the test's", n.Value), "at: -2h; or occurred_at: with a time of its own")
	return t0
}

// duration reads a duration.
func (p *parser) duration(n *yaml.Node) int64 {
	ms, ok := relative(n.Value)
	if !ok {
		p.fail(n, fmt.Sprintf("%q is no duration", n.Value), "every: 5m")
	}
	return ms
}

// relative reads a duration with or without a sign.
func relative(s string) (ms int64, ok bool) {
	rest, minus := strings.CutPrefix(s, "-")
	if !minus {
		rest = strings.TrimPrefix(s, "+")
	}
	if ms, ok = lang.ParseDuration(rest); minus {
		ms = -ms
	}
	return ms, ok
}

// flatten lays the fields of a mapping over those before it; mappings in it stand
// for dotted names.
func (p *parser) flatten(n *yaml.Node, prefix string, over []field) []field {
	for _, e := range p.pairs(n, "a report") {
		over = p.flattenEntry(e, prefix, over)
	}
	return over
}

func (p *parser) flattenEntry(e pair, prefix string, over []field) []field {
	v, name := p.value(e.value), prefix+e.key.Value
	if v.Kind == yaml.MappingNode {
		return p.flatten(v, name+".", over)
	}
	if v.Kind != yaml.ScalarNode {
		p.fail(v, name+" has a single value", "")
		return over
	}
	if _, known := p.schema.Index(name); !known && !strings.HasPrefix(name, "extra.") {
		p.fail(e.key, fmt.Sprintf("a report has no field %q", name), spec.DidYouMean(name, names(p.schema)))
		return over
	}
	f := field{name, v, e.key}
	for i := range over {
		if over[i].name == name {
			over[i] = f
			return over
		}
	}
	return append(over, f)
}

func names(s *event.Schema) []string {
	out := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		out[i] = c.Name
	}
	return out
}

// encode returns the report as native JSON, i being its number among repeated ones.
// Its id is no bare label, which might be a placeholder such as unknown.
func (p *parser) encode(label string, at int64, i int, fields []field) []byte {
	root := map[string]any{"report_id": "test-" + label, "reporter": reporter, "occurred_at": event.FormatTime(at)}
	if len(p.rule.On) == 1 && !strings.Contains(p.rule.On[0].Text, "*") {
		root["kind"] = p.rule.On[0].Text
	}
	for _, f := range fields {
		column := event.Column{Type: event.Text, Name: f.name}
		if c, ok := p.schema.Index(f.name); ok {
			column = p.schema.Columns[c]
		}
		put(root, column, written(column, f.value, i))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(root); err != nil { // text that is no UTF-8
		*p.out = append(*p.out, spec.Diagnostic{Level: spec.Error, Message: "write report " + label + ": " + err.Error()})
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// put stores v where column c stands on the wire; nil takes it away.
func put(root map[string]any, c event.Column, v any) {
	path := c.Name
	if c.Path != "" {
		path = c.Path
	}
	parts := strings.Split(path, ".")
	if name, ok := strings.CutPrefix(path, "extra."); ok {
		parts = []string{"extra", name}
	}
	for _, part := range parts[:len(parts)-1] {
		child, ok := root[part].(map[string]any)
		if !ok {
			child = map[string]any{}
			root[part] = child
		}
		root = child
	}
	last := parts[len(parts)-1]
	if v == nil {
		delete(root, last)
		return
	}
	root[last] = v
}

// written returns the JSON value that a scalar stands for in a column: exactly the
// text that the author wrote.
func written(c event.Column, n *yaml.Node, i int) any {
	text := n.Value
	plain := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if plain && (text == "" || text == "null" || text == "~") {
		return nil
	}
	text = strings.ReplaceAll(text, "{i}", strconv.Itoa(i))
	switch c.Type {
	case event.Uint, event.Float:
		if json.Valid([]byte(text)) {
			return json.RawMessage(text)
		}
	case event.Bool:
		if text == "true" || text == "false" {
			return text == "true"
		}
	case event.Time, event.Date:
		ms, ok := relative(text)
		switch {
		case ok && c.Type == event.Time:
			return event.FormatTime(t0 + ms)
		case ok:
			return event.FormatTime(t0 + ms)[:len("2026-06-03")]
		}
	}
	return text
}
