package codec

import (
	"bytes"
	"encoding/binary"

	"github.com/haltwire/haltwire/pipeline/code"
)

// bank is what a BIC says: its country, "" when it is none, how it stands in an
// identity, and what comes before the account in the identities of one scheme.
type bank struct {
	known   bool
	code    uint32 // of country in the side's account_country, 0 = unknown
	country string
	part    []byte
	scheme  string // of head; senders of one bank seldom use several
	head    []byte // "bban:HWBIINBB:"
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
		*k = newBank(b.cols[c].text)
		if country := b.side[i].country; k.country != "" && b.cols[country].project {
			k.code = b.countryCode(country, bytesOf(k.country))
		}
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
	if acc == nil || !b.cols[s.uid].project || b.cols[s.uid].has == b.serial {
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
	if head := b.head(i, scheme); len(head) > 0 {
		b.cols[s.uid].vec.SetJoined(b.batch.Rows, head, acc)
	}
}

// head returns what comes before the account of side i in its identity, nothing
// when the servicer is needed and unknown.
func (b *Builder) head(i int, scheme string) []byte {
	own := scheme == "upi" || scheme == "crypto"
	var k *bank
	if !own && b.cols[b.side[i].bic].has == b.serial {
		if k = b.bank(i); k.scheme == scheme {
			return k.head
		}
	}
	out := append(append(b.grab(), scheme...), ':')
	if !own {
		n := len(out)
		if out = b.servicer(out, i); len(out) == n {
			return nil
		}
	}
	out = append(out, ':')
	if k != nil {
		k.scheme, k.head = scheme, bytes.Clone(out)
	}
	return out
}

// servicer appends who keeps the account of side i, nothing when unknown.
func (b *Builder) servicer(dst []byte, i int) []byte {
	s := &b.side[i]
	if b.cols[s.bic].has == b.serial {
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
	var out []byte
	uetr := b.value(b.pay.uetr)
	if ok, capitals := uuid(uetr); ok {
		if out = uetr; capitals {
			out = append(b.grab(), uetr...)
			lower(out)
		}
	} else if out = b.reference(b.grab()); len(out) == 0 {
		return
	}
	b.cols[b.pay.key].vec.SetText(b.batch.Rows, out)
}

func (b *Builder) reference(out []byte) []byte {
	if out = b.servicer(out, int(Debtor)); len(out) == 0 {
		return out
	}
	dated, refs := [2]string{":tx:", ":e2e:"}, [2]int{b.pay.tx, b.pay.e2e}
	for i, c := range refs {
		if id := b.value(c); id != nil {
			day := int32(b.when / 86_400_000)
			if b.cols[b.pay.settled].has == b.serial {
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

// uuid reports whether s has the form 8-4-4-4-12 of hexadecimal digits, and
// whether it has capitals. Four words cover the digits.
func uuid(s []byte) (ok, capitals bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false, false
	}
	le := binary.LittleEndian
	a, b := le.Uint64(s), uint64(le.Uint32(s[9:]))|uint64(le.Uint32(s[14:]))<<32
	c, d := uint64(le.Uint32(s[19:]))|uint64(le.Uint32(s[24:]))<<32, le.Uint64(s[28:])
	if (notHex(a)|notHex(b)|notHex(c)|notHex(d))&highs != 0 {
		return false, false
	}
	big := a&^(a<<1) | b&^(b<<1) | c&^(c<<1) | d&^(d<<1) // of letters: bit 6 without bit 5
	return true, big&(0x40*ones) != 0
}

// notHex has a high bit where a byte of w is no hexadecimal digit.
func notHex(w uint64) uint64 {
	low := w &^ highs
	letter := (low | 0x20*ones) ^ 0x60*ones // 1 to 6
	notDigit := (low ^ 0x30*ones) + 0x76*ones
	notLetter := (letter + 0x79*ones) | ^(letter + 0x7f*ones)
	return w | notDigit&notLetter
}
