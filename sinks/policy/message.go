package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy/profile"
)

// Facts are what is known about an alert when a request is made of it. They may
// hold more than the party may read.
type Facts struct {
	AlertID, CaseID string
	Parents         []string // alerts that an instruction serves
	Sequence        uint32
	Environment     string // live | test
	Urgency         string // critical | high | normal
	Asks            []string
	Subject         freeze.Subject
	Payments        []freeze.Payment
	Facts           string // of the rule's template, typed
	Offence         string
	Basis           string // of the people who authorised an instruction
	Provisional     bool
	ConfirmBy       time.Time
	Mode            string // none | one | two | emergency
	Now             time.Time
	Until           *freeze.Time // when what is asked for is to end; nil = not said
	Supersedes      string       // the message that an amendment replaces, else ""
	Changes         []freeze.Change

	// Legal content that officers or rules wrote; where a text is empty, that of the
	// party's config stands.
	MLSuspicion                            bool
	OffenceText                            string
	RequestedBasis                         *freeze.Hint
	Background, Reason, Nexus, IntendedUse string
	DomesticEquivalent, Proportionality    string
	Indicators                             []freeze.Indicator
	// ComplaintRefs are references of complaints of the case; those of payments
	// stand in the payments.
	ComplaintRefs []string
	// Recalls is where the recalls of payments stand, by item.
	Recalls map[string]freeze.Recall
	// EditAmounts are disputed amounts that officers wrote, by item.
	EditAmounts map[string]freeze.Money
	// SubAccount is the account behind a pooled one that officers or the partner
	// named.
	SubAccount string
	// ParentAlert and RootAlert are the alerts of whose outcome a child comes.
	ParentAlert, RootAlert string
	// Limits is how a partner handed over what the message says, nil without one:
	// the stricter of it and of the profile goes out.
	Limits *freeze.Handling
	// USD is the sum of what is disputed in US dollars, by the rates of the config;
	// empty where there is no rate.
	USD freeze.Dec
	// Asked are fields that the partner's needs[] named: what is told on request may be
	// told of them.
	Asked []string
}

// Request makes a request, or an amendment where Supersedes is set, that says
// only what the party may read. What is returned is what goes out, and its content
// digest is over that. The bytes are final. The error is a *Gate where a field is
// missing or a gate of the agreement fails.
func (b *Book) Request(party *Party, f Facts) (*freeze.Request, []byte, error) {
	r, body, err := b.make(party, f)
	var gate *Gate
	if errors.As(err, &gate) {
		if gate.Instead = b.Alternatives(party, f); len(gate.Instead) > 0 {
			gate.Text += "; it may go as it is to " + strings.Join(gate.Instead, ", ") + " (reroute)"
		}
	}
	return r, body, err
}

func (b *Book) make(party *Party, f Facts) (*freeze.Request, []byte, error) {
	p, err := party.Profile()
	if err != nil {
		return nil, nil, &Gate{Field: "policy.profile", Text: err.Error()}
	}
	p = p.Asking(f.Asked...)
	f = f.edited()
	asks := party.Allowed(f.Asks)
	if gate := b.gates(party, p, f, asks); gate != nil {
		return nil, nil, gate
	}
	f.Payments = shaped(party, p, f.Payments)
	draft := b.request(party, p, f, asks)
	var m freeze.Message = draft
	if f.Supersedes != "" {
		draft.Type = freeze.TypeAmendment
		m = &freeze.Amendment{Request: *draft, Supersedes: f.Supersedes, Changes: f.Changes}
	}
	if m, err = p.Clean(m); err != nil {
		return nil, nil, err
	}
	if gate := p.Missing(m); gate != nil {
		return nil, nil, gate
	}
	r := requestOf(m)
	if r.Approval.ContentDigest, err = freeze.ContentDigest(r); err != nil {
		return nil, nil, fmt.Errorf("make request: %w", err)
	}
	body, err := profile.Encode(m)
	return r, body, err
}

func requestOf(m freeze.Message) *freeze.Request {
	switch m := m.(type) {
	case *freeze.Amendment:
		return &m.Request
	case *freeze.Request:
		return m
	}
	return &freeze.Request{}
}

