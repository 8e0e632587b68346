package caselog

import (
	"encoding/json"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// HitData is the data of hit, hit.changed and hit.overturned: one word of a rule
// about one version of a report, for one subject. The last word in log order
// counts, and one about a lower version of the report than is known does not.
// hit.changed is a hit whose case rose. hit.overturned is one that holds no more
// or, with stands, one whose case fell.
type HitData struct {
	HitID    string      `json:"hit_id"`
	Evidence string      `json:"evidence"`
	Rule     string      `json:"rule"`
	Version  uint32      `json:"version"`
	Title    string      `json:"title,omitempty"`
	Reporter string      `json:"reporter"`
	ReportID string      `json:"report_id"`
	Revision uint32      `json:"revision"`
	Hash     string      `json:"hash"` // hex
	Kind     string      `json:"kind,omitempty"`
	Occurred freeze.Time `json:"occurred_at"`
	Record   freeze.Time `json:"record_time"`
	Status   string      `json:"status"`
	Case     string      `json:"case,omitempty"`
	Rank     int         `json:"rank,omitempty"` // of the case in the rule: 0 is the highest
	Score    json.Number `json:"score"`
	Severity string      `json:"severity"`
	Late     bool        `json:"late"`
	Cold     bool        `json:"cold"`
	Cut      bool        `json:"cut"`
	Excepted bool        `json:"excepted,omitempty"`
	// Stale marks a hit older than max_age when it was written: never sent by
	// itself.
	Stale     bool           `json:"stale,omitempty"`
	CaseID    string         `json:"case_id,omitempty"`
	Digests   hit.Digests    `json:"digests"`
	Position  event.Position `json:"position"`
	Values    map[string]any `json:"values"`
	Unknown   []string       `json:"unknown"`
	Ask       []string       `json:"ask"`
	Approval  string         `json:"approval"`
	Offence   string         `json:"predicate_offence"`
	Typology  []string       `json:"typology"`
	Blocked   string         `json:"blocked,omitempty"` // field that keeps it from being routed
	Payments  []PaymentMark  `json:"payments"`
	Personal  string         `json:"personal,omitempty"`
	Overturns string         `json:"overturns,omitempty"` // hit id, of hit.overturned
	// Superseded is the version of the report that overturns the hit, of
	// hit.overturned: a hit on this version or a higher one stands.
	Superseded *ReportVersion `json:"superseded,omitempty"`
	// Cause is the latest report among the later evidence that the event comes of:
	// of hit.changed, of a late hit, and of hit.overturned without Superseded.
	Cause *event.Position `json:"cause,omitempty"`
	// Stands says that a hit with the lower case of this event holds instead, of
	// hit.overturned.
	Stands bool `json:"stands,omitempty"`
	// Owner is the owner of the rule, who may not approve what it proposes, and Budget
	// how many alerts of it a day people can work on, 0 = not said.
	Owner  string `json:"owner,omitempty"`
	Budget int    `json:"budget,omitempty"`
	// People is how many different officers have to approve a request because of this
	// hit: the stricter of rule and party. 0 = as before version 4.
	People int `json:"people,omitempty"`
	// Fold is the version of the fold that the writer knew; events without it keep
	// the meaning that they had before version 3.
	Fold int `json:"fold,omitempty"`
}

// ReportVersion is one version of a report; Hash is hex.
type ReportVersion struct {
	Revision uint32 `json:"revision"`
	Hash     string `json:"hash"`
}

// Less reports whether w is the later version.
func (v ReportVersion) Less(w ReportVersion) bool {
	return v.Revision < w.Revision || v.Revision == w.Revision && v.Hash < w.Hash
}

// ReportVersion returns the version of the report that was judged.
func (d *HitData) ReportVersion() ReportVersion { return ReportVersion{d.Revision, d.Hash} }

// RevisedData says that hits on lower versions of a report no longer stand,
// whether a rule hit this version or not.
type RevisedData struct {
	Reporter string `json:"reporter"`
	ReportID string `json:"report_id"`
	ReportVersion
	Position event.Position `json:"position"`
}

// PaymentMark is what Apply may know of a payment.
type PaymentMark struct {
	Key    string        `json:"key,omitempty"`
	Amount *freeze.Money `json:"amount,omitempty"` // disputed
	Hop    uint8         `json:"hop"`
	// Refs are marks of the references (Root.Ref): payments that share one are
	// one payment.
	Refs []string `json:"refs,omitempty"`
	// Told orders the reports of one payment: the greatest gives its amount.
	Told string `json:"told,omitempty"`
	// Item is the sender's id of the item, of an inbound request.
	Item string `json:"item,omitempty"`
	// Executed is when the payment was made; the recovery of money has 72 hours from
	// then on (T10).
	Executed *freeze.Time `json:"executed_at,omitempty"`
	// Parents are the items of the alerts that an instruction serves.
	Parents []string `json:"parents,omitempty"`
}

// HitPersonal is the sealed part of HitData.
type HitPersonal struct {
	UID      string           `json:"uid,omitempty"`
	Subject  freeze.Subject   `json:"subject"`
	Facts    string           `json:"facts,omitempty"`
	Values   map[string]any   `json:"values,omitempty"` // text values
	Payments []PersonalDetail `json:"payments,omitempty"`
	// Proportionality is why nothing less than suspending the account does, of an
	// instruction.
	Proportionality string `json:"proportionality,omitempty"`
}

// PersonalDetail is the sealed part of a payment; the mark of the same index
// goes with it.
type PersonalDetail struct {
	Key           string        `json:"key,omitempty"`
	Refs          freeze.Refs   `json:"refs"`
	Instructed    *freeze.Money `json:"instructed,omitempty"`
	Settled       *freeze.Money `json:"settled,omitempty"`
	Credited      *freeze.Money `json:"credited,omitempty"`
	ExecutedAt    freeze.Time   `json:"executed_at"`
	SettledOn     freeze.Date   `json:"settled_on,omitempty"`
	Rail          string        `json:"rail"`
	Authorisation string        `json:"authorisation"`
	Debtor        freeze.Debtor `json:"debtor"`
	Remittance    string        `json:"remittance,omitempty"`
	ComplaintRef  string        `json:"complaint_ref,omitempty"`
	ReportedAt    freeze.Time   `json:"reported_at"`
}

// ReroutedData says that the hits of an alert went on the log again under
// another key.
type ReroutedData struct {
	AlertID string `json:"alert_id"`
	To      string `json:"to"` // party
	ToKey   Key    `json:"to_key"`
	ToAlert string `json:"to_alert"`
	// Why says that there is nowhere to go; then the rest is empty.
	Why string `json:"why,omitempty"`
}

// BlockedData says which field keeps an alert from going out; no field, that
// none does any more.
type BlockedData struct {
	AlertID string `json:"alert_id"`
	Field   string `json:"field"`
	Text    string `json:"text,omitempty"`
}

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
// approval and does not go out by itself.
type BudgetData struct {
	AlertID string `json:"alert_id"`
	What    string `json:"what"` // rule | party | subject
	Of      string `json:"of"`   // rule id or party id
	Limit   int    `json:"limit"`
	Count   int    `json:"count"` // requests in the last 24 hours before this one
}

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
	Personal   string   `json:"personal"`
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

// InstructedData links an inbound alert to the alert that instructs the bank
// for it.
type InstructedData struct {
	AlertID    string `json:"alert_id"`
	ChildKey   Key    `json:"child_key"`
	ChildAlert string `json:"child_alert,omitempty"`
	Bank       string `json:"bank"`
	// Lift says that the instruction now knows that the alert needs nothing.
	Lift bool `json:"lift,omitempty"`
	// Retract says that the instruction needs nothing of it, in case that it was told
	// otherwise by an owner who did not live to note it.
	Retract bool `json:"retract,omitempty"`
	// Terms is the revision of the terms that the instruction now knows, 0 = none.
	Terms int `json:"terms,omitempty"`
	// StateAt is that of the word that this notes (AmendedData).
	StateAt freeze.Time `json:"state_at,omitzero"`
}

// AmendedData is the data of amended on the alert of an instruction: what one
// inbound alert needs there. The latest of a parent counts; Payments empty means
// that it needs nothing any more.
type AmendedData struct {
	Parent    string        `json:"parent_alert"`
	ParentKey Key           `json:"parent_key"`
	CaseID    string        `json:"case_id,omitempty"`
	Ask       []string      `json:"ask"`
	Urgency   string        `json:"urgency"`
	By        []string      `json:"by"` // who authorised it
	Basis     string        `json:"basis,omitempty"`
	Offence   string        `json:"predicate_offence,omitempty"`
	Payments  []PaymentMark `json:"payments"`
	// Lift says that the parent wants to hear when the bank has let go of what it
	// no longer needs.
	Lift bool `json:"lift,omitempty"`
	// Until is when the parent's need ends, where people have decided about that.
	Until    *freeze.Time `json:"until,omitempty"`
	Personal string       `json:"personal,omitempty"` // HitPersonal
	// StateAt is when the state of the parent that this says last changed: an owner that
	// lost its partition may write an older word after a newer one. Zero before that was told.
	StateAt freeze.Time `json:"state_at,omitzero"`

	// Recall says that the parent is a request of ours, whose payments the bank is
	// to recall. Auto says that no officer is needed for it, and Resend names the
	// items that are to be recalled once more, by new references.
	Recall bool     `json:"recall,omitempty"`
	Auto   bool     `json:"auto,omitempty"`
	Resend []string `json:"resend,omitempty"`
	Reason string   `json:"reason_iso,omitempty"` // why, in the words of ISO 20022
}

// RecallMark is one payment in a message to our bank: the item, and the camt.056
// that the bank was given for it, if it was given one.
type RecallMark struct {
	Item      string `json:"item_id"`
	Camt056ID string `json:"camt056_id,omitempty"`
}

// RecallInstructedData is the data of recall.instructed, on the alert whose
// payments are to be recalled: the alerts of the instructions know of them.
type RecallInstructedData struct {
	AlertID string        `json:"alert_id"`
	Mark    string        `json:"mark"` // of what was asked for
	Orders  []RecallOrder `json:"orders"`
}

// RecallOrder is what became of the wish to recall some items: the bank that has
// the instruction, or why there is none.
type RecallOrder struct {
	Items []string `json:"items"`
	Bank  string   `json:"bank,omitempty"`
	Key   Key      `json:"key,omitempty"`
	Why   string   `json:"why,omitempty"`
}

// RecallAnsweredData is the data of recall.answered. On the alert of an instruction
// it is a word of the bank about one payment. With Leg it is the copy under the key
// of the parent, which says where the recall stands; with Parent the note under the
// instruction's own key that the parent knows.
type RecallAnsweredData struct {
	AlertID string `json:"alert_id"`
	Item    string `json:"item_id"`
	RecallWord

	Leg       *RecallLeg `json:"leg,omitempty"`
	Parent    string     `json:"parent_alert,omitempty"`
	ParentKey Key        `json:"parent_key,omitempty"`
	Version   uint32     `json:"version,omitempty"` // of the leg that the parent knows
}

// RecallWord is what a bank says about the recall of one payment.
type RecallWord struct {
	// Ref names the word: the same one again changes nothing.
	Ref string      `json:"ref,omitempty"`
	At  freeze.Time `json:"at,omitzero"` // by the bank's clock
	// State is the state of freeze.Recall that the recall takes on; empty where
	// people must look first.
	State string `json:"state,omitempty"`
	// Codes are the status and the reasons in the words of ISO 20022.
	Codes []string `json:"codes,omitempty"`
	// Amount is what the answer is about; of a return what came back, with Costs
	// kept. Settled is what the payment was settled at, where the writer knows it.
	Amount  *freeze.Money `json:"amount,omitempty"`
	Costs   *freeze.Money `json:"costs,omitempty"`
	Settled *freeze.Money `json:"settled,omitempty"`
	Next    string        `json:"next_agent,omitempty"` // the bank that has the case now
	Digest  string        `json:"digest,omitempty"`     // sha-256 of the file that it came in
	// Personal is a BodyPersonal, sealed: the bank's text.
	Personal string `json:"personal,omitempty"`
}

// RecallLeg is where the recall of one payment stands.
type RecallLeg struct {
	Bank      string        `json:"bank"`
	Child     string        `json:"child_alert"`
	Episode   uint32        `json:"episode"` // of the child
	Version   uint32        `json:"version"`
	State     string        `json:"state"`
	Camt056ID string        `json:"camt056_id,omitempty"`
	Reason    string        `json:"reason_iso,omitempty"`
	Codes     []string      `json:"codes,omitempty"`
	Initiated int64         `json:"initiated_at,omitempty"` // Unix ms
	Amount    *freeze.Money `json:"amount,omitempty"`
	Returned  *freeze.Money `json:"returned,omitempty"`
	Next      string        `json:"next_agent,omitempty"`
}

// RecordedData is the data of recorded on an inbound alert: what the bank
// answered to the instruction that serves it.
type RecordedData struct {
	// Parent and ParentKey are set in the copy on the key of the instruction itself,
	// which notes that the parent knows.
	Parent    string `json:"parent_alert,omitempty"`
	ParentKey Key    `json:"parent_key,omitempty"`
	AlertID   string `json:"alert_id"`
	Child     string `json:"child_alert"`
	ChildKey  Key    `json:"child_key"`
	MessageID string `json:"message_id"`
	// Lifted says that the bank holds nothing for the parent any more. Then the rest
	// but as_of is empty.
	Lifted bool `json:"lifted,omitempty"`
	// StateAt is, of Lifted, that of the parent's word that the bank has followed
	// (AmendedData).
	StateAt freeze.Time `json:"state_at,omitzero"`
	OutcomeMark
	Personal string `json:"personal,omitempty"` // BodyPersonal of the bank's outcome
}

// ErasedData is the data of erased: the data keys of the key's personal data have been
// destroyed before it was written.
type ErasedData struct {
	AlertID string `json:"alert_id"`
}

// OverdueData is the data of overdue: a timer that ran out on the clock of the
// log.
type OverdueData struct {
	AlertID string      `json:"alert_id"`
	Timer   string      `json:"timer"` // T1..T12
	Due     freeze.Time `json:"due"`
	About   string      `json:"about,omitempty"` // id of a message, measure, item or fact
	// End is the end of a measure that the timer is about, as it was known (T7).
	End *freeze.Time `json:"end,omitempty"`
}

// MatchedData is the data of matched: what the desk knows besides of the account or
// the payments of an inbound alert.
type MatchedData struct {
	AlertID string  `json:"alert_id"`
	Alerts  []Match `json:"alerts"`
}

// Match is another alert about the same account, and the items of the inbound alert
// that are payments of it too.
type Match struct {
	Alert string   `json:"alert_id"`
	Key   Key      `json:"key"`
	Items []string `json:"items,omitempty"`
}
