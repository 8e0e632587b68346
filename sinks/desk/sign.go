package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/policy"
)

// golden is how long after a payment its recovery has good chances (T10).
const golden = 72 * time.Hour

// sign fills in what the officer signs: the digest of what would go out now, or of what
// went out. It refuses one who has seen another content, and what cannot go out at all.
func (d *Desk) sign(ctx context.Context, key caselog.Key, data *caselog.OfficerData) error {
	act := data.Act
	if key.Direction() != caselog.Out || !slices.Contains([]string{apply.ActRequest, apply.ActRenew, apply.ActEmergency, apply.ActConfirm}, act) {
		return nil
	}
	a, err := d.copied(key, data.AlertID)
	if err != nil {
		return err
	}
	digest := ""
	switch {
	case act == apply.ActConfirm && a.Request() != nil:
		digest = a.Request().Signed
	case act == apply.ActConfirm, act == apply.ActRenew && a.State == apply.Undeliverable, a.Blocked != "", !a.Open():
		return nil // the fold says why, or the words are those that were signed
	default:
		if digest, err = d.maker.Content(ctx, a); err != nil {
			return unsignable(err)
		}
		data.Content = a.Content()
	}
	if data.Digest != "" && data.Digest != digest {
		return fmt.Errorf("%w: the alert has changed since: look again", ErrRefused)
	}
	data.Digest = digest
	return nil
}

// unsignable makes what the policy does not let out a refusal that names the field.
func unsignable(err error) error {
	var gate *policy.Gate
	switch {
	case errors.As(err, &gate):
		return fmt.Errorf("%w: %s", ErrRefused, gate.Error())
	case errors.Is(err, caselog.ErrErased):
		return fmt.Errorf("%w: personal data of it has been erased", ErrRefused)
	}
	return err
}

// content returns the digest of what a request of the alert would say now, or "" where
// nothing can be approved.
func (d *Desk) content(ctx context.Context, a *apply.Alert) string {
	if a.Direction != caselog.Out {
		return a.Content()
	}
	if a.Blocked != "" || !a.Open() {
		return ""
	}
	digest, err := d.maker.Content(ctx, a)
	if err != nil {
		return ""
	}
	return digest
}

// edit writes what an officer changes in a request.
func (d *Desk) edit(ctx context.Context, key caselog.Key, id string, role caselog.Role, action Action) error {
	data := &caselog.EditData{
		AlertID: id, Edit: true, By: action.As, Role: role, Reason: action.Reason, Amounts: action.Amounts,
		MLSuspicion: action.MLSuspicion, Offence: action.Offence, Fold: apply.Version,
	}
	for _, ask := range action.Asks {
		if less, is := strings.CutPrefix(ask, "-"); is {
			data.Unask = append(data.Unask, less)
		} else {
			data.Asks = append(data.Asks, strings.TrimPrefix(ask, "+"))
		}
	}
	if len(data.Asks)+len(data.Unask)+len(data.Amounts)+len(action.Texts) == 0 && data.MLSuspicion == nil && data.Offence == "" {
		return fmt.Errorf("%w: edit: say what: texts, asks, amounts, ml_suspicion or offence", ErrRefused)
	}
	if err := d.bounded(ctx, key, id, action); err != nil {
		return err
	}
	work := intake.Draft{ID: hit.Text32("edit", id, rand.Text()), Key: key, Type: caselog.Amended, Alerts: true, Data: data}
	if len(action.Texts) > 0 {
		data.Texts = map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(action.Texts)) {
			data.Texts[name] = ""
			if text := action.Texts[name]; text != "" {
				data.Texts[name] = d.opt.Root.Ref("text", id, name, text)
			}
		}
		work.Personal, work.Seal = caselog.OfficerPersonal{Texts: action.Texts}, func(p string) { data.Personal = p }
	}
	return d.officer(ctx, work, "that is what it says already")
}

// asked adds to the view of an alert what concerns its request.
func (v *View) asked(a *apply.Alert) {
	if a.Direction != caselog.Out {
		return
	}
	v.Exceeded, v.Emergency, v.Voided = a.Exceeded, a.Emergency, slices.Clone(a.Voided)
	v.Waiting, v.Overflow = len(a.Waiting()), a.Overflow
	if a.Edit != nil {
		v.Editors = slices.Clone(a.Edit.By)
	}
	if a.State == apply.Proposed || a.Unsaid() {
		v.Needs = a.Needs()
	}
	for _, p := range a.Signatures() {
		v.Content = p.Digest
	}
	for _, i := range a.Items {
		until := i.Executed + golden.Milliseconds()
		if i.Executed > 0 && a.State != apply.Closed && (v.Golden == 0 || until < v.Golden) {
			v.Golden = until
		}
	}
}

// NoteView is an officer's remark; times are Unix ms.
type NoteView struct {
	By   string `json:"by"`
	At   int64  `json:"at"`
	Text string `json:"text"`
}

// notes opens the remarks about an alert; one that is gone reads so.
func (d *Desk) notes(ctx context.Context, a *apply.Alert) []NoteView {
	var out []NoteView
	for _, n := range a.Notes {
		var personal caselog.OfficerPersonal
		text := ""
		if err := d.open(ctx, n.Personal, &personal); err != nil {
			text = "(" + err.Error() + ")"
		}
		for _, name := range slices.Sorted(maps.Keys(personal.Texts)) {
			text = strings.TrimPrefix(text+"\n"+personal.Texts[name], "\n")
		}
		out = append(out, NoteView{By: n.By, At: n.At, Text: text})
	}
	return out
}
