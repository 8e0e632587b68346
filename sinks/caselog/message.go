package caselog

import (
	"github.com/haltwire/haltwire/sinks/freeze"
)

// ApprovalData is the approval in message.queued.
type ApprovalData struct {
	Mode          string   `json:"mode"`
	ContentDigest string   `json:"content_digest"`
	By            []string `json:"by"`
}

// QueuedData is the data of message.queued: from then on the body is frozen.
type QueuedData struct {
	AlertID     string        `json:"alert_id"`
	Episode     uint32        `json:"episode"`
	MessageID   string        `json:"message_id"`
	Sequence    uint32        `json:"sequence,omitempty"`
	Type        freeze.Type   `json:"type"`
	InReplyTo   string        `json:"in_reply_to,omitempty"`
	Party       string        `json:"party"`
	Lane        string        `json:"lane"`
	Channels    []string      `json:"channels"`
	Environment string        `json:"environment"`
	Provisional bool          `json:"provisional"`
	ConfirmBy   *freeze.Time  `json:"confirm_by,omitempty"`
	ValidUntil  *freeze.Time  `json:"valid_until,omitempty"` // of a request or amendment (T6)
	Approval    *ApprovalData `json:"approval,omitempty"`
	Digest      freeze.Digest `json:"digest"`
	Fold        int           `json:"fold"`
	// Level is the level of a receipt.
	Level freeze.Level `json:"level,omitempty"`
	// Facts and To are what a consent_request asks for.
	Facts []string `json:"facts,omitempty"`
	To    []string `json:"to,omitempty"`
	// Content marks what the message says, so that a change is noticed.
	Content string `json:"content,omitempty"`
	// About is the measure, message or fact that the message is about; of an outcome
	// the partner's message that it answers by saying again what was said.
	About    string       `json:"about,omitempty"`
	Outcome  *OutcomeMark `json:"outcome,omitempty"` // of an outcome of ours
	Recalls  []RecallMark `json:"recalls,omitempty"` // what an instruction asks the bank to recall
	Personal string       `json:"personal,omitempty"`
}

// BodyPersonal is the sealed part of a message: JSON text, or the JWS of a
// receipt.
type BodyPersonal struct {
	Body string `json:"body"`
	// Receipt is the receipt that a partner's message was answered with.
	Receipt string `json:"receipt,omitempty"`
	// From is who handed a document over, where no wire brought the message.
	From string `json:"from,omitempty"`
}

// AttemptData is the data of attempt: written and read back before the try.
type AttemptData struct {
	AlertID   string `json:"alert_id"`
	MessageID string `json:"message_id"`
	Number    uint32 `json:"n"`
	Channel   string `json:"channel"`
	Owner     string `json:"owner"`
	After     string `json:"after,omitempty"` // why the previous attempt ended
	Status    int    `json:"status,omitempty"`
	Elapsed   int64  `json:"elapsed_ms,omitempty"` // of the previous attempt
}

// DeliveredData is the data of delivered and gave_up.
type DeliveredData struct {
	AlertID   string `json:"alert_id"`
	MessageID string `json:"message_id"`
	Number    uint32 `json:"n"`
	Channel   string `json:"channel"`
	Verdict   string `json:"verdict"`
	Reason    string `json:"reason,omitempty"`
	Detail    string `json:"detail,omitempty"`
	Status    int    `json:"status,omitempty"`
	Elapsed   int64  `json:"elapsed_ms,omitempty"`
	Awaiting  bool   `json:"awaiting,omitempty"`
	Fault     bool   `json:"fault,omitempty"`
}

