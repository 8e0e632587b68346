package lang_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/lang"
)

// TestPattern bounds steps times bytes, since who sends a report chooses its length.
func TestPattern(t *testing.T) {
	for name, c := range map[string]struct {
		pattern, text string
		found, ok     bool
	}{
		"found":              {"gi+ft", "a giiift", true, true},
		"not found":          {"^gift", "a gift", false, true},
		"simple on a long":   {"gift$", strings.Repeat("x", 1<<20) + "gift", true, true},
		"many steps, short":  {"[a-j]{1,900}[^a-z ]", "abc!", true, true},
		"many steps, a long": {"[a-j]{1,900}[^a-z ]", strings.Repeat("a", 450_000), false, false},
	} {
		p, err := lang.NewPattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if found, ok := p.Match(c.text); found != c.found || ok != c.ok {
			t.Errorf("%s: %t, %t", name, found, ok)
		}
	}
	if _, err := lang.NewPattern("("); err == nil {
		t.Error("no error of a wrong pattern")
	}
}
