package draft

import (
	"context"

	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/policy"
)

// consentDrafts makes the events of consent and the trail. It reports whether the
// effect is one of them.
func (d *Maker) consentDrafts(context.Context, *apply.Subject, apply.Effect, *policy.Party) (out []Draft, mine bool, err error) {
	return nil, false, nil
}
