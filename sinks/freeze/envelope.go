package freeze

import "encoding/json"

// Schema1 is the value of the member schema in every message of this package.
const Schema1 = "haltwire.freeze/1"

// Type names the kind of a message.
type Type string

// The message types of haltwire.freeze/1.
const (
	TypeRequest          Type = "request"
	TypeAmendment        Type = "amendment"
	TypeConfirmation     Type = "confirmation"
	TypeWithdrawal       Type = "withdrawal"
	TypeStatusRequest    Type = "status_request"
	TypeExtensionRequest Type = "extension_request"
	TypeLiftRequest      Type = "lift_request"
	TypeConsentRequest   Type = "consent_request"
	TypeConsentResponse  Type = "consent_response"
	TypeInfoResponse     Type = "info_response"
	TypeReceipt          Type = "receipt"
	TypeOutcome          Type = "outcome"
	TypeFeedback         Type = "feedback"
)

// Message is one of the message types of this package, always a pointer.
type Message interface {
	// Head returns the envelope inside the message; changes to it change the
	// message.
	Head() *Envelope
}

// Envelope is what all messages share (FREEZE 2.0).
type Envelope struct {
	Schema      string `json:"schema" is:"const=haltwire.freeze/1"`
	Type        Type   `json:"type"`
	Environment string `json:"environment" is:"enum=live|test"`
	// MessageID is alert id + "-Q" + sequence from the requester, "-A" +
	// sequence from the responder, and receipt_of + "-R1".."-R3" in receipts.
	MessageID string `json:"message_id" is:"id35"`
	AlertID   string `json:"alert_id" is:"alert"`
	// Sequence counts 1.. without a gap per sender and alert; a receipt has none.
	Sequence     uint32          `json:"sequence,omitempty" need:"!receipt"`
	InReplyTo    string          `json:"in_reply_to,omitempty" is:"id35"`
	CreatedAt    Time            `json:"created_at"`
	Sender       Party           `json:"sender"`
	Recipient    Party           `json:"recipient"`
	SenderRef    string          `json:"sender_ref,omitempty" is:"text=64"`
	RecipientRef string          `json:"recipient_ref,omitempty" is:"text=64"`
	Case         *Case           `json:"case,omitempty" need:"!receipt"`
	Parallel     []Parallel      `json:"parallel,omitempty" len:"0..50"`
	Handling     *Handling       `json:"handling,omitempty" need:"!receipt"`
	Extensions   json.RawMessage `json:"extensions,omitempty"`
}

// Head returns e itself, so that every message that embeds an Envelope is a
// Message.
func (e *Envelope) Head() *Envelope { return e }

// Party is one end of an exchange. It never names an officer.
type Party struct {
	PartyID  string   `json:"party_id" is:"party"`
	Name     string   `json:"name,omitempty" is:"text=140"`
	Kind     string   `json:"kind" is:"enum=fiu|ncb|lea|bank|telecom|vasp|hub"`
	Country  string   `json:"country" is:"cc"`
	Capacity string   `json:"capacity,omitempty" is:"text=140"`
	Contact  *Contact `json:"contact,omitempty"`
}

// Contact says how to reach a desk, not a person.
type Contact struct {
	Desk  string `json:"desk,omitempty" is:"text=140"`
	Phone string `json:"phone,omitempty" is:"text=40"`
	Email string `json:"email,omitempty" is:"text=140"`
	Hours string `json:"hours,omitempty" is:"text=140"`
}

// Case groups alerts. Only the id is always known.
type Case struct {
	ID            string   `json:"id" is:"id35"`
	ComplaintRefs []string `json:"complaint_refs,omitempty" is:"text=64" len:"0..500"`
	RootAlert     string   `json:"root_alert,omitempty" is:"alert"`
	ParentAlert   string   `json:"parent_alert,omitempty" is:"alert"`
	RelatedAlerts []string `json:"related_alerts,omitempty" is:"alert" len:"0..500"`
}

// Parallel is another way on which the same money is being chased.
type Parallel struct {
	Channel string `json:"channel" is:"text=64"`
	Ref     string `json:"ref,omitempty" is:"text=64"`
	At      Time   `json:"at"`
}

// Handling is what the recipient may do with what it reads.
type Handling struct {
	TLP            string `json:"tlp" is:"enum=clear|green|amber|amber+strict|red"`
	Europol        string `json:"europol,omitempty" is:"enum=H0|H1|H2|H3"`
	SourceEval     string `json:"source_eval,omitempty" is:"enum=A|B|C|X"`
	InfoEval       string `json:"info_eval,omitempty" is:"enum=1|2|3|4"`
	PermittedUse   string `json:"permitted_use" is:"enum=intelligence_only|postponement|investigation|evidence_after_mla"`
	Onward         Onward `json:"onward"`
	CustomerNotice string `json:"customer_notice" is:"enum=prohibited|after_measure|allowed"`
	DeleteAfter    Date   `json:"delete_after,omitempty"`
}

// Onward says whether the recipient may pass the information on; Parties only
// with mode listed.
type Onward struct {
	Mode    string   `json:"mode" is:"enum=none|prior_consent|listed"`
	Parties []string `json:"parties,omitempty" is:"party" len:"0..100"`
}

// StatusRequest asks where a message or an item stands (pacs.028 on the recall
// leg).
type StatusRequest struct {
	Envelope
	About string `json:"about" is:"id35"`
}

// ExtensionRequest asks that a measure lasts longer.
type ExtensionRequest struct {
	Envelope
	MeasureID     string `json:"measure_id" is:"id35"`
	Until         Time   `json:"until"`
	Justification string `json:"justification" is:"text=2000"`
}

// LiftRequest asks that a measure ends, or a part of it.
type LiftRequest struct {
	Envelope
	MeasureID string `json:"measure_id" is:"id35"`
	Amount    *Money `json:"amount,omitempty"`
	Reason    string `json:"reason" is:"enum=victim_withdrew|false_positive|returned|court"`
}

// ConsentRequest asks to use a partner's facts towards others; To holds
// countries or parties.
type ConsentRequest struct {
	Envelope
	FactIDs  []string `json:"fact_ids" is:"id35" len:"1..500"`
	To       []string `json:"to" is:"party" len:"1..100"`
	Purpose  string   `json:"purpose" is:"text=500"`
	Deadline Time     `json:"deadline"`
}

// ConsentResponse answers a ConsentRequest.
type ConsentResponse struct {
	Envelope
	Granted    string          `json:"granted" is:"enum=all|part|none"`
	To         []string        `json:"to,omitempty" is:"party" len:"0..100"`
	Purpose    string          `json:"purpose,omitempty" is:"text=500"`
	Conditions string          `json:"conditions,omitempty" is:"text=500"`
	Refusal    *ConsentRefusal `json:"refusal,omitempty"`
}

// ConsentRefusal explains why consent was not given.
type ConsentRefusal struct {
	Ground string `json:"ground" is:"text=140"`
	Text   string `json:"text" is:"text=500"`
}

// InfoResponse answers what a receipt or an outcome needed.
type InfoResponse struct {
	Envelope
	Answers []InfoAnswer `json:"answers" len:"1..100"`
}

// InfoAnswer is the value of one field that was asked for.
type InfoAnswer struct {
	Field string `json:"field" is:"text=140"`
	Value string `json:"value" is:"text=2000"`
}

// Feedback tells the partner what came of its help.
type Feedback struct {
	Envelope
	Useful     bool    `json:"useful"`
	Recovered  []Money `json:"recovered,omitempty" len:"0..100"`
	Prosecuted *bool   `json:"prosecuted,omitempty"`
}
