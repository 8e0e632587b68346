package intake

import (
	"regexp"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// Field returns what the log may know of the name of a field that somebody needs to
// know: the name itself where it is that of a member (letters, digits, points and
// underscores), else a mark. A partner may have written anything there.
func Field(root *caselog.Root, name string) string {
	if IsField(name) {
		return name
	}
	return "~" + root.Ref("field", name)
}

// IsField reports whether a text is the name of a member.
func IsField(name string) bool {
	return regexp.MustCompile(`^[a-z0-9_]{1,40}([.\[][a-z0-9_\]]{1,40}){0,5}$`).MatchString(name)
}
