package spec

import (
	"slices"
	"strings"
)

// Nearest returns the word of words that is most like s, "" when none is like it.
func Nearest(s string, words []string) string {
	best, least := "", 1+max(1, len(s)/3)
	for _, w := range slices.Sorted(slices.Values(words)) {
		if d := distance(strings.ToLower(s), strings.ToLower(w), least); d < least {
			best, least = w, d
		}
	}
	return best
}

// DidYouMean returns a fix that names the nearest word, or all when there are
// few, or "".
func DidYouMean(s string, words []string) string {
	if w := Nearest(s, words); w != "" {
		return "did you mean " + w + "?"
	}
	if len(words) > 0 && len(words) <= 16 {
		return "one of: " + strings.Join(words, ", ")
	}
	return ""
}

// distance returns how many bytes must be put in, left out, changed or swapped
// to make b of a, or bound when it is not less than bound.
func distance(a, b string, bound int) int {
	if len(a)-len(b) >= bound || len(b)-len(a) >= bound || len(a) > 128 {
		return bound
	}
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return min(prev[len(b)], bound)
}
