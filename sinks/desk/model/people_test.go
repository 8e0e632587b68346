package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// roleOf returns the role of a person. The author wrote the rules.
func roleOf(person string) caselog.Role {
	switch person {
	case "H1":
		return caselog.RoleHead
	case "S1":
		return caselog.RoleSupervisor
	case "AU":
		return caselog.RoleAuditor
	}
	return caselog.RoleOfficer
}

// likely lists what officers do about an alert in a state; anything else is rare.
func likely(a *apply.Alert) []string {
	if a.Direction == caselog.In {
		switch a.State {
		case apply.Received:
			return []string{"accept", "accept", "accept", "refuse", "note"}
		case apply.Accepted, apply.Assessing:
			return []string{"authorise", "authorise", "authorise", "authorise", "emergency", "refuse", "ask_info", "accept"}
		case apply.BankAnswered:
			return []string{"release", "release", "release", "confirm", "lift"}
		case apply.Review:
			return []string{"lift", "lift", "lift"}
		case apply.Instructed, apply.Answered:
			return []string{"confirm", "extend", "measure", "consent", "consent", "lift", "accept", "release"}
		}
		return []string{"confirm", "consent", "authorise", "release", "accept", "measure"}
	}
	switch a.State {
	case apply.Proposed:
		return []string{"approve", "approve", "approve", "approve", "emergency", "edit", "reject"}
	case apply.AwaitingConsent:
		return []string{"approve", "reject"}
	case apply.Lapsed, apply.Rejected, apply.Undeliverable, apply.Refused:
		return []string{"renew", "renew", "reopen", "close", "approve"}
	case apply.Closed, apply.Withdrawing:
		return []string{"reopen", "reopen", "measure", "note"}
	case apply.InfoNeeded:
		return []string{"info", "info", "edit", "approve", "withdraw"}
	}
	if a.Provisional && !a.Confirmed {
		return []string{"confirm", "confirm", "confirm", "approve", "withdraw", "edit"}
	}
	return []string{"approve", "approve", "confirm", "withdraw", "withdraw", "edit", "extend", "lift", "chase", "measure", "follow", "consent", "feedback", "close"}
}

// people lets somebody of a desk act.
func (w *world) people(n *node) {
	refs := n.alerts("")
	if len(refs) == 0 {
		return
	}
	if open := slices.DeleteFunc(slices.Clone(refs), func(x *ref) bool { return x.a.State == apply.Closed }); len(open) > 0 && !w.chance(10) {
		refs = open
	}
	x := refs[w.number(len(refs)-1)]
	doings := likely(x.a)
	if w.chance(8) {
		doings = append(apply.Acts(x.a.Direction), "approve", "reject", "confirm", "withdraw", "reopen", "emergency", "edit", "accept")
		doings = slices.DeleteFunc(doings, func(s string) bool { return s == apply.ActReroute || s == "erase" || s == apply.ActErase })
	}
	do := w.pick(doings...)
	if w.chance(3) {
		w.do(n, x, do, w.pick("O1", "O2", "O3", "S1", "H1", "O1", "O2", "AU", "author"))
		return
	}
	luck := slices.Clone(w.luck)
	for _, by := range []string{"S1", "O1", "H1"} { // they agree
		w.luck = slices.Clone(luck)
		w.do(n, x, do, by)
	}
}

func eventOf(direction, do string) (caselog.Type, string) {
	switch do {
	case "approve":
		return caselog.ApprovalGiven, apply.ActRequest
	case "reject":
		return caselog.ApprovalRefused, ""
	case "confirm":
		return caselog.Confirmed, "confirm"
	case "withdraw":
		return caselog.Withdrawn, apply.ActWithdraw
	case "accept":
		return caselog.Reviewed, "accept"
	case apply.ActNote:
		return caselog.Noted, do
	case apply.ActReopen:
		return caselog.Reopened, do
	case apply.ActEmergency:
		if direction == caselog.Out {
			return caselog.EmergencySent, do
		}
	}
	return caselog.ApprovalGiven, do
}

// do writes an officer's decision, as a desk does.
func (w *world) do(n *node, x *ref, do, by string) {
	a := x.a
	if do == apply.ActEdit {
		w.edit(n, x, by)
		return
	}
	kind, act := eventOf(a.Direction, do)
	data := &caselog.OfficerData{AlertID: a.ID, By: by, Role: roleOf(by), Act: act, Fold: apply.Version}
	texts := w.terms(n, a, do, data)
	if a.Direction == caselog.Out && slices.Contains([]string{apply.ActRequest, apply.ActRenew, apply.ActEmergency, apply.ActConfirm}, act) && !n.sign(a, data) {
		return
	}
	draft := intake.Draft{ID: hit.Text32("officer", a.ID, fmt.Sprint(len(n.log))), Key: x.s.Key, Type: kind, Alerts: true, Data: data}
	if len(texts) > 0 {
		data.Fields = slices.Sorted(maps.Keys(texts))
		data.TextMark = n.root.Ref("texts", fmt.Sprint(texts))
		draft.Personal, draft.Seal = caselog.OfficerPersonal{Texts: texts}, func(p string) { data.Personal = p }
	}
	w.t.Logf("   %s: %s %s %s about %q code %q", n.id, by, do, short(a.ID), short(data.About), data.Code)
	n.write(draft)
}

