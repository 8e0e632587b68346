package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/live"
	"github.com/haltwire/haltwire/sinks/desk/people"
)

// Desk is what the API serves.
type Desk interface {
	Browse(f desk.Filter) (desk.Page, error)
	Show(ctx context.Context, id string) (*desk.Detail, error)
	Events(ctx context.Context, id string, after int64, limit int) ([]desk.EventView, error)
	Preview(ctx context.Context, id string) (desk.Preview, error)
	Act(ctx context.Context, id string, a desk.Action) (desk.View, error)
	Receive(ctx context.Context, p desk.Paper) (desk.View, error)
	Tasks(limit int) []desk.TaskView
	Parties() []desk.PartyView
	Listen(last string) (*live.Client, error)
	NameOf(c live.Change) string
	Latest() string
}

// Options is what New needs.
type Options struct {
	Desk Desk
	// Guard tells who asks. nil = the development form: everybody with Token is
	// whoever the request says.
	Guard people.Guard
	Token conn.Secret
	// Login serves the routes of logins (login.go); nil = nobody logs in.
	Login http.Handler
	// Ready says why the process is not ready, or nil; nil = always ready.
	Ready func() error
	// Reload reloads the rules; nil = not offered. It must be quick or end with
	// the context.
	Reload func(ctx context.Context) error
	// Body is how long a body may take to arrive, 0 = 10 s; Act how long an act may
	// take, 0 = 12 s; Heartbeat how long a stream may be silent, 0 = 15 s.
	Body, Act, Heartbeat time.Duration
}

// maxBody is the largest body of a request: an officer's texts.
const maxBody = 64 << 10

// Server is the API. Safe for concurrent use.
type Server struct {
	mux    *http.ServeMux
	server *server
}

type server struct {
	opt    Options
	action *jsonschema.Schema
	// paperSchema is that of the body of receiveRequest.
	paperSchema *jsonschema.Schema
	ended       chan struct{} // closed by EndStreams
}

// New returns the API. The error is that of a missing guard and token.
func New(opt Options) (*Server, error) {
	if opt.Guard == nil && opt.Token.Reveal() == "" {
		return nil, errors.New("make api: a token is needed (listen.desk.token_file)")
	}
	for d, standard := range map[*time.Duration]time.Duration{&opt.Body: 10 * time.Second, &opt.Act: 12 * time.Second, &opt.Heartbeat: 15 * time.Second} {
		if *d == 0 {
			*d = standard
		}
	}
	action, err := compile("#/components/schemas/Action")
	if err != nil {
		return nil, err
	}
	paper, err := compile("#/components/schemas/Paper")
	if err != nil {
		return nil, err
	}
	s := &Server{mux: http.NewServeMux(), server: &server{opt: opt, action: action, paperSchema: paper, ended: make(chan struct{})}}
	for _, x := range routes() {
		h := s.server.handler(x)
		if x.login != nil {
			h = s.server.through(x)
		}
		s.mux.Handle(x.method+" "+x.path, h)
	}
	return s, nil
}

// compile returns a part of openapi.json as a schema that holds for bodies.
func compile(pointer string) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("openapi.json" + pointer)
}

// EndStreams ends all streams, so that a server may shut down.
func (s *Server) EndStreams() {
	select {
	case <-s.server.ended:
	default:
		close(s.server.ended)
	}
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if pattern := s.pattern(r, r.Method); pattern == "" || path.Clean(r.URL.Path) != r.URL.Path || pattern == actPattern && s.pattern(r, http.MethodGet) != "" {
		s.nowhere(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// actPattern takes whatever stands behind an alert, also what can only be read.
const actPattern = "POST /api/v1/alerts/{id}/{act}"

// pattern is that of the route that would take the request with a method.
func (s *Server) pattern(r *http.Request, method string) string {
	_, pattern := s.mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host})
	return pattern
}

// nowhere answers a request that no route takes: 405 where another method would be
// taken, else 404.
func (s *Server) nowhere(w http.ResponseWriter, r *http.Request) {
	var allow []string
	if s.pattern(r, http.MethodGet) != "" {
		allow = append(allow, http.MethodGet, http.MethodHead)
	}
	if p := s.pattern(r, http.MethodPost); p != "" && (p != actPattern || len(allow) == 0) {
		allow = append(allow, http.MethodPost)
	}
	if len(allow) == 0 || path.Clean(r.URL.Path) != r.URL.Path {
		refuse(w, fault(http.StatusNotFound, "no_route", "there is nothing at this path"))
		return
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	refuse(w, fault(http.StatusMethodNotAllowed, "method", "allowed here: "+strings.Join(allow, ", ")))
}

// call is what is known of a request: who asks, and the checked query.
type call struct {
	who   people.Identity
	query url.Values
}

// handler serves a route to those who may use it.
func (s *server) handler(x route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, p := s.identify(r, x)
		if p != nil {
			if p.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", "Bearer")
			}
			refuse(w, p)
			return
		}
		query, p := x.checked(r)
		if p != nil {
			refuse(w, p)
			return
		}
		x.serve(s, w, r, call{who, query})
	})
}
