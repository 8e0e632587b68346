package layout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ErrChanged says that a file cannot be written in the usual form without losing
// something; it stays as it is.
var ErrChanged = errors.New("its comments stand where the usual form has no place for them; it stays as it is")

// Format returns the documents of source in the usual form.
func Format(source []byte) ([]byte, error) {
	docs, err := parse(source)
	if err != nil {
		return nil, err
	}
	was := describe(docs)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	for _, d := range docs {
		header := takeHeader(d)
		arrange(d, "")
		giveHeader(d, header)
		if err := enc.Encode(d); err != nil {
			return nil, fmt.Errorf("write document: %w", err)
		}
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write documents: %w", err)
	}
	again, err := parse(b.Bytes())
	if err != nil || !slices.Equal(was, describe(again)) {
		return nil, ErrChanged
	}
	return b.Bytes(), nil
}

// takeHeader takes the line for editors, which names the schema, off the first key
// of a document: it belongs to the document, whichever key comes first.
func takeHeader(d *yaml.Node) string {
	if len(d.Content) == 0 || len(d.Content[0].Content) == 0 {
		return ""
	}
	first := d.Content[0].Content[0]
	line, rest, _ := strings.Cut(first.HeadComment, "\n")
	if !strings.Contains(line, "yaml-language-server:") {
		return ""
	}
	first.HeadComment = rest
	return line
}

func giveHeader(d *yaml.Node, line string) {
	if line != "" {
		first := d.Content[0].Content[0]
		first.HeadComment = strings.TrimSuffix(line+"\n"+first.HeadComment, "\n")
	}
}

func parse(source []byte) ([]*yaml.Node, error) {
	var docs []*yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(source))
	for {
		var d yaml.Node
		err := dec.Decode(&d)
		if errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, fmt.Errorf("read documents: %w", err)
		}
		docs = append(docs, &d)
	}
}

// order returns the order of the keys of a mapping at a path, nil where names are
// the author's and their order may mean something.
func order(path string, n *yaml.Node) []string {
	switch path {
	case "":
		for i := 0; i < len(n.Content); i += 2 {
			switch n.Content[i].Value {
			case "library":
				return []string{"library", "windows", "let"}
			case "exception":
				return []string{"exception", "rules", "when", "until", "reason", "owner"}
			}
		}
		return []string{"id", "version", "status", "title", "owner", "severity", "typology", "references", "false_positives", "on", "use", "params",
			"windows", "let", "weights", "score", "when", "settle", "budget", "cases", "alert", "defaults", "tests"}
	case "windows.*":
		return []string{"from", "key", "match", "within", "until", "last", "self", "once_per", "where", "values"}
	case "weights.*":
		return []string{"when", "points", "rule"}
	case "cases.*":
		return []string{"name", "when", "severity", "typology", "alert"}
	case "alert", "cases.*.alert":
		return []string{"about", "subject", "ask", "amount", "predicate_offence", "approval", "facts"}
	case "tests.*":
		return []string{"name", "given", "expect", "table"}
	}
	return nil
}

// arrange gives n, which stands at a path, its usual form. Names of authors and
// places of lists are * in a path.
func arrange(n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.DocumentNode:
		for _, c := range n.Content {
			arrange(c, path)
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			arrange(c, path+".*")
		}
	case yaml.MappingNode:
		keys := order(path, n)
		sortKeys(n, keys)
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if keys == nil {
				name = "*"
			}
			arrange(n.Content[i+1], strings.TrimPrefix(path+"."+name, "."))
		}
	case yaml.ScalarNode:
		if expression(path) && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && cut(n.Value) {
			n.Style = yaml.LiteralStyle
		}
	}
}

// sortKeys brings the entries of a mapping into an order; others stay behind.
func sortKeys(n *yaml.Node, keys []string) {
	if keys == nil {
		return
	}
	place := func(k *yaml.Node) int {
		if i := slices.Index(keys, k.Value); i >= 0 {
			return i
		}
		return len(keys)
	}
	var all [][2]*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, [2]*yaml.Node{n.Content[i], n.Content[i+1]})
	}
	slices.SortStableFunc(all, func(a, b [2]*yaml.Node) int { return place(a[0]) - place(b[0]) })
	n.Content = n.Content[:0]
	for _, e := range all {
		n.Content = append(n.Content, e[0], e[1])
	}
}

// expression reports whether an expression stands at a path.
func expression(path string) bool {
	return slices.Contains([]string{"when", "score", "let.*", "weights.*.when", "cases.*.when", "windows.*.where", "windows.*.once_per", "windows.*.values.*"}, path)
}

// cut reports whether YAML would misread an expression that stands on its line.
func cut(s string) bool {
	return s != "" && s == strings.TrimSpace(s) && (strings.Contains(s, "#") || strings.Contains(s, ": ") || strings.ContainsRune("\"'{[*%&!@`|>", rune(s[0])))
}

// describe returns everything that the documents say, whatever its order: the path,
// text and quoting of every scalar, and every comment.
func describe(docs []*yaml.Node) []string {
	var out []string
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.Lines(c) {
				if line = strings.TrimSpace(line); line != "" {
					out = append(out, "# "+line)
				}
			}
		}
		switch n.Kind {
		case yaml.ScalarNode:
			quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
			out = append(out, fmt.Sprintf("%s = %q %v %s", path, n.Value, quoted, n.Tag))
		case yaml.MappingNode:
			keys := ""
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(n.Content[i], path+"/key")
				walk(n.Content[i+1], path+"/"+n.Content[i].Value)
				keys += " " + n.Content[i].Value
			}
			if order(named(path), n) == nil { // the author's order
				out = append(out, path+" is"+keys)
			}
		default:
			out = append(out, fmt.Sprintf("%s has %d", path, len(n.Content)))
			for i, c := range n.Content {
				walk(c, fmt.Sprintf("%s/%d", path, i))
			}
		}
	}
	for i, d := range docs {
		walk(d, fmt.Sprint(i))
	}
	slices.Sort(out)
	return out
}

// named turns a path of describe into one of order.
func named(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) < 2 {
		return "-"
	}
	parts = parts[2:] // the document and its only content
	for i, p := range parts {
		if i == 1 && (parts[0] == "windows" || parts[0] == "weights") || p != "" && strings.Trim(p, "0123456789") == "" {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}
