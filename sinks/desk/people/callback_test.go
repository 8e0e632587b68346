package people_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/desk/people/oidctest"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

func newProviderWorld(t *testing.T) (*world, *oidctest.Provider) {
	t.Helper()
	at := &clock{at: time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)}
	p := oidctest.New(t, at.now)
	w := newWorld(t, func(c *people.Config) {
		c.OIDC = p.Config("http://localhost/auth/oidc/callback")
	})
	return w, p
}

// flow begins a login and returns the flow's cookie and state; the provider answers
// this flow.
func (w *world) flow(p *oidctest.Provider) (cookie, state string) {
	w.t.Helper()
	got := w.ask("GET", "/auth/oidc/start", "", nil)
	to, err := url.Parse(got.header.Get("Location"))
	if err != nil || got.status != 302 || got.cookie == nil || !strings.HasPrefix(to.String(), p.Server.URL+"/a?") {
		w.t.Fatalf("start: %d %s, to %v, %v", got.status, got.body, to, err)
	}
	if k := got.cookie; k.Name != "haltwire-oidc" || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.MaxAge != 600 || strings.Contains(k.Value, to.Query().Get("state")) {
		w.t.Errorf("cookie of the flow: %+v", k)
	}
	p.Nonce = to.Query().Get("nonce")
	return got.cookie.Name + "=" + got.cookie.Value, to.Query().Get("state")
}

func (w *world) callback(cookie, state string) reply {
	w.t.Helper()
	return w.ask("GET", "/auth/oidc/callback?code=c&state="+state, "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site"})
}

func (w *world) throughProvider(p *oidctest.Provider, staff string) reply {
	w.t.Helper()
	p.Staff = staff
	cookie, state := w.flow(p)
	return w.callback(cookie, state)
}

func TestProviderLogin(t *testing.T) {
	w, p := newProviderWorld(t)
	got := w.throughProvider(p, "O7")
	if got.status != 200 || got.cookie == nil || got.cookie.Name != "haltwire" || got.cookie.SameSite != http.SameSiteStrictMode || !strings.Contains(got.body, `url=/`) {
		t.Fatalf("%d %s %v", got.status, got.body, got.cookie)
	}
	b := w.browser(got)
	if x := b.post("/x", nil); x.body != "O7 oidc" {
		t.Errorf("who: %d %s", x.status, x.body)
	}
	if role, ok := w.people.Role("O7"); !ok || role != caselog.RoleOfficer {
		t.Errorf("role %q, %v", role, ok)
	}
	b.post("/api/v1/logout", nil)
	if _, ok := w.people.Role("O7"); ok {
		t.Error("who left may decide")
	}
	p.Group = "canteen"
	if got := w.throughProvider(p, "O8"); got.status != 403 || strings.Contains(got.header.Get("Set-Cookie"), "haltwire=") {
		t.Errorf("without a role: %d %s", got.status, got.body)
	}
}

// TestOneHumanOneID logs in somebody of the users file by the provider: the file
// decides, however the provider writes the id.
func TestOneHumanOneID(t *testing.T) {
	w, p := newProviderWorld(t)
	b := w.browser(w.throughProvider(p, "h1"))
	if got := b.get("/api/v1/session"); !strings.Contains(got.body, `"id":"H1"`) || !strings.Contains(got.body, `"roles":["head"]`) || !strings.Contains(got.body, "Duty H1") {
		t.Errorf("%s", got.body)
	}
	if role, ok := w.people.Role("H1"); !ok || role != caselog.RoleHead {
		t.Errorf("role %q, %v", role, ok)
	}
	w.change(func(f *register.File) { f.Person("H1").Locked = true })
	b.want(t, "locked in the file", 403)
	if got := w.throughProvider(p, "H1"); got.status != 403 {
		t.Errorf("login of who is locked: %d %s", got.status, got.body)
	}
}

func TestFlowsAreOfOneBrowser(t *testing.T) {
	w, p := newProviderWorld(t)
	p.Staff = "O7"
	mine, state := w.flow(p)
	my := p.Nonce
	theirs, their := w.flow(p)
	for what, c := range map[string]struct{ cookie, state, nonce string }{
		"another's state": {mine, their, my}, "another's cookie": {theirs, state, p.Nonce}, "no cookie": {"", state, my}, "no state": {mine, "", my},
		"damaged cookie": {mine[:len(mine)-3] + "AAA", state, my}, "strange cookie": {"haltwire-oidc=x", state, my}, "two cookies": {mine + "; " + theirs, state, my},
	} {
		p.Nonce = c.nonce
		if got := w.callback(c.cookie, c.state); got.status != 401 || got.cookie != nil {
			t.Errorf("%s: %d %s %v", what, got.status, got.body, got.cookie)
		}
	}
	p.Nonce = my
	if got := w.callback(mine, state); got.status != 200 {
		t.Errorf("the right ones then: %d %s", got.status, got.body)
	}
	mine, state = w.flow(p)
	w.clock.pass(10 * time.Minute)
	if got := w.callback(mine, state); got.status != 401 {
		t.Errorf("an old flow: %d", got.status)
	}
	mine, state = w.flow(p)
	p.Nonce = "another"
	if got := w.callback(mine, state); got.status != 401 {
		t.Errorf("a token of another login: %d", got.status)
	}
	mine, state = w.flow(p)
	w.start()
	if got := w.callback(mine, state); got.status != 401 {
		t.Errorf("a flow of the process before: %d", got.status)
	}
	p.Server.Close()
	w.start()
	if got := w.ask("GET", "/auth/oidc/start", "", nil); got.status != 502 {
		t.Errorf("a provider that is away: %d", got.status)
	}
	if strings.Contains(w.log.String(), state) {
		t.Error("the log has a state")
	}
}
