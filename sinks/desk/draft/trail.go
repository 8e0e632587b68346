package draft

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// follow tells the child alert of a hop what the partner found, and notes here which
// child that is, or that nobody can be asked about the account.
func (d *Maker) follow(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	a, h := e.Alert, e.Hop
	o, err := d.found(ctx, a, h)
	if err != nil {
		return nil, err
	}
	child := d.askedAbout(a, o.Trail[h.Index].To)
	note := &caselog.FollowedData{AlertID: a.ID, Mark: h.HopMark, Content: h.Mark, StateAt: stateAt(a), Fold: apply.Version}
	id := hit.Text32("followed", a.ID, h.ItemID, note.Content)
	noted := Draft{ID: hit.Text32("follow noted", id), Key: s.Key, Type: caselog.TrailFollowed, Trace: a.Trace, Alerts: true, Note: true, Data: note}
	if child == nil {
		note.Blocked = "route"
		noted.ID = hit.Text32("follow blocked", id, fmt.Sprint(a.At.Updated))
		return []Draft{noted}, nil
	}
	personal, err := d.hopPersonal(ctx, a, o, h.Index)
	if err != nil {
		return nil, err
	}
	note.To, note.ChildKey = child.ID, d.Root.Key(caselog.Out, child.ID, personal.UID)
	note.Consent = d.consentTo(party, child, h)
	told := &caselog.FollowedData{
		Parent: a.ID, ParentKey: s.Key, ChildKey: note.ChildKey, To: note.To, Mark: h.HopMark, Content: note.Content, Consent: note.Consent,
		Party: a.Party, Message: h.Outcome, Hop: a.Number(h), Root: a.Root(), CaseID: a.CaseID, Urgency: a.Urgency, Severity: a.Severity,
		Offence: a.Offence, Ask: list(a.Asks), Owners: a.Owners(), Handling: o.Handling, StateAt: stateAt(a),
		Decided: h.Decided, Fold: apply.Version,
	}
	return []Draft{
		{
			ID: id, Key: note.ChildKey, Type: caselog.TrailFollowed, Trace: a.Trace, Alerts: true,
			Data: told, Personal: personal, Seal: func(p string) { told.Personal = p },
		},
		noted,
	}, nil
}

// askedAbout returns the party that is asked about an account, or nil.
func (d *Maker) askedAbout(a *apply.Alert, to freeze.HopTo) *policy.Party {
	party, _ := d.Book.Route(hit.Subject{
		Country: to.AccountCountry, BIC: to.Servicer.BIC, ClearingSystem: to.Servicer.ClearingSystem, ClearingID: to.Servicer.ClearingID,
	}, a.Asks)
	return party
}

// rerouted returns the events that let hops be followed for which the config has a
// party now.
func (d *Maker) rerouted(ctx context.Context, s *apply.Subject, a *apply.Alert) ([]Draft, error) {
	var out []Draft
	for _, h := range a.Trail {
		if a.Direction != caselog.Out || h.Blocked == "" || h.Gone {
			continue
		}
		o, err := d.found(ctx, a, h)
		if errors.Is(err, caselog.ErrErased) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if d.askedAbout(a, o.Trail[h.Index].To) == nil {
			continue
		}
		out = append(out, Draft{
			ID: hit.Text32("follow unblocked", a.ID, h.ItemID, fmt.Sprint(a.At.Updated)), Key: s.Key, Type: caselog.TrailFollowed, Trace: a.Trace, Alerts: true,
			Data: &caselog.FollowedData{AlertID: a.ID, Mark: caselog.HopMark{ItemID: h.ItemID}},
		})
	}
	return out, nil
}

// consentTo says whether the partner has to consent before another party learns of a
// hop. It need not where it said so with the hop, where the other party is itself, or
// where it is a bank of ours, whose information is for us to use.
func (d *Maker) consentTo(party, child *policy.Party, h *apply.Hop) string {
	bank := party.Kind == "bank" && party.Country == d.Book.Self.Country
	if h.OnwardUse == "granted" || child.ID == party.ID || bank {
		return caselog.ConsentGranted
	}
	return caselog.ConsentNeeded
}

// found opens the outcome that tells of a hop.
func (d *Maker) found(ctx context.Context, a *apply.Alert, h *apply.Hop) (*freeze.Outcome, error) {
	o, err := d.opened(ctx, a.Sealed(h.Outcome))
	if err != nil {
		return nil, err
	}
	if o == nil || h.Index >= len(o.Trail) || o.Trail[h.Index].ItemID != h.ItemID {
		return nil, fmt.Errorf("message %s does not tell of %s", h.Outcome, h.ItemID)
	}
	return o, nil
}

