package caselog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Schema is the dataschema of every event.
const Schema = "urn:haltwire:case:1"

const typePrefix = "haltwire.case."

// Type is the type of an event without the prefix haltwire.case.
type Type string

// The event types (DESIGN 6, FREEZE 3). Of our own making are Instructed, which
// links an inbound alert to the alert that instructs the bank for it, Revised, which
// is about a report and no alert: the report has a higher version, and Noted, an
// officer's remark. What an outcome says of measures, funds and the trail is applied
// from the outcome itself, what a court or a bank says by letter from the approvals of
// the act measure, and the end of a measure from overdue.
const (
	Hit             Type = "hit"
	HitChanged      Type = "hit.changed"
	HitOverturned   Type = "hit.overturned"
	Blocked         Type = "blocked"
	Rerouted        Type = "rerouted"
	ApprovalGiven   Type = "approval.given"
	ApprovalRefused Type = "approval.refused"
	Confirmed       Type = "confirmed"
	Amended         Type = "amended"
	Withdrawn       Type = "withdrawn"
	MessageQueued   Type = "message.queued"
	Attempt         Type = "attempt"
	Delivered       Type = "delivered"
	GaveUp          Type = "gave_up"
	Received        Type = "received"
	Receipt         Type = "receipt"
	Outcome         Type = "outcome"
	Reviewed        Type = "reviewed"
	Instructed      Type = "instructed"
	Revised         Type = "revised"
	Recorded        Type = "recorded"
	Overdue         Type = "overdue"
	TaskOpened      Type = "task.opened"
	TaskClosed      Type = "task.closed"
	Erased          Type = "erased"

	ApprovalVoided Type = "approval.voided"
	EmergencySent  Type = "emergency.sent"
	BudgetExceeded Type = "budget.exceeded"
	Reopened       Type = "reopened"
	Noted          Type = "noted"
	Published      Type = "published"
	Exported       Type = "exported"
	Transmitted    Type = "transmitted"

	RecallInstructed Type = "recall.instructed"
	RecallAnswered   Type = "recall.answered"

	ConsentAsked   Type = "consent.asked"
	ConsentGiven   Type = "consent.given"
	ConsentRefused Type = "consent.refused"
	TrailFollowed  Type = "trail.followed"

	InfoAsked Type = "info.asked"
	InfoGiven Type = "info.given"

	// Matched tells which other alerts are about the same account or payments.
	Matched Type = "matched"
)

// Event is one record of the case log. It is immutable once encoded.
type Event struct {
	ID     string // unique; deterministic where a repeat must be recognised
	Source string // "/" + id of the party that keeps the log
	Type   Type
	Key    Key
	Time   time.Time // of the writer's clock
	Trace  string    // W3C traceparent, or ""
	Data   json.RawMessage
}

type envelope struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            string          `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	DataSchema      string          `json:"dataschema"`
	Trace           string          `json:"traceparent,omitempty"`
	Data            json.RawMessage `json:"data"`
}

const timeForm = "2006-01-02T15:04:05.000Z"

// New returns an event with data in it. The error is that of encoding data.
func New(id string, t Type, key Key, at time.Time, data any) (Event, error) {
	text, err := marshal(data)
	if err != nil {
		return Event{}, fmt.Errorf("encode data of %s: %w", t, err)
	}
	return Event{ID: id, Type: t, Key: key, Time: at, Data: text}, nil
}

// Encode writes e as CloudEvents 1.0 JSON.
func (e Event) Encode() ([]byte, error) {
	text, err := marshal(envelope{
		SpecVersion: "1.0", ID: e.ID, Source: e.Source, Type: typePrefix + string(e.Type), Subject: string(e.Key),
		Time: e.Time.UTC().Format(timeForm), DataContentType: "application/json", DataSchema: Schema, Trace: e.Trace, Data: e.Data,
	})
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return text, nil
}

// Decode reads what Encode wrote.
func Decode(text []byte) (Event, error) {
	v, ok := split(text)
	if !ok {
		v = envelope{}
		if err := json.Unmarshal(text, &v); err != nil {
			return Event{}, fmt.Errorf("decode case event: %w", err)
		}
	}
	kind, ours := strings.CutPrefix(v.Type, typePrefix)
	if v.SpecVersion != "1.0" || !ours || v.DataSchema != Schema || v.ID == "" {
		return Event{}, errors.New("decode case event: not an event of this log")
	}
	at, err := time.Parse(time.RFC3339Nano, v.Time)
	if err != nil {
		return Event{}, fmt.Errorf("decode case event %s: %w", v.ID, err)
	}
	return Event{ID: v.ID, Source: v.Source, Type: Type(kind), Key: Key(v.Subject), Time: at.UTC(), Trace: v.Trace, Data: v.Data}, nil
}

// split reads an event whose last member is its data, as Encode writes it, and reports
// whether it is one. A replay spends most of its time in encoding/json, which goes
// through data three times where once is enough.
func split(text []byte) (v envelope, ok bool) {
	const member = `,"data":`
	at := bytes.Index(text, []byte(member)) // no string has such quotes
	if at < 0 || text[len(text)-1] != '}' {
		return v, false
	}
	data := text[at+len(member) : len(text)-1]
	head := append(make([]byte, 0, at+1), text[:at]...)
	if json.Unmarshal(append(head, '}'), &v) != nil || !json.Valid(data) { // a member of a member, or more members
		return v, false
	}
	v.Data = bytes.Clone(bytes.TrimSpace(data))
	return v, true
}

// Into decodes the data of e into a struct of this package.
func (e Event) Into(data any) error {
	if err := json.Unmarshal(e.Data, data); err != nil {
		return fmt.Errorf("decode data of %s %s: %w", e.Type, e.ID, err)
	}
	return nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
