package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// texts lists the members into which people write freely. What is never told has no
// member of its own, so this is the only way on which it could leave.
func texts() []string {
	return []string{
		"legal.facts", "legal.background", "legal.reason", "legal.nexus", "legal.intended_use", "legal.domestic_equivalent", "legal.proportionality",
		"legal.requested_basis.text", "legal.predicate_offence.text", "asks.note", "indicators.text", "reason", "justification", "purpose", "conditions",
		"refusal.text", "refusal.ground", "refusal.legal_ground", "refusal.cure", "pending.why", "needs.why", "changes.from", "changes.to", "reject.text",
	}
}

// leak blocks texts that hold a telephone number or the number of a device or SIM card:
// those of victims are never told (FREEZE 4), and a machine cannot see whose one is.
func leak(t freeze.Type, tree map[string]any) *Gate {
	known := map[string]bool{} // numbers that the message may tell elsewhere
	identifiers(tree, known)
	var found *Gate
	walk(tree, "", "", func(path, at, text string) {
		if found != nil {
			return
		}
		if what := numberIn(text, known); what != "" && slices.Contains(texts(), path) {
			found = &Gate{Field: at, Text: "holds what looks like " + what + ": take it out, it is never told"}
		}
	})
	if found == nil && t == freeze.TypeInfoResponse {
		found = leakAnswer(tree, known)
	}
	return found
}

// leakAnswer looks at the answers of an info_response; only the creditor's telephone
// may be one.
func leakAnswer(tree map[string]any, known map[string]bool) *Gate {
	list, _ := tree["answers"].([]any)
	for i, v := range list {
		answer, _ := v.(map[string]any)
		field, _ := answer["field"].(string)
		value, _ := answer["value"].(string)
		if what := numberIn(value, known); what != "" && Plain(field) != "creditor.phone" && Plain(field) != "creditor.device" {
			return &Gate{Field: fmt.Sprintf("answers[%d].value", i), Text: "holds what looks like " + what + ": take it out, it is never told"}
		}
	}
	return nil
}

// identifiers collects accounts and references.
func identifiers(tree map[string]any, into map[string]bool) {
	walk(tree, "", "", func(path, _, text string) {
		if strings.HasSuffix(path, "account.id") || strings.Contains(path, ".refs.") || strings.HasSuffix(path, "sub_account") {
			into[text] = true
		}
	})
}

// walk calls f for every text below v, with its path and its place.
func walk(v any, path, at string, f func(path, at, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			walk(child, strings.TrimPrefix(path+"."+name, "."), strings.TrimPrefix(at+"."+name, "."), f)
		}
	case []any:
		for i, child := range v {
			walk(child, path, fmt.Sprintf("%s[%d]", at, i), f)
		}
	case string:
		f(path, at, v)
	}
}

// numberIn names what a text seems to hold: a telephone number in E.164 (+ and 8 to 15
// digits, blanks, dots and dashes between them), or 15 digits by themselves, which is
// an IMEI or an IMSI; or nothing.
func numberIn(text string, known map[string]bool) string {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '+' && phone(text[i+1:]):
			return "a telephone number"
		case digit(text[i]) && (i == 0 || !alphanumeric(text[i-1])):
			end := i
			for end < len(text) && digit(text[end]) {
				end++
			}
			alone := end == len(text) || !alphanumeric(text[end])
			if end-i == 15 && alone && !known[text[i:end]] {
				return "an IMEI or IMSI"
			}
			i = end
		}
	}
	return ""
}

func phone(rest string) bool {
	n := 0
	for i := range len(rest) {
		if digit(rest[i]) {
			n++
		} else if !strings.ContainsRune(" -./()", rune(rest[i])) {
			break
		}
	}
	return n >= 8 && n <= 15
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func alphanumeric(b byte) bool { return digit(b) || b|0x20 >= 'a' && b|0x20 <= 'z' }
