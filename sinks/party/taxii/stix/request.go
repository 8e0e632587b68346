package stix

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// report says a request or amendment, or what its sender said after it.
func (m *maker) report(t Told, prior []Told) error {
	before := requestOf(prior)
	chain := []Told{t}
	if requestOf(chain) == nil {
		chain = append(slices.Clone(prior), t)
	}
	size := 0
	for _, said := range chain {
		size += len(said.Body)
	}
	if len(chain) > maxTold || size > maxSaid {
		return fmt.Errorf("say %s: more than %d messages or %d bytes for one report", m.e.MessageID, maxTold, maxSaid)
	}
	m.revoked = m.e.Type == freeze.TypeWithdrawal
	o := &Report{
		Common: Common{
			Type: "report", ID: ReportID(m.e.Environment, m.e.AlertID, m.generation), Revoked: m.revoked,
			ExternalReferences: references(m.e.Sender.PartyID, m.e.SenderRef, m.e.Recipient.PartyID, m.e.RecipientRef),
			Extensions:         ours("property-extension", chain...),
		},
		Name: "Freeze request " + m.e.AlertID, ReportTypes: []string{"observed-data"}, Published: chain[0].Message.Head().CreatedAt,
	}
	for _, said := range chain {
		o.Labels = append(o.Labels, string(said.Message.Head().Type))
	}
	o.Labels = distinct(o.Labels)
	if r := requestOf(chain); r != nil {
		o.Labels = append(o.Labels, r.Urgency)
		m.request(r, before)
	}
	o.ObjectRefs = m.refs()
	m.domain(o)
	m.texts(requestOf(chain), o.ID)
	return nil
}

// refs returns the ids of what was collected, without what only describes it.
func (m *maker) refs() []string {
	var out []string
	for _, o := range m.out {
		if t := o.Head().Type; t != "marking-definition" && t != "extension-definition" {
			out = append(out, o.Head().ID)
		}
	}
	return out
}

// requestOf returns the request or amendment that a report's messages begin
// with, or nil.
func requestOf(chain []Told) *freeze.Request {
	if len(chain) == 0 {
		return nil
	}
	switch r := chain[0].Message.(type) {
	case *freeze.Request:
		return r
	case *freeze.Amendment:
		return &r.Request
	}
	return nil
}

func (m *maker) request(r, before *freeze.Request) {
	m.incident(r.Case)
	s := r.Subject
	subject := m.account(s.Account, place{servicer: &s.Servicer, country: s.AccountCountry, holders: s.Holders})
	for _, a := range r.Asks {
		m.related(m.ask(a, m.revoked), "related-to", subject)
	}
	if before != nil {
		for _, a := range before.Asks { // those that are there still were taken up above
			m.ask(a, true)
		}
	}
	ids := map[string]string{}
	for i := range r.Payments {
		ids[r.Payments[i].ItemID] = m.payment(&r.Payments[i], subject)
	}
	for _, p := range r.Payments {
		m.follows(ids, p.ItemID, p.ParentItems)
	}
	for _, a := range r.Attachments {
		m.file(a)
	}
}

// follows links a payment to those of its parents that are told here.
func (m *maker) follows(ids map[string]string, item string, parents []string) {
	for _, parent := range parents {
		if ids[parent] != "" && parent != item {
			m.related(ids[item], "follows", ids[parent])
		}
	}
}

func (m *maker) incident(c *freeze.Case) {
	if c == nil {
		return
	}
	o := &Incident{Common: Common{Type: "incident", ID: m.id("incident", c.ID)}, Name: c.ID}
	for _, ref := range c.ComplaintRefs {
		o.ExternalReferences = append(o.ExternalReferences, references("complaint", ref)...)
	}
	o.ExternalReferences = append(o.ExternalReferences, references("root_alert", c.RootAlert, "parent_alert", c.ParentAlert)...)
	for _, ref := range c.RelatedAlerts {
		o.ExternalReferences = append(o.ExternalReferences, references("related_alert", ref)...)
	}
	m.domain(o)
}

func (m *maker) ask(a freeze.Ask, revoked bool) string {
	amount, until := "", ""
	if a.Amount != nil {
		amount = money(*a.Amount)
	}
	if a.Until != nil {
		until = a.Until.String()
	}
	return m.domain(&CourseOfAction{
		Common: Common{Type: "course-of-action", ID: m.id("course-of-action", fmt.Sprint(m.generation), a.AskID), Revoked: revoked},
		Name:   a.Kind, Description: lines("\n", "Amount", amount, "Until", until, "Note", a.Note),
	})
}

