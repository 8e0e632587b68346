package lang

import (
	"fmt"
	"regexp"
	"regexp/syntax"
)

// Pattern is what stands behind matches. It is safe for concurrent use.
type Pattern struct {
	re   *regexp.Regexp
	most int // bytes of text that it is tried on
}

// NewPattern compiles a pattern.
func NewPattern(text string) (*Pattern, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("compile pattern: %w", err)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse pattern: %w", err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("compile pattern: %w", err)
	}
	return &Pattern{re: re, most: maxWork / len(prog.Inst)}, nil
}

// Match reports whether p is found in s. ok is false when finding out costs too much:
// every byte may be looked at by every step of the pattern.
func (p *Pattern) Match(s string) (found, ok bool) {
	if len(s) > p.most {
		return false, false
	}
	return p.re.MatchString(s), true
}
