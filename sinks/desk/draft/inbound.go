package draft

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/policy"
)

// inboundDrafts makes the events of direction in, and of answers to questions. It reports whether the
// effect is one of them.
func (d *Maker) inboundDrafts(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) (out []Draft, mine bool, err error) {
	switch e.Kind {
	case apply.Match:
		return d.match(s, e.Alert), true, nil
	case apply.Reject:
		out, err = d.rejected(ctx, s, e.Alert, party)
	case apply.AskInfo:
		out, err = d.question(ctx, s, e.Alert, party)
	case apply.Inform:
		out, err = d.inform(ctx, s, e.Alert, party)
	case apply.GiveFeedback:
		out, err = d.feedback(ctx, s, e.Alert, party)
	default:
		return nil, false, nil
	}
	return out, true, err
}

// match says which other alerts are about the same account or payments.
func (d *Maker) match(s *apply.Subject, a *apply.Alert) []Draft {
	data := &caselog.MatchedData{AlertID: a.ID, Alerts: []caselog.Match{}}
	if d.Matches != nil {
		data.Alerts = append(data.Alerts, d.Matches(s.Key, a)...)
	}
	id := hit.Text32("matched", a.ID, fmt.Sprint(a.At.Updated), fmt.Sprint(len(a.Inbox)))
	return []Draft{{ID: id, Key: s.Key, Type: caselog.Matched, Trace: a.Trace, Alerts: true, Data: data}}
}

// rejected makes the receipt of a request that should not have come to us like this.
func (d *Maker) rejected(ctx context.Context, s *apply.Subject, a *apply.Alert, party *policy.Party) ([]Draft, error) {
	r, in, err := d.Asked(ctx, a)
	if err != nil {
		return nil, err
	}
	texts, err := d.actTexts(ctx, a, apply.ActRefuse)
	if err != nil {
		return nil, err
	}
	receipt := delivery.NewReceipt(freeze.LevelRejected, in.ID, freeze.Digest{Alg: "sha-256", Value: in.Digest}, &r.Envelope, d.Book.Self.Party(), party.Party(), d.Environment, d.Now())
	receipt.Reject = &freeze.Reject{Code: freeze.Code(a.Refusal), Field: texts["field"], Text: or(texts["text"], "The desk does not take the request up.")}
	jws, err := delivery.SealReceipt(d.Key, receipt)
	if err != nil {
		return nil, err
	}
	q := d.queue(a, receipt, jws)
	q.Level = freeze.LevelRejected
	q.Approval = &caselog.ApprovalData{Mode: mode(len(a.Officers(apply.ActRefuse))), ContentDigest: a.Content(), By: list(a.Officers(apply.ActRefuse))}
	return []Draft{frozen(s.Key, a, q, jws)}, nil
}

// actTexts opens what officers wrote with an act; of two that wrote, the later one counts.
func (d *Maker) actTexts(ctx context.Context, a *apply.Alert, act string) (map[string]string, error) {
	var personal string
	for _, p := range a.Approvals {
		if p.Act == act && p.Personal != "" {
			personal = p.Personal
		}
	}
	return d.texts(ctx, personal)
}

// needs lists what the officers asked with the message, and why.
func (d *Maker) needs(ctx context.Context, a *apply.Alert, message string) ([]freeze.Need, error) {
	var out []freeze.Need
	for _, i := range a.Infos {
		if i.Message != message || i.Given > 0 {
			continue
		}
		why, err := d.texts(ctx, i.Personal)
		if err != nil {
			return nil, err
		}
		out = append(out, freeze.Need{Field: i.Field, Why: or(why[i.Field], "needed to decide under our law")})
	}
	return out, nil
}

// question makes the outcome that tells the partner what we need to know.
func (d *Maker) question(ctx context.Context, s *apply.Subject, a *apply.Alert, party *policy.Party) ([]Draft, error) {
	o, r, err := d.outcome(ctx, a, party)
	if err != nil {
		return nil, err
	}
	o.Decision = "more_info"
	if o.Needs, err = d.needs(ctx, a, ""); err != nil {
		return nil, err
	}
	var by []string
	for _, i := range a.Infos {
		if i.Message != "" {
			continue
		}
		if !slices.Contains(by, i.By) {
			by = append(by, i.By)
		}
		if i.Code != "" {
			o.Refusal = &freeze.Refusal{Code: i.Code, Text: "Nothing can be done as long as this is not known."}
		}
	}
	return d.freezeOutcome(s, a, party, o, r.Subject.Servicer, by)
}

