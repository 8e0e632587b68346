package code

import (
	"math/bits"
	"strings"
)

// countries is ISO 3166-1 alpha-2, sorted, three bytes an entry, and XK, which
// ISO leaves to its users and which the IBAN and BIC registries use for Kosovo.
const countries = "" +
	"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE " +
	"BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD " +
	"CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM " +
	"DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF " +
	"GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU " +
	"ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN " +
	"KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME " +
	"MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA " +
	"NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM " +
	"PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI " +
	"SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK " +
	"TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI " +
	"VN VU WF WS XK YE YT ZA ZM ZW "

// currencies is ISO 4217, sorted, four bytes an entry. Codes withdrawn since 2020
// (ANG BGN CUC HRK SLL ZWL) stay, because reports tell of earlier payments.
const currencies = "" +
	"AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD " +
	"BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF " +
	"CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD " +
	"EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD " +
	"HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS " +
	"KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL " +
	"MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN " +
	"NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD " +
	"RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN " +
	"SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD " +
	"USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA " +
	"XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER " +
	"ZAR ZMW ZWG ZWL "

// Country returns s as a constant text when it is an ISO 3166-1 alpha-2 code in
// upper case.
func Country(s []byte) (string, bool) {
	if len(s) != 2 || !IsCountry(s) {
		return "", false
	}
	row := &countryRows[s[0]-'A']
	at := 3 * (int(row.before) + bits.OnesCount32(row.second&(1<<(s[1]-'A')-1)))
	return countries[at : at+2], true
}

// Currency returns s as a constant text when it is an ISO 4217 code in upper case.
func Currency(s []byte) (string, bool) { return find(currencies, 3, s) }

// IsCountry reports whether s is an ISO 3166-1 alpha-2 code in upper case.
func IsCountry(s []byte) bool {
	return len(s) == 2 && upper(s[0]) && upper(s[1]) && countryRows[s[0]-'A'].second&(1<<(s[1]-'A')) != 0
}

// countryRows is countries by first letter, never changed: codecs ask for one or
// two countries a report, and a binary search takes 40 ns.
var countryRows = rows(countries)

type row struct {
	second uint32 // bit i: the code with second letter 'A'+i exists
	before uint16 // codes with smaller first letters
}

func rows(list string) (out [26]row) {
	for i := 0; i < len(list); i += 3 {
		out[list[i]-'A'].second |= 1 << (list[i+1] - 'A')
	}
	for i := 1; i < len(out); i++ {
		out[i].before = out[i-1].before + uint16(bits.OnesCount32(out[i-1].second))
	}
	return out
}

// IsCurrency reports whether s is an ISO 4217 code in upper case.
func IsCurrency(s []byte) bool { _, ok := Currency(s); return ok }

// Countries returns all country codes in order.
func Countries() []string { return strings.Fields(countries) }

// Currencies returns all currency codes in order.
func Currencies() []string { return strings.Fields(currencies) }

// find looks s up in a sorted list of entries of width bytes and a space.
func find(list string, width int, s []byte) (string, bool) {
	if len(s) != width {
		return "", false
	}
	lo, hi := 0, len(list)/(width+1)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		e := list[mid*(width+1) : mid*(width+1)+width]
		switch {
		case e == string(s):
			return e, true
		case e < string(s):
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return "", false
}