func money(v freeze.Money) string { return string(v.Amount) + " " + v.Currency }

// payment says one payment to the subject's account, and when the accounts were
// seen in it.
func (m *maker) payment(p *freeze.Payment, subject string) string {
	hop, refs, recall := p.Hop, p.Refs, p.Recall
	o := &Payment{
		Common: Common{Type: "x-haltwire-payment", ID: m.id("x-haltwire-payment", p.ItemID), Extensions: ours("new-sdo")},
		ItemID: p.ItemID, AlertID: m.e.AlertID, Hop: &hop, ParentItems: p.ParentItems, Refs: &refs,
		Amounts:    &PaymentAmounts{Instructed: p.Instructed, Settled: p.Settled, Credited: p.Credited, Disputed: &p.Disputed},
		ExecutedAt: p.ExecutedAt, SettledOn: p.SettledOn, ReportedAt: p.ReportedAt, Rail: p.Rail, Authorisation: p.Authorisation,
		FurtherCredit: p.FurtherCredit, Complaint: p.ComplaintRef, Recall: &recall,
		CreditorAccountRef: subject,
	}
	m.debtor(o, p.Debtor)
	for _, i := range p.Intermediaries {
		o.IntermediaryRefs = append(o.IntermediaryRefs, m.servicer(i.Servicer))
	}
	m.domain(o)
	seen := &ObservedData{
		Common:        Common{Type: "observed-data", ID: m.id("observed-data", p.ItemID)},
		FirstObserved: p.ExecutedAt, LastObserved: p.ExecutedAt, NumberObserved: 1, ObjectRefs: []string{subject},
	}
	if o.DebtorAccountRef != "" && o.DebtorAccountRef != subject {
		seen.ObjectRefs = append(seen.ObjectRefs, o.DebtorAccountRef)
	}
	m.domain(seen)
	return o.ID
}

func (m *maker) debtor(o *Payment, d freeze.Debtor) {
	o.DebtorServicerRef = m.servicer(d.Servicer)
	if d.Account != nil {
		o.DebtorAccountRef = m.account(*d.Account, place{servicer: &d.Servicer})
	}
	if d.Name != "" {
		o.DebtorRef = m.domain(&Identity{
			Common: Common{Type: "identity", ID: m.id("identity", "debtor", o.ItemID)},
			Name:   d.Name, IdentityClass: class(d.Kind),
		})
	}
}

func (m *maker) file(a freeze.Attachment) {
	hashes := map[string]string{"SHA-256": a.SHA256}
	o := &File{
		Common: Common{Type: "file", ID: observableID("file", map[string]any{"hashes": hashes, "name": a.Name})},
		Name:   a.Name, Size: a.Size, Hashes: hashes,
	}
	if isMime(a.MediaType) {
		o.MimeType = a.MediaType
	}
	m.observable(o)
}

// isMime reports whether STIX takes the text as a media type.
func isMime(s string) bool {
	return regexp.MustCompile(`^(application|audio|font|image|message|model|multipart|text|video)/[a-zA-Z0-9.+_-]+$`).MatchString(s)
}

// texts says the legal content and the indicators of a request for readers.
func (m *maker) texts(r *freeze.Request, report string) {
	if r == nil {
		return
	}
	l := r.Legal
	m.text("legal", "Legal content", report, lines("\n",
		"Basis", l.RequesterBasis.Text, "Predicate offence", l.PredicateOffence.Code, "Facts", l.Facts, "Background", l.Background,
		"Reason", l.Reason, "Nexus", l.Nexus, "Intended use", l.IntendedUse,
		"Domestic equivalent", l.DomesticEquivalent, "Proportionality", l.Proportionality))
	var indicators []string
	for _, i := range r.Indicators {
		indicators = append(indicators, lines("", i.Code, firstOf(i.Text, "yes")))
	}
	m.text("indicators", "Indicators", report, strings.Join(indicators, "\n"))
}

func (m *maker) text(name, abstract, about, content string) {
	if content == "" {
		return
	}
	m.domain(&Note{
		Common:   Common{Type: "note", ID: m.id("note", fmt.Sprint(m.generation), name), Revoked: m.revoked},
		Abstract: abstract, Content: content, ObjectRefs: []string{about},
	})
}

// distinct drops later occurrences.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
