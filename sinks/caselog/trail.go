package caselog

import "github.com/haltwire/haltwire/sinks/freeze"

// What a partner's consent is to the use of a fact of it towards another party.
const (
	ConsentNeeded  = "needed"
	ConsentGranted = "granted" // by the outcome, by a consent_response, or because nobody else learns of it
	ConsentNone    = "refused"
	// ConsentMoved says that the partner tells of the fact no more: the money went to
	// another account than it said first.
	ConsentMoved = "moved"
)

// Arrived returns what arrived at the account that the money went to.
func (m HopMark) Arrived() freeze.Money {
	if m.Credited != nil {
		return *m.Credited
	}
	return m.Money
}

// FollowedData is the data of trail.followed. On the key of the child alert, without
// alert_id, it tells what a partner found there. With alert_id it is a note: on the
// parent's key, which child the hop has (and, with child_alert, that the child knows),
// and on the child's own key (with parent_alert), that the parent has heard of it.
type FollowedData struct {
	AlertID string `json:"alert_id,omitempty"`
	// Parent is the alert whose partner told of the hop.
	Parent    string  `json:"parent_alert,omitempty"`
	ParentKey Key     `json:"parent_key,omitempty"`
	ChildKey  Key     `json:"child_key,omitempty"`
	Child     string  `json:"child_alert,omitempty"`
	To        string  `json:"to,omitempty"` // party of the child
	Mark      HopMark `json:"hop"`
	// Content marks what the child was told of the hop.
	Content string `json:"content,omitempty"`
	// StateAt is when the state of the parent that this says last changed: an owner that
	// was stopped may write an older one after it (AmendedData).
	StateAt freeze.Time `json:"state_at,omitzero"`
	// Consent says whether the partner has to be asked first; see ConsentNeeded.
	Consent string `json:"consent,omitempty"`
	// Own says that reports of ours alone prove the hop.
	Own bool `json:"own,omitempty"`
	// Blocked is the field for want of which the hop has no child.
	Blocked string `json:"blocked,omitempty"`
	// Moved says that the hop leads to another account now: on the key of the child
	// that was told of it, and on the parent's that this child knows.
	Moved bool `json:"moved,omitempty"`
	// Decided says that officers had the hop followed: no budget is asked.
	Decided bool `json:"decided,omitempty"`
	// Fold is the version of the fold that the writer knew.
	Fold int `json:"fold,omitempty"`

	Party    string           `json:"party,omitempty"`   // that told of the hop
	Message  string           `json:"message,omitempty"` // its outcome
	Hop      uint8            `json:"number,omitempty"`  // hops from the victim's payment on
	Root     string           `json:"root_alert,omitempty"`
	CaseID   string           `json:"case_id,omitempty"`
	Urgency  string           `json:"urgency,omitempty"`
	Severity string           `json:"severity,omitempty"`
	Offence  string           `json:"predicate_offence,omitempty"`
	Ask      []string         `json:"ask,omitempty"`
	Owners   []string         `json:"owners,omitempty"`   // of the rules that the chain began with
	Handling *freeze.Handling `json:"handling,omitempty"` // how the partner told of it
	Personal string           `json:"personal,omitempty"` // HopPersonal
}

// HopPersonal is the sealed part of FollowedData: the account that the money went
// to, and the movement as its one payment.
type HopPersonal struct {
	HitPersonal
	ConsentRef string `json:"consent_ref,omitempty"`
}

// ConsentData is the data of consent.given and consent.refused. On the key of the
// child alert, without alert_id, it is the partner's answer; with alert_id, on the
// parent's key, it notes that the child knows.
type ConsentData struct {
	AlertID   string `json:"alert_id,omitempty"`
	Parent    string `json:"parent_alert"`
	ParentKey Key    `json:"parent_key"`
	ItemID    string `json:"item_id"` // of the hop
	Message   string `json:"message"` // the consent_response
	// Part says that consent was given in part: its conditions are for people to read.
	Part     bool             `json:"part,omitempty"`
	Handling *freeze.Handling `json:"handling,omitempty"`
	Personal string           `json:"personal,omitempty"` // OfficerPersonal: purpose, conditions, ground, text
}
