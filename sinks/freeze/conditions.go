package freeze

import (
	"fmt"
	"slices"
)

// Validate checks the form of every member and the conditions between members
// (FREEZE 2.0 to 2.3). The error is an *Invalid with every problem found.
func Validate(m Message) error {
	c := &conditions{}
	for _, p := range messages.Check(m, string(m.Head().Type)) {
		c.add(CodeSchema, p.Field, "%s", p.Text)
	}
	if len(c.problems) == 0 { // conditions may then rely on the form
		c.envelope(m.Head())
		c.body(m)
	}
	if len(c.problems) > 0 {
		return &Invalid{Problems: c.problems}
	}
	return nil
}

type conditions struct{ problems []Problem }

func (c *conditions) add(code Code, field, format string, args ...any) {
	c.problems = append(c.problems, Problem{Code: code, Field: field, Text: fmt.Sprintf(format, args...)})
}

// want reports a schema problem unless ok.
func (c *conditions) want(ok bool, field, format string, args ...any) {
	if !ok {
		c.add(CodeSchema, field, format, args...)
	}
}

func (c *conditions) body(m Message) {
	switch m := m.(type) {
	case *Request:
		c.is(&m.Envelope, TypeRequest)
		c.request(m)
	case *Amendment:
		c.is(&m.Envelope, TypeAmendment)
		c.request(&m.Request)
	case *Receipt:
		c.is(&m.Envelope, TypeReceipt)
		c.receipt(m)
	case *Outcome:
		c.is(&m.Envelope, TypeOutcome)
		c.outcome(m)
	case *ConsentResponse:
		c.is(&m.Envelope, TypeConsentResponse)
		c.want(m.Granted == "all" || m.Refusal != nil, "refusal", "needed unless all is granted")
		c.want(m.Granted == "none" || len(m.To) > 0, "to", "needed when consent is granted")
	default:
		c.want(m.Head().Type == typeOf(m), "type", "does not fit the message")
	}
}

func (c *conditions) is(e *Envelope, t Type) { c.want(e.Type == t, "type", "want %q", t) }

func typeOf(m Message) Type {
	switch m.(type) {
	case *Confirmation:
		return TypeConfirmation
	case *Withdrawal:
		return TypeWithdrawal
	case *StatusRequest:
		return TypeStatusRequest
	case *ExtensionRequest:
		return TypeExtensionRequest
	case *LiftRequest:
		return TypeLiftRequest
	case *ConsentRequest:
		return TypeConsentRequest
	case *InfoResponse:
		return TypeInfoResponse
	case *Feedback:
		return TypeFeedback
	}
	return ""
}

func (c *conditions) envelope(e *Envelope) {
	id, ok := ParseID(e.MessageID)
	receipt := e.Type == TypeReceipt
	switch {
	case !ok:
		c.add(CodeSchema, "message_id", "want alert id, -Q or -A, at least three digits, and -R1 to -R3 in a receipt")
	case id.AlertID != e.AlertID:
		c.add(CodeSchema, "message_id", "does not begin with alert_id")
	case (id.Receipt > 0) != receipt:
		c.add(CodeSchema, "message_id", "the suffix -R belongs to receipts, and to them only")
	case !receipt && id.Sequence != e.Sequence:
		c.add(CodeSchema, "sequence", "is not the one in message_id")
	case !receipt && sideOf(e.Type) != id.Side:
		c.add(CodeSchema, "message_id", "a %s has side %c", e.Type, sideOf(e.Type))
	}
	c.want(!receipt || e.Sequence == 0, "sequence", "a receipt has none")
	if h := e.Handling; h != nil {
		c.want((h.Onward.Mode == "listed") == (len(h.Onward.Parties) > 0), "handling.onward.parties", "go with mode listed, and only with it")
	}
}

// sideOf returns 'A' for the types that a responder sends, 'Q' otherwise.
func sideOf(t Type) byte {
	if t == TypeOutcome || t == TypeConsentResponse {
		return 'A'
	}
	return 'Q'
}

func (c *conditions) request(r *Request) {
	c.want(!r.Provisional || r.ConfirmBy != nil, "confirm_by", "needed in a provisional request")
	c.asks(r)
	c.legal(r)
	c.servicer("subject.servicer", r.Subject.Servicer)
	if len(r.Payments) == 0 {
		c.want(!slices.ContainsFunc(r.Asks, needsPayments), "payments", "may be empty only for trace, identify_holder, monitor and informational")
	}
	seen := map[string]bool{}
	for i := range r.Payments {
		c.payment(r, i)
		c.want(!seen[r.Payments[i].ItemID], fmt.Sprintf("payments[%d].item_id", i), "is there twice")
		seen[r.Payments[i].ItemID] = true
	}
	c.want(sameTotals(r.Totals, TotalsOf(r.Payments)), "totals", "are not the sums of the disputed amounts")
}

func needsPayments(a Ask) bool {
	return !slices.Contains([]string{"trace", "identify_holder", "monitor", "informational"}, a.Kind)
}

// isMeasure reports whether an ask wants money or an account stopped.
func isMeasure(a Ask) bool {
	return slices.Contains([]string{"hold_amount", "suspend_transaction", "suspend_account"}, a.Kind)
}