// terms fills in what an act is about, and returns its texts.
func (w *world) terms(n *node, a *apply.Alert, do string, d *caselog.OfficerData) map[string]string {
	measure := func() {
		if len(a.Measures) > 0 {
			d.About = a.Measures[w.number(len(a.Measures)-1)].MeasureID
		}
	}
	in := a.Direction == caselog.In
	switch do {
	case apply.ActAuthorise, apply.ActEmergency:
		if !in {
			return nil
		}
		d.Basis, d.About = "POCA 336C", w.pick("", "", "hold_amount", "suspend_account")
		return map[string]string{apply.Proportionality: "nothing less does", apply.TickA: "yes", apply.TickB: "yes"}
	case apply.ActRefuse:
		d.Code = w.pick("insufficient_grounds", "not_competent")
	case apply.ActAskInfo:
		return map[string]string{"subject.account.sub_account": "which one?"}
	case apply.ActInfo:
		return map[string]string{"subject.account.sub_account": "WALLET 77120"}
	case apply.ActFeedback:
		d.Code = apply.Useful
	case apply.ActLift:
		if measure(); in {
			d.About = w.asked(a, "lift")
			return nil
		}
		d.Code = "victim_withdrew"
		w.part(a, d)
	case apply.ActExtend:
		measure()
		until := freeze.At(time.UnixMilli(1774000000000).Add(time.Duration(w.number(2)) * 7 * 24 * time.Hour))
		if d.Until = &until; in {
			return nil
		}
		return map[string]string{"justification": "the court sits later"}
	case apply.ActMeasure:
		measure()
		d.Measure = &caselog.MeasureMark{State: w.pick("lifted", "converted", "extended", "in_force"), Kind: "freezing_order", AuthorityKind: "court"}
		until := freeze.At(time.UnixMilli(1776000000000))
		d.Measure.ExpiresAt = &until
		if w.chance(3) {
			d.About, d.Measure.State = "", "in_force"
		}
	case apply.ActConsent:
		d.About = w.question(a)
		if in {
			d.Code = w.pick("all", "all", "none", "part")
		}
	case apply.ActFollow:
		d.About = w.question(a)
	case apply.ActClose, apply.ActChase, apply.ActNote:
		if do == apply.ActNote {
			return map[string]string{"text": "called them"}
		}
	}
	return nil
}

// part lifts a part of a measure now and then.
func (w *world) part(a *apply.Alert, d *caselog.OfficerData) {
	if m := a.Measure(d.About); m != nil && m.Amount != nil && w.chance(2) {
		d.Amount = &freeze.Money{Amount: "1.00", Currency: m.Amount.Currency}
	}
}

// asked is what a partner asks about a measure, or nothing.
func (w *world) asked(a *apply.Alert, do string) string {
	for _, m := range a.Measures {
		for _, x := range m.Asked {
			if x.Do == do && !x.Decided {
				return x.Message
			}
		}
	}
	return ""
}

// question is a hop, or a question of the partner about some.
func (w *world) question(a *apply.Alert) string {
	var of []string
	for _, c := range a.Consents {
		of = append(of, c.Message)
	}
	if a.Direction == caselog.Out {
		of = nil
		for _, h := range a.Trail {
			of = append(of, h.ItemID)
		}
	}
	if len(of) == 0 {
		return ""
	}
	return w.pick(of...)
}

// sign fills in what the officer signs, as the desk does. It reports whether there is
// anything to sign.
func (n *node) sign(a *apply.Alert, d *caselog.OfficerData) bool {
	switch {
	case d.Act == apply.ActConfirm && a.Request() != nil:
		d.Digest = a.Request().Signed
	case d.Act == apply.ActConfirm, d.Act == apply.ActRenew && a.State == apply.Undeliverable, a.Blocked != "", !a.Open():
	default:
		digest, err := n.maker.Content(context.Background(), a)
		if err != nil {
			return false
		}
		d.Digest, d.Content = digest, a.Content()
	}
	if old := n.known.sights[a.ID]; n.w.chance(10) && old.digest != "" {
		d.Digest, d.Content = old.digest, old.content
	}
	n.known.sights[a.ID] = sight{d.Digest, d.Content}
	return true
}

func (w *world) edit(n *node, x *ref, by string) {
	data := &caselog.EditData{AlertID: x.a.ID, Edit: true, By: by, Role: roleOf(by), Fold: apply.Version}
	draft := intake.Draft{ID: hit.Text32("edit", x.a.ID, fmt.Sprint(len(n.log))), Key: x.s.Key, Type: caselog.Amended, Alerts: true, Data: data}
	switch w.pick("facts", "ask", "unask", "amount") {
	case "ask":
		data.Asks = []string{"suspend_account"}
	case "unask":
		data.Unask = []string{"suspend_account"}
	case "amount":
		if len(x.a.Items) > 0 {
			i := x.a.Items[w.number(len(x.a.Items)-1)]
			data.Amounts = map[string]freeze.Money{i.ID: {Amount: freeze.Dec(w.pick("0", "50.00", "150.00")), Currency: i.Amount.Currency}}
		}
	}
	texts := map[string]string{"legal.facts": fmt.Sprint("what happened, in words ", w.number(3)), "legal.proportionality": "nothing less does"}
	data.Texts = map[string]string{}
	for name, text := range texts {
		data.Texts[name] = n.root.Ref("text", name, text)
	}
	draft.Personal, draft.Seal = caselog.OfficerPersonal{Texts: texts}, func(p string) { data.Personal = p }
	w.t.Logf("   %s: %s edits %s", n.id, by, short(x.a.ID))
	n.write(draft)
}
