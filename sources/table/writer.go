package table

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
)

// Column is a column of a table.
type Column struct {
	Name   string
	Object bool // its cells are JSON objects, which the source has written itself
}

// Writer writes rows as reports. One goroutine uses it.
type Writer struct {
	root    node
	missing []string
	scratch []byte
	used    []bool
	others  []string // columns that no field is called like
}

// node is an object of a report, or a member with a value.
type node struct {
	head     []byte // the quoted name and its colon
	children []*node
	value    value // of a member
	kind     kind
	field    string
}

// value returns the text of a member for a row; ok false when it is missing. It may
// use scratch.
type value func(scratch []byte, row int64, cells [][]byte) (text []byte, ok bool, bad *codec.Defect)

// kind is how a value is written.
type kind uint8

const (
	quoted  kind = iota
	number       // bare where it is one: what is none is quoted, and the decoder says so
	boolean      // the same
	object       // as it is
)

// NewWriter returns a writer of the rows of a table with these columns; nil, or a
// mapping without columns, says that they are called like fields. source is what
// errors call the table.
func NewWriter(s *event.Schema, source string, columns []Column, m *Mapping) (*Writer, error) {
	w := &Writer{missing: m.missing(), used: make([]bool, len(columns)), scratch: make([]byte, 0, 256)}
	b := &builder{w: w, schema: s, columns: columns, given: map[string]string{}}
	if m == nil || len(m.Columns) == 0 {
		b.named()
	}
	if m != nil {
		if err := b.mapped(m); err != nil {
			return nil, fmt.Errorf("map %s: %w", source, err)
		}
	}
	for _, c := range s.Columns {
		if _, ok := b.given[c.Name]; c.Required && !ok {
			return nil, fmt.Errorf("map %s: nothing gives %s, which every report needs: map a column to it, or add a constant%s", source, c.Name, delimited(columns))
		}
	}
	return w, nil
}

// delimited says what to do about a table of one column whose name looks like many.
func delimited(columns []Column) string {
	if len(columns) == 1 {
		for _, d := range []string{";", "\t", "|"} {
			if strings.Contains(columns[0].Name, d) {
				return fmt.Sprintf("; its only column is %.40q: a mapping with delimiter: %q may be what it needs", columns[0].Name, d)
			}
		}
	}
	return ""
}

// Others returns the columns, in order, that no field is called like: what they say
// is under extra, where only rules that ask for it look.
func (w *Writer) Others() []string { return w.others }

// Uses reports whether column i is looked at.
func (w *Writer) Uses(i int) bool { return w.used[i] }

// Append appends the report of a row to dst. cells has one a column, nil where there
// is no value; it may share memory with the source. A defect leaves dst as it was.
func (w *Writer) Append(dst []byte, row int64, cells [][]byte) ([]byte, *codec.Defect) {
	from := len(dst)
	out, bad := w.object(append(dst, '{'), &w.root, row, cells)
	if bad != nil {
		return dst[:from], bad
	}
	return append(out, '}'), nil
}

// object appends the members of n that have a value.
func (w *Writer) object(dst []byte, n *node, row int64, cells [][]byte) ([]byte, *codec.Defect) {
	first := len(dst)
	for _, c := range n.children {
		from := len(dst)
		if from > first {
			dst = append(dst, ',')
		}
		dst = append(dst, c.head...)
		if c.value == nil {
			open := len(dst) + 1
			var bad *codec.Defect
			if dst, bad = w.object(append(dst, '{'), c, row, cells); bad != nil {
				return dst, bad
			}
			if len(dst) == open {
				dst = dst[:from]
				continue
			}
			dst = append(dst, '}')
			continue
		}
		text, ok, bad := c.value(w.scratch[:0], row, cells)
		if bad != nil {
			bad.Field = c.field
			return dst, bad
		}
		if !ok {
			dst = dst[:from]
			continue
		}
		dst = c.append(dst, text)
	}
	return dst, nil
}

// append appends a value.
func (n *node) append(dst, text []byte) []byte {
	switch {
	case n.kind == object,
		n.kind == number && isNumber(text),
		n.kind == boolean && (string(text) == "true" || string(text) == "false"):
		return append(dst, text...)
	}
	return appendText(dst, text)
}

func isNumber(text []byte) bool {
	return len(text) > 0 && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && json.Valid(text)
}

// appendText appends a JSON string. Bytes that are not UTF-8 stay, for the decoder
// to refuse.
func appendText(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf || c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, text[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	dst = append(dst, text[from:]...)
	return append(dst, '"')
}

// Object appends a JSON object of texts to dst: a cell of a Column with Object.
func Object(dst []byte, n int, entry func(i int) (key, val []byte)) []byte {
	dst = append(dst, '{')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		k, v := entry(i)
		dst = append(appendText(dst, k), ':')
		dst = appendText(dst, v)
	}
	return append(dst, '}')
}
