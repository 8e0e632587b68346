package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/rules/hit"
)

// Book is who we are and whom we exchange messages with. Immutable.
type Book struct {
	Self    Self
	parties []Party
	byID    map[string]*Party
	guard   []Guard
}

// NewBook validates the parties, whose order is the order of preference.
func NewBook(self Self, parties []Party) (*Book, error) {
	if self.ID == "" || len(self.Country) != 2 {
		return nil, fmt.Errorf("party: needs id and country")
	}
	b := &Book{Self: self, parties: parties, byID: map[string]*Party{}}
	for i := range parties {
		p := &parties[i]
		if err := p.Validate(); err != nil {
			return nil, err
		}
		if b.byID[p.ID] != nil || p.ID == self.ID {
			return nil, fmt.Errorf("parties: id %q is there twice", p.ID)
		}
		b.byID[p.ID] = p
	}
	return b, nil
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
		if p.Country == s.Country && p.Kind != "bank" && len(asks) > 0 && p.Allows(asks[0]) {
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

// Allows reports whether the agreement with p covers the ask.
func (p *Party) Allows(ask string) bool {
	profile, err := p.Profile()
	if err != nil || !slices.Contains(profile.Asks, ask) {
		return false
	}
	return len(p.Policy.Asks) == 0 || slices.Contains(p.Policy.Asks, ask)
}

// Allowed returns those of the asks that the agreement covers, in order.
func (p *Party) Allowed(asks []string) []string {
	var out []string
	for _, ask := range asks {
		if p.Allows(ask) && !slices.Contains(out, ask) {
			out = append(out, ask)
		}
	}
	return out
}

// Auto reports whether a request with these asks may go out by itself, to be
// confirmed by people. Asks that only ask for information never hold it up.
func (p *Party) Auto(asks []string) bool {
	allowed := p.Allowed(asks)
	for _, ask := range allowed {
		if isMeasure(ask) && !slices.Contains(p.Policy.AutoProvisional, ask) {
			return false
		}
	}
	return slices.ContainsFunc(allowed, isMeasure)
}

// isMeasure reports whether an ask stops or moves money.
func isMeasure(ask string) bool {
	return !slices.Contains([]string{"trace", "identify_holder", "preserve_records", "monitor", "informational"}, ask)
}
