package codec

import (
	"github.com/haltwire/haltwire/pipeline/code"
)

// bank is what a BIC says: its country, "" when it is none, and how it stands in
// an identity.
type bank struct {
	known   bool
	country string
	part    []byte
}

// bank returns what the BIC of side i says; the side must have one.
func (b *Builder) bank(i int) *bank {
	c := b.side[i].bic
	code := int(b.cols[c].code)
	for len(b.banks[i]) <= code {
		b.banks[i] = append(b.banks[i], bank{})
	}
	k := &b.banks[i][code]
	if !k.known {
		*k = newBank(b.text[c])
	}
	return k
}

func newBank(bic []byte) bank {
	country, ok := code.BICCountry(bic)
	if ok {
		bic = bic[:8]
	}
	return bank{known: true, country: country, part: appendPart(nil, bic, true)}
}

// forget drops what is known of the BICs of column c: its codes have changed.
func (b *Builder) forget(c int) {
	for i := range b.side {
		if b.side[i].bic == c {
			clear(b.banks[i])
			b.banks[i] = b.banks[i][:0]
		}
	}
}

func (b *Builder) uid(i int) {
	s := &b.side[i]
	acc := b.value(s.account)
	if acc == nil || !b.cols[s.uid].project || b.has[s.uid] == b.serial {
		return
	}
	if b.iban[i] {
		b.cols[s.uid].vec.SetText(b.batch.Rows, acc)
		return
	}
	scheme := b.scheme(s)
	if scheme == "" {
		scheme = "bban"
	}
	out := append(append(b.grab(), scheme...), ':')
	if scheme != "upi" && scheme != "crypto" {
		n := len(out)
		if out = b.servicer(out, i); len(out) == n {
			return
		}
	}
	b.text[s.uid] = append(append(out, ':'), acc...)
	b.took(s.uid)
	b.put(s.uid)
}

// servicer appends who keeps the account of side i, nothing when unknown.
func (b *Builder) servicer(dst []byte, i int) []byte {
	s := &b.side[i]
	if b.has[s.bic] == b.serial {
		return append(dst, b.bank(i).part...)
	}
	if id := b.value(s.clearing); id != nil {
		system := b.value(s.system)
		if _, ok := code.ClearingCountry(nil, id); ok && system == nil {
			system = bytesOf("INFSC")
		}
		return appendPart(append(appendPart(dst, system, true), '/'), id, true)
	}
	reporter, kind := b.value(b.at.reporter), b.value(b.at.kind)
	if !b.mine(i) || len(kind) < 5 || string(kind[:5]) != "bank." {
		return dst
	}
	if _, ok := code.BICCountry(reporter); ok {
		return appendPart(dst, reporter[:8], true)
	}
	return dst
}

// appendPart appends one part of an identity; bank codes in upper case, without
// blanks and dashes.
func appendPart(dst, s []byte, bank bool) []byte {
	for _, c := range s {
		switch {
		case c == ':':
			dst = append(dst, "%3A"...)
		case c == '%':
			dst = append(dst, "%25"...)
		case bank && (c == ' ' || c == '-'):
		case bank && c-'a' < 26:
			dst = append(dst, c-32)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// key derives payment.key.
func (b *Builder) key() {
	out := b.grab()
	if uetr := b.value(b.pay.uetr); isUUID(uetr) {
		if normal("upi", uetr) { // no capitals
			b.cols[b.pay.key].vec.SetText(b.batch.Rows, uetr)
			return
		}
		out = append(out, uetr...)
		lower(out)
	} else if out = b.reference(out); len(out) == 0 {
		return
	}
	b.text[b.pay.key] = out
	b.took(b.pay.key)
	b.put(b.pay.key)
}

func (b *Builder) reference(out []byte) []byte {
	if out = b.servicer(out, int(Debtor)); len(out) == 0 {
		return out
	}
	dated, refs := [2]string{":tx:", ":e2e:"}, [2]int{b.pay.tx, b.pay.e2e}
	for i, c := range refs {
		if id := b.value(c); id != nil {
			day := int32(b.when / 86_400_000)
			if b.has[b.pay.settled] == b.serial {
				day = b.settle
			}
			return AppendDate(append(appendPart(append(out, dated[i]...), id, false), ':'), day)
		}
	}
	plain, more := [2]string{":rrn:", ":utr:"}, [2]int{b.pay.rrn, b.pay.utr}
	for i, c := range more {
		if id := b.value(c); id != nil {
			return appendPart(append(out, plain[i]...), id, false)
		}
	}
	return out[:0]
}

// isUUID reports whether s has the form 8-4-4-4-12 of hexadecimal digits.
func isUUID(s []byte) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	n := 0
	for _, c := range s {
		n += int(hexDigit[c])
	}
	return n == 32
}

// hexDigit is 1 for hexadecimal digits: sums of it need no branch.
var hexDigit = [256]uint8{
	'0': 1, '1': 1, '2': 1, '3': 1, '4': 1, '5': 1, '6': 1, '7': 1, '8': 1, '9': 1,
	'a': 1, 'b': 1, 'c': 1, 'd': 1, 'e': 1, 'f': 1, 'A': 1, 'B': 1, 'C': 1, 'D': 1, 'E': 1, 'F': 1,
}
