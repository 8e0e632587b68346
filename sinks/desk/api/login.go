package api

import (
	"net/http"
	"reflect"

	"github.com/haltwire/haltwire/sinks/desk/people"
)

// login is what routes of package people have beside the others: that package reads
// what it is asked, and knows who asks.
type login struct {
	status   int               // of success
	headers  map[string]string // of success, and what they are for
	refusals []int             // all of them
	foreign  bool              // the query is another's to say
}

// loginRoutes are those that Options.Login serves. Without people there are none of
// them: 404, as where the users file or the provider is missing that one needs.
func loginRoutes() []route {
	cookie := map[string]string{"Set-Cookie": "The session: __Host-haltwire, or haltwire where the desk answers loopback names without TLS."}
	text := func(name, about string) param {
		return param{name: name, about: about, pattern: `^[^\x00-\x1f]*$`, most: 4096}
	}
	return []route{
		{method: "POST", path: "/api/v1/login", name: "login", about: "Logs in with id, password and one-time code.", body: reflect.TypeFor[people.Credentials](), answer: reflect.TypeFor[people.SessionView](),
			login: &login{status: http.StatusOK, headers: cookie, refusals: []int{400, 401, 403, 404, 413, 415, 421, 429, 503}}},
		{method: "GET", path: "/api/v1/session", name: "session", about: "Whose session or token this is, and the session's CSRF token.", known: true, answer: reflect.TypeFor[people.SessionView](),
			login: &login{status: http.StatusOK, refusals: []int{400, 401, 403, 404, 421}}},
		{method: "POST", path: "/api/v1/logout", name: "logout", about: "Ends the session. A token stays what it is.", known: true,
			login: &login{status: http.StatusNoContent, headers: map[string]string{"Set-Cookie": "Takes the session's cookie away."}, refusals: []int{400, 401, 403, 404, 421}}},
		{method: "GET", path: "/auth/oidc/start", name: "startOIDC", about: "Sends the browser to the OpenID Connect provider.",
			login: &login{status: http.StatusFound, headers: map[string]string{
				"Location": "Of the provider, with state, nonce and PKCE challenge.", "Set-Cookie": "What the callback is checked against, sealed, for ten minutes.",
			}, refusals: []int{400, 404, 421, 500, 502}}},
		{method: "GET", path: "/auth/oidc/callback", name: "finishOIDC", about: "Where the provider sends the browser back to: begins a session and shows a page that leads on.", media: mediaHTML,
			query: []param{text("code", "Of the provider, for the token."), text("state", "As it was sent to the provider."), text("error", "Why the provider did not log the person in.")},
			login: &login{status: http.StatusOK, headers: cookie, foreign: true, refusals: []int{401, 403, 404, 421}}},
	}
}

// through hands a request to package people.
func (s *server) through(x route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.opt.Login == nil {
			refuse(w, fault(http.StatusNotFound, "not_offered", "nobody logs in here: everybody has the one token, and acts name the officer"))
			return
		}
		if !x.login.foreign {
			if _, p := x.checked(r); p != nil {
				refuse(w, p)
				return
			}
		}
		s.opt.Login.ServeHTTP(w, r)
	})
}
