package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// maxPaper is the largest body with a message in it, whose quotes take a second byte.
const maxPaper = 2 * freeze.MaxSize

// paper reads the body of receiveRequest: a Paper of openapi.json.
func (s *server) paper(w http.ResponseWriter, r *http.Request) (desk.Paper, error) {
	var body struct {
		desk.Paper
		At *time.Time `json:"at"` // RFC 3339 in any form
	}
	err := s.body(w, r, maxPaper, s.paperSchema, &body)
	if body.At != nil {
		at := freeze.At(*body.At)
		body.Paper.At = &at
	}
	return body.Paper, err
}

// body reads a body that the schema allows.
func (s *server) body(w http.ResponseWriter, r *http.Request, most int64, schema *jsonschema.Schema, into any) error {
	text, err := s.read(w, r, most)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fault(http.StatusBadRequest, "body", "body: "+err.Error())
	}
	if err := schema.Validate(doc); err != nil {
		return fault(http.StatusBadRequest, "body", "body: "+reason(err))
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fault(http.StatusBadRequest, "body", "body: "+err.Error())
	}
	return nil
}

// decision reads the body of an act: an Action of openapi.json.
func (s *server) decision(w http.ResponseWriter, r *http.Request) (desk.Action, error) {
	var body struct {
		desk.Action
		Until *time.Time `json:"until"` // RFC 3339 in any form
		At    *time.Time `json:"at"`
	}
	if err := s.body(w, r, maxBody, s.action, &body); err != nil {
		return desk.Action{}, err
	}
	if body.Until != nil {
		until := freeze.At(*body.Until)
		body.Action.Until = &until
	}
	if body.At != nil {
		at := freeze.At(*body.At)
		body.Action.At = &at
	}
	return body.Action, nil
}

// read returns the body if it is JSON, not too large and not too slow.
func (s *server) read(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != mediaJSON {
		return nil, fault(http.StatusUnsupportedMediaType, "content_type", "Content-Type: want application/json")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, fault(http.StatusUnsupportedMediaType, "content_encoding", "Content-Encoding: the body must not be compressed")
	}
	// A writer that knows no deadlines (of a test) reads without.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.opt.Body))
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, err
	case err != nil:
		return nil, fault(http.StatusRequestTimeout, "slow", "the body did not arrive in time")
	case !utf8.Valid(text):
		return nil, fault(http.StatusBadRequest, "body", "body: not UTF-8")
	}
	return text, nil
}

// reason is the first thing that a schema found wrong, and where. It repeats what
// was sent, so it is cut.
func reason(err error) string {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return err.Error()
	}
	for len(v.Causes) > 0 {
		v = v.Causes[0]
	}
	text := []rune(v.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	where := strings.Join(v.InstanceLocation, ".")
	return strings.TrimPrefix(where+": ", ": ") + string(text[:min(len(text), 200)])
}
