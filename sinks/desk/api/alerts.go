package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/people"
)

// Status is the answer where there is nothing else to say.
type Status struct {
	Status string `json:"status"`
}

// Readiness is the answer of /readyz. A process may say more.
type Readiness struct {
	Ready bool `json:"ready"`
}

// Me is who the caller is.
type Me struct {
	ID          string         `json:"id,omitempty"`
	Name        string         `json:"name,omitempty"`
	Roles       []caselog.Role `json:"roles,omitempty"`
	How         string         `json:"how"` // session | oidc | token
	Machine     bool           `json:"machine"`
	CSRF        string         `json:"csrf,omitempty"` // for X-CSRF-Token
	Scopes      []people.Scope `json:"scopes"`         // what the caller may do
	Development bool           `json:"development"`    // one token for all: acts name the officer
}

// Events is a part of what happened to an alert.
type Events struct {
	Events []desk.EventView `json:"events"`
}

// Tasks are open tasks.
type Tasks struct {
	Tasks []desk.TaskView `json:"tasks"`
}

// Parties are all parties of the config.
type Parties struct {
	Parties []desk.PartyView `json:"parties"`
}

func (s *server) health(w http.ResponseWriter, _ *http.Request, _ call) {
	answer(w, http.StatusOK, Status{"ok"})
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request, _ call) {
	if s.opt.Ready != nil {
		if err := s.opt.Ready(); err != nil {
			refuse(w, fault(http.StatusServiceUnavailable, "not_ready", err.Error()))
			return
		}
	}
	answer(w, http.StatusOK, Readiness{true})
}

func (s *server) reload(w http.ResponseWriter, r *http.Request, _ call) {
	if s.opt.Reload == nil {
		refuse(w, fault(http.StatusNotFound, "no_route", "reload is not offered here"))
		return
	}
	if err := s.opt.Reload(r.Context()); err != nil {
		refuse(w, fault(http.StatusBadRequest, "reload", err.Error()))
		return
	}
	answer(w, http.StatusOK, Status{"reloaded"})
}

func (s *server) openapi(w http.ResponseWriter, _ *http.Request, _ call) {
	w.Header().Set("Content-Type", mediaJSON)
	_, _ = w.Write(document) // the caller has gone
}

func (s *server) me(w http.ResponseWriter, _ *http.Request, c call) {
	me := Me{
		ID: c.who.Person.ID, Name: c.who.Person.Name, Roles: c.who.Person.Roles, How: c.who.How, Machine: c.who.Machine, CSRF: c.who.CSRF,
		Scopes: []people.Scope{}, Development: s.opt.Guard == nil,
	}
	for _, scope := range []people.Scope{people.ScopeRead, people.ScopeAct, people.ScopeReload} {
		if me.Development || c.who.May(scope) {
			me.Scopes = append(me.Scopes, scope)
		}
	}
	answer(w, http.StatusOK, me)
}

func (s *server) list(w http.ResponseWriter, r *http.Request, c call) {
	q := c.query
	page, err := s.opt.Desk.Browse(desk.Filter{
		Direction: q.Get("direction"), State: q.Get("state"), Party: q.Get("party"), Severity: q.Get("severity"), Task: q.Get("task"),
		Since: number(c, "since"), After: q.Get("after"), Limit: int(number(c, "limit")),
	})
	if err != nil {
		fail(w, err)
		return
	}
	answerTagged(w, r, page)
}

// number returns a checked number of the query, 0 when it is absent.
func number(c call, name string) int64 {
	n, _ := strconv.ParseInt(c.query.Get(name), 10, 64) // checked says that it is one
	return n
}

func (s *server) show(w http.ResponseWriter, r *http.Request, _ call) {
	d, err := s.opt.Desk.Show(r.Context(), r.PathValue("id"))
	if err != nil {
		fail(w, err)
		return
	}
	answerTagged(w, r, d)
}

func (s *server) events(w http.ResponseWriter, r *http.Request, c call) {
	ctx, cancel := context.WithTimeout(r.Context(), s.opt.Act)
	defer cancel()
	list, err := s.opt.Desk.Events(ctx, r.PathValue("id"), number(c, "after"), int(number(c, "limit")))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, Events{list})
}

func (s *server) preview(w http.ResponseWriter, r *http.Request, _ call) {
	p, err := s.opt.Desk.Preview(r.Context(), r.PathValue("id"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, p)
}

func (s *server) tasks(w http.ResponseWriter, r *http.Request, c call) {
	answerTagged(w, r, Tasks{s.opt.Desk.Tasks(int(number(c, "limit")))})
}

func (s *server) parties(w http.ResponseWriter, _ *http.Request, _ call) {
	answer(w, http.StatusOK, Parties{s.opt.Desk.Parties()})
}

func (s *server) receive(w http.ResponseWriter, r *http.Request, c call) {
	x, err := s.paper(w, r)
	if err == nil {
		var p *Problem
		if x.As, p = s.officer(c.who, x.As); p != nil {
			err = p
		}
	}
	if err != nil {
		fail(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.opt.Act)
	defer cancel()
	v, err := s.opt.Desk.Receive(ctx, x)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, v)
}

func (s *server) act(w http.ResponseWriter, r *http.Request, c call) {
	a, err := s.decision(w, r)
	if err == nil {
		var p *Problem
		if a.As, p = s.officer(c.who, a.As); p != nil {
			err = p
		}
	}
	if err != nil {
		fail(w, err)
		return
	}
	a.Do = r.PathValue("act")
	ctx, cancel := context.WithTimeout(r.Context(), s.opt.Act)
	defer cancel()
	v, err := s.opt.Desk.Act(ctx, r.PathValue("id"), a)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, v)
}
