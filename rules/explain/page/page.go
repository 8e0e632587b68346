package page

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/haltwire/haltwire/rules/explain"
	"github.com/haltwire/haltwire/rules/spec"
)

// Width is how many characters a line of Write has at the most, unless one
// word is longer.
const Width = 120

// leftWidth is how many of them expressions take, markWidth their truth.
const (
	leftWidth = 58
	markWidth = 10
)

// Write writes x for people: who and what, what stops the rule, and then
// everything that was looked at. colour marks true, false and unknown for a
// terminal; the text says the same without.
func Write(w io.Writer, x *explain.Explanation, colour bool) error {
	p := &printer{colour: colour}
	p.head(x)
	for _, n := range x.Notes {
		p.line("note: %s", n)
	}
	p.conditions(x)
	for i := range x.Windows {
		p.window(&x.Windows[i])
	}
	p.lookups("list", x.Lists)
	p.lookups("table", x.Tables)
	for _, e := range x.Exceptions {
		p.exception(e)
	}
	if _, err := io.WriteString(w, p.out.String()); err != nil {
		return fmt.Errorf("write explanation: %w", err)
	}
	return nil
}

// printer lays out lines of three columns: expression, truth, remark.
type printer struct {
	out    strings.Builder
	rows   []row
	colour bool
}

type row struct{ left, mark, remark string }

func (p *printer) line(format string, args ...any) {
	text := spec.Visible(fmt.Sprintf(format, args...))
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	for i, l := range wrap(text, Width-2-len(indent)) {
		p.out.WriteString(indent + strings.Repeat("  ", min(i, 1)) + l + "\n")
	}
}

func (p *printer) row(indent int, left, mark, remark string) {
	p.rows = append(p.rows, row{strings.Repeat("  ", indent) + spec.Visible(left), mark, spec.Visible(remark)})
}

// flush writes the rows, aligned with each other.
func (p *printer) flush() {
	left := 0
	for _, r := range p.rows {
		left = max(left, min(utf8.RuneCountInString(r.left), leftWidth))
	}
	for _, r := range p.rows {
		indent := strings.Repeat(" ", len(r.left)-len(strings.TrimLeft(r.left, " ")))
		a := wrap(strings.TrimLeft(r.left, " "), left-len(indent))
		if len(a) > 1 { // the lines after the first stand two further in
			a = wrap(strings.TrimLeft(r.left, " "), left-len(indent)-2)
		}
		b := wrap(r.remark, Width-left-markWidth-4)
		for i := range max(len(a), len(b)) {
			var text, mark, remark string
			if i < len(a) {
				text = indent + strings.Repeat("  ", min(i, 1)) + a[i]
			}
			if i < len(b) {
				remark = b[i]
			}
			if i == 0 {
				mark = r.mark
			}
			line := pad(text, left) + "  " + p.paint(mark) + pad("", markWidth-len(mark)) + "  " + remark
			p.out.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	p.rows = p.rows[:0]
}

// paint gives a truth value its colour.
func (p *printer) paint(mark string) string {
	code := map[string]string{"true": "32", "false": "31", "unknown": "33"}[mark]
	if !p.colour || code == "" {
		return mark
	}
	return "\x1b[" + code + "m" + mark + "\x1b[0m"
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s)))
}

// wrap breaks s at blanks into lines of at most n characters; a longer word has a
// line of its own. An empty text has no line.
func wrap(s string, n int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > max(n, 12):
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
