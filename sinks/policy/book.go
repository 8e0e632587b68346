package policy

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy/calendar"
)

// Book is who we are and whom we exchange messages with. Immutable.
type Book struct {
	Self     Self
	parties  []Party
	byID     map[string]*Party
	settings Settings
	days     *calendar.Set
	open     calendar.Hours // of our desk
}

// Settings are what a book knows beyond the parties.
type Settings struct {
	Guard     []Guard
	Calendars string            // folder of CC.csv files, "" = what is shipped
	Zones     map[string]string // IANA zone by country, of those whose calendar knows none
	// USD returns how many US dollars one unit of a currency was; nil or false without a
	// rate.
	USD func(currency string, at time.Time) (*big.Rat, bool)
}

// NewBook validates the parties, whose order is the order of preference.
func NewBook(self Self, parties []Party) (*Book, error) {
	if self.ID == "" || len(self.Country) != 2 {
		return nil, fmt.Errorf("party: needs id and country")
	}
	b := &Book{Self: self, parties: slices.Clone(parties), byID: map[string]*Party{}}
	var err error
	if b.open, err = calendar.ParseHours(self.Contact.Hours); err != nil {
		return nil, fmt.Errorf("party.contact: %w", err)
	}
	for i := range b.parties {
		p := &b.parties[i]
		p.agreed = nil
		if err := p.Validate(); err != nil {
			return nil, err
		}
		if b.byID[p.ID] != nil || p.ID == self.ID {
			return nil, fmt.Errorf("parties: id %q is there twice", p.ID)
		}
		if p.agreed, err = p.Profile(); err != nil {
			return nil, err
		}
		if p.open, err = calendar.ParseHours(p.Contact.Hours); err != nil {
			return nil, fmt.Errorf("parties.%s.contact: %w", p.ID, err)
		}
		b.byID[p.ID] = p
	}
	return b.With(Settings{})
}

// With returns b with these settings in place of those it has.
func (b *Book) With(s Settings) (*Book, error) {
	if err := checkGuard(s.Guard); err != nil {
		return nil, err
	}
	countries := []string{b.Self.Country}
	for i := range b.parties {
		countries = append(countries, b.parties[i].Country)
	}
	days, err := calendar.Load(s.Calendars, s.Zones, countries...)
	if err != nil {
		return nil, err
	}
	out := *b
	out.settings, out.days = s, days
	return &out, nil
}

// Party returns the party with that id, or nil.
func (b *Book) Party(id string) *Party { return b.byID[id] }

// Parties lists all parties in the order of the config. The caller does not
// change them.
func (b *Book) Parties() []Party { return b.parties }

// Route returns the party that is to be asked about a subject, or the field for
// want of which there is none (DESIGN 6). An account in our own country goes to
// the bank that keeps it, any other to the first party of its country whose
// policy allows the first ask.
func (b *Book) Route(s hit.Subject, asks []string) (party *Party, blocked string) {
	if s.Country == "" {
		return nil, "route"
	}
	if s.Country == b.Self.Country {
		if bank := b.Bank(s.BIC, s.ClearingSystem, s.ClearingID); bank != nil {
			return bank, ""
		}
		return nil, "route"
	}
	for i := range b.parties {
		p := &b.parties[i]
		if p.Country == s.Country && p.Kind != "bank" && len(asks) > 0 && p.Allows(asks[0]) && b.mayAsk(p, p.agreed) == nil {
			return p, ""
		}
	}
	return nil, "route"
}

// Bank returns our own bank that keeps accounts under these ids, or nil.
func (b *Book) Bank(bic, system, id string) *Party {
	for i := range b.parties {
		p := &b.parties[i]
		if p.Kind == "bank" && p.Country == b.Self.Country && slices.ContainsFunc(p.Servicers, func(s Servicer) bool { return s.keeps(bic, system, id) }) {
			return p
		}
	}
	return nil
}

func (s Servicer) keeps(bic, system, id string) bool {
	if s.BIC != "" && bic != "" {
		short := s.BIC[:min(8, len(s.BIC))]
		return bic == s.BIC || strings.HasPrefix(bic, short) && (len(s.BIC) == 8 || len(bic) == 8)
	}
	return s.ClearingIDPrefix != "" && s.ClearingSystem == system && strings.HasPrefix(id, s.ClearingIDPrefix)
}

