package codec

import "github.com/haltwire/haltwire/pipeline/code"

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
var classes = func() (t [256]uint8) {
	t[' '], t['\t'], t['-'] = blank, blank, dash
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-32] = small, capital
	}
	return t
}()

// normal reports whether AppendAccount would surely leave s as it is.
func normal(scheme string, s []byte) bool {
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
	if len(s) < 8 || len(s) > 16 || s[0] != '+' || s[1]-'1' > 8 {
		return false
	}
	for _, c := range s[2:] {
		if c-'0' > 9 {
			return false
		}
	}
	return true
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
