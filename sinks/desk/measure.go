package desk

import (
	"context"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// Proposal is what an officer approved in words of his own: who approves it too reads
// them first.
type Proposal struct {
	By    string            `json:"by"`
	Act   string            `json:"act"`
	About string            `json:"about,omitempty"`
	Texts map[string]string `json:"texts"`
}

// proposals opens the texts of the approvals that stand. Erased ones are left out.
func (d *Desk) proposals(ctx context.Context, a *apply.Alert) []Proposal {
	var out []Proposal
	for _, p := range a.Approvals {
		var texts caselog.OfficerPersonal
		if p.Personal != "" && d.open(ctx, p.Personal, &texts) == nil {
			out = append(out, Proposal{By: p.By, Act: p.Act, About: p.About, Texts: texts.Texts})
		}
	}
	return out
}

// unsealed leaves what is sealed out of a copy's measures: nobody can read it there.
func unsealed(measures []*apply.Measure) []*apply.Measure {
	for _, m := range measures {
		m.Personal = ""
		for _, x := range m.Asked {
			x.Personal = ""
		}
	}
	return measures
}

// measureOf is what an officer records of a measure: what it is now (Code), when it
// ends (Until), how much it stops, and of a new one its kind and the kind of authority,
// which are words of the contract: others are left out. The names of the authority and of the law stay
// sealed.
func measureOf(a Action) *caselog.MeasureMark {
	one := func(name string, of ...string) string {
		if text := a.Texts[name]; slices.Contains(of, text) {
			return text
		}
		return ""
	}
	m := &caselog.MeasureMark{
		State: a.Code, Amount: a.Amount, ExpiresAt: a.Until,
		Kind: one("kind", "bank_hold", "lien", "debit_block", "consent_withheld", "transaction_suspended", "account_suspended",
			"freezing_order", "seizure", "monitoring", "records_preserved"),
		AuthorityKind: one("authority_kind", "bank", "fiu", "police", "prosecutor", "court"),
		ConvertNeed:   one("convert_need", "mla_request", "court_order", "complaint", "victim_statement", "none"),
	}
	m.Extendable, m.EndsIfSilent = a.Texts["extendable"] == "true", a.Texts["ends_if_silent"] == "true"
	return m
}

// textMark marks texts, so that officers who approve other texts do not add up. Nobody
// can tell the texts from it.
func (d *Desk) textMark(alert string, names []string, texts map[string]string) string {
	parts := []string{alert}
	for _, name := range names {
		parts = append(parts, name, texts[name])
	}
	return d.opt.Root.Ref("texts", parts...)
}
