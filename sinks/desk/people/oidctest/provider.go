// Package oidctest owns an OpenID Connect provider for tests.
//
// It must not know how a desk begins a session.
package oidctest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people/oidc"
)

// Provider is one that vouches for whoever the test names. What it must not be
// believed is the matter of package oidc's tests.
type Provider struct {
	Server *httptest.Server
	Nonce  string // of the login that it answers
	Staff  string // whom it vouches for
	Group  string // what it says of his role
}

// New returns a provider that runs as long as the test. Its groups are "desk" until
// Group says otherwise; now is the time of its tokens.
func New(t *testing.T, now func() time.Time) *Provider {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{Group: "desk"}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		u := p.Server.URL
		answer(w, map[string]string{"issuer": u, "authorization_endpoint": u + "/a", "token_endpoint": u + "/t", "jwks_uri": u + "/k"})
	})
	mux.HandleFunc("GET /k", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public}}})
	})
	mux.HandleFunc("POST /t", func(rw http.ResponseWriter, _ *http.Request) {
		claims, _ := json.Marshal(map[string]any{
			"iss": p.Server.URL, "sub": "s-" + p.Staff, "aud": "desk", "exp": now().Add(time.Hour).Unix(),
			"nonce": p.Nonce, "name": "From the provider", "staff": p.Staff, "groups": p.Group,
		})
		signed, err := signer.Sign(claims)
		if err != nil {
			t.Error(err)
			return
		}
		token, _ := signed.CompactSerialize()
		answer(rw, map[string]string{"access_token": "a", "token_type": "Bearer", "id_token": token})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Server.Close)
	return p
}

// Config is what a desk needs that this provider logs in: its group "desk" are officers,
// "audit" auditors. back is the address of the callback.
func (p *Provider) Config(back string) oidc.Config {
	return oidc.Config{
		Issuer: p.Server.URL, ClientID: "desk", RedirectURL: back, RoleClaim: "groups", IDClaim: "staff",
		Roles: map[string]caselog.Role{"desk": caselog.RoleOfficer, "audit": caselog.RoleAuditor},
	}
}