// keeps reports whether a bank keeps the accounts of the servicer.
func (p *Party) keeps(s freeze.Servicer) bool {
	return slices.ContainsFunc(p.Servicers, func(own Servicer) bool { return own.keeps(s.BIC, s.ClearingSystem, s.ClearingID) })
}

// Needs returns how many different people have to approve a request with these asks
// to the party: 0 where the agreement and the config let it go without.
func (b *Book) Needs(party string, asks []string) int {
	p := b.Party(party)
	if p == nil {
		return 2
	}
	most, alone := 1, len(asks) > 0
	for _, ask := range p.Allowed(asks) {
		most = max(most, p.agreed.People(ask), p.Policy.Approvals[ask])
		alone = alone && slices.Contains(p.Policy.Unattended, ask)
	}
	if alone && len(p.Allowed(asks)) > 0 {
		return 0
	}
	return most
}

// Loosened is what the config of a party lets out beyond its profile, for the log and
// the ledger.
type Loosened struct {
	Party string
	Looser
}

// Loosened lists what parties may read beyond their profiles.
func (b *Book) Loosened() []Loosened {
	var out []Loosened
	for i := range b.parties {
		if l := b.parties[i].Policy.Looser; len(l.Allow) > 0 {
			out = append(out, Loosened{Party: b.parties[i].ID, Looser: l})
		}
	}
	return out
}

// Uncovered lists the countries of the parties whose holidays of the year nobody knows:
// there working days are all from Monday to Friday.
func (b *Book) Uncovered(year int) []string {
	var out []string
	countries := []string{b.Self.Country}
	for i := range b.parties {
		countries = append(countries, b.parties[i].Country)
	}
	for _, c := range countries {
		if !b.days.Of(c).Covers(year) && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// Guard names accounts that are never suspended, whatever is on them, because many
// people's money is (FREEZE 1.7). Empty members match anything, but one of account,
// bic and clearing_id is there.
type Guard struct {
	Kind           string `yaml:"kind"`    // nostro | pooled | safeguarding | government | payroll
	Account        string `yaml:"account"` // normalised id; a * at its end stands for any rest
	BIC            string `yaml:"bic"`     // the first 8 characters count unless all 11 are given
	ClearingSystem string `yaml:"clearing_system"`
	ClearingID     string `yaml:"clearing_id"` // a * at its end stands for any rest
	Note           string `yaml:"note"`
}

func checkGuard(guard []Guard) error {
	kinds := []string{"nostro", "pooled", "safeguarding", "government", "payroll"}
	for i, g := range guard {
		if !slices.Contains(kinds, g.Kind) {
			return fmt.Errorf("guard[%d].kind: %q is not one of %s", i, g.Kind, strings.Join(kinds, ", "))
		}
		if strings.Trim(g.Account, "*") == "" && g.BIC == "" && strings.Trim(g.ClearingID, "*") == "" {
			return fmt.Errorf("guard[%d]: needs account, bic or clearing_id", i)
		}
	}
	return nil
}

// Guarded reports whether the account is one that is never suspended, and why.
func (b *Book) Guarded(s freeze.Subject) (reason string, guarded bool) {
	for _, g := range b.settings.Guard {
		if g.matches(s) {
			return g.Kind + " account of the guard list", true
		}
	}
	if s.Account.Type == "pooled" {
		return "pooled account", true
	}
	return "", false
}

func (g Guard) matches(s freeze.Subject) bool {
	servicer := Servicer{BIC: g.BIC}
	return like(g.Account, s.Account.ID) && like(g.ClearingID, s.Servicer.ClearingID) &&
		(g.ClearingSystem == "" || g.ClearingSystem == s.Servicer.ClearingSystem) &&
		(g.BIC == "" || servicer.keeps(s.Servicer.BIC, "", ""))
}

// like reports whether v is what the pattern says; an empty pattern is anything.
func like(pattern, v string) bool {
	head, open := strings.CutSuffix(pattern, "*")
	return pattern == "" || v == pattern || open && strings.HasPrefix(v, head)
}
