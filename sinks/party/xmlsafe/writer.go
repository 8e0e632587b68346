package xmlsafe

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Attr is one attribute of an element that is written.
type Attr struct{ Name, Value string }

// Writer writes one document element by element, indented for people. The first
// error stays and makes all later calls void; Close returns it. It buffers, and
// never holds more than the names of the open elements.
type Writer struct {
	out  *bufio.Writer
	open []string
	leaf bool // nothing stands in the open element yet
	err  error
}

// NewWriter returns a writer that has written the XML declaration, UTF-8.
func NewWriter(w io.Writer) *Writer {
	x := &Writer{out: bufio.NewWriter(w)}
	x.raw(`<?xml version="1.0" encoding="UTF-8"?>`)
	return x
}

// Open begins an element. The caller ends it with End.
func (x *Writer) Open(name string, attrs ...Attr) {
	x.begin(name, attrs)
	x.open = append(x.open, name)
	x.leaf = true
}

// End ends the element that was opened last. Ending more than was opened is an
// error.
func (x *Writer) End() {
	if len(x.open) == 0 {
		x.fail("", "end element: none is open")
		return
	}
	name := x.open[len(x.open)-1]
	x.open = x.open[:len(x.open)-1]
	if !x.leaf {
		x.line()
	}
	x.leaf = false
	x.raw("</" + name + ">")
}

// Leaf writes an element with a text, even when the text is empty.
func (x *Writer) Leaf(name, text string, attrs ...Attr) {
	x.begin(name, attrs)
	if !x.valid(name, text) {
		return
	}
	escape(x.out, text, false)
	x.raw("</" + name + ">")
	x.leaf = false
}

// Some writes an element with a text, or nothing when the text is empty.
func (x *Writer) Some(name, text string) {
	if text != "" {
		x.Leaf(name, text)
	}
}

// Path returns the names of the open elements with slashes between them.
func (x *Writer) Path() string { return strings.Join(x.open, "/") }

// Close writes what is buffered and returns the first error. It does not close
// the underlying writer. An element that is still open is an error.
func (x *Writer) Close() error {
	if len(x.open) > 0 {
		x.fail("", "close document: element is still open")
	}
	x.raw("\n")
	if x.err == nil {
		x.err = x.out.Flush()
	}
	return x.err
}

func (x *Writer) begin(name string, attrs []Attr) {
	if !isName(name) {
		x.fail(name, "is no name of an element")
		return
	}
	x.line()
	x.leaf = false
	x.raw("<" + name)
	for _, a := range attrs {
		if !isName(a.Name) || !x.valid(name+"/@"+a.Name, a.Value) {
			x.fail(name, fmt.Sprintf("attribute %q cannot be written", a.Name))
			return
		}
		x.raw(" " + a.Name + `="`)
		escape(x.out, a.Value, true)
		x.raw(`"`)
	}
	x.raw(">")
}

func (x *Writer) line() { x.raw("\n" + strings.Repeat(" ", len(x.open))) }

func (x *Writer) raw(s string) {
	if x.err == nil {
		_, x.err = x.out.WriteString(s)
	}
}

func (x *Writer) valid(name, text string) bool {
	if bad := Illegal(text); bad != "" {
		x.fail(name, fmt.Sprintf("holds %s, which XML cannot", bad))
	}
	return x.err == nil
}

func (x *Writer) fail(name, text string) {
	if x.err == nil {
		x.err = &Unwritable{strings.Trim(x.Path()+"/"+name, "/"), text}
	}
}

// Unwritable is the error of a document that XML cannot hold: the path of the
// element, and why.
type Unwritable struct{ Path, Text string }

// Error names the element and what is wrong with it.
func (u *Unwritable) Error() string { return fmt.Sprintf("write %s: %s", u.Path, u.Text) }

// Illegal describes the first thing in s that XML 1.0 cannot hold, not even
// escaped: bytes that are no UTF-8, and characters outside its production Char.
// It returns the empty string when there is none.
func Illegal(s string) string {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return "bytes that are no UTF-8"
			}
		}
		if !isChar(r) {
			return fmt.Sprintf("the character U+%04X", r)
		}
	}
	return ""
}

func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// isName admits what names of messages are made of, a part of what XML allows.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.' && c != ':') {
			return false
		}
	}
	return s != ""
}

// escape writes s so that a reader gets exactly s back: a carriage return would
// be read as a line feed, and white space in attributes as spaces. What cannot be
// written stays in the buffered writer's error, which Flush returns.
func escape(w *bufio.Writer, s string, attribute bool) {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '&':
			write(w, "&amp;")
		case c == '<':
			write(w, "&lt;")
		case c == '>':
			write(w, "&gt;")
		case c == '"' && attribute:
			write(w, "&quot;")
		case c == '\r', attribute && (c == '\n' || c == '\t'):
			write(w, fmt.Sprintf("&#x%X;", c))
		default:
			_ = w.WriteByte(c)
		}
	}
}

func write(w *bufio.Writer, s string) { _, _ = w.WriteString(s) }
