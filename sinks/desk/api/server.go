package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/desk"
)

// Desk is what the API serves.
type Desk interface {
	List(f desk.Filter) []desk.View
	Show(ctx context.Context, id string) (*desk.Detail, error)
	Act(ctx context.Context, id string, a desk.Action) (desk.View, error)
}

// Options is what New needs.
type Options struct {
	Desk  Desk
	Token conn.Secret
	// Ready says why the process is not ready, or nil; nil = always ready.
	Ready func() error
	// Reload reloads the rules; nil = not offered. It must be quick or end with
	// the context.
	Reload func(ctx context.Context) error
}

// maxBody is the largest body of a request: an officer's text.
const maxBody = 64 << 10

type server struct{ opt Options }

// New returns the handler of the API. The error is that of a missing token.
func New(opt Options) (http.Handler, error) {
	if opt.Token.Reveal() == "" {
		return nil, errors.New("make api: a token is needed (listen.desk.token_file)")
	}
	s := &server{opt}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /api/v1/alerts", s.guard(s.list))
	mux.Handle("GET /api/v1/alerts/{id}", s.guard(s.show))
	mux.Handle("POST /api/v1/alerts/{id}/{do}", s.guard(s.act))
	mux.Handle("POST /-/reload", s.guard(s.reload))
	return mux, nil
}

// guard lets only requests with the token through. The comparison takes the same
// time whatever the token is.
func (s *server) guard(next http.HandlerFunc) http.Handler {
	want := sha256.Sum256([]byte(s.opt.Token.Reveal()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(token))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !bearer {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "the token is missing or wrong")
			return
		}
		next(w, r)
	})
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.opt.Ready != nil {
		if err := s.opt.Ready(); err != nil {
			refuse(w, http.StatusServiceUnavailable, err.Error())
			return
		}
	}
	answer(w, http.StatusOK, map[string]string{"status": "ready"})
}

func (s *server) reload(w http.ResponseWriter, r *http.Request) {
	if s.opt.Reload == nil {
		refuse(w, http.StatusNotFound, "reload is not offered here")
		return
	}
	if err := s.opt.Reload(r.Context()); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]string{"status": "reloaded"})
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := desk.Filter{Direction: q.Get("direction"), State: q.Get("state"), Party: q.Get("party")}
	if limit := q.Get("limit"); limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil || n < 0 {
			refuse(w, http.StatusBadRequest, "limit: want a number")
			return
		}
		f.Limit = n
	}
	answer(w, http.StatusOK, map[string]any{"alerts": s.opt.Desk.List(f)})
}

func (s *server) show(w http.ResponseWriter, r *http.Request) {
	d, err := s.opt.Desk.Show(r.Context(), r.PathValue("id"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, d)
}

func (s *server) act(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusBadRequest, "read body: "+err.Error())
		return
	}
	var a desk.Action
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		refuse(w, http.StatusBadRequest, `body: want {"as":"O1"}: `+err.Error())
		return
	}
	a.Do = r.PathValue("do")
	v, err := s.opt.Desk.Act(r.Context(), r.PathValue("id"), a)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, v)
}

// fail answers an error of the desk with the status that it stands for.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, desk.ErrNoAlert):
		status = http.StatusNotFound
	case errors.Is(err, desk.ErrRefused):
		status = http.StatusConflict
	case errors.Is(err, desk.ErrOfficer), errors.Is(err, desk.ErrAction):
		status = http.StatusBadRequest
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusServiceUnavailable
	}
	refuse(w, status, err.Error())
}

func refuse(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]string{"error": text})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the caller has gone
}
