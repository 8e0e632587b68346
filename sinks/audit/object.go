package audit

import (
	"encoding/json"
	"slices"
)

// named is one member of a JSON object, its value as it stands there.
type named struct{ name, value string }

// object reads the members of a JSON object, and reports whether text is one whose
// names all differ.
func object(text []byte) ([]named, bool) {
	if !json.Valid(text) { // what follows relies on it
		return nil, false
	}
	s := scan{text: text}
	if s.space() != '{' {
		return nil, false
	}
	var out []named
	for s.at++; s.space() != '}'; {
		if s.text[s.at] == ',' {
			s.at++
			s.space()
		}
		name := s.value()
		s.space()
		s.at++ // the colon
		s.space()
		m := named{value: string(s.value())}
		if json.Unmarshal(name, &m.name) != nil || slices.ContainsFunc(out, func(o named) bool { return o.name == m.name }) {
			return nil, false
		}
		out = append(out, m)
	}
	return out, true
}

// scan walks over valid JSON.
type scan struct {
	text []byte
	at   int
}

// space skips white space and returns the byte after it.
func (s *scan) space() byte {
	for slices.Contains([]byte(" \t\r\n"), s.text[s.at]) {
		s.at++
	}
	return s.text[s.at]
}

// value returns the text of the value that begins here, and goes behind it.
func (s *scan) value() []byte {
	from, depth := s.at, 0
	for {
		switch c := s.text[s.at]; c {
		case '"':
			s.string()
			if depth == 0 {
				return s.text[from:s.at]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return s.text[from:s.at]
			}
			if depth--; depth == 0 {
				s.at++
				return s.text[from:s.at]
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return s.text[from:s.at]
			}
		}
		s.at++
	}
}

// string goes behind the string that begins here.
func (s *scan) string() {
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}
