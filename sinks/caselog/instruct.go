package caselog

import (
	"github.com/haltwire/haltwire/sinks/freeze"
)

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
	Fold   int      `json:"fold,omitempty"`       // version of the fold that wrote it, since 5
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
	// Again says that the parent asked anew for what the bank holds already: it is told
	// once more what the bank has said, which has nothing to add.
	Again bool `json:"again,omitempty"`
	OutcomeMark
	Personal string `json:"personal,omitempty"` // BodyPersonal of the bank's outcome
}
