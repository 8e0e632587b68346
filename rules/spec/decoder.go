package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decoder turns the nodes of one file into documents and collects what is wrong
// with them.
type decoder struct {
	file *File
	out  *Diagnostics
	bad  map[*yaml.Node]bool // reported already: treated as absent, without another finding
}

func (d *decoder) fail(n *yaml.Node, message, fix string) {
	*d.out = append(*d.out, d.file.span(n).Diagnostic(Error, message, fix))
}

// fields are the keys of a mapping and what reads the value of each.
type fields map[string]func(v *yaml.Node)

// mapping reads a mapping by its keys. Unknown keys are errors, except that
// other, when not nil, may take them.
func (d *decoder) mapping(n *yaml.Node, what string, fs fields, other func(k, v *yaml.Node) bool) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, what+" must be a mapping of keys to values", "one of: "+strings.Join(slices.Sorted(maps.Keys(fs)), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if d.bad[k] || seen[k.Value] {
			continue
		}
		seen[k.Value] = true
		read, ok := fs[k.Value]
		switch {
		case ok && d.bad[v]:
		case ok:
			read(v)
		case other != nil && other(k, v):
		default:
			d.unknown(n, k, v, what, slices.Sorted(maps.Keys(fs)))
		}
	}
}

// unknown reports a key that a mapping may not have.
func (d *decoder) unknown(n, k, v *yaml.Node, what string, known []string) {
	if n.Style&yaml.FlowStyle != 0 && isNull(v) {
		d.fail(k, fmt.Sprintf("%q stands alone in {…}: there a comma ends the value before it", k.Value),
			"put the expression in quotes, or write it as a | block")
		return
	}
	if why, fix := reserved(k.Value); why != "" {
		d.fail(k, why, fix)
		return
	}
	d.fail(k, fmt.Sprintf("%s has no key %q", what, k.Value), DidYouMean(k.Value, known))
}

// reserved returns why a key that people expect does not exist, or "".
func reserved(key string) (why, fix string) {
	switch key {
	case "for":
		return "for: is refused: how long something lasts is a matter of the reports, not of waiting", "use count and min(occurred_at) of a window"
	case "after", "rollout", "any_of", "percentile", "median":
		return key + ": is reserved for later and not yet available", ""
	case "throttle", "suppress", "cooldown", "rate_limit":
		return key + ": is refused: what fires would depend on the order of arrival", "alerts of one subject are joined by themselves"
	case "extends", "inherits", "template":
		return key + ": is refused: rules do not inherit", "share lets in a library document and name it under use:"
	case "functions", "macros":
		return key + ": is refused: rules define no functions", "name an expression under let:"
	case "every", "tumbling", "align", "calendar", "bucket":
		return key + ": is refused: windows end at the judged report, not at a clock", "within: 24h"
	case "sequence", "join":
		return key + ": is refused", "compare times of windows: a.first_at <= b.last_at"
	}
	return "", ""
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == ""
}

// scalar returns the text of a node, ok when it is one and not empty.
func (d *decoder) scalar(n *yaml.Node, what string) (Scalar, bool) {
	switch {
	case n.Kind != yaml.ScalarNode && n.Style&yaml.FlowStyle != 0:
		d.fail(n, what+" must be a text; [ and { open a list or a mapping in YAML", "put it in quotes, or write it as a | block")
	case n.Kind != yaml.ScalarNode:
		d.fail(n, what+" must be a text or number, not a list or mapping", "")
	case strings.TrimSpace(n.Value) == "":
		d.empty(n, what)
	default:
		return d.file.scalar(n), true
	}
	return Scalar{}, false
}

// empty reports a value that is missing after its key. Empty never means true.
func (d *decoder) empty(n *yaml.Node, what string) {
	s := d.file.scalar(n)
	if s.Cut() || strings.HasPrefix(strings.TrimLeft(string(s.Span.File.Source[s.Span.From:]), " \t"), "#") {
		d.fail(n, what+" is empty: # starts a comment in YAML", "write the expression as a | block")
		return
	}
	d.fail(n, what+" is empty", "give a value or leave the key out")
}

// text returns a reader of one text.
func (d *decoder) text(to *Scalar, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if s, ok := d.scalar(n, what); ok {
			*to = s
		}
	}
}

// word returns a reader of one of some words.
func (d *decoder) word(to *Scalar, what string, words ...string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		s, ok := d.scalar(n, what)
		if ok && !slices.Contains(words, s.Text) {
			d.fail(n, fmt.Sprintf("%s cannot be %q", what, s.Text), DidYouMean(s.Text, words))
			return
		}
		if ok {
			*to = s
		}
	}
}

// texts returns a reader of one text or a list of texts; words, when given, are
// the only ones allowed.
func (d *decoder) texts(to *[]Scalar, what string, words ...string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		items := []*yaml.Node{n}
		if n.Kind == yaml.SequenceNode {
			items = n.Content
		}
		*to = make([]Scalar, 0, len(items))
		for _, item := range items {
			if d.bad[item] {
				continue
			}
			s, ok := d.scalar(item, what)
			if ok && len(words) > 0 && !slices.Contains(words, s.Text) {
				d.fail(item, fmt.Sprintf("%s cannot be %q", what, s.Text), DidYouMean(s.Text, words))
				continue
			}
			if ok {
				*to = append(*to, s)
			}
		}
	}
}

// entries calls read for every entry of a mapping whose keys are names.
func (d *decoder) entries(n *yaml.Node, what string, read func(name Scalar, v *yaml.Node)) {
	d.mapping(n, what, nil, func(k, v *yaml.Node) bool {
		if n.Style&yaml.FlowStyle != 0 && isNull(v) {
			return false
		}
		if !isName(k.Value) {
			d.fail(k, fmt.Sprintf("%q cannot be a name in %s", k.Value, what), "use letters, digits and _, a letter first")
			return true
		}
		if !d.bad[v] {
			read(d.file.scalar(k), v)
		}
		return true
	})
}

// named returns a reader of a mapping from names to texts.
func (d *decoder) named(to *[]Named, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		d.entries(n, what, func(name Scalar, v *yaml.Node) {
			if s, ok := d.scalar(v, what+"."+name.Text); ok {
				*to = append(*to, Named{name, s})
			}
		})
	}
}

// raw returns a reader that keeps a node as it is.
func (d *decoder) raw(to **Raw) func(*yaml.Node) {
	return func(n *yaml.Node) { *to = &Raw{Span: d.file.span(n), Node: n} }
}

// list calls read for every item of a list.
func (d *decoder) list(n *yaml.Node, what string, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, what+" must be a list: every item on its own line after “- ”", "")
		return
	}
	for _, item := range n.Content {
		if !d.bad[item] {
			read(item)
		}
	}
}

// isName reports whether s may name a param, let, window, weight or value.
func isName(s string) bool {
	for i, c := range s {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
