package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/desk/paper"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/manual"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Paper is a request of a partner that came by no wire, as an officer typed it in.
type Paper struct {
	As string `json:"as,omitempty"` // the officer
	// Party is who asks; a message that names its sender need not say it again.
	Party string `json:"party,omitempty"`
	// How (a code: post, esw, i-24-7, e-mail), At (now without it) and Document
	// (SHA-256) prove how it came, when, and what it stands in.
	How      string       `json:"how"`
	At       *freeze.Time `json:"at,omitempty"`
	Document string       `json:"document"`
	From     string       `json:"from,omitempty"` // who handed it over, at most 140 characters; sealed on the log
	Reason   string       `json:"reason,omitempty"`
	// Unsigned says that it came on paper although the party signs what it sends by wire.
	Unsigned bool `json:"unsigned,omitempty"`
	// Message is the JSON text of a message of haltwire.freeze/1, or of the members of a
	// request that the document tells.
	Message string `json:"message"`
}

// validFor is how long a request on paper is taken to be valid that does not tell.
const validFor = 72 * time.Hour

// mostFrom bounds the text that tells who handed a document over.
const mostFrom = 140

// Receive opens or amends an inbound alert from what a partner asks on paper. The
// checks are those of a message from the wire; it returns when the event is folded.
func (d *Desk) Receive(ctx context.Context, p Paper) (View, error) {
	role, known := d.opt.Role(p.As)
	switch {
	case !known:
		return View{}, fmt.Errorf("%w: %q", ErrOfficer, p.As)
	case !role.Covers(caselog.RoleOfficer):
		return View{}, fmt.Errorf("%w: %s is %s: receive takes an officer", ErrRefused, p.As, role)
	}
	if err := d.checkPaper(&p); err != nil {
		return View{}, err
	}
	in, party, err := d.readPaper(p)
	if err != nil {
		return View{}, err
	}
	key, err := d.placePaper(ctx, in)
	if err != nil {
		return View{}, err
	}
	work, err := d.paperDraft(key, in, party, p, role)
	if err != nil {
		return View{}, err
	}
	verdicts, err := d.submit(ctx, []intake.Draft{work})
	if err != nil {
		return View{}, err
	}
	if v := verdicts[0]; !v.Applied {
		return View{}, fmt.Errorf("%w: %s", ErrRefused, cmp.Or(v.Reason, "this is taken in already"))
	}
	return d.viewed(ctx, key, in.Message.Head().AlertID)
}

// checkPaper says what is wrong with how a document came, or nothing.
func (d *Desk) checkPaper(p *Paper) error {
	proof := Action{How: p.How, At: p.At, Document: p.Document}
	if err := d.checkProof(&proof); err != nil {
		return err
	}
	p.At = proof.At
	switch {
	case p.How == "":
		return fmt.Errorf("%w: how: needed, a code of the way that it came: post, esw, i-24-7, e-mail", ErrRefused)
	case p.Document == "":
		return fmt.Errorf("%w: document: needed, the SHA-256 of what it stands in", ErrRefused)
	case utf8.RuneCountInString(p.From) > mostFrom || strings.ContainsFunc(p.From, func(r rune) bool { return r < ' ' }):
		return fmt.Errorf("%w: from: want at most %d characters in one line", ErrRefused, mostFrom)
	}
	return nil
}

// readPaper makes the message that was typed in, and finds its sender.
func (d *Desk) readPaper(p Paper) (delivery.Inbound, *policy.Party, error) {
	form, err := paper.Read([]byte(p.Message))
	if err != nil {
		return delivery.Inbound{}, nil, refusedForm(err)
	}
	party, err := d.asking(p, form)
	if err != nil {
		return delivery.Inbound{}, nil, err
	}
	if !form.Whole() {
		with, err := d.defaults(p, party, form)
		if err == nil {
			err = form.Fill(with)
		}
		if err != nil {
			return delivery.Inbound{}, nil, refusedForm(err)
		}
	}
	if err := plausible(form.Request(), d.opt.Now()); err != nil {
		return delivery.Inbound{}, nil, err
	}
	h := form.Message.Head()
	if wrong := delivery.Misplaced(h, d.opt.Book.Self.ID, d.opt.Environment); wrong != nil {
		return delivery.Inbound{}, nil, refusedAs(wrong)
	}
	return delivery.Inbound{
		Party: party.ID, Channel: manual.Channel, MessageID: h.MessageID, Type: h.Type, Body: form.Body, Digest: freeze.DigestOf(form.Body),
		Message: form.Message, ReceivedAt: d.opt.Now(),
	}, party, nil
}

func refusedAs(r *freeze.Reject) error {
	return fmt.Errorf("%w: %s: %s: %s", ErrRefused, r.Code, r.Field, r.Text)
}

