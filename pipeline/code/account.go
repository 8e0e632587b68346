package code

// ibanLengths is the total length of an IBAN by country (IBAN registry of SWIFT),
// sorted, five bytes an entry.
const ibanLengths = "" +
	"AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 " +
	"CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 " +
	"GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 " +
	"KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 " +
	"MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 " +
	"RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 " +
	"UA29 VA22 VG24 XK20 YE30 "

// ibanLength returns the length that the country a, b gives its IBANs, 0 when it
// has none.
func ibanLength(a, b byte) int {
	lo, hi := 0, len(ibanLengths)/5
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		e := ibanLengths[mid*5 : mid*5+5]
		switch {
		case e[0] == a && e[1] == b:
			return int(e[2]-'0')*10 + int(e[3]-'0')
		case e[0] < a || e[0] == a && e[1] < b:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0
}

// IsIBAN reports whether s is an IBAN in its compact upper-case form: a country
// of the IBAN registry, that country's length, and check digits that hold
// (ISO 13616, mod 97-10).
func IsIBAN(s []byte) bool {
	if len(s) < 15 || ibanLength(s[0], s[1]) != len(s) {
		return false
	}
	if !digit(s[2]) || !digit(s[3]) {
		return false
	}
	rest, ok := mod97(s[4:], 0)
	if !ok {
		return false
	}
	rest, _ = mod97(s[:4], rest)
	return rest%97 == 1
}

// mod97 goes on with the number rest over s, letters counting as 10 to 35. It
// returns a number with the same remainder, which it takes only when the next
// digits would not fit.
func mod97(s []byte, rest uint64) (uint64, bool) {
	for _, c := range s {
		switch {
		case digit(c):
			rest = rest*10 + uint64(c-'0')
		case upper(c):
			rest = rest*100 + uint64(c-'A') + 10
		default:
			return 0, false
		}
		if rest > 1<<56 {
			rest %= 97
		}
	}
	return rest, true
}

// IBANCountries returns the countries that have IBANs, in order.
func IBANCountries() []string {
	var out []string
	for i := 0; i < len(ibanLengths); i += 5 {
		out = append(out, ibanLengths[i:i+2])
	}
	return out
}

// IBANCountry returns the country of an IBAN, false when s is none.
func IBANCountry(s []byte) (string, bool) {
	if !IsIBAN(s) {
		return "", false
	}
	return Country(s[:2])
}

// BICCountry returns the country of a BIC of 8 or 11 characters (ISO 9362) in
// either case, false when s is none.
func BICCountry(s []byte) (string, bool) {
	if len(s) != 8 && len(s) != 11 {
		return "", false
	}
	c, ok := Country([]byte{fold(s[4]), fold(s[5])})
	for i := 0; ok && i < len(s); i++ {
		ok = upper(fold(s[i])) || digit(s[i])
	}
	if !ok {
		return "", false
	}
	return c, true
}

// clearingSystems are the codes of ISO 20022 ExternalClearingSystemIdentification
// whose first two letters are a country, six bytes an entry.
const clearingSystems = "" +
	"ATBLZ AUBSB BBBSC BJNCC BMBSC CACPA CHBCC CHSIC CNAPS CNCIP COCLR DEBLZ ESNCC GBDSC GRBIC HKNCC " +
	"HRNCC IENCC ILNCC INFSC ISNCC ITNCC JPZGN KRBOK LKNCC MZBMO NZNCC NZRSA PLKNR PTNCC RUCBC SESBA " +
	"SGIBG SLNCC THCBC TWNCC USABA USPID ZANCC "

// ClearingCountry returns the country of a bank by its clearing id. IFSC (INFSC),
// UK sort code (GBDSC), ABA routing number (USABA) and BSB (AUBSB) must have
// their form; the other systems of ISO 20022 say the country by their name. An
// id without a system counts only when it has the form of an IFSC, the one that
// no other system shares.
func ClearingCountry(system, id []byte) (string, bool) {
	country, shaped := "", false
	switch string(system) {
	case "INFSC", "IFSC", "":
		country, shaped = "IN", isIFSC(id)
	case "GBDSC", "SORTCODE", "sort_code":
		country, shaped = "GB", digits(id) == 6
	case "USABA", "ABA":
		country, shaped = "US", digits(id) == 9
	case "AUBSB", "BSB":
		country, shaped = "AU", digits(id) == 6
	default:
		if _, ok := find(clearingSystems, 5, system); ok {
			country, shaped = Country(system[:2])
			shaped = shaped && len(id) > 0
		}
	}
	if !shaped {
		return "", false
	}
	return country, true
}

// isIFSC reports whether s is four letters, a zero and six letters or digits
// (Reserve Bank of India).
func isIFSC(s []byte) bool {
	if len(s) != 11 || s[4] != '0' {
		return false
	}
	for i, c := range s {
		if c = fold(c); i < 4 && !upper(c) || !upper(c) && !digit(c) {
			return false
		}
	}
	return true
}

// digits returns how many digits s has, -1 when it has anything beside digits,
// dashes and spaces.
func digits(s []byte) int {
	n := 0
	for _, c := range s {
		switch {
		case digit(c):
			n++
		case c != '-' && c != ' ':
			return -1
		}
	}
	return n
}

func digit(c byte) bool { return c-'0' < 10 }
func upper(c byte) bool { return c-'A' < 26 }

// fold returns c in upper case.
func fold(c byte) byte {
	if c-'a' < 26 {
		return c - 'a' + 'A'
	}
	return c
}
