package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Edit is what officers wrote into a request: who, since the last message that says
// it, and the texts, sealed.
type Edit struct {
	By          []string            `json:"by,omitempty"`
	Texts       map[string]EditText `json:"texts,omitempty"` // by the name of the member
	Added       []string            `json:"added,omitempty"`
	Dropped     []string            `json:"dropped,omitempty"` // asks
	MLSuspicion *bool               `json:"ml_suspicion,omitempty"`
	Offence     string              `json:"offence,omitempty"`
}

// EditText is one text: a mark by which a change is seen, and the sealed
// caselog.OfficerPersonal that holds it.
type EditText struct {
	Mark     string `json:"mark"`
	Personal string `json:"personal"`
}

// Said is what a request or amendment asks for, so that a change can be told to be
// more or less.
type Said struct {
	Asks  []string                `json:"asks"`
	Items map[string]freeze.Money `json:"items"`
	Edit  string                  `json:"edit,omitempty"` // mark of what officers wrote
}

// Voided are approvals that no longer count.
type Voided struct {
	Act  string   `json:"act"`
	By   []string `json:"by"`
	Why  string   `json:"why"`
	At   int64    `json:"at,omitempty"`
	Told bool     `json:"told,omitempty"` // on the log, as approval.voided
}

// Exceeded is a budget that was used up when the request was about to go out.
type Exceeded struct {
	What  string `json:"what"` // rule | party | subject
	Of    string `json:"of"`
	Limit int    `json:"limit"`
	Count int    `json:"count"`
}

// Note is an officer's remark; the text is sealed.
type Note struct {
	By       string `json:"by"`
	At       int64  `json:"at"`
	Personal string `json:"personal,omitempty"`
}

// Grows reports whether the alert asks for more than a message said: another ask,
// another payment, a higher amount, or other words. Without a message everything is
// more.
func (a *Alert) Grows(than *Said) bool {
	if than == nil || than.Edit != a.Edit.mark() {
		return true
	}
	for _, ask := range a.Asks {
		if !slices.Contains(than.Asks, ask) {
			return true
		}
	}
	for _, i := range a.Items {
		old, known := than.Items[i.ID]
		if !known || old.Currency != i.Amount.Currency || i.Amount.Amount.Cmp(old.Amount) > 0 {
			return true
		}
	}
	return false
}

// Changes names the members of a request that differ from what a message said.
func (a *Alert) Changes(from *Said) []string {
	var out []string
	same := len(a.Items) == len(from.Items)
	for _, i := range a.Items {
		old, known := from.Items[i.ID]
		same = same && known && old == i.Amount
	}
	if !same {
		out = append(out, "payments", "totals")
	}
	if !same || !slices.Equal(a.Asks, from.Asks) {
		out = append(out, "asks")
	}
	if from.Edit != a.Edit.mark() {
		out = append(out, "legal", "subject")
	}
	return out
}

// mark marks what officers wrote, "" for nothing.
func (e *Edit) mark() string {
	if e == nil || len(e.Texts) == 0 && e.MLSuspicion == nil && e.Offence == "" {
		return ""
	}
	v := struct {
		Texts   map[string]string
		ML      *bool
		Offence string
	}{map[string]string{}, e.MLSuspicion, e.Offence}
	for name, t := range e.Texts {
		v.Texts[name] = t.Mark
	}
	return markOf(v)
}

// said is what the alert asks for now.
func (a *Alert) said() *Said {
	s := &Said{Asks: slices.Clone(a.Asks), Items: map[string]freeze.Money{}, Edit: a.Edit.mark()}
	for _, i := range a.Items {
		s.Items[i.ID] = i.Amount
	}
	return s
}

// Content marks what a request of the alert would say now: asks, items, amounts, and
// what officers wrote. Approvals hold for one content.
func (a *Alert) Content() string {
	type part struct {
		ID     string
		Amount freeze.Money
	}
	v := struct {
		Asks  []string
		Items []part
		Edit  string `json:",omitempty"`
		Until string `json:",omitempty"`
	}{Asks: a.Asks, Edit: a.Edit.mark()}
	if end := a.Until(); end != nil {
		v.Until = end.String()
	}
	for _, i := range a.Items {
		v.Items = append(v.Items, part{i.ID, i.Amount})
	}
	return markOf(v)
}

// markOf returns the SHA-256 of v's JSON text.
func markOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
