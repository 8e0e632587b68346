package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Preview is what a request would say if it went out now. It holds personal data.
type Preview struct {
	AlertID string `json:"alert_id"`
	Party   string `json:"party"`
	Type    string `json:"type"` // request | amendment
	// Content is what an approval is given to (Action.Digest), and the content_digest
	// of the message.
	Content string          `json:"content"`
	Message json.RawMessage `json:"message"`
}

// Preview returns what would go out of an alert now. ErrRefused says that nothing
// could, and why.
func (d *Desk) Preview(ctx context.Context, id string) (Preview, error) {
	key, full, err := d.locate(id)
	if err != nil {
		return Preview{}, err
	}
	if key.Direction() != caselog.Out || key.Party() == caselog.Nobody {
		return Preview{}, fmt.Errorf("%w: nothing is asked of anybody by this alert", ErrRefused)
	}
	s := &apply.Subject{Key: key}
	a, err := d.copied(key, full)
	if err != nil {
		return Preview{}, err
	}
	q, body, ok, err := d.maker.Preview(ctx, s, a)
	var gate *policy.Gate
	switch {
	case errors.As(err, &gate):
		return Preview{}, fmt.Errorf("%w: %w", ErrRefused, err)
	case errors.Is(err, caselog.ErrErased):
		return Preview{}, fmt.Errorf("%w: personal data of it has been erased", ErrRefused)
	case err != nil:
		return Preview{}, fmt.Errorf("preview alert: %w", err)
	case !ok:
		return Preview{}, fmt.Errorf("%w: the config does not know %s any more", ErrRefused, key.Party())
	}
	return Preview{AlertID: full, Party: a.Party, Type: string(q.Type), Content: q.Approval.ContentDigest, Message: json.RawMessage(body)}, nil
}

// Acts lists everything that officers can do, in any state.
func Acts() []string {
	plain := []string{"approve", "reject", "confirm", "withdraw", "accept", "close_task", apply.ActTransmitted, apply.ActRecord, apply.ActNote, apply.ActEmergency, apply.ActReopen, apply.ActEdit}
	all := slices.Concat(plain, apply.Acts(caselog.Out), apply.Acts(caselog.In))
	all = slices.DeleteFunc(all, func(do string) bool { return do == apply.ActRequest }) // it is called approve
	slices.Sort(all)
	return slices.Compact(all)
}
