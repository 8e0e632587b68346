package draft

import (
	"context"

	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/policy"
)

// measureDrafts makes the events of an extension, a lift or the standing of a measure. It reports whether the
// effect is one of them.
func (d *Maker) measureDrafts(context.Context, *apply.Subject, apply.Effect, *policy.Party) (out []Draft, mine bool, err error) {
	return nil, false, nil
}
