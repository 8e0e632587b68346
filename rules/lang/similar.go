package lang

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/haltwire/haltwire/pipeline/decimal"
)

// maxSimilar bounds the characters of a name that are compared: the cost grows
// with their square.
const maxSimilar = 140

// similarity returns 1 − edits ÷ length of the longer of two folded names, as an
// exact decimal; two names without a letter or digit are alike.
func similarity(a, b string) Value {
	x, y := foldName(a), foldName(b)
	longer := max(len(x), len(y))
	if longer == 0 {
		return number(decimal.FromInt(1))
	}
	d, _ := decimal.FromInt(int64(longer - edits(x, y))).Quo(decimal.FromInt(int64(longer))) // longer > 0
	return number(d)
}

// foldName returns the letters and digits of a name in lower case without
// accents, its words in order of the alphabet.
func foldName(s string) []rune {
	var b strings.Builder
	for _, c := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, c):
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			b.WriteRune(unicode.ToLower(c))
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(b.String())
	slices.Sort(words)
	r := []rune(strings.Join(words, " "))
	return r[:min(len(r), maxSimilar)]
}

// edits returns how many characters must be put in, left out or changed to make
// y of x.
func edits(x, y []rune) int {
	prev, cur := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i, c := range x {
		cur[0] = i + 1
		for j, d := range y {
			change := prev[j]
			if c != d {
				change++
			}
			cur[j+1] = min(change, prev[j+1]+1, cur[j]+1)
		}
		prev, cur = cur, prev
	}
	return prev[len(y)]
}

// earthKM is the mean radius of the earth (IUGG).
const earthKM = 6371.0088

// distance returns the great-circle distance of two points given as lat, lon,
// lat, lon in degrees, in km rounded to metres.
func distance(a []Value) (Value, bool) {
	var rad [4]float64
	for i, v := range a {
		rad[i] = float(v.Num) * math.Pi / 180
	}
	s, t := math.Sin((rad[2]-rad[0])/2), math.Sin((rad[3]-rad[1])/2)
	h := min(1, s*s+math.Cos(rad[0])*math.Cos(rad[2])*t*t)
	metres := math.Round(2 * earthKM * 1000 * math.Asin(math.Sqrt(h)))
	d, ok := decimal.FromInt(int64(metres)).Quo(decimal.FromInt(1000))
	return number(d), ok
}

// float returns the nearest float64.
func float(d decimal.D) float64 { return (float64(d.Hi)*(1<<64) + float64(d.Lo)) / 1e18 }
