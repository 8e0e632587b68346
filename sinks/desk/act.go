package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Action is what an officer does about an alert.
type Action struct {
	// Do is approve, reject (out, proposed), confirm, withdraw (out), accept,
	// authorise, refuse, release, lift (in), close_task, or another act of apply.
	Do     string `json:"do,omitempty"`
	As     string `json:"as,omitempty"`     // the officer
	Digest string `json:"digest,omitempty"` // View.Content that the officer saw; "" = whatever it is now
	Basis  string `json:"basis,omitempty"`  // legal basis, of authorise
	Code   string `json:"code,omitempty"`   // refusal code, of refuse
	Task   string `json:"task,omitempty"`   // task id, of close_task
	Reason string `json:"reason,omitempty"`
	About  string `json:"about,omitempty"` // measure, message or item that it is about
	// Items are the onward movements that follow is about, where it is about several.
	Items []string `json:"items,omitempty"`
	// How (a code), At and Document (SHA-256) prove what was transmitted or recorded.
	How      string       `json:"how,omitempty"`
	At       *freeze.Time `json:"at,omitempty"`
	Document string       `json:"document,omitempty"`
	// Until and Amount are terms of the action.
	Until  *freeze.Time  `json:"until,omitempty"`
	Amount *freeze.Money `json:"amount,omitempty"`
	// Texts become members of a message, by their names; they are sealed on the log. Each
	// act takes those of TextsOf and refuses others; accept and ask_info (in) and info (out)
	// take the path of any member of a request.
	Texts map[string]string `json:"texts,omitempty"`
	// Asks ("trace", "-trace"), Amounts by item (zero takes it out), MLSuspicion and
	// Offence are what edit changes beside the texts.
	Asks        []string                `json:"asks,omitempty"`
	Amounts     map[string]freeze.Money `json:"amounts,omitempty"`
	MLSuspicion *bool                   `json:"ml_suspicion,omitempty"`
	Offence     string                  `json:"offence,omitempty"`
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

// Act writes an officer's decision and returns the alert after it: when the decision is
// folded and what follows from it is done. What takes longer than settleWithin is named
// in View.Underway and comes after.
func (d *Desk) Act(ctx context.Context, id string, action Action) (View, error) {
	role, known := d.opt.Role(action.As)
	if !known {
		return View{}, fmt.Errorf("%w: %q", ErrOfficer, action.As)
	}
	key, full, err := d.locate(id)
	if err != nil {
		return View{}, err
	}
	action.complete(full)
	if action.Do == apply.ActNote && len(action.Texts) == 0 && action.Reason != "" { // sealed, as every remark
		action.Texts, action.Reason = map[string]string{"text": action.Reason}, ""
	}
	if err := d.weigh(ctx, key, full, &action); err != nil {
		return View{}, err
	}
	before := d.due(key, full)
	switch {
	case action.Do == apply.ActEdit && key.Direction() == caselog.Out:
		err = d.edit(ctx, key, full, role, action)
	case action.Do == apply.ActRecord:
		err = d.record(ctx, key, full, role, action)
	default:
		err = d.decide(ctx, key, full, role, action)
	}
	if err != nil {
		return View{}, err
	}
	word := d.settled(ctx, key, full, before)
	v, err := d.viewed(ctx, key, full)
	v.Underway = word
	return v, err
}

// complete writes ids out that are given as lists show them: M01, P02, Q003.
func (a *Action) complete(alert string) {
	if a.Do == apply.ActReroute {
		return // about a party
	}
	if shortID.MatchString(a.About) {
		a.About = alert + "-" + a.About
	}
	a.Items = slices.Clone(a.Items)
	for i, id := range a.Items {
		if shortID.MatchString(id) {
			a.Items[i] = alert + "-" + id
		}
	}
	if len(a.Amounts) == 0 {
		return
	}
	amounts := make(map[string]freeze.Money, len(a.Amounts))
	for name, amount := range a.Amounts {
		if shortID.MatchString(name) {
			name = alert + "-" + name
		}
		amounts[name] = amount
	}
	a.Amounts = amounts
}

// shortID is the end of the id of a measure, an item, a hop, an ask or a message.
var shortID = regexp.MustCompile(`^[AKMNPQ]\d{2,4}$`)

// officer writes what an officer decided, and returns when it is folded. What the log
// would refuse is refused before it is written: otherwise whoever tries for ever fills
// the log for ever. again is said of what changes nothing.
func (d *Desk) officer(ctx context.Context, x intake.Draft, again string) error {
	v, err := d.trial(x)
	if err == nil && v.Applied { // the log has the last word
		var verdicts []apply.Verdict
		if verdicts, err = d.submit(ctx, []intake.Draft{x}); err == nil {
			v = verdicts[0]
		}
	}
	switch {
	case err != nil:
		return err
	case v.Applied:
		return nil
	case v.Repeat:
		return fmt.Errorf("%w: %s", ErrRefused, again)
	}
	return fmt.Errorf("%w: %s", ErrRefused, v.Reason)
}

// trial folds an officer's event into a copy of the state.
func (d *Desk) trial(x intake.Draft) (apply.Verdict, error) {
	if x.Seal != nil {
		x.Seal("sealed when it is written")
	}
	event, err := caselog.New(x.ID, x.Type, x.Key, d.opt.Now(), x.Data)
	if err != nil {
		return apply.Verdict{}, err
	}
	var s *apply.Subject
	d.fold.with(x.Key, func(now *apply.Subject) { s = clone(now) })
	_, v := d.fold.machine.Fold(s, apply.Record{Event: event, Appended: d.opt.Now().UnixMilli()})
	return v, nil
}

// decide writes a decision that is one event.
func (d *Desk) decide(ctx context.Context, key caselog.Key, full string, role caselog.Role, action Action) error {
	t, act, ok := eventOf(key.Direction(), action.Do)
	if !ok {
		return fmt.Errorf("%w: %q", ErrAction, action.Do)
	}
	data := &caselog.OfficerData{
		AlertID: full, By: action.As, Role: role, Act: act, Digest: action.Digest, Basis: action.Basis, Code: action.Code, Task: action.Task, Reason: action.Reason,
		About: action.About, Items: action.Items, Until: action.Until, Amount: action.Amount, Fold: apply.Version,
	}
	switch act {
	case apply.ActTransmitted:
		if err := d.checkProof(&action); err != nil {
			return err
		}
		data.How, data.At, data.Document = action.How, action.At, action.Document
	case apply.ActMeasure:
		data.Measure = measureOf(action)
	}
	if act == apply.ActAuthorise && action.Until != nil && !action.Until.After(d.opt.Now()) {
		return fmt.Errorf("%w: until %s is over", ErrRefused, action.Until)
	}
	if err := d.sign(ctx, key, data); err != nil {
		return err
	}
	work := intake.Draft{ID: hit.Text32("officer", full, rand.Text()), Key: key, Type: t, Alerts: true, Data: data}
	if len(action.Texts) > 0 {
		data.Fields = slices.Sorted(maps.Keys(action.Texts))
		data.TextMark = d.textMark(full, data.Fields, action.Texts)
		work.Personal, work.Seal = caselog.OfficerPersonal{Texts: action.Texts}, func(p string) { data.Personal = p }
	}
	return d.officer(ctx, work, "that is so already")
}

// viewed returns the view of an alert with what an approval of it is given to.
func (d *Desk) viewed(ctx context.Context, key caselog.Key, id string) (View, error) {
	a, err := d.copied(key, id)
	if err != nil {
		return View{}, err
	}
	v := view(a)
	v.Content = d.content(ctx, a)
	return v, nil
}

// eventOf returns the event that an action is written as, with the act in it.
func eventOf(direction, do string) (t caselog.Type, act string, ok bool) {
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
	case "close_task":
		return caselog.TaskClosed, "", true
	case apply.ActTransmitted:
		return caselog.Transmitted, do, true
	case apply.ActNote:
		return caselog.Noted, apply.ActNote, true
	}
	if direction == caselog.Out {
		switch do {
		case apply.ActEmergency:
			return caselog.EmergencySent, do, true
		case apply.ActReopen:
			return caselog.Reopened, do, true
		}
	}
	return caselog.ApprovalGiven, do, slices.Contains(apply.Acts(direction), do)
}
