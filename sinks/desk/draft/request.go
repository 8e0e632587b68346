package draft

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// propose makes the request of a proposal that may go out by itself. Of any other it
// finds out early what keeps it from going out at all.
func (d *Maker) propose(ctx context.Context, s *apply.Subject, a *apply.Alert, party *policy.Party) ([]Draft, error) {
	if d.automatic(party, a) {
		return d.request(ctx, s, a, party, true)
	}
	_, err := d.shape(ctx, a, party, false)
	return nil, err
}

// shaped is a request that could go out now.
type shaped struct {
	request *freeze.Request
	body    []byte
	mode    string
	by      []string
	recalls []caselog.RecallMark
}

// Content returns the digest of what a request of the alert would say now, which is
// what officers sign. The error is a *policy.Gate when nothing can go out.
func (d *Maker) Content(ctx context.Context, a *apply.Alert) (string, error) {
	party := d.Book.Party(a.Party)
	if party == nil || a.Direction != caselog.Out {
		return "", nil
	}
	x, err := d.shape(ctx, a, party, false)
	if err != nil {
		return "", err
	}
	return x.request.Approval.ContentDigest, nil
}

// shape makes what would go out now, by the approvals that are there.
func (d *Maker) shape(ctx context.Context, a *apply.Alert, party *policy.Party, auto bool) (x shaped, err error) {
	f, err := d.Facts(ctx, a)
	if err != nil {
		return x, err
	}
	x.by = a.Signers()
	d.stand(a, &f, len(x.by), auto)
	for _, p := range a.Parents {
		x.by = append(x.by, p.By...)
		if len(p.By) == 1 && len(p.Needs) > 0 {
			f.Mode = "emergency" // one supervisor ordered it; another one confirms it with us
		}
	}
	if old := a.Request(); old != nil {
		f.Supersedes, f.Changes = old.ID, changes(a, old)
	}
	if recallTerms(a, party, &f); a.Instructs() {
		x.by = recallers(a)
	}
	x.mode = f.Mode
	x.request, x.body, x.recalls, err = d.compose(party, a, f)
	return x, err
}

// stand says how many people stand behind the request, and whether somebody still has
// to.
func (d *Maker) stand(a *apply.Alert, f *policy.Facts, by int, auto bool) {
	switch {
	case auto:
		f.Mode, f.Provisional, f.ConfirmBy = "none", true, f.Now.Add(d.ConfirmIn)
	case a.Emergency != "" && a.Request() == nil:
		f.Mode, f.Provisional, f.ConfirmBy = "emergency", true, f.Now.Add(d.ConfirmIn)
	case a.Provisional && !a.Confirmed && by < a.People(): // asks for less, on one signature
		f.Mode, f.Provisional, f.ConfirmBy = mode(by), true, time.UnixMilli(a.ConfirmBy)
	case by == 1:
		f.Mode = "one"
	}
}

// changes names what an amendment changes.
func changes(a *apply.Alert, old *apply.Message) []freeze.Change {
	all := []freeze.Change{{Field: "payments"}, {Field: "totals"}, {Field: "asks"}}
	if old.Said == nil {
		return all
	}
	fields := a.Changes(old.Said)
	if len(fields) == 0 {
		fields = []string{"valid_until"}
	}
	out := make([]freeze.Change, 0, len(fields))
	for _, field := range fields {
		out = append(out, freeze.Change{Field: field})
	}
	return out
}

func (d *Maker) request(ctx context.Context, s *apply.Subject, a *apply.Alert, party *policy.Party, auto bool) ([]Draft, error) {
	x, err := d.shape(ctx, a, party, auto)
	if err != nil {
		return nil, err
	}
	if others := mismatched(s.Key, a, x.request.Approval.ContentDigest); len(others) > 0 {
		return others, nil
	}
	return []Draft{frozen(s.Key, a, d.queued(a, x), x.body)}, nil
}

// queued fills message.queued from a request.
func (d *Maker) queued(a *apply.Alert, x shaped) *caselog.QueuedData {
	r := x.request
	q := d.queue(a, r, x.body)
	q.Recalls = x.recalls
	q.Content = a.Content()
	q.Approval = &caselog.ApprovalData{Mode: x.mode, ContentDigest: r.Approval.ContentDigest, By: list(x.by)}
	q.Provisional, q.ConfirmBy, q.ValidUntil = r.Provisional, r.ConfirmBy, &r.ValidUntil
	return q
}

// mismatched voids the approvals over something else than what would go out now: a
// text of the config is another one, or personal data reads differently.
func mismatched(key caselog.Key, a *apply.Alert, digest string) []Draft {
	var out []Draft
	by := map[string][]string{}
	for _, p := range a.Signatures() {
		if p.Digest != "" && p.Digest != digest && !slices.Contains(by[p.Act], p.By) {
			by[p.Act] = append(by[p.Act], p.By)
		}
	}
	for _, act := range []string{apply.ActRequest, apply.ActRenew, apply.ActEmergency} {
		if len(by[act]) > 0 {
			out = append(out, voided(key, a, caselog.VoidedData{AlertID: a.ID, Act: act, By: by[act], Digest: digest, Why: "what would go out is not what was signed"}))
		}
	}
	return out
}

