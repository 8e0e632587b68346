package policy

import (
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
	Mode            string // none | one | two
	Now             time.Time
	Supersedes      string // the message that an amendment replaces, else ""
	Changes         []freeze.Change
}

func asInvalid(err error, into **freeze.Invalid) bool { return errors.As(err, into) }

// Request makes a request, or an amendment where Supersedes is set, that says
// only what the party may read. The bytes are final. The error is a *Gate where
// a field is missing.
func (b *Book) Request(party *Party, f Facts) (*freeze.Request, []byte, error) {
	profile, err := ProfileOf(party.Policy.Profile)
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
	r := b.request(party, profile, f, asks)
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
	}
	if f.Provisional {
		by := freeze.At(f.ConfirmBy)
		r.ConfirmBy = &by
	}
	r.Asks = asksOf(f.AlertID, asks, r.Totals)
	if r.Subject.Account.Type == "" {
		r.Subject.Account.Type = "unknown"
	}
	return r
}

// Envelope makes the envelope of a message from us to party.
func (b *Book) Envelope(party *Party, f Facts, t freeze.Type, id string) freeze.Envelope {
	profile, err := ProfileOf(party.Policy.Profile)
	handling := &freeze.Handling{}
	if err == nil {
		h := profile.Handling
		handling = &h
	}
	e := freeze.Envelope{
		Schema: freeze.Schema1, Type: t, Environment: f.Environment, MessageID: id, AlertID: f.AlertID, Sequence: f.Sequence,
		CreatedAt: freeze.At(f.Now), Sender: b.Self.Party(), Recipient: party.Party(), Handling: handling,
	}
	if f.CaseID != "" {
		e.Case = &freeze.Case{ID: f.CaseID}
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
		PredicateOffence: freeze.Offence{Code: offence(f.Offence)},
		Facts:            f.Facts, Background: t.Background, Reason: t.Reason, Nexus: t.Nexus, IntendedUse: t.IntendedUse,
		DomesticEquivalent: t.DomesticEquivalent,
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

func offence(code string) string {
	if code == "" {
		return "fraud"
	}
	return code
}
