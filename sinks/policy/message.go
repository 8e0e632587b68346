package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
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
	Supersedes      string // the message that an amendment replaces, else ""
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
}

func asInvalid(err error, into **freeze.Invalid) bool { return errors.As(err, into) }

// Request makes a request, or an amendment where Supersedes is set, that says
// only what the party may read. The bytes are final. The error is a *Gate where
// a field is missing.
func (b *Book) Request(party *Party, f Facts) (*freeze.Request, []byte, error) {
	profile, err := party.Profile()
	if err != nil {
		return nil, nil, &Gate{"policy.profile", err.Error()}
	}
	asks := party.Allowed(f.Asks)
	if len(asks) == 0 {
		return nil, nil, &Gate{"asks", "the agreement with " + party.ID + " covers none of them"}
	}
	if len(f.Payments) == 0 && slices.ContainsFunc(asks, isMeasure) {
		return nil, nil, &Gate{"payments", "needed for what is asked"}
	}
	if slices.Contains(asks, "suspend_account") {
		if reason, guarded := b.Guarded(f.Subject); guarded {
			return nil, nil, &Gate{"asks", "suspend_account is never asked for this account (" + reason + "): ask for hold_amount"}
		}
	}
	r := b.request(party, profile, f.edited(), asks)
	if r.Approval.ContentDigest, err = freeze.ContentDigest(r); err != nil {
		return nil, nil, fmt.Errorf("make request: %w", err)
	}
	var m freeze.Message = r
	if f.Supersedes != "" {
		r.Type = freeze.TypeAmendment
		m = &freeze.Amendment{Request: *r, Supersedes: f.Supersedes, Changes: f.Changes}
	}
	body, err := profile.Filter(m)
	return r, body, err
}

func (b *Book) request(party *Party, profile *Profile, f Facts, asks []string) *freeze.Request {
	now := freeze.At(f.Now)
	r := &freeze.Request{
		Envelope: b.Envelope(party, f, freeze.TypeRequest, freeze.RequesterID(f.AlertID, f.Sequence)),
		Urgency:  f.Urgency, ValidUntil: freeze.At(f.Now.Add(valid)),
		AnswerBy:    freeze.AnswerBy{Accept: freeze.At(now.Add(profile.Accept)), Decide: freeze.At(now.Add(profile.Decide))},
		Provisional: f.Provisional, Approval: freeze.Approval{Mode: f.Mode},
		Legal: legal(party, profile, f), Subject: f.Subject, Payments: f.Payments, Totals: freeze.TotalsOf(f.Payments),
		Indicators: f.Indicators,
	}
	if f.Provisional {
		by := freeze.At(f.ConfirmBy)
		r.ConfirmBy = &by
	}
	r.Asks = asksOf(f.AlertID, asks, r.Totals)
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
	profile, err := party.Profile()
	handling := &freeze.Handling{}
	if err == nil {
		h := stricter(profile.Handling, f.Limits)
		handling = &h
	}
	e := freeze.Envelope{
		Schema: freeze.Schema1, Type: t, Environment: f.Environment, MessageID: id, AlertID: f.AlertID, Sequence: f.Sequence,
		CreatedAt: freeze.At(f.Now), Sender: b.Self.Party(), Recipient: party.Party(), Handling: handling,
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

func legal(party *Party, profile *Profile, f Facts) freeze.Legal {
	t := party.Policy.Texts
	l := freeze.Legal{
		Regime:           profile.Regime,
		RequesterBasis:   freeze.Basis{Code: t.RequesterBasis.Code, Text: t.RequesterBasis.Text},
		RequestedBasis:   f.RequestedBasis,
		PredicateOffence: freeze.Offence{Code: offence(f.Offence), Text: f.OffenceText},
		MLSuspicion:      f.MLSuspicion,
		Facts:            f.Facts,
		Background:       cmp.Or(f.Background, t.Background), Reason: cmp.Or(f.Reason, t.Reason),
		Nexus: cmp.Or(f.Nexus, t.Nexus), IntendedUse: cmp.Or(f.IntendedUse, t.IntendedUse),
		DomesticEquivalent: cmp.Or(f.DomesticEquivalent, t.DomesticEquivalent), Proportionality: f.Proportionality,
	}
	if profile.MLA {
		l.Followup = &freeze.Followup{MLA: true}
	}
	if f.Basis != "" {
		l.RequesterBasis = freeze.Basis{Code: "AUTHORISED", Text: f.Basis}
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
