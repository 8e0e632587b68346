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

// Texts of officers that become members of a consent_request or consent_response, and
// what stands there without them.
const (
	textPurpose    = "purpose"
	textConditions = "conditions"
	textGround     = "ground"
	textText       = "text"
	textTo         = "to" // countries or parties, commas between them

	plainPurpose = "To ask for the money to be held where it went."
	plainGround  = "not_stated"
	plainRefusal = "The competent authority has decided not to consent."
	plainPart    = "Consent is given for the purpose and under the conditions stated, and for no more."
)

// consentDrafts makes the events of consent and the trail. It reports whether the
// effect is one of them.
func (d *Maker) consentDrafts(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) (out []Draft, mine bool, err error) {
	switch e.Kind {
	case apply.Follow:
		out, err = d.follow(ctx, s, e, party)
	case apply.Leave:
		out = d.leave(s, e)
	case apply.Echo:
		out = d.echo(s, e)
	case apply.AskConsent:
		out, err = d.askConsent(ctx, s, e, party)
	case apply.PassConsent:
		out, err = d.passConsent(ctx, s, e)
	case apply.AnswerConsent:
		out, err = d.answerConsent(ctx, s, e, party)
	default:
		return nil, false, nil
	}
	return out, true, err
}

// askConsent asks the partner about its facts on hops to one country.
func (d *Maker) askConsent(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	a, hops := e.Alert, e.Alert.Unasked(e.About)
	if len(hops) == 0 {
		return nil, nil
	}
	f := d.envelopeFacts(a)
	m := &freeze.ConsentRequest{
		Envelope: d.Book.Envelope(party, f, freeze.TypeConsentRequest, freeze.RequesterID(a.ID, f.Sequence)),
		To:       []string{e.About}, Purpose: or(party.Policy.Texts.IntendedUse, plainPurpose), Deadline: freeze.At(d.answerIn(a, f.Now)),
	}
	m.InReplyTo = hops[len(hops)-1].Outcome
	for _, h := range hops {
		m.FactIDs = append(m.FactIDs, h.ItemID)
		texts, err := d.texts(ctx, h.Purpose)
		if err != nil {
			return nil, err
		}
		m.Purpose = or(texts[textPurpose], m.Purpose)
	}
	q, err := d.filtered(a, m, party)
	if err != nil {
		return nil, err
	}
	q.data.Facts, q.data.To = m.FactIDs, m.To
	q.data.Approval = &caselog.ApprovalData{Mode: "none", By: []string{}}
	return []Draft{frozen(s.Key, a, q.data, q.body)}, nil
}

// answerIn is until when the partner is asked to answer (T9).
func (d *Maker) answerIn(a *apply.Alert, now time.Time) time.Time {
	if at := d.Book.After(a.Party, "T9", a.Urgency, now.UnixMilli()); at > 0 {
		return time.UnixMilli(at)
	}
	return now.Add(24 * time.Hour)
}

// envelopeFacts are the facts that an envelope of an alert needs.
func (d *Maker) envelopeFacts(a *apply.Alert) policy.Facts {
	return policy.Facts{AlertID: a.ID, CaseID: a.CaseID, Sequence: a.NextSequence(), Environment: d.Environment, Now: d.Now(), Limits: Limits(a)}
}

// letter is a message that the policy has let through, ready to be queued.
type letter struct {
	data *caselog.QueuedData
	body []byte
}

func (d *Maker) filtered(a *apply.Alert, m freeze.Message, party *policy.Party) (letter, error) {
	profile, err := party.Profile()
	if err != nil {
		return letter{}, err
	}
	body, err := profile.Filter(m)
	if err != nil {
		return letter{}, err
	}
	return letter{d.queue(a, m, body), body}, nil
}

// texts opens what an officer wrote.
func (d *Maker) texts(ctx context.Context, sealed string) (map[string]string, error) {
	var personal caselog.OfficerPersonal
	if sealed != "" {
		if err := d.Open(ctx, sealed, &personal); err != nil {
			return nil, err
		}
	}
	return personal.Texts, nil
}

