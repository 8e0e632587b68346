package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// errNotReady is passing: Start has not returned yet, or Stop was called.
var errNotReady = errors.New("the case log is not read")

// Lookup implements delivery.Desk.
func (d *Desk) Lookup(ctx context.Context, party, messageID string) (delivery.Known, bool, error) {
	if !d.Ready() {
		return delivery.Known{}, false, errNotReady
	}
	key, ok := d.keyOf(party, messageID)
	if !ok {
		return delivery.Known{}, false, nil
	}
	return d.known(ctx, key, messageID)
}

// keyOf finds the alert that a message id of a partner belongs to. A requester's
// message is about an alert inbound to us, a responder's about one of ours; a
// receipt has the side of the message that it is for, which we wrote.
func (d *Desk) keyOf(party, messageID string) (caselog.Key, bool) {
	id, ok := freeze.ParseID(messageID)
	if !ok {
		return "", false
	}
	direction := caselog.In
	if (id.Side == 'A') == (id.Receipt == 0) {
		direction = caselog.Out
	}
	return d.fold.find(direction, party, id.AlertID)
}

func (d *Desk) known(ctx context.Context, key caselog.Key, messageID string) (delivery.Known, bool, error) {
	var in *apply.Inbound
	d.fold.with(key, func(s *apply.Subject) {
		id, _ := freeze.ParseID(messageID)
		if s == nil || s.Alert(id.AlertID) == nil {
			return
		}
		if x := s.Alert(id.AlertID).Inbound(messageID); x != nil {
			copied := *x
			in = &copied
		}
	})
	if in == nil {
		return delivery.Known{}, false, nil
	}
	known := delivery.Known{Digest: freeze.Digest{Alg: "sha-256", Value: in.Digest}}
	if in.Type == freeze.TypeReceipt {
		return known, true, nil
	}
	var body caselog.BodyPersonal
	if err := d.open(ctx, in.Personal, &body); err != nil {
		return known, false, fmt.Errorf("read the receipt of %s: %w", messageID, err)
	}
	known.Answer = delivery.Answer{JWS: []byte(body.Receipt)}
	return known, true, nil
}

// Accept implements delivery.Desk: the message is on the case log, with its
// receipt, and folded when it returns.
func (d *Desk) Accept(ctx context.Context, in delivery.Inbound) (delivery.Answer, error) {
	if !d.Ready() {
		return delivery.Answer{}, errNotReady
	}
	key, ok, err := d.place(ctx, in)
	if err != nil {
		return delivery.Answer{}, err
	}
	if !ok {
		return d.unknown(ctx, in)
	}
	if known, found, err := d.known(ctx, key, in.MessageID); err != nil || found {
		if err == nil && known.Digest != in.Digest {
			err = delivery.ErrConflict
		}
		return known.Answer, err
	}
	if reject := d.misplaced(key, in); reject != nil && in.Reject != nil {
		jws, err := in.Reject(*reject)
		return delivery.Answer{JWS: jws, Rejected: true}, err
	}
	draft := intake.Message(d.opt.Root, key, in, in.Receipt)
	if data, ok := draft.Data.(*caselog.ReceivedData); ok {
		data.Fold = apply.Version
	}
	if data, ok := draft.Data.(*caselog.OutcomeData); ok {
		if err := d.compare(ctx, key, in, data); err != nil {
			return delivery.Answer{}, err
		}
	}
	verdicts, err := d.submit(ctx, []intake.Draft{draft})
	if err != nil {
		return delivery.Answer{}, err
	}
	return d.judge(ctx, key, in, verdicts[0])
}

func (d *Desk) judge(ctx context.Context, key caselog.Key, in delivery.Inbound, v apply.Verdict) (delivery.Answer, error) {
	if v.Applied || v.Repeat {
		known, found, err := d.known(ctx, key, in.MessageID)
		if err == nil && found && known.Digest != in.Digest {
			err = delivery.ErrConflict
		}
		return known.Answer, err
	}
	known, found, err := d.known(ctx, key, in.MessageID)
	switch {
	case err != nil:
		return delivery.Answer{}, err
	case found && known.Digest != in.Digest:
		return delivery.Answer{}, delivery.ErrConflict
	}
	return d.unknown(ctx, in)
}

// misplaced says why a request or amendment cannot be of the alert that it names: the id
// is that of an alert of somebody else, or the account is not the alert's. A sub-account
// may be told later, and narrows it.
func (d *Desk) misplaced(key caselog.Key, in delivery.Inbound) *freeze.Reject {
	r := intake.RequestOf(in.Message)
	if r == nil {
		return nil
	}
	for _, e := range d.fold.index.Begins(r.AlertID) {
		if e.Key.Direction() != caselog.In || e.Key.Party() != in.Party {
			return &freeze.Reject{Code: freeze.CodeSchema, Field: "alert_id", Text: "this id is taken: the id of an alert is its sender's own, made by chance or by a keyed hash"}
		}
	}
	whole := r.Subject
	whole.Account.SubAccount = ""
	for _, s := range []freeze.Subject{r.Subject, whole} {
		if d.opt.Root.Key(caselog.In, in.Party, intake.SubjectOf(s)) == key {
			return nil
		}
	}
	return &freeze.Reject{Code: freeze.CodeSchema, Field: "subject.account", Text: "an alert is about one account: withdraw it and ask about the other in an alert of its own"}
}

// place returns the key under which the message goes on the log. Before a
// message counts as about an unknown alert, the log is folded to its end as of
// now.
func (d *Desk) place(ctx context.Context, in delivery.Inbound) (caselog.Key, bool, error) {
	if key, ok := d.keyOf(in.Party, in.MessageID); ok {
		return key, true, nil
	}
	r := intake.RequestOf(in.Message)
	if _, first := in.Message.(*freeze.Request); first {
		return d.opt.Root.Key(caselog.In, in.Party, intake.SubjectOf(r.Subject)), true, nil
	}
	if err := d.cases.Sync(ctx, d.fold.all()...); err != nil {
		return "", false, err
	}
	key, ok := d.keyOf(in.Party, in.MessageID)
	if !ok && r != nil { // an amendment says all: its request was rejected, or comes later
		return d.opt.Root.Key(caselog.In, in.Party, intake.SubjectOf(r.Subject)), true, nil
	}
	return key, ok, nil
}

// unknown answers a message about an alert that we do not have.
func (d *Desk) unknown(ctx context.Context, in delivery.Inbound) (delivery.Answer, error) {
	d.opt.Log.WarnContext(ctx, "message about an unknown alert", telemetry.Party, in.Party, telemetry.Message, in.MessageID)
	if in.Reject == nil {
		return delivery.Answer{}, nil
	}
	jws, err := in.Reject(freeze.Reject{Code: freeze.CodeUnknownAlert, Field: "alert_id", Text: "no such alert is known here"})
	if err != nil {
		return delivery.Answer{}, err
	}
	return delivery.Answer{JWS: jws, Rejected: true}, nil
}
