package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/haltwire/haltwire/sinks/desk/people"
)

// identify returns who asks, if he may use the route at all.
func (s *server) identify(r *http.Request, x route) (people.Identity, *Problem) {
	if x.scope == "" && !x.known {
		return people.Identity{}, nil
	}
	if s.opt.Guard == nil {
		return people.Identity{How: people.HowToken}, s.shared(r)
	}
	who, err := s.opt.Guard.Identify(r)
	if err != nil {
		status, code := people.Status(err)
		return who, fault(status, code, err.Error())
	}
	if x.scope != "" && !who.May(x.scope) {
		return who, fault(http.StatusForbidden, "role", "neither your role nor your token allows this: it takes "+string(x.scope))
	}
	return who, nil
}

// shared checks the token of the development form. The comparison takes the same
// time whatever the token is.
func (s *server) shared(r *http.Request) *Problem {
	want := sha256.Sum256([]byte(s.opt.Token.Reveal()))
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	got := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !bearer {
		return fault(http.StatusUnauthorized, "anonymous", "the token is missing or wrong")
	}
	return nil
}

// officer returns whose decision a request is: the identity's, and what the body
// says only in the development form.
func (s *server) officer(who people.Identity, as string) (string, *Problem) {
	switch {
	case s.opt.Guard == nil && as == "":
		return "", fault(http.StatusForbidden, "as", `as: name the officer, {"as":"O1"}`)
	case s.opt.Guard == nil:
		return as, nil
	case as != "" && as != who.Person.ID:
		return "", fault(http.StatusForbidden, "as", "as: you decide as "+who.Person.ID+", and as nobody else")
	}
	return who.Person.ID, nil
}
