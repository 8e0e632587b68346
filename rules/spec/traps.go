package spec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDepth bounds how deep YAML may nest in a rule.
const maxDepth = 32

// maxKeys bounds how many keys a mapping of a rule may have: reports of a test are
// the longest that people write.
const maxKeys = 4096

// traps reports, anywhere in a document, what YAML would silently make of the
// text: tags, anchors, aliases, merges, repeated keys.
func (d *decoder) traps(n *yaml.Node, depth int) {
	switch {
	case depth > maxDepth:
		d.trap(n, fmt.Sprintf("nested deeper than %d levels", maxDepth), "")
		return
	case n.Kind == yaml.AliasNode:
		d.trap(n, fmt.Sprintf("*%s is a YAML alias: aliases are refused, a rule says everything itself", n.Value), "write the value out, or quote a text that begins with *")
		return
	case n.Anchor != "":
		d.trap(n, fmt.Sprintf("&%s is a YAML anchor: anchors are refused", n.Anchor), "write the value out; share expressions under let: or in a library")
	case n.Style&yaml.TaggedStyle != 0:
		d.tag(n)
	}
	if n.Kind == yaml.MappingNode && len(n.Content) > 2*maxKeys {
		d.trap(n, fmt.Sprintf("a mapping of more than %d keys", maxKeys), "split it over several rules or tests")
		return
	}
	if n.Kind == yaml.MappingNode {
		d.keys(n)
	}
	for _, c := range n.Content {
		d.traps(c, depth+1)
	}
}

func (d *decoder) trap(n *yaml.Node, message, fix string) {
	d.fail(n, message, fix)
	d.bad[n] = true
}

// tag explains a YAML tag, most often a ! that was meant as "not".
func (d *decoder) tag(n *yaml.Node) {
	if strings.HasPrefix(n.Tag, "!!") {
		d.trap(n, n.Tag+" is a YAML tag: tags are refused", "leave it out: values stay as written")
		return
	}
	meant := strings.TrimSpace(strings.TrimPrefix(n.Tag, "!") + " " + n.Value)
	d.trap(n, fmt.Sprintf("%s is a YAML tag and would leave %q of the value", n.Tag, n.Value), "write: not "+meant)
}

// keys checks the keys of a mapping.
func (d *decoder) keys(n *yaml.Node) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch line, again := first[k.Value]; {
		case k.Kind != yaml.ScalarNode && k.Kind != yaml.AliasNode:
			d.trap(k, "a key must be a plain word", "")
		case k.Value == "<<" && k.Style == 0 || k.Tag == "!!merge":
			d.trap(k, "<< merges another mapping: merges are refused", "write the keys out")
		case again:
			d.fail(k, fmt.Sprintf("the key %q stands here a second time (first in line %d)", k.Value, line), "keep one of them")
		default:
			first[k.Value] = k.Line
		}
	}
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// syntax reports that a document is not YAML, with what usually causes it.
func (d *decoder) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	span := Span{File: d.file}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits by the pattern; too many are line 0
		if strings.Contains(text, "did not find expected") {
			n++ // what yaml's parser says counts from 0, and from 1 what its scanner does
		}
		text = strings.Replace(text, m[0], "", 1)
		span = d.wholeLine(min(n, len(d.file.lines)))
	} else if _, name, ok := strings.Cut(text, "unknown anchor '"); ok {
		name, _, _ = strings.Cut(name, "'")
		if at := strings.Index(string(d.file.Source), "*"+name); at >= 0 {
			span.From, span.To = at, at+1+len(name)
		}
		*d.out = append(*d.out, span.Diagnostic(Error, fmt.Sprintf("*%s is a YAML alias: aliases are refused", name), "quote a text that begins with *"))
		return
	}
	line, fix := d.file.position(span.From).Line, "write expressions as a | block"
	for _, at := range []int{line, line + 1, line - 1} { // YAML counts from where its current mapping began
		if f := syntaxFix(d.file.line(at)); f != "" {
			span, fix = d.wholeLine(at), f
			break
		}
	}
	*d.out = append(*d.out, span.Diagnostic(Error, "not YAML: "+text, fix))
}

func (d *decoder) wholeLine(n int) Span {
	from := d.file.lines[max(n, 1)-1]
	line := d.file.line(n)
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	return Span{File: d.file, From: from + indent, To: from + len(line)}
}

// syntaxFix guesses from a line what broke it, "" when nothing is suspicious.
func syntaxFix(line string) string {
	_, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
	value = strings.TrimSpace(value)
	switch {
	case strings.Contains(line, "\t"):
		return "indent with spaces, not tabs"
	case strings.Contains(line, "{") && strings.Contains(line, "}"):
		return "inside {…} the characters , [ ] { } mean something to YAML: put the expression in quotes, or write it as a | block"
	case value != "" && strings.Contains("\"'", value[:1]) && (len(value) == 1 || value[len(value)-1] != value[0]):
		return "a value that begins with a quote ends with it: write the expression as a | block"
	case strings.Contains(value, ": "):
		return "“: ” inside a value means something to YAML: write the expression as a | block"
	case value != "" && strings.Contains("[{*&%@`", value[:1]) && !strings.HasSuffix(value, "]") && !strings.HasSuffix(value, "}"):
		return "a value cannot begin with " + value[:1] + ": write it as a | block"
	}
	return ""
}
