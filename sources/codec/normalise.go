package codec

import (
	"encoding/binary"
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
)

// AppendAccount appends the normal form of an account of a scheme to dst: without
// blanks; IBANs in upper case without dashes; account numbers of banks (bban or
// no scheme) without dashes; UPI addresses in lower case, because they have no
// case; wallets, cards, crypto addresses and others otherwise as they are. An
// account without a scheme that is an IBAN is treated as one.
func AppendAccount(dst []byte, scheme string, s []byte) []byte {
	dashes := scheme == "iban" || scheme == "bban" || scheme == ""
	from := len(dst)
	for _, c := range s {
		if c == ' ' || c == '\t' || c == '-' && dashes {
			continue
		}
		dst = append(dst, c)
	}
	acc := dst[from:]
	switch {
	case scheme == "upi":
		lower(acc)
	case scheme == "iban":
		upper(acc)
	case scheme == "" && looksIBAN(acc):
		upper(acc)
	}
	return dst
}

// What a byte of an account may need: flags of classes.
const (
	blank = 1 << iota
	dash
	small
	capital
)

// classes says for each byte what it is; 0 for those that always stay.
var classes = [256]uint8{ //nolint:gochecknoglobals // a constant table: Go has no constant arrays
	' ': blank, '\t': blank, '-': dash,
	'a': small, 'b': small, 'c': small, 'd': small, 'e': small, 'f': small, 'g': small, 'h': small, 'i': small, 'j': small, 'k': small, 'l': small, 'm': small,
	'n': small, 'o': small, 'p': small, 'q': small, 'r': small, 's': small, 't': small, 'u': small, 'v': small, 'w': small, 'x': small, 'y': small, 'z': small,
	'A': capital, 'B': capital, 'C': capital, 'D': capital, 'E': capital, 'F': capital, 'G': capital, 'H': capital, 'I': capital, 'J': capital, 'K': capital, 'L': capital, 'M': capital,
	'N': capital, 'O': capital, 'P': capital, 'Q': capital, 'R': capital, 'S': capital, 'T': capital, 'U': capital, 'V': capital, 'W': capital, 'X': capital, 'Y': capital, 'Z': capital,
}

// normal reports whether AppendAccount would surely leave s as it is.
func normal(scheme string, s []byte) bool {
	if scheme != "upi" && plainUpper(s) {
		return true
	}
	var has uint8
	for _, c := range s {
		has |= classes[c]
	}
	switch scheme {
	case "iban", "":
		return has&(blank|dash|small) == 0
	case "bban":
		return has&(blank|dash) == 0
	case "upi":
		return has&(blank|capital) == 0
	}
	return has&blank == 0
}

// Words of eight equal bytes.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// plainUpper reports whether all bytes of s lie between '0' and '_': digits,
// capitals and a few signs, no blank, dash or small letter. Most accounts are so,
// and eight bytes at a time this is a fifth of a look at each of them.
func plainUpper(s []byte) bool {
	if len(s) < 8 {
		return false
	}
	bad := outside(binary.LittleEndian.Uint64(s[len(s)-8:]))
	for ; len(s) > 8; s = s[8:] {
		bad |= outside(binary.LittleEndian.Uint64(s))
	}
	return bad&highs == 0
}

// outside has a high bit where a byte of w is less than '0' or greater than '_'.
func outside(w uint64) uint64 {
	low := w &^ highs
	return w | (low + 0x20*ones) | ^(low + 0x50*ones)
}

// notDigits has a high bit where a byte of w is no digit.
func notDigits(w uint64) uint64 {
	w ^= '0' * ones
	return (w | (w&^highs + 0x76*ones)) & highs
}

// looksIBAN reports whether s is an IBAN in either case.
func looksIBAN(s []byte) bool {
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	var buf [34]byte
	c := append(buf[:0], s...)
	upper(c)
	return code.IsIBAN(c)
}

func upper(s []byte) {
	for i, c := range s {
		if c-'a' < 26 {
			s[i] = c - 32
		}
	}
}

func lower(s []byte) {
	for i, c := range s {
		if c-'A' < 26 {
			s[i] = c + 32
		}
	}
}

