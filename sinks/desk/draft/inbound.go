package draft

import (
	"context"

	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/policy"
)

// inboundDrafts makes the events of direction in, and of answers to questions. It reports whether the
// effect is one of them.
func (d *Maker) inboundDrafts(context.Context, *apply.Subject, apply.Effect, *policy.Party) (out []Draft, mine bool, err error) {
	return nil, false, nil
}
