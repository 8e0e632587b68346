package desk

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
)

// Text is a text that an act takes: its name in Action.Texts, and what it is for.
type Text struct {
	// Name is that of a member of the message; FIELD stands for the path of any member
	// of a request, as subject.account.sub_account.
	Name  string
	About string
}

// FieldText is the name under which Texts lists acts that take the path of any member.
const FieldText = "FIELD"

// TextsOf lists the texts that an act takes, in the order in which people write them.
// direction is that of the alert. What is not listed is refused.
func TextsOf(direction, do string) []Text {
	if direction == caselog.In {
		if in, ok := textsIn()[do]; ok {
			return in
		}
	} else if out, ok := textsOut()[do]; ok {
		return out
	}
	return textsBoth()[do]
}

func textsOut() map[string][]Text {
	return map[string][]Text{
		apply.ActEdit: {
			{"legal.facts", "What happened, written by an officer."},
			{"legal.background", "What is known of it beside that."},
			{"legal.reason", "Why we ask."},
			{"legal.nexus", "How it is linked to the partner's country."},
			{"legal.intended_use", "What the answer will be used for."},
			{"legal.domestic_equivalent", "Why it would be suspended here too (CETS 198)."},
			{"legal.proportionality", "Why nothing less than suspending the account does."},
			{"legal.predicate_offence.text", "The offence in words."},
			{"legal.requested_basis.code", "Code of a legal basis that the partner may use."},
			{"legal.requested_basis.text", "That basis in words."},
			{"sub_account", "Which part of a pooled account it is about."},
			{"complaint_ref", "Reference of the victim's complaint."},
		},
		apply.ActInfo:     {{FieldText, "The value of a member that the partner asked for."}},
		apply.ActExtend:   {{"justification", "Why the measure has to last longer."}},
		apply.ActConsent:  {{"purpose", "What the partner's information will be used for."}},
		apply.ActFeedback: {{"prosecuted", "yes or no: somebody is prosecuted."}},
	}
}

func textsIn() map[string][]Text {
	measure := []Text{
		{apply.TickA, "Why article 47(2)(a) of CETS 198 does not stand against it: it is about laundering or its proceeds."},
		{apply.TickB, "Why article 47(2)(b) does not: it would be suspended in a domestic case."},
		{apply.Proportionality, "Why nothing less than suspending the account does."},
	}
	return map[string][]Text{
		"accept":           {{FieldText, "What we will need to know of this member."}},
		apply.ActAuthorise: measure,
		apply.ActEmergency: measure,
		apply.ActRefuse: {
			{"text", "Why, in words for the partner."},
			{"cure", "What would make the request acceptable."},
			{"legal_ground", "The law that stands against it."},
			{"field", "The member that is wrong, of a request that should not have come to us."},
		},
		apply.ActAskInfo: {{FieldText, "Why we need to know this member."}},
		apply.ActConsent: {
			{"purpose", "What the information may be used for."},
			{"conditions", "What else its use depends on."},
			{"to", "Countries or parties that may be told, commas between them, where it is not all."},
			{"ground", "Code of the ground of a refusal."},
			{"text", "That ground in words."},
		},
	}
}

// textsBoth lists what does not depend on the direction.
func textsBoth() map[string][]Text {
	return map[string][]Text{
		apply.ActNote: {{"text", "The remark."}, {"note", "The remark, by another name."}},
		apply.ActMeasure: {
			{"kind", "Kind of a new measure: bank_hold, lien, debit_block, consent_withheld, transaction_suspended, account_suspended, freezing_order, seizure, monitoring or records_preserved."},
			{"authority_kind", "Kind of who ordered it: bank, fiu, police, prosecutor or court."},
			{"authority", "Who ordered it."},
			{"legal_basis", "The law that it rests on."},
			{"extendable", "true: it can be extended."},
			{"ends_if_silent", "true: it ends by itself."},
			{"convert_need", "What turns it into a lasting one: mla_request, court_order, complaint, victim_statement or none."},
		},
		apply.ActRecord: {
			{"ref", "The partner's reference, of a receipt."},
			{"desk", "The partner's desk."},
			{"phone", "Its telephone."},
			{"email", "Its address."},
			{"duplicate_of", "The request that the partner has it as a duplicate of."},
			{"code", "Code of a rejection."},
			{"field", "The member that the rejection is about."},
			{"text", "The rejection in words."},
			{"message", "The members of any other message as a JSON object."},
		},
	}
}

// TextNames lists the names of all texts, FieldText aside.
func TextNames() []string {
	names := map[string]bool{}
	for _, of := range []map[string][]Text{textsOut(), textsIn(), textsBoth()} {
		for _, texts := range of {
			for _, t := range texts {
				names[t.Name] = true
			}
		}
	}
	delete(names, FieldText)
	return slices.Sorted(maps.Keys(names))
}

// nameTexts refuses a text that the act does not take, and says which it does.
func nameTexts(direction string, action *Action) error {
	known := TextsOf(direction, action.Do)
	var names []string
	for _, t := range known {
		names = append(names, t.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(action.Texts)) {
		switch {
		case slices.Contains(names, FieldText) && !intake.IsField(name):
			return fmt.Errorf("%w: text %q: want the name of a member: letters, digits, points and underscores", ErrRefused, name)
		case slices.Contains(names, FieldText) || slices.Contains(names, name):
		case len(names) == 0:
			return fmt.Errorf("%w: text %q: %s takes no texts; a remark goes into reason or a note", ErrRefused, name, action.Do)
		default:
			return fmt.Errorf("%w: text %q: %s takes %s", ErrRefused, name, action.Do, strings.Join(names, ", "))
		}
	}
	return nil
}
