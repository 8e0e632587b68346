package draft

import (
	"context"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// Preview returns the request or amendment as it would go out now, with the digest
// that its approval would be over. ok is false when the config has lost the party.
// The error is a *policy.Gate where the policy would not let it out.
func (d *Maker) Preview(ctx context.Context, _ *apply.Subject, a *apply.Alert) (q *caselog.QueuedData, body string, ok bool, err error) {
	party := d.Book.Party(a.Party)
	if party == nil {
		return nil, "", false, nil
	}
	x, err := d.shape(ctx, a, party, false)
	if err != nil {
		return nil, "", false, err
	}
	return d.queued(a, x), string(x.body), true, nil
}
