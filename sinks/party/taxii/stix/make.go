package stix

import (
	"errors"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// ErrUnmapped is the error of a message that STIX has no words for: a receipt
// is signed, and its signature would not survive.
var ErrUnmapped = errors.New("receipts have no form in STIX")

// Objects returns the objects that say a message, the one that carries it
// among them, those that are referred to before those that refer. prior is what
// Read found in the last version of that object (see ID), empty if there is
// none, and generation is the one of that ID.
//
// Objects that were said before and have not changed are returned again.
// Modified is the moment of the message; whoever keeps the versions must move
// it on where it is not later than the version before.
func Objects(t Told, prior []Told, generation int) ([]Object, error) {
	e := t.Message.Head()
	m := &maker{e: e, generation: generation, seen: map[string]bool{}}
	if e.Type == freeze.TypeReceipt {
		return nil, ErrUnmapped
	}
	m.begin()
	switch {
	case isReported(e.Type):
		if err := m.report(t, prior); err != nil {
			return nil, err
		}
	case e.Type == freeze.TypeOutcome:
		m.outcome(t)
	default:
		m.note(t)
	}
	return m.out, nil
}

// maker collects the objects of one message.
type maker struct {
	e          *freeze.Envelope
	generation int
	sender     string   // id of the sender's identity
	marks      []string // ids of the markings of everything that is said
	revoked    bool     // the asks and texts of the request are withdrawn
	seen       map[string]bool
	out        []Object
}

// id returns an id for an object that this sender makes in this alert.
func (m *maker) id(objectType string, parts ...string) string {
	return NewID(objectType, slices.Concat([]string{m.e.Environment, m.e.Sender.PartyID, m.e.AlertID}, parts)...)
}

// lasting returns an id for an object that this sender makes in all alerts.
func (m *maker) lasting(objectType string, parts ...string) string {
	return NewID(objectType, slices.Concat([]string{m.e.Environment, m.e.Sender.PartyID}, parts)...)
}

// keep takes an object up unless it is there, and returns its id.
func (m *maker) keep(o Object) string {
	h := o.Head()
	h.SpecVersion = "2.1"
	if !m.seen[h.ID] {
		m.seen[h.ID] = true
		m.out = append(m.out, o)
	}
	return h.ID
}

// domain takes up an object that the sender makes and may change later.
func (m *maker) domain(o Object) string {
	h := o.Head()
	h.CreatedByRef, h.Modified, h.ObjectMarkingRefs = m.sender, m.e.CreatedAt, m.marks
	return m.keep(o)
}

// observable takes up a cyber-observable, which has no creator and no versions.
func (m *maker) observable(o Object) string {
	o.Head().ObjectMarkingRefs = m.marks
	return m.keep(o)
}

// begin takes up what every message needs.
func (m *maker) begin() {
	for _, o := range definition() {
		m.keep(o)
	}
	for _, o := range markings(m.e.Handling) {
		m.marks = append(m.marks, m.keep(o))
	}
	m.sender = m.party(m.e.Sender)
}

func (m *maker) party(p freeze.Party) string {
	name := p.Name
	if name == "" {
		name = p.PartyID
	}
	o := &Identity{
		Common: Common{Type: "identity", ID: NewID("identity", m.e.Environment, "party", p.PartyID), Created: born()},
		Name:   name, IdentityClass: "organization", Roles: []string{p.Kind}, Sectors: sectors(p.Kind),
	}
	if c := p.Contact; c != nil {
		o.ContactInformation = lines("; ", "", c.Desk, "", c.Phone, "", c.Email, "", c.Hours)
	}
	o.ExternalReferences = references("party_id", p.PartyID)
	m.sender = o.ID
	m.domain(o)
	m.located(o.ID, p.Country)
	return o.ID
}

func sectors(kind string) []string {
	switch kind {
	case "fiu", "ncb", "lea":
		return []string{"government-national"}
	case "bank", "vasp":
		return []string{"financial-services"}
	case "telecom":
		return []string{"telecommunications"}
	}
	return nil
}

func (m *maker) country(code string) string {
	return m.keep(&Location{
		Common:  Common{Type: "location", ID: NewID("location", code), Created: born(), Modified: born()},
		Country: code,
	})
}

func (m *maker) located(identity, country string) {
	m.related(identity, "located-at", m.country(country))
}

func (m *maker) related(source, how, target string) string {
	return m.domain(&Relationship{
		Common:           Common{Type: "relationship", ID: m.lasting("relationship", source, how, target)},
		RelationshipType: how, SourceRef: source, TargetRef: target,
	})
}

func (m *maker) servicer(s freeze.Servicer) string {
	name := firstOf(s.Name, s.BIC, s.ClearingID, s.LEI)
	o := &Identity{
		Common: Common{
			Type: "identity", ID: m.lasting("identity", "servicer", s.BIC, s.ClearingSystem, s.ClearingID, s.LEI, s.Name, s.Country),
			ExternalReferences: references("bic", s.BIC, firstOf(s.ClearingSystem, "clearing"), s.ClearingID, "lei", s.LEI),
		},
		Name: name, IdentityClass: "organization", Sectors: []string{"financial-services"},
	}
	m.domain(o)
	m.located(o.ID, s.Country)
	return o.ID
}

// holders returns the ids of those holders that have a name; STIX knows no
// identity without one.
func (m *maker) holders(of string, all []freeze.Holder) []string {
	var out []string
	for _, h := range all {
		if h.Name == "" {
			continue
		}
		o := &Identity{
			Common: Common{Type: "identity", ID: m.lasting("identity", "holder", of, h.Name)},
			Name:   h.Name, Roles: []string{h.Role}, IdentityClass: class(h.Kind),
		}
		if h.ID != nil {
			o.ExternalReferences = references(h.ID.Type+" ("+h.ID.Country+")", h.ID.Value)
		}
		out = append(out, m.domain(o))
	}
	return out
}

func class(kind string) string {
	switch kind {
	case "person":
		return "individual"
	case "org":
		return "organization"
	}
	return "unknown"
}

// place is where an account is kept; its members may be empty.
type place struct {
	servicer *freeze.Servicer
	country  string
	holders  []freeze.Holder
	status   string
}

func (m *maker) account(a freeze.Account, at place) string {
	o := &BankAccount{
		Scheme: a.Scheme, SubAccount: a.SubAccount, Currency: a.Currency, AccountName: a.Name, AccountType: a.Type, AccountStatus: at.status,
	}
	if at.servicer != nil {
		o.BIC, o.ServicerRef = at.servicer.BIC, m.servicer(*at.servicer)
	}
	if at.country != "" {
		o.CountryRef = m.country(at.country)
	}
	members := map[string]any{"iban": a.ID}
	if a.Scheme == "iban" {
		o.IBAN = a.ID
	} else {
		o.AccountNumber = a.ID
		members = map[string]any{"account_number": a.ID, "bic": o.BIC, "scheme": a.Scheme}
	}
	members["sub_account"] = a.SubAccount
	o.Common = Common{Type: "bank-account", ID: observableID("bank-account", members), Extensions: ours("new-sco")}
	o.HolderRefs = m.holders(o.ID, at.holders)
	return m.observable(o)
}

// ours returns our extension in the way that an object uses it.
func ours(kind string, messages ...Told) map[string]Extension {
	return map[string]Extension{ExtensionID: {ExtensionType: kind, Messages: messages}}
}

// references returns external references from source, id pairs; those without
// an id are left out.
func references(pairs ...string) []Reference {
	var out []Reference
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, Reference{SourceName: pairs[i], ExternalID: pairs[i+1]})
		}
	}
	return out
}

// lines joins name, text pairs; those without a text are left out.
func lines(sep string, pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		switch name, text := pairs[i], pairs[i+1]; {
		case text == "":
		case name == "":
			out = append(out, text)
		default:
			out = append(out, name+": "+text)
		}
	}
	return strings.Join(out, sep)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
