package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/desk/people/oidctest"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

const password = "correct horse battery"

// staff are the people of an API: O1 of the users file, and whoever the provider says.
type staff struct {
	people   *people.People
	provider *oidctest.Provider
	secret   string // of the one-time codes of O1
	steps    atomic.Int64
}

// now is a clock that goes one step of one-time codes at a time.
func (s *staff) now() time.Time {
	return time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC).Add(time.Duration(s.steps.Load()) * register.Step)
}

func newStaff(t *testing.T) *staff {
	t.Helper()
	s := &staff{}
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	vault, err := register.NewVault(root)
	must(t, err)
	sealed, uri := vault.Enrol("O1", "haltwire")
	u, err := url.Parse(uri)
	must(t, err)
	s.secret = u.Query().Get("secret")
	config := people.Defaults()
	config.File, config.Lockout.After = filepath.Join(t.TempDir(), "people.yaml"), 100
	must(t, register.Update(config.File, func(f *register.File) error {
		f.People = append(f.People, register.Person{
			ID: "O1", Name: "Officer one", Roles: []caselog.Role{caselog.RoleHead}, Password: register.Hash(password, register.Cost{Memory: 19 << 10, Passes: 1, Threads: 1}), TOTP: sealed,
		})
		return nil
	}))
	s.provider = oidctest.New(t, s.now)
	config.OIDC = s.provider.Config("http://localhost/auth/oidc/callback")
	s.people, err = people.New(people.Options{Config: config, Root: root, Now: s.now})
	must(t, err)
	s.steps.Add(1) // no code of the step of the start is taken
	return s
}

func (s *staff) into(o *api.Options) { o.Guard, o.Login, o.Token = s.people, s.people.Handler(), "" }

// credentials are those of O1, with a code that has not been used.
func (s *staff) credentials(t *testing.T) string {
	t.Helper()
	s.steps.Add(1)
	code, err := register.Code(s.secret, register.StepOf(s.now()))
	must(t, err)
	text, err := json.Marshal(people.Credentials{ID: "O1", Password: password, Code: code})
	must(t, err)
	return string(text)
}

// reception asks the routes of logins and holds what goes in and comes out against the
// document.
type reception struct {
	server *httptest.Server
	doc    *described
}

// ask returns the answer and its cookie; headers are pairs.
func (r reception) ask(t *testing.T, operation, query, body string, status int, headers ...string) (*http.Response, string, string) {
	t.Helper()
	w := r.doc.by[operation]
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
		if valid := r.doc.takes(t, operation, body); valid != (status != http.StatusBadRequest) {
			t.Errorf("%s: the document allows %s: %v, and the answer shall be %d", operation, body, valid, status)
		}
	}
	resp, text := ask(t, r.server, w.method, w.path+query, body, append([]string{"Authorization", ""}, headers...)...)
	if resp.StatusCode != status {
		t.Errorf("%s: %d %s, want %d", operation, resp.StatusCode, text, status)
	}
	r.doc.check(t, operation, resp.StatusCode, resp.Header.Get("Content-Type"), text)
	r.doc.checkHeaders(t, operation, resp)
	cookie := ""
	for _, c := range resp.Cookies() {
		cookie = c.Name + "=" + c.Value
	}
	return resp, text, cookie
}

