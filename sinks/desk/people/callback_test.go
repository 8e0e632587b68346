package people_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/desk/people/oidc"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

// provider is one that vouches for whoever the test names. What it must not be
// believed is the matter of package oidc's tests.
type provider struct {
	server *httptest.Server
	nonce  string
	staff  string
	group  string
}

func newProvider(t *testing.T, w func() time.Time) *provider {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{group: "desk"}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		u := p.server.URL
		answer(w, map[string]string{"issuer": u, "authorization_endpoint": u + "/a", "token_endpoint": u + "/t", "jwks_uri": u + "/k"})
	})
	mux.HandleFunc("GET /k", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public}}})
	})
	mux.HandleFunc("POST /t", func(rw http.ResponseWriter, _ *http.Request) {
		claims, _ := json.Marshal(map[string]any{
			"iss": p.server.URL, "sub": "s-" + p.staff, "aud": "desk", "exp": w().Add(time.Hour).Unix(),
			"nonce": p.nonce, "name": "From the provider", "staff": p.staff, "groups": p.group,
		})
		signed, err := signer.Sign(claims)
		if err != nil {
			t.Error(err)
			return
		}
		token, _ := signed.CompactSerialize()
		answer(rw, map[string]string{"access_token": "a", "token_type": "Bearer", "id_token": token})
	})
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func newProviderWorld(t *testing.T) (*world, *provider) {
	t.Helper()
	at := &clock{at: time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)}
	p := newProvider(t, at.now)
	w := newWorld(t, func(c *people.Config) {
		c.OIDC = oidc.Config{
			Issuer: p.server.URL, ClientID: "desk", RedirectURL: "http://localhost/auth/oidc/callback", RoleClaim: "groups", IDClaim: "staff",
			Roles: map[string]caselog.Role{"desk": caselog.RoleOfficer, "audit": caselog.RoleAuditor},
		}
	})
	return w, p
}

// flow begins a login and returns the flow's cookie and state; the provider answers
// this flow.
func (w *world) flow(p *provider) (cookie, state string) {
	w.t.Helper()
	got := w.ask("GET", "/auth/oidc/start", "", nil)
	to, err := url.Parse(got.header.Get("Location"))
	if err != nil || got.status != 302 || got.cookie == nil || !strings.HasPrefix(to.String(), p.server.URL+"/a?") {
		w.t.Fatalf("start: %d %s, to %v, %v", got.status, got.body, to, err)
	}
	if k := got.cookie; k.Name != "haltwire-oidc" || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.MaxAge != 600 || strings.Contains(k.Value, to.Query().Get("state")) {
		w.t.Errorf("cookie of the flow: %+v", k)
	}
	p.nonce = to.Query().Get("nonce")
	return got.cookie.Name + "=" + got.cookie.Value, to.Query().Get("state")
}

func (w *world) callback(cookie, state string) reply {
	w.t.Helper()
	return w.ask("GET", "/auth/oidc/callback?code=c&state="+state, "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site"})
}

func (w *world) throughProvider(p *provider, staff string) reply {
	w.t.Helper()
	p.staff = staff
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
	p.group = "canteen"
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
	p.staff = "O7"
	mine, state := w.flow(p)
	my := p.nonce
	theirs, their := w.flow(p)
	for what, c := range map[string]struct{ cookie, state, nonce string }{
		"another's state": {mine, their, my}, "another's cookie": {theirs, state, p.nonce}, "no cookie": {"", state, my}, "no state": {mine, "", my},
		"damaged cookie": {mine[:len(mine)-3] + "AAA", state, my}, "strange cookie": {"haltwire-oidc=x", state, my}, "two cookies": {mine + "; " + theirs, state, my},
	} {
		p.nonce = c.nonce
		if got := w.callback(c.cookie, c.state); got.status != 401 || got.cookie != nil {
			t.Errorf("%s: %d %s %v", what, got.status, got.body, got.cookie)
		}
	}
	p.nonce = my
	if got := w.callback(mine, state); got.status != 200 {
		t.Errorf("the right ones then: %d %s", got.status, got.body)
	}
	mine, state = w.flow(p)
	w.clock.pass(10 * time.Minute)
	if got := w.callback(mine, state); got.status != 401 {
		t.Errorf("an old flow: %d", got.status)
	}
	mine, state = w.flow(p)
	p.nonce = "another"
	if got := w.callback(mine, state); got.status != 401 {
		t.Errorf("a token of another login: %d", got.status)
	}
	mine, state = w.flow(p)
	w.start()
	if got := w.callback(mine, state); got.status != 401 {
		t.Errorf("a flow of the process before: %d", got.status)
	}
	p.server.Close()
	w.start()
	if got := w.ask("GET", "/auth/oidc/start", "", nil); got.status != 502 {
		t.Errorf("a provider that is away: %d", got.status)
	}
	if strings.Contains(w.log.String(), state) {
		t.Error("the log has a state")
	}
}
