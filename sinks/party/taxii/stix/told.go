package stix

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/haltwire/haltwire/sinks/freeze"
)

const (
	// maxSaid bounds the bytes of the messages of one object, 3 MiB.
	maxSaid = 3 * freeze.MaxSize
	// MaxObject bounds the bytes of an object that Read takes: its messages and
	// what stands around them.
	MaxObject = maxSaid + freeze.MaxSize
	// maxTold bounds the messages of one object.
	maxTold = 64
)

// Told is a message as an object carries it.
type Told struct {
	// Message is parsed and valid.
	Message freeze.Message
	// Body is the deterministic encoding of Message, whose digest travels along.
	Body []byte
}

// Tell reads a frozen message.
func Tell(body []byte) (Told, error) {
	m, err := freeze.Parse(body)
	if err != nil {
		return Told{}, err
	}
	encoded, err := freeze.Encode(m)
	return Told{Message: m, Body: encoded}, err
}

// wire is the form of a Told in an object.
type wire struct {
	Digest  freeze.Digest   `json:"digest"`
	Message json.RawMessage `json:"message"`
}

// MarshalJSON writes the message and the digest of its encoding.
func (t Told) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(wire{Digest: freeze.DigestOf(t.Body), Message: t.Body})
	return b.Bytes(), err
}

// Read returns the messages that an object of ours carries, the oldest first,
// and none for an object without our extension. The order of members and white
// space do not matter, everything else must be as it was written: a changed
// message does not have its digest.
func Read(object []byte) ([]Told, error) {
	if len(object) > MaxObject {
		return nil, fmt.Errorf("read object: larger than %d bytes", MaxObject)
	}
	var o struct {
		Extensions map[string]struct {
			Messages []wire `json:"messages"`
		} `json:"extensions"`
	}
	if err := json.Unmarshal(object, &o); err != nil {
		return nil, fmt.Errorf("read object: %w", err)
	}
	messages := o.Extensions[ExtensionID].Messages
	if len(messages) > maxTold {
		return nil, fmt.Errorf("read object: more than %d messages", maxTold)
	}
	var out []Told
	for i, w := range messages {
		t, err := Tell(w.Message)
		if err != nil {
			return nil, fmt.Errorf("read message %d: %w", i, err)
		}
		if freeze.DigestOf(t.Body) != w.Digest {
			return nil, fmt.Errorf("read message %d: %s is not what was sent: its digest differs", i, t.Message.Head().MessageID)
		}
		out = append(out, t)
	}
	return out, nil
}