// TestLoginsAreAsTheDocumentSays logs in with a password and through the provider, and
// out again, in every way that works and that does not.
func TestLoginsAreAsTheDocumentSays(t *testing.T) {
	s := newStaff(t)
	_, server, _ := serve(t, s.into)
	r := reception{server, openDocument(t)}
	r.ask(t, "session", "", "", 401)
	r.ask(t, "logout", "", "", 401)
	r.ask(t, "login", "", `{"id":"O1","password":"wrong","code":"123456"}`, 401)
	for _, bad := range []string{`{"id":"O1","password":"p","code":"123456","as":"O2"}`, `[]`, `{"id":1,"password":"p","code":"123456"}`} {
		r.ask(t, "login", "", bad, 400)
	}
	resp, text := ask(t, server, "POST", "/api/v1/login?next=/", s.credentials(t), "Content-Type", "application/json")
	problem(t, resp, text, 400, "query")
	_, text, cookie := r.ask(t, "login", "", s.credentials(t), 200)
	var me people.SessionView
	must(t, json.Unmarshal([]byte(text), &me))
	if me.Person.ID != "O1" || me.CSRF == "" || cookie == "" {
		t.Fatalf("%s, cookie %q", text, cookie)
	}
	r.ask(t, "session", "", "", 200, "Cookie", cookie)
	if resp, text := ask(t, server, "GET", "/api/v1/me", "", "Authorization", "", "Cookie", cookie); resp.StatusCode != 200 || !strings.Contains(text, `"id":"O1"`) {
		t.Errorf("the session is none of the API's: %d %s", resp.StatusCode, text)
	}
	r.ask(t, "logout", "", "", 403, "Cookie", cookie)
	if _, text, _ := r.ask(t, "logout", "", "", 204, "Cookie", cookie, people.CSRFHeader, me.CSRF); text != "" {
		t.Errorf("logout says %q", text)
	}
	r.ask(t, "session", "", "", 401, "Cookie", cookie)
	r.ask(t, "session", "", "", 401, "Cookie", cookie+"; haltwire=another")

	r.ask(t, "finishOIDC", "?code=c&state=s", "", 401)
	resp, _, flow := r.ask(t, "startOIDC", "", "", 302)
	to, err := url.Parse(resp.Header.Get("Location"))
	must(t, err)
	s.provider.Nonce, s.provider.Staff = to.Query().Get("nonce"), "O7"
	_, _, cookie = r.ask(t, "finishOIDC", "?code=c&session_state=x&state="+to.Query().Get("state"), "", 200, "Cookie", flow)
	if _, text, _ := r.ask(t, "session", "", "", 200, "Cookie", cookie); !strings.Contains(text, `"how":"oidc"`) {
		t.Errorf("%s", text)
	}
	s.provider.Group = "canteen"
	resp, _, flow = r.ask(t, "startOIDC", "", "", 302)
	to, err = url.Parse(resp.Header.Get("Location"))
	must(t, err)
	s.provider.Nonce = to.Query().Get("nonce")
	r.ask(t, "finishOIDC", "?code=c&state="+to.Query().Get("state"), "", 403, "Cookie", flow)
}

// TestLoginsThatAreNotOffered asks desks that lack people, and the other ways in.
func TestLoginsThatAreNotOffered(t *testing.T) {
	doc := openDocument(t)
	_, bare, _ := serve(t, nil)
	for _, operation := range []string{"login", "session", "logout", "startOIDC", "finishOIDC"} {
		w := doc.by[operation]
		resp, text := ask(t, bare, w.method, w.path, "")
		problem(t, resp, text, 404, "not_offered")
		doc.check(t, operation, resp.StatusCode, resp.Header.Get("Content-Type"), text)
	}
	_, server, _ := serve(t, newStaff(t).into)
	for path, allow := range map[string]string{"/api/v1/login": "POST", "/api/v1/session": "GET, HEAD", "/auth/oidc/start": "GET, HEAD"} {
		resp, text := ask(t, server, "PUT", path, "")
		problem(t, resp, text, 405, "method")
		if resp.Header.Get("Allow") != allow {
			t.Errorf("%s: Allow %q", path, resp.Header.Get("Allow"))
		}
	}
	for _, path := range []string{"/auth/", "/auth/oidc/", "/auth/saml", "/api/v1/login/x"} {
		resp, text := ask(t, server, "GET", path, "")
		problem(t, resp, text, 404, "no_route")
	}
}

// TestEveryRouteIsInTheDocument asks a desk with people every operation of the document
// without credentials, and looks every route of the mux up in it.
func TestEveryRouteIsInTheDocument(t *testing.T) {
	d := openDocument(t)
	_, s, _ := serve(t, newStaff(t).into)
	other := map[string]int{"login": http.StatusUnsupportedMediaType, "startOIDC": http.StatusFound, "finishOIDC": http.StatusUnauthorized}
	var have []string
	d.each(func(w where) {
		have = append(have, w.method+" "+w.path)
		path := strings.NewReplacer("{id}", alert, "{act}", "confirm").Replace(w.path)
		resp, text := ask(t, s, w.method, path, "")
		want := other[w.op["operationId"].(string)]                //nolint:forcetypeassert // of a document of ours
		if open := len(w.op["security"].([]any)) == 0; want == 0 { //nolint:forcetypeassert // of a document of ours
			want = map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[open]
		}
		if resp.StatusCode != want {
			t.Errorf("%s %s: %d %s, want %d", w.method, path, resp.StatusCode, text, want)
		}
		if resp.StatusCode == http.StatusUnauthorized && resp.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s %s: the way to authenticate is not said", w.method, path)
		}
	})
	want := api.Patterns()
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("the document has %v\nthe mux %v", have, want)
	}
}
