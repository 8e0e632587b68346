package scenario

import (
	"context"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// moved waits until India knows of the money that went on: the alert at the Emirates
// waits for consent.
func (w *World) moved(ctx context.Context) error {
	if err := w.opened(ctx, "AE-FIU", &w.C1); err != nil {
		return err
	}
	_, err := w.question(ctx)
	return err
}

// question returns the id of the consent_request once the United Kingdom has it.
func (w *World) question(ctx context.Context) (id string, err error) {
	err = w.GB.Until(ctx, w.A1, "it is asked for consent", func(d *desk.Detail) bool {
		for _, m := range d.Inbox {
			if m.Type == string(freeze.TypeConsentRequest) {
				id = m.ID
			}
		}
		return id != ""
	})
	return id, err
}

// consented lets the United Kingdom consent, and India ask the Emirates.
func (w *World) consented(ctx context.Context) error {
	id, err := w.question(ctx)
	if err != nil {
		return err
	}
	if err := w.To(ctx, At("05:20")); err != nil {
		return err
	}
	if err := w.GB.Act(ctx, w.A1, desk.Action{Do: "consent", About: id, Code: "all"}, "O3", "O4"); err != nil {
		return err
	}
	if err := w.IN.Reaches(ctx, w.C1, "proposed"); err != nil {
		return err
	}
	if err := w.To(ctx, At("05:25")); err != nil {
		return err
	}
	if err := w.approve(ctx, w.IN, w.C1, "O1", "O2"); err != nil {
		return err
	}
	return w.IN.Reaches(ctx, w.C1, "received")
}

// Refuse lets the United Kingdom say no instead.
func (w *World) Refuse(ctx context.Context) error {
	id, err := w.question(ctx)
	if err != nil {
		return err
	}
	no := desk.Action{Do: "consent", About: id, Code: "none", Texts: map[string]string{"ground": "prejudices_investigation", "text": "An operation is under way."}}
	if err := w.GB.Act(ctx, w.A1, no, "O3"); err != nil {
		return err
	}
	if err := w.GB.Act(ctx, w.A1, desk.Action{Do: "consent", About: id, Code: "none"}, "O4"); err != nil {
		return err
	}
	return w.IN.Reaches(ctx, w.C1, "closed")
}
