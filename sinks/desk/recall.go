package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// Recalled implements delivery.Recalls.
func (d *Desk) Recalled(ctx context.Context, party string, alerts ...string) ([]*freeze.Request, error) {
	if !d.Ready() {
		return nil, errNotReady
	}
	var out []*freeze.Request
	for _, x := range d.recalled(party, alerts) {
		var body caselog.BodyPersonal
		err := d.open(ctx, x.personal, &body)
		if errors.Is(err, caselog.ErrErased) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read instruction of %s: %w", x.alert, err)
		}
		m, err := freeze.Parse([]byte(body.Body))
		if err != nil {
			return nil, fmt.Errorf("read instruction of %s: %w", x.alert, err)
		}
		r := intake.RequestOf(m)
		for i := range r.Payments {
			if now, ok := x.recalls[r.Payments[i].ItemID]; ok {
				r.Payments[i].Recall = now
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// instruction is the last message of one instruction, sealed.
type instruction struct {
	alert, personal string
	recalls         map[string]freeze.Recall // by item
}

// recalled lists the instructions to a bank: of the named alerts, or all.
func (d *Desk) recalled(party string, alerts []string) []instruction {
	var out []instruction
	take := func(a *apply.Alert) {
		r := a.Request()
		if !a.Instructs() || r == nil {
			return
		}
		x := instruction{alert: a.ID, personal: r.Personal, recalls: map[string]freeze.Recall{}}
		for _, l := range a.Legs {
			x.recalls[l.Item] = l.Recall()
		}
		out = append(out, x)
	}
	for _, id := range alerts {
		if key, ok := d.fold.find(caselog.Out, party, id); ok {
			d.fold.with(key, func(s *apply.Subject) { take(s.Alert(id)) })
		}
	}
	if len(alerts) > 0 {
		return out
	}
	for _, p := range d.fold.parts {
		p.mu.Lock()
		for key, s := range p.subjects {
			if key.Direction() == caselog.Out && key.Party() == party {
				for _, a := range s.Alerts {
					take(a)
				}
			}
		}
		p.mu.Unlock()
	}
	return out
}

// TakeRecalls implements delivery.Recalls.
func (d *Desk) TakeRecalls(ctx context.Context, party string, words []delivery.RecallWord) error {
	if !d.Ready() {
		return errNotReady
	}
	var drafts []intake.Draft
	for _, w := range words {
		key, ok := d.fold.find(caselog.Out, party, w.AlertID)
		if !ok {
			return fmt.Errorf("take word of %s about alert %s: %w", party, w.AlertID, ErrNoAlert)
		}
		drafts = append(drafts, recallDraft(key, w))
	}
	verdicts, err := d.submit(ctx, drafts)
	if err != nil {
		return fmt.Errorf("take word of %s: %w", party, err)
	}
	for i, v := range verdicts {
		if !v.Applied && !v.Repeat {
			d.opt.Log.WarnContext(ctx, "word about a recall refused by the log", telemetry.Party, party, telemetry.Alert, words[i].AlertID, telemetry.Reason, v.Reason)
		}
	}
	return nil
}

func recallDraft(key caselog.Key, w delivery.RecallWord) intake.Draft {
	data := &caselog.RecallAnsweredData{AlertID: w.AlertID, Item: w.ItemID, RecallWord: caselog.RecallWord{
		Ref: w.Ref, At: w.At, State: w.State, Codes: w.Codes, Amount: w.Amount, Costs: w.Costs, Settled: w.Settled, Next: w.Next, Digest: w.Digest.Value,
	}}
	out := intake.Draft{ID: hit.Text32("recall.word", w.AlertID, w.ItemID, w.Ref), Key: key, Type: caselog.RecallAnswered, Alerts: true, Data: data}
	if w.Text != "" {
		out.Personal, out.Seal = caselog.BodyPersonal{Body: w.Text}, func(p string) { data.Personal = p }
	}
	return out
}
