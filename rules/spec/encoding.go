package spec

import (
	"fmt"
	"unicode/utf8"
)

// unreadable returns what is wrong with the first character that a file of YAML
// cannot have, or that ends a line for YAML and for nobody else, so that places
// would be wrong.
func (f *File) unreadable() (Diagnostic, bool) {
	for at := 0; at < len(f.Source); {
		r, n := utf8.DecodeRune(f.Source[at:])
		if what, fix := f.character(r, n, at); what != "" {
			return Span{File: f, From: at, To: at + n}.Diagnostic(Error, what, fix), true
		}
		at += n
	}
	return Diagnostic{}, false
}

// character says what is wrong with a character of n bytes at an offset.
func (f *File) character(r rune, n, at int) (what, fix string) {
	switch {
	case r == utf8.RuneError && n == 1:
		return fmt.Sprintf("the byte %02X is not UTF-8", f.Source[at]), "save the file as UTF-8"
	case r == '\r' && (at+1 == len(f.Source) || f.Source[at+1] != '\n'), r == 0x85, r == 0x2028, r == 0x2029:
		return fmt.Sprintf("%U ends a line of YAML that looks like none", r), "end lines with LF or CRLF"
	case r < ' ' && r != '\t' && r != '\n' && r != '\r', r >= 0x7F && r < 0xA0, r == 0xFEFF, r == 0xFFFE, r == 0xFFFF:
		return fmt.Sprintf("the character %U cannot stand in YAML", r), "remove it; a file in UTF-16 must be saved as UTF-8"
	}
	return "", ""
}
