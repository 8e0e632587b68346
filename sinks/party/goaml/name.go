package goaml

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// isName reports whether s has the form of names in the schema,
// [a-zA-Z0-9 .'-]+, with a letter or digit in it, and at most so many characters.
func isName(s string, most int) bool {
	return s != "" && len(s) <= most && strings.TrimLeft(s, " .'-") != "" && strings.IndexFunc(s, func(r rune) bool { return !inName(r) }) < 0
}

func inName(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" .'-", r)
}

// fold returns s as the schema wants names: accents taken off, punctuation made
// spaces. It reports false when that cannot be done without guessing, as for
// another script, or when it is longer than most.
func fold(s string, most int) (string, bool) {
	special := strings.NewReplacer("ß", "ss", "ẞ", "SS", "æ", "ae", "Æ", "AE", "ø", "o", "Ø", "O", "ł", "l", "Ł", "L", "đ", "d", "Đ", "D", "ð", "d", "þ", "th", "œ", "oe", "Œ", "OE", "ı", "i", "’", "'", "`", "'", "‐", "-", "–", "-")
	var b strings.Builder
	for _, r := range norm.NFKD.String(special.Replace(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case inName(r):
			b.WriteRune(r)
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return "", false
		default:
			b.WriteByte(' ')
		}
	}
	out := strings.Join(strings.Fields(b.String()), " ")
	return out, isName(out, most)
}

// split cuts a name into first and last name at the last space; the schema wants
// both.
func split(name, unknown string) (first, last string, ok bool) {
	folded, ok := fold(name, 201)
	if !ok {
		return unknown, unknown, false
	}
	first, last = unknown, folded
	if at := strings.LastIndexByte(folded, ' '); at > 0 {
		first, last = folded[:at], folded[at+1:]
	}
	if !isName(first, 100) || !isName(last, 100) {
		return unknown, unknown, false
	}
	return first, last, true
}
