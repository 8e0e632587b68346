package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// compare fills in what only the messages tell of an outcome: the items whose funds do
// not sum to what was credited or whose money that moved on the trail does not show,
// what else does not fit what was asked, and the marks of references that depend on who
// kept the account. Nobody knows the request any more once it is erased: then the
// outcome is compared with itself.
func (d *Desk) compare(ctx context.Context, key caselog.Key, in delivery.Inbound, o *caselog.OutcomeData) error {
	o.Fold = apply.Version
	told, ok := in.Message.(*freeze.Outcome)
	if !ok {
		return nil
	}
	asked, others := d.askedOf(key, o)
	r, err := d.requestOf(ctx, asked.sealed)
	if err != nil {
		return err
	}
	with := intake.Asked{Request: r, Trail: asked.trail}
	if r != nil {
		o.Mismatched = freeze.Mismatched(o.Funds, r.Payments)
		if len(told.Trail) > 0 {
			o.Trail = intake.TrailMarks(d.opt.Root, told.Trail, r.Subject.Servicer)
			o.Mismatched = append(o.Mismatched, freeze.Untraced(told.Funds, told.Trail)...)
		}
	}
	unknown := func(m freeze.Measure) bool { return with.Ask(m.AskID) == nil }
	for _, sealed := range others {
		if r == nil || !slices.ContainsFunc(told.Measures, unknown) {
			break
		}
		earlier, err := d.requestOf(ctx, sealed)
		if err != nil {
			return err
		}
		if earlier != nil {
			with.Earlier = append(with.Earlier, earlier.Asks...)
		}
	}
	o.Misfits = intake.Misfits(d.opt.Root, told, with)
	return nil
}

// asked is what the state tells of what an outcome answers.
type asked struct {
	sealed string   // the request or amendment
	trail  []string // marks of the accounts that the trail leads to
}

// askedOf returns what an outcome answers, and the other requests of the alert, latest
// first.
func (d *Desk) askedOf(key caselog.Key, o *caselog.OutcomeData) (out asked, others []string) {
	d.fold.with(key, func(s *apply.Subject) {
		if s == nil || s.Alert(o.AlertID) == nil {
			return
		}
		a := s.Alert(o.AlertID)
		m := a.Asked(o.OutcomeOf)
		if m == nil {
			return
		}
		out.sealed = m.Personal
		for _, h := range a.Trail {
			out.trail = append(out.trail, h.Account)
		}
		for _, x := range a.Messages {
			if x != m && (x.Type == freeze.TypeRequest || x.Type == freeze.TypeAmendment) {
				others = append(others, x.Personal)
			}
		}
	})
	slices.Reverse(others)
	return out, others
}

// requestOf opens a request of ours, nil where there is none or it is erased.
func (d *Desk) requestOf(ctx context.Context, sealed string) (*freeze.Request, error) {
	if sealed == "" {
		return nil, nil //nolint:nilnil // nothing to read
	}
	var body caselog.BodyPersonal
	if err := d.open(ctx, sealed, &body); errors.Is(err, caselog.ErrErased) {
		return nil, nil //nolint:nilnil // nobody can read it any more
	} else if err != nil {
		return nil, fmt.Errorf("read our request: %w", err)
	}
	m, err := freeze.Parse([]byte(body.Body))
	if err != nil {
		return nil, fmt.Errorf("read our request: %w", err)
	}
	return intake.RequestOf(m), nil
}
