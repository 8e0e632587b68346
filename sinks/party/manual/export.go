package manual

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Document is a message for people. The same body gives the same bytes.
type Document struct {
	Text []byte // UTF-8, lines of at most 100 characters
	PDF  []byte // A4, fonts embedded, nothing active in it
}

// Export makes the document of a message from its frozen bytes. The error says that
// they are no message.
func Export(body []byte) (Document, error) {
	m, err := freeze.Parse(body)
	if err != nil {
		return Document{}, err
	}
	lines, err := linesOf(body)
	if err != nil {
		return Document{}, err
	}
	sum := sha256.Sum256(body)
	s := sheet{head: m.Head(), lines: lines, digest: hex.EncodeToString(sum[:])}
	pdf, err := s.pdf()
	return Document{Text: s.text(), PDF: pdf}, err
}

// sheet is what both forms show.
type sheet struct {
	head   *freeze.Envelope
	lines  []line
	digest string // of the frozen bytes
}

func (s sheet) title() string {
	return strings.ToUpper(words(string(s.head.Type))) + " " + s.head.MessageID
}

// marking is what stands on every page.
func (s sheet) marking() string {
	tlp := "not marked"
	if s.head.Handling != nil && s.head.Handling.TLP != "" {
		tlp = "TLP:" + strings.ToUpper(s.head.Handling.TLP)
	}
	return tlp + " · " + strings.ToUpper(s.head.Environment)
}

// width of the text form, in characters.
const width = 100

func (s sheet) text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", s.marking(), s.title(), strings.Repeat("=", width))
	for i, l := range s.lines {
		if i > 0 && !l.heading && l.depth < s.lines[i-1].depth {
			b.WriteByte('\n') // behind a section
		}
		indent := strings.Repeat("  ", l.depth)
		switch {
		case l.heading:
			fmt.Fprintf(&b, "\n%s%s\n", indent, strings.ToUpper(l.label))
		default:
			parts := wrap(l.value, width-len(indent)-len(l.label)-2)
			fmt.Fprintf(&b, "%s%s: %s\n", indent, l.label, parts[0])
			for _, p := range parts[1:] { // a bar, so that no text passes for a member
				fmt.Fprintf(&b, "%s  | %s\n", indent, p)
			}
		}
	}
	fmt.Fprintf(&b, "\n%s\nSHA-256 of the message %s: %s\n%s\n", strings.Repeat("=", width), s.head.MessageID, s.digest, s.marking())
	return []byte(b.String())
}

// wrap breaks a text into lines of at most n characters where it can, at least 20.
func wrap(text string, n int) []string {
	n = max(n, 20)
	var out []string
	for _, paragraph := range strings.Split(text, "\n") {
		current := []rune{}
		for _, word := range strings.Split(paragraph, " ") {
			runes := []rune(word)
			if len(current) > 0 && len(current)+1+len(runes) > n {
				out, current = append(out, string(current)), nil
			} else if current = pad(current); len(current) > n {
				out, current = append(out, string(current)), nil
			}
			for len(runes) > n {
				out, runes = append(out, string(runes[:n])), runes[n:]
			}
			current = append(current, runes...)
		}
		out = append(out, string(current))
	}
	return out
}

// pad puts a blank behind what a line has already.
func pad(current []rune) []rune {
	if len(current) > 0 {
		return append(current, ' ')
	}
	return current
}
