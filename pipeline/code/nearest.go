package code

import (
	"slices"
	"strings"
)

// aliases are well-known wrong names of codes, in lower case.
var aliases = map[string]string{ //nolint:gochecknoglobals // a table that nobody writes
	"uk": "GB", "gbr": "GB", "en": "GB", "england": "GB", "united kingdom": "GB", "great britain": "GB",
	"usa": "US", "united states": "US", "ind": "IN", "india": "IN", "el": "GR", "ger": "DE", "deu": "DE",
	"germany": "DE", "fra": "FR", "france": "FR", "uae": "AE", "are": "AE", "chn": "CN", "prc": "CN",
	"sgp": "SG", "hkg": "HK", "can": "CA", "aus": "AU", "nga": "NG", "roc": "TW", "kosovo": "XK",
	"rs": "INR", "rs.": "INR", "₹": "INR", "rupee": "INR", "£": "GBP", "stg": "GBP", "ukp": "GBP", "pound": "GBP",
	"€": "EUR", "euro": "EUR", "$": "USD", "us$": "USD", "usd$": "USD", "dollar": "USD", "rmb": "CNY", "cnh": "CNY",
	"¥": "JPY", "yen": "JPY", "dhs": "AED", "ntd": "TWD",
	"instant": "sepa_inst", "sct": "sepa", "sct_inst": "sepa_inst", "wire": "swift", "target": "rtgs",
	"vpa": "upi", "unauthorized": "unauthorised", "rejected": "refused", "declined": "refused",
}

// Nearest returns the member of list that text most likely means, "" when none is
// near: the same in another case, a well-known alias ("UK" means GB), the last
// part of a dotted member ("transfer" means bank.transfer), else the one with the
// fewest edits, at most a third of the letters. Two letters are too few to guess.
func Nearest(list []string, text string) string {
	text = strings.TrimSpace(text)
	for _, s := range list {
		if strings.EqualFold(s, text) {
			return s
		}
	}
	low := strings.ToLower(text)
	if a := aliases[low]; a != "" && slices.Contains(list, a) {
		return a
	}
	if low == "" {
		return ""
	}
	for _, s := range list {
		if strings.HasSuffix(strings.ToLower(s), "."+low) {
			return s
		}
	}
	return fewestEdits(list, low)
}

func fewestEdits(list []string, low string) string {
	best, least := "", 3*(len(low)/3)+1
	if len(low) > 64 {
		return ""
	}
	for _, s := range list {
		l := strings.ToLower(s)
		d := 3 * edits(l, low)
		if d > 0 && sameLetters(l, low) {
			d-- // of two equally near ones, letters in another order are the likelier slip
		}
		if d < least {
			best, least = s, d
		}
	}
	return best
}

func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// edits returns the number of insertions, deletions, changes and swaps of
// neighbours between a and b (optimal string alignment).
func edits(a, b string) int {
	var before []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}