func (b *Book) request(party *Party, p *Profile, f Facts, asks []string) *freeze.Request {
	accept, decide := b.answerBy(party, p, f.Urgency, f.Now)
	r := &freeze.Request{
		Envelope: b.Envelope(party, f, freeze.TypeRequest, freeze.RequesterID(f.AlertID, f.Sequence)),
		Urgency:  f.Urgency, ValidUntil: freeze.At(f.Now.Add(valid)),
		AnswerBy:    freeze.AnswerBy{Accept: freeze.At(accept), Decide: freeze.At(decide)},
		Provisional: f.Provisional, Approval: freeze.Approval{Mode: f.Mode},
		Legal: legal(party, p, f), Subject: f.Subject, Payments: f.Payments, Totals: freeze.TotalsOf(f.Payments),
		Indicators: f.Indicators,
	}
	if f.Provisional {
		by := freeze.At(f.ConfirmBy)
		r.ConfirmBy = &by
	}
	r.Asks = asksOf(f.AlertID, asks, r.Totals)
	for i := range r.Asks {
		if stops(r.Asks[i].Kind) {
			r.Asks[i].Until = f.Until
		}
	}
	if f.SubAccount != "" {
		r.Subject.Account.SubAccount = f.SubAccount
	}
	if r.Subject.Account.Type == "" {
		r.Subject.Account.Type = "unknown"
	}
	return r
}

// Envelope makes the envelope of a message from us to party.
func (b *Book) Envelope(party *Party, f Facts, t freeze.Type, id string) freeze.Envelope {
	handling := party.handling(f.Limits)
	e := freeze.Envelope{
		Schema: freeze.Schema1, Type: t, Environment: f.Environment, MessageID: id, AlertID: f.AlertID, Sequence: f.Sequence,
		CreatedAt: freeze.At(f.Now), Sender: b.Self.Party(), Recipient: party.Party(), Handling: &handling,
	}
	if f.CaseID != "" {
		e.Case = &freeze.Case{ID: f.CaseID, ParentAlert: f.ParentAlert, RootAlert: f.RootAlert, ComplaintRefs: f.ComplaintRefs}
		if len(f.Parents) == 1 {
			e.Case.ParentAlert = f.Parents[0]
		} else {
			e.Case.RelatedAlerts = f.Parents
		}
	}
	return e
}

// stops reports whether an ask is for a measure that stops money.
func stops(ask string) bool {
	return slices.Contains([]string{"hold_amount", "suspend_transaction", "suspend_account"}, ask)
}

// asksOf asks for the least: the disputed sum of each currency.
func asksOf(alert string, kinds []string, totals []freeze.Total) []freeze.Ask {
	var out []freeze.Ask
	add := func(kind string, amount *freeze.Money) {
		out = append(out, freeze.Ask{AskID: fmt.Sprintf("%s-K%02d", alert, len(out)+1), Kind: kind, Amount: amount})
	}
	for _, kind := range kinds {
		if kind != "hold_amount" && kind != "return_funds" {
			add(kind, nil)
			continue
		}
		for _, t := range totals {
			add(kind, &freeze.Money{Amount: t.Disputed, Currency: t.Currency})
		}
	}
	return out
}

func legal(party *Party, p *Profile, f Facts) freeze.Legal {
	t := party.Policy.Texts
	l := freeze.Legal{
		Regime:           p.Regime,
		RequesterBasis:   freeze.Basis{Code: t.RequesterBasis.Code, Text: t.RequesterBasis.Text},
		RequestedBasis:   f.RequestedBasis,
		PredicateOffence: freeze.Offence{Code: offence(f.Offence), Text: f.OffenceText},
		Facts:            f.Facts,
		Background:       cmp.Or(f.Background, t.Background), Reason: cmp.Or(f.Reason, t.Reason),
		Nexus: cmp.Or(f.Nexus, t.Nexus), IntendedUse: cmp.Or(f.IntendedUse, t.IntendedUse),
		DomesticEquivalent: cmp.Or(f.DomesticEquivalent, t.DomesticEquivalent), Proportionality: f.Proportionality,
	}
	if p.Regime != "domestic" { // the bank needs the order, not the suspicion
		l.MLSuspicion = &f.MLSuspicion
	}
	if p.Followup {
		l.Followup = &freeze.Followup{MLA: true}
	}
	if f.Basis != "" {
		l.RequesterBasis = freeze.Basis{Code: "AUTHORISED", Text: f.Basis}
	}
	if p.Restriction != "" {
		l.IntendedUse = strings.TrimSpace(l.IntendedUse + "\n" + p.Restriction)
	}
	if l.RequesterBasis.Code == "" {
		l.RequesterBasis = freeze.Basis{Code: "ORDER", Text: "Order of the requesting authority"}
	}
	return l
}

// edited returns f with what officers and banks said of single payments in them.
func (f Facts) edited() Facts {
	f.Payments = slices.Clone(f.Payments)
	for i := range f.Payments {
		p := &f.Payments[i]
		if amount, ok := f.EditAmounts[p.ItemID]; ok {
			p.Disputed = amount
		}
		if recall, ok := f.Recalls[p.ItemID]; ok {
			p.Recall = recall
		}
	}
	return f
}

func offence(code string) string {
	if code == "" {
		return "fraud"
	}
	return code
}
