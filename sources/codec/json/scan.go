package json

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
)

// space moves to the next byte that is not white space and returns it, 0 at the
// end.
func (d *Decoder) space() byte {
	for d.pos < len(d.data) {
		c := d.data[d.pos]
		if c > ' ' {
			return c
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
		d.pos++
	}
	return 0
}

func (d *Decoder) syntax(what string) *codec.Defect {
	if d.pos >= len(d.data) {
		return codec.Refuse(event.Syntax, "", "the record ends at byte %d where %s should follow; it is not complete JSON", d.pos, what)
	}
	return codec.Refuse(event.Syntax, "", "byte %d is %q where %s should stand; the record is not JSON (RFC 8259)", d.pos, d.data[d.pos], what)
}

// text reads a string whose opening quote is at pos. Without escapes it returns
// the record's own bytes.
func (d *Decoder) text() ([]byte, *codec.Defect) {
	from := d.pos + 1
	end := d.marks.next(from)
	if end < len(d.data) && d.data[end] == '"' {
		d.pos = end + 1
		return d.data[from:end], nil
	}
	return d.unusual(from, end)
}

// unusual is text for a string that has no quote at its first mark.
func (d *Decoder) unusual(from, end int) ([]byte, *codec.Defect) {
	d.pos = end
	if end < len(d.data) && d.data[end] == '\\' {
		return d.escaped(from)
	}
	return nil, d.syntax("a character or the closing quote of a string")
}

// escaped reads on at the first backslash of a string that began at from, into
// the scratch buffer, which keeps the texts of one record.
func (d *Decoder) escaped(from int) ([]byte, *codec.Defect) {
	start := len(d.scratch)
	d.scratch = append(d.scratch, d.data[from:d.pos]...)
	for d.pos < len(d.data) {
		c := d.data[d.pos]
		switch {
		case c == '"':
			d.pos++
			return d.scratch[start:len(d.scratch):len(d.scratch)], nil
		case c < ' ':
			return nil, d.syntax("a character or the closing quote of a string")
		case c == '\\':
			if bad := d.escape(); bad != nil {
				return nil, bad
			}
		default:
			d.scratch = append(d.scratch, c)
			d.pos++
		}
	}
	return nil, d.syntax("the closing quote of a string")
}

// unescaped are the characters of the two-character escapes, by their letter.
var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'} //nolint:gochecknoglobals // a constant table: Go has no constant arrays

// escape reads one escape at pos.
func (d *Decoder) escape() *codec.Defect {
	d.pos++
	if d.pos >= len(d.data) {
		return d.syntax("an escape")
	}
	c := d.data[d.pos]
	if c != 'u' {
		if unescaped[c] == 0 {
			return d.syntax(`one of "\/bfnrtu`)
		}
		d.scratch = append(d.scratch, unescaped[c])
		d.pos++
		return nil
	}
	d.pos++
	r, bad := d.hex4()
	if bad != nil {
		return bad
	}
	if utf16.IsSurrogate(r) {
		if r, bad = d.low(r); bad != nil {
			return bad
		}
	}
	d.scratch = utf8.AppendRune(d.scratch, r)
	return nil
}

// low reads the second half of a surrogate pair.
func (d *Decoder) low(high rune) (rune, *codec.Defect) {
	at := d.pos - 6
	if d.pos+1 < len(d.data) && d.data[d.pos] == '\\' && d.data[d.pos+1] == 'u' {
		d.pos += 2
		second, bad := d.hex4()
		if bad != nil {
			return 0, bad
		}
		if r := utf16.DecodeRune(high, second); r != utf8.RuneError {
			return r, nil
		}
	}
	return 0, codec.Refuse(event.UTF8, "", "the escape at byte %d is half of a surrogate pair; write both halves or the character itself", at)
}

func (d *Decoder) hex4() (rune, *codec.Defect) {
	var r rune
	for range 4 {
		if d.pos >= len(d.data) {
			return 0, d.syntax("a hexadecimal digit")
		}
		c := d.data[d.pos]
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case (c|32)-'a' <= 5:
			r = r<<4 | rune((c|32)-'a'+10)
		default:
			return 0, d.syntax("a hexadecimal digit")
		}
		d.pos++
	}
	return r, nil
}

// number reads a number at pos and returns its text.
func (d *Decoder) number() ([]byte, *codec.Defect) {
	from, data := d.pos, d.data
	i := from
	if data[i] == '-' {
		i++
	}
	whole := i
	i = digits(data, i)
	d.pos = i
	if i == whole || data[whole] == '0' && i > whole+1 {
		d.pos = min(whole+1, i)
		return nil, d.syntax("a number without leading zeros")
	}
	if i < len(data) && data[i] == '.' {
		d.pos = digits(data, i+1)
		if d.pos == i+1 {
			return nil, d.syntax("a digit")
		}
		i = d.pos
	}
	if i < len(data) && data[i]|32 == 'e' {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		d.pos = digits(data, i)
		if d.pos == i {
			return nil, d.syntax("a digit")
		}
	}
	return data[from:d.pos], nil
}

func digits(data []byte, i int) int {
	for i < len(data) && data[i]-'0' < 10 {
		i++
	}
	return i
}

// literal moves over word, which must stand at pos.
func (d *Decoder) literal(word string) *codec.Defect {
	for i := range len(word) {
		if d.pos >= len(d.data) || d.data[d.pos] != word[i] {
			return d.syntax(word)
		}
		d.pos++
	}
	return nil
}
