package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
)

// builder makes the tree of a writer.
type builder struct {
	w       *Writer
	schema  *event.Schema
	columns []Column
	given   map[string]string // field → what gives it
}

// named takes columns by the names of fields.
func (b *builder) named() {
	fields := map[string]event.Column{}
	for _, c := range b.schema.Columns {
		fields[c.Name] = c
		fields[strings.ReplaceAll(c.Name, ".", "_")] = c
	}
	ours := slices.ContainsFunc(b.columns, func(c Column) bool { return c.Name == "content_hash" })
	for i, c := range b.columns {
		field, ok := fields[c.Name]
		switch {
		case ok && field.Derived || ours && stored(c.Name):
			continue
		case !ok:
			field = event.Column{Name: c.Name}
			b.w.others = append(b.w.others, c.Name)
			b.w.root.children = append(b.w.root.children, b.leaf(c.Name, field, b.cell(i, asIs)))
			continue
		}
		if _, twice := b.given[field.Name]; twice { // debtor.account beside debtor_account
			continue
		}
		b.given[field.Name] = c.Name
		n := b.place(field, b.cell(i, asIs))
		if field.Type == event.Map && c.Object {
			n.kind = object
		}
	}
}

// stored reports whether a column of the table of reports is not of the report.
func stored(name string) bool {
	return slices.Contains([]string{"topic", "partition", "offset", "kafka_time", "codec", "content_hash", "raw", "inserted_at"}, name)
}

// mapped takes what a mapping says.
func (b *builder) mapped(m *Mapping) error {
	names := make([]string, 0, len(m.Columns))
	for name := range m.Columns {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i, err := b.column(name)
		if err != nil {
			return err
		}
		for _, t := range m.Columns[name] {
			field, err := b.take(t.Field, "column "+name)
			if err != nil {
				return err
			}
			conv, err := t.converter(name, field)
			if err != nil {
				return fmt.Errorf("column %s: %w", name, err)
			}
			b.place(field, b.cell(i, conv))
		}
	}
	names = names[:0]
	for name := range m.Constants {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		field, err := b.take(name, "constant")
		if err != nil {
			return err
		}
		v, err := b.template(m.Constants[name])
		if err != nil {
			return fmt.Errorf("constant %s: %w", name, err)
		}
		b.place(field, v)
	}
	return nil
}

func (b *builder) column(name string) (int, error) {
	var all []string
	for i, c := range b.columns {
		if c.Name == name {
			b.w.used[i] = true
			return i, nil
		}
		all = append(all, c.Name)
	}
	text := fmt.Sprintf("there is no column %q", name)
	if near := code.Nearest(all, name); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	return 0, errors.New(text)
}

// take returns a field that is given by by, and nothing else.
func (b *builder) take(name, by string) (event.Column, error) {
	if other, ok := b.given[name]; ok {
		return event.Column{}, fmt.Errorf("field %s is given twice, by %s and %s", name, other, by)
	}
	b.given[name] = by
	if rest, ok := strings.CutPrefix(name, "extra."); ok && rest != "" {
		return event.Column{Name: name}, nil
	}
	i, ok := b.schema.Index(name)
	if ok && !b.schema.Columns[i].Derived && b.schema.Columns[i].Type != event.Map {
		return b.schema.Columns[i], nil
	}
	if ok {
		return event.Column{}, fmt.Errorf("field %s cannot be given: it is derived, or a map (name extra.SOMETHING)", name)
	}
	var all []string
	for _, c := range b.schema.Columns {
		all = append(all, c.Name)
	}
	text := fmt.Sprintf("there is no field %q", name)
	if near := code.Nearest(all, name); near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	}
	return event.Column{}, errors.New(text)
}

// cell returns the value of a column of the table.
func (b *builder) cell(i int, conv convert) value {
	b.w.used[i] = true
	w := b.w
	return func(scratch []byte, _ int64, cells [][]byte) ([]byte, bool, *codec.Defect) {
		if w.absent(cells[i]) {
			return nil, false, nil
		}
		text, bad := conv(scratch, cells[i])
		return text, len(text) > 0, bad
	}
}

// absent reports whether a cell has no value.
func (w *Writer) absent(cell []byte) bool {
	if cell == nil {
		return true
	}
	for _, m := range w.missing {
		if string(cell) == m {
			return true
		}
	}
	return false
}

// template returns the value of a text with {column} and {row}; it is missing when a
// column of it is.
func (b *builder) template(text string) (value, error) {
	const row = -1
	var texts []string // around the columns
	var columns []int
	rest := text
	for {
		before, after, found := strings.Cut(rest, "{")
		texts = append(texts, before)
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("%q: a brace is not closed", text)
		}
		at := row
		if name != "row" {
			var err error
			if at, err = b.column(name); err != nil {
				return nil, err
			}
		}
		columns = append(columns, at)
		rest = tail
	}
	w := b.w
	return func(scratch []byte, n int64, cells [][]byte) ([]byte, bool, *codec.Defect) {
		scratch = append(scratch, texts[0]...)
		for i, c := range columns {
			switch {
			case c == row:
				scratch = strconv.AppendInt(scratch, n, 10)
			case w.absent(cells[c]):
				return nil, false, nil
			default:
				scratch = append(scratch, cells[c]...)
			}
			scratch = append(scratch, texts[i+1]...)
		}
		return scratch, len(scratch) > 0, nil
	}, nil
}

// place puts a member where its field stands on the wire.
func (b *builder) place(field event.Column, v value) *node {
	path := field.Name
	if field.Path != "" {
		path = field.Path
	}
	parts := strings.Split(path, ".")
	if strings.HasPrefix(path, "extra.") {
		parts = []string{"extra", path[len("extra."):]}
	}
	at := &b.w.root
	for _, p := range parts[:len(parts)-1] {
		head := nameOf(p)
		i := slices.IndexFunc(at.children, func(n *node) bool { return string(n.head) == string(head) && n.value == nil })
		if i < 0 {
			i = len(at.children)
			at.children = append(at.children, &node{head: head})
		}
		at = at.children[i]
	}
	n := b.leaf(parts[len(parts)-1], field, v)
	at.children = append(at.children, n)
	return n
}

func (b *builder) leaf(name string, field event.Column, v value) *node {
	n := &node{head: nameOf(name), value: v, field: field.Name}
	switch field.Type {
	case event.Uint, event.Float:
		n.kind = number
	case event.Bool:
		n.kind = boolean
	}
	return n
}

func nameOf(s string) []byte {
	head, err := json.Marshal(strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil {
		panic(err) // invariant: a text has a JSON form
	}
	return append(head, ':')
}
