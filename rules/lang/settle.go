package lang

import (
	"fmt"
	"strconv"

	"github.com/haltwire/haltwire/rules/spec"
)

// settled demands settle or a person's approval of a rule that can be overturned.
func (l *loader) settled(r *spec.Rule, rule *Rule) {
	if r.Settle.Present() {
		ms, ok := parseDuration(r.Settle.Text)
		switch {
		case !ok || ms > maxSettle:
			l.error(r.Settle.Span, fmt.Sprintf("settle: %q is no duration of at most %d min", r.Settle.Text, maxSettle/60_000), "settle: 5s")
		case len(rule.Falls) == 0 && ms > 0:
			l.warning(r.Settle.Span, "nothing in this rule falls when evidence grows: it needs no settling", "leave it out: hits come sooner")
		}
		rule.Settle = ms
	}
	if len(rule.Falls) == 0 || rule.Settle > 0 {
		return
	}
	demand := func(a *spec.Alert, got *Alert) {
		if a == nil || got == nil || got.Approval != "auto" {
			return
		}
		at := a.Span
		if a.Approval.Present() {
			at = a.Approval.Span
		}
		l.error(at, "this can be overturned by late evidence ("+listed(rule.Falls)+") and acts by itself", "settle: 5s, or approval: one_person")
	}
	demand(r.Alert, rule.Alert)
	for i, c := range r.Cases {
		demand(c.Alert, rule.Cases[i].Alert)
	}
}

// maxSettle bounds how long a rule may wait, in ms.
const maxSettle = 15 * 60_000

// listed joins a few conditions for a message.
func listed(all []string) string {
	out := all[0]
	for i, s := range all[1:] {
		if i == 2 {
			return out + "; and " + strconv.Itoa(len(all)-3) + " more"
		}
		out += "; " + s
	}
	return out
}
