package spec

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode"
)

// Level is how bad a diagnostic is.
type Level uint8

// The levels. An error keeps the whole set from being used.
const (
	Error Level = iota
	Warning
)

// String returns error or warning.
func (l Level) String() string { return [...]string{"error", "warning"}[l] }

// MarshalText writes the level as String does.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Position is a place in a file, both counted from 1, columns in characters.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Diagnostic is one finding: where, why, and the nearest right thing. A finding
// about a whole file has line 0.
type Diagnostic struct {
	Level   Level    `json:"level"`
	File    string   `json:"file"`
	Start   Position `json:"start"`
	End     Position `json:"end"` // exclusive
	Source  string   `json:"source,omitempty"`
	Message string   `json:"message"`
	Fix     string   `json:"fix,omitempty"`
}

// String returns the finding as text: file:line:col, the source line, a caret
// under the place, and the fix.
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.Start.Line == 0 {
		fmt.Fprintf(&b, "%s: %s: %s\n", d.File, d.Level, d.Message)
	} else {
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s\n", d.File, d.Start.Line, d.Start.Column, d.Level, d.Message)
		d.caret(&b)
	}
	if d.Fix != "" {
		fmt.Fprintf(&b, "    = %s\n", d.Fix)
	}
	return Visible(b.String())
}

// Visible returns s without what commands a terminal, so that nobody's file or
// report can colour, move or turn around what is said about it. Lines and tabs stay.
func Visible(s string) string { return strings.Map(visible, s) }

func visible(r rune) rune {
	switch {
	case r == '\n', r == '\t':
		return r
	case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		return unicode.ReplacementChar
	}
	return r
}

// A source line is shown whole up to maxShown characters, else that much around
// the place.
const (
	maxShown   = 200
	maxLeading = 80
)

// caret writes the source line and a line that points at the finding. A tab of
// the source stays a tab, so that the caret stands right in any terminal.
func (d Diagnostic) caret(b *strings.Builder) {
	line := []rune(d.Source)
	from := min(d.Start.Column-1, len(line))
	width := 1
	if d.End.Line == d.Start.Line {
		width = max(1, d.End.Column-d.Start.Column)
	}
	line, from = excerpt(line, from)
	pad := make([]rune, from)
	for i := range pad {
		pad[i] = ' '
		if line[i] == '\t' {
			pad[i] = '\t'
		}
	}
	fmt.Fprintf(b, "    %s\n    %s%s\n", string(line), string(pad), strings.Repeat("^", min(width, max(1, len(line)-from))))
}

// excerpt returns what is shown of a line, and where the place from is in it.
func excerpt(line []rune, from int) (shown []rune, at int) {
	if len(line) <= maxShown {
		return line, from
	}
	begin := max(0, min(from-maxLeading, len(line)-maxShown))
	end := min(len(line), begin+maxShown)
	if begin > 0 {
		shown, from = append(shown, '…'), from+1
	}
	shown = append(shown, line[begin:end]...)
	if end < len(line) {
		shown = append(shown, '…')
	}
	return shown, from - begin
}

// Diagnostics are the findings about a rules directory.
type Diagnostics []Diagnostic

// Errors returns how many findings are errors.
func (ds Diagnostics) Errors() int { return ds.count(Error) }

// Warnings returns how many findings are warnings.
func (ds Diagnostics) Warnings() int { return ds.count(Warning) }

func (ds Diagnostics) count(l Level) int {
	n := 0
	for _, d := range ds {
		if d.Level == l {
			n++
		}
	}
	return n
}

// Sort orders the findings by file and place and drops repeated ones.
func (ds *Diagnostics) Sort() {
	s := *ds
	sort.SliceStable(s, func(i, j int) bool { return s[i].before(s[j]) })
	kept := s[:0]
	for i, d := range s {
		if i == 0 || d != s[i-1] {
			kept = append(kept, d)
		}
	}
	*ds = kept
}

func (d Diagnostic) before(e Diagnostic) bool {
	switch {
	case d.File != e.File:
		return d.File < e.File
	case d.Start.Line != e.Start.Line:
		return d.Start.Line < e.Start.Line
	}
	return d.Start.Column < e.Start.Column
}

// WriteText writes every finding as text.
func (ds Diagnostics) WriteText(w io.Writer) error {
	for _, d := range ds {
		if _, err := io.WriteString(w, d.String()); err != nil {
			return fmt.Errorf("write findings: %w", err)
		}
	}
	return nil
}
