package draft

import (
	"context"

	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/policy"
)

// recallDrafts makes the events of the recalls of payments. It reports whether the
// effect is one of them.
func (d *Maker) recallDrafts(context.Context, *apply.Subject, apply.Effect, *policy.Party) (out []Draft, mine bool, err error) {
	return nil, false, nil
}
