package profile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Field is one member that a message told: its path as May names it (answers by the
// field that was asked for), what kind of thing it is, and how many values.
type Field struct {
	Path  string `json:"path"`
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// Disclosures lists what a message, as it went out, told beyond its envelope, in order
// of the paths. It names no value, so it may stand in ledgers and logs.
func Disclosures(body []byte) ([]Field, error) {
	var tree map[string]any
	if err := json.Unmarshal(body, &tree); err != nil {
		return nil, fmt.Errorf("list disclosures: %w", err)
	}
	counts := map[string]int{}
	if t, _ := tree["type"].(string); freeze.Type(t) == freeze.TypeInfoResponse {
		list, _ := tree["answers"].([]any)
		for _, v := range list {
			answer, _ := v.(map[string]any)
			field, _ := answer["field"].(string)
			counts["answers."+answered(field)]++
		}
		delete(tree, "answers")
	}
	count(tree, "", counts)
	out := make([]Field, 0, len(counts))
	for path, n := range counts {
		if !matches(header(), path) {
			out = append(out, Field{Path: path, Kind: kindOf(path), Count: n})
		}
	}
	slices.SortFunc(out, func(a, b Field) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// answered returns a field of an answer if it is of our vocabulary: what people make up
// might itself tell something.
func answered(field string) string {
	field = Plain(field)
	named := slices.ContainsFunc(rows(), func(r row) bool { return slices.Contains(r.names, field) })
	for _, before := range []string{"", "subject.account.", "subject.", "payments.", "legal."} {
		if named || Known(before+field) {
			return field
		}
	}
	return "other"
}

func count(v any, at string, counts map[string]int) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			count(child, strings.TrimPrefix(at+"."+name, "."), counts)
		}
	case []any:
		for _, child := range v {
			count(child, at, counts)
		}
	case nil:
	default:
		counts[at]++
	}
}

// header lists the members of the envelope that tell nothing about anybody.
func header() []string {
	return []string{
		"schema", "type", "environment", "message_id", "alert_id", "sequence", "in_reply_to", "created_at", "sender.*", "recipient.*",
		"sender_ref", "recipient_ref", "case.id", "case.parent_alert", "case.root_alert", "case.related_alerts", "handling.*",
	}
}

// kindOf names what a member holds: name, identity, account, institution, reference,
// amount, place, indicator, time, text or fact.
func kindOf(path string) string {
	if slices.Contains(texts(), path) || strings.HasPrefix(path, "answers.legal.") {
		return "text"
	}
	for _, k := range []struct {
		kind  string
		parts []string
	}{
		{"institution", []string{"servicer.", "authority.", "intermediaries."}},
		{"name", []string{"account.name", "holders.name", "debtor.name", "creditor.name"}},
		{"identity", []string{"holders.id", "holders.dob", "creditor.", "identify_holder"}},
		{"place", []string{"location", "account_country"}},
		{"account", []string{"account.", "debtor.account", "sub_account", "further_credit"}},
		{"reference", []string{"refs", "complaint_ref", "_ref", "item_id", "parent_items", "camt056_id", "measure_id", "ask_id", "fact_ids"}},
		{"indicator", []string{"indicators."}},
		{"amount", []string{".amount", ".currency", "totals.", "amounts.", "balance", "funds.fx", "disputed"}},
		{"time", []string{"_at", "until", "_by", "date", ".at", ".by", "deadline", "settled_on", "as_of", "since"}},
	} {
		if slices.ContainsFunc(k.parts, func(part string) bool { return strings.Contains(path, part) }) {
			return k.kind
		}
	}
	return "fact"
}