// outcome begins an outcome of ours: as of now, and later than the last one.
func (d *Maker) outcome(ctx context.Context, a *apply.Alert, party *policy.Party) (*freeze.Outcome, *freeze.Request, error) {
	r, in, err := d.Asked(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	f := policy.Facts{AlertID: a.ID, CaseID: r.Case.ID, Sequence: a.NextSequence(), Environment: d.Environment, Now: d.Now()}
	o := &freeze.Outcome{Envelope: d.Book.Envelope(party, f, freeze.TypeOutcome, freeze.ResponderID(a.ID, f.Sequence)), OutcomeOf: in.ID}
	o.InReplyTo, o.SenderRef, o.RecipientRef = in.ID, reference(a), r.SenderRef
	o.AsOf = freeze.At(d.Now())
	return o, r, nil
}

// freezeOutcome lets the policy filter an outcome and makes its event. The latest
// as_of wins at the partner, so that ours never goes back.
func (d *Maker) freezeOutcome(s *apply.Subject, a *apply.Alert, party *policy.Party, o *freeze.Outcome, at freeze.Servicer, by []string) ([]Draft, error) {
	if a.Told > 0 && o.AsOf.UnixMilli() <= a.Told {
		o.AsOf = freeze.At(time.UnixMilli(a.Told + 1))
	}
	if err := party.CheckAnswer(o); err != nil {
		return nil, err
	}
	profile, err := party.Profile()
	if err != nil {
		return nil, err
	}
	body, err := profile.Asking(a.Asks...).Filter(o)
	if err != nil {
		return nil, err
	}
	q := d.queue(a, o, body)
	mark := intake.OutcomeMark(d.Root, o, at)
	q.Outcome = &mark
	q.Approval = &caselog.ApprovalData{Mode: mode(len(by)), ContentDigest: a.Content(), By: list(by)}
	return []Draft{frozen(s.Key, a, q, body)}, nil
}

// inform makes the message that tells the partner what it asked.
func (d *Maker) inform(ctx context.Context, s *apply.Subject, a *apply.Alert, party *policy.Party) ([]Draft, error) {
	values, err := d.texts(ctx, a.Reply.Personal)
	if err != nil {
		return nil, err
	}
	m := &freeze.InfoResponse{Envelope: d.asker(a, party, freeze.TypeInfoResponse)}
	m.InReplyTo = a.Reply.To
	for _, field := range a.Reply.Fields {
		m.Answers = append(m.Answers, freeze.InfoAnswer{Field: field, Value: values[field]})
	}
	return d.freezeNote(s, a, party, m, a.Reply.By)
}

// feedback makes the message that tells the partner what its help was good for.
func (d *Maker) feedback(ctx context.Context, s *apply.Subject, a *apply.Alert, party *policy.Party) ([]Draft, error) {
	texts, err := d.texts(ctx, a.Praise.Personal)
	if err != nil {
		return nil, err
	}
	m := &freeze.Feedback{Envelope: d.asker(a, party, freeze.TypeFeedback), Useful: a.Praise.Useful, Recovered: a.Praise.Recovered}
	if p := texts["prosecuted"]; p != "" {
		prosecuted := p == "yes" || p == "true"
		m.Prosecuted = &prosecuted
	}
	return d.freezeNote(s, a, party, m, []string{a.Praise.By})
}

// asker is the envelope of a message of direction out that is no request.
func (d *Maker) asker(a *apply.Alert, party *policy.Party, t freeze.Type) freeze.Envelope {
	f := policy.Facts{AlertID: a.ID, CaseID: a.CaseID, Sequence: a.NextSequence(), Environment: d.Environment, Now: d.Now()}
	e := d.Book.Envelope(party, f, t, freeze.RequesterID(a.ID, f.Sequence))
	e.RecipientRef = a.PartnerRef
	if r := a.Request(); r != nil {
		e.InReplyTo = r.ID
	}
	return e
}

// freezeNote lets the policy filter a message that is no request and makes its event.
func (d *Maker) freezeNote(s *apply.Subject, a *apply.Alert, party *policy.Party, m freeze.Message, by []string) ([]Draft, error) {
	profile, err := party.Profile()
	if err != nil {
		return nil, err
	}
	body, err := profile.Filter(m)
	if err != nil {
		return nil, err
	}
	q := d.queue(a, m, body)
	q.Approval = &caselog.ApprovalData{Mode: mode(len(by)), ContentDigest: a.Content(), By: list(by)}
	return []Draft{frozen(s.Key, a, q, body)}, nil
}
