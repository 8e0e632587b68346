package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy/profile"
)

// Profile is the shape of an agreement as data; see the package profile.
type Profile = profile.Profile

// ProfileOf returns a shipped profile.
func ProfileOf(name string) (*Profile, error) { return profile.Of(name) }

// Strictest returns what all of the handlings allow, nil when all are nil.
func Strictest(all ...*freeze.Handling) *freeze.Handling { return profile.Strictest(all...) }

// Profile returns the profile of the agreement with p, as its config changes it.
func (p *Party) Profile() (*Profile, error) {
	if p.agreed != nil {
		return p.agreed, nil
	}
	shipped, err := ProfileOf(p.Policy.Profile)
	if err != nil {
		return nil, err
	}
	out := shipped.With(p.Policy.Deny, p.Policy.Looser.Allow)
	if !p.Policy.Accept.Other.Zero() {
		out.Accept = p.Policy.Accept
	}
	if !p.Policy.Decide.Other.Zero() {
		out.Decide = p.Policy.Decide
	}
	return out, nil
}

// handling returns the handling of what goes to p: the strictest of the profile, the
// config and what a partner asked of what is told.
func (p *Party) handling(limits *freeze.Handling) freeze.Handling {
	agreed, err := p.Profile()
	if err != nil {
		return freeze.Handling{}
	}
	own := p.Policy.Handling.message()
	h := profile.Stricter(profile.Stricter(agreed.Message(), &own), limits)
	h.SourceEval, h.InfoEval = own.SourceEval, own.InfoEval
	return agreed.Final(h)
}

// message returns h as it stands in a message; what it leaves open limits nothing.
func (h Handling) message() freeze.Handling {
	onward := h.Onward
	if onward == "" {
		onward = "prior_consent"
	}
	return freeze.Handling{
		TLP: h.TLP, Europol: h.Europol, SourceEval: h.SourceEval, InfoEval: h.InfoEval, PermittedUse: h.PermittedUse,
		Onward: freeze.Onward{Mode: onward}, CustomerNotice: h.CustomerNotice,
	}
}

// Allows reports whether the agreement with p covers the ask.
func (p *Party) Allows(ask string) bool {
	agreed, err := p.Profile()
	if err != nil || !agreed.Allows(ask) {
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

func (p Policy) validate(where string, agreed *Profile) error {
	for name, a := range map[string]Answering{"accept": p.Accept, "decide": p.Decide} {
		if a.Critical.Zero() != a.Other.Zero() {
			return fmt.Errorf("%s.%s: critical and other belong together", where, name)
		}
	}
	return errors.Join(p.validateAsks(where, agreed), p.validateTexts(where, agreed), p.validateLooser(where), p.validateHandling(where, agreed), p.validateDenied(where), p.validateOnward(where))
}

func (p Policy) validateAsks(where string, agreed *Profile) error {
	for _, ask := range p.Asks {
		if !agreed.Allows(ask) {
			return fmt.Errorf("%s.asks: profile %s has no ask %q: use %s", where, agreed.Name, ask, strings.Join(agreed.Asks, ", "))
		}
	}
	for _, ask := range p.AutoProvisional {
		if !slices.Contains(agreed.AutoProvisional, ask) {
			return fmt.Errorf("%s.auto_provisional: profile %s never sends %q by itself", where, agreed.Name, ask)
		}
	}
	for _, ask := range p.Unattended {
		if !slices.Contains(agreed.Unattended, ask) {
			return fmt.Errorf("%s.unattended: profile %s never sends %q without people", where, agreed.Name, ask)
		}
	}
	for ask, n := range p.Approvals {
		if !agreed.Allows(ask) || n < agreed.People(ask) || n > 5 {
			return fmt.Errorf("%s.approvals.%s: %d: profile %s takes %d people, and up to 5 may be asked for", where, ask, n, agreed.Name, agreed.People(ask))
		}
	}
	return nil
}

// validateTexts checks the texts that no officer adds: our basis, and all that is
// required where a request may go out by itself.
func (p Policy) validateTexts(where string, agreed *Profile) error {
	if agreed.Regime == "domestic" {
		return nil
	}
	t := p.Texts
	texts := []struct{ name, text string }{
		{"requester_basis.code", t.RequesterBasis.Code}, {"requester_basis.text", t.RequesterBasis.Text},
		{"background", t.Background}, {"reason", t.Reason}, {"nexus", t.Nexus}, {"intended_use", t.IntendedUse},
	}
	for i, x := range texts {
		needed := i < 2 || len(p.AutoProvisional) > 0 && slices.Contains(agreed.Required, "legal."+x.name)
		if x.text == "" && needed {
			return fmt.Errorf("%s.texts.%s: profile %s needs it", where, x.name, agreed.Name)
		}
	}
	return nil
}

func (p Policy) validateLooser(where string) error {
	l := p.Looser
	if len(l.Allow) == 0 {
		return nil
	}
	people := map[string]bool{}
	for _, name := range l.ApprovedBy {
		people[strings.ToLower(strings.TrimSpace(name))] = true
	}
	delete(people, "")
	if len(people) < 2 || strings.TrimSpace(l.Note) == "" {
		return fmt.Errorf("%s.looser: name two different people in approved_by, and the law in note", where)
	}
	return checkPatterns(where+".looser.allow", l.Allow)
}

func (p Policy) validateDenied(where string) error { return checkPatterns(where+".deny", p.Deny) }

func (p Policy) validateOnward(where string) error {
	if !slices.Contains([]string{"", "granted", "not_granted", "to_be_asked"}, p.OnwardUse) {
		return fmt.Errorf("%s.onward_use: %q is not one of granted, not_granted, to_be_asked", where, p.OnwardUse)
	}
	return nil
}

// checkPatterns refuses patterns that no member of any message has.
func checkPatterns(where string, patterns []string) error {
	for _, pattern := range patterns {
		if !profile.Known(pattern) {
			return fmt.Errorf("%s: no message has a member %q: write payments.debtor.name or payments.debtor.*", where, pattern)
		}
	}
	return nil
}

// validateHandling refuses what is less strict than the profile, and words that no
// message has.
func (p Policy) validateHandling(where string, agreed *Profile) error {
	own := p.Handling.message()
	strict := profile.Stricter(agreed.Message(), &own)
	for _, x := range []struct{ name, own, strict string }{
		{"tlp", p.Handling.TLP, strict.TLP}, {"europol", p.Handling.Europol, strict.Europol}, {"permitted_use", p.Handling.PermittedUse, strict.PermittedUse},
		{"onward", p.Handling.Onward, strict.Onward.Mode}, {"customer_notice", p.Handling.CustomerNotice, strict.CustomerNotice},
	} {
		if x.own != "" && x.own != x.strict {
			return fmt.Errorf("%s.handling.%s: %q is not stricter than %q of profile %s", where, x.name, x.own, x.strict, agreed.Name)
		}
	}
	h := p.Handling
	if h.SourceEval != "" && !slices.Contains([]string{"A", "B", "C", "X"}, h.SourceEval) || h.InfoEval != "" && !slices.Contains([]string{"1", "2", "3", "4"}, h.InfoEval) {
		return fmt.Errorf("%s.handling: source_eval is A, B, C or X, info_eval 1 to 4", where)
	}
	return nil
}

// Field is one member that a message told; see profile.Field.
type Field = profile.Field

// Disclosures lists what a message, as it went out, told beyond its envelope, in order
// of the paths and without a value: the rows of the table of disclosures, of the audit
// bundle and of whoever else says what went to whom.
func Disclosures(body []byte) ([]Field, error) { return profile.Disclosures(body) }
