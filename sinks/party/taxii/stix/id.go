package stix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/haltwire/haltwire/sinks/freeze"
)

const (
	// ExtensionID is the id of our extension-definition.
	ExtensionID = "extension-definition--76a6c3fb-2606-4f91-af39-6bb86a4c36fa"
	// tlpExtensionID is the extension-definition of TLP 2.0.
	tlpExtensionID = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
	// namespace is that of our version 5 UUIDs: the same in every haltwire, so
	// that two of them name one alert alike.
	namespace = "d2e74e58-d6c5-4e53-9f1a-482439297f4c"
	// observables is the namespace of cyber-observables (STIX 2.1, 2.9).
	observables = "00abedb4-aa42-466c-9c01-fed23315a9b7"
)

// NewID returns an id of that type that is made of the parts alone: the version
// 5 UUID of them in our namespace.
func NewID(objectType string, parts ...string) string {
	return objectType + "--" + uuid.NewSHA1(uuid.MustParse(namespace), []byte(strings.Join(parts, "\x1f"))).String()
}

// ReportID returns the id of an alert's report. generation counts how often the
// alert went on after its withdrawal, from 0.
func ReportID(environment, alertID string, generation int) string {
	return NewID("report", environment, alertID, fmt.Sprint(generation))
}

// observableID returns the id of a cyber-observable: the UUID of those of its
// contributing members that are there, in canonical JSON (STIX 2.1, 2.9).
func observableID(objectType string, members map[string]any) string {
	for name, v := range members {
		if v == "" {
			delete(members, name)
		}
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(members); err != nil { // sorts the names
		panic("stix: texts cannot be written as JSON: " + err.Error())
	}
	return objectType + "--" + uuid.NewSHA1(uuid.MustParse(observables), bytes.TrimSpace(text.Bytes())).String()
}

// OutcomeID returns the id of the note with a responder's outcome of an alert.
func OutcomeID(environment, party, alertID string) string {
	return NewID("note", environment, party, alertID, "outcome")
}

// isReported reports whether messages of the type belong into the report.
func isReported(t freeze.Type) bool {
	switch t {
	case freeze.TypeRequest, freeze.TypeAmendment, freeze.TypeConfirmation, freeze.TypeWithdrawal:
		return true
	}
	return false
}

// ID returns the id of the object that carries the message.
func ID(m freeze.Message, generation int) string {
	e := m.Head()
	switch {
	case isReported(e.Type):
		return ReportID(e.Environment, e.AlertID, generation)
	case e.Type == freeze.TypeOutcome:
		return OutcomeID(e.Environment, e.Sender.PartyID, e.AlertID)
	}
	return NewID("note", e.Environment, e.MessageID)
}
