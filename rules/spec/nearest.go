package spec

import (
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
)

// few is how many words a fix names when none of them is near: all kinds of reports
// are that few, and stand nowhere else on an author's screen.
const few = 32

// DidYouMean returns a fix that names the nearest word, or all when there are
// few, or "".
func DidYouMean(s string, words []string) string {
	if w := code.Nearest(words, s); w != "" {
		return "did you mean " + w + "?"
	}
	if len(words) > 0 && len(words) <= few {
		return "one of: " + strings.Join(words, ", ")
	}
	return ""
}
