package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/manual"
)

// checkProof says what is wrong with how something was carried over, or nothing. At
// stands for now where it is missing.
func (d *Desk) checkProof(a *Action) error {
	if !regexp.MustCompile(`^[a-z0-9_.-]{0,32}$`).MatchString(a.How) {
		return fmt.Errorf("%w: how: want a code of at most 32 characters, as portal, fax, telephone", ErrRefused)
	}
	if !regexp.MustCompile(`^([0-9a-f]{64})?$`).MatchString(a.Document) {
		return fmt.Errorf("%w: document: want a SHA-256 in hexadecimal", ErrRefused)
	}
	now := freeze.At(d.opt.Now())
	if a.At == nil {
		a.At = &now
	}
	if a.At.After(now.Time) {
		return fmt.Errorf("%w: at: lies in the future", ErrRefused)
	}
	return nil
}

// record writes what a partner said outside the wire, or that a second officer
// confirms it. From there it goes the way of every word of a partner.
func (d *Desk) record(ctx context.Context, key caselog.Key, id string, role caselog.Role, action Action) error {
	if err := d.checkProof(&action); err != nil {
		return err
	}
	a, err := d.copied(key, id)
	if err != nil {
		return err
	}
	by := &caselog.ManualMark{By: action.As, Role: role, How: action.How, At: *action.At, Document: action.Document}
	mark := fmt.Sprintf("%s-M%03d", a.ID, recordedOf(a)+1)
	var m freeze.Message
	var body []byte
	if w := a.Word(action.About); w != nil && action.Code == "" {
		mark, by = w.ID, &w.Manual
		by.By, by.Role = action.As, role
		m, body, err = d.waiting(ctx, w)
	} else {
		m, body, err = d.typed(ctx, a, action)
	}
	if err != nil {
		return err
	}
	in := delivery.Inbound{
		Party: a.Party, Channel: manual.Channel, MessageID: mark, Type: m.Head().Type, Body: body, Digest: freeze.DigestOf(body), Message: m, ReceivedAt: d.opt.Now(),
	}
	work := intake.Message(d.opt.Root, key, in, nil)
	work.ID = hit.Text32("record", mark, in.Digest.Value, action.As)
	if err := d.mark(ctx, key, in, work, by); err != nil {
		return err
	}
	verdicts, err := d.submit(ctx, []intake.Draft{work})
	if err != nil {
		return err
	}
	if v := verdicts[0]; !v.Applied {
		return fmt.Errorf("%w: %s", ErrRefused, cmp.Or(v.Reason, "this is recorded already"))
	}
	return nil
}

// mark says on a draft who typed it in. It has no sequence: that is the partner's.
func (d *Desk) mark(ctx context.Context, key caselog.Key, in delivery.Inbound, work intake.Draft, by *caselog.ManualMark) error {
	switch data := work.Data.(type) {
	case *caselog.ReceiptData:
		data.Sequence, data.Manual = 0, by
	case *caselog.OutcomeData:
		data.Sequence, data.Manual = 0, by
		return d.compare(ctx, key, in, data)
	case *caselog.ReceivedData:
		data.Sequence, data.Manual, data.Fold = 0, by, apply.Version
	}
	return nil
}

// recordedOf counts the words that officers recorded of an alert.
func recordedOf(a *apply.Alert) int {
	n := len(a.Words)
	for _, in := range a.Inbox {
		if strings.HasPrefix(in.ID, a.ID+"-M") {
			n++
		}
	}
	return n
}

// waiting reads a recorded word that waits for its second officer.
func (d *Desk) waiting(ctx context.Context, w *apply.Word) (freeze.Message, []byte, error) {
	var body caselog.BodyPersonal
	if err := d.open(ctx, w.Personal, &body); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", w.ID, err)
	}
	m, err := freeze.Parse([]byte(body.Body))
	return m, []byte(body.Body), err
}

// typed makes the message that an officer typed in: a receipt from the action's code
// and texts, anything else from the members in the text "message".
func (d *Desk) typed(ctx context.Context, a *apply.Alert, action Action) (freeze.Message, []byte, error) {
	if t := freeze.Type(action.Code); a.Direction == caselog.In && (t == freeze.TypeRequest || t == freeze.TypeAmendment) {
		return nil, nil, fmt.Errorf("%w: code: what a partner asks on paper is taken in by receive, an amendment with type and alert_id in the form", ErrRefused)
	}
	about, err := aboutOf(a, action.About)
	if err != nil {
		return nil, nil, err
	}
	head := d.headOf(ctx, a, about, action)
	var m freeze.Message
	switch level := freeze.Level(action.Code); level {
	case freeze.LevelReceived, freeze.LevelAccepted, freeze.LevelRejected:
		m = d.receiptOf(head, about, level, action)
	default:
		if m, err = d.members(head, about, action); err != nil {
			return nil, nil, err
		}
	}
	body, err := freeze.Encode(m)
	if err == nil {
		m, err = freeze.Parse(body)
	}
	var invalid *freeze.Invalid
	if errors.As(err, &invalid) {
		return nil, nil, fmt.Errorf("%w: %s", ErrRefused, invalid.Error())
	}
	return m, body, err
}

// aboutOf returns the message of ours that a word is about: the named one, else the
// last request or answer.
func aboutOf(a *apply.Alert, id string) (*apply.Message, error) {
	if id != "" {
		if m := a.Message(id); m != nil {
			return m, nil
		}
		return nil, fmt.Errorf("%w: about: no message of ours under %s", ErrRefused, id)
	}
	if m := a.Request(); m != nil {
		return m, nil
	}
	if n := len(a.Messages); n > 0 {
		return a.Messages[n-1], nil
	}
	if a.Direction == caselog.In { // which the partner may take back before we have said anything
		return &apply.Message{}, nil
	}
	return nil, fmt.Errorf("%w: nothing has gone to %s yet", ErrRefused, a.Party)
}

