package draft

import (
	"context"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// Preview returns the request or amendment as it would go out now, with the digest
// that its approval would be over. ok is false when the config has lost the party.
// The error is a *policy.Gate where the policy would not let it out.
func (d *Maker) Preview(ctx context.Context, s *apply.Subject, a *apply.Alert) (q *caselog.QueuedData, body string, ok bool, err error) {
	party := d.Book.Party(a.Party)
	if party == nil {
		return nil, "", false, nil
	}
	drafts, err := d.request(ctx, s, a, party, false)
	if err != nil || len(drafts) == 0 {
		return nil, "", false, err
	}
	q, _ = drafts[0].Data.(*caselog.QueuedData)
	personal, _ := drafts[0].Personal.(caselog.BodyPersonal)
	return q, personal.Body, q != nil, nil
}