// passConsent tells the child what the partner answered, and notes here that it
// knows.
func (d *Maker) passConsent(ctx context.Context, s *apply.Subject, e apply.Effect) ([]Draft, error) {
	a, h := e.Alert, e.Hop
	in := a.Inbound(h.Answer)
	if in == nil {
		return nil, fmt.Errorf("answer %s is not on the log", h.Answer)
	}
	var body caselog.BodyPersonal
	if err := d.Open(ctx, in.Personal, &body); err != nil {
		return nil, err
	}
	m, err := freeze.Parse([]byte(body.Body))
	if err != nil {
		return nil, err
	}
	r, ok := m.(*freeze.ConsentResponse)
	if !ok {
		return nil, fmt.Errorf("message %s is no consent_response", h.Answer)
	}
	kind := caselog.ConsentRefused
	if h.Consent == caselog.ConsentGranted {
		kind = caselog.ConsentGiven
	}
	told := &caselog.ConsentData{Parent: a.ID, ParentKey: s.Key, ItemID: h.ItemID, Message: h.Answer, Part: r.Granted == "part", Handling: r.Handling}
	note := &caselog.ConsentData{AlertID: a.ID, Parent: a.ID, ParentKey: s.Key, ItemID: h.ItemID, Message: h.Answer}
	id := hit.Text32("consent", string(h.ChildKey), a.ID, h.ItemID, h.Answer)
	return []Draft{
		{
			ID: id, Key: h.ChildKey, Type: kind, Trace: a.Trace, Alerts: true,
			Data: told, Personal: caselog.OfficerPersonal{Texts: wordsOf(r)}, Seal: func(p string) { told.Personal = p },
		},
		{ID: hit.Text32("consent passed", id), Key: s.Key, Type: kind, Trace: a.Trace, Alerts: true, Note: true, Data: note},
	}, nil
}

// wordsOf returns the partner's words with its answer.
func wordsOf(r *freeze.ConsentResponse) map[string]string {
	out := map[string]string{}
	put := func(name, text string) {
		if text != "" {
			out[name] = text
		}
	}
	put(textPurpose, r.Purpose)
	put(textConditions, r.Conditions)
	if r.Refusal != nil {
		put(textGround, r.Refusal.Ground)
		put(textText, r.Refusal.Text)
	}
	return out
}

// answerConsent tells the partner what two officers decided about the facts that it
// asks to use.
func (d *Maker) answerConsent(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	a, c := e.Alert, e.Alert.Consent(e.About)
	texts, err := d.texts(ctx, c.Texts)
	if err != nil {
		return nil, err
	}
	f := d.envelopeFacts(a)
	if r, _, err := d.Asked(ctx, a); err == nil && r.Case != nil {
		f.CaseID = r.Case.ID // the partner's
	}
	m := &freeze.ConsentResponse{
		Envelope: d.Book.Envelope(party, f, freeze.TypeConsentResponse, freeze.ResponderID(a.ID, f.Sequence)),
		Granted:  c.Code, Purpose: texts[textPurpose], Conditions: texts[textConditions],
	}
	m.InReplyTo = c.Message
	if c.Code != "none" {
		m.To = granted(c, texts[textTo])
	}
	if c.Code != "all" {
		text := plainRefusal
		if c.Code == "part" {
			text = plainPart
		}
		m.Refusal = &freeze.ConsentRefusal{Ground: or(texts[textGround], plainGround), Text: or(texts[textText], text)}
	}
	q, err := d.filtered(a, m, party)
	if err != nil {
		return nil, err
	}
	q.data.Approval = &caselog.ApprovalData{Mode: mode(len(c.By)), By: list(c.By)}
	return []Draft{frozen(s.Key, a, q.data, q.body)}, nil
}

// granted returns towards whom consent is given: all that was asked for, or those of
// it that officers named.
func granted(c *apply.Consent, named string) []string {
	if c.Code == "all" || named == "" {
		return c.To
	}
	var out []string
	for _, to := range strings.Split(named, ",") {
		if to = strings.TrimSpace(to); slices.Contains(c.To, to) && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	return out
}

// Limits returns how partners handed over what stands in the items of an alert: the
// strictest of it, nil when nothing of it is a partner's.
func Limits(a *apply.Alert) *freeze.Handling {
	var out *freeze.Handling
	for _, i := range a.Items {
		for _, x := range i.Usable() {
			out = policy.Strictest(out, x.Handling, x.Granted)
		}
	}
	return out
}

// onward says of the onward movements in our outcome what the partner may do with
// them, and who follows them: whoever our bank left them to.
func onward(party *policy.Party, trail []freeze.Hop) {
	for i := range trail {
		h := &trail[i]
		h.OnwardUse, h.ConsentRef = or(party.Policy.OnwardUse, "to_be_asked"), ""
		if h.HandledBy == "requester" { // of the bank: us
			h.HandledBy = "responder"
		}
	}
}