// IsPhone reports whether s is a phone number in E.164: ^\+[1-9]\d{6,14}$.
func IsPhone(s []byte) bool {
	n := len(s)
	if n < 8 || n > 16 || s[0] != '+' || s[1]-'1' > 8 {
		return false
	}
	// Two words that overlap cover all lengths without a loop; the plus reads as 0.
	head := binary.LittleEndian.Uint64(s) ^ '+' ^ '0'
	tail := binary.LittleEndian.Uint64(s[n-8:])
	if n == 8 {
		tail = head
	}
	return notDigits(head)|notDigits(tail) == 0
}

// AppendPhone appends s without the blanks, dashes, dots and brackets that people
// write into phone numbers.
func AppendPhone(dst, s []byte) []byte {
	for _, c := range s {
		switch c {
		case ' ', '-', '.', '(', ')':
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendEmail appends s in lower case without blanks around it.
func AppendEmail(dst, s []byte) []byte {
	from := len(dst)
	dst = append(dst, trim(s)...)
	lower(dst[from:])
	return dst
}

// DefaultPlaceholders returns the texts that RULES §2 reads as missing. An entry
// that ends in … stands for that text and any longer run of its last letter.
func DefaultPlaceholders() []string { return []string{"", "N/A", "unknown", "NOTPROVIDED", "0000…"} }

// Placeholders is a set of texts that mean "missing", compared without case and
// without blanks around them; the empty text is always one of them. Immutable.
type Placeholders struct {
	exact map[string]struct{} // lower case
	runs  []run
	first [256]bool // first bytes that a placeholder may have, either case, and the plus sign
	most  int       // length of the longest exact one
}

type run struct {
	letter byte
	least  int
}

// NewPlaceholders returns the set of texts.
func NewPlaceholders(texts []string) *Placeholders {
	p := &Placeholders{exact: map[string]struct{}{}}
	for _, t := range texts {
		t = strings.ToLower(strings.TrimSpace(t))
		if head, ok := strings.CutSuffix(t, "…"); ok && head != "" && strings.Trim(head, head[:1]) == "" {
			p.runs = append(p.runs, run{letter: head[0], least: len(head)})
			p.mark(head[0])
			continue
		}
		if t == "" {
			continue
		}
		p.exact[t] = struct{}{}
		p.most = max(p.most, len(t))
		p.mark(t[0])
	}
	for _, c := range " \t\r\n+" {
		p.first[c] = true
	}
	return p
}

func (p *Placeholders) mark(c byte) {
	p.first[c] = true
	if c-'a' < 26 {
		p.first[c-32] = true
	}
}

// may reports whether s could be a placeholder, by its first byte: nearly all
// texts need no more.
func (p *Placeholders) may(s []byte) bool { return len(s) == 0 || p.first[s[0]] }

// Has reports whether s means "missing". Runs ignore dashes, blanks and a plus
// sign, so 0000-0000 and +0000000 are placeholders too.
func (p *Placeholders) Has(s []byte) bool { return p.may(s) && (p.word(s) || p.isRun(s)) }

// word is Has without the runs: a number may well be 0000.
func (p *Placeholders) word(s []byte) bool {
	s = trim(s)
	if len(s) == 0 {
		return true
	}
	if len(s) > p.most || !p.first[s[0]] {
		return false
	}
	var buf [64]byte
	low := append(buf[:0], s...)
	for i, c := range low {
		if c-'A' < 26 {
			low[i] = c + 32
		}
	}
	_, ok := p.exact[string(low)]
	return ok
}

func (p *Placeholders) isRun(s []byte) bool {
	for _, r := range p.runs {
		n, ok := 0, true
		for _, c := range s {
			switch {
			case c == r.letter || c-'A' < 26 && c+32 == r.letter:
				n++
			case c != '-' && c != ' ' && c != '+':
				ok = false
			}
			if !ok {
				break
			}
		}
		if ok && n >= r.least {
			return true
		}
	}
	return false
}

// trim returns s without blanks around it.
func trim(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t' || s[0] == '\r' || s[0] == '\n') {
		s = s[1:]
	}
	for n := len(s); n > 0 && (s[n-1] == ' ' || s[n-1] == '\t' || s[n-1] == '\r' || s[n-1] == '\n'); n-- {
		s = s[:n-1]
	}
	return s
}
