package caselog

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Role is what a person may do at the desk. Officer, supervisor and head are
// ranks: who has a higher one may do what the lower one may.
type Role string

// The roles. An auditor reads everything and does nothing, an admin keeps keys and
// people and sees no alert.
const (
	RoleOfficer    Role = "officer"
	RoleSupervisor Role = "supervisor"
	RoleHead       Role = "head"
	RoleAuditor    Role = "auditor"
	RoleAdmin      Role = "admin"
)

// Covers reports whether r may do what least may.
func (r Role) Covers(least Role) bool {
	ranks := []Role{RoleOfficer, RoleSupervisor, RoleHead}
	at := slices.Index(ranks, least)
	if at < 0 {
		return r == least
	}
	return slices.Index(ranks, r) >= at
}

// OfficerData is the data of every event that an officer causes: approval.given,
// approval.refused, confirmed, withdrawn, reviewed, task.closed and the others that
// name one.
type OfficerData struct {
	AlertID string `json:"alert_id"`
	By      string `json:"by"`
	// Role is the officer's, since version 4 of the fold; before it nobody asked.
	Role Role `json:"role,omitempty"`
	// Act is what is approved: request, authorise, refuse, release and the other acts
	// of sinks/desk/apply.
	Act string `json:"act,omitempty"`
	// Digest is of what the officer saw. Since version 4 it is freeze.ContentDigest of
	// the request as it would go out, and Content the mark of the state that it was
	// made of (Alert.Content of sinks/desk/apply).
	Digest  string `json:"digest,omitempty"`
	Content string `json:"content,omitempty"`
	Basis   string `json:"basis,omitempty"` // legal basis, of authorise
	Code    string `json:"code,omitempty"`  // refusal code, of refuse
	Task    string `json:"task,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// About is the id of what the act is about within the alert: a measure, a message,
	// an item.
	About string `json:"about,omitempty"`
	// Items are what the act is about where it is about several, of the act follow.
	Items []string `json:"items,omitempty"`
	// Until and Amount are terms of the act: of an extension, of a lift.
	Until  *freeze.Time  `json:"until,omitempty"`
	Amount *freeze.Money `json:"amount,omitempty"`
	// How, At and Document prove a transmission: a code of the way, the moment, and the
	// SHA-256 of what shows it.
	How      string       `json:"how,omitempty"`
	At       *freeze.Time `json:"at,omitempty"`
	Document string       `json:"document,omitempty"`
	// Measure is what a court or a bank said of a measure, of the act measure.
	Measure *MeasureMark `json:"measure,omitempty"`
	// TextMark marks the sealed texts: approvals of other texts do not add up.
	TextMark string `json:"text_mark,omitempty"`
	// Fields are the names of the texts in Personal, sorted.
	Fields []string `json:"fields,omitempty"`
	// Personal is an OfficerPersonal, sealed: texts that name people or accounts.
	Personal string `json:"personal,omitempty"`
	// Fold is the version of the fold that the writer knew.
	Fold int `json:"fold,omitempty"`
}

// OfficerPersonal is the sealed part of OfficerData: texts by the name of the
// member of the message that they become.
type OfficerPersonal struct {
	Texts map[string]string `json:"texts,omitempty"`
}

// EditData is the data of amended by an officer: what he wrote into a request. The
// names of texts are those of the members of the message (legal.facts, sub_account
// and others, see sinks/desk/apply); an empty text gives the old one back.
type EditData struct {
	AlertID string `json:"alert_id"`
	Edit    bool   `json:"edit"` // tells it from AmendedData
	By      string `json:"by"`
	Role    Role   `json:"role,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// Texts maps the names of the sealed texts to marks of them (Root.Ref), "" of an
	// empty one.
	Texts map[string]string `json:"texts,omitempty"`
	// Asks and Unask are what is asked for besides, and no more.
	Asks  []string `json:"asks,omitempty"`
	Unask []string `json:"unask,omitempty"`
	// Amounts are disputed amounts by item; zero takes the item out.
	Amounts     map[string]freeze.Money `json:"amounts,omitempty"`
	MLSuspicion *bool                   `json:"ml_suspicion,omitempty"`
	Offence     string                  `json:"predicate_offence,omitempty"`
	Personal    string                  `json:"personal,omitempty"` // OfficerPersonal
	Fold        int                     `json:"fold"`
}

// VoidedData is the data of approval.voided: officers whose yes no longer counts,
// because what they signed is not what would go out.
type VoidedData struct {
	AlertID string   `json:"alert_id"`
	Act     string   `json:"act"`
	By      []string `json:"by"`
	// Digest is of what would go out now; approvals over it stand. Empty: the state
	// has changed, and the fold has voided them already.
	Digest string `json:"digest,omitempty"`
	Why    string `json:"why,omitempty"`
}

// BudgetData is the data of budget.exceeded: why a request waits for one more
// approval and does not go out by itself, or why onward movements wait for officers.
type BudgetData struct {
	AlertID string `json:"alert_id"`
	What    string `json:"what"` // rule | party | subject | onward
	Of      string `json:"of"`   // rule id or party id
	Limit   int    `json:"limit"`
	Count   int    `json:"count"` // requests, or accounts of onward movements, in the 24 hours before this one
}
