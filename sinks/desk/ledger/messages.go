package ledger

import (
	"encoding/json"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// body opens a sealed message; one that is erased is empty.
func (m *Maker) body(personal string) string {
	var b caselog.BodyPersonal
	if personal == "" || m.Open(personal, &b) != nil {
		return ""
	}
	return b.Body
}

// request opens the partner's latest request of an inbound alert, or nil.
func (m *Maker) request(a *apply.Alert) *freeze.Request {
	for i := len(a.Inbox) - 1; i >= 0; i-- {
		if t := a.Inbox[i].Type; t == freeze.TypeRequest || t == freeze.TypeAmendment {
			if parsed, err := freeze.Parse([]byte(m.body(a.Inbox[i].Personal))); err == nil {
				return intake.RequestOf(parsed)
			}
		}
	}
	return nil
}

func (m *Maker) subjectOf(a *apply.Alert) (freeze.Subject, bool) {
	if a.Direction == caselog.In {
		if r := m.request(a); r != nil {
			return r.Subject, true
		}
		return freeze.Subject{}, false
	}
	sources := make([]string, 0, len(a.Items)+len(a.Hits))
	for _, i := range a.Items {
		sources = append(sources, i.Source.Personal)
	}
	for _, h := range a.Hits {
		sources = append(sources, h.Personal)
	}
	for _, s := range sources {
		var p caselog.HitPersonal
		if s != "" && m.Open(s, &p) == nil {
			return p.Subject, true
		}
	}
	return freeze.Subject{}, false
}

// detail opens what is sealed of an item.
func (x *step) detail(i *apply.Item) caselog.PersonalDetail {
	if x.a.Direction == caselog.In {
		if r := x.request(x.a); r != nil && i.Source.Index < len(r.Payments) {
			return intake.DetailOf(r.Payments[i.Source.Index])
		}
		return caselog.PersonalDetail{}
	}
	if from := i.Source.Personal; x.opened == nil || x.opened.from != from {
		x.opened = &opened{from: from}
		if x.Open(from, &x.opened.said) != nil {
			x.opened.said = caselog.HitPersonal{}
		}
	}
	if said := x.opened.said.Payments; i.Source.Index < len(said) {
		return said[i.Source.Index]
	}
	return caselog.PersonalDetail{}
}

func (x *step) delivery() {
	switch x.r.Type {
	case caselog.Attempt:
		var d caselog.AttemptData
		if json.Unmarshal(x.r.Data, &d) != nil {
			return
		}
		row := x.tried(d.MessageID, d.Channel, d.Number)
		row.StartedAt = x.r.Appended
		x.rows.Deliveries = append(x.rows.Deliveries, row)
		if d.Number > 1 {
			last := x.tried(d.MessageID, d.Channel, d.Number-1)
			last.StartedAt, last.Verdict, last.Reason = x.prior.attempted, "retry", d.After
			last.EndedAt = last.StartedAt + d.Elapsed
			last.Status, last.ElapsedMS = uint16(min(max(d.Status, 0), 999)), count(int(d.Elapsed)) //nolint:gosec // bounded
			x.rows.Deliveries = append(x.rows.Deliveries, last)
		}
	case caselog.Delivered, caselog.Exported, caselog.Published, caselog.GaveUp:
		var d caselog.DeliveredData
		if json.Unmarshal(x.r.Data, &d) != nil {
			return
		}
		row := x.tried(d.MessageID, d.Channel, d.Number)
		row.StartedAt, row.EndedAt, row.Verdict, row.Reason = x.prior.attempted, x.r.Appended, d.Verdict, d.Reason
		if x.r.Type == caselog.GaveUp {
			row.Verdict = "gave_up"
		}
		row.Status, row.ElapsedMS, row.PartnerFault = uint16(min(max(d.Status, 0), 999)), count(int(d.Elapsed)), d.Fault //nolint:gosec // bounded
		x.rows.Deliveries = append(x.rows.Deliveries, row)
	}
}

func (x *step) tried(message, channel string, n uint32) caselog.DeliveryRow {
	row := caselog.DeliveryRow{MessageID: message, AlertID: x.a.ID, Party: x.a.Party, Channel: channel, Attempt: n, Version: version(x.r)}
	if m := x.a.Message(message); m != nil {
		row.Type, row.ReceiptLevel = string(m.Type), string(m.Receipt)
	}
	return row
}

func (x *step) message() {
	var mark caselog.MessageMark
	switch x.r.Type {
	case caselog.MessageQueued:
		x.queued()
	case caselog.Receipt:
		var d caselog.ReceiptData
		if json.Unmarshal(x.r.Data, &d) == nil {
			x.inbound(d.MessageMark)
			x.receipted(d)
		}
	case caselog.Received, caselog.Outcome:
		if json.Unmarshal(x.r.Data, &mark) == nil {
			x.inbound(mark)
		}
	}
}

func (x *step) queued() {
	var d caselog.QueuedData
	if json.Unmarshal(x.r.Data, &d) != nil {
		return
	}
	x.rows.Messages = append(x.rows.Messages, x.ours(d))
}

func (x *step) ours(d caselog.QueuedData) caselog.MessageRow {
	row := caselog.MessageRow{
		MessageID: d.MessageID, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: caselog.Out, Party: d.Party, Type: string(d.Type), Sequence: d.Sequence,
		InReplyTo: d.InReplyTo, Environment: d.Environment, Lane: d.Lane, Provisional: d.Provisional, Digest: d.Digest.Value,
		Body: x.body(d.Personal), QueuedAt: x.r.Appended, Version: version(x.r),
	}
	if d.Approval != nil {
		row.ApprovalMode, row.ContentDigest, row.ApprovedBy = d.Approval.Mode, d.Approval.ContentDigest, d.Approval.By
	}
	return row
}

// receipted writes our message again, now with the level of its receipt.
func (x *step) receipted(d caselog.ReceiptData) {
	m := x.a.Message(d.ReceiptOf)
	if m == nil {
		return
	}
	row := x.ours(caselog.QueuedData{
		MessageID: m.ID, Sequence: m.Sequence, Type: m.Type, Party: x.a.Party, Environment: d.Environment, Lane: m.Lane, Provisional: m.Provisional,
		Digest: freeze.Digest{Value: m.Digest}, Personal: m.Personal, InReplyTo: m.InReplyTo,
		Approval: &caselog.ApprovalData{Mode: m.Mode, ContentDigest: m.Signed, By: m.By},
	})
	row.QueuedAt, row.ReceivedAt, row.ReceiptLevel = m.Queued, m.ReceiptAt, string(m.Receipt)
	x.rows.Messages = append(x.rows.Messages, row)
}

func (x *step) inbound(m caselog.MessageMark) {
	row := caselog.MessageRow{
		MessageID: m.MessageID, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: caselog.In, Party: m.Party, Type: string(m.Type), Sequence: m.Sequence,
		InReplyTo: m.InReplyTo, Environment: m.Environment, Channel: m.Channel, Digest: m.Digest.Value, ReceivedAt: m.ReceivedAt.UnixMilli(), Version: version(x.r),
	}
	if in := x.a.Inbound(m.MessageID); in != nil {
		row.Body = x.body(in.Personal)
	}
	x.rows.Messages = append(x.rows.Messages, row)
}

// outcome makes the rows of the money: of a partner's word on an alert of ours,
// and of our own word on an inbound one.
func (x *step) outcome() {
	var text, id string
	switch x.r.Type {
	case caselog.Outcome:
		var d caselog.OutcomeData
		if json.Unmarshal(x.r.Data, &d) != nil || x.a.OutcomeID != d.MessageID {
			return // an older word than the one that counts
		}
		text, id = x.body(d.Personal), d.MessageID
	case caselog.MessageQueued:
		var d caselog.QueuedData
		if json.Unmarshal(x.r.Data, &d) != nil || d.Type != freeze.TypeOutcome {
			return
		}
		text, id = x.body(d.Personal), d.MessageID
	default:
		return
	}
	m, err := freeze.Parse([]byte(text))
	if err != nil {
		return
	}
	if o, ok := m.(*freeze.Outcome); ok {
		x.funds(o, id)
	}
}

// funds writes the lines of an outcome, and takes back those of the one before
// that it no longer has.
func (x *step) funds(o *freeze.Outcome, id string) {
	line := map[string]uint32{}
	for _, f := range o.Funds {
		row := caselog.FundsRow{
			AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, OutcomeID: id, ItemID: f.ItemID, Line: line[f.ItemID],
			Disposition: f.Disposition, Money: money(&f.Money), At: millis(f.At), Via: f.Via, ToRef: f.ToRef, AsOf: o.AsOf.UnixMilli(), Current: true, Version: version(x.r),
		}
		for _, i := range x.a.Items {
			if i.ID == f.ItemID {
				row.PaymentKey = i.Key
			}
		}
		line[f.ItemID]++
		x.rows.Funds = append(x.rows.Funds, row)
	}
	if x.prior.outcome == nil {
		return
	}
	old := map[string]uint32{}
	for _, f := range x.prior.outcome.Funds {
		if n := old[f.ItemID]; n >= line[f.ItemID] {
			x.rows.Funds = append(x.rows.Funds, caselog.FundsRow{
				AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, OutcomeID: id, ItemID: f.ItemID, Line: n,
				Disposition: f.Disposition, Money: money(&f.Money), AsOf: o.AsOf.UnixMilli(), Version: version(x.r),
			})
		}
		old[f.ItemID]++
	}
}

func millis(t *freeze.Time) int64 {
	if t == nil || t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
