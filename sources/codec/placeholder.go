package codec

import "strings"

// DefaultPlaceholders returns the texts that RULES §2 reads as missing. An entry
// that ends in … stands for that text and any longer run of its last letter.
func DefaultPlaceholders() []string { return []string{"", "N/A", "unknown", "NOTPROVIDED", "0000…"} }

// Placeholders is a set of texts that mean "missing", compared without case and
// without blanks around them; immutable.
type Placeholders struct {
	exact map[string]struct{} // lower case
	runs  []run
	empty bool
	first [256]bool // first bytes that a placeholder may have, either case
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
			p.empty = true
			continue
		}
		p.exact[t] = struct{}{}
		p.most = max(p.most, len(t))
		p.mark(t[0])
	}
	for _, c := range " \t\r\n" {
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

// Has reports whether s means "missing". Runs ignore dashes, blanks and a plus
// sign, so 0000-0000 and +0000000 are placeholders too.
func (p *Placeholders) Has(s []byte) bool {
	if len(s) == 0 {
		return p.empty
	}
	if c := s[0]; !p.first[c] && c != '+' {
		return false
	}
	return p.word(s) || p.isRun(s)
}

// word is Has without the runs: a number may well be 0000.
func (p *Placeholders) word(s []byte) bool {
	s = trim(s)
	if len(s) == 0 {
		return p.empty
	}
	if len(s) > p.most {
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
