package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/live"
)

// Problem is the body of every answer that is an error (RFC 9457).
type Problem struct {
	Type   string `json:"type"`   // about:blank: Code says it
	Title  string `json:"title"`  // of the status
	Status int    `json:"status"` // as in the status line
	Detail string `json:"detail"` // for people: what is wrong and what to do
	Code   string `json:"code"`   // for programs
}

// Error returns the text for people.
func (p *Problem) Error() string { return p.Detail }

const (
	mediaJSON    = "application/json"
	mediaProblem = "application/problem+json"
	mediaEvents  = "text/event-stream"
	mediaHTML    = "text/html"
)

// fault makes a problem.
func fault(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// refuse answers a problem.
func refuse(w http.ResponseWriter, p *Problem) { write(w, p.Status, mediaProblem, p) }

// fail answers an error of the desk with the status that it stands for.
func fail(w http.ResponseWriter, err error) { refuse(w, problemOf(err)) }

func problemOf(err error) *Problem {
	var p *Problem
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, desk.ErrNoAlert):
		return fault(http.StatusNotFound, "no_alert", err.Error())
	case errors.Is(err, desk.ErrAction):
		return fault(http.StatusNotFound, "unknown_act", err.Error())
	case errors.Is(err, desk.ErrRefused):
		return fault(http.StatusConflict, "refused", err.Error())
	case errors.Is(err, desk.ErrOfficer):
		return fault(http.StatusForbidden, "not_an_officer", err.Error())
	case errors.Is(err, desk.ErrCursor):
		return fault(http.StatusBadRequest, "after", err.Error())
	case errors.Is(err, live.ErrFull):
		return fault(http.StatusServiceUnavailable, "busy", "as many clients follow the changes as may: try again later")
	case errors.As(err, &large):
		return fault(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body is larger than %d KiB", large.Limit>>10))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault(http.StatusServiceUnavailable, "late", "the case log did not answer in time: look before you try again, it may have been done")
	}
	return fault(http.StatusInternalServerError, "internal", err.Error())
}

// answer writes v.
func answer(w http.ResponseWriter, status int, v any) { write(w, status, mediaJSON, v) }

func write(w http.ResponseWriter, status int, media string, v any) {
	text, err := encode(v)
	if err != nil {
		status, media, text = http.StatusInternalServerError, mediaProblem, []byte(`{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"encode answer","code":"internal"}`)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_, _ = w.Write(text) // the caller has gone
}

// answerTagged writes v, or that it is what the caller has already.
func answerTagged(w http.ResponseWriter, r *http.Request, v any) {
	text, err := encode(v)
	if err != nil {
		fail(w, err)
		return
	}
	sum := sha256.Sum256(text)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	w.Header().Set("ETag", tag)
	for _, have := range strings.Split(r.Header.Get("If-None-Match"), ",") {
		if have = strings.TrimPrefix(strings.TrimSpace(have), "W/"); have == tag || have == "*" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Header().Set("Content-Type", mediaJSON)
	_, _ = w.Write(text) // the caller has gone
}

func encode(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return []byte(b.String()), err
}
