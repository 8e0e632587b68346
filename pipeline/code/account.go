package code

// ibanLengths is the total length of an IBAN by the letters of its country (IBAN
// registry of SWIFT), 0 where there is none.
var ibanLengths = [26][26]uint8{ //nolint:gochecknoglobals // a constant table: Go has no constant arrays
	0:         {'D' - 'A': 24, 'E' - 'A': 23, 'L' - 'A': 28, 'T' - 'A': 20, 'Z' - 'A': 28},
	'B' - 'A': {0: 20, 'E' - 'A': 16, 'G' - 'A': 22, 'H' - 'A': 22, 'I' - 'A': 27, 'R' - 'A': 29, 'Y' - 'A': 28},
	'C' - 'A': {'H' - 'A': 21, 'R' - 'A': 22, 'Y' - 'A': 28, 'Z' - 'A': 24},
	'D' - 'A': {'E' - 'A': 22, 'J' - 'A': 27, 'K' - 'A': 18, 'O' - 'A': 28},
	'E' - 'A': {'E' - 'A': 20, 'G' - 'A': 29, 'S' - 'A': 24},
	'F' - 'A': {'I' - 'A': 18, 'K' - 'A': 18, 'O' - 'A': 18, 'R' - 'A': 27},
	'G' - 'A': {'B' - 'A': 22, 'E' - 'A': 22, 'I' - 'A': 23, 'L' - 'A': 18, 'R' - 'A': 27, 'T' - 'A': 28},
	'H' - 'A': {'N' - 'A': 28, 'R' - 'A': 21, 'U' - 'A': 28},
	'I' - 'A': {'E' - 'A': 22, 'L' - 'A': 23, 'Q' - 'A': 23, 'S' - 'A': 26, 'T' - 'A': 27},
	'J' - 'A': {'O' - 'A': 30},
	'K' - 'A': {'W' - 'A': 30, 'Z' - 'A': 20},
	'L' - 'A': {'B' - 'A': 28, 'C' - 'A': 32, 'I' - 'A': 21, 'T' - 'A': 20, 'U' - 'A': 20, 'V' - 'A': 21, 'Y' - 'A': 25},
	'M' - 'A': {'C' - 'A': 27, 'D' - 'A': 24, 'E' - 'A': 22, 'K' - 'A': 19, 'N' - 'A': 20, 'R' - 'A': 27, 'T' - 'A': 31, 'U' - 'A': 30},
	'N' - 'A': {'I' - 'A': 28, 'L' - 'A': 18, 'O' - 'A': 15},
	'O' - 'A': {'M' - 'A': 23},
	'P' - 'A': {'K' - 'A': 24, 'L' - 'A': 28, 'S' - 'A': 29, 'T' - 'A': 25},
	'Q' - 'A': {0: 29},
	'R' - 'A': {'O' - 'A': 24, 'S' - 'A': 22, 'U' - 'A': 33},
	'S' - 'A': {0: 24, 'C' - 'A': 31, 'D' - 'A': 18, 'E' - 'A': 24, 'I' - 'A': 19, 'K' - 'A': 24, 'M' - 'A': 27, 'O' - 'A': 23, 'T' - 'A': 25, 'V' - 'A': 28},
	'T' - 'A': {'L' - 'A': 23, 'N' - 'A': 24, 'R' - 'A': 26},
	'U' - 'A': {0: 29},
	'V' - 'A': {0: 22, 'G' - 'A': 24},
	'X' - 'A': {'K' - 'A': 20},
	'Y' - 'A': {'E' - 'A': 30},
}

// ibanLength returns the length that the country a, b gives its IBANs, 0 when it
// has none.
func ibanLength(a, b byte) int {
	if !upper(a) || !upper(b) {
		return 0
	}
	return int(ibanLengths[a-'A'][b-'A'])
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
	return rest == 1
}

// mod97 goes on with the number rest over s, letters counting as 10 to 35. It
// returns a number with the same remainder below 97; eight characters have at most
// 16 digits, so a division is due only behind them.
func mod97(s []byte, rest uint64) (uint64, bool) {
	wrong := false
	for len(s) > 0 {
		n := min(8, len(s))
		for _, c := range s[:n] {
			x := ibanDigits[c]
			rest = rest*uint64(x.times) + uint64(x.value)
			wrong = wrong || x.times == 0
		}
		rest %= 97
		s = s[n:]
	}
	return rest, !wrong
}

// ibanDigits says by what a character shifts a number and what it adds; nothing
// for those that an IBAN cannot have.
var ibanDigits = [256]struct{ times, value uint8 }{ //nolint:gochecknoglobals // a constant table: Go has no constant arrays
	'0': {10, 0}, '1': {10, 1}, '2': {10, 2}, '3': {10, 3}, '4': {10, 4}, '5': {10, 5}, '6': {10, 6}, '7': {10, 7}, '8': {10, 8}, '9': {10, 9},
	'A': {100, 10}, 'B': {100, 11}, 'C': {100, 12}, 'D': {100, 13}, 'E': {100, 14}, 'F': {100, 15}, 'G': {100, 16}, 'H': {100, 17}, 'I': {100, 18},
	'J': {100, 19}, 'K': {100, 20}, 'L': {100, 21}, 'M': {100, 22}, 'N': {100, 23}, 'O': {100, 24}, 'P': {100, 25}, 'Q': {100, 26}, 'R': {100, 27},
	'S': {100, 28}, 'T': {100, 29}, 'U': {100, 30}, 'V': {100, 31}, 'W': {100, 32}, 'X': {100, 33}, 'Y': {100, 34}, 'Z': {100, 35},
}

// IBANCountries returns the countries that have IBANs, in order.
func IBANCountries() []string {
	var out []string
	for a, row := range ibanLengths {
		for b, n := range row {
			if n > 0 {
				out = append(out, string([]byte{byte('A' + a), byte('A' + b)}))
			}
		}
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