// ReceivedData is the data of received: a partner's message other than receipt
// and outcome.
type ReceivedData struct {
	MessageMark
	Urgency     string         `json:"urgency,omitempty"`
	Provisional bool           `json:"provisional,omitempty"`
	ConfirmBy   *freeze.Time   `json:"confirm_by,omitempty"`
	Asks        []freeze.Ask   `json:"asks,omitempty"`
	Payments    []PaymentMark  `json:"payments,omitempty"`
	Offence     string         `json:"predicate_offence,omitempty"`
	Decide      *freeze.Time   `json:"decide_by,omitempty"`
	Totals      []freeze.Total `json:"totals,omitempty"`
	Confirms    string         `json:"confirms,omitempty"`
	// Fold is the version of the fold that the writer knew.
	Fold int `json:"fold,omitempty"`

	Status    *StatusMark    `json:"status,omitempty"`    // of a status_request
	Extension *ExtensionMark `json:"extension,omitempty"` // of an extension_request
	Lift      *LiftMark      `json:"lift,omitempty"`      // of a lift_request
	Consent   *ConsentMark   `json:"consent,omitempty"`   // of a consent_request
	Grant     *GrantMark     `json:"grant,omitempty"`     // of a consent_response
	Info      *InfoMark      `json:"info,omitempty"`      // of an info_response
	Feedback  *FeedbackMark  `json:"feedback,omitempty"`

	Personal string `json:"personal"`
}

// StatusMark is what Apply may know of a status_request.
type StatusMark struct {
	About string `json:"about"`
}

// ExtensionMark is what Apply may know of an extension_request.
type ExtensionMark struct {
	MeasureID string      `json:"measure_id"`
	Until     freeze.Time `json:"until"`
}

// LiftMark is what Apply may know of a lift_request; no amount = all of it.
type LiftMark struct {
	MeasureID string        `json:"measure_id"`
	Amount    *freeze.Money `json:"amount,omitempty"`
	Reason    string        `json:"reason"`
}

// ConsentMark is what Apply may know of a consent_request.
type ConsentMark struct {
	Facts    []string    `json:"facts"` // trail items
	To       []string    `json:"to"`    // countries or parties
	Deadline freeze.Time `json:"deadline"`
}

// GrantMark is what Apply may know of a consent_response.
type GrantMark struct {
	Granted string   `json:"granted"` // all | part | none
	To      []string `json:"to,omitempty"`
}

// InfoMark is what Apply may know of an info_response.
type InfoMark struct {
	Fields []string `json:"fields"`
}

// FeedbackMark is what Apply may know of a feedback.
type FeedbackMark struct {
	Useful     bool           `json:"useful"`
	Recovered  []freeze.Money `json:"recovered,omitempty"`
	Prosecuted *bool          `json:"prosecuted,omitempty"`
}

// MessageMark is what every word of a partner carries.
type MessageMark struct {
	AlertID     string        `json:"alert_id"`
	MessageID   string        `json:"message_id"`
	Sequence    uint32        `json:"sequence,omitempty"`
	Type        freeze.Type   `json:"type"`
	InReplyTo   string        `json:"in_reply_to,omitempty"`
	Party       string        `json:"party"`
	Channel     string        `json:"channel"`
	Environment string        `json:"environment"`
	CaseID      string        `json:"case_id,omitempty"`
	Digest      freeze.Digest `json:"digest"`
	ReceivedAt  freeze.Time   `json:"received_at"`
	// Manual says which officer typed the word in, nil = it came by wire.
	Manual *ManualMark `json:"manual,omitempty"`
}

// ManualMark is how a partner's word came that no wire brought.
type ManualMark struct {
	By       string      `json:"by"`
	Role     Role        `json:"role"`
	How      string      `json:"how,omitempty"` // a code: portal, fax, telephone
	At       freeze.Time `json:"at"`            // when the partner said it
	Document string      `json:"document"`      // SHA-256 of what it was said in
	// Paper: it opens or amends what a partner asks of us, under the id of a message of
	// the partner's. Unsigned: the partner signs what it sends by wire, and the officer
	// says that this came otherwise.
	Paper    bool   `json:"paper,omitempty"`
	Unsigned bool   `json:"unsigned,omitempty"`
	Reason   string `json:"reason,omitempty"` // the officer's, of Paper
}