// voids tells which approvals the fold has voided.
func voids(key caselog.Key, a *apply.Alert) []Draft {
	var out []Draft
	for _, v := range a.Voided {
		if !v.Told {
			out = append(out, voided(key, a, caselog.VoidedData{AlertID: a.ID, Act: v.Act, By: v.By, Why: v.Why}))
		}
	}
	return out
}

func voided(key caselog.Key, a *apply.Alert, data caselog.VoidedData) Draft {
	return Draft{
		ID:  hit.Text32("voided", a.ID, data.Act, strings.Join(data.By, "|"), data.Digest, fmt.Sprint(len(a.Voided), a.At.Updated)),
		Key: key, Type: caselog.ApprovalVoided, Trace: a.Trace, Alerts: true, Data: &data,
	}
}

// edited puts what officers wrote into the facts.
func (d *Maker) edited(ctx context.Context, a *apply.Alert, f *policy.Facts) error {
	e := a.Edit
	if e == nil {
		return nil
	}
	if e.MLSuspicion != nil {
		f.MLSuspicion = *e.MLSuspicion
	}
	f.Offence = or(e.Offence, f.Offence)
	opened := map[string]caselog.OfficerPersonal{}
	for name, t := range e.Texts {
		personal, known := opened[t.Personal]
		if !known {
			if err := d.Open(ctx, t.Personal, &personal); err != nil {
				return err
			}
			opened[t.Personal] = personal
		}
		write(f, name, personal.Texts[name])
	}
	return nil
}

// write puts one text into the facts; the names are those of apply.Editable.
func write(f *policy.Facts, name, text string) {
	hint := func() *freeze.Hint {
		if f.RequestedBasis == nil {
			f.RequestedBasis = &freeze.Hint{}
		}
		return f.RequestedBasis
	}
	switch name {
	case "legal.facts":
		f.Facts = text
	case "legal.background":
		f.Background = text
	case "legal.reason":
		f.Reason = text
	case "legal.nexus":
		f.Nexus = text
	case "legal.intended_use":
		f.IntendedUse = text
	case "legal.domestic_equivalent":
		f.DomesticEquivalent = text
	case "legal.proportionality":
		f.Proportionality = text
	case "legal.predicate_offence.text":
		f.OffenceText = text
	case "legal.requested_basis.code":
		hint().Code = text
	case "legal.requested_basis.text":
		hint().Text = text
	case "sub_account":
		f.SubAccount = text
	case "complaint_ref":
		f.ComplaintRefs = []string{text}
	}
}

// note makes a confirmation or a withdrawal.
func (d *Maker) note(s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	a, about, act := e.Alert, e.Alert.Request(), apply.ActWithdraw
	if e.Kind == apply.Confirm {
		about, act = a.Confirming(), apply.ActConfirm
	}
	f := policy.Facts{AlertID: a.ID, CaseID: a.CaseID, Sequence: a.NextSequence(), Environment: d.Environment, Now: d.Now(), Limits: Limits(a)}
	head := d.Book.Envelope(party, f, e.Type(), freeze.RequesterID(a.ID, f.Sequence))
	head.InReplyTo = about.ID
	var m freeze.Message
	switch {
	case e.Kind == apply.Confirm:
		m = &freeze.Confirmation{Envelope: head, Confirms: about.ID, Approval: freeze.Approval{Mode: "one", ContentDigest: about.Signed}}
	case a.State == apply.Closed:
		m = &freeze.Withdrawal{Envelope: head, Reason: "The request is over: its validity has ended."}
	default:
		m = &freeze.Withdrawal{Envelope: head, Reason: takenBack(a, party)}
	}
	profile, err := party.Profile()
	if err != nil {
		return nil, err
	}
	body, err := profile.Filter(m)
	if err != nil {
		return nil, err
	}
	q := d.queue(a, m, body)
	q.Approval = &caselog.ApprovalData{Mode: mode(len(a.Officers(act))), ContentDigest: about.Signed, By: list(a.Officers(act))}
	return []Draft{frozen(s.Key, a, q, body)}, nil
}

// takenBack says why officers take a request back: their code, and what the first of
// them wrote. A bank need not know why.
func takenBack(a *apply.Alert, party *policy.Party) string {
	code, why := "", ""
	for _, p := range a.Approvals {
		if p.Act == apply.ActWithdraw && party.Kind != "bank" {
			code, why = or(code, p.Code), or(why, p.Reason)
		}
	}
	if code != "" && why != "" {
		code += ": "
	}
	text := []rune(strings.TrimSpace(code + why))
	return or(string(text[:min(len(text), reasonLength)]), "The requesting authority takes the request back.")
}

// reasonLength bounds the reason of a withdrawal (FREEZE 2.1).
const reasonLength = 500

func mode(officers int) string { return []string{"none", "one", "two"}[min(officers, 2)] }
