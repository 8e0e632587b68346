package lookup

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// List is one loaded list, immutable.
type List struct {
	match  Match
	spans  spans
	lens   []int // Prefix: different lengths of entries in bytes; Word: in words
	nets   networks
	digest string
	rows   int
}

// spans are entries with the times at which they hold. Those that always hold, the
// most of any list, take no more than their text.
type spans struct {
	always map[string]struct{}
	timed  map[string][]span
}

func (s *spans) has(v []byte, at int64) bool {
	if _, ok := s.always[string(v)]; ok {
		return true
	}
	if len(s.timed) == 0 {
		return false
	}
	return slices.ContainsFunc(s.timed[string(v)], func(p span) bool { return p.has(at) })
}

func (s *spans) add(v string, p span) {
	if p == always() {
		s.always[v] = struct{}{}
		return
	}
	s.timed[v] = append(s.timed[v], p)
}

// ReadList reads a list from CSV: the column value, and from and until if it has
// them. Other columns are for people.
func ReadList(spec ListSpec, from io.Reader) (*List, error) {
	l := &List{match: cmp.Or(spec.Match, Exact), spans: spans{always: map[string]struct{}{}, timed: map[string][]span{}}}
	switch l.match {
	case Exact, Prefix, CIDR, Word:
	default:
		return nil, fmt.Errorf("match %q: write exact, prefix, cidr or word", l.match)
	}
	r, err := newRows(spec.File, from, "value")
	if err != nil {
		return nil, err
	}
	entries := []string{}
	lens := map[int]bool{}
	for rec := r.next(); rec != nil; rec = r.next() {
		v, ok := r.value(rec, "value", spec.Normalise)
		p, timely := r.span(rec)
		if !ok || !timely {
			continue
		}
		if v, ok = l.add(r, v, p, lens); ok {
			entries = append(entries, fmt.Sprintf("%d:%s %d %d\n", len(v), v, p.from, p.until))
		}
	}
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	for n := range lens {
		l.lens = append(l.lens, n)
	}
	slices.Sort(l.lens)
	l.nets.sort()
	l.rows = len(entries)
	l.digest = digest("list "+string(l.match)+"\n", entries)
	return l, nil
}

// add enters a value and returns its canonical form.
func (l *List) add(r *rows, v string, p span, lens map[int]bool) (string, bool) {
	switch l.match {
	case CIDR:
		n, err := parseNetwork(v)
		if err != nil {
			r.fail("value %q: write an IP address or a network such as 192.0.2.0/24", v)
			return "", false
		}
		l.nets.add(n, p)
		return n.String(), true
	case Word:
		words := splitWords(nil, v)
		if len(words) == 0 {
			r.fail("value %q has no word", v)
			return "", false
		}
		v = strings.Join(words, " ")
		lens[len(words)] = true
	case Prefix:
		lens[len(v)] = true
	}
	l.spans.add(v, p)
	return v, true
}

// digest hashes a head and lines in any order.
func digest(head string, lines []string) string {
	slices.Sort(lines)
	h := sha256.New()
	h.Write([]byte(head))
	for _, s := range lines {
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Digest returns the hex SHA-256 of the list's meaning: match and entries.
func (l *List) Digest() string { return l.digest }

// Len returns the number of entries.
func (l *List) Len() int { return l.rows }

// Has reports whether value is in the list at the time, Unix ms.
func (l *List) Has(value []byte, at int64) bool {
	switch l.match {
	case Prefix:
		for _, n := range l.lens {
			if n > len(value) {
				return false
			}
			if l.spans.has(value[:n], at) {
				return true
			}
		}
		return false
	case Word:
		return l.hasWords(string(value), at)
	case CIDR:
		a, err := netip.ParseAddr(string(value))
		return err == nil && l.nets.has(a.Unmap().WithZone(""), at)
	}
	return l.spans.has(value, at)
}

// hasWords reports whether a run of words of value is an entry.
func (l *List) hasWords(value string, at int64) bool {
	if len(l.lens) == 0 {
		return false
	}
	words := splitWords(make([]string, 0, 32), value)
	var joined []byte
	for i := range words {
		joined = joined[:0]
		for n, w := range words[i:min(len(words), i+l.lens[len(l.lens)-1])] {
			if n > 0 {
				joined = append(joined, ' ')
			}
			joined = append(joined, w...)
			if slices.Contains(l.lens, n+1) && l.spans.has(joined, at) {
				return true
			}
		}
	}
	return false
}

// splitWords appends the runs of letters, digits and marks of s in lower case.
func splitWords(to []string, s string) []string {
	s = strings.ToLower(s)
	from := -1
	for i := 0; i <= len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		in := n > 0 && (unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c))
		if in && from < 0 {
			from = i
		}
		if !in && from >= 0 {
			to, from = append(to, s[from:i]), -1
		}
		i += max(1, n)
	}
	return to
}

// networks are networks with spans, by the length of their prefix.
type networks struct {
	lens [2][]int // of IPv4 and IPv6, ascending
	by   map[netip.Prefix][]span
}

func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, err
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, errors.New("an IPv4 network in IPv6 form needs 96 bits or more")
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

func (n *networks) add(p netip.Prefix, s span) {
	if n.by == nil {
		n.by = map[netip.Prefix][]span{}
	}
	n.by[p] = append(n.by[p], s)
	f := family(p.Addr())
	if !slices.Contains(n.lens[f], p.Bits()) {
		n.lens[f] = append(n.lens[f], p.Bits())
	}
}

func (n *networks) sort() {
	slices.Sort(n.lens[0])
	slices.Sort(n.lens[1])
}

func (n *networks) has(a netip.Addr, at int64) bool {
	for _, bits := range n.lens[family(a)] {
		p, err := a.Prefix(bits)
		if err == nil && slices.ContainsFunc(n.by[p], func(s span) bool { return s.has(at) }) {
			return true
		}
	}
	return false
}