// ReceiptData is the data of receipt: a partner's word that it has a message.
type ReceiptData struct {
	MessageMark
	ReceiptOf   string        `json:"receipt_of"`
	Of          freeze.Digest `json:"of"`
	Level       freeze.Level  `json:"level"`
	At          freeze.Time   `json:"at"`
	Ref         string        `json:"recipient_ref,omitempty"`
	Code        freeze.Code   `json:"code,omitempty"`
	Field       string        `json:"field,omitempty"`
	DuplicateOf string        `json:"duplicate_of,omitempty"`
	DecideBy    *freeze.Time  `json:"decide_by,omitempty"`
	Personal    string        `json:"personal"`
}

// OutcomeData is the data of outcome: a partner's word about the money.
type OutcomeData struct {
	MessageMark
	OutcomeMark
	// Mismatched are the items whose funds do not sum to what our request says
	// was credited. Whoever wrote the event has opened the request.
	Mismatched []string `json:"mismatched,omitempty"`
	// Misfits are what else in it does not fit. Fold is the version of the fold that the
	// writer knew, 0 = nobody has looked.
	Misfits  []Misfit `json:"misfits,omitempty"`
	Fold     int      `json:"fold,omitempty"`
	Personal string   `json:"personal"`
}

// OutcomeMark is what Apply may know of an outcome.
type OutcomeMark struct {
	OutcomeOf string           `json:"outcome_of"`
	AsOf      freeze.Time      `json:"as_of"`
	Final     bool             `json:"final"`
	Decision  string           `json:"decision"`
	Measures  []MeasureMark    `json:"measures,omitempty"`
	Funds     []freeze.Fund    `json:"funds,omitempty"`
	Amounts   []freeze.Amounts `json:"amounts,omitempty"`
	Trail     []HopMark        `json:"trail,omitempty"`
	Needs     []string         `json:"needs,omitempty"` // fields
	Refusal   string           `json:"refusal,omitempty"`
	Balanced  bool             `json:"balanced"`
	// Holders says that the outcome names holders of an account.
	Holders bool         `json:"holders,omitempty"`
	ISO     string       `json:"iso,omitempty"` // code of the refusal, or of why it is pending
	Returns []ReturnMark `json:"returns,omitempty"`
}

// ReturnMark is one payment that came back, without references.
type ReturnMark struct {
	ItemID string        `json:"item_id"`
	Money  freeze.Money  `json:"money"`
	Costs  *freeze.Money `json:"costs,omitempty"`
	ISO    string        `json:"iso"`
}

// MeasureMark is a measure without the account.
type MeasureMark struct {
	MeasureID string        `json:"measure_id"`
	AskID     string        `json:"ask_id"`
	Kind      string        `json:"kind"`
	State     string        `json:"state"`
	Amount    *freeze.Money `json:"amount,omitempty"`
	InForceAt freeze.Time   `json:"in_force_at"`
	ExpiresAt *freeze.Time  `json:"expires_at,omitempty"`

	AuthorityKind string       `json:"authority_kind,omitempty"`
	Extendable    bool         `json:"extendable,omitempty"`
	ExtendBy      *freeze.Time `json:"extend_by,omitempty"`
	ConvertNeed   string       `json:"convert_need,omitempty"`
	ConvertBy     *freeze.Time `json:"convert_by,omitempty"`
	EndsIfSilent  bool         `json:"ends_if_silent,omitempty"`
}

// HopMark is what Apply may know of an onward movement that a partner found: the
// account it went to is sealed in the outcome, at the same index of its trail.
type HopMark struct {
	ItemID      string        `json:"item_id"`
	ParentItems []string      `json:"parent_items"`
	Money       freeze.Money  `json:"money"`
	Credited    *freeze.Money `json:"credited,omitempty"`
	Country     string        `json:"account_country"`
	Refs        []string      `json:"refs,omitempty"`    // marks, see PaymentMark
	Account     string        `json:"account,omitempty"` // mark of the account
	HandledBy   string        `json:"handled_by"`
	OnwardUse   string        `json:"onward_use"`
}
