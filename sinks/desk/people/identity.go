package people

import (
	"errors"
	"net/http"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// Person is somebody who works at the desk. The id is a pseudonymous staff id
// such as O1; neither it nor the name ever goes to a partner.
type Person struct {
	ID    string         `json:"id"`
	Name  string         `json:"name"`
	Roles []caselog.Role `json:"roles"`
}

// Role returns the one role that decides: the highest rank, else auditor or admin;
// "" for somebody who has none.
func (p Person) Role() caselog.Role { return deciding(p.Roles) }

func deciding(roles []caselog.Role) caselog.Role {
	for _, r := range []caselog.Role{caselog.RoleHead, caselog.RoleSupervisor, caselog.RoleOfficer, caselog.RoleAuditor, caselog.RoleAdmin} {
		if slices.Contains(roles, r) {
			return r
		}
	}
	return ""
}

// Scope is what a token may be used for.
type Scope string

// The scopes of tokens. A session has all that its person's role allows.
const (
	ScopeRead   Scope = "read"   // see alerts, tasks and parties
	ScopeAct    Scope = "act"    // decide; never a machine's
	ScopeReload Scope = "reload" // put changed rules in force
)

// The ways in which somebody is known.
const (
	HowSession = "session" // logged in with password and code
	HowOIDC    = "oidc"    // logged in at the provider
	HowToken   = "token"   // a bearer token
)

// Identity is who sent a request.
type Identity struct {
	Person  Person
	How     string // session | oidc | token
	CSRF    string // of the session; "" with a token
	Machine bool   // a machine's token: Person.ID is the token's name, Person has no roles
	Scopes  []Scope
}

// May reports whether the request may do what the scope names: the token has it (a
// session has all) and a role allows it. Reading takes a rank or auditor, deciding
// a rank, reloading an admin; a machine has no role and may what its token says.
// Whether the rank is high enough for an act is not known here.
func (i Identity) May(s Scope) bool {
	if i.How == HowToken && !slices.Contains(i.Scopes, s) {
		return false
	}
	if i.Machine {
		return s != ScopeAct
	}
	role := i.Person.Role()
	rank := role.Covers(caselog.RoleOfficer)
	switch s {
	case ScopeRead:
		return rank || role == caselog.RoleAuditor
	case ScopeAct:
		return rank
	case ScopeReload:
		return role == caselog.RoleAdmin
	}
	return false
}

// Guard tells who sent a request. Safe for concurrent use.
type Guard interface {
	// Identify reads headers and cookies and does not wait. With a session, a method
	// that may change something also needs the session's CSRF token. The error is
	// ErrAnonymous, ErrExpired, ErrLocked or ErrCSRF.
	Identify(r *http.Request) (Identity, error)
}

// Why nobody was identified.
var (
	// ErrAnonymous says that the request has no credentials, or wrong ones.
	ErrAnonymous = errors.New("log in first, or give a valid token")
	// ErrExpired says that the session or token is over.
	ErrExpired = errors.New("the session or token has ended; log in again")
	// ErrLocked says that the person is locked.
	ErrLocked = errors.New("this person is locked")
	// ErrCSRF says that a request with a cookie does not come from our own pages.
	ErrCSRF = errors.New("the request does not come from this desk, or has no valid X-CSRF-Token")
)

// Status returns the HTTP status and a word for an error of Identify: 401 or 403.
func Status(err error) (status int, code string) {
	switch {
	case errors.Is(err, ErrCSRF):
		return http.StatusForbidden, "csrf"
	case errors.Is(err, ErrLocked):
		return http.StatusForbidden, "locked"
	case errors.Is(err, ErrExpired):
		return http.StatusUnauthorized, "expired"
	}
	return http.StatusUnauthorized, "anonymous"
}