func (c *conditions) asks(r *Request) {
	seen := map[string]bool{}
	for i, a := range r.Asks {
		at := fmt.Sprintf("asks[%d]", i)
		c.want(!seen[a.AskID], at+".ask_id", "is there twice")
		seen[a.AskID] = true
		c.want(a.Amount != nil || a.Kind != "hold_amount" && a.Kind != "return_funds", at+".amount", "needed for %s", a.Kind)
	}
}

// legal checks the legal text. An instruction to our own bank (regime domestic)
// needs the basis only; the authority's reasons are not the bank's to read.
func (c *conditions) legal(r *Request) {
	l := r.Legal
	needed := func(ok bool, field string) {
		if !ok {
			c.add(CodeLegalContentMissing, "legal."+field, "needed under %s", l.Regime)
		}
	}
	if l.Regime != "domestic" {
		c.want(l.MLSuspicion != nil, "legal.ml_suspicion", "may be absent under domestic alone")
		needed(l.Facts != "", "facts")
		needed(l.Reason != "", "reason")
		needed(l.Nexus != "", "nexus")
		needed(l.IntendedUse != "", "intended_use")
		needed(l.Followup != nil || !slices.ContainsFunc(r.Asks, isMeasure), "followup")
	}
	if l.Regime == "cets198" {
		needed(l.DomesticEquivalent != "", "domestic_equivalent")
	}
	if l.Regime == "cets198" || l.Regime == "eu_amld6" && slices.ContainsFunc(r.Asks, isMeasure) {
		needed(l.Suspected(), "ml_suspicion")
	}
	account := func(a Ask) bool { return a.Kind == "suspend_account" }
	needed(l.Proportionality != "" || !slices.ContainsFunc(r.Asks, account), "proportionality")
}

func (c *conditions) servicer(at string, s Servicer) {
	c.want(s.BIC != "" || s.ClearingID != "" || s.LEI != "" || s.Name != "", at, "needs bic, clearing_id, lei or name")
	c.want(s.ClearingID == "" || s.ClearingSystem != "", at+".clearing_system", "needed with clearing_id")
}

func (c *conditions) refs(at string, r Refs) {
	c.want(r != Refs{} && r != Refs{MessageName: r.MessageName}, at, "needs at least one reference")
}

func (c *conditions) payment(r *Request, i int) {
	p, at := r.Payments[i], fmt.Sprintf("payments[%d].", i)
	c.refs(at+"refs", p.Refs)
	c.servicer(at+"debtor.servicer", p.Debtor.Servicer)
	learnt := p.Hop > 0 && r.Case != nil && r.Case.ParentAlert != "" // else only the requester's own reports tell of it
	c.want(!learnt || len(p.ParentItems) > 0, at+"parent_items", "needed from hop 1 on when the case names a parent_alert")
	c.want(!p.Disputed.Amount.Zero(), at+"disputed.amount", "is zero")
	recall := slices.ContainsFunc(r.Asks, func(a Ask) bool { return a.Kind == "recall" })
	c.want(!recall || p.Settled != nil, at+"settled", "needed for recall")
	c.want(!recall || p.SettledOn != "", at+"settled_on", "needed for recall")
	for j, m := range p.Intermediaries {
		c.servicer(fmt.Sprintf("%sintermediaries[%d].servicer", at, j), m.Servicer)
	}
}

func (c *conditions) receipt(r *Receipt) {
	c.want(r.MessageID == ReceiptID(r.ReceiptOf, r.Level), "message_id", "want %s", ReceiptID(r.ReceiptOf, r.Level))
	c.want((r.Level == LevelRejected) == (r.Reject != nil), "reject", "goes with level rejected, and only with it")
	if r.Level == LevelAccepted {
		c.want(r.RecipientRef != "", "recipient_ref", "needed when accepted")
		c.want(r.DeskContact != nil, "desk_contact", "needed when accepted")
		c.want(r.DecideBy != nil, "decide_by", "needed when accepted")
	}
}

func (c *conditions) outcome(o *Outcome) {
	c.decision(o)
	c.want(len(o.Funds) == 0 || len(o.Amounts) > 0, "amounts", "needed with funds")
	moved := slices.ContainsFunc(o.Funds, func(f Fund) bool { return f.Disposition == "moved_on" })
	c.want(!moved || len(o.Trail) > 0, "trail", "needed where funds moved on")
	for i, h := range o.Trail {
		at := fmt.Sprintf("trail[%d].", i)
		c.servicer(at+"to.servicer", h.To.Servicer)
		c.refs(at+"refs", h.Refs)
	}
	for i, r := range o.Returns {
		c.refs(fmt.Sprintf("returns[%d].refs", i), r.Refs)
	}
	seen := map[string]bool{}
	for i, m := range o.Measures {
		c.want(!seen[m.MeasureID], fmt.Sprintf("measures[%d].measure_id", i), "is there twice")
		seen[m.MeasureID] = true
	}
}

// decision checks what each decision must bring along.
func (c *conditions) decision(o *Outcome) {
	switch o.Decision {
	case "granted", "partly":
		said := len(o.Measures) + len(o.Trail) + len(o.Returns)
		c.want(said > 0 || o.Disclosed != nil, "measures", "or trail, returns, disclosed needed when %s", o.Decision)
		c.want(said == 0 || len(o.Funds) > 0, "funds", "needed when %s", o.Decision)
	case "refused":
		c.want(o.Refusal != nil, "refusal", "needed when refused")
	case "pending":
		c.want(o.Pending != nil, "pending", "needed when pending")
	case "more_info":
		c.want(len(o.Needs) > 0, "needs", "needed for more_info")
	}
}
