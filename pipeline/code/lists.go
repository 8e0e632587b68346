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

// countryRows is countries by first letter, checked by TestLists: codecs ask for
// two or three countries a report, and a binary search takes 40 ns.
var countryRows = [26]struct { //nolint:gochecknoglobals // a table that nobody writes
	second uint32 // bit i: the code with second letter 'A'+i exists
	before uint8  // codes with smaller first letters
}{
	{0x2df5978, 0},   // A
	{0x36f7bfb, 16},  // B
	{0x3f27ded, 37},  // C
	{0x2005610, 56},  // D
	{0x00e00d4, 62},  // E
	{0x0025700, 69},  // F
	{0x15fb9fb, 75},  // G
	{0x01a3400, 94},  // H
	{0x00f7818, 100}, // I
	{0x000d010, 110}, // J
	{0x342b1d0, 114}, // K
	{0x13e0507, 125}, // L
	{0x3fffcfd, 136}, // M
	{0x212c975, 159}, // N
	{0x0001000, 171}, // O
	{0x14e3cf1, 172}, // P
	{0x0000001, 186}, // Q
	{0x0544010, 187}, // R
	{0x3ae7fdf, 192}, // S
	{0x26a7eec, 213}, // T
	{0x3041041, 229}, // U
	{0x0102155, 235}, // V
	{0x0040020, 242}, // W
	{0x0000400, 244}, // X
	{0x0080010, 245}, // Y
	{0x0401001, 247}, // Z
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