// opened opens a sealed outcome, nil where something else is sealed.
func (d *Maker) opened(ctx context.Context, sealed string) (*freeze.Outcome, error) {
	if o, known := d.outcomes[sealed]; known {
		return o, nil
	}
	var body caselog.BodyPersonal
	if err := d.Open(ctx, sealed, &body); err != nil {
		return nil, err
	}
	m, err := freeze.Parse([]byte(body.Body))
	if err != nil {
		return nil, err
	}
	o, _ := m.(*freeze.Outcome)
	if d.outcomes != nil {
		d.outcomes[sealed] = o
	}
	return o, nil
}

// hopPersonal makes of a hop what a report of ours would tell: the account that the
// money went to, and one payment. Nobody is named, at neither end.
func (d *Maker) hopPersonal(ctx context.Context, a *apply.Alert, o *freeze.Outcome, index int) (*caselog.HopPersonal, error) {
	f, err := d.Facts(ctx, a)
	if err != nil {
		return nil, err
	}
	h := o.Trail[index]
	subject := freeze.Subject{Account: h.To.Account, Servicer: h.To.Servicer, AccountCountry: h.To.AccountCountry}
	subject.Account.Name = ""
	from := f.Subject.Account
	for _, before := range o.Trail {
		if before.ItemID != h.ItemID && slices.Contains(h.ParentItems, before.ItemID) {
			from = before.To.Account
		}
	}
	from.Name = ""
	arrived := h.Money
	if h.Credited != nil {
		arrived = *h.Credited
	}
	out := &caselog.HopPersonal{ConsentRef: h.ConsentRef}
	out.UID, out.Subject, out.Facts = intake.SubjectOf(subject), subject, f.Facts
	out.Payments = []caselog.PersonalDetail{{
		Refs: h.Refs, Instructed: &h.Money, Credited: &arrived, ExecutedAt: h.ExecutedAt, Rail: "other", Authorisation: "unknown",
		Debtor: freeze.Debtor{Account: &from, Servicer: intake.Left(o.Trail, index, f.Subject.Servicer), Kind: "unknown"}, ReportedAt: o.AsOf,
	}}
	return out, nil
}

// echo tells the parent which alert the child is, and whether reports of ours prove
// the hop, and notes here that it knows.
func (d *Maker) echo(s *apply.Subject, e apply.Effect) []Draft {
	x := e.Fact
	up := &caselog.FollowedData{AlertID: x.Parent, ChildKey: s.Key, Child: e.Alert.ID, Own: e.Own, Mark: caselog.HopMark{ItemID: x.Item}, Fold: apply.Version}
	note := &caselog.FollowedData{AlertID: e.Alert.ID, Parent: x.Parent, ParentKey: x.ParentKey, Own: e.Own, Mark: caselog.HopMark{ItemID: x.Item}}
	id := hit.Text32("echo", x.Parent, x.Item, e.Alert.ID, fmt.Sprint(e.Own))
	return []Draft{
		{ID: id, Key: x.ParentKey, Type: caselog.TrailFollowed, Trace: e.Alert.Trace, Alerts: true, Data: up},
		{ID: hit.Text32("echoed", id), Key: s.Key, Type: caselog.TrailFollowed, Trace: e.Alert.Trace, Alerts: true, Note: true, Data: note},
	}
}

// leave tells an alert that was told of a hop that it leads to another account now, and
// notes here that it knows.
func (d *Maker) leave(s *apply.Subject, e apply.Effect) []Draft {
	a, h := e.Alert, e.Hop
	off := &caselog.FollowedData{
		Parent: a.ID, ParentKey: s.Key, ChildKey: e.Child, Mark: caselog.HopMark{ItemID: h.ItemID}, Party: a.Party, Moved: true, StateAt: stateAt(a), Fold: apply.Version,
	}
	note := &caselog.FollowedData{AlertID: a.ID, ChildKey: e.Child, Mark: caselog.HopMark{ItemID: h.ItemID}, Moved: true, StateAt: stateAt(a), Fold: apply.Version}
	id := hit.Text32("left", a.ID, h.ItemID, string(e.Child), fmt.Sprint(a.At.Updated))
	return []Draft{
		{ID: id, Key: e.Child, Type: caselog.TrailFollowed, Trace: a.Trace, Alerts: true, Data: off},
		{ID: hit.Text32("left noted", id), Key: s.Key, Type: caselog.TrailFollowed, Trace: a.Trace, Alerts: true, Note: true, Data: note},
	}
}

// parentage says whose alerts an alert continues, and how partners handed over what
// it says of it. A parent is named where every hop of the request says what it
// continues.
func parentage(f *policy.Facts, a *apply.Alert) {
	f.Limits = Limits(a)
	var parents []string
	root := ""
	for _, i := range a.Items {
		if i.Hop > 0 && len(i.Parents) == 0 {
			return
		}
		for _, x := range i.Usable() {
			if !slices.Contains(parents, x.Parent) {
				parents, root = append(parents, x.Parent), x.Root
			}
		}
	}
	if len(parents) == 1 {
		f.ParentAlert, f.RootAlert = parents[0], root
		return
	}
	f.Parents = append(f.Parents, parents...)
}
