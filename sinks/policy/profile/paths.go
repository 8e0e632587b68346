package profile

import (
	"reflect"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// envelopePaths lists what every message may say of its envelope.
func envelopePaths() []string {
	return []string{
		"schema", "type", "environment", "message_id", "alert_id", "sequence", "in_reply_to", "created_at",
		"sender.*", "recipient.*", "sender_ref", "recipient_ref",
		"case.id", "case.parent_alert", "case.root_alert", "case.related_alerts", "handling.*",
	}
}

// pathsOf lists what messages of a type may say under every profile.
func pathsOf(t freeze.Type) []string {
	switch t {
	case freeze.TypeRequest, freeze.TypeAmendment:
		return requestPaths()
	case freeze.TypeConfirmation:
		return []string{"confirms", "approval.*", "reason"}
	case freeze.TypeWithdrawal:
		return []string{"reason"}
	case freeze.TypeStatusRequest:
		return []string{"about"}
	case freeze.TypeExtensionRequest:
		return []string{"measure_id", "until", "justification"}
	case freeze.TypeLiftRequest:
		return []string{"measure_id", "amount.*", "reason"}
	case freeze.TypeConsentRequest:
		return []string{"fact_ids", "to", "purpose", "deadline"}
	case freeze.TypeConsentResponse:
		return []string{"granted", "to", "purpose", "conditions", "refusal.*"}
	case freeze.TypeInfoResponse:
		return []string{"answers.*"}
	case freeze.TypeFeedback:
		return []string{"useful", "recovered.*", "prosecuted"}
	case freeze.TypeReceipt:
		return []string{"receipt_of", "digest.*", "level", "at", "desk_contact.*", "reject.*", "duplicate_of", "decide_by", "needs.*"}
	case freeze.TypeOutcome:
		return outcomePaths()
	}
	return nil
}

func requestPaths() []string {
	return []string{
		"urgency", "valid_until", "answer_by.*", "provisional", "confirm_by", "approval.*", "asks.*",
		"legal.regime", "legal.requester_basis.*", "legal.predicate_offence.code", "legal.proportionality", "legal.followup.*",
		"subject.account.scheme", "subject.account.id", "subject.account.currency", "subject.account.type", "subject.account.sub_account", "subject.servicer.*", "subject.account_country",
		"payments.item_id", "payments.hop", "payments.parent_items", "payments.refs.*",
		"payments.instructed.*", "payments.settled.*", "payments.credited.*", "payments.disputed.*",
		"payments.executed_at", "payments.settled_on", "payments.rail", "payments.authorisation",
		"payments.debtor.servicer.*", "payments.debtor.kind", "payments.reported_at", "payments.recall.*",
		"totals.*", "supersedes", "changes.*",
	}
}

func outcomePaths() []string {
	return []string{
		"outcome_of", "as_of", "final", "decision", "funds.*",
		"measures.measure_id", "measures.ask_id", "measures.kind", "measures.state", "measures.amount.*",
		"measures.account.scheme", "measures.account.id", "measures.account.currency", "measures.account.type", "measures.account.sub_account",
		"measures.authority.*", "measures.legal_basis", "measures.in_force_at", "measures.expires_at", "measures.period_rule", "measures.extendable", "measures.extend_by", "measures.convert.*", "measures.ends_if_silent",
		"trail.item_id", "trail.parent_items", "trail.to.account.scheme", "trail.to.account.id", "trail.to.account.currency", "trail.to.account.type", "trail.to.account.sub_account",
		"trail.to.servicer.*", "trail.to.account_country", "trail.money.*", "trail.credited.*", "trail.executed_at", "trail.refs.*", "trail.handled_by", "trail.onward_use", "trail.consent_ref",
		"refusal.*", "pending.*", "needs.*", "returns.*", "amounts.*", "customer_informed.*",
	}
}

// Paths lists the members of a message of the type, as May names them, in the order of
// the contract. extensions, which is open, stands for all below it.
func Paths(t freeze.Type) []string {
	m := freeze.New(t)
	if m == nil {
		return nil
	}
	return members(reflect.TypeOf(m).Elem(), "")
}

func members(t reflect.Type, at string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[freeze.Time]() {
		return []string{at}
	}
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			out = append(out, members(f.Type, at)...)
		case name != "":
			out = append(out, members(f.Type, strings.TrimPrefix(at+"."+name, "."))...)
		}
	}
	return out
}

// Known reports whether some message has a member that the pattern names.
func Known(pattern string) bool {
	for _, t := range Types() {
		for _, path := range Paths(t) {
			if matches([]string{pattern}, path) {
				return true
			}
		}
	}
	return false
}
