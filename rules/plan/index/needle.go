package index

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// fold is what happens to a text before it is searched.
type fold uint8

const (
	asIs fold = iota
	lower
	upper
)

// newNeedle returns what a text must contain for n, a text operator, to be true;
// nil when that is nothing. Only Contains says no more than its needle.
func newNeedle(s *event.Schema, n *lang.Node) *atom {
	x, f := n.Args[0], asIs
	if x.Op == lang.Call && len(x.Args) == 1 {
		switch x.Name {
		case "lower":
			x, f = x.Args[0], lower
		case "upper":
			x, f = x.Args[0], upper
		}
	}
	if !isText(s, x) || n.Args[1].Op != lang.Const {
		return nil
	}
	needle := n.Args[1].Value.Text
	if n.Op == lang.Matches {
		re, err := syntax.Parse(needle, syntax.Perl)
		if err != nil {
			return nil
		}
		needle = required(re)
	}
	if needle == "" {
		return nil
	}
	return &atom{col: x.Col, needle: needle, fold: f}
}

// required returns the longest literal that every match of re contains, "" when
// none is certain.
func required(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return string(re.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpConcat:
		best := ""
		for _, sub := range re.Sub {
			if s := required(sub); len(s) > len(best) {
				best = s
			}
		}
		return best
	}
	return ""
}

// finder searches one column with the scratch of one scanner. A Symbol value is
// searched once a dictionary.
type finder struct {
	found   []int32
	folded  []byte
	version uint32
	known   [][]int32 // by code of a Symbol column; nil = not searched yet
}

// maxKnown is how many values of a dictionary a finder remembers.
const maxKnown = 4096

// find returns the patterns of automaton i that row r contains, each once.
func (f *finder) find(s *Scanner, i int, b *event.Batch, r int) []int32 {
	a := &s.index.automata[i]
	v := &b.Columns[a.col]
	if !v.Has(r) {
		return nil
	}
	if a.typ != event.Symbol {
		return f.search(a, v.Text(r))
	}
	code := int(v.Codes[r])
	if code >= maxKnown {
		return f.search(a, []byte(v.Values[code]))
	}
	if version := s.frame.Version(a.col); f.version != version {
		f.version = version
		clear(f.known)
	}
	if code >= len(f.known) {
		f.known = append(f.known, make([][]int32, min(len(v.Values), maxKnown)-len(f.known))...)
	}
	if f.known[code] == nil {
		f.known[code] = append([]int32{}, f.search(a, []byte(v.Values[code]))...)
	}
	return f.known[code]
}

func (f *finder) search(a *search, text []byte) []int32 {
	if a.fold != asIs {
		text = f.change(a.fold, text)
	}
	f.found = a.ac.Find(text, f.found[:0])
	if len(f.found) > 1 {
		slices.Sort(f.found)
		f.found = slices.Compact(f.found)
	}
	return f.found
}

// change folds text as strings.ToLower and ToUpper do, in the finder's memory.
func (f *finder) change(to fold, text []byte) []byte {
	one := unicode.ToLower
	if to == upper {
		one = unicode.ToUpper
	}
	f.folded = f.folded[:0]
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		f.folded = utf8.AppendRune(f.folded, one(r))
		text = text[n:]
	}
	return f.folded
}
