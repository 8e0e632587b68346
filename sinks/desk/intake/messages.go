package intake

import (
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// SubjectOf returns what the subject of a message is hashed by: the uid that the
// codecs derive for the same account in a report (an IBAN is one by itself, other
// accounts need their servicer), with the sub-account where it is known.
func SubjectOf(s freeze.Subject) string {
	uid := s.Account.ID
	switch s.Account.Scheme {
	case "iban":
	case "upi", "crypto":
		uid = s.Account.Scheme + "::" + part(uid)
	default:
		uid = s.Account.Scheme + ":" + bankOf(s.Servicer) + ":" + part(uid)
	}
	if s.Account.SubAccount != "" {
		uid += "#" + s.Account.SubAccount
	}
	return uid
}

func bankOf(s freeze.Servicer) string {
	if s.BIC != "" {
		return part(s.BIC[:min(8, len(s.BIC))])
	}
	tidy := strings.NewReplacer(" ", "", "-", "")
	return part(strings.ToUpper(tidy.Replace(s.ClearingSystem))) + "/" + part(strings.ToUpper(tidy.Replace(s.ClearingID)))
}

// part escapes what separates the parts of a uid.
func part(s string) string { return strings.NewReplacer("%", "%25", ":", "%3A").Replace(s) }

// Message returns the draft of a partner's message under a key.
func Message(root *caselog.Root, key caselog.Key, in delivery.Inbound, receipt []byte) Draft {
	body := caselog.BodyPersonal{Body: string(in.Body), Receipt: string(receipt)}
	draft := Draft{ID: root.Ref("inbound", in.Party, in.MessageID, in.Digest.Value), Key: key, Personal: body, Alerts: true}
	mark := markOf(in)
	switch m := in.Message.(type) {
	case *freeze.Receipt:
		d := receiptData(mark, m)
		draft.Type, draft.Data, draft.Seal = caselog.Receipt, d, func(p string) { d.Personal = p }
	case *freeze.Outcome:
		d := &caselog.OutcomeData{MessageMark: mark, OutcomeMark: OutcomeMark(root, m, freeze.Servicer{})}
		draft.Type, draft.Data, draft.Seal = caselog.Outcome, d, func(p string) { d.Personal = p }
	default:
		d := receivedData(root, mark, m)
		draft.Type, draft.Data, draft.Seal = caselog.Received, d, func(p string) { d.Personal = p }
	}
	return draft
}

func markOf(in delivery.Inbound) caselog.MessageMark {
	h := in.Message.Head()
	m := caselog.MessageMark{
		AlertID: h.AlertID, MessageID: in.MessageID, Sequence: h.Sequence, Type: in.Type, InReplyTo: h.InReplyTo, Party: in.Party,
		Channel: in.Channel, Environment: h.Environment, Digest: in.Digest, ReceivedAt: freeze.At(in.ReceivedAt),
	}
	if h.Case != nil {
		m.CaseID = h.Case.ID
	}
	return m
}

func receiptData(mark caselog.MessageMark, m *freeze.Receipt) *caselog.ReceiptData {
	d := &caselog.ReceiptData{
		MessageMark: mark, ReceiptOf: m.ReceiptOf, Of: m.Digest, Level: m.Level, At: m.At,
		Ref: m.RecipientRef, DuplicateOf: m.DuplicateOf, DecideBy: m.DecideBy,
	}
	if m.Reject != nil {
		d.Code, d.Field = m.Reject.Code, m.Reject.Field
	}
	return d
}

// OutcomeMark returns what Apply may know of an outcome. Free text of it stays
// sealed. left keeps the account that the money moved on from; the zero Servicer,
// where nobody knows it, leaves references that need it without a mark.
func OutcomeMark(root *caselog.Root, m *freeze.Outcome, left freeze.Servicer) caselog.OutcomeMark {
	o := caselog.OutcomeMark{OutcomeOf: m.OutcomeOf, AsOf: m.AsOf, Final: m.Final, Decision: m.Decision, Amounts: m.Amounts,
		Balanced: freeze.Balance(m, nil) == nil}
	if m.Refusal != nil {
		o.Refusal, o.ISO = m.Refusal.Code, m.Refusal.ISO
	}
	o.Holders = m.Disclosed != nil && len(m.Disclosed.Holders) > 0 || slices.ContainsFunc(m.Trail, func(h freeze.Hop) bool { return len(h.To.Holders) > 0 })
	if m.Pending != nil {
		o.ISO = m.Pending.ISO
	}
	for _, r := range m.Returns {
		o.Returns = append(o.Returns, caselog.ReturnMark{ItemID: r.ItemID, Money: r.Money, Costs: r.Costs, ISO: r.ReasonISO})
	}
	for _, x := range m.Measures {
		o.Measures = append(o.Measures, caselog.MeasureMark{
			MeasureID: x.MeasureID, AskID: x.AskID, Kind: x.Kind, State: x.State, Amount: x.Amount, InForceAt: x.InForceAt, ExpiresAt: x.ExpiresAt,
			AuthorityKind: x.Authority.Kind, Extendable: x.Extendable, ExtendBy: x.ExtendBy, ConvertNeed: x.Convert.Need, ConvertBy: x.Convert.By, EndsIfSilent: x.EndsIfSilent,
		})
	}
	o.Trail = TrailMarks(root, m.Trail, left)
	for _, n := range m.Needs {
		o.Needs = append(o.Needs, Field(root, n.Field))
	}
	for _, f := range m.Funds {
		f.Via, f.ToRef = "", ""
		o.Funds = append(o.Funds, f)
	}
	return o
}

func receivedData(root *caselog.Root, mark caselog.MessageMark, m freeze.Message) *caselog.ReceivedData {
	d := &caselog.ReceivedData{MessageMark: mark}
	r := RequestOf(m)
	if r == nil {
		noteOf(root, d, m)
		return d
	}
	d.Urgency, d.Provisional, d.ConfirmBy, d.Totals = r.Urgency, r.Provisional, r.ConfirmBy, r.Totals
	d.Offence, d.Decide = r.Legal.PredicateOffence.Code, &r.AnswerBy.Decide
	for _, a := range r.Asks {
		a.Note = ""
		d.Asks = append(d.Asks, a)
	}
	for _, p := range r.Payments {
		amount := p.Disputed
		d.Payments = append(d.Payments, caselog.PaymentMark{
			Amount: &amount, Hop: p.Hop, Item: p.ItemID, Refs: MarksOf(root, p),
		})
	}
	return d
}

// noteOf fills in what Apply may know of the messages that carry no request.
func noteOf(root *caselog.Root, d *caselog.ReceivedData, m freeze.Message) {
	switch m := m.(type) {
	case *freeze.Confirmation:
		d.Confirms = m.Confirms
	case *freeze.StatusRequest:
		d.Status = &caselog.StatusMark{About: m.About}
	case *freeze.ExtensionRequest:
		d.Extension = &caselog.ExtensionMark{MeasureID: m.MeasureID, Until: m.Until}
	case *freeze.LiftRequest:
		d.Lift = &caselog.LiftMark{MeasureID: m.MeasureID, Amount: m.Amount, Reason: m.Reason}
	case *freeze.ConsentRequest:
		d.Consent = &caselog.ConsentMark{Facts: m.FactIDs, To: m.To, Deadline: m.Deadline}
	case *freeze.ConsentResponse:
		d.Grant = &caselog.GrantMark{Granted: m.Granted, To: m.To}
	case *freeze.InfoResponse:
		d.Info = &caselog.InfoMark{}
		for _, a := range m.Answers {
			d.Info.Fields = append(d.Info.Fields, Field(root, a.Field))
		}
	case *freeze.Feedback:
		d.Feedback = &caselog.FeedbackMark{Useful: m.Useful, Recovered: m.Recovered, Prosecuted: m.Prosecuted}
	}
}

// MarksOf returns the marks of the references of a payment of a message.
func MarksOf(root *caselog.Root, p freeze.Payment) []string {
	return Marks(root, p.Refs, p.Debtor.Servicer, dateOf(p))
}

func dateOf(p freeze.Payment) string {
	if p.SettledOn != "" {
		return string(p.SettledOn)
	}
	return p.ExecutedAt.UTC().Format(time.DateOnly)
}

// RequestOf returns the request in a request or amendment, else nil.
func RequestOf(m freeze.Message) *freeze.Request {
	switch m := m.(type) {
	case *freeze.Request:
		return m
	case *freeze.Amendment:
		return &m.Request
	}
	return nil
}

// DetailOf returns the sealed part of a payment of a message.
func DetailOf(p freeze.Payment) caselog.PersonalDetail {
	return caselog.PersonalDetail{
		Refs: p.Refs, Instructed: p.Instructed, Settled: p.Settled, Credited: p.Credited, ExecutedAt: p.ExecutedAt, SettledOn: p.SettledOn,
		Rail: p.Rail, Authorisation: p.Authorisation, Debtor: p.Debtor, Remittance: p.Remittance, ComplaintRef: p.ComplaintRef, ReportedAt: p.ReportedAt,
	}
}

// PaymentOf returns a payment of a message, from what is sealed and what is not.
func PaymentOf(item string, hop uint8, disputed freeze.Money, d caselog.PersonalDetail) freeze.Payment {
	return freeze.Payment{
		ItemID: item, Hop: hop, Refs: d.Refs, Instructed: d.Instructed, Settled: d.Settled, Credited: d.Credited, Disputed: disputed,
		ExecutedAt: d.ExecutedAt, SettledOn: d.SettledOn, Rail: d.Rail, Authorisation: d.Authorisation, Debtor: d.Debtor,
		Remittance: d.Remittance, ComplaintRef: d.ComplaintRef, ReportedAt: d.ReportedAt, Recall: freeze.Recall{State: "none"},
	}
}