// headOf makes the envelope of a word: case and handling are those of the message that
// it is about.
func (d *Desk) headOf(ctx context.Context, a *apply.Alert, about *apply.Message, action Action) freeze.Envelope {
	n := uint32(recordedOf(a) + 1) //nolint:gosec // a handful
	e := freeze.Envelope{
		Schema: freeze.Schema1, Environment: a.Environment, AlertID: a.ID, Sequence: n, InReplyTo: about.ID, CreatedAt: *action.At,
		Recipient: d.opt.Book.Self.Party(), Case: &freeze.Case{ID: a.CaseID}, MessageID: freeze.ResponderID(a.ID, n),
	}
	if a.Direction == caselog.In {
		e.MessageID = freeze.RequesterID(a.ID, n)
	}
	if p := d.opt.Book.Party(a.Party); p != nil {
		e.Sender = p.Party()
	}
	if r, _, err := d.maker.Asked(ctx, a); a.Direction == caselog.In && err == nil {
		e.Case, e.Handling = r.Case, r.Handling
		return e
	}
	var body caselog.BodyPersonal
	if d.open(ctx, about.Personal, &body) == nil {
		if m, err := freeze.Parse([]byte(body.Body)); err == nil {
			e.Case, e.Handling = m.Head().Case, m.Head().Handling
		}
	}
	return e
}

func (d *Desk) receiptOf(e freeze.Envelope, about *apply.Message, level freeze.Level, action Action) freeze.Message {
	e.Type, e.MessageID, e.Sequence, e.RecipientRef = freeze.TypeReceipt, freeze.ReceiptID(about.ID, level), 0, action.Texts["ref"]
	r := &freeze.Receipt{
		Envelope: e, ReceiptOf: about.ID, Digest: freeze.Digest{Alg: "sha-256", Value: about.Digest}, Level: level, At: *action.At,
		DecideBy: action.Until, DuplicateOf: action.Texts["duplicate_of"],
	}
	if level == freeze.LevelRejected {
		r.Reject = &freeze.Reject{Code: freeze.Code(action.Texts["code"]), Field: action.Texts["field"], Text: cmp.Or(action.Texts["text"], action.Reason)}
	}
	if level == freeze.LevelAccepted {
		d.taken(r, about, action)
	}
	return r
}

// taken fills in what goes with an acceptance: whom to call, and by when they decide,
// which is what the agreement says where they did not tell.
func (d *Desk) taken(r *freeze.Receipt, about *apply.Message, action Action) {
	c := freeze.Contact{Desk: action.Texts["desk"], Phone: action.Texts["phone"], Email: action.Texts["email"]}
	if p := d.opt.Book.Party(r.Sender.PartyID); p != nil {
		c.Desk, c.Phone, c.Email = cmp.Or(c.Desk, p.Contact.Desk, p.Name), cmp.Or(c.Phone, p.Contact.Phone), cmp.Or(c.Email, p.Contact.Email)
	}
	r.DeskContact = &c
	if due := d.opt.Schedule.After(r.Sender.PartyID, "T4", about.Lane, action.At.UnixMilli()); r.DecideBy == nil && due > 0 {
		at := freeze.At(time.UnixMilli(due))
		r.DecideBy = &at
	}
}

// members makes a message of the type in the action's code from the members that the
// officer typed in. The envelope is ours to make.
func (d *Desk) members(e freeze.Envelope, about *apply.Message, action Action) (freeze.Message, error) {
	e.Type = freeze.Type(action.Code)
	m := freeze.New(e.Type)
	if m == nil || e.Type == freeze.TypeReceipt {
		return nil, fmt.Errorf("%w: code: want received, accepted, rejected, or the type of a message: outcome, consent_response, …", ErrRefused)
	}
	var typed map[string]json.RawMessage
	if err := json.Unmarshal([]byte(action.Texts["message"]), &typed); err != nil {
		return nil, fmt.Errorf("%w: message: want a JSON object with the members of %s", ErrRefused, e.Type)
	}
	for _, ours := range []string{"schema", "environment", "message_id", "alert_id", "sequence", "sender", "recipient"} {
		delete(typed, ours)
	}
	text, err := json.Marshal(typed)
	if err == nil {
		err = json.Unmarshal(text, m)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: message: %w", ErrRefused, err)
	}
	fill(m.Head(), e)
	if o, ok := m.(*freeze.Outcome); ok {
		if o.OutcomeOf == "" {
			o.OutcomeOf = about.ID
		}
		if o.AsOf.IsZero() {
			o.AsOf = *action.At
		}
		if len(o.Amounts) == 0 && !slices.Contains([]string{"pending", "more_info"}, o.Decision) {
			o.Amounts = freeze.AmountsOf(o.Funds)
		}
	}
	return m, nil
}

// fill completes an envelope.
func fill(h *freeze.Envelope, e freeze.Envelope) {
	h.Schema, h.Type, h.Environment, h.MessageID, h.AlertID, h.Sequence = e.Schema, e.Type, e.Environment, e.MessageID, e.AlertID, e.Sequence
	h.Sender, h.Recipient = e.Sender, e.Recipient
	if h.CreatedAt.IsZero() {
		h.CreatedAt = e.CreatedAt
	}
	if h.InReplyTo == "" {
		h.InReplyTo = e.InReplyTo
	}
	if h.Case == nil {
		h.Case = e.Case
	}
	if h.Handling == nil {
		h.Handling = e.Handling
	}
}
