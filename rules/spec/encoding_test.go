package spec_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/haltwire/haltwire/rules/spec"
)

// TestEncoding reads texts that YAML cannot have, or whose lines YAML counts as
// nobody else does, and expects the place and the remedy; others have their places
// where editors show them.
func TestEncoding(t *testing.T) {
	const rule = "id: abc\nversion: 1\nstatus: draft\ntitle: t\nowner: o\nseverity: low\non: bank.transfer\nwhen: amount > 5\nnope: x\n"
	wide := func(order string) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune("\ufeff" + rule)) {
			if order == "little" {
				b.Write([]byte{byte(u), byte(u >> 8)})
			} else {
				b.Write([]byte{byte(u >> 8), byte(u)})
			}
		}
		return b.String()
	}
	for name, c := range map[string]struct{ text, want string }{
		"plain":              {rule, "x.yaml:9:1: error: a rule has no key \"nope\""},
		"mark of byte order": {"\ufeff" + rule, "x.yaml:9:1: error: a rule has no key \"nope\""},
		"mark, first line":   {"\ufeffnope: x\n" + rule, "x.yaml:1:1: error: a rule has no key \"nope\""},
		"CRLF":               {strings.ReplaceAll(rule, "\n", "\r\n"), "x.yaml:9:1: error: a rule has no key \"nope\""},
		"CR":                 {strings.ReplaceAll(rule, "\n", "\r"), "x.yaml:1:8: error: U+000D ends a line of YAML that looks like none"},
		"NEL":                {rule + "# \u0085\n", "x.yaml:10:3: error: U+0085 ends a line of YAML"},
		"line separator":     {rule + "# é\u2028\n", "x.yaml:10:4: error: U+2028 ends a line of YAML"},
		"UTF-16, little":     {wide("little"), "x.yaml:1:1: error: the byte FF is not UTF-8"},
		"UTF-16, big":        {wide("big"), "x.yaml:1:1: error: the byte FE is not UTF-8"},
		"UTF-16, no mark":    {wide("little")[2:], "x.yaml:1:2: error: the character U+0000 cannot stand in YAML"},
		"Latin-1":            {rule + "# caf\xe9\n", "x.yaml:10:6: error: the byte E9 is not UTF-8"},
		"null":               {rule + "a: b\x00\n", "x.yaml:10:5: error: the character U+0000 cannot stand in YAML"},
		"escape":             {rule + "a: \x1b[31m\n", "x.yaml:10:4: error: the character U+001B cannot stand in YAML"},
		"a later mark":       {rule + "a: \ufeff\n", "x.yaml:10:4: error: the character U+FEFF cannot stand in YAML"},
		"mapping in flow":    {rule + "let: {a: 1}\nweights:\n  a: {when: true, points: 1}\n  b: {when: x[y].z > 1, points: 1}\n", "x.yaml:13:3: error: not YAML: did not find expected"},
		"text turned around": {rule + "\u202eabc: 1\n", "    \ufffdabc: 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := spec.Parse([]*spec.File{spec.NewFile("x.yaml", []byte(c.text))})
			var text strings.Builder
			must(t, findings.WriteText(&text))
			if !strings.Contains(text.String(), c.want) {
				t.Errorf("said %.300q, want %q in it", text.String(), c.want)
			}
			if strings.ContainsAny(text.String(), "\x00\x1b\r\u202e") {
				t.Errorf("what is said has control characters: %q", text.String())
			}
		})
	}
}
