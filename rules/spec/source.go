package spec

import (
	"bytes"
	"sort"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// File is one file of a rules directory.
type File struct {
	Path   string // as diagnostics show it
	Source []byte
	lines  []int // offset of the first byte of each line
}

// NewFile returns the file of the given text, without the mark of its byte order.
func NewFile(path string, source []byte) *File {
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	f := &File{Path: path, Source: source, lines: []int{0}}
	for i, c := range source {
		if c == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// offset returns the byte offset of a line and column as yaml counts them: from
// 1, columns in characters.
func (f *File) offset(line, column int) int {
	if line < 1 {
		return 0
	}
	if line > len(f.lines) {
		return len(f.Source)
	}
	at := f.lines[line-1]
	for ; column > 1 && at < len(f.Source) && f.Source[at] != '\n'; column-- {
		_, n := utf8.DecodeRune(f.Source[at:])
		at += n
	}
	return at
}

// position returns the place of a byte offset.
func (f *File) position(at int) Position {
	line := sort.SearchInts(f.lines, at+1) - 1
	return Position{Line: line + 1, Column: utf8.RuneCount(f.Source[f.lines[line]:at]) + 1}
}

// line returns the text of a line counted from 1.
func (f *File) line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	rest := f.Source[f.lines[n-1]:]
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	return string(bytes.TrimRight(rest, "\r"))
}

// Span is a run of bytes of a file.
type Span struct {
	File     *File
	From, To int
}

// Diagnostic returns a finding about the span.
func (s Span) Diagnostic(level Level, message, fix string) Diagnostic {
	d := Diagnostic{Level: level, Message: message, Fix: fix}
	if s.File == nil {
		return d
	}
	from := min(max(s.From, 0), len(s.File.Source))
	d.File = s.File.Path
	d.Start = s.File.position(from)
	d.End = s.File.position(min(max(s.To, from), len(s.File.Source)))
	d.Source = s.File.line(d.Start.Line)
	return d
}

// Scalar is a text of a file exactly as written, with its place. The zero value
// is an absent one.
type Scalar struct {
	Text string
	Span Span
	node *yaml.Node
	at   []int // of a part: the offset in the file of each byte of Text and of its end
}

// NewScalar returns a text that stands in no YAML, as if it were a file of its own.
func NewScalar(path, text string) Scalar {
	s := Scalar{Text: text, Span: Span{File: NewFile(path, []byte(text)), To: len(text)}, at: make([]int, len(text)+1)}
	for i := range s.at {
		s.at[i] = i
	}
	return s
}

// Present reports whether the file has the scalar.
func (s Scalar) Present() bool { return s.node != nil }

// Quoted reports whether the scalar is written as text: in quotes or as a block.
func (s Scalar) Quoted() bool {
	return s.node != nil && s.node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// Plain reports whether the scalar stands on its line without quotes, where ` #`
// and `: ` mean something to YAML.
func (s Scalar) Plain() bool { return s.node != nil && !s.Quoted() }

// Cut reports whether a comment follows the scalar on its line.
func (s Scalar) Cut() bool {
	if !s.Plain() {
		return false
	}
	rest := s.Span.File.Source[s.Span.To:]
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	trimmed := bytes.TrimLeft(rest, " \t")
	return len(trimmed) < len(rest) && len(trimmed) > 0 && trimmed[0] == '#'
}

// Sub returns the place in the file of the bytes from:to of Text.
func (s Scalar) Sub(from, to int) Span {
	if s.Span.File == nil {
		return s.Span
	}
	at := s.offsets()
	from = min(max(from, 0), len(s.Text))
	to = min(max(to, from), len(s.Text))
	sub := Span{File: s.Span.File, From: at[from], To: at[to]}
	if to > from {
		sub.To = at[to-1] + 1
	}
	return sub
}

// offsets returns the offset in the file of each byte of Text and of its end.
// Folding, indentation and quotes change white space and escapes only, so the
// other bytes are found in order.
func (s Scalar) offsets() []int {
	if s.at != nil {
		return s.at
	}
	src, at := s.Span.File.Source, s.start()
	out := make([]int, 0, len(s.Text)+1)
	for i := 0; i < len(s.Text); i++ {
		c := s.Text[i]
		if c == ' ' || c == '\n' || c == '\t' {
			out = append(out, at)
			if at < len(src) && src[at] == c {
				at++
			}
			continue
		}
		for at < len(src) && src[at] != c {
			at++
		}
		out = append(out, at)
		at = min(at+1, len(src))
	}
	return append(out, at)
}

// start returns where the content of the scalar begins: behind a quote or the
// header of a block.
func (s Scalar) start() int {
	src, at := s.Span.File.Source, s.Span.From
	switch {
	case s.node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		if end := bytes.IndexByte(src[at:], '\n'); end >= 0 {
			return at + end + 1
		}
		return len(src)
	case s.node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return min(at+1, len(src))
	}
	return at
}

// scalar returns the scalar of a node of f.
func (f *File) scalar(n *yaml.Node) Scalar {
	s := Scalar{Text: n.Value, node: n, Span: Span{File: f, From: f.offset(n.Line, n.Column)}}
	at := s.offsets()
	s.Span.To = at[len(at)-1]
	if s.Text == "" {
		s.Span.To = min(s.Span.From+1, len(f.Source))
	}
	return s
}

// span returns the place of a node: of a mapping or sequence only its first
// line, where a caret helps.
func (f *File) span(n *yaml.Node) Span {
	if n.Kind == yaml.ScalarNode {
		return f.scalar(n).Span
	}
	from := f.offset(n.Line, n.Column)
	to := from
	for to < len(f.Source) && f.Source[to] != '\n' {
		to++
	}
	return Span{File: f, From: from, To: to}
}

// Part returns the bytes from:to of Text as a scalar of their own.
func (s Scalar) Part(from, to int) Scalar {
	at := s.offsets()
	return Scalar{Text: s.Text[from:to], Span: s.Sub(from, to), node: s.node, at: at[from : to+1]}
}
