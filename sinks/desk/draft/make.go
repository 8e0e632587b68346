package draft

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Draft is an event to be sealed and written.
type Draft = intake.Draft

// Make returns the events that an effect takes. A message that the policy does
// not let out becomes blocked: a task for people.
func (d *Maker) Make(ctx context.Context, s *apply.Subject, e apply.Effect) ([]Draft, error) {
	party := d.Book.Party(e.Alert.Party)
	if party == nil && e.Kind != apply.Order && e.Kind != apply.Erase {
		return nil, nil // the config has lost the party: the alert waits
	}
	out, err := d.drafts(ctx, s, e, party)
	var gate *policy.Gate
	if errors.As(err, &gate) {
		return []Draft{blocked(s.Key, e.Alert, gate)}, nil
	}
	if errors.Is(err, caselog.ErrErased) {
		return []Draft{blocked(s.Key, e.Alert, &policy.Gate{Field: "erased", Text: "personal data has been erased"})}, nil
	}
	if err != nil {
		err = fmt.Errorf("%s alert %s: %w", e.Kind, e.Alert.ID, err)
	}
	return out, err
}

func (d *Maker) drafts(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	switch e.Kind {
	case apply.Propose:
		return d.propose(ctx, s, e.Alert, party)
	case apply.Request, apply.Amend:
		return d.request(ctx, s, e.Alert, party, false)
	case apply.Void:
		return voids(s.Key, e.Alert), nil
	case apply.Confirm, apply.Withdraw:
		return d.note(s, e, party)
	case apply.Accept:
		return d.accepted(ctx, s, e.Alert, party)
	case apply.Instruct, apply.Lift, apply.Retract:
		return d.instruct(ctx, s, e)
	case apply.Relay:
		return d.relay(ctx, s, e)
	case apply.Erase:
		return []Draft{erased(s.Key, e.Alert)}, nil
	case apply.Answer:
		return d.answer(ctx, s, e.Alert, party)
	}
	return d.more(ctx, s, e, party)
}

// more makes the drafts of the machines that have a file of their own here.
func (d *Maker) more(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	for _, machine := range []func(context.Context, *apply.Subject, apply.Effect, *policy.Party) ([]Draft, bool, error){
		d.measureDrafts, d.recallDrafts, d.consentDrafts, d.inboundDrafts,
	} {
		if out, mine, err := machine(ctx, s, e, party); mine || err != nil {
			return out, err
		}
	}
	return nil, nil
}

// automatic reports whether a proposal may go out by itself: the agreement says
// so, and a rule with approval auto made a fit hit that is younger than max_age.
func (d *Maker) automatic(party *policy.Party, a *apply.Alert) bool {
	serves := func(p *apply.Parent) bool { return len(p.Needs) > 0 && !p.Recall }
	if !party.Auto(a.Asks) || slices.ContainsFunc(a.Parents, serves) { // an instruction for a partner never goes out by itself
		return false
	}
	oldest := d.Now().Add(-d.MaxAge).UnixMilli()
	return slices.ContainsFunc(a.Hits, func(h *apply.Hit) bool {
		return h.Sends() && (d.MaxAge == 0 || h.Record >= oldest)
	})
}

// Recheck looks again at an alert that a gate blocks, and returns the event that
// says what blocks it now, or that nothing does; none when all is as before.
func (d *Maker) Recheck(ctx context.Context, s *apply.Subject, a *apply.Alert) ([]Draft, error) {
	party := d.Book.Party(a.Party)
	if a.Blocked == "" || party == nil || a.Request() != nil || a.State != apply.Proposed && a.State != apply.Approved {
		return d.rerouted(ctx, s, a)
	}
	_, err := d.request(ctx, s, a, party, false)
	gate := &policy.Gate{}
	if errors.Is(err, caselog.ErrErased) || errors.As(err, &gate) && gate.Field == a.Blocked {
		return nil, nil
	}
	if err != nil && gate.Field == "" {
		return nil, fmt.Errorf("check alert %s again: %w", a.ID, err)
	}
	return []Draft{blocked(s.Key, a, gate)}, nil
}

// erased is the draft of erased; whoever writes it destroys the data keys first.
func erased(key caselog.Key, a *apply.Alert) Draft {
	return Draft{
		ID: hit.Text32("erased", a.ID, fmt.Sprint(a.At.Updated)), Key: key, Type: caselog.Erased, Trace: a.Trace, Alerts: true, Data: &caselog.ErasedData{AlertID: a.ID},
	}
}

func blocked(key caselog.Key, a *apply.Alert, gate *policy.Gate) Draft {
	return Draft{
		ID: hit.Text32("blocked", a.ID, gate.Field, a.Content(), fmt.Sprint(len(a.Messages), a.At.Updated)), Key: key, Type: caselog.Blocked, Alerts: true,
		Data: &caselog.BlockedData{AlertID: a.ID, Field: gate.Field, Text: gate.Text},
	}
}