// refusedForm makes what is wrong with a form a refusal that names code and member.
func refusedForm(err error) error {
	var invalid *freeze.Invalid
	switch {
	case errors.Is(err, ErrRefused), errors.Is(err, ErrNoAlert):
		return err
	case errors.As(err, &invalid):
		r := invalid.Reject()
		return refusedAs(&r)
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}

// asking returns the party that asks. What it signs by wire does not come on paper,
// unless the officer says so.
func (d *Desk) asking(p Paper, form *paper.Form) (*policy.Party, error) {
	named := form.Message.Head().Sender.PartyID
	if named != "" && p.Party != "" && named != p.Party {
		return nil, fmt.Errorf("%w: party: %s, and the message is of %s", ErrRefused, p.Party, named)
	}
	party := d.opt.Book.Party(cmp.Or(named, p.Party))
	if party == nil {
		return nil, fmt.Errorf("%w: party: %q is none of the config: want one of %s", ErrRefused, cmp.Or(named, p.Party), strings.Join(d.partyIDs(), ", "))
	}
	if party.Policy.Profile == "own_bank" {
		return nil, fmt.Errorf("%w: party: %s is a bank of ours, which nobody takes requests of in: what it reports is for a reporter; what it says of a measure, record", ErrRefused, party.ID)
	}
	if way := d.signs(party); way != "" && !p.Unsigned {
		return nil, fmt.Errorf("%w: unsigned: %s signs what it sends (%s): say that this came on paper all the same", ErrRefused, party.ID, way)
	}
	return party, nil
}

func (d *Desk) partyIDs() []string {
	var out []string
	for _, p := range d.opt.Book.Parties() {
		out = append(out, p.ID)
	}
	return out
}

// signs returns the way on which a party signs its messages, or "".
func (d *Desk) signs(p *policy.Party) string {
	for _, c := range d.opt.Channels[p.ID] {
		if c.Kind == "webhook" || c.Kind == "kafka" {
			return c.Kind
		}
	}
	if p.Keys.File != "" {
		return "keys"
	}
	return ""
}

// defaults are the members of the envelope, and the terms, of a form. An amendment
// names its alert and goes on with its sequence.
func (d *Desk) defaults(p Paper, party *policy.Party, form *paper.Form) (paper.Defaults, error) {
	r, at := form.Request(), p.At.UnixMilli()
	f := policy.Facts{Environment: d.opt.Environment, Now: d.opt.Now()}
	head := d.opt.Book.Envelope(party, f, freeze.TypeRequest, "")
	urgency := cmp.Or(r.Urgency, "normal")
	out := paper.Defaults{
		Environment: d.opt.Environment, Sequence: 1, At: p.At.Time, Sender: party.Party(), Recipient: d.opt.Book.Self.Party(), Handling: *head.Handling,
		AlertID:  d.opt.Root.PaperID(party.ID, p.Document, intake.SubjectOf(r.Subject)),
		ValidFor: validFor, Accept: time.UnixMilli(d.opt.Schedule.After(party.ID, "T3in", urgency, at)), Decide: time.UnixMilli(d.opt.Schedule.After(party.ID, "T4in", urgency, at)),
	}
	agreed, err := party.Profile()
	if err != nil {
		return out, fmt.Errorf("read the agreement with %s: %w", party.ID, err)
	}
	out.Regime = agreed.Regime
	if _, amends := form.Message.(*freeze.Amendment); !amends {
		if r.AlertID != "" {
			return out, fmt.Errorf("%w: alert_id: only an amendment names one (type amendment)", ErrRefused)
		}
		return out, nil
	}
	err = d.goesOn(&out, party, r.AlertID)
	return out, err
}

// goesOn fills in which alert an amendment is about, and its place in the row.
func (d *Desk) goesOn(out *paper.Defaults, party *policy.Party, alert string) error {
	key, id, err := d.locate(alert)
	switch {
	case err != nil:
		return err
	case key.Direction() != caselog.In || key.Party() != party.ID:
		return fmt.Errorf("%w: alert_id: %s is no request of %s", ErrRefused, id, party.ID)
	}
	a, err := d.copied(key, id)
	if err != nil {
		return err
	}
	out.AlertID = id
	for _, in := range a.Inbox {
		if in.Type == freeze.TypeRequest || in.Type == freeze.TypeAmendment {
			out.Supersedes = in.ID
		}
		out.Sequence = max(out.Sequence, in.Sequence+1)
	}
	return nil
}

// placePaper returns the key under which what was typed in goes on the log, if it is not
// there already.
func (d *Desk) placePaper(ctx context.Context, in delivery.Inbound) (caselog.Key, error) {
	key, ok, err := d.place(ctx, in)
	if err != nil {
		return "", err
	}
	known := false
	d.fold.with(key, func(s *apply.Subject) {
		if s != nil && s.Alert(in.Message.Head().AlertID) != nil {
			known = s.Alert(in.Message.Head().AlertID).Inbound(in.MessageID) != nil
		}
	})
	switch reject := d.misplaced(key, in); {
	case known:
		return "", fmt.Errorf("%w: this is taken in already, as %s", ErrRefused, in.MessageID)
	case reject != nil:
		return "", refusedAs(reject)
	case !ok:
		return "", fmt.Errorf("%w: alert_id: no request of %s under %s", ErrRefused, in.Party, in.Message.Head().AlertID)
	}
	return key, nil
}

// paperDraft makes the event. Its receipt is for the same message when it comes by wire
// later; on paper nobody gets one by machine.
func (d *Desk) paperDraft(key caselog.Key, in delivery.Inbound, party *policy.Party, p Paper, role caselog.Role) (intake.Draft, error) {
	receipt := delivery.NewReceipt(freeze.LevelReceived, in.MessageID, in.Digest, in.Message.Head(), d.opt.Book.Self.Party(), party.Party(), d.opt.Environment, d.opt.Now())
	jws, err := delivery.SealReceipt(d.opt.Key, receipt)
	if err != nil {
		return intake.Draft{}, fmt.Errorf("make receipt: %w", err)
	}
	work := intake.Message(d.opt.Root, key, in, jws)
	work.ID = hit.Text32("paper", in.MessageID, in.Digest.Value)
	if body, is := work.Personal.(caselog.BodyPersonal); is {
		body.From = p.From
		work.Personal = body
	}
	if data, is := work.Data.(*caselog.ReceivedData); is {
		data.Fold = apply.Version
		data.Manual = &caselog.ManualMark{
			By: p.As, Role: role, How: p.How, At: *p.At, Document: p.Document, Paper: true, Unsigned: p.Unsigned && d.signs(party) != "", Reason: p.Reason,
		}
	}
	return work, nil
}
