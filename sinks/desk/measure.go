package desk

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
)

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
