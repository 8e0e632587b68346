package policy

import (
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// May reports whether the member at path may go out to a party of the profile
// in a message of the type. A path names members from the root, dots between
// them, list positions left out: payments.refs.uetr. It is the only place that
// decides; what is not listed is denied.
func (p *Profile) May(t freeze.Type, path string) bool {
	if matches(p.Never, path) {
		return false
	}
	return matches(envelopePaths(), path) || matches(pathsOf(t), path) || matches(p.Extra, path)
}

func matches(list []string, path string) bool {
	return slices.ContainsFunc(list, func(pattern string) bool {
		tree, whole := strings.CutSuffix(pattern, ".*")
		return path == pattern || whole && (path == tree || strings.HasPrefix(path, tree+"."))
	})
}

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
		"urgency", "valid_until", "answer_by.*", "provisional", "confirm_by", "approval.*", "legal.*", "asks.*",
		"subject.account.*", "subject.servicer.*", "subject.account_country",
		"payments.item_id", "payments.hop", "payments.parent_items", "payments.refs.*",
		"payments.instructed.*", "payments.settled.*", "payments.credited.*", "payments.disputed.*",
		"payments.executed_at", "payments.settled_on", "payments.rail", "payments.authorisation",
		"payments.debtor.servicer.*", "payments.debtor.kind", "payments.reported_at", "payments.recall.*",
		"totals.*", "indicators.*", "supersedes", "changes.*",
	}
}

func outcomePaths() []string {
	return []string{
		"outcome_of", "as_of", "final", "decision", "measures.*", "funds.*",
		"trail.item_id", "trail.parent_items", "trail.to.account.scheme", "trail.to.account.id", "trail.to.account.currency", "trail.to.account.type",
		"trail.to.servicer.*", "trail.to.account_country", "trail.money.*", "trail.credited.*", "trail.executed_at", "trail.refs.*", "trail.handled_by", "trail.onward_use", "trail.consent_ref",
		"refusal.*", "pending.*", "needs.*", "returns.*", "amounts.*", "customer_informed.*",
	}
}
