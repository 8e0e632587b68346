package xmlsafe

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The bounds of Read where Limits has zeros.
const (
	DefaultBytes    = 4 << 20 // 4 MiB: a message of 500 payments is half of one
	DefaultDepth    = 32      // the deepest path of camt.029 has 14 elements
	DefaultElements = 200_000 // some 20 bytes an element at the least
)

// maxAttrs bounds the attributes of an element; messages use at most two and
// their namespaces.
const maxAttrs = 16

// Limits bounds what Read takes in. Zeros mean the defaults.
type Limits struct {
	Bytes    int // of the document
	Depth    int // of elements within elements
	Elements int // of the document
}

// Node is one element: its names, its text (what stands directly in it, white
// space at the ends cut off), and its elements in their order.
type Node struct {
	Space, Name string
	Text        string
	attrs       []xml.Attr
	Nodes       []*Node
	// Line is where the element begins, from 1.
	Line int
}

// Refused is the error of Read: a stable code, the line, and what is wrong.
// Codes: too_large, too_deep, too_many, doctype, encoding, syntax, read.
type Refused struct {
	Code string
	Line int
	Text string
}

// Error gives the line, the code and the text.
func (r *Refused) Error() string {
	return fmt.Sprintf("XML refused: line %d: %s: %s", r.Line, r.Code, r.Text)
}

// Read reads one whole document into a tree. The error is a *Refused. It reads
// no more than one byte over the limit, follows nothing, and expands nothing but
// the five entities of XML and character references.
func Read(in io.Reader, limits Limits) (*Node, error) {
	limits = limits.orDefaults()
	text, err := io.ReadAll(io.LimitReader(in, int64(limits.Bytes)+1))
	if err != nil {
		return nil, &Refused{Code: "read", Text: err.Error()}
	}
	if len(text) > limits.Bytes {
		return nil, &Refused{Code: "too_large", Line: 1, Text: fmt.Sprintf("more than %d bytes", limits.Bytes)}
	}
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	r := &reader{limits: limits, dec: xml.NewDecoder(bytes.NewReader(text))}
	r.dec.CharsetReader = func(label string, _ io.Reader) (io.Reader, error) {
		return nil, &Refused{Code: "encoding", Text: fmt.Sprintf("%.40q, want UTF-8", label)}
	}
	for r.more() {
	}
	if r.err == nil && r.root == nil {
		r.refuse("syntax", "no element in it")
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.root, nil
}

func (l Limits) orDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Bytes, DefaultBytes)
	def(&l.Depth, DefaultDepth)
	def(&l.Elements, DefaultElements)
	return l
}

type reader struct {
	limits   Limits
	dec      *xml.Decoder
	root     *Node
	open     []*Node
	texts    [][]byte // one for each open element
	elements int
	err      error
}

// more takes one token and reports whether there is another to take.
func (r *reader) more() bool {
	token, err := r.dec.Token()
	if errors.Is(err, io.EOF) && len(r.open) == 0 {
		return false
	}
	if err != nil {
		r.broken(err)
		return false
	}
	switch t := token.(type) {
	case xml.StartElement:
		r.start(t)
	case xml.EndElement:
		r.end()
	case xml.CharData:
		r.text(t)
	case xml.Directive:
		r.refuse("doctype", "a DOCTYPE or another declaration is never taken")
	case xml.ProcInst:
		if t.Target != "xml" || r.root != nil {
			r.refuse("syntax", fmt.Sprintf("processing instruction %.40q", t.Target))
		}
	}
	return r.err == nil
}

func (r *reader) broken(err error) {
	var refused *Refused
	if errors.As(err, &refused) {
		r.refuse(refused.Code, refused.Text)
		return
	}
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		r.refuse("syntax", clip(syntax.Msg))
		return
	}
	// encoding/xml wraps the charset's error into a text.
	if strings.Contains(err.Error(), "encoding") {
		r.refuse("encoding", clip(err.Error()))
		return
	}
	r.refuse("syntax", clip(err.Error()))
}

func clip(s string) string {
	const most = 200
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func (r *reader) start(t xml.StartElement) {
	r.elements++
	switch {
	case r.root != nil && len(r.open) == 0:
		r.refuse("syntax", "a second root element")
		return
	case len(r.open) >= r.limits.Depth:
		r.refuse("too_deep", fmt.Sprintf("more than %d elements within one another", r.limits.Depth))
		return
	case r.elements > r.limits.Elements:
		r.refuse("too_many", fmt.Sprintf("more than %d elements", r.limits.Elements))
		return
	case len(t.Attr) > maxAttrs:
		r.refuse("too_many", fmt.Sprintf("more than %d attributes", maxAttrs))
		return
	}
	line, _ := r.dec.InputPos()
	n := &Node{Space: t.Name.Space, Name: t.Name.Local, attrs: t.Attr, Line: line}
	if r.root == nil {
		r.root = n
	} else {
		up := r.open[len(r.open)-1]
		up.Nodes = append(up.Nodes, n)
	}
	r.open = append(r.open, n)
	r.texts = append(r.texts, nil)
}

func (r *reader) end() {
	last := len(r.open) - 1
	r.open[last].Text = strings.Trim(string(r.texts[last]), " \t\r\n")
	r.open, r.texts = r.open[:last], r.texts[:last]
}

func (r *reader) text(t xml.CharData) {
	if len(r.open) > 0 {
		r.texts[len(r.texts)-1] = append(r.texts[len(r.texts)-1], t...)
		return
	}
	if strings.Trim(string(t), " \t\r\n") != "" {
		r.refuse("syntax", "text outside the root element")
	}
}

func (r *reader) refuse(code, text string) {
	if r.err == nil {
		line, _ := r.dec.InputPos()
		r.err = &Refused{Code: code, Line: line, Text: text}
	}
}