// Overdue returns the event of a timer that ran out.
func Overdue(key caselog.Key, t apply.Timer) Draft {
	return Draft{
		ID: hit.Text32("overdue", t.Alert, t.Name, t.About, fmt.Sprint(t.Due)), Key: key, Type: caselog.Overdue, Alerts: true,
		Data: &caselog.OverdueData{AlertID: t.Alert, Timer: t.Name, About: t.About, Due: freeze.At(time.UnixMilli(t.Due)), End: endOf(t)},
	}
}

// Facts collects what is known about an alert.
func (d *Maker) Facts(ctx context.Context, a *apply.Alert) (policy.Facts, error) {
	f := policy.Facts{
		AlertID: a.ID, CaseID: a.CaseID, Sequence: a.NextSequence(), Environment: d.Environment, Urgency: a.Urgency,
		Asks: a.Asks, Offence: a.Offence, Basis: a.Basis, Mode: "two", Now: d.Now(), Until: a.Until(),
	}
	f.Recalls = recallsOf(a)
	for _, p := range a.Parents {
		if len(p.Needs) > 0 {
			f.Parents = append(f.Parents, p.Alert)
		}
	}
	for _, i := range a.Infos {
		f.Asked = append(f.Asked, i.Field) // what is told on request may be
	}
	parentage(&f, a)
	told := ""
	opened := map[string]*caselog.HitPersonal{}
	for _, i := range a.Items {
		personal := opened[i.Source.Personal]
		if personal == nil {
			personal = &caselog.HitPersonal{}
			if err := d.Open(ctx, i.Source.Personal, personal); err != nil {
				return f, err
			}
			opened[i.Source.Personal] = personal
			f.Subject = personal.Subject
			f.Proportionality = or(personal.Proportionality, f.Proportionality)
			if len(i.Reports) == 0 && len(i.Facts) > 0 {
				told = personal.Facts
			}
		}
		if i.Source.Index < len(personal.Payments) {
			p := intake.PaymentOf(i.ID, i.Hop, i.Amount, personal.Payments[i.Source.Index])
			if i.Hop > 0 {
				p.ParentItems = i.Parents
			}
			if now, ok := f.Recalls[i.ID]; ok {
				p.Recall = now
			}
			f.Payments = append(f.Payments, p)
		}
	}
	err := d.textFacts(ctx, a, &f)
	f.Facts = or(f.Facts, told)
	if err == nil {
		err = d.edited(ctx, a, &f)
	}
	return f, err
}

// textFacts adds the rule's typed facts, and the subject of an alert without
// payments.
func (d *Maker) textFacts(ctx context.Context, a *apply.Alert, f *policy.Facts) error {
	for _, h := range a.Hits {
		if h.Gone {
			continue
		}
		var personal caselog.HitPersonal
		if err := d.Open(ctx, h.Personal, &personal); err != nil {
			return err
		}
		if f.Subject.Account.ID == "" {
			f.Subject = personal.Subject
		}
		if f.Facts == "" {
			f.Facts = personal.Facts
		}
	}
	return nil
}

// queue fills message.queued from a message and its frozen body.
func (d *Maker) queue(a *apply.Alert, m freeze.Message, body []byte) *caselog.QueuedData {
	h := m.Head()
	q := &caselog.QueuedData{
		AlertID: a.ID, Episode: a.Episode, MessageID: h.MessageID, Sequence: h.Sequence, Type: h.Type, InReplyTo: h.InReplyTo,
		Party: a.Party, Lane: a.Urgency, Channels: list(d.ways(a)), Environment: d.Environment,
		Digest: freeze.DigestOf(body), Fold: apply.Version,
	}
	if q.Lane == "" {
		q.Lane = "normal"
	}
	return q
}

// ways are the channels of a message: those of the config, and by hand alone where the
// partner asked on paper and there is such a way.
func (d *Maker) ways(a *apply.Alert) []string {
	all := d.Channels[a.Party]
	if a.OnPaper() && slices.Contains(all, byHand) {
		return []string{byHand}
	}
	return all
}

// byHand is the channel on which people carry a message over.
const byHand = "manual"

// frozen is the draft of message.queued. Two owners that freeze different bodies
// under one id write two events; the first in log order is the message.
func frozen(key caselog.Key, a *apply.Alert, q *caselog.QueuedData, body []byte) Draft {
	return Draft{
		ID: hit.Text32("queued", q.MessageID, q.Digest.Value), Key: key, Type: caselog.MessageQueued, Trace: a.Trace, Alerts: true,
		Data: q, Personal: caselog.BodyPersonal{Body: string(body)}, Seal: func(p string) { q.Personal = p },
	}
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
