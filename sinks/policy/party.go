package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy/calendar"
	"github.com/haltwire/haltwire/sinks/policy/profile"
)

// Contact says how to reach a desk, not a person.
type Contact struct {
	Desk  string `yaml:"desk"`
	Phone string `yaml:"phone"`
	Email string `yaml:"email"`
	Hours string `yaml:"hours"`
}

// Self is the party that this haltwire speaks for (config: party).
type Self struct {
	ID      string  `yaml:"id"`
	Name    string  `yaml:"name"`
	Kind    string  `yaml:"kind"`
	Country string  `yaml:"country"`
	Contact Contact `yaml:"contact"`
}

// Party is an organisation we exchange messages with (config: parties[]).
type Party struct {
	ID        string     `yaml:"id"`
	Name      string     `yaml:"name"`
	Kind      string     `yaml:"kind"`
	Country   string     `yaml:"country"`
	Contact   Contact    `yaml:"contact"`
	Keys      Keys       `yaml:"keys"`
	Channels  []Channel  `yaml:"channels"`
	Servicers []Servicer `yaml:"servicers"`
	Policy    Policy     `yaml:"policy"`

	agreed *Profile       // of a party of a book
	open   calendar.Hours // of its desk
}

// Keys names the file with a party's public keys.
type Keys struct {
	File string `yaml:"file"`
}

// Channel is one way to a party; which members count depends on the kind.
type Channel struct {
	Kind         string `yaml:"kind"`          // webhook | kafka | taxii | camt056 | goaml | manual
	URL          string `yaml:"url"`           // webhook
	AllowPrivate bool   `yaml:"allow_private"` // webhook: the address may be a private one
	CA           string `yaml:"ca"`            // webhook: PEM file of roots, "" = the system's
	Out          string `yaml:"out"`           // kafka: topic to the party; camt056, goaml, manual: folder
	In           string `yaml:"in"`            // kafka: topic from the party; camt056: folder of answers
	// Settings are members that one kind alone knows: those of camt056.Config and
	// goaml.Config, and user and secret_file of taxii.
	Settings map[string]any `yaml:",inline"`
}

// Servicer tells which accounts a bank keeps: a BIC (8 or 11 characters, the
// first 8 count unless all 11 are given) or a prefix of its clearing ids.
type Servicer struct {
	BIC              string `yaml:"bic"`
	ClearingSystem   string `yaml:"clearing_system"`
	ClearingIDPrefix string `yaml:"clearing_id_prefix"`
}

// Policy is the agreement with a party.
type Policy struct {
	Profile string `yaml:"profile"`
	// Asks narrows the asks of the profile; empty keeps them.
	Asks []string `yaml:"asks"`
	// AutoProvisional are the asks that may go out by themselves, to be confirmed
	// by people afterwards.
	AutoProvisional []string `yaml:"auto_provisional"`
	// Unattended are the asks that go out without people, where the profile knows such.
	Unattended []string       `yaml:"unattended"`
	Approvals  map[string]int `yaml:"approvals"` // people by ask, more than the profile takes
	Deny       []string       `yaml:"deny"`      // members that are not told: payments.debtor.*
	Looser     Looser         `yaml:"looser"`
	Handling   Handling       `yaml:"handling"`
	Accept     Answering      `yaml:"accept"` // in place of the profile's
	Decide     Answering      `yaml:"decide"`
	Texts      Texts          `yaml:"texts"`
	// OnwardUse is what the party may do with onward movements that we tell it of:
	// granted, not_granted or to_be_asked; empty is to_be_asked.
	OnwardUse string `yaml:"onward_use"`
}

// Looser lets members out that the profile does not: two different people answer for
// it, with a note on the law.
type Looser struct {
	Allow      []string `yaml:"allow"` // subject.holders.id.*
	Note       string   `yaml:"note"`
	ApprovedBy []string `yaml:"approved_by"`
}

// Handling makes the handling of the profile stricter, and adds an evaluation.
type Handling struct {
	TLP            string `yaml:"tlp"`
	Europol        string `yaml:"europol"`
	SourceEval     string `yaml:"source_eval"`
	InfoEval       string `yaml:"info_eval"`
	PermittedUse   string `yaml:"permitted_use"`
	Onward         string `yaml:"onward"`
	CustomerNotice string `yaml:"customer_notice"`
}

