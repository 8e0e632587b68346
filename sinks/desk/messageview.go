package desk

import (
	"context"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// MessageView is one message of an alert. Moments are Unix ms.
type MessageView struct {
	ID       string `json:"message_id"`
	Type     string `json:"type"`
	Attempts uint32 `json:"attempts,omitempty"`
	Receipt  string `json:"receipt,omitempty"`
	At       int64  `json:"at,omitempty"`
	GaveUp   bool   `json:"gave_up,omitempty"`
	Parked   bool   `json:"parked,omitempty"`
	Older    string `json:"older,omitempty"` // the outcome of a later moment that counts in the place of this one
	Body     string `json:"body"`
	// Manual and From are how a request came that no wire brought, and who handed it over.
	Manual *caselog.ManualMark `json:"manual,omitempty"`
	From   string              `json:"from,omitempty"`
	// Channel is that of the last attempt, Why what the last one that ended came to.
	Channel   string `json:"channel,omitempty"`
	Why       string `json:"why,omitempty"`
	Delivered int64  `json:"delivered_at,omitempty"`
	// Exported is when it was put where people or other programs take it: not sent yet.
	Exported    int64               `json:"exported_at,omitempty"`
	Transmitted *apply.Transmission `json:"transmitted,omitempty"`
	// Next is when it is tried again; only the instance that owns the alert knows.
	Next int64 `json:"next_try,omitempty"`
}

// WordView is a word of the partner that waits for a second officer.
type WordView struct {
	ID     string             `json:"id"`
	Type   string             `json:"type"`
	Manual caselog.ManualMark `json:"manual"`
	Body   string             `json:"body"`
}

// messages fills in what went out and what came in.
func (d *Desk) messages(ctx context.Context, a *apply.Alert, out *Detail) {
	for _, m := range a.Messages {
		out.Messages = append(out.Messages, MessageView{
			ID: m.ID, Type: string(m.Type), Attempts: m.Attempts, Receipt: string(m.Receipt), At: m.Queued, GaveUp: m.GaveUp, Body: d.body(ctx, m.Personal),
			Channel: m.Channel, Why: m.Reason, Delivered: m.Delivered, Exported: m.Exported, Transmitted: m.Transmitted, Next: d.nextTry(a.Party, m.ID),
		})
	}
	for _, m := range a.Inbox {
		x := MessageView{ID: m.ID, Type: string(m.Type), At: m.At, Parked: m.Parked, Older: m.Older, Body: d.body(ctx, m.Personal), Manual: m.Manual}
		var from caselog.BodyPersonal
		if m.Manual != nil && d.open(ctx, m.Personal, &from) == nil {
			x.From = from.From
		}
		out.Inbox = append(out.Inbox, x)
	}
	for _, w := range a.Words {
		out.Recorded = append(out.Recorded, WordView{ID: w.ID, Type: string(w.Type), Manual: w.Manual, Body: d.body(ctx, w.Personal)})
	}
}
