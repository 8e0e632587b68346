package manual

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// line is a member of the message, or the heading of an object.
type line struct {
	depth        int
	label, value string
	heading      bool
}

// maxDepth bounds the nesting; the contract has less than ten levels.
const maxDepth = 32

// linesOf makes the lines of a JSON object, in the order of its members.
func linesOf(body []byte) ([]line, error) {
	w := &walker{d: json.NewDecoder(bytes.NewReader(body))}
	w.d.UseNumber()
	if err := w.value("", 0); err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	return w.out, nil
}

type walker struct {
	d   *json.Decoder
	out []line
}

func (w *walker) value(label string, depth int) error {
	t, err := w.d.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		if depth > maxDepth {
			return fmt.Errorf("nested deeper than %d", maxDepth)
		}
		if t == '[' {
			return w.array(label, depth)
		}
		return w.object(label, depth)
	case string:
		w.add(label, t, depth)
	case bool:
		w.add(label, map[bool]string{true: "yes", false: "no"}[t], depth)
	case nil:
		w.add(label, "none", depth)
	default:
		w.add(label, fmt.Sprint(t), depth)
	}
	return nil
}

func (w *walker) add(label, value string, depth int) {
	w.out = append(w.out, line{depth: max(depth-1, 0), label: label, value: plain(value)})
}

// object adds the members of an object under a heading, but money in one line.
func (w *walker) object(label string, depth int) error {
	at := len(w.out)
	if label != "" {
		w.out = append(w.out, line{depth: depth - 1, label: label, heading: true})
	}
	names := ""
	for w.d.More() {
		name, err := w.d.Token()
		if err != nil {
			return err
		}
		names += fmt.Sprint(name) + " "
		if err := w.value(words(fmt.Sprint(name)), depth+1); err != nil {
			return err
		}
	}
	if _, err := w.d.Token(); err != nil {
		return err
	}
	if names == "amount currency " && label != "" {
		money := w.out[at+1].value + " " + w.out[at+2].value
		w.out = append(w.out[:at], line{depth: depth - 1, label: label, value: money})
	}
	return nil
}

// array adds the entries, numbered where there are more of them than words.
func (w *walker) array(label string, depth int) error {
	at, n := len(w.out), 0
	for ; w.d.More(); n++ {
		if err := w.value(fmt.Sprintf("%s %d", label, n+1), depth); err != nil {
			return err
		}
	}
	if _, err := w.d.Token(); err != nil {
		return err
	}
	if n == 0 {
		w.add(label, "none", depth)
	}
	if len(w.out)-at == n && n > 0 && !w.out[at].heading && n < 20 { // each is one word
		values := make([]string, 0, n)
		for _, l := range w.out[at:] {
			values = append(values, l.value)
		}
		w.out = append(w.out[:at], line{depth: max(depth-1, 0), label: label, value: strings.Join(values, "; ")})
	}
	return nil
}

// words makes a label of the name of a member.
func words(name string) string {
	s := plain(strings.ReplaceAll(strings.ReplaceAll(name, "_", " "), "\n", " "))
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// plain shows the signs that steer a display as code points; line breaks stay.
func plain(s string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(s, "\r\n", "\n") {
		switch {
		case r == '\n':
			b.WriteRune(r)
		case r == '\t':
			b.WriteByte(' ')
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029', r == unicode.ReplacementChar:
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
