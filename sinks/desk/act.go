package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
)

// Action is what an officer does about an alert.
type Action struct {
	// Do is approve, reject (out, proposed), confirm, withdraw (out), accept,
	// authorise, refuse, release, lift (in) or close_task.
	Do     string `json:"do"`
	As     string `json:"as"`               // the officer
	Digest string `json:"digest,omitempty"` // View.Content that the officer saw; "" = whatever it is now
	Basis  string `json:"basis,omitempty"`  // legal basis, of authorise
	Code   string `json:"code,omitempty"`   // refusal code, of refuse
	Task   string `json:"task,omitempty"`   // task id, of close_task
	Reason string `json:"reason,omitempty"`
}

// Reasons why an action is not done.
var (
	// ErrOfficer says that nobody by that name may act.
	ErrOfficer = errors.New("not an officer of this desk")
	// ErrRefused says that the state of the alert does not allow the action.
	ErrRefused = errors.New("refused")
	// ErrAction says that there is no such action.
	ErrAction = errors.New("unknown action")
)

// Act writes an officer's decision and returns the alert after it. It returns
// when the decision is on the log and folded; what follows from it (a message)
// comes after.
func (d *Desk) Act(ctx context.Context, id string, action Action) (View, error) {
	if !slices.Contains(d.opt.Officers, action.As) {
		return View{}, fmt.Errorf("%w: %q", ErrOfficer, action.As)
	}
	t, act, ok := eventOf(action.Do)
	if !ok {
		return View{}, fmt.Errorf("%w: %q", ErrAction, action.Do)
	}
	key, full, err := d.locate(id)
	if err != nil {
		return View{}, err
	}
	data := &caselog.OfficerData{
		AlertID: full, By: action.As, Act: act, Digest: action.Digest, Basis: action.Basis, Code: action.Code, Task: action.Task, Reason: action.Reason,
	}
	verdicts, err := d.submit(ctx, []intake.Draft{{ID: hit.Text32("officer", full, rand.Text()), Key: key, Type: t, Alerts: true, Data: data}})
	if err != nil {
		return View{}, err
	}
	if v := verdicts[0]; !v.Applied {
		return View{}, fmt.Errorf("%w: %s", ErrRefused, v.Reason)
	}
	var out View
	d.fold.with(key, func(s *apply.Subject) { out = view(s.Alert(full)) })
	return out, nil
}

func eventOf(do string) (t caselog.Type, act string, ok bool) {
	switch do {
	case "approve":
		return caselog.ApprovalGiven, apply.ActRequest, true
	case "reject":
		return caselog.ApprovalRefused, "", true
	case "confirm":
		return caselog.Confirmed, "confirm", true
	case "withdraw":
		return caselog.Withdrawn, apply.ActWithdraw, true
	case "accept":
		return caselog.Reviewed, "accept", true
	case "authorise", "refuse", "release", "lift":
		return caselog.ApprovalGiven, do, true
	case "close_task":
		return caselog.TaskClosed, "", true
	}
	return "", "", false
}
