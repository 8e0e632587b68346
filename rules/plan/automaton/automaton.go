// Package automaton finds any of many texts in a text in one pass, whatever
// their number: Aho and Corasick, "Efficient string matching", CACM 18(6), 1975,
// as a table of states × byte classes. It knows nothing of reports or rules.
package automaton

import "errors"

// MaxCells bounds a table at 128 MB.
const MaxCells = 32 << 20

// ErrTooLarge says that the patterns need more than MaxCells.
var ErrTooLarge = errors.New("the patterns need too large a table")

// Automaton is immutable and safe for concurrent use.
type Automaton struct {
	class   [256]uint8 // bytes that no pattern contains share class 0
	classes int
	next    []int32   // next[state*classes+class], already multiplied by classes; negated (^) where a pattern ends
	ends    [][]int32 // ends[state]: patterns that end there, shorter ones included
}

// New returns an automaton for distinct patterns that are not empty. Find speaks
// of them by position.
func New(patterns []string) (*Automaton, error) {
	a := &Automaton{classes: 1}
	total := 1
	for _, p := range patterns {
		total += len(p)
		for i := range len(p) {
			if a.class[p[i]] == 0 {
				if a.classes == 256 {
					return nil, ErrTooLarge
				}
				a.class[p[i]] = uint8(a.classes)
				a.classes++
			}
		}
	}
	if total > MaxCells/a.classes {
		return nil, ErrTooLarge
	}
	a.addState()
	for i, p := range patterns {
		a.add(p, int32(i))
	}
	a.link()
	for i, s := range a.next {
		a.next[i] *= int32(a.classes)
		if len(a.ends[s]) > 0 {
			a.next[i] = ^a.next[i]
		}
	}
	return a, nil
}

func (a *Automaton) addState() int32 {
	a.next = append(a.next, make([]int32, a.classes)...)
	a.ends = append(a.ends, nil)
	return int32(len(a.ends) - 1)
}

func (a *Automaton) add(p string, id int32) {
	s := int32(0)
	for i := range len(p) {
		at := int(s)*a.classes + int(a.class[p[i]])
		if a.next[at] == 0 {
			a.next[at] = a.addState()
		}
		s = a.next[at]
	}
	a.ends[s] = append(a.ends[s], id)
}

// link fills in, breadth first, where to go on when no pattern continues.
func (a *Automaton) link() {
	fail := make([]int32, len(a.ends))
	queue := make([]int32, 0, len(a.ends))
	for c := range a.classes {
		if s := a.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := int(queue[0])
		queue = queue[1:]
		back := int(fail[s])
		a.ends[s] = append(a.ends[s], a.ends[back]...)
		for c := range a.classes {
			at := s*a.classes + c
			if t := a.next[at]; t != 0 {
				fail[t] = a.next[back*a.classes+c]
				queue = append(queue, t)
			} else {
				a.next[at] = a.next[back*a.classes+c]
			}
		}
	}
}

// Find appends the positions of the patterns that text contains; a pattern may
// appear more than once.
func (a *Automaton) Find(text []byte, found []int32) []int32 {
	s := int32(0)
	for _, b := range text {
		s = a.next[int(s)+int(a.class[b])]
		if s < 0 {
			s = ^s
			found = append(found, a.ends[int(s)/a.classes]...)
		}
	}
	return found
}