// Answering is how long a desk has, in terms: 1h, opening+4h, 5wd.
type Answering = profile.Answering

// Texts are the legal texts that stand in every request to the party.
type Texts struct {
	RequesterBasis     Basis  `yaml:"requester_basis"`
	Background         string `yaml:"background"`
	Reason             string `yaml:"reason"`
	Nexus              string `yaml:"nexus"`
	IntendedUse        string `yaml:"intended_use"`
	DomesticEquivalent string `yaml:"domestic_equivalent"`
}

// Basis is a legal basis: a code and its text.
type Basis struct {
	Code string `yaml:"code"`
	Text string `yaml:"text"`
}

// Validate reports what partners could not read of us.
func (s Self) Validate() error {
	if s.ID == "" {
		return errors.New("party.id: required; it is our name in every message")
	}
	_, err := calendar.ParseHours(s.Contact.Hours)
	if err != nil {
		err = fmt.Errorf("party.contact: %w", err)
	}
	return errors.Join(checkKind("party", s.Kind), CheckCountry("party.country", s.Country), err)
}

func checkKind(where, kind string) error {
	kinds := []string{"fiu", "ncb", "lea", "bank", "telecom", "vasp", "hub"}
	if !slices.Contains(kinds, kind) {
		return fmt.Errorf("%s.kind: %q is not one of %s", where, kind, strings.Join(kinds, ", "))
	}
	return nil
}

// CheckCountry reports a country that no account can have, so that nothing would
// ever be routed by it. where is the key in the config.
func CheckCountry(where, country string) error {
	if code.IsCountry([]byte(country)) {
		return nil
	}
	hint := ""
	if near := code.Nearest(code.Countries(), country); near != "" {
		hint = "; did you mean " + near + "?"
	}
	return fmt.Errorf("%s: %q is no ISO 3166-1 alpha-2 code%s", where, country, hint)
}

// Validate reports what is wrong with a party of the config, and what a profile
// or a message would refuse later.
func (p *Party) Validate() error {
	where := "parties." + p.ID
	if p.ID == "" || p.ID == "-" || strings.ContainsAny(p.ID, "/ ") {
		return fmt.Errorf("parties: id %q: want letters, digits, . _ -", p.ID)
	}
	if err := errors.Join(checkKind(where, p.Kind), CheckCountry(where+".country", p.Country)); err != nil {
		return err
	}
	agreed, err := ProfileOf(p.Policy.Profile)
	if err != nil {
		return fmt.Errorf("%s.policy.profile: %w", where, err)
	}
	if len(agreed.Parties) > 0 && !slices.Contains(agreed.Parties, p.Kind) {
		return fmt.Errorf("%s.policy.profile: %s is for %s, not for a %s", where, agreed.Name, strings.Join(agreed.Parties, ", "), p.Kind)
	}
	if len(agreed.Members) > 0 && !slices.Contains(agreed.Members, p.Country) {
		return fmt.Errorf("%s.policy.profile: %s is no member of %s", where, p.Country, agreed.Name)
	}
	if _, err := calendar.ParseHours(p.Contact.Hours); err != nil {
		return fmt.Errorf("%s.contact: %w", where, err)
	}
	return p.Policy.validate(where+".policy", agreed)
}

// Party returns self as an end of an exchange.
func (s Self) Party() freeze.Party {
	return freeze.Party{PartyID: s.ID, Name: s.Name, Kind: s.Kind, Country: s.Country, Contact: s.Contact.message()}
}

// Party returns p as an end of an exchange.
func (p *Party) Party() freeze.Party {
	return freeze.Party{PartyID: p.ID, Name: p.Name, Kind: p.Kind, Country: p.Country}
}

func (c Contact) message() *freeze.Contact {
	if c == (Contact{}) {
		return nil
	}
	return &freeze.Contact{Desk: c.Desk, Phone: c.Phone, Email: c.Email, Hours: c.Hours}
}
