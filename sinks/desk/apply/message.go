package apply

import (
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Message is one message of ours, frozen.
type Message struct {
	ID          string       `json:"id"`
	Sequence    uint32       `json:"sequence,omitempty"`
	Type        freeze.Type  `json:"type"`
	Lane        string       `json:"lane,omitempty"`
	Channels    []string     `json:"channels,omitempty"`
	Digest      string       `json:"digest"`
	Content     string       `json:"content,omitempty"`
	InReplyTo   string       `json:"in_reply_to,omitempty"`
	About       string       `json:"about,omitempty"`  // see caselog.QueuedData
	Mode        string       `json:"mode,omitempty"`   // of the approval
	Signed      string       `json:"signed,omitempty"` // content digest that the approval is over
	By          []string     `json:"by,omitempty"`     // who approved
	Said        *Said        `json:"said,omitempty"`   // what a request or amendment asks for
	ValidUntil  int64        `json:"valid_until,omitempty"`
	Again       int64        `json:"again,omitempty"` // tried once more since then, after we had given up
	Level       freeze.Level `json:"level,omitempty"`
	Provisional bool         `json:"provisional,omitempty"`
	Personal    string       `json:"personal,omitempty"`
	Trace       string       `json:"trace,omitempty"`
	Queued      int64        `json:"queued,omitempty"`
	Attempts    uint32       `json:"attempts,omitempty"`
	Attempted   int64        `json:"attempted,omitempty"`
	Delivered   int64        `json:"delivered,omitempty"`
	Exported    int64        `json:"exported,omitempty"` // into a folder: it is not sent yet
	Awaiting    bool         `json:"awaiting,omitempty"` // handed over, receipt still to come
	GaveUp      bool         `json:"gave_up,omitempty"`
	Channel     string       `json:"channel,omitempty"` // of the last attempt
	Reason      string       `json:"reason,omitempty"`  // what the last attempt that ended came to
	Receipt     freeze.Level `json:"receipt,omitempty"`
	ReceiptAt   int64        `json:"receipt_at,omitempty"`
	Reject      freeze.Code  `json:"reject,omitempty"`
	Closes      bool         `json:"closes,omitempty"`   // the alert, when the partner has it
	Decision    string       `json:"decision,omitempty"` // of an outcome
	Tells       string       `json:"tells,omitempty"`    // the bank's outcome that ours is made of
	// Transmitted is by whom, where no wire brought it there.
	Transmitted *Transmission `json:"transmitted,omitempty"`
	Question    bool          `json:"question,omitempty"` // an outcome of ours that only asks
}

// Settled reports whether nothing is left to try for m.
func (m *Message) Settled() bool {
	return m.Delivered > 0 || m.Exported > 0 || m.GaveUp || m.Receipt != ""
}

// Inbound is one message of the partner.
type Inbound struct {
	ID       string      `json:"id"`
	Sequence uint32      `json:"sequence,omitempty"`
	Type     freeze.Type `json:"type"`
	Digest   string      `json:"digest"`
	At       int64       `json:"at,omitempty"` // receipt's moment
	Parked   bool        `json:"parked,omitempty"`
	Taken    bool        `json:"taken,omitempty"` // up by an officer, of a request or amendment
	Older    string      `json:"older,omitempty"` // the outcome that counts, which is of a later moment than this one
	Personal string      `json:"personal,omitempty"`
	// Manual is how a request came that no wire brought.
	Manual *caselog.ManualMark `json:"manual,omitempty"`
	data   *caselog.ReceivedData
}

// Message returns our message with that id, or nil.
func (a *Alert) Message(id string) *Message {
	for _, m := range a.Messages {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// Sealed returns the text, sealed, of the message with that id, of ours or the partner's,
// or of the bank's word that counts; "" where the alert has it no more. What refers to a
// message keeps its id and not its text: that of an outcome has half a megabyte.
func (a *Alert) Sealed(id string) string {
	if in := a.Inbound(id); in != nil {
		return in.Personal
	}
	if m := a.Message(id); m != nil {
		return m.Personal
	}
	if id == a.OutcomeID {
		return a.OutcomeBody
	}
	return ""
}

// Request returns our latest request or amendment, or nil.
func (a *Alert) Request() *Message {
	for i := len(a.Messages) - 1; i >= 0; i-- {
		if t := a.Messages[i].Type; t == freeze.TypeRequest || t == freeze.TypeAmendment {
			return a.Messages[i]
		}
	}
	return nil
}

// Asked returns our request or amendment with that id, else the latest, or nil.
func (a *Alert) Asked(id string) *Message {
	if m := a.Message(id); m != nil && (m.Type == freeze.TypeRequest || m.Type == freeze.TypeAmendment) {
		return m
	}
	return a.Request()
}

// NextSequence returns the sequence of our next message; receipts have none.
func (a *Alert) NextSequence() uint32 {
	var last uint32
	for _, m := range a.Messages {
		last = max(last, m.Sequence)
	}
	return last + 1
}

// Inbound returns the partner's message with that id, or nil.
func (a *Alert) Inbound(id string) *Inbound {
	for _, m := range a.Inbox {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// TakenUp returns the latest of the partner's request and amendments that an
// officer took up, or nil.
func (a *Alert) TakenUp() *Inbound {
	for i := len(a.Inbox) - 1; i >= 0; i-- {
		if a.Inbox[i].Taken {
			return a.Inbox[i]
		}
	}
	return nil
}
