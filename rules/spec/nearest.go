package spec

import (
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
)

// DidYouMean returns a fix that names the nearest word, or all when there are
// few, or "".
func DidYouMean(s string, words []string) string {
	if w := code.Nearest(words, s); w != "" {
		return "did you mean " + w + "?"
	}
	if len(words) > 0 && len(words) <= 16 {
		return "one of: " + strings.Join(words, ", ")
	}
	return ""
}
