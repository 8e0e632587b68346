package paper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Form is a request or an amendment as an officer typed it in.
type Form struct {
	// Message is what was typed in; since Fill it is valid.
	Message freeze.Message
	// Body is the bytes of the message: those of the file where it is a whole message,
	// else nil until Fill.
	Body []byte
}

// Defaults are the members of the envelope, and terms, that a form leaves to the desk.
type Defaults struct {
	Environment       string
	AlertID           string
	Sequence          uint32
	Supersedes        string // of an amendment
	At                time.Time
	Sender, Recipient freeze.Party
	Handling          freeze.Handling
	Regime            string
	ValidFor          time.Duration
	Accept, Decide    time.Time
}

// Read reads a file of at most freeze.MaxSize bytes. A file that names its message_id is
// a whole message; its error is a *freeze.Invalid. Members that no request has are an
// error of a form, too.
func Read(text []byte) (*Form, error) {
	var head struct {
		Type freeze.Type `json:"type"`
		ID   string      `json:"message_id"`
	}
	switch err := json.Unmarshal(text, &head); {
	case len(text) > freeze.MaxSize:
		return nil, fmt.Errorf("message: larger than %d bytes", freeze.MaxSize)
	case err != nil:
		return nil, errors.New("message: want a JSON object: a message of " + freeze.Schema1 + " or the members of a request")
	case head.Type != "" && head.Type != freeze.TypeRequest && head.Type != freeze.TypeAmendment:
		return nil, fmt.Errorf("type: %.40q is not taken in like this: want request or amendment; record what else a partner says about an alert (record)", head.Type)
	case head.ID != "":
		m, err := freeze.Parse(text)
		return &Form{Message: m, Body: text}, err
	}
	a := &freeze.Amendment{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(a); err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("message: there is something behind the JSON object")
	}
	if head.Type == freeze.TypeAmendment {
		return &Form{Message: a}, nil
	}
	if a.Supersedes != "" || len(a.Changes) > 0 {
		return nil, errors.New("supersedes, changes: only an amendment has them; give it type amendment and alert_id")
	}
	return &Form{Message: &a.Request}, nil
}

// Whole reports whether the file is a message as its sender wrote it.
func (f *Form) Whole() bool { return f.Body != nil }

// Request returns the members of the request.
func (f *Form) Request() *freeze.Request {
	switch m := f.Message.(type) {
	case *freeze.Amendment:
		return &m.Request
	case *freeze.Request:
		return m
	}
	return &freeze.Request{}
}

// Fill makes a valid message of a form. The error is a *freeze.Invalid, which names the
// member that the officer has still to type in. Of a whole message it does nothing.
func (f *Form) Fill(with Defaults) error {
	if f.Whole() {
		return nil
	}
	r := f.Request()
	envelope(&r.Envelope, with)
	terms(r, with)
	parts(r, with)
	if a, is := f.Message.(*freeze.Amendment); is {
		r.Type, a.Supersedes = freeze.TypeAmendment, with.Supersedes
		if len(a.Changes) == 0 {
			a.Changes = []freeze.Change{{Field: "payments"}, {Field: "totals"}, {Field: "asks"}}
		}
	}
	var err error
	if r.Approval.ContentDigest, err = freeze.ContentDigest(r); err != nil {
		return err
	}
	body, err := freeze.Encode(f.Message)
	if err != nil {
		return err
	}
	m, err := freeze.Parse(body)
	f.Message, f.Body = m, body
	return err
}
